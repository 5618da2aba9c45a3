// The steps of a page: what a user or an app does there, and what it has seen.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type { BrowserContext, CDPSession, Page } from "playwright-core";
import type { PageOptions, Person, Stage } from "./stage.ts";

/** Waits in real time. */
export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The outcome of a step, or an error that names it where it takes too long: a page that hangs would say nothing. */
export function timely<T>(step: string, work: Promise<T>, ms = 30_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${step}: nothing within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Pages of a browser where this user has signed in by the first, and the others know. */
export async function signedIn(
  stage: Stage,
  context: BrowserContext,
  count: number,
  options: PageOptions = {},
): Promise<{ pages: Page[]; person: Person }> {
  const person = await stage.person();
  const pages = await stage.open(context, count, options);
  await signIn(pages[0]!, person);
  for (const page of pages) await page.waitForFunction(() => window.bk.auth.user !== null);
  return { pages, person };
}

/** Signs in. */
export const signIn = (page: Page, { email, password }: Person): Promise<void> =>
  page.evaluate(async ([email, password]) => void (await window.bk.auth.login(email, password)), [email, password] as const);

/** A request that needs a session; `ok`, or the code of the error. */
export const me = (page: Page): Promise<string> =>
  timely(
    "a request of a page",
    page.evaluate(() =>
      window.bk.request("GET", "/api/auth/me").then(
        () => "ok",
        (error: { code?: string }) => error.code ?? String(error),
      ),
    ),
  );

/** The user's address as the page has it; null where nobody is signed in. */
export const user = (page: Page): Promise<string | null> => page.evaluate(() => window.bk.auth.user?.email ?? null);

/** Makes the stored pair look old, so that the next request refreshes it. */
export const stale = (page: Page): Promise<void> =>
  page.evaluate(() => {
    for (const storage of [localStorage, sessionStorage]) {
      for (const key of Object.keys(storage)) {
        const pair = JSON.parse(storage.getItem(key)!) as { expiresAt?: number };
        if (pair.expiresAt) storage.setItem(key, JSON.stringify({ ...pair, expiresAt: 1 }));
      }
    }
  });

/** Lets a quarter of an hour pass by the clock of these pages. */
export async function later(pages: readonly Page[], ms = 16 * 60_000): Promise<void> {
  for (const page of pages) await page.evaluate((ms) => void (window.shift += ms), ms);
}

/** Asserts that every page's request succeeds. */
export async function allWork(pages: readonly Page[]): Promise<void> {
  deepStrictEqual(await Promise.all(pages.map(me)), pages.map(() => "ok"));
}

/** Asserts that nobody was signed out in these pages. */
export async function stay(pages: readonly Page[], person: Person): Promise<void> {
  for (const page of pages) {
    strictEqual(await user(page), person.email);
    ok(!(await page.evaluate(() => window.told)).includes(null), "a page was told of a sign-out");
  }
}

const lifecycles = new WeakMap<Page, CDPSession>();

/** Freezes a page, or lets it go on. The state lasts as long as the connection that has set it. */
export async function freeze(page: Page, state: "frozen" | "active"): Promise<void> {
  const session = lifecycles.get(page) ?? (await page.context().newCDPSession(page));
  lifecycles.set(page, session);
  await timely(`a page becomes ${state}`, session.send("Page.setWebLifecycleState", { state }));
}
