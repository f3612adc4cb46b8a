// Whatever people write is shown as what they wrote.
import { connected, expect, messages, say, test, texts } from "./parlor.mjs";

const corpus = [
  "<img src=x onerror=\"document.title='broken'\">",
  "</p></article></template></script><script>document.title='broken'</script>",
  "\"'><svg onload=alert(1)> &amp; &lt; &#0; ${1} {{ 7*7 }}",
  "שלום עולם, this is mixed \u202Egnirts\u202C text",
  "👩‍👩‍👧‍👦 🏳️‍🌈 é̂́ ﷽ \u{1F9DB}\u{1F3FF}",
  "  leading,\n\n\ttab and trailing  ",
  "javascript:alert(1) https://example.org/?a=1&b=2",
  "x".repeat(4096),
  "日".repeat(1365) + "!",
];

test("hostile text is text, live and after a reload", async ({ server, person }) => {
  const room = await server.room("</title><script>document.title='broken'</script>");
  const [ann, bob] = [await person(room, "<b onclick=x>\"'"), await person(room, "bob")];
  for (const text of corpus) await say(ann, text);
  for (const page of [ann, bob]) await expect(messages(page)).toHaveCount(corpus.length);
  expect(await texts(bob).evaluateAll((rows) => rows.map((row) => row.textContent))).toEqual(corpus);
  await bob.reload();
  await connected(bob);
  expect(await texts(bob).evaluateAll((rows) => rows.map((row) => row.textContent))).toEqual(corpus);
  await expect(bob.locator("#log .author").first()).toHaveText("~<b onclick=x>\"'");
  await expect(bob).toHaveTitle("</title><script>document.title='broken'</script> · parlor");
  expect(await bob.locator("#log").locator("img, script, svg, b").count()).toBe(0);
  // The widest of them does not push the page sideways.
  expect(await bob.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test("right-to-left text is set from the right", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "נועם");
  await say(ann, "שלום");
  await say(ann, "hello");
  await expect(messages(ann)).toHaveCount(2);
  const direction = (at) => texts(ann).nth(at).evaluate((text) => getComputedStyle(text).direction);
  expect([await direction(0), await direction(1)]).toEqual(["rtl", "ltr"]);
});

test("one byte too many is said before it is sent", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "ann");
  await say(ann, "y".repeat(4097));
  await expect(ann.locator("#count")).toHaveText("1 byte too long");
  await say(ann, "short");
  await expect(texts(ann)).toHaveText(["short"]);
  expect(await server.texts(room)).toEqual(["short"]);
});
