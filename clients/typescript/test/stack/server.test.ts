// `bakend/server` in an HTTP server of Node, against a running API: a browser with cookies, a middleware, and pages.

import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Collections, Profile } from "../../../example/src/bakend.ts";
import { isBakendError } from "../../src/index.ts";
import { cookiesOf, refreshed, serverClient } from "../../src/server.ts";
import { API, PASSWORD, elsewhere, noting, person, skip } from "./stack.ts";

const net = noting();
const options = { fetch: net.fetch };
let app = "";

/** The reply of a page, or the one that tells its failure. */
const shown = (body: Promise<unknown>, headers?: Headers): Promise<Response> =>
  body.then(
    (value) => Response.json(value, { headers: headers ?? {} }),
    (error: unknown) => {
      if (!isBakendError(error)) throw error;
      return Response.json({ code: error.code }, { status: error.status || 503, headers: headers ?? {} });
    },
  );

/** The pages of the app. `/page` is behind the middleware and sets no cookie itself; `/bare` does neither. */
async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const headers = new Headers();
  const bk = serverClient<Collections, Profile>(API, cookiesOf(request, headers), options);
  if (pathname === "/login") {
    const { email, password } = await request.json();
    return shown(bk.auth.login(email, password), headers);
  }
  if (pathname === "/logout") return bk.auth.logout().then(() => new Response(null, { status: 303, headers }));
  if (pathname === "/tasks") return shown(bk.collection("tasks").create({ title: "By the server" }), headers);
  const session = pathname === "/page" ? await refreshed<Profile>(API, request, options) : null;
  const cookies = cookiesOf({ headers: session?.request ?? request.headers });
  const { auth } = serverClient<Collections, Profile>(API, cookies, options);
  const { user } = auth;
  const reply = await shown(auth.me().then((me) => ({ user, me, error: session?.error ?? null })));
  return session?.apply(reply) ?? reply;
}

const server = createServer((incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.on("end", async () => {
    const headers = new Headers(incoming.headers as Record<string, string>);
    const body = chunks.length > 0 ? Buffer.concat(chunks) : null;
    const reply = await answer(new Request(`${app}${incoming.url}`, { method: incoming.method ?? "GET", headers, body }));
    outgoing.writeHead(reply.status, [...reply.headers].flat());
    outgoing.end(await reply.text());
  });
});

/** A browser that keeps the cookies of the app. */
class Browser {
  readonly cookies = new Map<string, string>();
  lines: string[] = [];

  async open(path: string, body?: object) {
    const cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    const init: RequestInit = body ? { method: "POST", body: JSON.stringify(body) } : {};
    const reply = await fetch(app + path, { ...init, headers: cookie ? { cookie } : {}, redirect: "manual" });
    this.lines = reply.headers.getSetCookie();
    for (const line of this.lines) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value) this.cookies.set(name, value);
      else this.cookies.delete(name);
    }
    const text = await reply.text();
    return { status: reply.status, body: text ? JSON.parse(text) : null };
  }

  /** The session in the one cookie. */
  get pair(): any {
    const [value] = this.cookies.values();
    return value ? JSON.parse(Buffer.from(value, "base64url").toString()) : null;
  }

  /** Makes the access token look stale. */
  expire(): void {
    const [name] = this.cookies.keys();
    this.cookies.set(name!, Buffer.from(JSON.stringify({ ...this.pair, expiresAt: 1 })).toString("base64url"));
  }
}

async function signedIn() {
  const { email, user } = await person();
  const browser = new Browser();
  strictEqual((await browser.open("/login", { email, password: PASSWORD })).body.id, user.id);
  return { browser, email, user };
}

describe("a server", { skip }, () => {
  before(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    app = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  test("a sign-in sets one cookie that no script reads, and pages know the user", async () => {
    const { browser, user } = await signedIn();
    deepStrictEqual([browser.lines.length, browser.cookies.size], [1, 1]);
    ok(/; Path=\/; HttpOnly(; Secure)?; SameSite=Lax$/.test(browser.lines[0]!), browser.lines[0]);
    const { status, body } = await browser.open("/page");
    deepStrictEqual([status, body, browser.lines], [200, { user, me: user, error: null }, []]);
    strictEqual((await browser.open("/tasks", {})).body.createdBy, user.id);
  });

  test("the middleware refreshes a stale session for the browser and for the page behind", async () => {
    const { browser, user } = await signedIn();
    const first = browser.pair;
    const asked = net.refreshes().length;
    browser.expire();
    const { status, body } = await browser.open("/page");
    deepStrictEqual([status, body.me.id, browser.lines.length], [200, user.id, 1]);
    strictEqual(net.refreshes().length, asked + 1);
    notStrictEqual(browser.pair.refreshToken, first.refreshToken);
    notStrictEqual(browser.pair.key, first.key);
    strictEqual((await browser.open("/page")).body.user.id, user.id);
    strictEqual(net.refreshes().length, asked + 1);
  });

  test("requests at once with one cookie get one successor, and whichever cookie is kept goes on", async () => {
    const { browser, user } = await signedIn();
    for (let round = 0; round < 3; round += 1) {
      const asked = net.refreshes().length;
      browser.expire();
      const replies = await Promise.all(Array.from({ length: 8 }, () => browser.open("/page")));
      deepStrictEqual(replies.map(({ status, body }) => [status, body.me?.id]), replies.map(() => [200, user.id]));
      const tokens = net.refreshes().slice(asked).map(({ body }) => body.refreshToken);
      deepStrictEqual(new Set(tokens), new Set([browser.pair.refreshToken]));
    }
  });

  test("where no cookie can be set nothing is refreshed, and the session stays", async () => {
    const { browser, user } = await signedIn();
    browser.expire();
    const asked = net.refreshes().length;
    deepStrictEqual(await browser.open("/bare"), { status: 409, body: { code: "client/needs-refresh" } });
    deepStrictEqual([net.refreshes().length, browser.lines], [asked, []]);
    strictEqual((await browser.open("/page")).body.me.id, user.id);
    strictEqual((await browser.open("/bare")).body.me.id, user.id);
  });

  test("a stale session is refreshed on the way of a write", async () => {
    const { browser, user } = await signedIn();
    browser.expire();
    strictEqual((await browser.open("/tasks", {})).body.createdBy, user.id);
    strictEqual(browser.lines.length, 1);
    strictEqual((await browser.open("/page")).body.me.id, user.id);
  });

  test("a sign-out removes the cookie, and the session is over", async () => {
    const { browser } = await signedIn();
    const copy = new Browser();
    for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
    strictEqual((await browser.open("/logout", {})).status, 303);
    strictEqual(browser.cookies.size, 0);
    strictEqual((await browser.open("/page")).body.code, "auth/authentication-required");
    strictEqual((await copy.open("/page")).body.code, "auth/session-revoked");
  });

  test("a session that its user ends elsewhere is removed by the middleware", async () => {
    const { browser, email } = await signedIn();
    const { auth } = await elsewhere(email);
    await auth.endOtherSessions();
    browser.expire();
    const { body } = await browser.open("/page");
    deepStrictEqual([body.code, browser.cookies.size], ["auth/authentication-required", 0]);
    strictEqual(net.refreshes().at(-1)?.body.error.code, "auth/invalid-refresh-token");
  });
});
