// The page that tries the WebSocket commands, which is an example of a client of that door, too.
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./parlor.mjs";

const open = async (server, page) => {
  await page.goto(`${server.url}/websocket-example`);
  await expect(page.locator("#state")).toHaveText("connected");
};

/** Chooses a command, fills in what is given, and sends it. */
const give = async (page, command, fields) => {
  await page.getByLabel("Command", { exact: true }).selectOption(command);
  for (const [name, value] of Object.entries(fields)) await page.locator(`#parameters [name=${name}]`).fill(value);
  await page.getByRole("button", { name: "Send", exact: true }).click();
};

test("commands are built, sent and answered", async ({ server, browser }) => {
  const [ann, bob] = [await browser.newPage(), await browser.newPage()];
  await open(server, ann);
  await open(server, bob);
  await give(ann, "addchatroom", { room_name: "cooks" });
  await expect(ann.locator("#log .got").last()).toHaveText("chatroomcreated(1,2,5,cooks9,1)");
  await expect(bob.locator("#log .got").last()).toHaveText("chatroomcreated(1,2,5,cooks8,1)");
  await give(bob, "joinchatroom", { chatroomid: "2" });
  await expect(bob.locator("#log .got").last()).toHaveText(/^userjoinedchatroom\(1,2,\d+,0,0,2\)$/);
  // The room that one is in is filled in already, and lengths are counted as browsers do.
  await give(bob, "send", { message: "héllo 👍" });
  for (const page of [ann, bob]) {
    await expect(page.locator("#log .got").last()).toHaveText(/^chat\(2,2,\d+,0,8,héllo 👍\)$/);
  }
  await ann.close();
  await expect(bob.locator("#log .got").last()).toHaveText(/^userleftchatroom\(0,2,\d+,0,0,1\)$/);
  await bob.close();
});

test("a line typed by hand goes out as it is, and its error comes back", async ({ server, page }) => {
  await open(server, page);
  await page.getByLabel("Or type it yourself").fill("nonsense(7)");
  await page.getByRole("button", { name: "Send as typed" }).click();
  await expect(page.locator("#log .got").last()).toHaveText(/^error\(\d+,there is no command nonsense7\)$/);
});

for (const colorScheme of ["light", "dark"]) {
  test(`it has nothing that a tool for accessibility objects to (${colorScheme})`, async ({ server, browser }) => {
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    await open(server, page);
    await give(page, "getchatroomlist", {});
    await expect(page.locator("#log .got").last()).toHaveText(/^chatroomlist/);
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    await context.close();
  });
}
