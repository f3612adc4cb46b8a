// The messages on the page: grouped, kept in place under the reader's eyes, and bounded.

import { request } from "./request.js";

const GROUP_GAP_MS = 10 * 60 * 1000; // As in pages.rs: posts closer than this stand under one name.
const HUES = 8; // As in pages.rs.
const NEAR_BOTTOM_PX = 100;
const ROWS_MAX = 500; // While someone reads further up nothing is taken from above, up to ROWS_MAX_AWAY.
const ROWS_MAX_AWAY = 2000;
const ROWS_SLACK = 50; // The oldest go by the dozen: each time the lines between days are drawn anew.
const OLDER_TIMEOUT_MS = 30_000;

const byId = (id) => document.getElementById(id);

/** The messages on the page. */
export class Log {
  below = 0; // New messages that are under the visible part.
  missed = 0; // New messages since the page was hidden.
  #title = document.title;
  #bottom = true;
  #letters = 0;

  constructor(room) {
    this.me = room.dataset.me;
    this.name = room.dataset.name;
    this.scroller = byId("scroller");
    this.list = byId("log");
    this.blank = byId("message").content.firstElementChild;
    this.arrange();
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#count(0, this.below); });
    byId("pill")?.addEventListener("click", () => { this.toBottom(); byId("text").focus({ preventScroll: true }); });
    byId("earlier").addEventListener("click", (event) => this.#prepend(event));
  }

  // The column is reversed: 0 is the bottom, and further up is negative. Remembered, because asking for it at
  // each of many messages would have the browser lay out the whole page each time.
  #scrolled() {
    this.#bottom = -this.scroller.scrollTop < NEAR_BOTTOM_PX;
    if (this.#bottom) this.#count(this.missed, 0);
  }

  toBottom() {
    this.scroller.scrollTop = 0;
    this.#scrolled();
  }

  /** New private messages, in other rooms: the title of the page tells of them too. */
  set letters(count) {
    this.#letters = count;
    this.#count(this.missed, this.below);
  }

  get atBottom() { return this.#bottom; }

  has(number) { return byId(`m${number}`) !== null; }
  rows() { return [...this.list.querySelectorAll(".message")]; }

  /** Shows a message or the place of a deleted one. A number that is shown already changes nothing. */
  add(message) {
    if (this.has(message.number)) return;
    const row = message.deleted ? this.#tombstone(message.number) : this.build(message);
    this.keepPlace(() => {
      const above = this.list.lastElementChild; // Lines between days stand above a message, never last.
      this.list.append(row);
      this.#place(row, above);
      byId("empty").hidden = true;
    });
    this.trim();
    if (!message.deleted && message.author.id !== this.me) {
      this.#count(this.missed + (document.hidden ? 1 : 0), this.below + (this.#bottom ? 0 : 1));
    }
  }

  build({ number, author, text, time, edited }) {
    const row = this.blank.cloneNode(true);
    row.id = number ? `m${number}` : "";
    row.dataset.number = number;
    row.dataset.author = author.id;
    row.classList.replace("hue-0", `hue-${hue(author.id)}`);
    row.classList.toggle("own", author.id === this.me);
    row.querySelector(".avatar").textContent = initial(author.name);
    row.querySelector("bdi").textContent = shown(author);
    row.querySelector(".text").textContent = text;
    row.querySelector(".edited").hidden = !edited;
    row.querySelector("time").dateTime = time;
    return row;
  }

  #tombstone(number) {
    const row = document.createElement("article");
    row.className = "message gone";
    row.id = `m${number}`;
    row.dataset.number = number;
    row.append(Object.assign(document.createElement("p"), { className: "text", textContent: `Message ${number} was deleted` }));
    return row;
  }

  /** Groups all rows anew and draws the lines between days, which fall elsewhere in the reader's time zone. */
  arrange() {
    for (const line of this.list.querySelectorAll(".day")) line.remove();
    this.rows().reduce((above, row) => { this.#place(row, above); return row; }, null);
  }

  #place(row, above) {
    const time = row.querySelector("time");
    if (!time) return;
    localise(time);
    const at = new Date(time.dateTime);
    const before = new Date(above?.querySelector("time")?.dateTime ?? NaN);
    const sameDay = before.toDateString() === at.toDateString();
    row.classList.toggle("continues", sameDay && at - before < GROUP_GAP_MS && above.dataset.author === row.dataset.author
      && above.querySelector("bdi").textContent === row.querySelector("bdi").textContent);
    if (sameDay || (above && Number.isNaN(before.getTime()))) return;
    const line = document.createElement("p");
    line.className = "day";
    line.append(Object.assign(document.createElement("time"), { dateTime: time.dateTime, textContent: day.format(at) }));
    row.before(line);
  }

  /** Does `change` and leaves the first visible message where it was, unless the reader is at the bottom. */
  keepPlace(change) {
    if (this.#bottom) { change(); return; }
    const edge = this.scroller.getBoundingClientRect().top;
    const row = this.rows().find((one) => one.getBoundingClientRect().bottom > edge);
    const before = row?.getBoundingClientRect().top;
    change();
    if (row?.isConnected) this.scroller.scrollTop += row.getBoundingClientRect().top - before;
  }

  /** Takes the oldest rows away, so that a page that stays open for weeks stays small. */
  trim() {
    const rows_max = this.#bottom ? ROWS_MAX : ROWS_MAX_AWAY;
    if (this.list.childElementCount <= rows_max + ROWS_SLACK) return;
    const rows = this.rows();
    const over = rows.length - rows_max;
    if (over <= 0) return; // The rest are lines between days.
    for (const row of rows.slice(0, over)) row.remove();
    this.arrange();
    const link = byId("earlier");
    const url = new URL(link.href);
    url.searchParams.set("before", rows[over].dataset.number);
    link.href = url.href;
    link.hidden = false;
  }

  /** Puts older messages above instead of leaving the page for them. */
  async #prepend(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || byId("text") === null) return;
    event.preventDefault();
    const link = byId("earlier");
    if (link.getAttribute("aria-busy") === "true") return;
    link.setAttribute("aria-busy", "true");
    try {
      const response = await request(link.href, {}, OLDER_TIMEOUT_MS, new AbortController());
      if (!response.ok) throw new Error(`status ${response.status}`);
      const page = new DOMParser().parseFromString(response.text, "text/html");
      const older = page.querySelectorAll("#log > .message");
      // Not announced: who asked for older messages will read them, and not hear them all at once.
      this.list.ariaLive = "off";
      this.keepPlace(() => { this.list.prepend(...older); this.arrange(); });
      setTimeout(() => { this.list.ariaLive = "polite"; }, 500);
      const next = page.getElementById("earlier");
      link.hidden = next.hidden;
      link.setAttribute("href", next.getAttribute("href"));
    } catch {
      location.assign(link.href); // The plain way shows the browser's or the server's own error.
    } finally {
      link.removeAttribute("aria-busy");
    }
  }

  #count(missed, below) {
    this.missed = missed;
    this.below = below;
    const news = missed + this.#letters;
    document.title = news ? `(${news}) ${this.#title}` : this.#title;
    const pill = byId("pill");
    if (!pill) return;
    pill.hidden = below === 0;
    pill.textContent = below === 1 ? "1 new message ↓" : `${below} new messages ↓`;
  }
}

/** The name as others see it. */
export const shown = ({ name, guest }) => (guest ? "~" : "") + name;

/** The letter on somebody's badge. */
export const initial = (name) => (Array.from(name)[0] ?? "").toUpperCase();

/** FNV-1a, as `hue` in pages.rs. Ids are ASCII. */
export function hue(id) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193) >>> 0;
  return hash % HUES;
}

// Times in the reader's own zone and language. The server wrote them in UTC.
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const both = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function localise(time, format = clock) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  time.textContent = format.format(at);
  time.title = both.format(at);
}
