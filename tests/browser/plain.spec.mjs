// The pages without JavaScript.
import { expect, field, messages, say, test, texts } from "./parlor.mjs";

const plain = { javaScriptEnabled: false };

test("a browser without JavaScript reads and writes", async ({ server, person }) => {
  const room = await server.room();
  await server.post(room, "hello");
  const ann = await person(room, "ann", plain);
  await expect(texts(ann)).toHaveText(["hello"]);
  await say(ann, "from a form");
  await expect(ann).toHaveURL(room);
  await expect(texts(ann)).toHaveText(["hello", "from a form"]);
  await expect(ann.locator("#log .author").last()).toHaveText("~ann");
  await server.post(room, "later");
  await ann.getByRole("link", { name: "Reload" }).click();
  await expect(texts(ann)).toHaveText(["hello", "from a form", "later"]);
  await expect(texts(ann).last()).toBeInViewport();
});

test("two posts in a row are two messages, and lines stay lines", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann", plain);
  await say(ann, "one\ntwo");
  await expect(messages(ann)).toHaveCount(1);
  await say(ann, "one\ntwo");
  await expect(messages(ann)).toHaveCount(2);
  expect(await server.texts(room)).toEqual(["one\ntwo", "one\ntwo"]);
});

test("the form sent twice is one message", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann", plain);
  await say(ann, "one");
  await expect(messages(ann)).toHaveCount(1);
  const form = { text: "two", nick: "ann", return: "1", once: await ann.locator("[name=once]").inputValue() };
  const headers = { Origin: server.url };
  for (let twice = 0; twice < 2; twice++) {
    const answer = await ann.request.post(room.replace("/chat/", "/send/"), { form, headers, maxRedirects: 0 });
    expect(answer.status()).toBe(303);
  }
  expect(await server.texts(room)).toEqual(["one", "two"]);
});

test("older messages are a page away", async ({ server, person }) => {
  const room = await server.room();
  for (let number = 1; number <= 60; number++) await server.post(room, `message ${number}`);
  const ann = await person(room, "ann", plain);
  await expect(texts(ann).first()).toHaveText("message 11");
  await ann.getByRole("link", { name: "Earlier messages" }).click();
  await expect(messages(ann)).toHaveCount(10);
  await expect(texts(ann).last()).toHaveText("message 10");
  await ann.getByRole("link", { name: "Back to the newest messages" }).click();
  await expect(texts(ann).last()).toHaveText("message 60");
});

test("a refused form leads to a page that says why and the way back", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann", plain);
  await field(ann).fill("   ");
  await ann.getByRole("button", { name: "Send" }).click();
  await expect(ann.locator(".code")).toHaveText("400");
  await ann.getByRole("link", { name: "Back to the room" }).click();
  await expect(ann).toHaveURL(room);
});

test("an address that leads nowhere is a page that says so", async ({ server, person }) => {
  const ann = await person(`${server.url}/chat/${"0".repeat(32)}`, "", plain);
  await expect(ann.locator(".code")).toHaveText("404");
  await ann.getByRole("link", { name: "All rooms" }).click();
  await expect(ann.getByRole("heading", { name: "Open rooms" })).toBeVisible();
});
