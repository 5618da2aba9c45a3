// Sign-ins, sign-outs and writes beside a running refresh, in every order of their replies.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { test } from "node:test";
import type { Options } from "../src/index.ts";
import type { Account } from "./fake/server.ts";
import type { Scene } from "./fake/scene.ts";
import { atRefresh, code, isRefresh, LIFETIME, me, MINUTE, scene, SECOND, signIn, values } from "./fake/scene.ts";
import { seeds } from "./fake/world.ts";

const second = (all: Scene): Account => all.world.server.add("bob@example.com", "another password");

/** The delays of both requests, as [up, down], so that every order of arrivals comes up. */
const DELAYS: [number, number][] = [[20, 20], [20, 900], [500, 20], [500, 1500], [1200, 20]];

for (const storage of ["local", "session", "cookie", "memory"] as const) {
  for (const other of storage === "local" || storage === "cookie" ? [false, true] : [false]) {
    for (const options of [{ storage }, { storage, locks: null }]) {
      const how = `${other ? "in another tab " : ""}beside a refresh wins, by ${storage}`;
      test(`a login ${how}, ${"locks" in options ? "without" : "with"} locks`, async () => {
        for (const refresh of DELAYS) {
          for (const login of DELAYS) {
            for (const lead of [-100, 0, 100, 600]) await wins(options, other, refresh, login, lead);
          }
        }
      });
    }
  }
}

/** One order: the login is sent `lead` ms after the refresh. */
async function wins(options: Options, other: boolean, refresh: number[], login: number[], lead: number): Promise<void> {
  const all = await scene(2, options);
  const { world, browser, tabs } = all;
  const bob = second(all);
  const order = `refresh ${refresh}, login ${login}, ${lead} ms apart`;
  const [first, by] = [tabs[0]!, tabs[other ? 1 : 0]!];
  await world.sleep(LIFETIME);
  world.fate = (ride) => {
    const [up, down] = isRefresh(ride) ? refresh : ride.path.endsWith("login") ? login : [20, 20];
    return { up: up!, down: down! };
  };
  const works: Promise<unknown>[] = [];
  world.after(Math.max(0, -lead), () => works.push(first.auth.token().catch(() => {})));
  world.after(Math.max(0, lead), () => works.push(signIn(by, bob)));
  await world.sleep(700);
  values(await world.outcomes(works));
  world.fate = () => ({});
  await world.sleep(SECOND);
  const shared = other ? tabs : [first];
  const isLost = options.storage === "cookie" && options.locks === null && other && by.auth.user === null;
  if (isLost) {
    // No script can bring back the cookie that the late reply has replaced. Nobody goes on as the user before.
    for (const tab of shared) {
      strictEqual(tab.auth.user, null, order);
      strictEqual(await world.run(tab.auth.token()), null, order);
    }
    await world.run(signIn(by, bob));
    await world.sleep(SECOND);
  }
  for (const tab of shared) {
    strictEqual(tab.auth.user?.id, bob.id, order);
    strictEqual(tab.told.at(-1), bob.id, order);
    strictEqual(tab.told.filter((id) => id === bob.id).length, isLost ? 2 : 1, order);
    ok(!tab.told.slice(tab.told.indexOf(bob.id)).includes(all.account.id), order);
  }
  if (browser.stored) strictEqual(browser.stored.user.id, bob.id, order);
  for (let round = 0; round < 3; round += 1) {
    for (const tab of shared) {
      strictEqual(((await world.run(me(tab))) as { id: string }).id, bob.id, order);
    }
    await world.sleep(LIFETIME);
  }
  deepStrictEqual(world.server.ended, [], order);
}

for (const storage of ["local", "cookie"] as const) {
  test(`a logout beside a refresh is the end, by ${storage}`, async () => {
    for (const [up, down] of DELAYS) {
      for (const lead of [0, 10, 100, 600]) {
        for (const other of [false, true]) {
          const all = await scene(2, { storage });
          const { world, browser, tabs } = all;
          await world.sleep(LIFETIME);
          atRefresh(world, { up, down });
          const waiting = tabs[0]!.auth.token().catch(() => {});
          await world.sleep(lead);
          await world.run(tabs[other ? 1 : 0]!.auth.logout());
          await world.run(waiting);
          await world.sleep(3 * SECOND);
          for (const tab of tabs) {
            strictEqual(tab.auth.user, null);
            deepStrictEqual(tab.told, [all.account.id, null]);
          }
          strictEqual(browser.stored, null);
          strictEqual(world.server.ended.length, 1, "the session has ended at the server as well");
          strictEqual(world.server.ended[0]?.reason, "logout");
        }
      }
    }
  });
}

test("a logout without network ends here, and does not throw", async () => {
  const all = await scene(2);
  const { world, browser, tabs } = all;
  browser.isOffline = true;
  await world.run(tabs[0]!.auth.logout());
  await world.sleep(SECOND);
  for (const tab of tabs) strictEqual(tab.auth.user, null);
  strictEqual(browser.stored, null);
});

test("a logout that the server fails clears, and says so", async () => {
  const all = await scene(1);
  const { world, browser, tabs } = all;
  const body = JSON.stringify({ error: { code: "common/internal", message: "no" } });
  world.fate = () => ({ instead: { status: 500, headers: { "content-type": "application/json" }, body } });
  strictEqual(code((await world.outcomes([tabs[0]!.auth.logout()]))[0]), "common/internal");
  strictEqual(tabs[0]!.auth.user, null);
  strictEqual(browser.stored, null);
});

test("a logout waits for a frozen tab's lock no longer than its limit", async () => {
  const all = await scene(2);
  const { world, tabs } = all;
  const [frozen, awake] = tabs;
  await world.sleep(LIFETIME);
  atRefresh(world, () => {
    frozen!.freeze();
    return {};
  });
  void frozen!.auth.token().catch(() => {});
  await world.sleep(500);
  const began = world.now;
  await world.run(awake!.auth.logout());
  ok(world.now - began <= 4 * SECOND);
  strictEqual(world.server.ended.length, 1);
  frozen!.thaw();
  await world.sleep(SECOND);
  strictEqual(frozen!.auth.user, null);
  strictEqual(all.browser.stored, null);
});

/** The notes of everybody at the server. */
const notes = (all: Scene): string[] => [...all.world.server.rows.values()].map((row) => row.owner);

test("a write is not sent again as another user", async () => {
  for (const other of [false, true]) {
    const all = await scene(2);
    const { world, browser, tabs } = all;
    const bob = second(all);
    const by = tabs[other ? 1 : 0]!;
    // By the wrong clock the token looks good, and the server refuses it.
    browser.skew = -10 * MINUTE;
    await world.run(me(tabs[0]!));
    await world.sleep(LIFETIME - MINUTE);
    await world.run(me(tabs[0]!));
    browser.skew -= 5 * MINUTE;
    await world.sleep(2 * MINUTE);
    world.fate = (ride) => (ride.path === "/api/notes" ? { down: 2 * SECOND } : {});
    const write = tabs[0]!.client.request("POST", "/api/notes", { body: { title: "Ada's" } });
    await world.sleep(500);
    await world.run(signIn(by, bob));
    const outcomes = await world.outcomes([write]);
    if (outcomes[0]?.status === "rejected") strictEqual((outcomes[0].reason as { status: number }).status, 401);
    deepStrictEqual(notes(all).filter((owner) => owner === bob.id), []);
    strictEqual(by.auth.user?.id, bob.id);
  }
});

test("a write that waits for a refresh is not sent as the user who came between", async () => {
  for (const other of [false, true]) {
    const all = await scene(2);
    const { world, tabs } = all;
    const bob = second(all);
    await world.sleep(LIFETIME);
    atRefresh(world, { down: 2 * SECOND });
    const write = tabs[0]!.client.request("POST", "/api/notes", { body: { title: "Ada's" } });
    await world.sleep(500);
    await world.run(signIn(tabs[other ? 1 : 0]!, bob));
    await world.outcomes([write]);
    deepStrictEqual(notes(all).filter((owner) => owner === bob.id), []);
    deepStrictEqual(world.server.ended, []);
  }
});

test("a write with a token that the server refuses is sent twice, and done once", async () => {
  const all = await scene(1);
  const { world, browser, tabs } = all;
  await world.sleep(LIFETIME - 2 * MINUTE);
  browser.skew = -10 * MINUTE;
  await world.sleep(3 * MINUTE);
  await world.run(tabs[0]!.client.request("POST", "/api/notes", { body: { title: "one" } }));
  deepStrictEqual([world.server.count("POST /api/notes"), notes(all).length], [2, 1]);
});

test("`edit` is applied once, whatever becomes of its reply", async () => {
  await seeds(40, async (seed) => {
    const all = await scene(1, {}, { seed });
    const { world, tabs } = all;
    const notesOf = tabs[0]!.client.collection("notes");
    const made = (await world.run(notesOf.create({ size: 0 }))) as { id: string };
    const size = (): number => world.server.rows.get(made.id)!.record["size"] as number;
    world.fate = (ride) => {
      const cut = world.pick(["before", "after", undefined, undefined] as const);
      return ride.method === "PATCH" && cut ? { cut } : {};
    };
    for (let round = 0; round < 12; round += 1) {
      const before = size();
      const change = (record: object): object => ({ size: (record as { size: number }).size + 1 });
      const [outcome] = await world.outcomes([notesOf.edit(made.id, change)]);
      ok(size() <= before + 1, "it was applied twice");
      if (outcome?.status === "fulfilled") strictEqual(size(), before + 1);
    }
  });
});

test("`edit` begins anew where another writer was faster, at most three times", async () => {
  for (const writers of [0, 1, 2, 3, 9]) {
    const all = await scene(1);
    const { world, tabs } = all;
    const notesOf = tabs[0]!.client.collection("notes");
    const made = (await world.run(notesOf.create({ size: 0 }))) as { id: string };
    const row = world.server.rows.get(made.id)!;
    let left = writers;
    world.fate = (ride) => {
      if (ride.method === "PATCH" && left > 0) {
        left -= 1;
        row.revision += 1;
        row.record["size"] = (row.record["size"] as number) + 10;
      }
      return {};
    };
    const edit = notesOf.edit(made.id, (record: object) => ({ size: (record as { size: number }).size + 1 }));
    const [outcome] = await world.outcomes([edit]);
    ok(world.server.count("PATCH /api/notes") <= 4);
    if (writers <= 2) strictEqual(row.record["size"], writers * 10 + 1);
    if (writers === 9) strictEqual(code(outcome), "data/precondition-failed");
  }
});

test("listeners are told once, after everything, and none stops another", async () => {
  const all = await scene(2);
  const { world, tabs, account } = all;
  const tab = tabs[1]!;
  const told: string[] = [];
  const { auth } = tab;
  auth.onChange(() => {
    throw new Error("a listener that throws");
  });
  auth.onChange(() => new Promise(() => {}));
  const stop = auth.onChange((user) => {
    told.push(user?.id ?? "nobody");
    // The session is usable from within: no lock is held.
    return auth.token().then((token) => told.push(token === null ? "no token" : "a token"));
  });
  for (let round = 0; round < 3; round += 1) {
    await world.sleep(LIFETIME);
    values(await world.outcomes(tabs.map(me)));
  }
  deepStrictEqual(told, [], "a refresh is no change");
  await world.run(auth.me());
  deepStrictEqual(told, []);
  await world.run(tabs[0]!.auth.update({ name: "Ada" }));
  await world.sleep(SECOND);
  deepStrictEqual(told, [account.id, "a token"], "the profile has changed");
  await world.run(auth.logout());
  await world.sleep(SECOND);
  deepStrictEqual(told.slice(2), ["nobody", "no token"]);
  await world.run(signIn(tab, account));
  await world.sleep(SECOND);
  deepStrictEqual(told.slice(4), [account.id, "a token"]);
  stop();
  await world.run(auth.logout());
  strictEqual(told.length, 6);
});

test("a listener that was told of a user finds that user's pair in the storage", async () => {
  const all = await scene(1);
  const { world, browser, tabs } = all;
  const bob = second(all);
  const found: (string | undefined)[] = [];
  tabs[0]!.auth.onChange(() => void found.push(browser.stored?.user.id));
  await world.run(signIn(tabs[0]!, bob));
  await world.run(tabs[0]!.auth.logout());
  deepStrictEqual(found, [bob.id, undefined]);
});

test("a second factor's step is remembered, and signs in", async () => {
  const all = await scene(1);
  const { world, tabs } = all;
  const { auth } = tabs[0]!;
  const eve = world.server.add("eve@example.com", "a third password", { factor: "123456" });
  strictEqual(code((await world.outcomes([auth.login(eve.email!, eve.password)]))[0]), "auth/mfa-required");
  strictEqual(auth.user?.id, all.account.id, "the session of before goes on");
  deepStrictEqual(auth.mfa.open?.methods, ["totp"]);
  await world.run(auth.mfa.verify("123456"));
  strictEqual(auth.user?.id, eve.id);
  strictEqual(auth.mfa.open, null);
  await world.run(me(tabs[0]!));
});
