// Everybody can use it: keyboard, input methods, screen readers, dark rooms and small screens.
import AxeBuilder from "@axe-core/playwright";
import { connected, expect, field, messages, say, test, texts } from "./parlor.mjs";

for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of [["desk", { width: 1200, height: 820 }], ["phone", { width: 390, height: 780 }]]) {
    test(`nothing stands in anybody's way: ${colorScheme}, ${size}`, async ({ server, person }, info) => {
      const room = await server.room("Friday dinner", "1");
      for (const text of ["Who is coming?", "Me, and I bring bread", "אני אביא קינוח"]) await server.post(room, text);
      const ann = await person(server.url, "", { colorScheme, viewport });
      const look = async (name) => {
        await ann.screenshot({ path: info.outputPath(`${name}.png`) });
        const found = (await new AxeBuilder({ page: ann }).analyze()).violations;
        const heavy = found.filter((one) => ["serious", "critical"].includes(one.impact));
        expect(heavy.map((one) => `${name}: ${one.help}: ${one.nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
        expect(await ann.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name).toBe(true);
      };
      await look("index");
      await ann.goto(room);
      await connected(ann);
      await ann.getByLabel("Your name").fill("ann");
      await say(ann, "Lovely. See you all then!");
      await expect(messages(ann)).toHaveCount(4);
      await look("chat");
      await ann.getByText("Share", { exact: true }).click();
      await look("share");
      await ann.keyboard.press("Escape");
      await say(ann, String.fromCharCode(7));
      await expect(ann.getByRole("alert")).toBeVisible();
      await look("refused");
      await server.kill();
      await expect(ann.locator("#status")).toHaveAttribute("data-state", "lost");
      await look("lost");
      await server.up();
      await ann.goto(`${server.url}/chat/${"0".repeat(32)}`);
      await look("error");
    });
  }
}

test("the keyboard is enough", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "");
  await connected(ann);
  await ann.keyboard.press("Tab");
  await expect(ann.getByRole("link", { name: "Skip to your message" })).toBeFocused();
  const stops = [];
  for (let tab = 0; tab < 12 && !(await field(ann).evaluate((one) => one === document.activeElement)); tab++) {
    await ann.keyboard.press("Tab");
    stops.push(await ann.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id));
    const outline = await ann.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    expect(outline, stops.at(-1)).not.toBe("none");
  }
  expect(stops.at(-1)).toBe("text");
  await ann.keyboard.type("typed");
  await ann.keyboard.press("Shift+Enter");
  await ann.keyboard.type("in two lines");
  await ann.keyboard.press("Enter");
  await expect(texts(ann)).toHaveText([/^typed\nin two lines$/]);
  await expect(field(ann)).toBeFocused();
  await expect(field(ann)).toHaveValue("");
});

test("the first tab stop leads to the field, and typing while reading does too", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "");
  await connected(ann);
  await ann.keyboard.press("Tab");
  await ann.keyboard.press("Enter");
  await expect(field(ann)).toBeFocused();
  await ann.locator("#scroller").focus();
  await ann.keyboard.type("hi");
  await expect(field(ann)).toHaveValue("hi");
});

test("the Enter that ends a composition sends nothing", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "");
  await connected(ann);
  await field(ann).focus();
  const input = await ann.context().newCDPSession(ann);
  const enter = (code) => input.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Enter", code: "Enter", windowsVirtualKeyCode: code });
  await input.send("Input.imeSetComposition", { text: "にほん", selectionStart: 3, selectionEnd: 3 });
  await enter(13); // Chromium and Firefox: the composition is still going on.
  await input.send("Input.insertText", { text: "日本" });
  await enter(229); // Safari: it has just ended, and only the code tells.
  await expect(field(ann)).toHaveValue("日本");
  await ann.keyboard.press("Enter");
  await expect(texts(ann)).toHaveText(["日本"]);
  expect(await server.texts(room)).toEqual(["日本"]);
});

test("on a touch screen Enter is a new line and the button sends", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "", { hasTouch: true, isMobile: true, viewport: { width: 390, height: 780 } });
  await connected(ann);
  await field(ann).tap();
  await ann.keyboard.type("one");
  await ann.keyboard.press("Enter");
  await ann.keyboard.type("two");
  await ann.getByRole("button", { name: "Send" }).tap();
  await expect(texts(ann)).toHaveText([/^one\ntwo$/]);
});

test("a message is read aloud as author, text, time", async ({ server, person }) => {
  const room = await server.room();
  await server.post(room, "hello");
  const ann = await person(room, "");
  await connected(ann);
  await expect(ann.getByRole("log", { name: "Messages" })).toHaveAttribute("aria-live", "polite");
  const words = await messages(ann).first().locator("p").evaluateAll((parts) => parts.map((part) => part.className));
  expect(words).toEqual(["author", "text", "meta"]);
});

test("the connection is announced when it changes, not every second", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "");
  await connected(ann);
  await ann.evaluate(() => {
    const record = (id) => {
      const texts = [];
      const changed = () => texts.push(document.getElementById(id).textContent);
      new MutationObserver(changed).observe(document.getElementById(id), { childList: true, characterData: true, subtree: true });
      return texts;
    };
    Object.assign(globalThis, { said: record("announce"), shown: record("status-text") });
  });
  await server.kill();
  const countdown = () => ann.evaluate(() => new Set(shown.filter((text) => text.startsWith("Reconnecting"))).size);
  await expect.poll(countdown).toBeGreaterThanOrEqual(4);
  await server.up();
  await ann.getByRole("button", { name: "Retry now" }).click();
  await connected(ann);
  expect(await ann.evaluate(() => said)).toEqual(["Connection lost, reconnecting", "Connected"]);
});
