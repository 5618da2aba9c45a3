// A thousand refreshes under faults that come at random: nobody is signed out but by the server, which has no reason to.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { test } from "node:test";
import type { Options } from "../src/index.ts";
import type { Tab } from "./fake/browser.ts";
import type { Answer } from "./fake/server.ts";
import type { Scene } from "./fake/scene.ts";
import { atRefresh, HOUR, isRefresh, LIFETIME, me, MINUTE, scene, SECOND, stays } from "./fake/scene.ts";
import type { Fate, Ride, World } from "./fake/world.ts";
import { portal, seeds } from "./fake/world.ts";

const refusal = (status: number, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify({ error: { code: "common/unavailable", message: "no" } }),
});

/** The weather of a network that is never quite well; delays of 3 s at most on the way up. */
function weather(world: World): (ride: Ride) => Fate {
  return () => {
    const delays: Fate = { up: world.pick([10, 50, 300, 3000]), down: world.pick([10, 50, 300, 3000, 9000]) };
    const faults: Fate[] = [
      { cut: "before" },
      { cut: "after" },
      { instead: portal() },
      { instead: refusal(500) },
      { instead: refusal(503, { "retry-after": "1" }) },
      { instead: refusal(429, { "retry-after": "2" }) },
      { instead: { status: 502, headers: {}, body: '{"message":"Bad gateway"}' } },
    ];
    return world.happens(0.3) ? { ...delays, ...world.pick(faults) } : delays;
  };
}

const replaced = (tabs: Tab[], at: number, tab: Tab): Tab[] => tabs.map((other, place) => (place === at ? tab : other));

/** Something that happens to the tabs; the tabs that there are afterwards. */
async function mishap(all: Scene, tabs: Tab[], options: Options): Promise<Tab[]> {
  const { world, browser } = all;
  const at = world.below(tabs.length);
  const tab = tabs[at]!;
  switch (world.below(9)) {
    case 0: {
      // Killed whenever it is, on its way through a refresh.
      void me(tab).catch(() => {});
      await world.sleep(world.below(2000));
      return replaced(tabs, at, tab.reload(options));
    }
    case 1:
      return replaced(tabs, at, tab.reload(options));
    case 2:
      tab.freeze();
      return tabs;
    case 3:
      for (const frozen of tabs) if (frozen.isFrozen) frozen.thaw();
      return tabs;
    case 4:
      browser.skew = world.pick([0, 0, HOUR, -HOUR]);
      return tabs;
    case 5:
      browser.isOffline = true;
      await Promise.all(tabs.map((other) => void me(other).catch(() => {})));
      await world.sleep(MINUTE);
      browser.isOffline = false;
      return tabs;
    case 6: {
      // The storage of the only tab is full for some hours. A page that is opened meanwhile would find an old pair.
      if (tabs.length > 1 || tab.isFrozen) return tabs;
      browser.fault = () => "full";
      for (let round = 0; round < 3; round += 1) {
        await world.outcomes([me(tab)]);
        await world.sleep(world.pick([MINUTE, LIFETIME, HOUR]));
      }
      browser.fault = () => null;
      await world.outcomes([tab.auth.token()]);
      return tabs;
    }
    case 7:
      return tabs.length < 6 ? [...tabs, browser.tab(options)] : tabs;
    default:
      // A tab is closed.
      if (tabs.length > 1) tab.kill();
      return tabs.filter((other) => !other.isKilled);
  }
}

/** How many worlds there are. */
const SEEDS = Number(process.env["BAKEND_SEEDS"] ?? 20);

test("1,000 refreshes under random faults sign nobody out", { timeout: 600_000 }, async (context) => {
  let refreshes = 0;
  let requests = 0;
  const verdicts: Record<string, number> = {};
  await seeds(SEEDS, async (seed) => {
    const options: Options = seed % 2 === 0 ? {} : { locks: null };
    const all = await scene((seed % 4) + 1, options, { seed });
    const { world, browser } = all;
    let { tabs } = all;
    for (let step = 0; step < 80; step += 1) {
      world.fate = weather(world);
      tabs = await mishap(all, tabs, options);
      const awake = tabs.filter((tab) => !tab.isFrozen);
      const asking = awake.filter(() => world.happens(0.7));
      await world.outcomes(asking.map(me));
      stays(all, awake);
      strictEqual(browser.stored?.user.id, all.account.id);
      await world.sleep(world.pick([SECOND, MINUTE, LIFETIME, LIFETIME, HOUR, 3 * HOUR]));
      // The longest age of a session is no part of this test.
      for (const session of world.server.sessions.values()) session.createdAt = world.now;
    }
    world.fate = () => ({});
    for (const tab of tabs) if (tab.isFrozen) tab.thaw();
    await world.sleep(MINUTE);
    for (const outcome of await world.outcomes(tabs.map(me))) strictEqual(outcome.status, "fulfilled");
    stays(all, tabs);
    deepStrictEqual(world.server.ended, []);
    refreshes += world.server.refreshes;
    requests += world.server.requests.length;
    for (const [name, count] of Object.entries(world.server.verdicts)) verdicts[name] = (verdicts[name] ?? 0) + count;
  });
  context.diagnostic(`refreshes: ${refreshes} of ${requests} requests; ${JSON.stringify(verdicts)}; sign-outs: 0`);
  if (!process.env["BAKEND_SEED"]) ok(refreshes >= 1000, `${refreshes} refreshes`);
});

test("a tab that asks for its token 1,000 times, whatever happens to the replies", async (context) => {
  const all = await scene(1);
  const { world, tabs } = all;
  for (let round = 0; round < 1000; round += 1) {
    await world.sleep(LIFETIME);
    const cut = world.pick(["before", "after", undefined] as const);
    atRefresh(world, cut ? { cut } : {});
    await world.outcomes([tabs[0]!.auth.token()]);
    for (const session of world.server.sessions.values()) session.createdAt = world.now;
    stays(all, tabs);
  }
  ok(world.server.refreshes >= 1000);
  context.diagnostic(`refreshes: ${world.server.refreshes}`);
});

test("requests under way when the token is renewed are answered", async () => {
  await seeds(20, async (seed) => {
    const all = await scene(3, {}, { seed });
    const { world, tabs } = all;
    for (let round = 0; round < 10; round += 1) {
      await world.sleep(LIFETIME - 11 * SECOND);
      world.fate = (ride) => ({ up: world.below(isRefresh(ride) ? 200 : 3000), down: world.below(3000) });
      const works: Promise<unknown>[] = [];
      for (let at = 0; at < 12; at += 1) {
        works.push(me(world.pick(tabs)));
        await world.sleep(SECOND);
      }
      for (const outcome of await world.outcomes(works)) strictEqual(outcome.status, "fulfilled");
      stays(all, tabs);
    }
  });
});
