// The API in memory behind `fetch`, a browser that keeps one cookie, and a clock that tests move.

import { mock } from "node:test";
import type { Cookies } from "../src/server.ts";
import { Server } from "./fake/server.ts";
import type { Account, Settings } from "./fake/server.ts";

export const API = "https://api.example.com";
export const MINUTE = 60_000;
export const LIFETIME = 15 * MINUTE;

/** The stack. `Date` stands still until `later`. */
export class Stack {
  readonly server: Server;
  readonly ada: Account;
  /** The `Idempotency-Key` of each refresh, in order. */
  readonly keys: (string | null)[] = [];
  /** Called before each request; it may throw as a network does, or answer in place of the server. */
  before: (path: string) => Response | void | Promise<Response | void> = () => {};

  constructor(settings: Partial<Settings> = {}) {
    mock.timers.reset();
    mock.timers.enable({ apis: ["Date"], now: Date.UTC(2026, 0, 5, 9) });
    this.server = new Server(() => Date.now(), settings);
    this.ada = this.server.add("ada@example.com", "a long password", { name: "Ada" });
  }

  /** Moves the clock. */
  later(ms: number): void {
    mock.timers.setTime(Date.now() + ms);
  }

  /** The number of requests for new pairs. */
  get refreshes(): number {
    return this.server.count("POST /api/auth/refresh");
  }

  /** `fetch`, as it reaches this server. */
  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const { pathname: whole, searchParams } = new URL(request.url);
    const pathname = whole.slice(whole.indexOf("/api/"));
    const instead = await this.before(pathname);
    if (instead) return instead;
    if (pathname === "/api/auth/refresh") this.keys.push(request.headers.get("idempotency-key"));
    const text = await request.text();
    const answer = this.server.handle({
      method: request.method, path: pathname, query: searchParams, headers: request.headers, cookie: null,
      body: text ? JSON.parse(text) : undefined,
    });
    return new Response(answer.body ?? null, { status: answer.status, headers: answer.headers });
  };
}

/** The `name=value` of a cookie's line. */
const pairOf = (line: string): [string, string] => {
  const [pair = ""] = line.split("; ");
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
};

/** A browser's cookies of the app's own origin. */
export class Browser {
  readonly cookies = new Map<string, string>();

  /** A request of the app, with the cookies. */
  request(path = "/", headers: Record<string, string> = {}): Request {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return new Request(`https://app.example.com${path}`, { headers: cookie ? { ...headers, cookie } : headers });
  }

  /** Keeps the cookies of a response, in order. */
  take(response: { headers: Headers }): void {
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = pairOf(line);
      if (/Max-Age=0(;|$)/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }

  /** The session in the only cookie, or null without any. */
  get session(): { accessToken: string; refreshToken: string; expiresAt: number; key: string; user: Record<string, unknown> } | null {
    const [value] = this.cookies.values();
    return value === undefined ? null : JSON.parse(Buffer.from(value, "base64url").toString());
  }
}

/** A store as frameworks have it, over a map. `isLocked` makes `set` throw as in a server component. */
export function store(values: Map<string, string>): Cookies & { isLocked: boolean; lines: unknown[][] } {
  const own = {
    isLocked: false,
    lines: [] as unknown[][],
    get: (name: string) => {
      const value = values.get(name);
      return value === undefined ? undefined : { name, value };
    },
    set: (name: string, value: string, options: { maxAge: number }) => {
      if (own.isLocked) throw new Error("Cookies can only be modified in a Server Action or Route Handler.");
      own.lines.push([name, value, options]);
      if (options.maxAge === 0) values.delete(name);
      else values.set(name, value);
    },
  };
  return own;
}
