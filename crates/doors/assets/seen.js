// Tells the server how far somebody with an account has seen a room: what was in sight of a window in use, and no more.

import { request } from "./request.js";

const SETTLE_MS = 400; // Messages that come together are told of together.
const TIMEOUT_MS = 15_000;

export class Seen {
  #told; // The server counts what it sent with the page as seen.
  #timer = 0;

  constructor(room, log) {
    Object.assign(this, { key: room.dataset.key, log });
    this.#told = this.#newest();
    const look = () => this.#look();
    new MutationObserver(look).observe(log.list, { childList: true });
    log.scroller.addEventListener("scroll", look, { passive: true });
    document.addEventListener("visibilitychange", look);
    addEventListener("focus", look);
  }

  #newest() { return Number(this.log.rows().at(-1)?.dataset.number ?? 0); }

  #look() {
    clearTimeout(this.#timer);
    if (document.hidden || !document.hasFocus() || !this.log.atBottom || this.#newest() <= this.#told) return;
    this.#timer = setTimeout(() => this.#tell(this.#newest()), SETTLE_MS);
  }

  async #tell(number) {
    const before = this.#told;
    this.#told = number;
    try {
      const options = { method: "POST", body: new URLSearchParams({ number }), keepalive: true };
      const { ok } = await request(`/seen/${this.key}`, options, TIMEOUT_MS, new AbortController());
      if (!ok) this.#told = before;
    } catch {
      this.#told = before; // The next message, or the next look at the page, tells of it.
    }
  }
}
