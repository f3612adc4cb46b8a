// Who is here, and who wrote privately: keeps the list beside the conversation as it is.

import { hue, initial, shown } from "./log.js";
import { Pause, backoff_ms, lasting, request, retryAfter_ms } from "./request.js";

const WAIT_S = 100; // As in poll.js: below what common proxies allow a silent request.
const SLACK_MS = 15_000;
const TIGHT_MS = 1000; // A hanging request that ends sooner than this did not hang.
const LOOK_MS = 5_000; // Another tab hangs already, and a browser has few connections: look in now and then.
const HIDDEN_LOOK_MS = 30_000;
const COMPANY_MAX = 8; // Among more people than this somebody comes all the time, and nobody is announced.
const COMING_MS = 2_000; // Who comes together is announced together.
const NAMED_MAX = 3;
const NAME_MAX = 24;
const AND = new Intl.ListFormat("en", { type: "conjunction" });

const byId = (id) => document.getElementById(id);
const make = (tag, attributes, ...parts) => {
  const one = Object.assign(document.createElement(tag), attributes);
  one.append(...parts);
  return one;
};

/** The list of people and of private messages. */
export class Here {
  #life = 0; // As in poll.js.
  #version = "";
  #failures = 0;
  #abort = new AbortController();
  #pause = new Pause();
  #known = null; // Who was here at the last look, by id.
  #coming = new Map();
  #letters = [];
  #rooms = []; // Only of an account.
  #told = 0; // How many new private messages have been told of.

  constructor(room, log) {
    Object.assign(this, { log, key: room.dataset.key, direct: room.dataset.direct !== undefined });
    document.addEventListener("visibilitychange", () => { this.#seen(); this.again(); });
    addEventListener("storage", () => this.#drawLetters());
    byId("notice").querySelector("button").addEventListener("click", () => { byId("notice").hidden = true; });
    if (this.direct) {
      new MutationObserver(() => this.#seen()).observe(log.list, { childList: true });
      this.#seen();
    }
  }

  async run() {
    const life = ++this.#life;
    while (life === this.#life) {
      const rest_ms = await this.#turn();
      if (rest_ms && life === this.#life) await this.#pause.rest(rest_ms);
    }
  }

  stop() {
    this.#life += 1;
    this.again();
  }

  /** Asks anew at once. */
  again() {
    this.#abort.abort();
    this.#pause.wake();
  }

  async #turn() {
    const abort = this.#abort = new AbortController();
    const began = performance.now();
    try {
      const hang = !document.hidden && this.#version !== "";
      const { response, hung } = hang ? await this.#hang(abort) : { response: await this.#ask(0, abort), hung: false };
      return this.#answer(response, hung, performance.now() - began);
    } catch {
      return this.#failed(abort.signal.aborted && performance.now() - began < SLACK_MS ? 0 : this.#failures++);
    }
  }

  #ask(wait_s, abort) {
    const options = { headers: { Accept: "application/json" } };
    return request(`/here/${this.key}?wait=${wait_s}&after=${this.#version}`, options, wait_s * 1000 + SLACK_MS, abort);
  }

  /** One tab of a browser hangs for this; its connections are few, and messages come first. */
  async #hang(abort) {
    if (!navigator.locks) return { response: await this.#ask(0, abort), hung: false };
    return navigator.locks.request("parlor-here", { ifAvailable: true }, async (lock) => {
      return { response: await this.#ask(lock ? WAIT_S : 0, abort), hung: Boolean(lock) };
    });
  }

  #answer({ status, headers, text }, hung, took_ms) {
    if (status === 200) {
      this.#show(JSON.parse(text));
    } else if ([401, 403, 404, 410].includes(status)) {
      this.#life += 1; // The room is not ours any more; the conversation says so.
      return 0;
    } else if (status !== 204) {
      return retryAfter_ms(headers, this.#failed(this.#failures++));
    }
    this.#failures = 0;
    if (document.hidden) return HIDDEN_LOOK_MS;
    if (hung) return status === 204 && took_ms < TIGHT_MS ? TIGHT_MS : 0;
    return status === 200 && navigator.locks ? 0 : LOOK_MS;
  }

  /** What was missed meanwhile is not known, so that all is asked for. */
  #failed(failures) {
    this.#version = "";
    return failures === 0 ? TIGHT_MS : backoff_ms(failures);
  }

  #show({ version, count, people, private: letters, rooms }) {
    this.#version = version;
    this.#announce(people);
    const me = people.filter(({ id }) => id === this.log.me);
    const all = [...me, ...people.filter(({ id }) => id !== this.log.me)];
    this.#drawPeople(all);
    byId("others").hidden = count === people.length;
    byId("others").querySelector("span").textContent = count - people.length;
    for (const id of ["who-count", "here-count"]) byId(id).textContent = count;
    byId("pile").replaceChildren(...all.slice(0, 3).map((person) => {
      return make("span", { className: `avatar hue-${hue(person.id)}`, textContent: initial(person.name) });
    }));
    if (rooms) {
      this.#rooms = rooms.filter(({ key }) => key !== this.key);
      this.#drawRooms();
    }
    if (letters) {
      this.#letters = letters.filter(({ key }) => key !== this.key);
      this.#drawLetters();
    }
  }

  /** Only what changed is touched: somebody may be about to press one of these. */
  #drawPeople(people) {
    const list = byId("people");
    const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
    const drawn = people.map((person) => {
      const row = rows.get(person.id);
      const kept = row?.querySelector(".name").textContent === shown(person) && row.classList.contains("me") === (person.id === this.log.me);
      return kept ? row : this.#person(person);
    });
    const focused = document.activeElement;
    const same = drawn.length === list.children.length && drawn.every((row, at) => row === list.children[at]);
    if (!same) list.replaceChildren(...drawn);
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }

  #person(person) {
    const me = person.id === this.log.me;
    const badge = make("span", { className: "avatar", textContent: initial(person.name), ariaHidden: "true" });
    const parts = [badge, make("bdi", { className: "name", textContent: shown(person) })];
    const row = make("li", { className: `hue-${hue(person.id)}${me ? " me" : ""}` });
    row.dataset.id = person.id;
    if (me) {
      row.append(...parts, " ", make("span", { className: "note", textContent: "you" }));
    } else if (this.direct) {
      row.append(...parts);
    } else {
      const hint = make("span", { className: "unseen", textContent: "write privately" });
      row.append(make("button", { name: "to", value: person.id, title: "Write privately" }, ...parts, " ", hint));
    }
    return row;
  }

  /** Says who came, once for all who came together; that somebody left is for the eye only. */
  #announce(people) {
    const before = this.#known;
    this.#known = new Map(people.map((person) => [person.id, shown(person)]));
    if (!before || people.length > COMPANY_MAX) return;
    const waiting = this.#coming.size > 0;
    for (const [id, name] of this.#known) if (!before.has(id) && id !== this.log.me) this.#coming.set(id, name);
    if (waiting || this.#coming.size === 0) return;
    setTimeout(() => {
      const names = [...this.#coming].filter(([id]) => this.#known.has(id)).map(([, name]) => name);
      this.#coming.clear();
      if (names.length) byId("announce").textContent = `${AND.format(names)} came in`;
    }, COMING_MS);
  }

  /** The room of two that is open here has been read as far as it is shown. */
  #seen() {
    const number = Number(this.log.rows().at(-1)?.dataset.number ?? 0);
    if (this.direct && !document.hidden && number > seen(this.key)) lasting.write(`parlor:seen:${this.key}`, String(number));
  }

  #drawLetters() {
    // Of an account the server knows what was seen, wherever that was; of a guest this browser does.
    const news = ({ key, number, unread }) => unread ?? Math.max(0, number - seen(key));
    const letters = this.#letters.map((letter) => ({ ...letter, news: news(letter) }));
    byId("private").hidden = letters.length === 0;
    byId("letters").replaceChildren(...letters.map(({ key, with: other, news }) => {
      const badge = make("span", { className: "avatar", textContent: initial(other.name), ariaHidden: "true" });
      const link = make("a", { href: `/chat/${key}` }, badge, make("bdi", { className: "name", textContent: shown(other) }));
      if (news) link.append(" ", make("span", { className: "badge", textContent: `${news} new` }));
      return make("li", { className: `hue-${hue(other.id)}` }, link);
    }));
    this.#tell(letters.filter(({ news }) => news > 0));
  }

  #drawRooms() {
    byId("mine").hidden = this.#rooms.length === 0;
    byId("rooms").replaceChildren(...this.#rooms.map(({ key, subject, unread }) => {
      const link = make("a", { href: `/chat/${key}` }, make("bdi", { className: "name", textContent: subject }));
      if (unread) link.append(" ", make("span", { className: "badge", textContent: `${unread} new` }));
      return make("li", {}, link);
    }));
  }

  #tell(letters) {
    const count = letters.reduce((sum, { news }) => sum + news, 0);
    byId("who").classList.toggle("news", count > 0);
    byId("who-news").textContent = count ? `, ${count} new private ${count === 1 ? "message" : "messages"}` : "";
    this.log.letters = count + this.#rooms.reduce((sum, { unread }) => sum + unread, 0);
    const notice = byId("notice");
    if (count === 0) notice.hidden = true;
    if (count > this.#told) {
      const link = notice.querySelector("a");
      const names = who(letters);
      // Each name by itself, so that its writing direction does not turn the sentence around.
      const parts = AND.formatToParts(names).map(({ type, value }) => type === "element" ? make("bdi", { textContent: value }) : value);
      link.href = `/chat/${letters[0].key}`;
      link.replaceChildren(...parts, " wrote to you privately");
      notice.hidden = false;
      byId("announce").textContent = link.textContent;
    }
    this.#told = count;
  }
}

/** Names for a sentence that stands over a conversation: a few, and no more of a long one than tells whose it is. */
function who(letters) {
  const names = letters.slice(0, NAMED_MAX).map((letter) => {
    const all = [...shown(letter.with)];
    return all.length > NAME_MAX ? `${all.slice(0, NAME_MAX).join("")}…` : all.join("");
  });
  const others = letters.length - names.length;
  return others ? [...names, others === 1 ? "somebody else" : `${others} others`] : names;
}

/** How far somebody has read a room of two, in any tab of this browser. */
function seen(key) { return Number(lasting.read(`parlor:seen:${key}`) ?? 0); }
