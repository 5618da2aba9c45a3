// Storages that are full, forbidden, cleared or slow: none of them signs a user out, but the user's own clearing.

import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert";
import { test } from "node:test";
import type { Options } from "../src/index.ts";
import { Browser, KEY } from "./fake/browser.ts";
import type { Tab } from "./fake/browser.ts";
import { atRefresh, LIFETIME, me, MINUTE, pairOf, scene, SECOND, signIn, slowStorage, stays, values } from "./fake/scene.ts";
import { World } from "./fake/world.ts";

for (const fault of ["full", "forbidden"] as const) {
  test(`a storage that is ${fault} from the start is replaced by memory`, async () => {
    const world = new World();
    const account = world.server.add("ada@example.com", "a long password");
    const browser = new Browser(world);
    browser.fault = () => fault;
    const tab = browser.tab();
    await world.run(signIn(tab, account));
    for (let round = 0; round < 5; round += 1) {
      await world.run(me(tab));
      await world.sleep(LIFETIME);
    }
    deepStrictEqual(tab.told, [account.id]);
    stays({ world, browser, account, tabs: [tab] }, [tab]);
    await world.run(tab.auth.logout());
    strictEqual(tab.auth.user, null);
    deepStrictEqual(world.server.ended.map(({ reason }) => reason), ["logout"]);
  });

  test(`a storage that becomes ${fault} keeps the session, and has it again later`, async () => {
    const all = await scene(1);
    const { world, browser, tabs } = all;
    const tab = tabs[0]!;
    for (const fails of [true, true, false, true, false, false]) {
      browser.fault = () => (fails ? fault : null);
      await world.sleep(LIFETIME);
      await world.run(me(tab));
      await world.sleep(MINUTE);
      stays(all, tabs);
    }
    const stored = browser.stored;
    ok(stored);
    const reloaded = tab.reload();
    strictEqual(reloaded.auth.user?.id, all.account.id);
    await world.sleep(LIFETIME);
    await world.run(me(reloaded));
    stays(all, [reloaded]);
  });

  test(`two tabs stay signed in while the storage is ${fault}`, async () => {
    for (const options of [{}, { locks: null }]) {
      const all = await scene(2, options);
      const { world, browser, tabs } = all;
      browser.fault = () => fault;
      for (let round = 0; round < 4; round += 1) {
        await world.sleep(LIFETIME);
        for (const tab of round % 2 === 0 ? tabs : [...tabs].reverse()) {
          await world.run(me(tab));
          await world.sleep(MINUTE);
        }
        stays(all, tabs);
      }
      browser.fault = () => null;
      await world.sleep(LIFETIME);
      values(await world.outcomes(tabs.map(me)));
      await world.sleep(LIFETIME);
      values(await world.outcomes(tabs.map(me)));
      stays(all, tabs);
    }
  });

  test(`one tab of two finds the storage ${fault}`, async () => {
    const all = await scene(2);
    const { world, browser, tabs } = all;
    browser.fault = (tab) => (tab === tabs[0] ? fault : null);
    for (let round = 0; round < 4; round += 1) {
      await world.sleep(LIFETIME);
      for (const tab of round % 2 === 0 ? tabs : [...tabs].reverse()) {
        await world.run(me(tab));
        await world.sleep(MINUTE);
      }
      stays(all, tabs);
    }
  });
}

test("a storage that is cleared signs out, in all tabs, without the server", async () => {
  const all = await scene(3);
  const { world, browser, tabs } = all;
  browser.clear();
  await world.sleep(SECOND);
  for (const tab of tabs) {
    strictEqual(tab.auth.user, null);
    deepStrictEqual(tab.told, [all.account.id, null]);
    strictEqual(await world.run(tab.auth.token()), null);
  }
  deepStrictEqual(world.server.ended, []);
  await world.run(signIn(tabs[1]!, all.account));
  await world.sleep(SECOND);
  for (const tab of tabs) strictEqual(tab.auth.user?.id, all.account.id);
});

test("a storage that is cleared beside a refresh stays cleared", async () => {
  const all = await scene(2);
  const { world, browser, tabs } = all;
  await world.sleep(LIFETIME);
  atRefresh(world, { down: 2 * SECOND });
  const waiting = me(tabs[0]!).catch(() => {});
  await world.sleep(SECOND);
  browser.clear();
  await world.run(waiting);
  await world.sleep(SECOND);
  strictEqual(browser.stored, null);
  for (const tab of tabs) strictEqual(tab.auth.user, null);
});

test("a stored text that is no pair is no session, and no error", async () => {
  for (const text of ["", "null", "{", "[]", "7", '{"accessToken":7}', '{"user":null}', "\u0000"]) {
    const world = new World();
    const account = world.server.add("ada@example.com", "a long password");
    const browser = new Browser(world);
    browser.local.set(KEY, text);
    const tab = browser.tab();
    strictEqual(tab.auth.user, null, text);
    strictEqual(await world.run(tab.auth.token()), null);
    await world.run(signIn(tab, account));
    await world.run(me(tab));
    stays({ world, browser, account, tabs: [tab] }, [tab]);
  }
});

test("each pair has a key of its own, and a clock's time", async () => {
  const all = await scene(1);
  const { world, browser, tabs } = all;
  const keys = new Set<string>();
  for (let round = 0; round < 5; round += 1) {
    const { key, expiresAt, accessToken, refreshToken } = browser.stored!;
    ok(key.length >= 16 && key.length <= 128 && /^[!-~]+$/.test(key), key);
    ok(expiresAt <= world.now + LIFETIME && expiresAt > world.now + LIFETIME - 5 * SECOND);
    ok(accessToken.startsWith("e30.") && refreshToken?.startsWith("r."));
    keys.add(key);
    await world.sleep(LIFETIME);
    await world.run(me(tabs[0]!));
  }
  strictEqual(keys.size, 5);
});

test("a memory is one tab's own", async () => {
  const all = await scene(1, { storage: "memory" });
  const { world, browser, tabs } = all;
  strictEqual(browser.local.size, 0);
  for (let round = 0; round < 4; round += 1) {
    await world.sleep(LIFETIME);
    await world.run(me(tabs[0]!));
  }
  stays(all, tabs);
  strictEqual(tabs[0]!.reload({ storage: "memory" }).auth.user, null);
});

test("an asynchronous storage is read once before `ready`", async () => {
  const world = new World();
  const account = world.server.add("ada@example.com", "a long password");
  const browser = new Browser(world);
  const kept = new Map<string, string>();
  const options: Options = { storage: slowStorage({ world }, kept, 40) };
  const first = browser.tab(options);
  await world.run(first.auth.ready);
  await world.run(signIn(first, account));
  strictEqual(pairOf(kept.get(KEY))?.user.id, account.id);
  let tab = first;
  for (let round = 0; round < 6; round += 1) {
    await world.sleep(LIFETIME);
    tab = tab.reload(options);
    const early = me(tab);
    await world.run(tab.auth.ready);
    strictEqual(tab.auth.user?.id, account.id);
    await world.run(early);
    await world.run(me(tab));
    stays({ world, browser, account, tabs: [tab] }, [tab]);
  }
  await world.run(tab.auth.logout());
  strictEqual(pairOf(kept.get(KEY)), null);
});

test("an asynchronous storage that several clients share loses nothing", async () => {
  const world = new World();
  const account = world.server.add("ada@example.com", "a long password");
  const browser = new Browser(world);
  const kept = new Map<string, string>();
  const options: Options = { storage: slowStorage({ world }, kept, 15), locks: null };
  const first = browser.tab(options);
  await world.run(signIn(first, account));
  const tabs = [browser.tab(options), browser.tab(options), browser.tab(options)];
  await world.outcomes(tabs.map((tab) => tab.auth.ready));
  for (let round = 0; round < 5; round += 1) {
    await world.sleep(LIFETIME);
    world.fate = () => ({ up: world.below(500), down: world.below(500) });
    values(await world.outcomes(tabs.map(me)));
    stays({ world, browser, account, tabs }, tabs);
  }
  strictEqual(world.server.verdicts["rotated"], 5);
});

test("an asynchronous storage that throws is replaced by memory", async () => {
  const world = new World();
  const account = world.server.add("ada@example.com", "a long password");
  const browser = new Browser(world);
  const fails = (): Promise<never> => Promise.reject(new Error("the keychain is locked"));
  const tab = browser.tab({ storage: { get: fails, set: fails } });
  await world.run(tab.auth.ready);
  await world.run(signIn(tab, account));
  for (let round = 0; round < 3; round += 1) {
    await world.sleep(LIFETIME);
    await world.run(me(tab));
  }
  stays({ world, browser, account, tabs: [tab] }, [tab]);
});

/** The refresh token that a tab keeps in its `sessionStorage`. */
const tokenOf = (tab: Tab): string | undefined => pairOf(tab.session.get(KEY))?.refreshToken;

test("a duplicated tab with a storage of its own goes on beside the first", async () => {
  for (const locks of [undefined, null]) {
    const options: Options = { storage: "session", ...(locks === null ? { locks } : {}) };
    const all = await scene(1, options);
    const { world } = all;
    const tabs = [all.tabs[0]!, all.tabs[0]!.duplicate(options), all.tabs[0]!.duplicate(options)];
    await world.sleep(SECOND);
    for (let round = 0; round < 6; round += 1) {
      await world.sleep(LIFETIME);
      if (round % 2 === 0) values(await world.outcomes(tabs.map(me)));
      for (const tab of tabs) {
        await world.run(me(tab));
        await world.sleep(MINUTE);
      }
      stays(all, tabs);
      strictEqual(new Set(tabs.map(tokenOf)).size, 1, "all of them hold one token");
    }
  }
});

test("tabs of other sessions ignore what duplicated ones tell each other", async () => {
  const options: Options = { storage: "session" };
  const all = await scene(1, options);
  const { world, browser, account, tabs } = all;
  const twin = tabs[0]!.duplicate(options);
  const other = browser.tab(options);
  strictEqual(other.auth.user, null);
  await world.run(signIn(other, account));
  const another = browser.tab(options);
  await world.sleep(SECOND);
  for (let round = 0; round < 3; round += 1) {
    await world.sleep(LIFETIME);
    values(await world.outcomes([tabs[0]!, twin, other].map(me)));
    notStrictEqual(tokenOf(tabs[0]!), tokenOf(other));
    strictEqual(another.auth.user, null);
    stays(all, [tabs[0]!, twin, other]);
  }
});

test("a duplicated tab that was frozen takes the others' pair over", async () => {
  const options: Options = { storage: "session" };
  const all = await scene(1, options);
  const { world, tabs } = all;
  const twin = tabs[0]!.duplicate(options);
  await world.sleep(SECOND);
  twin.freeze();
  for (let round = 0; round < 3; round += 1) {
    await world.sleep(LIFETIME);
    await world.run(me(tabs[0]!));
  }
  twin.thaw();
  await world.sleep(SECOND);
  values(await world.outcomes([me(twin), me(tabs[0]!)]));
  stays(all, [twin, tabs[0]!]);
});
