// The refresh token in a cookie that no script reads: late replies put an older cookie over a newer one.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Options } from "../src/index.ts";
import type { Scene } from "./fake/scene.ts";
import { atRefresh, code, isRefresh, LIFETIME, me, MINUTE, scene, SECOND, signIn, stays, values } from "./fake/scene.ts";
import { seeds } from "./fake/world.ts";

const COOKIE: Options = { storage: "cookie" };
const NO_LOCKS: Options = { storage: "cookie", locks: null };

/** Whether the cookie is the newest token of its session. */
function isNewest({ world, browser }: Scene): boolean {
  const hash = createHash("sha256").update(browser.cookie ?? "").digest("base64url");
  return [...world.server.sessions.values()].some((session) => session.hash === hash);
}

test("neither token is in the storage", async () => {
  const all = await scene(1, COOKIE);
  const { world, browser, tabs } = all;
  await world.sleep(LIFETIME);
  await world.run(me(tabs[0]!));
  const text = [...browser.local.values(), ...tabs[0]!.session.values()].join();
  ok(!text.includes("r.0") && !text.includes("e30."), text);
  ok(browser.cookie?.startsWith("r."));
  deepStrictEqual(browser.channels.messages.filter((message) => /"[er][.3]/.test(JSON.stringify(message))), []);
});

test("a reload costs one refresh", async () => {
  const all = await scene(1, COOKIE);
  const { world } = all;
  let tab = all.tabs[0]!;
  for (let round = 1; round <= 5; round += 1) {
    tab = tab.reload(COOKIE);
    strictEqual(tab.auth.user?.id, all.account.id);
    values(await world.outcomes([me(tab), me(tab)]));
    strictEqual(world.server.count("POST /api/auth/refresh"), round);
    await world.sleep(MINUTE);
    stays(all, [tab]);
  }
});

for (const count of [2, 5, 20]) {
  test(`${count} tabs by cookie refresh at once and stay`, async () => {
    await seeds(5, async (seed) => {
      for (const options of [COOKIE, NO_LOCKS]) {
        const all = await scene(count, options, { seed });
        const { world, tabs } = all;
        for (let round = 0; round < 4; round += 1) {
          await world.sleep(LIFETIME);
          world.fate = () => ({ down: world.below(400) });
          values(await world.outcomes(tabs.map(me)));
          ok(isNewest(all), "the cookie is the newest");
          stays(all, tabs);
        }
      }
    });
  });
}

test("a late reply with an older cookie is put right at once", async () => {
  for (const options of [COOKIE, NO_LOCKS]) {
    const all = await scene(2, options);
    const { world, browser, tabs } = all;
    const [first, late] = tabs;
    await world.sleep(LIFETIME);
    world.fate = (ride) => (isRefresh(ride) && ride.tab === late!.name ? { down: 3600 } : { down: 3500 });
    const works = [me(first!), me(late!)];
    await world.sleep(3550);
    // The first reply has come; a page that is opened now makes the next pair, before the other reply comes.
    world.fate = () => ({});
    const opened = browser.tab(options);
    works.push(me(opened));
    values(await world.outcomes(works));
    await world.sleep(5 * SECOND);
    ok(isNewest(all), "the cookie is the newest");
    for (let round = 0; round < 3; round += 1) {
      await world.sleep(LIFETIME);
      values(await world.outcomes([first!, late!, opened].map(me)));
      stays(all, [first!, late!, opened]);
    }
  }
});

test("slow replies of 3.6 s to three tabs cost nobody the session", async () => {
  await seeds(60, async (seed) => {
    for (const options of [COOKIE, NO_LOCKS]) {
      const all = await scene(3, options, { seed });
      const { world } = all;
      let { tabs } = all;
      for (let round = 0; round < 6; round += 1) {
        await world.sleep(LIFETIME);
        world.fate = () => ({ down: world.pick([20, 900, 3600]) });
        const works: Promise<unknown>[] = [];
        for (const tab of tabs) {
          works.push(me(tab));
          await world.sleep(world.below(1500));
        }
        // Behind two slow ones a request may take longer than its limit.
        for (const outcome of await world.outcomes(works)) ok([null, "client/timeout"].includes(code(outcome)));
        stays(all, tabs);
        world.fate = () => ({});
        // A reload when all is quiet.
        await world.sleep(MINUTE);
        tabs = tabs.map((tab) => (world.happens(0.5) ? tab.reload(options) : tab));
        values(await world.outcomes(tabs.map(me)));
        ok(isNewest(all), "the cookie is the newest");
        stays(all, tabs);
      }
    }
  });
});

for (const cut of ["before", "after"] as const) {
  test(`a reply with a cookie that is cut ${cut} the server's write costs nothing`, async () => {
    for (const options of [COOKIE, NO_LOCKS]) {
      const all = await scene(3, options);
      const { world, tabs } = all;
      for (let round = 1; round <= 4; round += 1) {
        await world.sleep(LIFETIME);
        atRefresh(world, { cut }, round);
        await world.outcomes(tabs.map(me));
        stays(all, tabs);
        world.fate = () => ({});
        await world.sleep(MINUTE);
        values(await world.outcomes(tabs.map(me)));
        stays(all, tabs);
      }
    }
  });
}

test("a tab that is killed when its cookie has come, 50 times", async () => {
  const all = await scene(1, COOKIE);
  const { world, browser } = all;
  let tab = all.tabs[0]!;
  for (let round = 1; round <= 50; round += 1) {
    await world.sleep(LIFETIME);
    atRefresh(world, { arrived: () => tab.kill() });
    void me(tab);
    await world.sleep(SECOND);
    ok(tab.isKilled);
    tab = browser.tab(COOKIE);
    await world.run(me(tab));
    stays(all, [tab]);
  }
  strictEqual(world.server.verdicts["rotated"], 100);
});

test("a session that ends leaves no marker and no cookie", async () => {
  for (const how of ["revoked", "expired", "gone", "logout"] as const) {
    const all = await scene(3, COOKIE);
    const { world, browser, tabs } = all;
    values(await world.outcomes(tabs.map(me)));
    const [id] = [...world.server.sessions.keys()];
    if (how === "revoked") world.server.end(id!, "by an admin");
    if (how === "expired") await world.sleep(8 * 24 * 3600 * SECOND);
    if (how === "gone") {
      // As a browser drops it at the end of its time.
      browser.cookie = null;
      await world.sleep(LIFETIME);
    }
    if (how === "logout") await world.run(tabs[0]!.auth.logout());
    await world.outcomes([me(tabs[1]!)]);
    await world.sleep(SECOND);
    for (const tab of tabs) {
      strictEqual(tab.auth.user, null, how);
      deepStrictEqual(tab.told, [all.account.id, null], how);
    }
    strictEqual(browser.stored, null, how);
    if (how !== "revoked") strictEqual(browser.cookie, null, how);
    await world.run(signIn(tabs[2]!, all.account));
    values(await world.outcomes(tabs.map(me)));
  }
});

test("another user who signs in takes the place, in every tab", async () => {
  const all = await scene(3, COOKIE);
  const { world, tabs } = all;
  const bob = world.server.add("bob@example.com", "another password");
  values(await world.outcomes(tabs.map(me)));
  await world.run(signIn(tabs[1]!, bob));
  await world.sleep(SECOND);
  for (const reply of values(await world.outcomes(tabs.map(me)))) strictEqual((reply as { id: string }).id, bob.id);
  for (const tab of tabs) deepStrictEqual(tab.told, [all.account.id, bob.id]);
});

test("a page of another site is told once that its cookie will not come", async () => {
  const all = await scene(1, COOKIE);
  const lines = (api: string): string[] => {
    const tab = all.browser.tab(COOKIE);
    tab.lines.length = 0;
    tab.core.createClient(api, COOKIE);
    return tab.lines;
  };
  strictEqual(lines("https://api.elsewhere.example").length, 1);
  deepStrictEqual(lines("http://localhost:9000"), []);
});
