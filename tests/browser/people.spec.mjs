// Who is here, and private messages: live, and without JavaScript.
import AxeBuilder from "@axe-core/playwright";
import { createHash } from "node:crypto";
import { connected, expect, messages, say, test, texts } from "./parlor.mjs";

const people = (page) => page.locator("#people .name");
const opener = (page) => page.getByRole("button", { name: /here/ });
const phone = { viewport: { width: 390, height: 780 } };

/** Says something, so that others know the name. */
async function named(person, room, name, options) {
  const page = await person(room, name, options);
  await connected(page);
  await say(page, `I am ${name}`);
  await expect(texts(page).filter({ hasText: `I am ${name}` })).toHaveCount(1);
  return page;
}

for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of [["desk", { width: 1200, height: 820 }], ["phone", phone.viewport]]) {
    test(`the list is good to look at and to hear: ${colorScheme}, ${size}`, async ({ server, person }, info) => {
      const room = await server.room("Friday dinner", "1");
      const ann = await named(person, room, "ann", { colorScheme, viewport });
      const ben = await named(person, room, "Ben with a name that is rather long");
      await named(person, room, "דנה");
      await expect(people(ann)).toHaveCount(3);
      const look = async (name) => {
        await ann.screenshot({ path: info.outputPath(`${name}.png`) });
        const heavy = (await new AxeBuilder({ page: ann }).analyze()).violations.filter((one) => ["serious", "critical"].includes(one.impact));
        expect(heavy.map((one) => `${name}: ${one.help}: ${one.nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
        expect(await ann.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name).toBe(true);
      };
      await look("chat");
      if (size === "phone") {
        await opener(ann).click();
        await expect(people(ann).first()).toBeVisible();
        await look("list");
        await ann.keyboard.press("Escape");
        await expect(opener(ann)).toBeFocused();
      }
      await ben.getByRole("button", { name: "~ann" }).click();
      await expect(ben.getByRole("heading", { level: 1 })).toHaveText("~ann");
      await say(ben, "Shall I bring the good wine?");
      await expect(ann.locator("#notice")).toContainText("wrote to you privately");
      await look("notice");
      if (size === "phone") await opener(ann).click();
      await expect(ann.locator("#letters")).toContainText("1 new");
      await look("letters");
      await ann.locator("#letters a").click();
      await connected(ann);
      await expect(texts(ann)).toHaveText(["Shall I bring the good wine?"]);
      await look("private");
    });
  }
}

test("people come and go", async ({ server, person }) => {
  const room = await server.room();
  const ann = await named(person, room, "ann");
  await expect(people(ann)).toHaveText(["~ann"]);
  const ben = await person(room, "Ben");
  await connected(ben);
  // Without a word nobody has a name, but a number.
  await expect(people(ann)).toHaveText(["~ann", /^~guest-\d+$/]);
  await say(ben, "hello");
  await expect(people(ann)).toHaveText(["~ann", "~Ben"]);
  await expect(people(ben)).toHaveText(["~Ben", "~ann"]);
  await expect(ann.locator("#here-count")).toHaveText("2");
  await ben.context().close();
  await expect(people(ann)).toHaveText(["~ann"]);
});

test("who comes is announced once, who leaves is not, and a crowd is not announced", async ({ server, person }) => {
  const room = await server.room();
  const ann = await named(person, room, "ann");
  await expect(people(ann)).toHaveText(["~ann"]);
  await ann.evaluate(() => {
    globalThis.said = [];
    const place = document.getElementById("announce");
    new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true, characterData: true, subtree: true });
  });
  const guests = [];
  for (let one = 0; one < 2; one++) guests.push(await person(room, ""));
  await expect.poll(() => ann.evaluate(() => said.join(" and "))).toMatch(/~guest-\d+.* came in/);
  for (const page of guests) await page.context().close();
  await expect(people(ann)).toHaveText(["~ann"]);
  expect(await ann.evaluate(() => said.every((text) => text.endsWith("came in")))).toBe(true);
  const told = await ann.evaluate(() => said.length);
  expect(told).toBeLessThanOrEqual(2);
  // Nine at once, without a browser: each waits for the next message with a cookie of its own.
  const crowd = await Promise.all(Array.from({ length: 9 }, async () => {
    const page = await fetch(room);
    const Cookie = page.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
    return { answer: fetch(`${room.replace("/chat/", "/msg/")}/2`, { headers: { Cookie } }) };
  }));
  await expect(ann.locator("#here-count")).toHaveText("10");
  await say(ann, "so many");
  for (const { answer } of crowd) expect(await (await answer).text()).toContain("so many");
  await expect(messages(ann)).toHaveCount(2);
  expect(await ann.evaluate(() => said.length)).toBe(told);
});

test("two people talk privately, and what is read is not new", async ({ server, person }) => {
  const room = await server.room();
  const ann = await named(person, room, "ann");
  const ben = await named(person, room, "Ben");
  await ann.getByRole("button", { name: "~Ben write privately" }).click();
  await connected(ann);
  const together = ann.url();
  expect(together).not.toBe(room);
  await say(ann, "only for you");
  await say(ann, "and a second line");
  await expect(ben.locator("#letters")).toContainText("2 new");
  await expect(ben).toHaveTitle(/^\(\d+\) /);
  await ben.getByRole("link", { name: "~ann wrote to you privately" }).click();
  await expect(ben).toHaveURL(together);
  await expect(texts(ben)).toHaveText(["only for you", "and a second line"]);
  await say(ben, "I see");
  await expect(texts(ann).last()).toHaveText("I see");
  await ben.goto(room);
  await expect(ben.locator("#letters")).toContainText("~ann");
  await connected(ben);
  await expect(ben.locator("#letters .badge")).toHaveCount(0);
  await expect(ben.locator("#notice")).toBeHidden();
  // Nobody else finds that room.
  const carl = await person(together, "");
  await expect(carl.getByRole("heading", { level: 1 })).toHaveText("Not Found");
});

test("without JavaScript the list is there, too", async ({ server, person }) => {
  const room = await server.room();
  await named(person, room, "ann");
  const ben = await person(room, "", { javaScriptEnabled: false, ...phone });
  await expect(people(ben).last()).toBeHidden();
  await ben.getByRole("link", { name: "2 here" }).click();
  await expect(people(ben)).toHaveText([/^~guest-\d+$/, "~ann"]);
  await ben.getByRole("link", { name: "Close the list" }).click();
  await expect(people(ben).last()).toBeHidden();
  await ben.getByRole("link", { name: "2 here" }).click();
  await ben.getByRole("button", { name: "~ann write privately" }).click();
  await expect(ben.getByRole("heading", { level: 1 })).toHaveText("~ann");
  await say(ben, "from a form");
  await expect(texts(ben)).toHaveText(["from a form"]);
});

test("a list that is redrawn keeps the focus", async ({ server, person }) => {
  const room = await server.room();
  const ann = await named(person, room, "ann");
  await named(person, room, "Ben");
  const button = ann.getByRole("button", { name: "~Ben write privately" });
  await button.focus();
  await named(person, room, "Aaron");
  await expect(people(ann)).toHaveText(["~ann", "~Aaron", "~Ben"]);
  await expect(button).toBeFocused();
});

test("a room asks its question", async ({ server, person }, info) => {
  const maker = await person(server.url, "");
  const hash = createHash("sha256").update("Mary").digest("hex");
  await maker.evaluate(async ([command]) => {
    const socket = globalThis.socket = new WebSocket(`${location.origin.replace("http", "ws")}/websocket`);
    await new Promise((resolve) => { socket.onopen = resolve; });
    socket.send(command);
    await new Promise((resolve) => { socket.onmessage = ({ data }) => { if (data.startsWith("chatroomcreated")) resolve(); }; });
  }, [`addchatroom(1,6,Garden17,Who has the key?!64,${hash}0,)`]);
  const ann = await person(server.url, "");
  await ann.getByRole("link", { name: /Garden/ }).click();
  await expect(ann.getByLabel("Who has the key?!")).toBeFocused();
  await ann.screenshot({ path: info.outputPath("question.png") });
  await ann.keyboard.type("Colin");
  await ann.keyboard.press("Enter");
  await expect(ann.getByRole("alert")).toContainText("not the answer");
  await ann.screenshot({ path: info.outputPath("wrong.png") });
  await ann.getByLabel("Who has the key?!").fill("Mary");
  await ann.getByRole("button", { name: "Come in" }).click();
  await connected(ann);
  await say(ann, "I found it");
  await expect(texts(ann)).toHaveText(["I found it"]);
});
