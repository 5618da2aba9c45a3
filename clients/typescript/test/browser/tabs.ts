// Tabs that refresh at once, replies that are cut, tabs that are closed and frozen.

import { ok, strictEqual } from "node:assert";
import { test } from "node:test";
import { allWork, freeze, me, pause, signedIn, signIn, stale, stay, user } from "./pages.ts";
import type { Stage } from "./stage.ts";
import { rounds } from "./stage.ts";

/** Registers the tests. */
export function tabs(stage: () => Stage): void {
  for (const count of [2, 5, 20]) {
    test(`${count} tabs with locks refresh once`, async () => {
      const context = await stage().fresh();
      const { pages, person } = await signedIn(stage(), context, count);
      for (let round = 0; round < rounds(10); round += 1) {
        await stale(pages[0]!);
        const before = stage().gate.count("POST", "/api/auth/refresh");
        await allWork(pages);
        strictEqual(stage().gate.count("POST", "/api/auth/refresh") - before, 1);
      }
      await stay(pages, person);
      await context.close();
    });

    test(`${count} tabs without locks get one pair`, async () => {
      const context = await stage().fresh();
      const { pages, person } = await signedIn(stage(), context, count, { locks: "off" });
      for (let round = 0; round < rounds(10); round += 1) {
        await stale(pages[0]!);
        await allWork(pages);
        const tokens = await Promise.all(pages.map((page) => page.evaluate(() => window.bk.auth.token())));
        ok(tokens.every((token) => token !== null));
      }
      await stay(pages, person);
      await context.close();
    });

    test(`${count} tabs go ahead of a holder that is frozen`, async () => {
      const { context, close } = await stage().sleepy();
      const { pages, person } = await signedIn(stage(), context, count);
      const [holder, ...others] = pages;
      for (let round = 0; round < rounds(10) / 2; round += 1) {
        await stale(holder!);
        const { gate } = stage();
        let refreshes = 0;
        // The first refresh is the holder's: its reply waits until the page sleeps.
        gate.fate = ({ path }) => ({ down: path === "/api/auth/refresh" && (refreshes += 1) === 1 ? 600 : 0 });
        const held = me(holder!);
        held.catch(() => {});
        await pause(300);
        strictEqual(refreshes, 1);
        await freeze(holder!, "frozen");
        const began = Date.now();
        await allWork(others);
        const took = Date.now() - began;
        // It has waited for the lock, up to its limit.
        ok(took > 1500 && took < 8000, `it took ${took} ms`);
        await freeze(holder!, "active");
        strictEqual(await held, "ok");
        gate.fate = () => ({});
        await allWork(pages);
      }
      await stay(pages, person);
      await close();
    });
  }

  for (const cut of ["before", "after"] as const) {
    test(`a reply that is cut ${cut} the API's write costs nobody the session`, async () => {
      const context = await stage().fresh();
      const { pages, person } = await signedIn(stage(), context, 3);
      const { gate } = stage();
      for (let round = 0; round < rounds(50); round += 1) {
        await stale(pages[0]!);
        let cuts = 1 + (round % 4);
        gate.fate = ({ path }) => (path === "/api/auth/refresh" && cuts-- > 0 ? { cut } : {});
        await Promise.all(pages.map(me));
        await stay(pages, person);
        gate.fate = () => ({});
        await allWork(pages);
      }
      await stay(pages, person);
      await context.close();
    });
  }

  test("a tab that is killed between reply and store loses nothing", async (context) => {
    const browser = await stage().fresh();
    const { pages, person } = await signedIn(stage(), browser, 1);
    const { gate } = stage();
    let [page] = pages;
    const count = rounds(50);
    for (let round = 0; round < count; round += 1) {
      await stale(page!);
      const before = gate.refreshes;
      if (round % 2 === 0) {
        // Closed while the reply is on its way.
        const answered = new Promise<void>((done) => (gate.answered = done));
        gate.fate = ({ path }) => (path === "/api/auth/refresh" ? { down: 300 } : {});
        void me(page!).catch(() => {});
        await answered;
      } else {
        // Closed when the reply has come, and nothing was stored.
        await page!.evaluate(() => {
          Storage.prototype.setItem = () => {
            throw new Error("the tab dies here");
          };
        });
        strictEqual(await me(page!), "ok");
      }
      await page!.close();
      gate.fate = () => ({});
      gate.answered = () => {};
      page = await stage().page(browser);
      strictEqual(await user(page), person.email);
      await allWork([page]);
      strictEqual(gate.refreshes - before, 2, "the same successor came again");
      await stay([page], person);
    }
    context.diagnostic(`killed: ${count} times`);
    await browser.close();
  });

  test("a tab that slept through refreshes goes on", async () => {
    const { context, close } = await stage().sleepy();
    const { pages, person } = await signedIn(stage(), context, 2);
    await freeze(pages[1]!, "frozen");
    for (let round = 0; round < 1 + rounds(10); round += 1) {
      await stale(pages[0]!);
      await allWork([pages[0]!]);
    }
    await freeze(pages[1]!, "active");
    await allWork(pages);
    await stay(pages, person);
    await close();
  });

  test("a logout in one tab is known in all", async () => {
    for (const storage of ["local", "cookie"] as const) {
      const context = await stage().fresh();
      const { pages, person } = await signedIn(stage(), context, 4, { storage });
      await pages[0]!.evaluate(() => window.bk.auth.logout());
      for (const page of pages) {
        await page.waitForFunction(() => window.bk.auth.user === null, undefined, { timeout: 2000 });
        strictEqual(await page.evaluate(() => window.bk.auth.token()), null);
        strictEqual((await page.evaluate(() => window.told)).filter((id) => id === null).length, 1);
      }
      strictEqual((await context.cookies()).filter(({ name }) => name === "refresh").length, 0);
      await signIn(pages[2]!, person);
      for (const page of pages) await page.waitForFunction(() => window.bk.auth.user !== null);
      await allWork(pages);
      await context.close();
    }
  });

  test("a duplicated tab with a storage of its own goes on beside the first", async () => {
    const context = await stage().fresh();
    const { pages, person } = await signedIn(stage(), context, 1, { storage: "session" });
    const opened = context.waitForEvent("page");
    await pages[0]!.evaluate(() => void window.open(location.href));
    const twin = await opened;
    await twin.waitForFunction(() => "bk" in window);
    strictEqual(await user(twin), person.email, "the copy has the session");
    const both = [pages[0]!, twin];
    for (let round = 0; round < rounds(20); round += 1) {
      for (const page of both) await stale(page);
      if (round % 2 === 0) await allWork(both);
      else for (const page of both) await allWork([page]);
      await pause(50);
      await stay(both, person);
    }
    await context.close();
  });
}
