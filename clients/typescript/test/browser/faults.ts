// Storages that fail, clocks that are wrong, networks that go or lie; and everything at random.

import { ok, strictEqual } from "node:assert";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { allWork, later, me, pause, signedIn, signIn, stale, stay, user } from "./pages.ts";
import type { Stage } from "./stage.ts";
import { isFull, rounds } from "./stage.ts";

/** Makes the storages of a page fail from now on, or work again. */
const break_ = (page: Page, isBroken: boolean): Promise<void> =>
  page.evaluate((isBroken) => {
    const proto = Storage.prototype as unknown as { setItem: unknown; real?: unknown };
    proto.real ??= proto.setItem;
    const full = (): never => {
      throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
    };
    proto.setItem = isBroken ? full : proto.real;
  }, isBroken);

/** Registers the tests. */
export function faults(stage: () => Stage): void {
  test("a storage that is full keeps the session, and has it again later", async () => {
    const context = await stage().fresh();
    const { pages, person } = await signedIn(stage(), context, 1);
    let [page] = pages;
    for (let round = 0; round < rounds(20); round += 1) {
      await break_(page!, true);
      for (let turn = 0; turn < 2; turn += 1) {
        await later([page!]);
        await allWork([page!]);
      }
      await break_(page!, false);
      await later([page!]);
      await allWork([page!]);
      await stay([page!], person);
    }
    await page!.close();
    page = await stage().page(context);
    await allWork([page]);
    await stay([page], person);
    await context.close();
  });

  test("a storage that is forbidden is replaced by memory", async () => {
    const context = await stage().fresh();
    await context.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, {
          get: () => {
            throw new DOMException("Access is denied for this document.", "SecurityError");
          },
        });
      }
    });
    const person = await stage().person();
    const page = await stage().page(context);
    await signIn(page, person);
    for (let round = 0; round < rounds(20); round += 1) {
      await later([page]);
      await allWork([page]);
      await stay([page], person);
    }
    await page.evaluate(() => window.bk.auth.logout());
    strictEqual(await user(page), null);
    await context.close();
  });

  test("a storage that is cleared signs out everywhere, and a new sign-in is known everywhere", async () => {
    const context = await stage().fresh();
    const { pages, person } = await signedIn(stage(), context, 3);
    await pages[0]!.evaluate(() => localStorage.clear());
    for (const page of pages.slice(1)) await page.waitForFunction(() => window.bk.auth.user === null);
    strictEqual(await pages[0]!.evaluate(() => window.bk.auth.token()), null);
    strictEqual(await user(pages[0]!), null);
    await signIn(pages[1]!, person);
    for (const page of pages) await page.waitForFunction(() => window.bk.auth.user !== null);
    await allWork(pages);
    await context.close();
  });

  test("a clock that jumps by an hour costs little", async () => {
    const context = await stage().fresh();
    const { pages, person } = await signedIn(stage(), context, 2);
    const hour = 3_600_000;
    for (let round = 0; round < rounds(10); round += 1) {
      for (const jump of [hour, -hour, -hour, hour]) {
        await later(pages, jump);
        const before = stage().gate.refreshes;
        await allWork(pages);
        await allWork(pages);
        ok(stage().gate.refreshes - before <= 2);
        await stay(pages, person);
      }
    }
    await context.close();
  });

  test("a minute without network costs nothing", async () => {
    const context = await stage().fresh();
    const { pages, person } = await signedIn(stage(), context, 3);
    await stale(pages[0]!);
    await context.setOffline(true);
    const until = Date.now() + (isFull ? 60_000 : 3000);
    while (Date.now() < until) {
      for (const code of await Promise.all(pages.map(me))) strictEqual(code, "client/offline");
      await stay(pages, person);
      await pause(1000);
    }
    await context.setOffline(false);
    await allWork(pages);
    await stay(pages, person);
    await context.close();
  });

  test("a captive portal's 200 keeps the session", async () => {
    const context = await stage().fresh();
    const { pages, person } = await signedIn(stage(), context, 2);
    const portal = { status: 200, type: "text/html", body: "<html>Sign in to the network</html>" };
    for (let round = 0; round < rounds(10); round += 1) {
      await stale(pages[0]!);
      stage().gate.fate = () => ({ instead: portal });
      for (const code of await Promise.all(pages.map(me))) strictEqual(code, "client/bad-reply");
      await stay(pages, person);
      stage().gate.fate = () => ({});
      await allWork(pages);
    }
    await context.close();
  });

  test("refreshes under faults at random sign nobody out", async (context) => {
    const goal = isFull ? 1000 : 100;
    for (let run = 0; stage().gate.refreshes < goal || run < 2; run += 1) {
      const browser = await stage().fresh();
      const { gate } = stage();
      const options = run % 2 === 0 ? {} : { locks: "off" as const };
      const { pages, person } = await signedIn(stage(), browser, 5, options);
      const log: string[] = [];
      for (let round = 0; round < (isFull ? 40 : 8); round += 1) {
        const chance = (): number => Math.random();
        gate.fate = ({ path }) => {
          const fates = [
            { cut: "before" }, { cut: "after" }, { down: 200 }, { up: 200 },
            { instead: { status: 503, type: "application/json", body: '{"error":{"code":"common/unavailable","message":"no"}}' } },
            { instead: { status: 200, type: "text/html", body: "<html></html>" } },
          ] as const;
          const fate = chance() < 0.4 ? fates[Math.floor(chance() * fates.length)]! : {};
          if (path === "/api/auth/refresh") log.push(JSON.stringify(fate));
          return fate;
        };
        await stale(pages[0]!);
        const at = Math.floor(chance() * pages.length);
        const asked = Promise.allSettled(pages.map(me));
        if (chance() < 0.2) {
          await pause(chance() * 300);
          await pages[at]!.close();
          pages[at] = await stage().page(browser, options);
        }
        await asked;
        await stay(pages, person);
        gate.fate = () => ({});
        try {
          await allWork(pages);
          await stay(pages, person);
        } catch (error) {
          throw new Error(`run ${run}, round ${round}: ${(error as Error).message}\n${log.slice(-20).join("\n")}`);
        }
      }
      await browser.close();
    }
    context.diagnostic(`after the faults at random: ${stage().gate.refreshes} refreshes`);
  });
}
