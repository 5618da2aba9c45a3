import { deepStrictEqual, match, notStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { afterEach, mock, test } from "node:test";
import { isBakendError } from "../src/index.ts";
import { cookiesOf, serverClient } from "../src/server.ts";
import type { ServerOptions } from "../src/server.ts";
import { API, Browser, LIFETIME, MINUTE, Stack, store } from "./server-stack.ts";

afterEach(() => mock.timers.reset());

/** Signs in, with the session in a map of cookies. */
async function signedIn(options: ServerOptions = {}, stack = new Stack()) {
  const values = new Map<string, string>();
  const cookies = store(values);
  const open = (more: ServerOptions = {}) => serverClient(API, cookies, { fetch: stack.fetch, ...options, ...more });
  await open().auth.login("ada@example.com", "a long password");
  return { stack, values, cookies, open };
}
const sessionIn = (values: Map<string, string>) => JSON.parse(Buffer.from([...values.values()][0]!, "base64url").toString());
const isStale = (error: unknown) => isBakendError(error, "client/needs-refresh");

test("a sign-in makes one cookie, which the next request reads", async () => {
  const { cookies, values, open, stack } = await signedIn();
  strictEqual(values.size, 1);
  const [name, value, options] = cookies.lines.at(-1)!;
  match(String(name), /^__Host-bakend-[0-9a-f]{8}$/);
  match(String(value), /^[\w-]+$/);
  deepStrictEqual(options, { httpOnly: true, secure: true, sameSite: "lax", path: "/", maxAge: 30 * 86_400 });
  const { accessToken, refreshToken, expiresAt, key, user } = sessionIn(values);
  ok(accessToken && refreshToken && user.email === "ada@example.com");
  strictEqual(expiresAt, Date.now() + LIFETIME);
  match(key, /^[!-~]{16,}$/);
  const next = open();
  await next.auth.ready;
  strictEqual(next.auth.user?.id, stack.ada.id);
  strictEqual((await next.auth.me()).email, "ada@example.com");
  strictEqual(stack.refreshes, 0);
});

test("the name follows from the address of the API, or is given", async () => {
  const nameOf = async (url: string, options: ServerOptions = {}): Promise<string> => {
    const stack = new Stack();
    const cookies = store(new Map());
    await serverClient(url, cookies, { fetch: stack.fetch, ...options }).auth.login("ada@example.com", "a long password");
    return String(cookies.lines.at(-1)![0]);
  };
  const urls = ["https://api.example.com", "https://api.example.org", "https://api.example.com/two", "http://localhost:8080"];
  const names = await Promise.all(urls.map((url) => nameOf(url)));
  strictEqual(new Set(names).size, urls.length);
  strictEqual(await nameOf("https://api.example.com/"), names[0]);
  strictEqual(await nameOf(API, { name: "session" }), "session");
});

test("Secure is left out for an API at http://localhost, and as told", async () => {
  const isSecure = async (url: string, options: ServerOptions = {}): Promise<boolean> => {
    const headers = new Headers();
    const client = serverClient(url, cookiesOf(new Request(url), headers), { fetch: new Stack().fetch, ...options });
    await client.auth.login("ada@example.com", "a long password");
    const [line = ""] = headers.getSetCookie();
    ok(/; HttpOnly; /.test(line.replace("; Secure", "")) && line.endsWith("; SameSite=Lax") && line.includes("; Path=/;"));
    strictEqual(line.startsWith("__Host-"), line.includes("; Secure"));
    return line.includes("; Secure");
  };
  for (const url of ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost"]) {
    strictEqual(await isSecure(url), false, url);
  }
  for (const url of [API, "https://localhost:8080", "http://localhost.example.com", "http://192.168.0.2"]) {
    strictEqual(await isSecure(url), true, url);
  }
  strictEqual(await isSecure("http://192.168.0.2", { secure: false }), false);
});

test("a stale token is refreshed, with the key of the cookie and a new one for the new pair", async () => {
  const { stack, values, open } = await signedIn();
  const before = sessionIn(values);
  stack.later(LIFETIME);
  await open().auth.me();
  const after = sessionIn(values);
  deepStrictEqual(stack.keys, [before.key]);
  notStrictEqual(after.key, before.key);
  notStrictEqual(after.refreshToken, before.refreshToken);
  await open().auth.me();
  strictEqual(stack.refreshes, 1);
});

test("many requests of one client refresh once", async () => {
  const { stack, open } = await signedIn();
  stack.later(LIFETIME);
  const client = open();
  await Promise.all(Array.from({ length: 5 }, () => client.auth.me()));
  strictEqual(stack.refreshes, 1);
});

test("without `set` nothing is refreshed: a stale token says client/needs-refresh", async () => {
  const { stack, values, cookies } = await signedIn();
  stack.later(LIFETIME);
  const kept = new Map(values);
  const client = serverClient(API, { get: cookies.get }, { fetch: stack.fetch });
  await rejects(client.auth.token(), isStale);
  await rejects(client.auth.me(), isStale);
  await rejects(client.collection("notes").list(), isStale);
  strictEqual(client.auth.user?.id, stack.ada.id);
  strictEqual(stack.refreshes, 0);
  deepStrictEqual(values, kept);
});

test("where `set` throws nothing is refreshed either, and later it is", async () => {
  const { stack, values, cookies, open } = await signedIn();
  stack.later(LIFETIME);
  cookies.isLocked = true;
  const kept = new Map(values);
  const client = open();
  await rejects(client.auth.me(), isStale);
  strictEqual(stack.refreshes, 0);
  deepStrictEqual(values, kept);
  cookies.isLocked = false;
  await client.auth.me();
  strictEqual(stack.refreshes, 1);
});

test("a pair that could not be stored is stored as soon as it can be", async () => {
  const stack = new Stack();
  const values = new Map<string, string>();
  const cookies = store(values);
  cookies.isLocked = true;
  const client = serverClient(API, cookies, { fetch: stack.fetch });
  await client.auth.login("ada@example.com", "a long password");
  strictEqual((await client.auth.me()).id, stack.ada.id);
  strictEqual(values.size, 0);
  cookies.isLocked = false;
  await client.auth.token();
  strictEqual(sessionIn(values).user.id, stack.ada.id);
});

test("a refused token that looks good says client/needs-refresh where no cookie can be set", async () => {
  const { stack, cookies } = await signedIn();
  stack.before = (path) =>
    path === "/api/auth/me" ? Response.json({ error: { code: "auth/invalid-token", message: "", requestId: "" } }, { status: 401 }) : undefined;
  await rejects(serverClient(API, { get: cookies.get }, { fetch: stack.fetch }).auth.me(), isStale);
  strictEqual(stack.refreshes, 0);
});

test("a component may use a token until its very end, so that it follows a middleware that just let it pass", async () => {
  const { stack, cookies, open } = await signedIn();
  stack.later(LIFETIME - 11_000);
  await open().auth.token();
  strictEqual(stack.refreshes, 0);
  cookies.isLocked = true;
  for (const left of [10_000, 5000, 1]) {
    mock.timers.setTime(Date.UTC(2026, 0, 5, 9) + LIFETIME - left);
    strictEqual((await open().auth.me()).id, stack.ada.id);
  }
  stack.later(1);
  await rejects(open().auth.me(), isStale);
  strictEqual(stack.refreshes, 0);
});

test("nobody is signed in: no request, no cookie, no error", async () => {
  const stack = new Stack();
  for (const cookies of [store(new Map()), { get: () => undefined }, { get: () => "" }, { get: () => null }]) {
    strictEqual(await serverClient(API, cookies, { fetch: stack.fetch }).auth.token(), null);
  }
  deepStrictEqual(stack.server.requests, []);
});

test("a cookie that somebody has changed is none", async () => {
  const texts = ["", "x", "null", "[]", "{}", '"a"', '{"key":"k"}', '{"accessToken":1', "\ud800"];
  const values = ["***", "%", ...texts.map((text) => Buffer.from(text).toString("base64url"))];
  for (const value of values) {
    const client = serverClient(API, { get: () => value }, { fetch: new Stack().fetch });
    strictEqual(await client.auth.token(), null, value);
    strictEqual(client.auth.user, null, value);
  }
});

test("a logout removes the cookie and ends the session", async () => {
  const { stack, values, cookies, open } = await signedIn();
  await open().auth.logout();
  strictEqual(values.size, 0);
  strictEqual((cookies.lines.at(-1)![2] as { maxAge: number }).maxAge, 0);
  strictEqual(stack.server.ended.length, 1);
});

test("a logout removes the cookie without a connection, too", async () => {
  const { stack, values, open } = await signedIn();
  stack.before = () => Promise.reject(new TypeError("fetch failed"));
  await open().auth.logout().catch(() => undefined);
  strictEqual(values.size, 0);
});

test("only the server signs out: no failure of a refresh touches the cookie", async () => {
  const { stack, values, open } = await signedIn();
  stack.later(LIFETIME);
  const kept = sessionIn(values);
  const failures = [
    () => Promise.reject(new TypeError("fetch failed")),
    () => new Response("<html>", { status: 200 }),
    () => Response.json({}, { status: 200 }),
    () => Response.json({ message: "Internal" }, { status: 500 }),
    () => Response.json({ error: { code: "common/validation-failed", message: "", requestId: "" } }, { status: 400 }),
  ];
  for (const failure of failures) {
    stack.before = failure;
    await rejects(open().auth.me(), (error) => !isStale(error));
    deepStrictEqual(sessionIn(values), kept);
  }
  stack.before = () => {};
  await open().auth.me();
});

test("a session that has ended at the server is gone here, too", async () => {
  const { stack, values, open } = await signedIn();
  stack.server.end([...stack.server.sessions.keys()][0]!, "by an admin");
  await rejects(open().auth.me(), (error) => isBakendError(error, "auth/session-revoked"));
  strictEqual(values.size, 0);
});

test("the profile is left out of the cookie where it does not fit, and me() has all", async () => {
  const stack = new Stack();
  stack.ada.name = "ü".repeat(3000);
  const { values, cookies, open } = await signedIn({}, stack);
  const [name, value] = cookies.lines.at(-1)!;
  ok(String(name).length + String(value).length + 70 <= 4096);
  deepStrictEqual(Object.keys(sessionIn(values).user).sort(), ["createdAt", "email", "emailVerifiedAt", "id", "mfa", "role"]);
  const client = open();
  strictEqual((await client.auth.me() as unknown as { name: string }).name, stack.ada.name);
  strictEqual(client.auth.user?.email, "ada@example.com");
  stack.later(LIFETIME);
  await open().auth.me();
  ok([...values.values()].every((one) => one.length < 4096));
});

test("names in any script survive", async () => {
  const stack = new Stack();
  stack.ada.name = "Ада 😀; a=b, \"c\"";
  const { open } = await signedIn({}, stack);
  const client = open();
  await client.auth.ready;
  strictEqual((client.auth.user as unknown as { name: string }).name, stack.ada.name);
});

test("the handle of a flow has a cookie of its own, for an hour", async () => {
  const { values, cookies, open } = await signedIn();
  await open().auth.flow("register").set("handle:1");
  const [name, , options] = cookies.lines.at(-1)!;
  match(String(name), /^__Host-bakend-[0-9a-f]{8}-register$/);
  strictEqual((options as { maxAge: number }).maxAge, 3600);
  strictEqual(await open().auth.flow("register").get(), "handle:1");
  await open().auth.flow("register").set(null);
  strictEqual(values.size, 1);
});

test("two requests at once get the same successor, and either cookie goes on", async () => {
  for (const keeps of [0, 1]) {
    const stack = new Stack();
    const browser = new Browser();
    const call = async () => {
      const headers = new Headers();
      const client = serverClient(API, cookiesOf(browser.request(), headers), { fetch: stack.fetch });
      return { client, headers };
    };
    const first = await call();
    await first.client.auth.login("ada@example.com", "a long password");
    browser.take(first);
    stack.later(LIFETIME);
    const both = await Promise.all([call(), call()]);
    await Promise.all(both.map(({ client }) => client.auth.me()));
    const sessions = both.map((one) => {
      const own = new Browser();
      own.take(one);
      return own.session!;
    });
    strictEqual(sessions[0]!.refreshToken, sessions[1]!.refreshToken);
    // A key that followed from the token would let a copy of an older cookie follow for ever.
    notStrictEqual(sessions[0]!.key, sessions[1]!.key);
    browser.take(both[keeps]!);
    for (let round = 0; round < 3; round += 1) {
      stack.later(LIFETIME + MINUTE);
      const next = await call();
      await next.client.auth.me();
      browser.take(next);
    }
    deepStrictEqual(stack.server.ended, []);
  }
});

test("a copy of a cookie is noticed after the owner's next two refreshes, also through the app's own server", async () => {
  const { stack, values, open } = await signedIn();
  const copied = new Map(values);
  const thief = () => serverClient(API, store(copied), { fetch: stack.fetch });
  stack.later(LIFETIME);
  await open().auth.me();
  await thief().auth.me();
  stack.later(LIFETIME);
  await open().auth.me();
  stack.later(LIFETIME);
  await rejects(thief().auth.me());
  strictEqual(stack.server.ended[0]?.reason, "refresh-token-reuse");
});
