// A client with identity, a server that records requests, and the parts of a browser that the client uses.

import { createClient } from "../../src/index.ts";
import type { Storage } from "../../src/index.ts";
import { withIdentity } from "../../src/identity.ts";

export const URL_OF_API = "https://api.example.com";

/** The declared profile of these tests. */
export interface Profile {
  name?: string;
}

/** A request as the server has seen it. */
export interface Seen {
  method: string;
  /** The path below `/api/auth/`, with the query. */
  path: string;
  body: any;
  headers: Headers;
  /** The token of `authorization`; null without one. */
  token: string | null;
}

/** A reply: a status and a body, or a failure of the network. */
export type Reply = [status: number, body?: unknown] | "offline";

export const ADA = {
  id: "01900000-0000-7000-8000-000000000001",
  email: "ada@example.com",
  emailVerifiedAt: null,
  role: "authenticated",
  mfa: false,
  createdAt: "2026-11-01T00:00:00.000Z",
};

export const GRACE = { ...ADA, id: "01900000-0000-7000-8000-000000000002", email: "grace@example.com" };

/** The tokens of a reply. */
export const tokens = (name = "1") => ({
  accessToken: `access-${name}`,
  refreshToken: `refresh-${name}`,
  tokenType: "Bearer",
  expiresIn: 900,
});

/** An error of the API. */
export const refusal = (status: number, code: string, more: object = {}): Reply => [
  status,
  { error: { code, message: `It is ${code}.`, requestId: "r", ...more } },
];

/** A client, whose server gives the replies of the queue in their order. */
export function open(storage: "memory" | Storage = "memory") {
  const seen: Seen[] = [];
  const queue: Reply[] = [];
  const fetched: typeof fetch = async (input, init = {}) => {
    const headers = new Headers(init.headers);
    const path = String(input).replace(`${URL_OF_API}/api/auth/`, "");
    const token = headers.get("authorization")?.replace("Bearer ", "") ?? null;
    const body = init.body === undefined ? undefined : JSON.parse(String(init.body));
    seen.push({ method: init.method ?? "GET", path, body, headers, token });
    const reply = queue.shift();
    if (!reply) throw new Error(`No reply for ${path}`);
    if (reply === "offline") throw new TypeError("fetch failed");
    const [status, content] = reply;
    return new Response(content === undefined ? null : JSON.stringify(content), {
      status,
      headers: { "content-type": "application/json" },
    });
  };
  const bk = withIdentity(createClient<{}, Profile>(URL_OF_API, { storage, fetch: fetched, locks: null }));
  return {
    bk,
    auth: bk.auth,
    seen,
    /** Adds replies. */
    reply: (...replies: Reply[]) => void queue.push(...replies),
    /** The requests since the last call, as `[method, path, token, body]`. */
    asked: () => seen.splice(0).map(({ method, path, token, body }) => [method, path, token, body]),
    /** Signs Ada in. */
    async signIn(user: object = ADA) {
      queue.push([200, { ...tokens(), user }]);
      await bk.auth.login("ada@example.com", "password123");
      seen.length = 0;
    },
  };
}

/** A storage of a browser's tab, or of all of them. */
export class WebStorage {
  getItem(key: string): string | null {
    return (this as any)[key] ?? null;
  }
  setItem(key: string, value: string): void {
    (this as any)[key] = value;
  }
  removeItem(key: string): void {
    delete (this as any)[key];
  }
}

/** A page at this address in a tab of its own; gives the addresses that it has gone to, and the entries it has replaced. */
export function page(href: string, all = new WebStorage()) {
  const gone: string[] = [];
  const replaced: [unknown, string][] = [];
  const location = { href, assign: (to: string) => void gone.push(to) };
  const history = {
    state: { kept: true },
    replaceState(state: unknown, _: string, to: string) {
      replaced.push([state, to]);
      location.href = new URL(to, location.href).href;
    },
  };
  put({ document: {}, location, history, sessionStorage: new WebStorage(), localStorage: all });
  return { gone, replaced, location, all };
}

const PARTS = ["document", "location", "history", "sessionStorage", "localStorage", "PublicKeyCredential"];

/** Puts parts of a browser into the world. */
export function put(parts: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(parts)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

/** Takes the parts of the browser away. */
export function clear(): void {
  for (const name of PARTS) delete (globalThis as any)[name];
}
