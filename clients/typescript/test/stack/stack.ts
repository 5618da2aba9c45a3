// A running API of the project `clients/example`, and the people who use it. BAKEND_URL is its address.

import { ok } from "node:assert";
import { randomUUID } from "node:crypto";
import type { Collections, Profile } from "../../../example/src/bakend.ts";
import { withIdentity } from "../../src/identity.ts";
import { createClient, isBakendError } from "../../src/index.ts";
import type { BakendError, Client, Options, Storage } from "../../src/index.ts";

/** The address of the API. */
export const API = (process.env["BAKEND_URL"] ?? "").replace(/\/+$/, "");
if (!API && process.env["BAKEND_NODE"] === "required") throw new Error("BAKEND_URL is not set, and BAKEND_NODE is `required`");

/** Whether the tests of a file are left out, and why. */
export const skip: string | false = API ? false : "BAKEND_URL is not set: the address of a running API";

/** The password of everybody. */
export const PASSWORD = "correct horse battery staple";
/** The first admin. */
export const ADMIN = "admin@example.com";

/** An address that nobody has. */
export const address = (): string => `ts-${randomUUID()}@example.com`;

/** A client of the core, in memory unless the options say otherwise. */
export const client = (options: Options = {}): Client<Collections, Profile> =>
  createClient<Collections, Profile>(API, { storage: "memory", ...options });

/** A client with the calls of `bakend/identity`. */
export const identity = (options: Options = {}) => withIdentity(client(options));

/** A user who has just registered, by a client with these options. */
export async function person(options: Options = {}) {
  const bk = identity(options);
  const email = address();
  const user = await bk.auth.register(email, PASSWORD, { name: "Ada" });
  ok(user, "the stack asks for no proof of an address");
  return { bk, auth: bk.auth, tasks: bk.collection("tasks"), email, user };
}

/** Another client of a user. */
export async function elsewhere(email: string, options: Options = {}) {
  const bk = identity(options);
  await bk.auth.login(email, PASSWORD);
  return { bk, auth: bk.auth, tasks: bk.collection("tasks") };
}

/** The error of a call that has to fail. */
export async function failure(call: Promise<unknown>): Promise<BakendError> {
  const error = await call.then(
    (value) => new Error(`no failure, but ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!isBakendError(error)) throw error;
  return error;
}

/** The status and the code of a call that has to fail. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  const { status, code } = await failure(call);
  return `${status} ${code}`;
}

/** Calls until the result is right: lists may lag a write by a moment. Gives the last one. */
export async function settled<T>(call: () => Promise<T>, isRight: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const value = await call();
    if (isRight(value) || tries === 50) return value;
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** A request as it was sent, and its reply. */
export interface Seen {
  method: string;
  path: string;
  headers: Headers;
  status: number;
  sent: any;
  body: any;
}

/** A `fetch` that notes each request after the API has answered. `cut` may throw then, as a lost reply does. */
export function noting(cut: (seen: Seen, number: number) => unknown = () => {}) {
  const seen: Seen[] = [];
  const noted: typeof fetch = async (input, init = {}) => {
    const reply = await fetch(input, init);
    const { status, headers } = reply;
    const text = await reply.text();
    const one: Seen = {
      method: init.method ?? "GET",
      path: new URL(String(input)).pathname,
      headers: new Headers(init.headers),
      status,
      sent: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
      body: text ? JSON.parse(text) : undefined,
    };
    await cut(one, seen.push(one));
    return new Response(text || null, { status, headers });
  };
  return { fetch: noted, seen, refreshes: () => seen.filter(({ path }) => path === "/api/auth/refresh") };
}

/** The failure of a connection, as `fetch` throws it. */
export const lost = (): never => {
  throw new TypeError("fetch failed");
};

/** A storage that clients share, and that a test reads. */
export class Shared implements Storage {
  readonly kept = new Map<string, string>();
  readonly key = "session";

  get(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  set(key: string, value: string | null): void {
    if (value === null) this.kept.delete(key);
    else this.kept.set(key, value);
  }

  /** The options of a client that keeps its session here. No lock is shared. */
  get options(): Options {
    return { storage: this, key: this.key, locks: null };
  }

  /** The session as it is kept; null without one. */
  get pair(): { accessToken: string; refreshToken: string; expiresAt: number; key: string; user: { id: string } } | null {
    return JSON.parse(this.kept.get(this.key) ?? "null");
  }

  /** Makes the access token look stale, so that the next request refreshes. */
  expire(): void {
    this.set(this.key, JSON.stringify({ ...this.pair, expiresAt: 0 }));
  }
}

/** A refresh past any client: the status and the body. */
export async function refresh(refreshToken: string, key: string): Promise<{ status: number; body: any }> {
  const headers = { "content-type": "application/json", "idempotency-key": key };
  const body = JSON.stringify({ refreshToken });
  const reply = await fetch(`${API}/api/auth/refresh`, { method: "POST", headers, body });
  return { status: reply.status, body: await reply.json() };
}
