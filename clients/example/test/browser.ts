// A browser for the tests, and pages whose faults fail the test.

import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";

/** The package's own copy of playwright-core. */
const required = createRequire(new URL("../../typescript/package.json", import.meta.url));

/** Starts the program of a browser. */
export function start(program: string): Promise<Browser> {
  const { chromium } = required("playwright-core") as typeof import("playwright-core");
  return chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
}

/** Runs a test in a profile of its own. A failure leaves a screenshot of every page in the folder for temporary files. */
export async function inProfile(browser: Browser, test: (profile: BrowserContext) => Promise<void>): Promise<void> {
  const profile = await browser.newContext();
  profile.setDefaultTimeout(15_000);
  const faults: Error[] = [];
  profile.on("weberror", (fault) => faults.push(fault.error()));
  try {
    await test(profile);
    if (faults[0]) throw faults[0];
  } catch (failure) {
    for (const page of profile.pages()) {
      const path = join(tmpdir(), `bakend-example-${randomUUID()}.png`);
      await page.screenshot({ path });
      console.log(`A screenshot: ${path}`);
    }
    throw failure;
  } finally {
    await profile.close();
  }
}

/** The password of every account here. */
export const PASSWORD = "correct horse 7";

/** Opens the app and signs up; the result is the page and the address of the account. */
export async function signUp(profile: BrowserContext, app: string): Promise<{ page: Page; email: string }> {
  const email = `ada-${randomUUID()}@example.com`;
  const page = await profile.newPage();
  await page.goto(app);
  await page.getByRole("button", { name: "Sign up instead" }).click();
  await page.getByLabel("Name").fill("Ada");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign up", exact: true }).click();
  await page.getByRole("heading", { name: "Tasks" }).waitFor();
  return { page, email };
}

/** Fills the package's form of a sign-in, and sends it. */
export async function signIn(page: Page, email: string): Promise<void> {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
}

/** Adds a task by the form, and waits until it is in the list. */
export async function addTask(page: Page, title: string): Promise<void> {
  await page.getByLabel("Title").fill(title);
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("button", { name: `Edit ${title}`, exact: true }).waitFor();
}

/** Waits until the list shows exactly these titles, in this order. */
export async function showsTasks(page: Page, titles: string[]): Promise<void> {
  const wanted = titles.join("\n");
  await page.waitForFunction(
    (wanted) => [...document.querySelectorAll(".rows li label")].map((it) => it.textContent?.trim()).join("\n") === wanted,
    wanted,
  );
}
