// Requests that end, pauses that can be cut short, and what a tab remembers.

const BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 15_000;
const RETRY_AFTER_MS_MAX = 120_000;

/**
 * A request with its whole answer: `{ ok, status, headers, text }`. It also ends when the answer is not
 * complete after `timeout_ms`, because a dead network tells nobody.
 */
export async function request(url, options, timeout_ms, abort) {
  const timer = setTimeout(() => abort.abort(), timeout_ms);
  try {
    const response = await fetch(url, { cache: "no-store", ...options, signal: abort.signal });
    const { ok, status, headers } = response;
    return { ok, status, headers, text: await response.text() };
  } finally {
    clearTimeout(timer);
  }
}

/** Doubles from half a second to 15 s. The random half keeps a thousand pages from coming back in one instant. */
export function backoff_ms(failures) {
  const full = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** Math.min(failures, 10));
  return full * (0.5 + Math.random() / 2);
}

/** `Retry-After` in milliseconds: seconds, or a date, or not said. */
export function retryAfter_ms(headers, otherwise) {
  const value = headers.get("Retry-After");
  if (!value) return otherwise;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 100), RETRY_AFTER_MS_MAX) : otherwise;
}

/** A pause that `wake` ends early. Tells the seconds left once a second, for the eye only. */
export class Pause {
  #end = null;

  async rest(ms, tell) {
    const until = performance.now() + ms;
    const show = () => tell?.(Math.max(1, Math.ceil((until - performance.now()) / 1000)));
    show();
    const ticking = tell ? setInterval(show, 1000) : 0;
    let timer = 0;
    await new Promise((resolve) => { this.#end = resolve; timer = setTimeout(resolve, ms); });
    clearTimeout(timer);
    clearInterval(ticking);
  }

  wake() { this.#end?.(); }
}

/** What this tab remembers over a reload. A browser may refuse to store; then it lives as long as the page. */
export const storage = {
  read(name) {
    try { return sessionStorage.getItem(name); } catch { return null; }
  },
  write(name, text) {
    try { text ? sessionStorage.setItem(name, text) : sessionStorage.removeItem(name); } catch { /* See above. */ }
  },
};

/** What all tabs remember, also tomorrow; or as long as the page lives. */
export const lasting = {
  kept: new Map(),
  read(name) {
    try { return localStorage.getItem(name); } catch { return this.kept.get(name) ?? null; }
  },
  write(name, text) {
    try { localStorage.setItem(name, text); } catch { this.kept.set(name, text); }
  },
};
