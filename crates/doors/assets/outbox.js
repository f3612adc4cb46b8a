// What this person sends: shown at once, kept over a reload, repeated until it is safe.

import { Pause, backoff_ms, request, retryAfter_ms, storage } from "./request.js";

const SEND_TIMEOUT_MS = 30_000;

const byId = (id) => document.getElementById(id);

/** Messages on their way to the server, in order, one at a time, each with a key that makes a repeat harmless. */
export class Outbox {
  #sending = false;
  #stopped = false;
  #pause = new Pause();
  #place = byId("outbox");

  constructor(key, log) {
    Object.assign(this, { key, log, name: `parlor:outbox:${key}`, items: [] });
    try {
      this.items = JSON.parse(storage.read(this.name) ?? "[]");
    } catch {
      storage.write(this.name, ""); // Not written by this script, and so nobody's message.
    }
    for (const item of this.items) this.#draw(item);
  }

  waiting() { return this.items.filter((item) => !item.refused).length; }

  add(text, nick) {
    const item = { once: unique(), text, nick, refused: "" };
    this.items.push(item);
    this.#save();
    this.#draw(item);
    this.log.toBottom();
    this.pump();
  }

  async pump() {
    if (this.#sending) { this.#pause.wake(); return; }
    this.#sending = true;
    for (let failures = 0, item; !this.#stopped && (item = this.items.find((one) => !one.refused));) {
      const wait_ms = await this.#post(item, failures);
      failures = wait_ms ? failures + 1 : 0;
      if (wait_ms) await this.#pause.rest(wait_ms);
    }
    this.#sending = false;
  }

  /** 0: done with this one, for better or worse; else how long to wait before the next try. */
  async #post(item, failures) {
    item.tried = true;
    this.#mark(item, "Sending…");
    let response;
    try {
      const body = new URLSearchParams({ text: item.text, ...(item.nick && { nick: item.nick }) });
      // keepalive: it goes out also when the tab is closed right after Enter.
      const options = { method: "POST", body, keepalive: true, headers: { "Idempotency-Key": item.once, Accept: "text/plain" } };
      response = await request(`/send/${this.key}`, options, SEND_TIMEOUT_MS, new AbortController());
    } catch {
      this.#mark(item, "Waiting for the connection");
      return backoff_ms(failures);
    }
    const answer = response.text.trim();
    if (response.ok) return this.#delivered(item, Number(response.headers.get("Chat-Number")));
    const sentence = readable(answer, response.status);
    if (response.status >= 500 || [408, 425, 429].includes(response.status)) {
      this.#mark(item, response.status === 429 ? "Waiting: too fast" : `Waiting: ${sentence}`);
      return retryAfter_ms(response.headers, backoff_ms(failures));
    }
    this.#refuse(item, sentence);
    this.#save();
    return 0;
  }

  #delivered(item, number) {
    this.items = this.items.filter((one) => one !== item);
    this.#save();
    // The message itself comes by its number like everybody's; until then this row stands in for it.
    if (!number || this.log.has(number)) {
      item.row.remove();
    } else {
      item.shown = false;
      item.row.dataset.awaits = number;
      this.#mark(item, "Sent");
    }
    return 0;
  }

  /** A message of the log is about to be shown: its stand-in goes. */
  arrived({ number, text, author }) {
    const row = this.#place.querySelector(`[data-awaits="${number}"]`);
    if (row) {
      row.remove();
      if (author) this.log.me = author.id; // Now it is certain who we are, whatever cookies did meanwhile.
      return;
    }
    // It may be faster than the answer to its post, or that answer died with the server. Then its stand-in
    // hides at once; should the answer name another number, it comes back.
    const head = this.items.find((item) => !item.refused);
    if (head?.tried && head.text === text && author?.id === this.log.me) {
      head.shown = true;
      head.row.hidden = true;
    }
  }

  /** The room has gone: nothing waits for it any more, but the texts stay to be copied. */
  stop(sentence) {
    this.#stopped = true;
    for (const item of this.items) this.#refuse(item, sentence);
    this.#save();
  }

  #save() {
    storage.write(this.name, this.items.length ? JSON.stringify(this.items, ["once", "text", "nick", "refused"]) : "");
  }

  #refuse(item, sentence) {
    item.refused = sentence;
    item.shown = false;
    this.#draw(item);
  }

  #mark(item, state) {
    item.row.hidden = Boolean(item.shown);
    item.row.querySelector(".state").textContent = state;
  }

  #draw(item) {
    const name = (item.nick && `~${item.nick}`) || this.log.name;
    const author = { id: this.log.me, name: name.replace(/^~/, ""), guest: name.startsWith("~") };
    const row = this.log.build({ number: "", author, text: item.text, time: "", edited: false });
    row.removeAttribute("id");
    row.classList.add("pending");
    row.querySelector(".meta").replaceWith(Object.assign(document.createElement("p"), { className: "state" }));
    if (item.row) item.row.replaceWith(row); else this.#place.append(row);
    item.row = row;
    this.#mark(item, item.refused ? "Not sent" : "Waiting");
    byId("empty").hidden = true;
    if (item.refused) this.#explain(item);
  }

  #explain(item) {
    item.row.classList.add("refused");
    const problem = document.createElement("div");
    problem.className = "problem";
    problem.setAttribute("role", "alert");
    const button = (textContent, act) => {
      const one = Object.assign(document.createElement("button"), { type: "button", textContent });
      one.addEventListener("click", () => { act(); this.#save(); byId("text").focus(); });
      return one;
    };
    const retry = () => { item.refused = ""; this.#draw(item); this.pump(); };
    const discard = () => { this.items = this.items.filter((one) => one !== item); item.row.remove(); };
    problem.append(Object.assign(document.createElement("span"), { textContent: item.refused }));
    if (!this.#stopped) problem.append(button("Retry", retry));
    problem.append(button("Discard", discard));
    item.row.append(problem);
  }
}

/** The server's sentence without the code in front, which is for programs. A page in its place comes from some proxy. */
function readable(answer, status) {
  if (!answer || answer.startsWith("<")) return `The server answered ${status}`;
  const sentence = answer.replace(/^[a-z_]+: /, "").slice(0, 300);
  return sentence[0].toUpperCase() + sentence.slice(1);
}

/** 22 characters that no other message has. `crypto.randomUUID` is not there on plain http. */
function unique() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
