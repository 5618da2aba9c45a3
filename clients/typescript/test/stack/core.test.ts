// The core against a running API: accounts, sessions, errors, and requests of one's own.

import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { describe, test } from "node:test";
import { API, PASSWORD, Shared, address, client, elsewhere, failure, lost, noting, person } from "./stack.ts";
import { refresh, refusal, skip } from "./stack.ts";

const OTHER = "another password of the same user";

describe("the core", { skip }, () => {
  test("a registration signs in, is kept, and is told once", async () => {
    const shared = new Shared();
    const bk = client(shared.options);
    const told: (string | null)[] = [];
    bk.auth.onChange((user) => told.push(user?.email ?? null));
    const email = address();
    const user = await bk.auth.register(` ${email.toUpperCase()} `, PASSWORD, { name: "Ada", locale: "de" });
    ok(user);
    const { id, createdAt, ...rest } = user;
    deepStrictEqual(rest, { email, role: "authenticated", emailVerifiedAt: null, mfa: false, name: "Ada" });
    ok(id.length === 36 && Math.abs(Date.parse(createdAt) - Date.now()) < 3_600_000);
    deepStrictEqual(bk.auth.user, user);
    deepStrictEqual(await bk.auth.me(), user);
    deepStrictEqual(told, [email]);
    deepStrictEqual(shared.pair?.user, user);
    strictEqual(shared.pair?.accessToken, await bk.auth.token());
    // A client that begins later has the user at once.
    deepStrictEqual(client(shared.options).auth.user, user);
  });

  test("an address that is taken, and fields that are not right, are refused by name", async () => {
    const { email } = await person();
    const bk = client();
    const taken = await failure(bk.auth.register(email, PASSWORD));
    deepStrictEqual([taken.status, taken.code, taken.details], [409, "auth/email-already-exists", undefined]);
    ok(taken.requestId && taken.message);
    const wrong = await failure(bk.auth.register("nobody", "short", { role: "admin" } as object));
    deepStrictEqual([wrong.status, wrong.code], [400, "common/validation-failed"]);
    deepStrictEqual(wrong.details?.map(({ field }) => field).sort(), ["email", "password", "role"]);
    ok(wrong.details?.every(({ code, message }) => code && message));
    deepStrictEqual([bk.auth.user, await bk.auth.token()], [null, null]);
  });

  test("a wrong password is told by the API's code, and leaves the session alone", async () => {
    const { auth, email, user } = await person();
    const before = await auth.token();
    for (const who of [email, address()]) {
      const error = await failure(auth.login(who, "a wrong password"));
      deepStrictEqual([error.status, error.code, error.mfa], [401, "auth/invalid-credentials", undefined]);
    }
    deepStrictEqual([auth.user?.id, await auth.token()], [user.id, before]);
    strictEqual((await auth.me()).id, user.id);
    strictEqual((await auth.login(email.toUpperCase(), PASSWORD)).id, user.id);
    notStrictEqual(await auth.token(), before);
  });

  test("a profile field is changed and removed, and each change is told", async () => {
    const { auth, user } = await person();
    const told: (string | undefined)[] = [];
    auth.onChange((now) => told.push(now?.name));
    deepStrictEqual(await auth.update({ name: "Ada Lovelace" }), { ...user, name: "Ada Lovelace" });
    strictEqual(auth.user?.name, "Ada Lovelace");
    strictEqual("name" in (await auth.update({ name: null })), false);
    strictEqual("name" in (auth.user ?? {}), false);
    deepStrictEqual(told, ["Ada Lovelace", undefined]);
    const error = await failure(auth.update({ nickname: "A" } as object));
    deepStrictEqual([error.code, error.details?.map(({ field }) => field)], ["common/validation-failed", ["nickname"]]);
  });

  test("sessions are listed by pages, and one of them is ended", async () => {
    const { auth, email } = await person();
    const other = await elsewhere(email);
    const { items, nextCursor } = await auth.sessions();
    deepStrictEqual([items.length, items.filter(({ current }) => current).length, nextCursor], [2, 1, null]);
    const first = await auth.sessions({ limit: 1 });
    ok(first.nextCursor);
    const second = await auth.sessions({ limit: 1, cursor: first.nextCursor });
    deepStrictEqual([...first.items, ...second.items].map(({ id }) => id), items.map(({ id }) => id));
    await auth.endSession(items.find(({ current }) => !current)!.id);
    strictEqual(await refusal(other.auth.me()), "401 auth/session-revoked");
    strictEqual(other.auth.user, null);
    strictEqual((await auth.sessions()).items.length, 1);
    strictEqual(await refusal(auth.endSession("01900000-0000-7000-8000-000000000001")), "404 auth/session-not-found");
  });

  test("the end of the other sessions leaves this one", async () => {
    const { auth, email, user } = await person();
    const others = await Promise.all([elsewhere(email), elsewhere(email)]);
    await auth.endOtherSessions();
    for (const other of others) strictEqual(await refusal(other.auth.me()), "401 auth/session-revoked");
    strictEqual((await auth.me()).id, user.id);
    strictEqual((await auth.sessions()).items.length, 1);
  });

  test("another password ends the other sessions and keeps this one", async () => {
    const { auth, email, user } = await person();
    const other = await elsewhere(email);
    const wrong = await failure(auth.changePassword("a wrong password", OTHER));
    deepStrictEqual([wrong.status, wrong.details?.map(({ field }) => field)], [400, ["currentPassword"]]);
    strictEqual(await auth.changePassword(PASSWORD, OTHER), undefined);
    strictEqual((await auth.me()).id, user.id);
    strictEqual(await refusal(other.auth.me()), "401 auth/session-revoked");
    strictEqual(await refusal(client().auth.login(email, PASSWORD)), "401 auth/invalid-credentials");
    strictEqual((await client().auth.login(email, OTHER)).id, user.id);
  });

  test("a sign-out ends the session here and at the server", async () => {
    const shared = new Shared();
    const { auth } = await person(shared.options);
    const { accessToken, refreshToken, key } = shared.pair!;
    const told: unknown[] = [];
    auth.onChange((user) => told.push(user));
    strictEqual(await auth.logout(), undefined);
    deepStrictEqual([auth.user, await auth.token(), shared.pair, told], [null, null, null, [null]]);
    strictEqual(await refusal(auth.me()), "401 auth/authentication-required");
    const { status, body } = await refresh(refreshToken, key);
    deepStrictEqual([status, body.error.code], [401, "auth/invalid-refresh-token"]);
    const reply = await fetch(`${API}/api/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    deepStrictEqual([reply.status, (await reply.json()).error.code], [401, "auth/session-revoked"]);
    await auth.logout();
  });

  test("a deleted account cannot sign in, and comes back with its profile", async () => {
    const { auth, email, user } = await person();
    const other = await elsewhere(email);
    const wrong = await failure(auth.deleteAccount("a wrong password"));
    deepStrictEqual([wrong.status, wrong.details?.map(({ field }) => field)], [400, ["password"]]);
    strictEqual(auth.user?.id, user.id);
    strictEqual(await auth.deleteAccount(PASSWORD), undefined);
    deepStrictEqual([auth.user, await auth.token()], [null, null]);
    strictEqual(await refusal(other.auth.me()), "401 auth/session-revoked");
    strictEqual(await refusal(auth.login(email, PASSWORD)), "401 auth/invalid-credentials");
    strictEqual(await refusal(auth.restoreAccount(email, "a wrong password")), "401 auth/invalid-credentials");
    deepStrictEqual(await auth.restoreAccount(email, PASSWORD), user);
    deepStrictEqual(await auth.me(), user);
  });

  test("the token is good for requests of one's own", async () => {
    const { auth, user } = await person();
    const reply = await fetch(`${API}/api/auth/me`, { headers: { authorization: `Bearer ${await auth.token()}` } });
    strictEqual((await reply.json()).id, user.id);
  });

  test("any other path has its body, its status and its headers", async () => {
    const { bk } = await person();
    deepStrictEqual(await client().request("GET", "/api/health"), { status: "ok" });
    const { status, headers, body } = await bk.reply<{ id: string }>("POST", "/api/tasks", { body: { title: "Hello" } });
    deepStrictEqual([status, headers.get("location")], [201, `/api/tasks/${body.id}`]);
    deepStrictEqual(await bk.request("DELETE", `/api/tasks/${body.id}`), undefined);
    strictEqual(await refusal(bk.request("GET", "/api/nothing/of/this")), "404 common/not-found");
    strictEqual(await refusal(bk.request("PUT", "/api/auth/login")), "405 common/method-not-allowed");
    strictEqual(await refusal(bk.request("GET", "/api/tasks", { anonymous: true })), "401 auth/authentication-required");
  });

  test("an error has the id of its request, as the reply's header has it", async () => {
    let id: string | null = null;
    const bk = client({
      fetch: async (input, init) => {
        const reply = await fetch(input, init);
        id = reply.headers.get("x-request-id");
        return reply;
      },
    });
    const error = await failure(bk.collection("tasks").list());
    ok(id);
    strictEqual(error.requestId, id);
  });

  test("a foreign token is refused, and what is no API is told", async () => {
    const shared = new Shared();
    const { auth } = await person(shared.options);
    shared.set(shared.key, JSON.stringify({ ...shared.pair, accessToken: "no.token.here" }));
    // The refused token is refreshed, and the request goes again.
    strictEqual((await auth.me()).id, auth.user?.id);
    notStrictEqual(shared.pair?.accessToken, "no.token.here");
    const nowhere = await failure(client({ fetch: async () => lost() }).auth.login("ada@example.com", PASSWORD));
    deepStrictEqual([nowhere.status, nowhere.code], [0, "client/offline"]);
  });

  test("an abort throws its own reason, and the session stays", async () => {
    const { bk, auth, tasks, user } = await person();
    const reason = new Error("the page was left");
    const before = new AbortController();
    before.abort(reason);
    await rejects(tasks.list({}, { signal: before.signal }), (error) => error === reason);
    const under = new AbortController();
    const running = bk.request("GET", "/api/auth/me", { signal: under.signal });
    setImmediate(() => under.abort(reason));
    await rejects(running, (error) => error === reason);
    strictEqual((await auth.me()).id, user.id);
  });

  test("a request with `once` is done once, though its reply was lost", async () => {
    let cuts = 0;
    const net = noting(({ path }) => path === "/api/tasks" && cuts++ === 0 && lost());
    const { bk, tasks } = await person({ fetch: net.fetch });
    const made = await bk.request<{ id: string }>("POST", "/api/tasks", { body: { title: "Once" }, once: true });
    const sent = net.seen.filter(({ path }) => path === "/api/tasks");
    deepStrictEqual(sent.map(({ status, body }) => [status, body.id]), [[201, made.id], [201, made.id]]);
    const [one, two] = sent.map(({ headers }) => headers.get("idempotency-key"));
    ok(one && one === two);
    deepStrictEqual((await tasks.list()).items.map(({ id }) => id), [made.id]);
    // Without it nothing is sent again.
    cuts = 0;
    strictEqual(await refusal(bk.request("POST", "/api/tasks", { body: { title: "Unknown" } })), "0 client/offline");
    strictEqual(cuts, 1);
  });
});
