// Plays of two people in a room.
import { connected, expect, field, messages, pending, say, test, texts } from "./parlor.mjs";

test("two people talk", async ({ server, person }) => {
  const room = await server.room();
  const [ann, bob] = [await person(room, "ann"), await person(room, "bob")];
  await say(ann, "is anybody here?");
  await expect(texts(bob)).toHaveText(["is anybody here?"]);
  await say(bob, "yes\n  me");
  await expect(texts(ann)).toHaveText(["is anybody here?", /^yes\n  me$/]);
  await say(ann, "good");
  for (const page of [ann, bob]) {
    await expect(messages(page)).toHaveCount(3);
    await expect(page.locator("#log .author")).toHaveText(["~ann", "~bob", "~ann"]);
    await expect(pending(page)).toHaveCount(0);
    await expect(page.getByText("Nobody has said anything yet")).toBeHidden();
  }
});

test("a room is made on the first page and its link is enough", async ({ server, person }) => {
  const ann = await person(server.url, "");
  await ann.getByLabel("What is it about?").fill("Books & tea");
  await ann.getByLabel("List it on this page").check();
  await ann.getByRole("button", { name: "Make the room" }).click();
  await expect(ann.getByRole("heading", { name: "Books & tea" })).toBeVisible();
  await say(ann, "first");
  await expect(texts(ann)).toHaveText(["first"]);
  await ann.getByText("Share", { exact: true }).click();
  const link = await ann.getByLabel("Whoever has this link").inputValue();
  expect(link).toBe(ann.url());
  const bob = await person(link, "bob");
  await expect(texts(bob)).toHaveText(["first"]);
  await bob.goto(server.url);
  await expect(bob.getByRole("link", { name: /Books & tea/ })).toContainText("last message");
});

test("a reload keeps the person and the history", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  await say(ann, "before");
  await expect(messages(ann)).toHaveCount(1);
  const author = await messages(ann).first().getAttribute("data-author");
  const look = await messages(ann).first().getAttribute("class");
  await ann.reload();
  await expect(texts(ann)).toHaveText(["before"]);
  await expect(messages(ann).first()).toHaveAttribute("class", look);
  await expect(ann.getByLabel("Your name")).toHaveValue("ann");
  await say(ann, "after");
  await expect(texts(ann)).toHaveText(["before", "after"]);
  expect(await messages(ann).nth(1).getAttribute("data-author")).toBe(author);
});

test("consecutive posts of one person stand under one name, live as after a reload", async ({ server, person }) => {
  const room = await server.room();
  const [ann, bob] = [await person(room, "ann"), await person(room, "bob")];
  for (const [page, text] of [[ann, "1"], [ann, "2"], [bob, "3"], [ann, "4"]]) {
    await say(page, text);
    await expect(texts(ann).last()).toHaveText(text);
  }
  const shape = () => ann.locator("#log > *").evaluateAll((rows) => rows.map((row) => row.className.replace(/ hue-\d| own/g, "")));
  const live = await shape();
  expect(live).toEqual(["day", "message", "message continues", "message", "message"]);
  await ann.reload();
  await connected(ann);
  expect(await shape()).toEqual(live);
});

test("older messages come above and the reader's place stays", async ({ server, person }) => {
  const room = await server.room();
  for (let number = 1; number <= 120; number++) await server.post(room, `message ${number}`);
  const ann = await person(room, "ann");
  await expect(messages(ann)).toHaveCount(50);
  await connected(ann);
  await ann.locator("#scroller").evaluate((scroller) => { scroller.scrollTop = -scroller.scrollHeight; });
  const before = await ann.locator("#m71").boundingBox();
  await ann.getByRole("link", { name: "Earlier messages" }).click();
  await expect(messages(ann)).toHaveCount(100);
  const after = await ann.locator("#m71").boundingBox();
  expect(Math.abs(after.y - before.y)).toBeLessThanOrEqual(1);
  await ann.getByRole("link", { name: "Earlier messages" }).click();
  await expect(messages(ann)).toHaveCount(120);
  await expect(ann.getByRole("link", { name: "Earlier messages" })).toBeHidden();
  const numbers = await messages(ann).evaluateAll((rows) => rows.map((row) => Number(row.dataset.number)));
  expect(numbers).toEqual(Array.from({ length: 120 }, (_, at) => at + 1));
});

test("who reads further up is not pulled down, and is told", async ({ server, person }) => {
  const room = await server.room();
  for (let number = 1; number <= 50; number++) await server.post(room, `message ${number}`);
  const [ann, bob] = [await person(room, "ann"), await person(room, "bob")];
  await connected(ann);
  await ann.locator("#scroller").evaluate((scroller) => { scroller.scrollTop = -500; });
  const middle = ann.locator("#m25");
  const before = await middle.boundingBox();
  await say(bob, "one");
  await expect(ann.getByRole("button", { name: "1 new message" })).toBeVisible();
  await say(bob, "two\nwith\nlines");
  const pill = ann.getByRole("button", { name: "2 new messages" });
  await expect(pill).toBeVisible();
  expect(Math.abs((await middle.boundingBox()).y - before.y)).toBeLessThanOrEqual(1);
  await pill.click();
  await expect(texts(ann).last()).toBeInViewport();
  await expect(ann.locator("#pill")).toBeHidden();
  await expect(field(ann)).toBeFocused();
});

test("what one says oneself is always in view", async ({ server, person }) => {
  const room = await server.room();
  for (let number = 1; number <= 50; number++) await server.post(room, `message ${number}`);
  const ann = await person(room, "ann");
  await connected(ann);
  await ann.locator("#scroller").evaluate((scroller) => { scroller.scrollTop = -500; });
  await say(ann, "mine");
  await expect(texts(ann).last()).toHaveText("mine");
  await expect(texts(ann).last()).toBeInViewport();
});

test("the title counts what came while nobody looked", async ({ server, person }) => {
  const room = await server.room("Tea");
  const ann = await person(room, "ann");
  await connected(ann);
  const hide = (hidden) => ann.evaluate((value) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  await hide(true);
  await server.post(room, "one");
  await expect(ann).toHaveTitle("(1) Tea · parlor");
  await server.post(room, "two");
  await expect(ann).toHaveTitle("(2) Tea · parlor");
  await hide(false);
  await expect(ann).toHaveTitle("Tea · parlor");
});

test("a page that stays open stays small", async ({ server, person }) => {
  const room = await server.room();
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 25 }, () => server.post(room, "many")));
  }
  const ann = await person(`${room}?limit=500`, "ann");
  await connected(ann);
  await expect(messages(ann)).toHaveCount(500);
  for (let number = 501; number <= 560; number++) await server.post(room, `message ${number}`);
  await expect(texts(ann).last()).toHaveText("message 560");
  const numbers = await messages(ann).evaluateAll((rows) => rows.map((row) => Number(row.dataset.number)));
  expect(numbers.length).toBeLessThanOrEqual(550);
  expect(numbers.at(-1) - numbers[0]).toBe(numbers.length - 1);
  await expect(ann.locator("#earlier")).toHaveAttribute("href", new RegExp(`before=${numbers[0]}$`));
  await expect(ann.locator("#log > :first-child")).toHaveClass("day");
});

test("eight tabs of one browser all stay live", async ({ server, person }) => {
  const room = await server.room();
  const first = await person(room, "ann");
  const context = first.context();
  await context.addInitScript(() => Object.defineProperty(document, "hidden", { configurable: true, get: () => true }));
  const tabs = [first];
  for (let tab = 1; tab < 8; tab++) {
    const page = await context.newPage();
    await page.goto(room);
    await connected(page);
    tabs.push(page);
  }
  await say(first, "to all tabs");
  for (const page of tabs) await expect(texts(page)).toHaveText(["to all tabs"]);
});
