// The basics of a session's storage, refresh and refusals; the races are in the session's own tests.

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { afterEach, test } from "node:test";
import type { BakendError, Options, Storage } from "../src/index.ts";
import { createClient } from "../src/index.ts";
import { ADA, API, failure, giving, tokens } from "./core-fetch.ts";
import type { Got, Given } from "./core-fetch.ts";

const KEY = `bakend:${API}`;
const PASSWORD = "a long password";
const spent: Given = { status: 401, body: failure("auth/token-expired") };
const ended: Given = { status: 401, body: failure("auth/session-revoked") };
const refused: Given = { status: 401, body: failure("auth/invalid-refresh-token") };

/** A stored pair that has to be refreshed. */
const old = (more: object = {}): string =>
  JSON.stringify({ accessToken: "access-0", refreshToken: "refresh-0", expiresAt: 1, expiresIn: 900, user: ADA, key: "k".repeat(32), ...more });

/** A storage with what it keeps. */
function keeping(text?: string): { kept: Map<string, string>; storage: Storage } {
  const kept = new Map(text === undefined ? [] : [[KEY, text]]);
  const set = (key: string, value: string | null): void => void (value === null ? kept.delete(key) : kept.set(key, value));
  return { kept, storage: { get: (key) => kept.get(key) ?? null, set } };
}

/** A client whose refreshes get these replies in turn, then tokens by their number; other requests get `other`. */
function client(options: Options, refreshes: Given[] = [], other: (one: Got) => Given = () => ({ body: ADA })) {
  let number = 0;
  const all = giving((one) => {
    if (one.path.endsWith("login")) return { body: tokens(100, { user: ADA }) };
    if (!one.path.endsWith("refresh")) return other(one);
    return refreshes[number++] ?? { body: tokens(number) };
  }, options);
  return { bk: createClient(API, all.options), got: all.got };
}

const globals = ["localStorage", "sessionStorage", "addEventListener", "location", "BroadcastChannel"] as const;
const before = globals.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
afterEach(() => {
  for (const [at, name] of globals.entries()) {
    const own = before[at];
    if (own) Object.defineProperty(globalThis, name, own);
    else delete (globalThis as Record<string, unknown>)[name];
  }
});

/** Puts a value, or a getter, in the place of a global. */
function replace(name: (typeof globals)[number], get: () => unknown): void {
  Object.defineProperty(globalThis, name, { configurable: true, get });
}

/** A `localStorage`. */
const area = (kept: Map<string, string>, isFull = false) => ({
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => {
    if (isFull) throw new DOMException("full", "QuotaExceededError");
    kept.set(key, value);
  },
  removeItem: (key: string) => void kept.delete(key),
});

test("a pair is stored with a key, and another client takes it over", async () => {
  const { kept, storage } = keeping();
  const { bk } = client({ storage });
  await bk.auth.login("a@b.c", PASSWORD);
  const pair = JSON.parse(kept.get(KEY)!);
  deepStrictEqual([pair.accessToken, pair.refreshToken, pair.user], ["access-100", "refresh-100", ADA]);
  ok(/^\d+(-\d+){3}$/.test(pair.key) && pair.key.length >= 16);
  ok(Math.abs(pair.expiresAt - Date.now() - 900_000) < 5000);
  const second = client({ storage }).bk;
  deepStrictEqual([second.auth.user, await second.auth.token()], [ADA, "access-100"]);
  await second.auth.logout();
  strictEqual(kept.size, 0);
  strictEqual(await bk.auth.token(), null);
});

test("the name in the storage can be chosen", async () => {
  const { kept, storage } = keeping();
  const { bk } = client({ storage, key: "own" });
  await bk.auth.login("a@b.c", PASSWORD);
  deepStrictEqual([...kept.keys()], ["own"]);
});

test("a refresh sends token and key, and makes a new pair; the user stays and nobody is told", async () => {
  const { kept, storage } = keeping(old());
  const { bk, got } = client({ storage });
  const told: unknown[] = [];
  bk.auth.onChange((user) => told.push(user));
  deepStrictEqual(await Promise.all([bk.auth.token(), bk.auth.token()]), ["access-1", "access-1"]);
  strictEqual(got.length, 1);
  deepStrictEqual([got[0]!.body, got[0]!.headers.get("idempotency-key")], [{ refreshToken: "refresh-0" }, "k".repeat(32)]);
  const pair = JSON.parse(kept.get(KEY)!);
  deepStrictEqual([pair.refreshToken, pair.user, told], ["refresh-1", ADA, []]);
  ok(pair.key !== "k".repeat(32));
});

test("a token is renewed within its last ten seconds, and where the clock was set back", async () => {
  for (const [left, refreshes] of [[60_000, 0], [11_000, 0], [9000, 1], [0, 1], [-60_000, 1], [4_500_000, 1]] as const) {
    const { storage } = keeping(old({ expiresAt: Date.now() + left }));
    const { bk, got } = client({ storage });
    await bk.auth.token();
    strictEqual(got.length, refreshes, String(left));
  }
});

test("a request whose token is refused goes once more with the next one", async () => {
  const { storage } = keeping(old({ expiresAt: Date.now() + 600_000 }));
  const { bk, got } = client({ storage }, [], ({ headers }) =>
    headers.get("authorization") === "Bearer access-0" ? spent : { body: ADA },
  );
  await bk.collection("posts").create({ title: "A" });
  deepStrictEqual(got.map(({ path }) => path), ["/api/posts", "/api/auth/refresh", "/api/posts"]);
  deepStrictEqual(got[2]!.body, { title: "A" });
});

test("a refusal that stays is thrown, and 401s of other kinds cost no refresh", async () => {
  const { storage } = keeping(old({ expiresAt: Date.now() + 600_000 }));
  const { bk, got } = client({ storage }, [], () => spent);
  await rejects(bk.request("GET", "/api/posts"), { code: "auth/token-expired" });
  strictEqual(got.length, 3);
  for (const code of ["auth/invalid-credentials", "auth/invalid-mfa-code", "auth/invalid-api-key"]) {
    const other = client({ storage }, [], () => ({ status: 401, body: failure(code) }));
    await rejects(other.bk.request("POST", "/api/auth/password/change", { body: {} }), { code });
    strictEqual(other.got.length, 1);
    deepStrictEqual(other.bk.auth.user, ADA);
  }
});

test("a session that the server has ended is over", async () => {
  const { kept, storage } = keeping(old({ expiresAt: Date.now() + 600_000 }));
  const { bk, got } = client({ storage }, [], () => ended);
  const told: unknown[] = [];
  bk.auth.onChange((user) => told.push(user));
  await rejects(bk.request("GET", "/api/posts"), { code: "auth/session-revoked" });
  deepStrictEqual([bk.auth.user, kept.size, told, got.length], [null, 0, [null], 1]);
});

test("a refresh that is refused ends the session, after a look for another tab's pair", async () => {
  const { kept, storage } = keeping(old());
  const { bk } = client({ storage }, [refused, refused]);
  const began = Date.now();
  strictEqual(await bk.auth.token(), null);
  ok(Date.now() - began >= 1400 && Date.now() - began < 4000);
  deepStrictEqual([bk.auth.user, kept.size], [null, 0]);
});

test("a refresh that is refused finds the pair of another tab", async () => {
  const { kept, storage } = keeping(old());
  const { bk } = client({ storage }, [refused]);
  const other = { accessToken: "other", refreshToken: "other", expiresAt: Date.now() + 600_000, key: "other-key-of-the-pair" };
  setTimeout(() => kept.set(KEY, old(other)), 200);
  strictEqual(await bk.auth.token(), "other");
  deepStrictEqual(bk.auth.user, ADA);
});

test("a write is not sent as nobody after a session that ended meanwhile; a read is", async () => {
  for (const [method, sent] of [["POST", 0], ["GET", 1]] as const) {
    const { storage } = keeping(old());
    const { bk, got } = client({ storage }, [refused, refused]);
    const code = await bk.request(method, "/api/posts").then(() => null, (error: BakendError) => error.code);
    strictEqual(code, sent ? null : "auth/session-revoked");
    strictEqual(got.filter(({ path }) => path === "/api/posts").length, sent);
  }
});

test("no failure of a refresh but a refusal of the API ends the session", async () => {
  const failures: Given[] = [
    new TypeError("fetch failed"),
    { status: 500, body: failure("common/internal") },
    { status: 403, body: failure("auth/origin-not-allowed") },
    { status: 401, text: "<html>" },
    { status: 200, text: "<html>" },
    { body: {} },
    { body: { accessToken: "a" } },
    { body: null },
  ];
  for (const given of failures) {
    const { kept, storage } = keeping(old());
    const { bk } = client({ storage }, [given, given, given]);
    ok(await bk.auth.token().then(() => null, (error: BakendError) => error.code));
    deepStrictEqual([bk.auth.user, kept.get(KEY)], [ADA, old()]);
    ok((await client({ storage }).bk.auth.token())?.startsWith("access-"), "the pair is as good as before");
  }
});

test("a refresh that has to wait gets its pair after Retry-After", async () => {
  const { storage } = keeping(old());
  const wait: Given = { status: 429, body: failure("auth/too-many-requests"), headers: { "retry-after": "1" } };
  const { bk, got } = client({ storage }, [wait]);
  strictEqual(await bk.auth.token(), "access-2");
  ok(got[1]!.at - got[0]!.at >= 1000);
});

test("a caller who leaves gets the own reason, and the refresh goes on for others", async () => {
  const { storage } = keeping(old());
  const { bk, got } = client({ storage });
  const controller = new AbortController();
  const left = bk.auth.token(controller.signal);
  const other = bk.auth.token();
  controller.abort("left");
  strictEqual(await left.catch((reason: unknown) => reason), "left");
  strictEqual(await other, "access-1");
  strictEqual(got.length, 1);
});

test("an asynchronous storage is read before `ready`", async () => {
  const { storage } = keeping(old({ expiresAt: Date.now() + 600_000 }));
  const later: Storage = { get: async (key) => storage.get(key), set: async (key, value) => storage.set(key, value) };
  const { bk } = client({ storage: later });
  const told: unknown[] = [];
  bk.auth.onChange((user) => told.push(user?.id));
  strictEqual(bk.auth.user, null);
  await bk.auth.ready;
  deepStrictEqual([bk.auth.user, told], [ADA, [ADA.id]]);
});

test("a storage that throws is replaced by memory", async () => {
  const no = (): never => {
    throw new Error("no");
  };
  for (const storage of [{ get: no, set: no }, { get: () => null, set: no }, { get: async () => no(), set: async () => no() }]) {
    const { bk, got } = client({ storage }, [], () => ({ body: ADA }));
    await bk.auth.ready;
    await bk.auth.login("a@b.c", PASSWORD);
    strictEqual(await bk.auth.token(), "access-100");
    await bk.auth.me();
    deepStrictEqual([bk.auth.user, got.length], [ADA, 2]);
    await bk.auth.logout();
    deepStrictEqual([bk.auth.user, await bk.auth.token()], [null, null]);
  }
});

test("`local` is the default, and memory where the browser has none, forbids it or has no room", async () => {
  const kept = new Map<string, string>();
  const heard: string[] = [];
  const forbid = (): never => {
    throw new DOMException("no", "SecurityError");
  };
  for (const get of [() => undefined, forbid, () => area(kept, true), () => area(kept)]) {
    replace("localStorage", get);
    replace("addEventListener", () => (kind: string) => void heard.push(kind));
    replace("BroadcastChannel", () => undefined);
    const { bk } = client({ storage: undefined });
    await bk.auth.login("a@b.c", PASSWORD);
    deepStrictEqual([bk.auth.user, await bk.auth.token()], [ADA, "access-100"]);
  }
  deepStrictEqual([...kept.keys()], [KEY]);
  deepStrictEqual(heard, ["storage", "storage"]);
});

test("a change by another tab is heard", async () => {
  const kept = new Map<string, string>();
  let hear: (event: object) => void = () => {};
  replace("localStorage", () => area(kept));
  replace("addEventListener", () => (_: string, listener: typeof hear) => (hear = listener));
  const { bk } = client({ storage: "local" });
  const told: unknown[] = [];
  bk.auth.onChange((user) => told.push(user?.id ?? null));
  for (const [key, text, user] of [[KEY, old(), ADA], ["another", null, ADA], [null, null, null]] as const) {
    if (key === KEY && text) kept.set(KEY, text);
    if (key === null) kept.clear();
    hear({ key });
    await new Promise((done) => setTimeout(done, 5));
    deepStrictEqual(bk.auth.user, user);
  }
  deepStrictEqual(told, [ADA.id, null]);
});

test("by cookie no token is stored or sent, and the numbers grow", async () => {
  const kept = new Map<string, string>();
  replace("localStorage", () => area(kept));
  replace("addEventListener", () => () => {});
  const { refreshToken: _, ...cookie } = tokens(1, { user: ADA }) as { refreshToken: string };
  const { options, got } = giving(({ path }) => (/login|refresh/.test(path) ? { body: cookie } : { status: 204 }), { storage: "cookie" });
  const bk = createClient(API, options);
  await bk.auth.login("a@b.c", PASSWORD);
  const first = JSON.parse(kept.get(KEY)!);
  deepStrictEqual(Object.keys(first).sort(), ["key", "n", "user"]);
  strictEqual(got[0]!.headers.get("x-refresh-token-mode"), "cookie");
  strictEqual(await bk.auth.token(), "access-1");
  const reloaded = createClient(API, options);
  deepStrictEqual(reloaded.auth.user, ADA);
  strictEqual(await reloaded.auth.token(), "access-1");
  deepStrictEqual([got.length, got[1]!.body, got[1]!.headers.get("idempotency-key")], [2, undefined, first.key]);
  const { n, was, key } = JSON.parse(kept.get(KEY)!);
  deepStrictEqual([n, was], [first.n + 1, first.key]);
  ok(key !== was);
  await reloaded.auth.logout();
  deepStrictEqual([got[2]!.path, got[2]!.body, kept.size], ["/api/auth/logout", undefined, 0]);
  ok(got.every(({ credentials }) => credentials === "include"));
});

test("a flow is kept in `sessionStorage`, where there is one", async () => {
  const kept = new Map<string, string>();
  replace("sessionStorage", () => area(kept));
  const { bk } = client({ storage: "memory" });
  await bk.auth.flow("reset").set("handle");
  deepStrictEqual([...kept], [[`${KEY}:reset`, "handle"]]);
  strictEqual(await client({ storage: "memory" }).bk.auth.flow("reset").get(), "handle");
});
