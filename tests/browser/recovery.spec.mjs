// The server dies, the network breaks, the page is reloaded: nothing is lost and nothing comes twice.
import { connected, expect, field, messages, pending, say, test, texts } from "./parlor.mjs";

test("both pages carry on by themselves after the server was killed", async ({ server, person }) => {
  const room = await server.room();
  const [ann, bob] = [await person(room, "ann"), await person(room, "bob")];
  await say(ann, "before");
  await expect(texts(bob)).toHaveText(["before"]);
  await server.kill();
  for (const page of [ann, bob]) await expect(page.locator("#status-text")).toHaveText(/Reconnecting in \d+ s/);
  await say(ann, "while it was down");
  await say(ann, "and one more");
  await expect(pending(ann).locator(".text")).toHaveText(["while it was down", "and one more"]);
  await expect(ann.locator("#status-text")).toHaveText(/2 waiting to be sent/);
  await server.up();
  const all = ["before", "while it was down", "and one more"];
  for (const page of [ann, bob]) {
    await expect(texts(page)).toHaveText(all);
    await connected(page);
  }
  await expect(pending(ann)).toHaveCount(0);
  await say(bob, "after");
  await expect(texts(ann)).toHaveText([...all, "after"]);
  expect(await server.texts(room)).toEqual([...all, "after"]);
});

test("a reload while the server is away loses nothing", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  await say(ann, "before");
  await expect(messages(ann)).toHaveCount(1);
  // The page itself must come back, so only the sending is cut off.
  await ann.route("**/send/**", (route) => route.abort("connectionrefused"));
  await say(ann, "kept");
  await expect(pending(ann).locator(".state")).toHaveText("Waiting for the connection");
  await field(ann).fill("a draft");
  await ann.reload();
  await expect(pending(ann).locator(".text")).toHaveText(["kept"]);
  await expect(field(ann)).toHaveValue("a draft");
  await ann.unroute("**/send/**");
  await expect(texts(ann)).toHaveText(["before", "kept"]);
  await expect(pending(ann)).toHaveCount(0);
  expect(await server.texts(room)).toEqual(["before", "kept"]);
});

test("an answer that is lost leads to no second copy", async ({ server, person }) => {
  const room = await server.room();
  const [ann, bob] = [await person(room, "ann"), await person(room, "bob")];
  await say(ann, "hello"); // From here on the page and the server agree who this is.
  await expect(texts(bob)).toHaveText(["hello"]);
  const keys = [];
  await ann.route("**/send/**", async (route) => {
    keys.push(route.request().headers()["idempotency-key"]);
    const answer = await route.fetch();
    if (keys.length === 1) await route.abort("connectionreset");
    else await route.fulfill({ response: answer });
  });
  await say(ann, "once");
  await expect.poll(() => keys.length).toBe(2);
  expect(keys[0]).toBe(keys[1]);
  for (const page of [ann, bob]) await expect(texts(page)).toHaveText(["hello", "once"]);
  await expect(pending(ann)).toHaveCount(0);
  expect(await server.texts(room)).toEqual(["hello", "once"]);
});

test("messages go out in the order in which they were written", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  const all = Array.from({ length: 12 }, (_, at) => `message ${at}`);
  for (const text of all) {
    await field(ann).fill(text);
    await field(ann).press("Enter");
  }
  await expect(texts(ann)).toHaveText(all);
  expect(await server.texts(room)).toEqual(all);
});

test("a refused message says why and can be tried again or thrown away", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  const bell = String.fromCharCode(7);
  await say(ann, `ring ${bell}`);
  await expect(pending(ann).locator(".state")).toHaveText("Not sent");
  await expect(ann.getByRole("alert")).toContainText("5");
  // It does not hold up the next one.
  await say(ann, "fine");
  await expect(texts(ann)).toHaveText(["fine"]);
  await ann.reload();
  await expect(pending(ann)).toHaveCount(1);
  await ann.getByRole("button", { name: "Retry" }).click();
  await expect(ann.getByRole("alert")).toContainText("5");
  await ann.getByRole("button", { name: "Discard" }).click();
  await expect(pending(ann)).toHaveCount(0);
  await ann.reload();
  await connected(ann);
  await expect(pending(ann)).toHaveCount(0);
  expect(await server.texts(room)).toEqual(["fine"]);
});

test("a server that is busy is asked again when it says", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  await connected(ann);
  const asked = [];
  await ann.route("**/send/**", (route) => {
    asked.push(Date.now());
    if (asked.length > 1) return route.continue();
    return route.fulfill({ status: 429, headers: { "Retry-After": "1" }, contentType: "text/plain", body: "slower" });
  });
  await say(ann, "patience");
  await expect(pending(ann).locator(".state")).toHaveText("Waiting: too fast");
  await expect(texts(ann)).toHaveText(["patience"]);
  expect(asked.length).toBe(2);
});

test("a deleted message leaves its place and the next one comes", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  await connected(ann);
  // This door deletes nothing itself, so the server's answer for a deleted message stands in here.
  await ann.route("**/msg/*/1?*", (route) => route.fulfill({ status: 410, headers: { "Chat-Number": "1" }, contentType: "text/plain", body: "deleted" }));
  await ann.reload();
  await expect(messages(ann)).toHaveText(["Message 1 was deleted"]);
  await server.post(room, "one");
  await server.post(room, "two");
  await expect(texts(ann)).toHaveText(["Message 1 was deleted", "two"]);
});

test("a room that is gone is said to be gone, and nothing is asked or sent any more", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  await connected(ann);
  await ann.route("**/send/**", (route) => route.abort("connectionrefused"));
  await say(ann, "too late");
  await expect(pending(ann).locator(".state")).toHaveText("Waiting for the connection");
  let asked = 0;
  await ann.route("**/msg/**", (route) => { asked += 1; return route.fulfill({ status: 410, contentType: "text/plain", body: "closed" }); });
  await ann.evaluate(() => dispatchEvent(new Event("online")));
  await expect(ann.locator("#status-text")).toHaveText(/This room was closed/);
  await expect(ann.getByRole("button", { name: "Send" })).toBeDisabled();
  // The text stays, so that it can be copied; there is nowhere to send it.
  await expect(ann.getByRole("alert")).toContainText("This room was closed");
  await expect(ann.getByRole("button", { name: "Retry", exact: true })).toHaveCount(0);
  await ann.evaluate(() => dispatchEvent(new Event("online")));
  await ann.getByRole("button", { name: "Discard" }).click();
  await expect(pending(ann)).toHaveCount(0);
  expect(asked).toBe(1);
});

test("a page that one comes back to goes on", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  await say(ann, "before");
  await expect(messages(ann)).toHaveCount(1);
  await ann.goto(server.url);
  await server.post(room, "meanwhile");
  await ann.goBack();
  await expect(texts(ann)).toHaveText(["before", "meanwhile"]);
  await server.post(room, "after");
  await expect(texts(ann)).toHaveText(["before", "meanwhile", "after"]);
});

test("a page put into the browser's cache lets go of its request, and takes it up again", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  await connected(ann);
  // The browser under test keeps no pages, so the events that it would send stand in for it.
  const turn = (type) => ann.evaluate((name) => dispatchEvent(new PageTransitionEvent(name, { persisted: true })), type);
  const dropped = ann.waitForEvent("requestfailed", (request) => request.url().includes("/msg/"));
  await turn("pagehide");
  await dropped;
  await server.post(room, "meanwhile");
  await turn("pageshow");
  await expect(texts(ann)).toHaveText(["meanwhile"]);
  await turn("pagehide");
  await turn("pageshow");
  await server.post(room, "after");
  await expect(texts(ann)).toHaveText(["meanwhile", "after"]);
});

test("Retry now does not wait for the countdown", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  await connected(ann);
  await server.kill();
  // Far enough into the back-off that the countdown alone would take seconds.
  await expect(ann.locator("#status-text")).toHaveText(/Reconnecting in [5-9] s/);
  await server.up();
  await ann.getByRole("button", { name: "Retry now" }).click();
  await connected(ann);
});
