// A server has many visitors in one process: nothing of one reaches another, and no stranger's request signs one out.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { afterEach, mock, test } from "node:test";
import { withIdentity } from "../src/identity.ts";
import { cookiesOf, serverClient } from "../src/server.ts";
import { WebStorage, clear, put } from "./fake/identity.ts";
import { API, Browser, Stack } from "./server-stack.ts";

afterEach(() => {
  mock.timers.reset();
  clear();
});

/** A request of a visitor, whose response the browser takes. */
async function visit<T>(browser: Browser, stack: Stack, run: (bk: ReturnType<typeof client>) => Promise<T>): Promise<T> {
  const headers = new Headers();
  const result = await run(client(browser, stack, headers));
  browser.take({ headers });
  return result;
}
const client = (browser: Browser, stack: Stack, headers: Headers) =>
  withIdentity(serverClient(API, cookiesOf(browser.request(), headers), { fetch: stack.fetch }));

test("verifiers and flows of two visitors are apart, also where the process has web storages", async () => {
  const [session, local] = [new WebStorage(), new WebStorage()];
  put({ sessionStorage: session, localStorage: local });
  const stack = new Stack();
  const [ada, eve] = [new Browser(), new Browser()];
  let mails = 0;
  stack.before = (path) =>
    path.endsWith("magic-link") ? Response.json({ flow: `flow-${++mails}`, expiresIn: 600 }, { status: 202 }) : undefined;
  const back = "https://app.example.com/done";
  for (const browser of [ada, eve]) {
    await visit(browser, stack, async ({ auth }) => {
      await auth.oauth.start("google", back);
      await auth.flow("register").set(browser === ada ? "Ada's" : "Eve's");
      await auth.magicLink("ada@example.com", { redirectTo: back });
    });
  }
  deepStrictEqual([{ ...session }, { ...local }], [{}, {}]);
  const kept = (browser: Browser) =>
    visit(browser, stack, async ({ auth }) => [await auth.flow("register").get(), await auth.flow("oauth").get(), await auth.flow("magic-link").get()]);
  const [first, second] = [await kept(ada), await kept(eve)];
  deepStrictEqual([first[0], second[0], first[2], second[2]], ["Ada's", "Eve's", "flow-1", "flow-2"]);
  ok(first[1]?.includes("verifier") && first[1] !== second[1]);
  // A third visitor has none of them, and so no code of theirs is traded here.
  const third = new Browser();
  deepStrictEqual(await kept(third), [null, null, null]);
  strictEqual(await visit(third, stack, ({ auth }) => auth.oauth.finish(`${back}?code=sealed`)), null);
});

test("a sign-out without a cookie removes none", async () => {
  const stack = new Stack();
  const browser = new Browser();
  await visit(browser, stack, ({ auth }) => auth.login("ada@example.com", "a long password"));
  strictEqual(browser.cookies.size, 1);
  // A form of another site: with `SameSite=Lax` the browser sends no cookie, but takes those of the response.
  const headers = new Headers();
  const { auth } = client(new Browser(), stack, headers);
  await auth.logout();
  await auth.flow("register").set(null);
  deepStrictEqual(headers.getSetCookie(), []);
  browser.take({ headers });
  strictEqual(browser.cookies.size, 1);
});

test("a sign-out removes the cookie of this request, and one that the same request has set", async () => {
  const stack = new Stack();
  const browser = new Browser();
  await visit(browser, stack, async ({ auth }) => {
    await auth.login("ada@example.com", "a long password");
    await auth.logout();
  });
  strictEqual(browser.cookies.size, 0);
  await visit(browser, stack, ({ auth }) => auth.login("ada@example.com", "a long password"));
  strictEqual(browser.cookies.size, 1);
  await visit(browser, stack, ({ auth }) => auth.logout());
  strictEqual(browser.cookies.size, 0);
});
