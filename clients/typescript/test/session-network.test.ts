// Clocks that are wrong, networks that fail or lie, and a server that asks for patience.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { test } from "node:test";
import type { Answer } from "./fake/server.ts";
import { atRefresh, code, HOUR, isRefresh, LIFETIME, me, MINUTE, scene, SECOND, stays, values } from "./fake/scene.ts";
import { portal } from "./fake/world.ts";

for (const jump of [HOUR, -HOUR]) {
  const name = jump > 0 ? "an hour ahead" : "an hour behind";
  test(`a clock that jumps ${name} costs little`, async () => {
    const all = await scene(2);
    const { world, browser, tabs } = all;
    for (const skew of [jump, 0, jump, jump, 0]) {
      browser.skew = skew;
      const before = world.server.refreshes;
      for (let minutes = 0; minutes < 60; minutes += 5) {
        values(await world.outcomes(tabs.map(me)));
        await world.sleep(5 * MINUTE);
      }
      const count = world.server.refreshes - before;
      ok(count >= 3 && count <= 7, `${count} refreshes within the hour`);
      stays(all, tabs);
    }
  });

  test(`a clock that is ${name} all the time changes nothing`, async () => {
    const all = await scene(1);
    all.browser.skew = jump;
    const { world, tabs } = all;
    await world.run(me(tabs[0]!));
    await world.sleep(LIFETIME);
    await world.run(me(tabs[0]!));
    const before = world.server.refreshes;
    for (let minutes = 0; minutes < 60; minutes += 1) {
      await world.run(me(tabs[0]!));
      await world.sleep(MINUTE);
    }
    ok(world.server.refreshes - before <= 5);
    stays(all, tabs);
  });
}

test("a clock that jumped back is noticed by an expiry that is too far away", async () => {
  const all = await scene(1);
  const { world, browser, tabs } = all;
  browser.skew = -HOUR;
  const refused = world.server.count("GET");
  await world.run(me(tabs[0]!));
  strictEqual(world.server.refreshes, 1, "it was stale by the clock");
  strictEqual(world.server.count("GET") - refused, 1, "no request was refused first");
});

test("a wrong clock costs one refusal and one refresh", async () => {
  const all = await scene(1);
  const { world, browser, tabs } = all;
  await world.sleep(LIFETIME - 2 * MINUTE);
  browser.skew = -10 * MINUTE;
  await world.sleep(3 * MINUTE);
  const before = world.server.count("GET /api/auth/me");
  await world.run(me(tabs[0]!));
  deepStrictEqual([world.server.refreshes, world.server.count("GET /api/auth/me") - before], [1, 2]);
  stays(all, tabs);
});

test("a minute without network costs nothing but its requests", async () => {
  const all = await scene(3);
  const { world, browser, tabs } = all;
  await world.sleep(LIFETIME);
  browser.isOffline = true;
  for (let seconds = 0; seconds < 60; seconds += 10) {
    for (const outcome of await world.outcomes(tabs.map(me))) strictEqual(code(outcome), "client/offline");
    await world.sleep(10 * SECOND);
    stays(all, tabs);
  }
  browser.isOffline = false;
  values(await world.outcomes(tabs.map(me)));
  strictEqual(world.server.verdicts["rotated"], 1);
  stays(all, tabs);
});

test("a network that goes while the reply is on its way costs nothing", async () => {
  const all = await scene(1);
  const { world, browser, tabs } = all;
  for (let round = 0; round < 4; round += 1) {
    await world.sleep(LIFETIME);
    atRefresh(world, { up: 100, down: 400 });
    const waiting = me(tabs[0]!).catch(() => {});
    await world.sleep(200);
    browser.isOffline = true;
    await world.sleep(MINUTE);
    await world.run(waiting);
    browser.isOffline = false;
    await world.run(me(tabs[0]!));
    stays(all, tabs);
  }
});

const json = (status: number, body: unknown): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

const WRONG: [string, Answer][] = [
  ["a captive portal's page", portal()],
  ["a captive portal's page as JSON", portal("<html></html>", "application/json")],
  ["an empty 200", { status: 200, headers: {}, body: "" }],
  ["a 204", { status: 204, headers: {} }],
  ["null", json(200, null)],
  ["a list", json(200, [])],
  ["JSON of somebody else", json(200, { ok: true })],
  ["an access token that is no text", json(200, { accessToken: 7, refreshToken: "r", expiresIn: 900 })],
  ["400", json(400, { error: { code: "common/validation-failed", message: "no" } })],
  ["403", json(403, { error: { code: "auth/origin-not-allowed", message: "no" } })],
  ["404", json(404, { error: { code: "common/not-found", message: "no" } })],
  ["413 of a proxy", { ...portal("<html>too large</html>"), status: 413 }],
  ["500", json(500, { error: { code: "common/internal", message: "no" } })],
  ["502 of a gateway", json(502, { message: "Bad gateway" })],
  ["503", json(503, { error: { code: "common/unavailable", message: "no" } })],
  ["503 of a page", { ...portal(), status: 503 }],
  ["403 of a gateway", json(403, { message: "Forbidden" })],
  ["407 of a proxy", { ...portal(), status: 407 }],
  ["511 of a network", { ...portal(), status: 511 }],
];

for (const [name, instead] of WRONG) {
  test(`a refresh that gets ${name} keeps the session`, async () => {
    const all = await scene(2);
    const { world, browser, tabs } = all;
    await world.sleep(LIFETIME);
    const before = browser.local.get("bakend:http://localhost:9000");
    atRefresh(world, { instead }, Infinity);
    for (const outcome of await world.outcomes(tabs.map(me))) strictEqual(outcome.status, "rejected");
    const got = code((await world.outcomes([tabs[0]!.auth.token()]))[0]);
    ok(got !== null);
    if (instead.status < 300) strictEqual(got, "client/bad-reply");
    strictEqual(browser.local.get("bakend:http://localhost:9000"), before, "the stored pair is as it was");
    stays(all, tabs);
    world.fate = () => ({});
    values(await world.outcomes(tabs.map(me)));
    stays(all, tabs);
  });
}

test("a captive portal in front of everything keeps the session, and begins none", async () => {
  const all = await scene(1);
  const { world, browser, tabs } = all;
  await world.run(tabs[0]!.auth.me());
  world.fate = () => ({ instead: portal() });
  strictEqual(code((await world.outcomes([tabs[0]!.auth.me()]))[0]), "client/bad-reply");
  stays(all, tabs);
  const second = tabs[0]!.auth.login("ada@example.com", "a long password");
  strictEqual(code((await world.outcomes([second]))[0]), "client/bad-reply");
  stays(all, tabs);
  world.fate = () => ({});
  await world.run(me(tabs[0]!));
  ok(browser.stored?.accessToken);
  stays(all, tabs);
});

test("a 401 of somebody else at a refresh is no verdict of the server", async () => {
  const all = await scene(1);
  const { world, tabs } = all;
  await world.sleep(LIFETIME);
  atRefresh(world, { instead: { ...portal(), status: 401 } }, 6);
  await world.outcomes([me(tabs[0]!)]);
  world.fate = () => ({});
  stays(all, tabs);
  await world.run(me(tabs[0]!));
});

test("a refresh that takes too long is given up, and done again", async () => {
  const all = await scene(2, { timeout: 5 * SECOND });
  const { world, tabs } = all;
  for (const slow of [{ up: 7 * SECOND }, { down: 7 * SECOND }]) {
    await world.sleep(LIFETIME);
    atRefresh(world, slow);
    await world.outcomes(tabs.map(me));
    stays(all, tabs);
    values(await world.outcomes(tabs.map(me)));
    stays(all, tabs);
  }
});

test("a caller who gives up gets the own reason, and the others their token", async () => {
  const all = await scene(1);
  const { world, tabs } = all;
  await world.sleep(LIFETIME);
  atRefresh(world, { down: 3 * SECOND });
  const controller = new AbortController();
  const reason = new Error("the page was left");
  const left = tabs[0]!.client.request("GET", "/api/auth/me", { signal: controller.signal });
  const other = me(tabs[0]!);
  world.after(SECOND, () => controller.abort(reason));
  const [first, second] = await world.outcomes([left, other]);
  strictEqual(first?.status === "rejected" && first.reason, reason);
  strictEqual(second?.status, "fulfilled");
  strictEqual(world.server.count("POST /api/auth/refresh"), 1);
  stays(all, tabs);
});

test("a refresh that is asked to wait waits, and then gets the pair", async () => {
  const all = await scene(1, {}, { settings: { refreshes: 1, refreshWindow: 6 * SECOND } });
  const { world, tabs } = all;
  await world.sleep(LIFETIME);
  world.server.sessions.forEach((session) => Object.assign(session, { since: world.now, count: 1 }));
  const began = world.now;
  await world.run(me(tabs[0]!));
  ok(world.now - began >= 5 * SECOND, "it came before its time");
  ok(world.server.verdicts["throttled"]! <= 2);
  stays(all, tabs);
});

test("40 tabs without locks are more than the limit allows, and all stay", async () => {
  const all = await scene(40, { locks: null });
  const { world, tabs } = all;
  for (let round = 1; round <= 3; round += 1) {
    await world.sleep(LIFETIME);
    world.fate = () => ({ up: 10 + world.below(400), down: 500 });
    await world.outcomes(tabs.map(me));
    stays(all, tabs);
    await world.sleep(MINUTE);
    values(await world.outcomes(tabs.map(me)));
    strictEqual(world.server.verdicts["rotated"], round);
    stays(all, tabs);
  }
  ok(world.server.verdicts["throttled"]! > 0);
});

test("a session that the server ended is over in all tabs, and told once", async () => {
  for (const how of ["request", "refresh"] as const) {
    for (const storage of ["local", "cookie"] as const) {
      const all = await scene(3, { storage });
      const { world, browser, tabs } = all;
      values(await world.outcomes(tabs.map(me)));
      const [id] = [...world.server.sessions.keys()];
      world.server.end(id!, "by an admin");
      if (how === "refresh") await world.sleep(LIFETIME);
      const outcomes = await world.outcomes([me(tabs[0]!)]);
      strictEqual((outcomes[0] as PromiseRejectedResult).reason.status, 401);
      await world.sleep(SECOND);
      for (const tab of tabs) {
        strictEqual(tab.auth.user, null, `${how}, ${storage}, ${tab.name}`);
        deepStrictEqual(tab.told, [all.account.id, null]);
      }
      strictEqual(browser.stored, null);
      strictEqual(await world.run(tabs[2]!.auth.token()), null);
    }
  }
});

test("a refusal of one request does not sign out", async () => {
  const all = await scene(1);
  const { world, tabs } = all;
  for (const status of [400, 403, 404, 409, 412, 429, 500, 503]) {
    world.fate = (ride) => (isRefresh(ride) ? {} : { instead: json(status, { error: { code: "x", message: "x" } }) });
    const write = tabs[0]!.client.request("POST", "/api/notes", { body: {} });
    strictEqual((await world.outcomes([write]))[0]?.status, "rejected");
    stays(all, tabs);
  }
});
