import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert";
import { afterEach, mock, test } from "node:test";
import { isBakendError } from "../src/index.ts";
import { cookiesOf, refreshed, serverClient } from "../src/server.ts";
import { API, Browser, LIFETIME, Stack } from "./server-stack.ts";

afterEach(() => mock.timers.reset());

async function scene() {
  const stack = new Stack();
  const browser = new Browser();
  const options = { fetch: stack.fetch };
  const headers = new Headers();
  await serverClient(API, cookiesOf(browser.request(), headers), options).auth.login("ada@example.com", "a long password");
  browser.take({ headers });
  /** A request through the middleware, with a page behind it that sets no cookie. */
  const visit = async (path = "/") => {
    const session = await refreshed(API, browser.request(path), options);
    const page = serverClient(API, cookiesOf({ headers: session.request }), options);
    return { session, page };
  };
  return { stack, browser, options, visit };
}

test("a good session passes as it is, without a request", async () => {
  const { stack, browser, visit } = await scene();
  const { session, page } = await visit();
  strictEqual(session.user?.email, "ada@example.com");
  strictEqual(session.error, null);
  deepStrictEqual(session.headers.getSetCookie(), []);
  strictEqual(session.request.get("cookie"), browser.request().headers.get("cookie"));
  const response = new Response("page");
  strictEqual(session.apply(response), response);
  strictEqual(stack.refreshes, 0);
  strictEqual((await page.auth.me()).id, stack.ada.id);
});

test("a stale session is refreshed once, for the browser and for the page behind", async () => {
  const { stack, browser, visit } = await scene();
  stack.later(LIFETIME);
  const { session, page } = await visit();
  strictEqual(session.headers.getSetCookie().length, 1);
  strictEqual((await page.auth.me()).id, stack.ada.id);
  browser.take(session.apply(new Response("page")));
  strictEqual(session.request.get("cookie"), browser.request().headers.get("cookie"));
  strictEqual((await visit()).session.headers.getSetCookie().length, 0);
  strictEqual(stack.refreshes, 1);
});

test("the other headers and cookies of the request pass", async () => {
  const { stack, browser, options } = await scene();
  browser.cookies.set("theme", "dark=1");
  stack.later(LIFETIME);
  const request = browser.request("/", { accept: "text/html" });
  const session = await refreshed(API, request, options);
  strictEqual(session.request.get("accept"), "text/html");
  ok(session.request.get("cookie")!.includes("theme=dark=1"));
  strictEqual(session.request.get("cookie")!.split("; ").length, 2);
  notStrictEqual(session.request.get("cookie"), request.headers.get("cookie"));
});

test("nobody is signed in: nothing is asked and nothing is set", async () => {
  const { stack, browser, visit } = await scene();
  browser.cookies.clear();
  const asked = stack.server.requests.length;
  const { session } = await visit();
  strictEqual(session.user, null);
  strictEqual(session.request.has("cookie"), false);
  deepStrictEqual(session.headers.getSetCookie(), []);
  strictEqual(stack.server.requests.length, asked);
});

test("redirects, responses of fetch and errors keep all that they have, and get the cookie", async () => {
  const { stack, visit } = await scene();
  stack.later(LIFETIME);
  const { session } = await visit();
  const [line] = session.headers.getSetCookie();
  const redirect = session.apply(Response.redirect("https://app.example.com/login", 303));
  deepStrictEqual([redirect.status, redirect.headers.get("location")], [303, "https://app.example.com/login"]);
  deepStrictEqual(redirect.headers.getSetCookie(), [line]);
  const many = new Response("no", { status: 404, headers: [["set-cookie", "a=1; Path=/"], ["set-cookie", "b=2"], ["x-one", "1"]] });
  const applied = session.apply(many);
  deepStrictEqual(applied.headers.getSetCookie(), ["a=1; Path=/", "b=2", line]);
  deepStrictEqual([applied.status, applied.headers.get("x-one"), await applied.text()], [404, "1", "no"]);
  const fetched = await fetch("data:text/plain,hello");
  const copy = session.apply(fetched);
  deepStrictEqual([await copy.text(), copy.headers.getSetCookie()], ["hello", [line]]);
  const empty = session.apply(new Response(null, { status: 204 }));
  deepStrictEqual([empty.status, empty.headers.getSetCookie()], [204, [line]]);
});

test("a response that signs in or out itself wins", async () => {
  const { stack, browser, options, visit } = await scene();
  stack.later(LIFETIME);
  const { session } = await visit();
  const headers = new Headers();
  await serverClient(API, cookiesOf({ headers: session.request }, headers), options).auth.logout();
  const response = session.apply(new Response(null, { status: 302, headers }));
  strictEqual(response.headers.getSetCookie().length, 1);
  browser.take(response);
  strictEqual(browser.cookies.size, 0);
});

test("a failure is told and sets nothing: the session stays", async () => {
  const { stack, browser, visit } = await scene();
  stack.later(LIFETIME);
  stack.before = () => Promise.reject(new TypeError("fetch failed"));
  const { session, page } = await visit();
  ok(isBakendError(session.error, "client/offline"));
  strictEqual(session.user?.id, stack.ada.id);
  deepStrictEqual(session.headers.getSetCookie(), []);
  stack.before = () => {};
  ok(isBakendError(await page.auth.me().catch((error: unknown) => error), "client/needs-refresh"));
  browser.take((await visit()).session);
  strictEqual(stack.refreshes, 1);
});

test("a session that is over is removed from the browser and from the request", async () => {
  const { stack, browser, visit } = await scene();
  browser.cookies.set("theme", "dark");
  stack.server.end([...stack.server.sessions.keys()][0]!, "by an admin");
  stack.later(LIFETIME);
  const { session } = await visit();
  deepStrictEqual([session.user, session.error], [null, null]);
  strictEqual(session.request.get("cookie"), "theme=dark");
  browser.take(session);
  deepStrictEqual([...browser.cookies.keys()], ["theme"]);
});

test("requests at once get one successor, and whichever cookie comes last goes on", async () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
    const { stack, browser, visit } = await scene();
    stack.later(LIFETIME);
    const all = await Promise.all([visit(), visit(), visit()]);
    for (const { page } of all) strictEqual((await page.auth.me()).id, stack.ada.id);
    for (const at of order) browser.take(all[at]!.session);
    stack.later(LIFETIME);
    const { session } = await visit();
    browser.take(session);
    strictEqual(session.user?.id, stack.ada.id);
    strictEqual(browser.session!.user["id"], stack.ada.id);
    deepStrictEqual(stack.server.ended, []);
    strictEqual(stack.server.verdicts["rotated"], 2);
  }
});

test("a reply that was lost on its way to the browser costs nothing, hours later too", async () => {
  const { stack, browser, visit } = await scene();
  stack.later(LIFETIME);
  await visit();
  stack.later(10 * LIFETIME);
  const { session } = await visit();
  browser.take(session);
  strictEqual(session.user?.id, stack.ada.id);
  deepStrictEqual(stack.server.ended, []);
});

test("two stacks have two cookies, and each refreshes its own", async () => {
  const { stack, browser, visit } = await scene();
  const other = { fetch: stack.fetch };
  const headers = new Headers();
  const bk = serverClient("https://other.example.com", cookiesOf(browser.request(), headers), other);
  strictEqual(await bk.auth.token(), null);
  await bk.auth.login("ada@example.com", "a long password");
  browser.take({ headers });
  strictEqual(browser.cookies.size, 2);
  stack.later(LIFETIME);
  const { session } = await visit();
  strictEqual(session.headers.getSetCookie().length, 1);
  strictEqual(session.request.get("cookie")!.split("; ").length, 2);
});

test("a cookie of a similar name is another", async () => {
  const { browser, visit } = await scene();
  const [[name, value] = ["", ""]] = browser.cookies;
  browser.cookies.clear();
  browser.cookies.set(`x${name}`, "1");
  browser.cookies.set(`${name}x`, "2");
  browser.cookies.set("empty", "");
  browser.cookies.set(name, value);
  const { session } = await visit();
  strictEqual(session.user?.email, "ada@example.com");
});

test("headers of a response hold one line for a cookie, the last", async () => {
  const { stack, options } = await scene();
  const headers = new Headers([["set-cookie", "a=1"]]);
  const client = serverClient(API, cookiesOf(new Request(API), headers), options);
  await client.auth.login("ada@example.com", "a long password");
  stack.later(LIFETIME);
  await client.auth.me();
  await client.auth.logout();
  const lines = headers.getSetCookie();
  strictEqual(lines.length, 2);
  strictEqual(lines[0], "a=1");
  ok(lines[1]!.includes("=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax"));
});
