// People with accounts: registering, logging in, what is theirs, and how it looks.
import AxeBuilder from "@axe-core/playwright";
import { connected, expect, logIn, messages, PASSWORD, register, say, test, texts } from "./parlor.mjs";

const phone = { viewport: { width: 390, height: 780 } };
const badge = (page, selector) => page.locator(`${selector} .badge`);

/** Somebody with a new account, at a page without a room. */
async function member(server, person, name, options) {
  const page = await person(server.url, "", options);
  await register(page, name);
  await expect(page.getByRole("heading", { name: "Open rooms" })).toBeVisible();
  return page;
}

/** Makes a group and adds people; answers the address of its room. */
async function group(page, server, name, ...members) {
  await page.goto(`${server.url}/rooms`);
  await page.getByLabel("Its name").fill(name);
  await page.getByRole("button", { name: "Make the group" }).click();
  await expect(page.getByRole("heading", { name: "1 member" })).toBeVisible();
  if (members.length === 0) return page.url().replace(/\/members.*/, "");
  await page.getByLabel("Their names").fill(members.join(", "));
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByRole("status")).toContainText("They belong to it now");
  return page.url().replace(/\/members.*/, "");
}

for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of [["desk", { width: 1200, height: 820 }], ["phone", phone.viewport]]) {
    test(`the pages are good to look at and to use: ${colorScheme}, ${size}`, async ({ server, person }, info) => {
      const ann = await person(server.url, "", { colorScheme, viewport });
      const look = async (name) => {
        await ann.screenshot({ path: info.outputPath(`${name}.png`), fullPage: true });
        const heavy = (await new AxeBuilder({ page: ann }).analyze()).violations.filter((one) => ["serious", "critical"].includes(one.impact));
        expect(heavy.map((one) => `${name}: ${one.help}: ${one.nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
        expect(await ann.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name).toBe(true);
      };
      await look("front");
      const ben = await member(server, person, "ben");
      await member(server, person, "carl");
      await ann.getByRole("link", { name: "Log in" }).click();
      await expect(ann.getByLabel("Name", { exact: true })).toBeFocused();
      await look("log-in");
      await logIn(ann, "ann", "wrong");
      await expect(ann.getByText("Wrong name or password.")).toBeVisible();
      await expect(ann.getByLabel("Password")).toBeFocused();
      await expect(ann.getByLabel("Password")).toHaveAccessibleDescription(/Wrong name or password/);
      await look("wrong");
      await ann.getByRole("link", { name: "Make an account" }).click();
      await look("register");
      await register(ann, "b en", "Ann of Åland");
      await expect(ann.getByLabel("Name to log in with")).toBeFocused();
      await expect(ann.getByLabel("Name that people see")).toHaveValue("Ann of Åland");
      await look("refused");
      await register(ann, "ann", "Ann of Åland");
      const garden = await group(ann, server, "garden", "ben", "carl");
      await look("members");
      await ann.getByRole("button", { name: "Make a link" }).click();
      await expect(ann.getByLabel("Send this to whom you want here")).toBeFocused();
      await look("link");
      await ben.goto(garden);
      await connected(ben);
      for (const text of ["Who waters the roses?", "I am away in July"]) await say(ben, text);
      await expect(messages(ben)).toHaveCount(2);
      await ben.goto(`${server.url}/rooms`);
      await ben.getByLabel("The name they log in with").fill("ann");
      await ben.getByRole("button", { name: "Write" }).click();
      await connected(ben);
      await say(ben, "Only for you: the key is under the pot");
      await expect(messages(ben)).toHaveCount(1);
      await ann.goto(`${server.url}/rooms`);
      await expect(ann.locator(".rooms .badge")).toHaveText(["1 new", "2 new"]);
      await look("rooms");
      await ann.goto(server.url);
      await look("front-of-hers");
      await ann.goto(garden);
      await connected(ann);
      await expect(ann.locator("#notice")).toContainText("ben wrote to you privately");
      await look("chat");
      if (size === "phone") {
        await ann.getByRole("button", { name: /here/ }).click();
        await expect(ann.getByRole("link", { name: "Your rooms" })).toBeVisible();
        await look("list");
      }
      await ann.goto(`${server.url}/account`);
      await look("account");
      await ann.goto(`${server.url}/chat/${"0".repeat(32)}`);
      await look("none");
    });
  }
}

test("who logs in at two browsers is one person, and a log-out elsewhere ends it there", async ({ server, person }) => {
  const room = await server.room("Tea", "1");
  const desk = await member(server, person, "ann");
  await desk.goto(room);
  await connected(desk);
  await expect(desk.getByLabel("Your name")).toHaveCount(0);
  await say(desk, "from the desk");
  const laptop = await person(`${server.url}/login`, "");
  await logIn(laptop, "ann");
  await laptop.goto(room);
  await connected(laptop);
  await say(laptop, "from the laptop");
  await expect(desk.locator("#log .author").last()).toHaveText("ann");
  await expect(texts(desk)).toHaveText(["from the desk", "from the laptop"]);
  await expect(desk.locator("#here-count")).toHaveText("1");
  await laptop.goto(`${server.url}/account`);
  await expect(laptop.locator(".sessions li")).toHaveCount(2);
  await laptop.getByRole("button", { name: /^Log out of/ }).click();
  await expect(laptop.getByRole("status")).toContainText("ended");
  // The page that hangs at the desk says so at once, sends nothing as somebody else, and leads back.
  await expect(desk.locator("#status")).toHaveAttribute("data-state", "gone");
  await expect(desk.locator("#status-text")).toContainText("You are logged out here");
  expect(await server.texts(room)).toEqual(["from the desk", "from the laptop"]);
  await desk.locator("#status").getByRole("link", { name: "Log in" }).click();
  await logIn(desk, "ann");
  await expect(desk).toHaveURL(room);
  await connected(desk);
  await say(desk, "back again");
  await expect(texts(desk).last()).toHaveText("back again");
  await expect(desk.locator("#log .author").last()).toHaveText("ann");
});

test("what is new is counted, and what was seen is not, at every browser", async ({ server, person }) => {
  const ann = await member(server, person, "ann");
  const ben = await member(server, person, "ben");
  const garden = await group(ann, server, "garden", "ben");
  const tea = await server.room("Tea", "1");
  await ann.goto(tea);
  await connected(ann);
  const phone = await person(`${server.url}/login`, "");
  await logIn(phone, "ann");
  await phone.goto(tea);
  await connected(phone);
  await ben.goto(garden);
  await connected(ben);
  for (const text of ["one", "two"]) await say(ben, text);
  await expect(badge(ann, "#rooms")).toHaveText("2 new");
  await expect(ann).toHaveTitle(/^\(2\) /);
  await expect(badge(phone, "#rooms")).toHaveText("2 new");
  await phone.getByRole("link", { name: /garden/ }).click();
  await connected(phone);
  await expect(texts(phone)).toHaveText(["one", "two"]);
  await expect(badge(ann, "#rooms")).toHaveCount(0);
  // What comes while it is in sight is seen, too.
  await say(ben, "three");
  await expect(texts(phone)).toHaveCount(3);
  await ann.goto(`${server.url}/rooms`);
  await expect.poll(async () => { await ann.reload(); return ann.locator(".rooms .badge").count(); }).toBe(0);
});

test("an invitation leads somebody new into a group", async ({ server, person }) => {
  const ann = await member(server, person, "ann");
  await member(server, person, "ben");
  const garden = await group(ann, server, "garden", "ben");
  await ann.getByRole("button", { name: "Make a link" }).click();
  const link = await ann.getByLabel("Send this to whom you want here").inputValue();
  const dora = await person(link, "");
  await expect(dora.getByRole("heading", { level: 1 })).toHaveText("garden");
  await dora.getByRole("main").getByRole("link", { name: "Make an account" }).click();
  await dora.getByLabel("Name to log in with").fill("dora");
  await dora.getByLabel("Password").fill(PASSWORD);
  await dora.getByRole("button", { name: "Make the account" }).click();
  await expect(dora).toHaveURL(link);
  await dora.getByRole("button", { name: "Come in" }).click();
  await expect(dora).toHaveURL(garden);
  await connected(dora);
  await say(dora, "thank you");
  await expect(texts(dora)).toHaveText(["thank you"]);
  // Removed, she is cut off while she looks at it.
  await ann.goto(`${garden}/members`);
  await ann.getByRole("button", { name: "Remove dora" }).click();
  await expect(dora.locator("#status")).toHaveAttribute("data-state", "gone");
});

test("what was written before is kept by who says so", async ({ server, person }) => {
  const room = await server.room();
  const ann = await person(room, "Ann");
  await connected(ann);
  await say(ann, "as a guest");
  await expect(messages(ann)).toHaveCount(1);
  await register(ann, "ann");
  await expect(ann.getByRole("heading", { level: 1 })).toHaveText("Was that you?");
  await expect(ann.getByRole("button", { name: "Yes, keep it" })).toBeFocused();
  await ann.keyboard.press("Enter");
  await expect(ann.getByRole("heading", { name: "Open rooms" })).toBeVisible();
});

test("long names and names in other scripts leave room for the conversation", async ({ server, person }) => {
  const ann = await member(server, person, "ann", phone);
  const long = [["wilma", "W".repeat(64)], ["xiaoming", "王小明".repeat(21)], ["dalia", "داليا محمد عبد الرحمن"], ["ben", "ben"]];
  const garden = await group(ann, server, "garden");
  await ann.goto(garden);
  await connected(ann);
  for (const [name, shown] of long) {
    const other = await person(server.url, "");
    await register(other, name, shown);
    await other.goto(`${server.url}/rooms`);
    await other.getByLabel("The name they log in with").fill("ann");
    await other.getByRole("button", { name: "Write" }).click();
    await connected(other);
    await expect(other.locator("#empty")).toContainText("ann reads it");
    await say(other, "psst");
    await expect(messages(other)).toHaveCount(1);
  }
  const notice = ann.locator("#notice a");
  await expect(notice).toContainText("and somebody else wrote to you privately");
  expect((await notice.boundingBox()).height).toBeLessThan(phone.viewport.height / 5);
  // Its members are a press further on a phone, where their names need the place.
  await ann.getByRole("button", { name: /here/ }).click();
  await ann.getByRole("link", { name: "Members" }).click();
  await expect(ann).toHaveURL(`${garden}/members`);
  await ann.goto(`${server.url}/rooms`);
  const left = await ann.locator(".rooms .subject").evaluateAll((subjects) => subjects.map((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return Math.round(range.getBoundingClientRect().left);
  }));
  expect(new Set(left).size, `${left}`).toBe(1);
});

test("without JavaScript all of it works, too", async ({ server, person }) => {
  const plain = { javaScriptEnabled: false, ...phone };
  const ann = await member(server, person, "ann", plain);
  await member(server, person, "ben", plain);
  const garden = await group(ann, server, "garden", "ben");
  await ann.goto(garden);
  await say(ann, "from a form");
  await expect(texts(ann)).toHaveText(["from a form"]);
  await expect(ann.locator("#log .author")).toHaveText("ann");
  const ben = await person(`${server.url}/login?next=/rooms`, "", plain);
  await logIn(ben, "ben");
  await expect(badge(ben, ".rooms")).toHaveText("1 new");
  await ben.getByRole("link", { name: /garden/ }).click();
  await expect(texts(ben)).toHaveText(["from a form"]);
  await ben.goto(`${server.url}/rooms`);
  await expect(badge(ben, ".rooms")).toHaveCount(0);
  await ben.goto(`${server.url}/account`);
  await ben.getByLabel("The name that people see").fill("Ben the Second");
  await ben.getByRole("button", { name: "Save the name" }).click();
  await expect(ben.getByRole("status")).toContainText("Your name is changed");
  await ben.getByRole("button", { name: "Log out", exact: true }).click();
  await expect(ben.getByRole("link", { name: "Log in" })).toBeVisible();
});
