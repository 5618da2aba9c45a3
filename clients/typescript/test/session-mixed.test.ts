// Faults at random for the two storages whose tabs share no token: the cookie, and a `sessionStorage` that was copied.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { test } from "node:test";
import type { Options } from "../src/index.ts";
import type { Tab } from "./fake/browser.ts";
import { HOUR, isRefresh, LIFETIME, me, MINUTE, scene, SECOND, stays } from "./fake/scene.ts";
import type { Fate, Ride, World } from "./fake/world.ts";
import { portal, seeds } from "./fake/world.ts";

const unavailable = JSON.stringify({ error: { code: "common/unavailable", message: "no" } });

/** A network whose replies are late, cut or somebody else's; requests arrive soon. */
const weather =
  (world: World, slow: number) =>
  (ride: Ride): Fate => {
    const delays: Fate = { up: 10 + world.below(40), down: world.pick([10, 100, slow]) };
    const faults: Fate[] = [
      { cut: "before" },
      { cut: "after" },
      { instead: portal() },
      { instead: { status: 503, headers: { "content-type": "application/json" }, body: unavailable } },
    ];
    return isRefresh(ride) && world.happens(0.3) ? { ...delays, ...world.pick(faults) } : delays;
  };

test("faults at random sign nobody out by cookie", async (context) => {
  let refreshes = 0;
  await seeds(30, async (seed) => {
    const options: Options = seed % 2 === 0 ? { storage: "cookie" } : { storage: "cookie", locks: null };
    const all = await scene((seed % 3) + 1, options, { seed });
    const { world, browser } = all;
    let { tabs } = all;
    for (let step = 0; step < 40; step += 1) {
      world.fate = weather(world, 3600);
      await world.outcomes(tabs.filter(() => world.happens(0.7)).map(me));
      stays(all, tabs);
      // Reloads when all is quiet: the fate of a tab that goes while a late cookie is under way is its own.
      await world.sleep(MINUTE);
      if (world.happens(0.3)) {
        const at = world.below(tabs.length);
        tabs = tabs.map((tab, place) => (place === at ? tab.reload(options) : tab));
      }
      if (world.happens(0.1) && tabs.length < 3) tabs = [...tabs, browser.tab(options)];
      browser.skew = world.pick([0, 0, 0, HOUR, -HOUR]);
      await world.sleep(world.pick([SECOND, LIFETIME, HOUR, 5 * HOUR]));
      for (const session of world.server.sessions.values()) session.createdAt = world.now;
    }
    world.fate = () => ({});
    for (const outcome of await world.outcomes(tabs.map(me))) strictEqual(outcome.status, "fulfilled");
    stays(all, tabs);
    refreshes += world.server.refreshes;
  });
  ok(refreshes > 1000 || process.env["BAKEND_SEED"]);
  context.diagnostic(`refreshes: ${refreshes}; sign-outs: 0`);
});

test("faults at random sign nobody out by a copied storage", async (context) => {
  let refreshes = 0;
  await seeds(30, async (seed) => {
    const options: Options = seed % 2 === 0 ? { storage: "session" } : { storage: "session", locks: null };
    const all = await scene(1, options, { seed });
    const { world } = all;
    let tabs: Tab[] = all.tabs;
    for (let step = 0; step < 40; step += 1) {
      world.fate = weather(world, 2000);
      await world.outcomes(tabs.filter(() => world.happens(0.7)).map(me));
      stays(all, tabs);
      await world.sleep(MINUTE);
      if (world.happens(0.2) && tabs.length < 5) tabs = [...tabs, world.pick(tabs).duplicate(options)];
      if (world.happens(0.2)) {
        const at = world.below(tabs.length);
        tabs = tabs.map((tab, place) => (place === at ? tab.reload(options) : tab));
      }
      await world.sleep(world.pick([SECOND, LIFETIME, HOUR, 5 * HOUR]));
      for (const session of world.server.sessions.values()) session.createdAt = world.now;
    }
    world.fate = () => ({});
    for (const outcome of await world.outcomes(tabs.map(me))) strictEqual(outcome.status, "fulfilled");
    stays(all, tabs);
    deepStrictEqual(world.server.ended, []);
    refreshes += world.server.refreshes;
  });
  ok(refreshes > 1000 || process.env["BAKEND_SEED"]);
  context.diagnostic(`refreshes: ${refreshes}; sign-outs: 0`);
});
