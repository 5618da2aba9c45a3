// The scene that most tests begin with: a world, its browser, and a user who is signed in.

import { deepStrictEqual, strictEqual } from "node:assert";
import type { Options } from "../../src/index.ts";
import type { Stored, Tab } from "./browser.ts";
import { Browser } from "./browser.ts";
import type { Account, Settings } from "./server.ts";
import type { Fate, Ride } from "./world.ts";
import { World } from "./world.ts";

/** The lifetime of an access token in milliseconds, by default. */
export const LIFETIME = 900_000;
export const SECOND = 1000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** A scene. */
export interface Scene {
  world: World;
  browser: Browser;
  account: Account;
  tabs: Tab[];
}

/** A world where a user has signed in by the first of `count` tabs, and the others know. */
export async function scene(
  count = 1,
  options: Options = {},
  { seed = 1, settings = {} as Partial<Settings> } = {},
): Promise<Scene> {
  const world = new World(seed, settings);
  const account = world.server.add("ada@example.com", "a long password");
  const browser = new Browser(world);
  const tabs = browser.open(count, options);
  await world.run(signIn(tabs[0]!, account));
  await world.sleep(SECOND);
  return { world, browser, account, tabs };
}

/** Signs in as this user. */
export async function signIn(tab: Tab, account: Account): Promise<void> {
  await tab.auth.login(account.email!, account.password);
}

/** Whether this is a refresh. */
export const isRefresh = (ride: Ride): boolean => ride.path === "/api/auth/refresh";

/** The fate of the next `times` refreshes; everything else fares well. */
export function atRefresh(world: World, fate: Fate | ((ride: Ride) => Fate), times = 1): void {
  let left = times;
  world.fate = (ride) => {
    if (!isRefresh(ride) || left === 0) return {};
    left -= 1;
    return typeof fate === "function" ? fate(ride) : fate;
  };
}

/** A request that needs a session. */
export const me = (tab: Tab): Promise<unknown> => tab.client.request("GET", "/api/auth/me");

/** Asserts that nobody was signed out: not by the server, not in these tabs. */
export function stays({ world, account }: Scene, tabs: readonly Tab[]): void {
  deepStrictEqual(world.server.ended, []);
  for (const tab of tabs) {
    strictEqual(tab.auth.user?.id, account.id, `${tab.name} is signed out`);
    strictEqual(tab.told.includes(null), false, `${tab.name} was told of a sign-out`);
  }
}

/** Asserts that each of these succeeded, and gives the values. */
export function values<T>(outcomes: readonly PromiseSettledResult<T>[]): T[] {
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

/** The code with which this one failed; null if it did not. */
export function code(outcome: PromiseSettledResult<unknown> | undefined): string | null {
  if (outcome?.status !== "rejected") return null;
  return (outcome.reason as { code?: string }).code ?? String(outcome.reason);
}

/** A storage in memory whose every access takes `ms`. */
export function slowStorage(scene: { world: World }, kept: Map<string, string>, ms: number): Options["storage"] {
  const later = <T>(work: () => T): Promise<T> => new Promise((done) => void scene.world.after(ms, () => done(work())));
  return {
    get: (key) => later(() => kept.get(key) ?? null),
    set: (key, value) => later(() => void (value === null ? kept.delete(key) : kept.set(key, value))),
  };
}

/** The pair in a text of a storage. */
export const pairOf = (text: string | undefined): Stored | null =>
  text === undefined ? null : (JSON.parse(text) as Stored);
