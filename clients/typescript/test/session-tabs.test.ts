// Many tabs of one browser refresh at once, with locks, without, and with a lock whose holder is frozen.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { test } from "node:test";
import { atRefresh, HOUR, LIFETIME, me, MINUTE, scene, SECOND, stays, values } from "./fake/scene.ts";
import { seeds } from "./fake/world.ts";

for (const count of [2, 5, 20]) {
  test(`${count} tabs with locks refresh once`, async () => {
    const all = await scene(count);
    const { world, tabs } = all;
    for (let round = 1; round <= 3; round += 1) {
      await world.sleep(LIFETIME);
      values(await world.outcomes(tabs.map(me)));
      strictEqual(world.server.count("POST /api/auth/refresh"), round);
    }
    strictEqual(all.browser.locks.held, 0, "no lock is left");
    stays(all, tabs);
  });

  test(`${count} tabs without locks get one pair`, async () => {
    await seeds(10, async (seed) => {
      const all = await scene(count, { locks: null }, { seed });
      const { world, tabs } = all;
      world.fate = () => ({ up: world.below(800), down: world.below(800) });
      for (let round = 1; round <= 3; round += 1) {
        await world.sleep(LIFETIME);
        values(await world.outcomes(tabs.map(me)));
        strictEqual(world.server.verdicts["rotated"], round);
        const tokens = new Set(values(await world.outcomes(tabs.map((tab) => tab.auth.token()))));
        ok([...tokens].every((token) => token !== null));
      }
      strictEqual(world.server.verdicts["forgiven"], undefined, "no token was refused");
      stays(all, tabs);
    });
  });

  test(`${count} tabs go ahead of a holder that is frozen`, async () => {
    const all = await scene(count);
    const { world, tabs } = all;
    const [holder, ...others] = tabs;
    await world.sleep(LIFETIME);
    atRefresh(world, () => {
      holder!.freeze();
      return {};
    });
    const held = holder!.auth.token();
    await world.sleep(500);
    ok(holder!.isFrozen);
    const began = world.now;
    values(await world.outcomes(others.map(me)));
    ok(world.now - began <= 4 * SECOND, `it took ${world.now - began} ms`);
    strictEqual(world.server.verdicts["rotated"], 1);
    // The holder comes back when its reply is two pairs old.
    await world.sleep(LIFETIME);
    values(await world.outcomes(others.map(me)));
    await world.sleep(LIFETIME);
    values(await world.outcomes(others.map(me)));
    const newest = all.browser.stored;
    holder!.thaw();
    await world.run(held);
    await world.run(me(holder!));
    deepStrictEqual(all.browser.stored, newest, "the late reply is not stored");
    stays(all, tabs);
  });
}

for (const cut of ["before", "after"] as const) {
  test(`a reply that is cut ${cut} the server's write costs nobody the session`, async () => {
    for (const options of [{}, { locks: null }]) {
      const all = await scene(3, options);
      const { world, tabs } = all;
      for (let round = 1; round <= 4; round += 1) {
        await world.sleep(LIFETIME);
        atRefresh(world, { cut }, round);
        await world.outcomes(tabs.map(me));
        stays(all, tabs);
        world.fate = () => ({});
        // Within the window of a lost reply, hours later as well.
        await world.sleep(round * HOUR);
        values(await world.outcomes(tabs.map(me)));
        stays(all, tabs);
      }
    }
  });
}

test("a tab that is killed between reply and store loses nothing, 50 times", async () => {
  const all = await scene(1);
  const { world, browser, account } = all;
  let [tab] = all.tabs;
  for (let round = 1; round <= 50; round += 1) {
    await world.sleep(LIFETIME + world.below(HOUR));
    atRefresh(world, { arrived: () => tab!.kill() });
    void me(tab!);
    await world.sleep(SECOND);
    ok(tab!.isKilled);
    await world.sleep(world.below(23 * HOUR));
    tab = browser.tab();
    strictEqual(tab.auth.user?.id, account.id);
    await world.run(me(tab));
    strictEqual(world.server.verdicts["again"], round);
    strictEqual(world.server.verdicts["rotated"], round);
    stays(all, [tab]);
    if (round % 15 === 0) {
      // The longest age of a session is no part of this test.
      for (const session of world.server.sessions.values()) session.createdAt = world.now;
    }
  }
});

test("a tab that is killed leaves its lock to the others", async () => {
  const all = await scene(3);
  const { world, tabs } = all;
  const [first, ...others] = tabs;
  await world.sleep(LIFETIME);
  atRefresh(world, { arrived: () => first!.kill() });
  void me(first!);
  values(await world.outcomes(others.map(me)));
  deepStrictEqual([world.server.verdicts["rotated"], world.server.verdicts["again"]], [1, 1]);
  stays(all, others);
});

test("a tab that was frozen for hours uses the pair of the others", async () => {
  const all = await scene(2);
  const { world, tabs } = all;
  const [awake, frozen] = tabs;
  frozen!.freeze();
  for (let round = 0; round < 6; round += 1) {
    await world.sleep(LIFETIME + MINUTE);
    await world.run(me(awake!));
  }
  frozen!.thaw();
  values(await world.outcomes([me(frozen!), me(awake!)]));
  stays(all, tabs);
});

test("a tab that is frozen while it waits does not show an old token", async () => {
  for (const cut of ["before", "after"] as const) {
    for (const options of [{}, { locks: null }]) {
      const all = await scene(2, options);
      const { world, tabs } = all;
      const [awake, frozen] = tabs;
      await world.sleep(LIFETIME);
      // Its refresh fails, and whatever it waits for is over two pairs later.
      atRefresh(world, (ride) => {
        if (ride.tab !== frozen!.name) return {};
        world.after(30, () => frozen!.freeze());
        return { cut };
      });
      const waiting = me(frozen!).catch(() => {});
      await world.sleep(100);
      for (let round = 0; round < 3; round += 1) {
        await world.run(me(awake!));
        await world.sleep(LIFETIME);
      }
      frozen!.thaw();
      await world.run(waiting);
      values(await world.outcomes(tabs.map(me)));
      stays(all, tabs);
    }
  }
});

test("a tab that is frozen while it waits for the lock reads the storage after it", async () => {
  const all = await scene(2);
  const { world, tabs } = all;
  const [awake, frozen] = tabs;
  await world.sleep(LIFETIME);
  atRefresh(world, { up: 2 * SECOND });
  const first = me(awake!);
  await world.sleep(100);
  const waiting = me(frozen!);
  await world.sleep(100);
  frozen!.freeze();
  await world.run(first);
  for (let round = 0; round < 3; round += 1) {
    await world.sleep(LIFETIME);
    await world.run(me(awake!));
  }
  frozen!.thaw();
  await world.run(waiting);
  stays(all, tabs);
});

test("one tab makes one refresh for many requests", async () => {
  for (const options of [{}, { locks: null }]) {
    const all = await scene(1, options);
    const { world, tabs } = all;
    await world.sleep(LIFETIME);
    values(await world.outcomes(Array.from({ length: 12 }, () => me(tabs[0]!))));
    strictEqual(world.server.count("POST /api/auth/refresh"), 1);
    stays(all, tabs);
  }
});

test("nothing refreshes in the background", async () => {
  const all = await scene(3);
  const { world, tabs } = all;
  const before = world.server.requests.length;
  await world.sleep(6 * HOUR);
  strictEqual(world.server.requests.length, before);
  stays(all, tabs);
});

test("a logout in one tab is known in all", async () => {
  for (const storage of ["local", "cookie"] as const) {
    const all = await scene(3, { storage });
    const { world, tabs } = all;
    await world.run(tabs[0]!.auth.logout());
    await world.sleep(300);
    for (const tab of tabs) {
      strictEqual(tab.auth.user, null, `${storage}, ${tab.name}`);
      strictEqual(tab.told.filter((id) => id === null).length, 1);
      strictEqual(await world.run(tab.auth.token()), null);
    }
    deepStrictEqual(world.server.ended.map(({ reason }) => reason), ["logout"]);
    strictEqual(all.browser.stored, null);
    strictEqual(all.browser.cookie, null);
  }
});

test("a login in one tab is known in all", async () => {
  for (const storage of ["local", "cookie"] as const) {
    const all = await scene(4, { storage });
    stays(all, all.tabs);
    for (const tab of all.tabs) deepStrictEqual(tab.told, [all.account.id], `${storage}, ${tab.name}`);
    values(await all.world.outcomes(all.tabs.map(me)));
    stays(all, all.tabs);
  }
});
