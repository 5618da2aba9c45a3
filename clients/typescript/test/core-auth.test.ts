// The calls of the session: their paths and bodies, the second factor, and what listeners are told.

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { test } from "node:test";
import type { Auth, BakendError, Options } from "../src/index.ts";
import { createAuth } from "../src/index.ts";
import { ADA, API, failure, giving, tokens } from "./core-fetch.ts";
import type { Give, Given } from "./core-fetch.ts";

const BOB = { ...ADA, id: "0197a3b0-0000-7000-8000-00000000000b", email: "bob@example.com" };
const PASSWORD = "a long password";

interface Profile {
  name?: string;
}

/** A client whose sign-ins give Ada's session, and whose other requests `give` answers. */
function client(give: Give = () => ({ status: 204 }), more: Options = {}) {
  const begins = /\/(login|register|anonymous|restore|verify)$/;
  const { options, got } = giving(
    (one, number) => (begins.test(one.path) ? { body: tokens(number, { user: ADA }) } : give(one, number)),
    more,
  );
  return { auth: createAuth<Profile>(API, options).auth, got };
}

/** The ids that a listener is told. */
function hearing(auth: Auth<Profile>): (string | null)[] {
  const told: (string | null)[] = [];
  auth.onChange((user) => void told.push(user?.id ?? null));
  return told;
}

test("sign-ins send their bodies, and store the session", async () => {
  const calls: [(auth: Auth<Profile>) => Promise<unknown>, string, object][] = [
    [(auth) => auth.register("a@b.c", PASSWORD, { name: "Ada", locale: "de" }), "register", { name: "Ada", locale: "de", email: "a@b.c", password: PASSWORD }],
    [(auth) => auth.login("a@b.c", PASSWORD), "login", { email: "a@b.c", password: PASSWORD }],
    [(auth) => auth.login("a@b.c", PASSWORD, { mfaCode: "123456" }), "login", { mfaCode: "123456", email: "a@b.c", password: PASSWORD }],
    [(auth) => auth.anonymous(), "anonymous", {}],
    [(auth) => auth.anonymous({ name: "A" }), "anonymous", { name: "A" }],
    [(auth) => auth.restoreAccount("a@b.c", PASSWORD), "me/restore", { email: "a@b.c", password: PASSWORD }],
  ];
  for (const [call, path, body] of calls) {
    const { auth, got } = client();
    const told = hearing(auth);
    strictEqual(auth.user, null);
    deepStrictEqual(await call(auth), ADA);
    deepStrictEqual([auth.user, told], [ADA, [ADA.id]]);
    strictEqual(await auth.token(), "access-1");
    const [one] = got;
    deepStrictEqual([one!.method, one!.path, one!.body, got.length], ["POST", `/api/auth/${path}`, body, 1]);
    for (const header of ["authorization", "x-refresh-token-mode"]) strictEqual(one!.headers.get(header), null);
  }
});

test("the calls of a session send its token", async () => {
  const page = { items: [], nextCursor: null };
  const give: Give = ({ method, path }) =>
    path.endsWith("/sessions") && method === "GET" ? { body: page } : /me$|terms$/.test(path) ? { body: ADA } : { status: 204 };
  const { auth, got } = client(give);
  await auth.login("a@b.c", PASSWORD);
  got.length = 0;
  deepStrictEqual(await auth.me(), ADA);
  deepStrictEqual(await auth.update({ name: null }), ADA);
  deepStrictEqual(await auth.acceptTerms("2"), ADA);
  deepStrictEqual(await auth.sessions({ limit: 5, cursor: "c" }), page);
  await auth.sessions();
  await auth.endSession("a/b");
  await auth.endOtherSessions();
  await auth.changePassword(PASSWORD, "another password");
  deepStrictEqual(
    got.map(({ method, path, body, query }) => [method, path.slice(10), body, query]),
    [
      ["GET", "me", undefined, {}],
      ["PATCH", "me", { name: null }, {}],
      ["POST", "me/terms", { version: "2" }, {}],
      ["GET", "sessions", undefined, { limit: "5", cursor: "c" }],
      ["GET", "sessions", undefined, {}],
      ["DELETE", "sessions/a%2Fb", undefined, {}],
      ["DELETE", "sessions", undefined, {}],
      ["POST", "password/change", { currentPassword: PASSWORD, newPassword: "another password" }, {}],
    ],
  );
  ok(got.every(({ headers }) => headers.get("authorization") === "Bearer access-1"));
  strictEqual(await auth.token(), "access-1", "the session stays");
});

test("an account that is deleted has no session, and none is ended a second time", async () => {
  for (const [proof, body] of [[PASSWORD, { password: PASSWORD }], [{}, {}]] as const) {
    const { auth, got } = client();
    await auth.login("a@b.c", PASSWORD);
    const told = hearing(auth);
    await auth.deleteAccount(proof);
    deepStrictEqual([auth.user, await auth.token(), told], [null, null, [null]]);
    deepStrictEqual([got.length, got[1]!.method, got[1]!.path, got[1]!.body], [2, "DELETE", "/api/auth/me", body]);
  }
});

test("an account that cannot be deleted keeps its session", async () => {
  const { auth } = client(() => ({ status: 401, body: failure("auth/invalid-credentials") }));
  await auth.login("a@b.c", PASSWORD);
  await rejects(auth.deleteAccount("wrong"), { code: "auth/invalid-credentials" });
  deepStrictEqual(auth.user, ADA);
});

test("a registration whose address is proven first keeps the flow", async () => {
  const { options } = giving([{ status: 202, body: { flow: "handle", expiresIn: 600 } }]);
  const { auth } = createAuth(API, options);
  const told: unknown[] = [];
  auth.onChange((user) => told.push(user));
  strictEqual(await auth.register("a@b.c", PASSWORD), null);
  strictEqual(await auth.flow("register").get(), "handle");
  strictEqual(await auth.flow("other").get(), null);
  await auth.flow("register").set(null);
  strictEqual(await auth.flow("register").get(), null);
  deepStrictEqual([auth.user, told], [null, []]);
});

test("a sign-in that asks for a second factor leaves its step, and goes on", async () => {
  const mfa = { token: "step", methods: ["totp", "recovery"], expiresIn: 300 };
  const asks: Given = { status: 403, body: failure("auth/mfa-required", { mfa }) };
  for (const [proof, body] of [
    ["123456", { code: "123456" }],
    [{ code: "123456" }, { code: "123456" }],
    [{ recoveryCode: "abc" }, { recoveryCode: "abc" }],
  ] as const) {
    const wrong: Given = { status: 401, body: failure("auth/invalid-mfa-code") };
    const { options, got } = giving([asks, wrong, { body: tokens(1, { user: ADA }) }]);
    const { auth } = createAuth(API, options);
    strictEqual(auth.mfa.open, null);
    const error = await auth.login("a@b.c", PASSWORD).catch((error: BakendError) => error);
    deepStrictEqual((error as BakendError).mfa, mfa);
    deepStrictEqual(auth.mfa.open, mfa);
    await rejects(auth.mfa.verify("000000"), { code: "auth/invalid-mfa-code" });
    deepStrictEqual([auth.mfa.open, auth.user], [mfa, null], "a wrong code may be followed by a right one");
    deepStrictEqual(await auth.mfa.verify(proof), ADA);
    deepStrictEqual([auth.mfa.open, auth.user], [null, ADA]);
    deepStrictEqual([got[2]!.path, got[2]!.body], ["/api/auth/mfa/verify", { mfaToken: "step", ...body }]);
  }
});

test("tokens without a user: the user stays where the caller is known, and is asked for where not", async () => {
  const { options, got } = giving(({ path, headers }) =>
    path.endsWith("login") ? { body: tokens(1, { user: ADA }) }
    : path.endsWith("reauthenticate") ? { body: tokens(2) }
    : path.endsWith("confirm") ? { body: tokens(3, { recoveryCodes: ["a"] }) }
    : { body: headers.get("authorization") === "Bearer access-3" ? BOB : ADA },
  );
  const { auth } = createAuth(API, options);
  await auth.login("a@b.c", PASSWORD);
  const told: unknown[] = [];
  auth.onChange((user) => told.push(user?.id));
  await auth.enter("/api/auth/reauthenticate", { password: PASSWORD }, { anonymous: false });
  deepStrictEqual([auth.user, await auth.token(), told, got.length], [ADA, "access-2", [], 2]);
  strictEqual(got[1]!.headers.get("authorization"), "Bearer access-1");
  // The sign-in of somebody else, by a token of its own.
  const more = { headers: { authorization: "Bearer step" } };
  const reply = await auth.enter<{ recoveryCodes: string[] }>("/api/auth/mfa/confirm", { code: "123456" }, more);
  deepStrictEqual(reply.recoveryCodes, ["a"]);
  strictEqual(got[2]!.headers.get("authorization"), "Bearer step");
  deepStrictEqual([auth.user, await auth.token(), told.at(-1)], [BOB, "access-3", BOB.id]);
});

test("a user who cannot be asked for does not cost the reply", async () => {
  const { options } = giving(({ path }) =>
    path.endsWith("confirm") ? { body: tokens(1, { recoveryCodes: ["a"] }) } : { status: 500, body: failure("common/internal") },
  );
  const { auth } = createAuth(API, options);
  deepStrictEqual((await auth.enter<{ recoveryCodes: string[] }>("/api/auth/mfa/confirm", {})).recoveryCodes, ["a"]);
  deepStrictEqual([await auth.token(), auth.user], ["access-1", null]);
});

test("a reply without tokens begins no session, and a sign-in without them fails", async () => {
  const { options } = giving([{ status: 202, body: { flow: "f", expiresIn: 1 } }, { body: { ok: true } }]);
  const { auth } = createAuth(API, options);
  deepStrictEqual(await auth.enter("/api/auth/magic-link", { email: "a@b.c" }), { flow: "f", expiresIn: 1 });
  await rejects(auth.login("a@b.c", PASSWORD), { code: "client/bad-reply" });
  deepStrictEqual([auth.user, await auth.token()], [null, null]);
});

test("listeners are told once of each change, in their own time", async () => {
  let user: object = ADA;
  const { auth } = client(({ path }) => (path.endsWith("me") ? { body: user } : { status: 204 }));
  const told = hearing(auth);
  const late: unknown[] = [];
  const before = console.error;
  const errors: unknown[] = [];
  console.error = (error: unknown) => void errors.push(error);
  try {
    auth.onChange(() => {
      throw new Error("a listener's own");
    });
    const leave = auth.onChange(async (user) => {
      await auth.token();
      late.push(user?.id ?? null);
    });
    await auth.login("a@b.c", PASSWORD);
    deepStrictEqual(told, [ADA.id]);
    await auth.me();
    await auth.token();
    auth.onChange(() => {});
    deepStrictEqual(told, [ADA.id], "nothing has changed");
    user = { ...ADA, name: "Ada" };
    await auth.me();
    user = { ...ADA, name: "Ada", role: "editor" };
    await auth.update({ name: "Ada" });
    deepStrictEqual(auth.user, user);
    deepStrictEqual(told, [ADA.id, ADA.id, ADA.id]);
    await auth.changed(BOB);
    deepStrictEqual(auth.user, user, "another user's reply");
    leave();
    await auth.logout();
    deepStrictEqual(told, [ADA.id, ADA.id, ADA.id, null]);
    await new Promise((done) => setTimeout(done, 5));
    deepStrictEqual(late, [ADA.id, ADA.id, ADA.id]);
    strictEqual(errors.length, 4);
  } finally {
    console.error = before;
  }
});

test("a logout sends the refresh token, and is the end in any case", async () => {
  const cases: [Given, string | null][] = [
    [{ status: 204 }, null],
    [new TypeError("fetch failed"), null],
    [{ status: 500, body: failure("common/internal") }, "common/internal"],
    [{ status: 403, body: { message: "Forbidden" } }, "client/gateway"],
  ];
  for (const [given, code] of cases) {
    const { auth, got } = client(() => given);
    await auth.login("a@b.c", PASSWORD);
    const thrown = await auth.logout().then(() => null, (error: BakendError) => error.code);
    strictEqual(thrown, code);
    deepStrictEqual([auth.user, await auth.token()], [null, null]);
    deepStrictEqual([got.length, got[1]!.body], [2, { refreshToken: "refresh-1" }]);
    await auth.logout();
    strictEqual(got.length, 2, "nobody is signed in any more");
  }
});
