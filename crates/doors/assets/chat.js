// Makes the chat page live. Without this script the page still shows the last messages and posts by
// its form; here it asks for the next number for ever, and keeps what is being sent until the server
// has said that it is safe. docs/doors/http-chat.md describes the requests.

import { Here } from "./here.js";
import { Log, both, localise } from "./log.js";
import { Outbox } from "./outbox.js";
import { Poll } from "./poll.js";
import { storage } from "./request.js";
import { Seen } from "./seen.js";

const byId = (id) => document.getElementById(id);

function start(room) {
  const log = new Log(room);
  share(room.dataset.key);
  drawer();
  if (room.dataset.next === undefined) return; // A page of older messages stands still.
  const status = new Status();
  const outbox = new Outbox(room.dataset.key, log);
  const poll = new Poll(room, log, outbox, status);
  const here = new Here(room, log);
  if (room.dataset.account !== undefined) new Seen(room, log);
  new Composer(room, outbox);
  byId("retry").addEventListener("click", () => poll.again());
  addEventListener("online", () => poll.again());
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll.shown(); });
  addEventListener("pagehide", () => { poll.stop(); here.stop(); });
  // A page that comes back out of the browser's cache goes on with the number it had.
  addEventListener("pageshow", (event) => { if (event.persisted) { poll.run(); outbox.pump(); here.run(); } });
  status.show("idle", "Connecting…");
  poll.run();
  outbox.pump();
  here.run();
}

const tooLong = (bytes) => `${bytes} ${bytes === 1 ? "byte" : "bytes"} too long`;

/** The field one writes in. */
class Composer {
  #field = byId("text");
  #encoder = new TextEncoder();
  #touch = matchMedia("(pointer: coarse)");

  constructor(room, outbox) {
    Object.assign(this, { outbox, bytes_max: Number(room.dataset.bytesMax), draft: `parlor:draft:${room.dataset.key}` });
    // The browser would cut a long paste without a word, and counts UTF-16; the line below the field counts bytes.
    this.#field.removeAttribute("maxlength");
    this.#field.removeAttribute("required");
    this.#field.value ||= storage.read(this.draft) ?? "";
    this.#field.addEventListener("input", () => this.#changed());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    byId("composer").addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    document.addEventListener("keydown", (event) => this.#typeAnywhere(event));
    byId("keys").hidden = false;
    this.#changed();
  }

  // 229 is what Safari says for the Enter that ends a composition, when isComposing is false already. On
  // a touch screen there is a button to send and no other way to a new line.
  #key(event) {
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    if (event.shiftKey || (this.#touch.matches && !event.ctrlKey && !event.metaKey)) return;
    event.preventDefault();
    this.#send();
  }

  /** Who types while reading means the field. Not taken from the page: focus, when it opens. */
  #typeAnywhere(event) {
    const idle = document.activeElement === document.body || document.activeElement === this.outbox.log.scroller;
    const prints = [...event.key].length === 1 && event.key !== " ";
    if (idle && prints && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing) this.#field.focus();
  }

  #over() { return this.#encoder.encode(this.#field.value).length - this.bytes_max; }

  #changed() {
    storage.write(this.draft, this.#field.value);
    const over = this.#over();
    const count = byId("count");
    count.hidden = over < -this.bytes_max / 10;
    count.textContent = over > 0 ? tooLong(over) : `${-over} ${-over === 1 ? "byte" : "bytes"} left`;
    count.classList.toggle("over", over > 0);
    if (!CSS.supports("field-sizing", "content")) {
      this.#field.style.height = "auto";
      this.#field.style.height = `${this.#field.scrollHeight + 2}px`;
    }
  }

  #send() {
    const text = this.#field.value;
    if (text.trim() === "") return;
    if (this.#over() > 0) {
      byId("announce").textContent = `Not sent: ${tooLong(this.#over())}`;
      return;
    }
    this.#field.value = "";
    this.#changed();
    this.outbox.add(text, byId("nick")?.value.trim() ?? "");
    this.#field.focus({ preventScroll: true });
  }
}

/** The one line that tells how things stand, for the eye; changes of state are also announced, once each. */
class Status {
  #state = "";
  show(state, text, spoken = text) {
    byId("status").dataset.state = state;
    byId("status-text").textContent = text;
    byId("retry").hidden = state !== "lost";
    const announced = `${state} ${spoken}`;
    // The first "Connected" is what everybody expects, and so is not worth an interruption.
    if (announced !== this.#state && this.#state !== "") byId("announce").textContent = spoken;
    this.#state = announced;
  }
}

/** Where there is no place beside the conversation, the list of who is here opens over it. */
function drawer() {
  const [opener, list] = [byId("who"), byId("here")];
  const toggle = (open) => {
    list.classList.toggle("open", open);
    opener.setAttribute("aria-expanded", open);
    if (open) list.focus({ preventScroll: true });
  };
  // Without this script the addresses themselves open and close it.
  if (location.hash === "#here") history.replaceState(history.state, "", location.pathname + location.search);
  opener.setAttribute("role", "button");
  toggle(false);
  opener.addEventListener("click", (event) => { event.preventDefault(); toggle(!list.classList.contains("open")); });
  opener.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); opener.click(); } });
  const close = () => { toggle(false); opener.focus({ preventScroll: true }); };
  byId("here-close").addEventListener("click", (event) => { event.preventDefault(); close(); });
  list.addEventListener("keydown", (event) => { if (event.key === "Escape" && list.classList.contains("open")) close(); });
  document.addEventListener("click", (event) => {
    if (list.classList.contains("open") && !list.contains(event.target) && !opener.contains(event.target)) toggle(false);
  });
}

/** The address bar knows the address that works from here, also behind a proxy. */
function share(key) {
  const field = byId("link");
  if (!field) return; // A room of two is nobody else's, and members are invited on a page of their own.
  field.value = new URL(`/chat/${key}`, location.href).href;
  byId("send-url").textContent = new URL(`/send/${key}`, location.href).href;
  const panel = document.querySelector(".share");
  const close = () => { panel.open = false; byId("copy").textContent = "Copy"; };
  document.addEventListener("click", (event) => { if (panel.open && !panel.contains(event.target)) close(); });
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") { close(); panel.querySelector("summary").focus(); } });
}

/** A link that is to be handed on. */
function copyable() {
  const [field, copy] = [byId("link"), byId("copy")];
  if (!copy) return;
  field.addEventListener("focus", () => field.select());
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    // The clipboard interface is missing on plain http; the old command is not.
    try { await navigator.clipboard.writeText(field.value); } catch { field.select(); document.execCommand("copy"); }
    copy.textContent = "Copied";
    if (byId("announce")) byId("announce").textContent = "Link copied";
  });
}

for (const time of document.querySelectorAll("time[data-show=both]")) localise(time, both);
copyable();
const room = byId("room");
if (room) start(room);
