// A server of its own for each test, and people who use it.
import { test as base, expect } from "@playwright/test";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const binary = resolve(here, process.env.PARLOR_BIN ?? "../../target/debug/parlor");
const READY_MS_MAX = 20_000;

/** The binary, on one port and one data directory over all its lives. */
export class Server {
  #process = null;
  #ended = null;
  #log = "";

  static async start() {
    const server = new Server();
    server.dir = await mkdtemp(join(tmpdir(), "parlor-browser-"));
    server.port = await freePort();
    server.url = `http://127.0.0.1:${server.port}`;
    try {
      await server.up();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  async up() {
    const args = ["serve", "--http", `127.0.0.1:${this.port}`, "--term", "off", "--chat", "off", "--data-dir", join(this.dir, "data")];
    // Nothing of the caller's own configuration. The limits on rates have tests of their own; here they
    // would only make a fast test slow.
    const env = {
      PATH: process.env.PATH,
      HOME: this.dir,
      PARLOR_LIMITS_POSTS_BURST: "0",
      PARLOR_LIMITS_POSTS_PER_SECOND: "0",
      PARLOR_LIMITS_POSTS_PER_SECOND_PER_ADDRESS: "0",
      PARLOR_LIMITS_ROOMS_PER_HOUR_PER_ADDRESS: "0",
      PARLOR_LIMITS_REGISTRATIONS_PER_HOUR_PER_ADDRESS: "0",
      PARLOR_LIMITS_LOGINS_PER_MINUTE_PER_ADDRESS: "0",
      // Servers run side by side, and would fight for its port.
      PARLOR_CHAT: "off",
    };
    this.#process = spawn(binary, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const child = this.#process;
    // Also when the run is broken off, no server stays behind.
    const last = () => child.kill("SIGKILL");
    process.once("exit", last);
    this.#ended = new Promise((resolve) => child.once("close", resolve)).then(() => process.off("exit", last));
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => { this.#log += text; });
    let failed = null;
    child.once("error", (error) => { failed = error; });
    child.once("exit", (code) => { failed ??= new Error(`the server ended with ${code}`); });
    const until = Date.now() + READY_MS_MAX;
    while (!(await fetch(`${this.url}/healthz`).then((answer) => answer.ok, () => false))) {
      if (failed || Date.now() > until) throw new Error(`${binary} did not come up: ${failed ?? "no answer"}\n${this.#log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends it without a word, as a power cut would. */
  async kill(signal = "SIGKILL") {
    this.#process.kill(signal);
    await this.#ended;
  }

  async stop() {
    await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** A new room's address. */
  async room(subject = "Tea", listed = "0") {
    const form = new URLSearchParams({ subject, listed });
    const answer = await fetch(`${this.url}/chat_create`, { method: "POST", body: form, redirect: "manual" });
    expect(answer.status).toBe(303);
    return new URL(answer.headers.get("location"), this.url).href;
  }

  /** Posts as somebody who has no browser, and answers the message's number. */
  async post(room, text) {
    const answer = await fetch(room.replace("/chat/", "/send/"), { method: "POST", body: text, headers: { "Content-Type": "text/plain" } });
    expect(answer.status, await answer.text()).toBe(200);
    return Number(answer.headers.get("Chat-Number"));
  }

  /** The texts of all messages, in order, as the log has them. */
  async texts(room) {
    const texts = [];
    for (let number = 1; ; number++) {
      const answer = await fetch(`${room.replace("/chat/", "/msg/")}/${number}?wait=0`, { headers: { Accept: "application/json" } });
      if (answer.status === 204) return texts;
      expect(answer.status).toBe(200);
      texts.push((await answer.json()).text);
    }
  }
}

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export const test = base.extend({
  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.stop();
  },
  /** A person: a page in a browser context of their own, with a name. A page that complains fails the test. */
  person: async ({ browser }, use) => {
    const complaints = [];
    const contexts = [];
    await use(async (room, name, options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1100, height: 760 }, ...options });
      contexts.push(context);
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(`${name}: ${error}`));
      page.on("console", (line) => {
        if (/Content Security Policy|Uncaught/i.test(line.text())) complaints.push(`${name}: ${line.text()}`);
      });
      await page.goto(room);
      if (name) await page.getByLabel("Your name").fill(name);
      return page;
    });
    for (const context of contexts) await context.close();
    expect(complaints).toEqual([]);
  },
});

export { expect };

export const PASSWORD = "correct horse";

/** Makes an account by the form, and is where that leads. */
export async function register(page, name, display = "") {
  await page.goto(new URL("/register", page.url()).href);
  await page.getByLabel("Name to log in with").fill(name);
  await page.getByLabel("Name that people see").fill(display);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
}

/** Logs in by the form that the page shows. */
export async function logIn(page, name, password = PASSWORD) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

export const field = (page) => page.getByLabel("Message", { exact: true });
export const messages = (page) => page.locator("#log .message");
export const texts = (page) => page.locator("#log .message .text");
export const pending = (page) => page.locator("#outbox .message:not([hidden])");

export async function say(page, text) {
  await field(page).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

/** Until the page says that the server has answered it. */
export async function connected(page) {
  await expect(page.locator("#status")).toHaveAttribute("data-state", "live");
}
