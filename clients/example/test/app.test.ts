// The app in a browser, against a stack that runs this project. BAKEND_URL is the address of its API, BAKEND_BROWSER the
// program of a Chromium.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";

import { createClient } from "../../typescript/src/index.ts";
import type { Collections } from "../src/bakend.ts";
import { PASSWORD, addTask, inProfile, showsTasks, signIn, signUp, start } from "./browser.ts";
import { serve } from "./server.ts";

const { BAKEND_URL: API = "", BAKEND_BROWSER: BROWSER = "" } = process.env;

if (API === "" || BROWSER === "") {
  console.log("skipped: BAKEND_URL names no stack of this project, or BAKEND_BROWSER no Chromium");
} else {
  let browser: Browser;
  let app: Awaited<ReturnType<typeof serve>>;
  before(async () => {
    app = await serve(API);
    browser = await start(BROWSER);
  });
  after(async () => {
    await browser?.close();
    app?.stop();
  });

  test("ten tasks are added, filtered, ordered and paged", () =>
    inProfile(browser, async (profile) => {
      const { page } = await signUp(profile, app.url);
      const titles = Array.from({ length: 10 }, (_, at) => `Task ${at}${at % 2 ? " of paper" : ""}`);
      for (const title of titles) await addTask(page, title);
      const newest = titles.toReversed();
      await showsTasks(page, newest.slice(0, 5));
      await page.getByText("5 shown, there are more").waitFor();
      await page.getByRole("button", { name: "Show more" }).click();
      await showsTasks(page, newest);
      assert.equal(await page.getByRole("button", { name: "Show more" }).count(), 0);

      await page.getByLabel("Order").selectOption("By title");
      await showsTasks(page, titles.slice(0, 5));
      await page.getByLabel("Search").fill("PAPER");
      const paper = titles.filter((title) => title.endsWith("paper"));
      await showsTasks(page, paper);
      await page.getByRole("checkbox", { name: "Task 3 of paper" }).click();
      // It is checked when the API has it: the next list is asked for afterwards.
      await page.getByRole("checkbox", { name: "Task 3 of paper", checked: true }).waitFor();
      await page.getByLabel("State").selectOption("Done");
      await showsTasks(page, ["Task 3 of paper"]);
      await page.getByLabel("State").selectOption("Open");
      await showsTasks(page, paper.filter((title) => title !== "Task 3 of paper"));
      await page.getByLabel("Search").fill("");
      await page.getByLabel("State").selectOption("All");
      await showsTasks(page, titles.slice(0, 5));
    }));

  test("a search is sent once the typing rests", () =>
    inProfile(browser, async (profile) => {
      const { page } = await signUp(profile, app.url);
      await addTask(page, "Buy paper");
      let searches = 0;
      page.on("request", (request) => {
        if (request.method() === "GET" && request.url().includes("search=")) searches += 1;
      });
      const found = page.waitForResponse((reply) => reply.url().includes("search=paper") && reply.request().method() === "GET");
      await page.getByLabel("Search").pressSequentially("paper", { delay: 20 });
      await found;
      await showsTasks(page, ["Buy paper"]);
      // A slow machine may pause between two letters, and is not slow between all of them.
      assert.ok(searches < "paper".length, `${searches} requests`);
    }));

  test("of two versions the user keeps one", () =>
    inProfile(browser, async (profile) => {
      const { page, email } = await signUp(profile, app.url);
      await addTask(page, "Draft");
      const second = createClient<Collections>(API, { storage: "memory" });
      await second.auth.login(email, PASSWORD);
      const tasks = second.collection("tasks");
      const id = (await tasks.list()).items[0]?.id ?? "";

      const edit = async (mine: string, theirs: string, choice: string) => {
        await page.getByRole("button", { name: /^Edit / }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByLabel("Title").fill(mine);
        await tasks.update(id, { title: theirs });
        await dialog.getByRole("button", { name: "Save" }).click();
        const row = dialog.getByRole("row", { name: "Title" });
        await row.waitFor();
        assert.deepEqual(await row.getByRole("cell").allTextContents(), [mine, theirs]);
        // The other version stands until the user has chosen.
        assert.equal((await tasks.get(id)).title, theirs);
        await dialog.getByRole("button", { name: choice }).click();
        await dialog.waitFor({ state: "hidden" });
      };
      await edit("By me", "By another", "Keep mine");
      await showsTasks(page, ["By me"]);
      assert.equal((await tasks.get(id)).title, "By me");
      await edit("By me again", "By another again", "Keep the other");
      await showsTasks(page, ["By another again"]);
      assert.equal((await tasks.get(id)).title, "By another again");

      // Without another writer nothing is asked.
      await page.getByRole("button", { name: /^Edit / }).click();
      await page.getByRole("dialog").getByLabel("Title").fill("Alone");
      await page.keyboard.press("Enter");
      await showsTasks(page, ["Alone"]);
    }));

  test("a name that is changed is there after a reload", () =>
    inProfile(browser, async (profile) => {
      const { page, email } = await signUp(profile, app.url);
      await page.getByRole("link", { name: "Profile" }).click();
      assert.equal(await page.getByLabel("Name").inputValue(), "Ada");
      await page.getByLabel("Name").fill("Ada L.");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Saved.").waitFor();
      await page.reload();
      await page.getByText(email).waitFor();
      assert.equal(await page.getByLabel("Name").inputValue(), "Ada L.");
    }));

  test("another session is shown, and ended", () =>
    inProfile(browser, async (profile) => {
      const { page, email } = await signUp(profile, app.url);
      const second = createClient(API, { storage: "memory" });
      await second.auth.login(email, PASSWORD);
      await page.getByRole("link", { name: "Sessions" }).click();
      const rows = page.getByRole("list", { name: "Sessions" }).getByRole("listitem");
      await page.getByText("2 shown").waitFor();
      assert.equal(await rows.filter({ hasText: "This session" }).count(), 1);
      await rows.getByRole("button").click();
      await page.getByText("1 shown").waitFor();
      await assert.rejects(second.auth.me(), { code: "auth/session-revoked" });
      assert.equal(second.auth.user, null);
      // This one goes on.
      await page.getByRole("link", { name: "Tasks" }).click();
      await page.getByText("0 shown").waitFor();
    }));

  test("a sign-out in one tab is seen in the other", () =>
    inProfile(browser, async (profile) => {
      const { page, email } = await signUp(profile, app.url);
      const other = await profile.newPage();
      await other.goto(app.url);
      await other.getByRole("heading", { name: "Tasks" }).waitFor();
      await page.getByRole("button", { name: "Sign out" }).click();
      await other.getByRole("heading", { name: "Sign in" }).waitFor();
      // And so is a sign-in.
      await signIn(page, email);
      await other.getByRole("heading", { name: "Tasks" }).waitFor();
    }));

  test("a wrong password is told, and so is a missing connection", () =>
    inProfile(browser, async (profile) => {
      const { page, email } = await signUp(profile, app.url);
      await addTask(page, "Kept");
      await profile.setOffline(true);
      await page.getByText("You are offline.").waitFor();
      await page.getByRole("checkbox", { name: "Kept" }).click();
      await page.getByRole("alert").filter({ hasText: "cannot be reached" }).waitFor();
      await profile.setOffline(false);
      await page.getByText("You are offline.").waitFor({ state: "hidden" });
      await page.getByRole("checkbox", { name: "Kept" }).click();
      await page.getByRole("checkbox", { name: "Kept", checked: true }).waitFor();

      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Email").fill(email);
      await page.getByLabel("Password").fill("not the password");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").filter({ hasText: /\S/ }).waitFor();
    }));

  test("a sign-in asks for the second factor", () =>
    inProfile(browser, async (profile) => {
      const { page, email } = await signUp(profile, app.url);
      await page.getByRole("link", { name: "Profile" }).click();
      await page.getByRole("button", { name: "Switch on" }).click();
      const form = page.getByRole("form", { name: "Confirm" });
      const secret = (await form.locator("code").textContent()) ?? "";
      // A code works once, so the sign-in needs a later one.
      await form.getByLabel("Code").fill(code(secret, 0));
      await form.getByRole("button", { name: "Confirm" }).click();
      await page.getByRole("form", { name: "Switch off" }).waitFor();
      assert.equal(await page.getByRole("status").locator("code").count(), 10);

      await page.getByRole("button", { name: "Sign out" }).click();
      await signIn(page, email);
      await page.getByLabel(/code/i).first().fill(code(secret, 1));
      await page.keyboard.press("Enter");
      await page.getByText(email).waitFor();
    }));
}

/** The code of an authenticator app (RFC 6238), `steps` of 30 seconds from now. */
function code(secret: string, steps: number): string {
  const bits = [...secret].map((one) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(one).toString(2).padStart(5, "0"));
  const bytes = bits.join("").match(/.{8}/g) ?? [];
  const moment = Buffer.alloc(8);
  moment.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const tag = createHmac("sha1", Buffer.from(bytes.map((one) => parseInt(one, 2)))).update(moment).digest();
  const at = (tag.at(-1) ?? 0) & 15;
  return String((tag.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
