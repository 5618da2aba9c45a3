// Calls that are under way while another user signs in, and refusals that are none of the session's.

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { afterEach, test } from "node:test";
import type { BakendError, Client, Options, RequestOptions, Storage } from "../src/index.ts";
import { createClient } from "../src/index.ts";
import { ADA, API, failure, giving, tokens } from "./core-fetch.ts";
import type { Give, Given, Got } from "./core-fetch.ts";

const KEY = `bakend:${API}`;
const PASSWORD = "a long password";
const BOB = { ...ADA, id: "0197a3b0-0000-7000-8000-00000000000b", email: "bob@example.com" };

/** A client whose logins give Ada or Bob, by the address, and whose other requests `give` answers. */
function client(give: Give = () => ({ status: 204 }), more: Options = {}): { bk: Client; got: Got[] } {
  const { options, got } = giving((one, number) => {
    if (!one.path.endsWith("login")) return give(one, number);
    const isBob = (one.body as { email: string }).email === BOB.email;
    return { body: isBob ? tokens(200, { user: BOB }) : tokens(100, { user: ADA }) };
  }, more);
  return { bk: createClient(API, options), got };
}

const signIn = ({ auth }: Client, { email } = ADA): Promise<unknown> => auth.login(email, PASSWORD);

/** A reply that waits for `let go`. */
function held(given: Given): { give: Promise<Given>; go: () => void } {
  let go = (): void => {};
  const give = new Promise<Given>((done) => (go = () => done(given)));
  return { give, go };
}

/** A storage with an old pair of Ada's. */
function old(): { kept: Map<string, string | null>; storage: Storage; text: string } {
  const pair = { accessToken: "access-0", refreshToken: "refresh-0", expiresAt: 1, expiresIn: 900, user: ADA, key: "k".repeat(32) };
  const text = JSON.stringify(pair);
  const kept = new Map<string, string | null>([[KEY, text]]);
  return { kept, text, storage: { get: (key) => kept.get(key) ?? null, set: (key, value) => void kept.set(key, value) } };
}

for (const code of ["auth/invalid-api-key", "auth/api-key-required", "auth/invalid-credentials", "auth/a-later-code"]) {
  test(`a refresh that is refused by ${code} keeps the session`, async () => {
    const { kept, storage, text } = old();
    const { bk } = client(() => ({ status: 401, body: failure(code) }), { storage, apiKey: "pk_live_old" });
    await rejects(bk.auth.token(), { code });
    deepStrictEqual([bk.auth.user, kept.get(KEY)], [ADA, text]);
    const next = client(() => ({ body: tokens(1) }), { storage, apiKey: "pk_live_new" }).bk;
    strictEqual(await next.auth.token(), "access-1");
  });
}

for (const code of ["auth/invalid-refresh-token", "auth/session-revoked"]) {
  test(`a refresh that is refused by ${code} ends the session`, async () => {
    const { kept, storage } = old();
    const { bk } = client(() => ({ status: 401, body: failure(code) }), { storage });
    strictEqual(await bk.auth.token(), null);
    deepStrictEqual([bk.auth.user, kept.get(KEY)], [null, null]);
  });
}

/** The ways in which somebody comes between: the user and the token afterwards. */
const BETWEEN: [string, (bk: Client) => Promise<unknown>, string | null, string | null][] = [
  ["another user who signs in", (bk) => signIn(bk, BOB), BOB.id, "access-200"],
  ["a sign-out", (bk) => bk.auth.logout(), null, null],
  ["the same user who signs in anew", (bk) => signIn(bk), ADA.id, "access-3"],
];

for (const [who, between, id, token] of BETWEEN) {
  test(`tokens for the user of before, beside ${who}`, async () => {
    const { give, go } = held({ body: tokens(3) });
    const { bk, got } = client(({ path }) => (path.endsWith("reauthenticate") ? give : { status: 204 }));
    await signIn(bk);
    const under = bk.auth.enter("/api/auth/reauthenticate", { password: PASSWORD }, { anonymous: false });
    while (got.length < 2) await new Promise((done) => setTimeout(done));
    await between(bk);
    go();
    await under;
    deepStrictEqual([bk.auth.user?.id ?? null, await bk.auth.token()], [id, token]);
    strictEqual(got.filter(({ path }) => path.endsWith("/me")).length, 0);
  });

  test(`an account that is deleted, beside ${who}`, async () => {
    const { give, go } = held({ status: 204 });
    const { bk, got } = client(({ method }) => (method === "DELETE" ? give : { status: 204 }));
    await signIn(bk);
    const under = bk.auth.deleteAccount(PASSWORD);
    while (got.length < 2) await new Promise((done) => setTimeout(done));
    await between(bk);
    go();
    await under;
    strictEqual(bk.auth.user?.id ?? null, id === ADA.id ? null : id);
    strictEqual(await bk.auth.token(), id === BOB.id ? token : null);
  });
}

test("edit never writes as another user than the one who read", async () => {
  const etag = { etag: '"1"' };
  for (const between of [(bk: Client) => signIn(bk, BOB), (bk: Client) => bk.auth.logout()]) {
    const { bk, got } = client(({ method }) => (method === "GET" ? { body: { id: "a", likes: 1 }, headers: etag } : { status: 204 }));
    await signIn(bk);
    const edit = bk.collection("posts").edit("a", async ({ likes }) => {
      await between(bk);
      return { likes: likes + 1 };
    });
    await rejects(edit, { code: "auth/session-revoked", status: 401 });
    deepStrictEqual(got.filter(({ method }) => method === "PATCH"), []);
  }
  const { bk, got } = client(({ method }) => ({ body: { id: "a", likes: 1 }, headers: method === "GET" ? etag : {} }));
  await signIn(bk);
  await bk.collection("posts").edit("a", async ({ likes }) => signIn(bk).then(() => ({ likes })));
  strictEqual(got.at(-1)!.method, "PATCH", "the same user may sign in anew");
});

test("all gives the pages of one user", async () => {
  const { bk, got } = client((_, number) => ({ body: { items: [{ id: "a" }], nextCursor: number < 9 ? "c" : null } }));
  await signIn(bk);
  const seen: unknown[] = [];
  const all = async (): Promise<void> => {
    for await (const { id } of bk.collection("posts").all()) {
      seen.push(id);
      if (seen.length === 2) await signIn(bk, BOB);
    }
  };
  await rejects(all(), { code: "auth/session-revoked" });
  deepStrictEqual([seen, got.filter(({ method }) => method === "GET").length], [["a", "a"], 2]);
});

test("no path leads to another host", async () => {
  const hosts: string[] = [];
  const fetched: typeof fetch = async (address) => {
    const { host, pathname } = new URL(String(address));
    hosts.push(host + pathname);
    return Response.json({});
  };
  const bk = createClient("https://api.example.com", { storage: "memory", fetch: fetched });
  for (const path of ["@evil.example/x", ".evil.example/x", ":8443/x", "//evil.example/x", "api/health", "/api/health"]) {
    await bk.request("GET", path);
  }
  ok(hosts.every((host) => host.startsWith("api.example.com/")), hosts.join());
  deepStrictEqual(hosts.slice(4), ["api.example.com/api/health", "api.example.com/api/health"]);
});

test("a header in capitals is a mistake, since it would go twice", () => {
  // @ts-expect-error
  const twice: RequestOptions = { headers: { Authorization: "Bearer own" } };
  const once: RequestOptions = { headers: { authorization: "Bearer own" } };
  ok(twice && once);
});

test("a storage that could not be read yet is no reason to write as nobody", async () => {
  const { storage } = old();
  const locked = new Error("The keychain is locked.");
  let isLocked = true;
  const get = async (key: string): Promise<string | null> => {
    if (isLocked) throw locked;
    return storage.get(key);
  };
  const { bk, got } = client(({ path }) => ({ body: path.endsWith("refresh") ? tokens(1) : {} }), { storage: { ...storage, get } });
  await bk.auth.ready;
  for (const call of [() => bk.auth.token(), () => bk.collection("posts").create({ title: "A" })]) {
    strictEqual(await call().catch((error: unknown) => error), locked);
  }
  strictEqual(got.length, 0);
  isLocked = false;
  await bk.collection("posts").create({ title: "A" });
  strictEqual(got.at(-1)!.headers.get("authorization"), "Bearer access-1");
  isLocked = true;
  await bk.auth.logout();
  strictEqual(await bk.auth.token(), null, "it is known by now");
});

test("a storage that was read once, or a sign-in, is known", async () => {
  const no = (): never => {
    throw new Error("no");
  };
  let isLocked = false;
  const read = client(() => ({ body: {} }), { storage: { get: () => (isLocked ? no() : null), set: no } }).bk;
  await read.auth.ready;
  isLocked = true;
  await read.collection("posts").create({});
  const { bk, got } = client(() => ({ body: {} }), { storage: { get: no, set: no } });
  await signIn(bk);
  await bk.collection("posts").create({});
  strictEqual(got.at(-1)!.headers.get("authorization"), "Bearer access-100");
});

test("a sign-in that a locked storage did not take is stored as soon as it can be", async () => {
  const kept = new Map<string, string | null>();
  let isLocked = true;
  const tried = <T>(run: () => T): T => {
    if (isLocked) throw new Error("The keychain is locked.");
    return run();
  };
  const get = (key: string): string | null => tried(() => kept.get(key) ?? null);
  const { bk } = client(undefined, { storage: { get, set: (key, text) => tried(() => void kept.set(key, text)) } });
  await signIn(bk);
  isLocked = false;
  deepStrictEqual([await bk.auth.token(), bk.auth.user, JSON.parse(kept.get(KEY)!).accessToken], ["access-100", ADA, "access-100"]);
});

const before = (["localStorage", "addEventListener"] as const).map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
afterEach(() => {
  for (const [at, name] of ["localStorage", "addEventListener"].entries()) {
    if (before[at]) Object.defineProperty(globalThis, name, before[at]);
    else delete (globalThis as Record<string, unknown>)[name];
  }
});

test("a runtime with a web storage and without its events has a client", async () => {
  const kept = new Map<string, string>();
  const value = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
    removeItem: (key: string) => void kept.delete(key),
  };
  Object.defineProperty(globalThis, "localStorage", { configurable: true, value });
  Object.defineProperty(globalThis, "addEventListener", { configurable: true, value: undefined });
  const { bk } = client(undefined, { storage: undefined });
  await signIn(bk);
  deepStrictEqual([bk.auth.user, [...kept.keys()]], [ADA, [KEY]]);
});

test("a sign-out is the end here before the server has said so, and a running refresh brings nothing back", async () => {
  const { kept, storage } = old();
  const { give, go } = held({ body: tokens(1) });
  const { bk, got } = client(({ path }) => (path.endsWith("refresh") ? give : { status: 204 }), { storage });
  const told: unknown[] = [];
  bk.auth.onChange((user) => told.push(user));
  const waiting = bk.auth.token();
  while (got.length < 1) await new Promise((done) => setTimeout(done));
  const logout = bk.auth.logout();
  await new Promise((done) => setTimeout(done, 20));
  // At once, since an app may leave the page.
  deepStrictEqual([bk.auth.user, told, kept.get(KEY), got.length], [null, [null], null, 2]);
  go();
  strictEqual(await waiting.catch((error: BakendError) => error.code), null);
  await logout;
  deepStrictEqual([bk.auth.user, await bk.auth.token(), kept.get(KEY), told], [null, null, null, [null]]);
  deepStrictEqual([got.length, got[1]!.path, got[1]!.body], [2, "/api/auth/logout", { refreshToken: "refresh-0" }]);
});

test("only a sign-out goes on where the page is left", async () => {
  const { bk, got } = client();
  await signIn(bk);
  await bk.auth.logout();
  deepStrictEqual(got.map(({ path, keepalive }) => [path, keepalive]), [["/api/auth/login", false], ["/api/auth/logout", true]]);
});

test("the end of a session waits for the pair that takes its place, such as that of a reauthentication", async () => {
  const kept = new Map<string, string | null>();
  const storage: Storage = { get: (key) => kept.get(key) ?? null, set: (key, value) => void kept.set(key, value) };
  const over = { status: 401, body: failure("auth/session-revoked") };
  const { bk, got } = client(({ headers }) => (headers.get("authorization") === "Bearer access-100" ? over : { body: ADA }), { storage });
  await signIn(bk);
  const asked = bk.auth.me();
  const again = { ...JSON.parse(kept.get(KEY)!), accessToken: "access-101", refreshToken: "refresh-101", key: "n".repeat(32) };
  setTimeout(() => kept.set(KEY, JSON.stringify(again)), 700);
  deepStrictEqual([await asked, bk.auth.user?.id, got.length], [ADA, ADA.id, 3]);
});

test("a mark of cookie mode is no session elsewhere, and nothing is written as nobody", async () => {
  const { kept, storage } = old();
  kept.set(KEY, JSON.stringify({ user: ADA, key: "k".repeat(32), n: 7 }));
  const { bk, got } = client(undefined, { storage });
  strictEqual(bk.auth.user?.id, ADA.id);
  await rejects(bk.collection("posts").create({ title: "mine" }), { code: "auth/session-revoked" });
  deepStrictEqual([bk.auth.user, kept.get(KEY), got], [null, null, []]);
});

test("a session with its one token ends by the server's word, whatever the clock says", async () => {
  const { kept, storage } = old();
  const one = { accessToken: "access-0", expiresAt: 1, expiresIn: 900, user: ADA, key: "k".repeat(32) };
  kept.set(KEY, JSON.stringify(one));
  let isOver = false;
  const give = (): Given => (isOver ? { status: 401, body: failure("auth/token-expired") } : { body: ADA });
  const { bk } = client(give, { storage });
  deepStrictEqual([await bk.auth.me(), bk.auth.user?.id], [ADA, ADA.id]);
  isOver = true;
  await rejects(bk.auth.me(), { code: "auth/token-expired" });
  deepStrictEqual([bk.auth.user, kept.get(KEY)], [null, null]);
});
