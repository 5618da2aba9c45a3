// The refresh token in a cookie, with the page on another origin of the API's site.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { allWork, later, me, pause, signedIn, signIn, stay, user } from "./pages.ts";
import type { PageOptions, Stage } from "./stage.ts";
import { rounds } from "./stage.ts";

/** The names and values of the API's cookies. */
const cookies = async (context: BrowserContext): Promise<string[]> =>
  (await context.cookies()).map(({ name, value }) => `${name}=${value}`);

/** Registers the tests. */
export function cookie(stage: () => Stage): void {
  const options: PageOptions = { storage: "cookie" };

  test("tabs of a second origin refresh by cookie, and no script sees a token", async () => {
    const context = await stage().fresh();
    const person = await stage().person();
    const pages: Page[] = [];
    for (let at = 0; at < 3; at += 1) pages.push(await stage().page(context, options, 1));
    await signIn(pages[0]!, person);
    for (const page of pages) await page.waitForFunction(() => window.bk.auth.user !== null);
    for (let round = 0; round < rounds(20); round += 1) {
      await later(pages);
      await allWork(pages);
      await stay(pages, person);
    }
    const kept = await cookies(context);
    strictEqual(kept.length, 1);
    const token = kept[0]!.split("=")[1]!;
    ok(token.length > 20);
    const seen = await pages[0]!.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie);
    ok(!seen.includes(token) && !seen.includes("accessToken"), seen);
    await context.close();
  });

  test("a reload costs one refresh", async () => {
    const context = await stage().fresh();
    const { pages, person } = await signedIn(stage(), context, 1, options);
    for (let round = 0; round < rounds(20); round += 1) {
      const before = stage().gate.refreshes;
      await pages[0]!.reload();
      await pages[0]!.waitForFunction(() => "bk" in window);
      strictEqual(await user(pages[0]!), person.email);
      await Promise.all([me(pages[0]!), me(pages[0]!)]);
      strictEqual(stage().gate.refreshes - before, 1);
      await stay(pages, person);
    }
    await context.close();
  });

  for (const locks of [undefined, "off"] as const) {
    test(`three tabs with replies of 3.6 s stay, ${locks ? "without" : "with"} locks`, async () => {
      const context = await stage().fresh();
      const mode: PageOptions = locks ? { ...options, locks } : options;
      const { pages, person } = await signedIn(stage(), context, 3, mode);
      for (let round = 0; round < rounds(10); round += 1) {
        await later(pages);
        stage().gate.fate = ({ path }) => (path === "/api/auth/refresh" ? { down: 3600 } : {});
        const asked = [];
        for (const page of pages) {
          asked.push(me(page));
          await pause(200);
        }
        await pause(2700);
        // The next pair is made while late replies are under way.
        stage().gate.fate = () => ({});
        const opened = await stage().page(context, mode);
        asked.push(me(opened));
        deepStrictEqual(await Promise.all(asked), ["ok", "ok", "ok", "ok"]);
        await pause(500);
        await later([...pages, opened]);
        await allWork([...pages, opened]);
        await stay([...pages, opened], person);
        await opened.close();
      }
      await context.close();
    });
  }

  for (const cut of ["before", "after"] as const) {
    test(`a reply with a cookie that is cut ${cut} the API's write costs nothing`, async () => {
      const context = await stage().fresh();
      const { pages, person } = await signedIn(stage(), context, 2, options);
      for (let round = 0; round < rounds(20); round += 1) {
        await later(pages);
        let cuts = 1 + (round % 3);
        stage().gate.fate = ({ path }) => (path === "/api/auth/refresh" && cuts-- > 0 ? { cut } : {});
        await Promise.all(pages.map(me));
        stage().gate.fate = () => ({});
        await allWork(pages);
        await stay(pages, person);
      }
      await context.close();
    });
  }

  test("another user who signs in takes the place in all tabs", async () => {
    const context = await stage().fresh();
    const { pages } = await signedIn(stage(), context, 3, options);
    const other = await stage().person();
    await signIn(pages[1]!, other);
    for (const page of pages) await page.waitForFunction((email) => window.bk.auth.user?.email === email, other.email);
    await later(pages);
    await allWork(pages);
    for (const page of pages) strictEqual(await user(page), other.email);
    await context.close();
  });
}
