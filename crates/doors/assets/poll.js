// Asks for the next number for ever, and says how the connection stands.

import { Pause, backoff_ms, request, retryAfter_ms } from "./request.js";

const POLL_WAIT_S = 100; // Below what common proxies allow a silent request.
const POLL_SLACK_MS = 15_000; // So long over the time asked for, a connection counts as dead.
const POLL_STALE_MS = 20_000; // A page that is shown again does not trust an older request.
const TIGHT_MS = 1000; // A hanging request that ends sooner than this did not hang.
const HIDDEN_POLLS_MAX = 2; // With what two visible tabs hold, and who is here, that leaves one for the rest.
const HIDDEN_REST_MS = 8_000; // The server counts a person as here until 10 s after the last request.
const WANTED = "asked anew on purpose";

const byId = (id) => document.getElementById(id);
const now = () => performance.now();

/** Waits for one message after the other, from `data-next` on, until the room is gone. */
export class Poll {
  #life = 0; // Counts the calls of run and stop, so that a loop that was stopped cannot come back beside a new one.
  #failures = 0;
  #live = false; // Whether the server answered the last request.
  #over = false; // Whether the room is gone.
  #asked_at = 0;
  #abort = new AbortController();
  #pause = new Pause();

  constructor(room, log, outbox, status) {
    Object.assign(this, { log, outbox, status, key: room.dataset.key, next: Number(room.dataset.next) });
  }

  async run() {
    const life = ++this.#life;
    while (life === this.#life && !this.#over) {
      const rest_ms = await this.#turn();
      if (rest_ms && life === this.#life && !this.#over) await this.#rest(rest_ms);
    }
  }

  /** Stops for a page that goes away; `run` goes on where it was. */
  stop() {
    this.#life += 1;
    this.#live = false;
    this.#drop();
  }

  /** Asks anew at once: the network is back, or a person says so. */
  again() {
    this.#failures = 0;
    this.#live = false;
    this.#drop();
    this.outbox.pump();
  }

  /** The page is shown again. What waited through a sleep of the machine may hang on a connection that is no more. */
  shown() {
    if (!this.#live || now() - this.#asked_at > POLL_STALE_MS) this.again();
    else this.#pause.wake();
  }

  #drop() {
    this.#abort.abort(WANTED);
    this.#pause.wake();
  }

  /** One request and what follows from it: the milliseconds to wait before the next. */
  async #turn() {
    const abort = this.#abort = new AbortController();
    const number = this.next;
    this.#asked_at = now();
    try {
      // After a failure, and at first, the server is asked not to wait: a hanging request would not tell that it is well.
      const response = this.#live ? await this.#hang(abort) : await this.#ask(0, abort);
      return await this.#answer(number, response);
    } catch {
      // Also an answer that breaks off ends here, and its number is asked for again.
      return abort.signal.reason === WANTED ? 0 : this.#failed();
    }
  }

  #ask(wait_s, abort) {
    const options = { headers: { Accept: "application/json" } };
    return request(`/msg/${this.key}/${this.next}?wait=${wait_s}`, options, wait_s * 1000 + POLL_SLACK_MS, abort);
  }

  /**
   * A browser opens at most six HTTP/1.1 connections to a server, for all tabs together. Were each tab
   * to hold one, the seventh could not even load. So few hidden tabs hang; the others look in now and then.
   */
  async #hang(abort) {
    if (!document.hidden || !navigator.locks) return this.#ask(POLL_WAIT_S, abort);
    for (let slot = 0; slot < HIDDEN_POLLS_MAX; slot++) {
      const ask = (lock) => lock && this.#ask(POLL_WAIT_S, abort);
      const response = await navigator.locks.request(`parlor-poll-${slot}`, { ifAvailable: true }, ask);
      if (response) return response;
    }
    await this.#pause.rest(HIDDEN_REST_MS);
    return this.#ask(0, abort);
  }

  async #answer(number, { status, headers, text }) {
    switch (status) {
      case 200:
        this.#show(number, JSON.parse(text));
        return this.#well();
      case 204:
        // A server that lets nothing hang, because it is about to stop, is not to be asked in a tight loop.
        if (this.#live && now() - this.#asked_at < TIGHT_MS) await this.#pause.rest(TIGHT_MS);
        return this.#well();
      case 410:
        if (headers.get("Chat-Number") === null) return this.#gone("This room was closed");
        this.#show(number, { number, deleted: true });
        return this.#well();
      case 401:
        byId("log-in").hidden = false;
        return this.#gone("You are logged out here", "Log in to go on.");
      case 404:
        // A closed room and one that one was removed from are told apart by nobody.
        return this.#gone("This room was closed, or you do not belong to it any more");
      default:
        return this.#failed(retryAfter_ms(headers, 0));
    }
  }

  /** An answer to a number that was asked for twice, before and after a stop, counts once. */
  #show(number, message) {
    if (number !== this.next) return;
    this.next += 1;
    this.log.keepPlace(() => {
      this.outbox.arrived(message);
      this.log.add(message);
    });
  }

  #well() {
    this.#failures = 0;
    const came_back = !this.#live;
    this.#live = true;
    this.status.show("live", "Connected");
    if (came_back) this.outbox.pump(); // What waited for the server need not wait longer.
    return 0;
  }

  #failed(wait_ms = 0) {
    this.#live = false;
    return wait_ms || backoff_ms(this.#failures++);
  }

  #gone(sentence, left = "What you see here is all that is left of it.") {
    this.#over = true;
    this.outbox.stop(sentence);
    this.status.show("gone", `${sentence}. ${left}`);
    document.querySelector("#composer .send").disabled = true;
    return 0;
  }

  #rest(ms) {
    return this.#pause.rest(ms, (seconds) => {
      const waiting = this.outbox.waiting();
      const mine = waiting ? `, ${waiting} waiting to be sent` : "";
      const text = navigator.onLine ? `Reconnecting in ${seconds} s${mine}` : `Offline${mine}`;
      this.status.show("lost", text, navigator.onLine ? "Connection lost, reconnecting" : "Offline");
    });
  }
}
