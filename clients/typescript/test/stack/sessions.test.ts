// A session against a running API: replies that are lost, clients that refresh at once, and its end elsewhere.

import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert";
import { describe, test } from "node:test";
import { PASSWORD, Shared, client, elsewhere, lost, noting, person, refusal, skip } from "./stack.ts";

const CLIENTS = 20;

describe("sessions", { skip, concurrency: true }, () => {
  test("a refresh whose reply is lost goes again, and gets the same successor", async () => {
    const shared = new Shared();
    const net = noting(({ path }, number) => path === "/api/auth/refresh" && number === 2 && lost());
    const { auth, user } = await person({ ...shared.options, fetch: net.fetch });
    const first = shared.pair!;
    shared.expire();
    ok(await auth.token());
    const [one, two] = net.refreshes();
    deepStrictEqual([one?.status, two?.status, net.refreshes().length], [200, 200, 2]);
    deepStrictEqual(one?.sent, { refreshToken: first.refreshToken });
    deepStrictEqual(two?.sent, one?.sent);
    deepStrictEqual([one, two].map((it) => it?.headers.get("idempotency-key")), [first.key, first.key]);
    strictEqual(one?.body.refreshToken, two?.body.refreshToken);
    strictEqual(shared.pair?.refreshToken, two?.body.refreshToken);
    notStrictEqual(shared.pair?.key, first.key);
    // The chain goes on from there.
    for (let round = 0; round < 3; round += 1) {
      shared.expire();
      strictEqual((await auth.me()).id, user.id);
    }
  });

  test("a page that is closed before the reply comes back to the same successor", async () => {
    const shared = new Shared();
    const net = noting(({ path }) => path === "/api/auth/refresh" && lost());
    const { auth, user } = await person({ ...shared.options, fetch: net.fetch });
    const before = shared.pair!;
    shared.expire();
    strictEqual(await refusal(auth.token()), "0 client/offline");
    deepStrictEqual([auth.user?.id, shared.pair?.refreshToken], [user.id, before.refreshToken]);
    const later = client(shared.options);
    strictEqual((await later.auth.me()).id, user.id);
    for (const { body } of net.refreshes()) strictEqual(body.refreshToken, shared.pair?.refreshToken);
    strictEqual((await later.auth.sessions()).items.length, 1);
  });

  test(`${CLIENTS} clients of one storage refresh at once without locks: all stay, with one pair`, async () => {
    const shared = new Shared();
    const { user } = await person(shared.options);
    const net = noting();
    const all = Array.from({ length: CLIENTS }, () => client({ ...shared.options, fetch: net.fetch, timeout: 60_000 }));
    const told: unknown[] = [];
    for (const { auth } of all) auth.onChange((now) => told.push(now));
    for (let round = 1; round <= 3; round += 1) {
      shared.expire();
      const users = await Promise.all(all.map(({ auth }) => auth.me()));
      deepStrictEqual(users.map(({ id }) => id), all.map(() => user.id));
      const refreshes = net.refreshes();
      deepStrictEqual(refreshes.map(({ status }) => status), refreshes.map(() => 200));
      deepStrictEqual(new Set(refreshes.map(({ body }) => body.refreshToken)).size, round);
      strictEqual(shared.pair?.refreshToken, refreshes.at(-1)?.body.refreshToken);
    }
    ok(net.refreshes().length > CLIENTS, `${net.refreshes().length} refreshes`);
    deepStrictEqual(told, []);
    strictEqual((await all[0]!.auth.sessions()).items.length, 1);
  });

  test("the parallel requests of one client refresh once", async () => {
    const shared = new Shared();
    const net = noting();
    const { auth, tasks, user } = await person({ ...shared.options, fetch: net.fetch });
    shared.expire();
    await Promise.all([auth.me(), tasks.list(), tasks.count(), auth.sessions(), auth.token()]);
    deepStrictEqual([net.refreshes().length, auth.user?.id], [1, user.id]);
  });

  test("a session that its user ends elsewhere is signed out here once", async () => {
    const shared = new Shared();
    const { auth, tasks, email } = await person(shared.options);
    const told: unknown[] = [];
    auth.onChange((user) => told.push(user));
    const { auth: other } = await elsewhere(email);
    await other.endOtherSessions();
    const calls = [auth.me(), tasks.list(), tasks.create({ title: "Nobody's" }), auth.sessions(), tasks.count()];
    const codes = await Promise.all(calls.map(refusal));
    deepStrictEqual(new Set(codes), new Set(["401 auth/session-revoked"]));
    deepStrictEqual([auth.user, await auth.token(), shared.pair, told], [null, null, null, [null]]);
    strictEqual(await refusal(auth.me()), "401 auth/authentication-required");
    deepStrictEqual(told, [null]);
    strictEqual((await other.me()).email, email);
  });

  test("an end that a refresh notices is told once, and nothing is written as nobody", async () => {
    const shared = new Shared();
    const net = noting();
    const { auth, tasks, email } = await person({ ...shared.options, fetch: net.fetch });
    const told: unknown[] = [];
    auth.onChange((user) => told.push(user));
    const { auth: other } = await elsewhere(email);
    await other.endOtherSessions();
    shared.expire();
    const calls = [tasks.create({ title: "Nobody's" }), auth.update({ name: "Nobody" })];
    deepStrictEqual(await Promise.all(calls.map(refusal)), ["401 auth/session-revoked", "401 auth/session-revoked"]);
    deepStrictEqual(net.refreshes().map(({ body }) => body.error.code), ["auth/invalid-refresh-token"]);
    deepStrictEqual(net.seen.filter(({ path }) => path === "/api/tasks"), []);
    deepStrictEqual([auth.user, shared.pair, told], [null, null, [null]]);
  });

  test("a sign-in beside a refresh wins, whichever reply comes first", async () => {
    const grace = await person();
    for (const late of ["/api/auth/refresh", "/api/auth/login"]) {
      const shared = new Shared();
      let arrived = (): void => {};
      const other = new Promise<void>((done) => (arrived = done));
      const net = noting(async ({ path }) => {
        if (path === late) await other;
        else if (/refresh|login/.test(path)) setTimeout(arrived, 50);
      });
      const { auth } = await person({ ...shared.options, fetch: net.fetch });
      shared.expire();
      const [, user] = await Promise.all([auth.token().catch(() => null), auth.login(grace.email, PASSWORD)]);
      strictEqual(user.id, grace.user.id);
      deepStrictEqual([auth.user?.id, shared.pair?.user.id], [user.id, user.id]);
      strictEqual((await auth.me()).id, user.id);
      shared.expire();
      strictEqual((await auth.me()).id, user.id);
    }
  });

  test("a sign-out beside a refresh ends the newest pair", async () => {
    const shared = new Shared();
    let ended: Promise<void> | undefined;
    // The user signs out between the server's answer and its arrival.
    const net = noting(({ path }) => path === "/api/auth/refresh" && void (ended = auth.logout()));
    const { auth } = await person({ ...shared.options, fetch: net.fetch });
    shared.expire();
    await auth.token();
    ok(ended);
    await ended;
    deepStrictEqual([auth.user, shared.pair], [null, null]);
    const newest = net.refreshes().at(-1)?.body.accessToken;
    ok(newest);
    const stranger = client();
    const asked = stranger.request("GET", "/api/auth/me", { headers: { authorization: `Bearer ${newest}` } });
    strictEqual(await refusal(asked), "401 auth/session-revoked");
  });
});
