/** Sessions in a cookie of the app's own origin, for server rendering, and the verification of webhooks. */

import { decode, encode } from "./base64url.ts";
import type { CookieOptions, Cookies, SureCookies } from "./cookies.ts";
import { cookiesOf, pass } from "./cookies.ts";
import { createClient } from "./index.ts";
import type { AnyCollections, BakendEvent, Client, Options, Storage, UserOf } from "./index.ts";
import { verify } from "./webhook.ts";
import type { WebhookOptions, WebhookSecret } from "./webhook.ts";

export { cookiesOf } from "./cookies.ts";
export type { CookieOptions, Cookies } from "./cookies.ts";
export { WebhookError } from "./webhook.ts";
export type { WebhookOptions, WebhookSecret } from "./webhook.ts";

/** The options of a client on a server. */
export interface ServerOptions extends Omit<Options, "storage" | "key" | "locks"> {
  /** The name of the cookie; by default it follows from the address of the API, so that two stacks have two. */
  name?: string;
  /** Whether the cookie is `Secure`; by default it is, unless the API is at `http://localhost`. */
  secure?: boolean;
  /** The lifetime of the cookie in seconds; 30 days by default, the most that a session lasts. */
  maxAge?: number;
}

/** The most bytes of a cookie with its name and attributes that every browser keeps, less the attributes. */
const ROOM = 4000;
/** The core refreshes at most this many milliseconds before an access token expires. */
const EARLY = 10_000;
/** The members of a user that the cookie keeps where the whole profile does not fit. */
const KEPT = ["id", "email", "role", "createdAt", "emailVerifiedAt", "mfa"];
const HOUR = 3600;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const isLocal = (url: string): boolean => /^http:\/\/(localhost|127(\.\d+){3}|\[::1])(:|\/|$)/.test(url);

/** The name of the cookie for an API: a hash (FNV-1a, 32 bits) that tells stacks apart. `__Host-` keeps subdomains out. */
function nameOf(url: string, secure: boolean): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes(url.replace(/\/+$/, ""))) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${secure ? "__Host-" : ""}bakend-${hash.toString(16).padStart(8, "0")}`;
}

/** The value of the session's cookie. The profile is left out where it does not fit. */
function valueOf(text: string, name: string): string {
  const whole = encode(bytes(text));
  if (name.length + whole.length < ROOM) return whole;
  const { user, ...pair } = JSON.parse(text);
  const cut = encode(bytes(JSON.stringify({ ...pair, user: user && JSON.parse(JSON.stringify(user, KEPT)) })));
  if (name.length + cut.length < ROOM) return cut;
  throw new RangeError("The session does not fit into a cookie.");
}

/** The text of a cookie; null where somebody has changed it. */
function textOf(value: string): string | null {
  try {
    return new TextDecoder().decode(decode(value));
  } catch {
    return null;
  }
}

interface Jar extends Storage {
  /** Whether a pair could be stored now. Frameworks tell it by an exception alone, so it sets the value that is there. */
  isOpen(): boolean;
}

function jarOf(cookies: SureCookies, name: string, given: { secure: boolean; maxAge: number }): Jar {
  const written = new Map<string, string | null>();
  const cookieOf = (key: string): string => key.replaceAll(/[^\w-]/g, "-");
  const options = (maxAge: number): CookieOptions => ({
    httpOnly: true, secure: given.secure, sameSite: "lax", path: "/", maxAge,
  });
  const raw = (key: string): string => {
    const found = cookies.get(cookieOf(key));
    return (typeof found === "string" ? found : found?.value) ?? "";
  };
  const read = (key: string): string | null => {
    const text = written.get(key);
    return text === undefined ? textOf(raw(key)) || null : text;
  };
  const isOpen = (): boolean => {
    if (!cookies.set || cookies.isSure) return !!cookies.set;
    try {
      cookies.set(name, written.has(name) ? valueOf(read(name) ?? "", name) : raw(name), options(given.maxAge));
      return true;
    } catch {
      return false;
    }
  };
  return {
    isOpen,
    get(key) {
      const text = read(key);
      if (key !== name || text === null) return text;
      try {
        const pair = JSON.parse(text);
        const left = pair.expiresAt - Date.now();
        if (left <= 0 || left > EARLY || isOpen()) return text;
        // Nobody can refresh here: the token is good until its very end, and looks new to the core.
        return JSON.stringify({ ...pair, expiresAt: Date.now() + pair.expiresIn * 1000 });
      } catch {
        return null;
      }
    },
    set(key, text) {
      const isSession = key === name;
      // A stranger's request to sign out sends none of the visitor's cookies, and must not remove them.
      if (text === null && !written.get(key) && !raw(key)) return void written.set(key, null);
      try {
        const value = text === null ? "" : isSession ? valueOf(text, name) : encode(bytes(text));
        cookies.set?.(cookieOf(key), value, options(text === null ? 0 : isSession ? given.maxAge : HOUR));
      } catch (error) {
        if (text !== null) throw error;
      }
      written.set(key, text);
    },
  };
}

/** The refusal of a refresh whose pair could not be stored, in the shape of the server's own. */
const refusal = (): Response => {
  const message = "The access token is stale and no cookie can be set here. Call `refreshed` in the middleware.";
  return Response.json({ error: { code: "client/needs-refresh", message, requestId: "" } }, { status: 409 });
};

const named = (url: string, options: ServerOptions): { name: string; secure: boolean } => {
  const { secure = !isLocal(url), name = nameOf(url, secure) } = options;
  return { name, secure };
};

/**
 * A client of one request on a server. Make it anew for each: the session is that of the request's cookie.
 *
 * The session lives in one cookie, `HttpOnly; Secure; SameSite=Lax; Path=/`, of at most 4,096 bytes. A long profile is left
 * out of it, so `auth.user` may have the members of `User` alone; `auth.me()` has all. A sign-out removes it. A user can
 * change the own cookie: decide by `auth.me()`, never by `auth.user`.
 *
 * Where no cookie can be set, nothing is refreshed. A request with a stale access token throws `client/needs-refresh` then.
 */
export function serverClient<C = AnyCollections, P = {}>(
  url: string,
  cookies: Cookies,
  options: ServerOptions = {},
): Client<C, P> {
  const { name: _name, secure: _secure, maxAge = 720 * HOUR, ...rest } = options;
  const { name, secure } = named(url, options);
  const jar = jarOf(cookies, name, { secure, maxAge });
  const send: typeof fetch = (input, init) => {
    const isRefresh = /\/api\/auth\/refresh$/.test(String((input as Request).url ?? input));
    return isRefresh && !jar.isOpen() ? Promise.resolve(refusal()) : (rest.fetch ?? fetch)(input, init);
  };
  const client = createClient<C, P>(url, { ...rest, fetch: send, key: name, locks: null, storage: jar });
  // Some runtimes have a `sessionStorage`, which all visitors of the process would share.
  client.auth.flow = (kind) => {
    const key = `${name}:${kind}`;
    return { get: async () => jar.get(key) as string | null, set: async (handle) => void jar.set(key, handle) };
  };
  return client;
}

/** The outcome of `refreshed`. */
export interface Refreshed<P = {}> {
  /** The user of the request's session, as the cookie has it; null where nobody is signed in. */
  readonly user: UserOf<P> | null;
  /** The failure of the refresh, such as a network failure; null without one. The session stays. */
  readonly error: unknown;
  /** The `Set-Cookie` lines for the response; none where nothing has changed. */
  readonly headers: Headers;
  /** The headers of the request, with the cookie as it is now, for the code behind the middleware. */
  readonly request: Headers;
  /**
   * Adds the `Set-Cookie` lines to a response, also to a redirect, and keeps all that it has. A cookie of the same name that
   * the response sets itself wins. Call it last. It gives a copy of a response whose headers cannot be changed.
   */
  apply<R extends Response>(response: R): R;
}

/**
 * Refreshes the session of a request where that is needed, for middleware. It never throws.
 *
 * Requests at the same time with the same cookie get the same successor, whichever of their cookies the browser keeps.
 */
export async function refreshed<P = {}>(
  url: string,
  request: { readonly headers: Headers },
  options: ServerOptions = {},
): Promise<Refreshed<P>> {
  const headers = new Headers();
  const { auth } = serverClient<AnyCollections, P>(url, cookiesOf(request, headers), options);
  let error: unknown = null;
  await auth.token().catch((failure: unknown) => (error = failure));
  const passed = new Headers(request.headers);
  for (const line of headers.getSetCookie()) {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    pass(passed, name, value);
  }
  return { user: auth.user, error, headers, request: passed, apply: (response) => apply(headers, response) };
}

function apply<R extends Response>(headers: Headers, response: R): R {
  const nameIn = (line: string): string => line.slice(0, line.indexOf("="));
  const own = response.headers.getSetCookie().map(nameIn);
  const lines = headers.getSetCookie().filter((line) => !own.includes(nameIn(line)));
  const add = (to: Response): void => lines.forEach((line) => to.headers.append("set-cookie", line));
  try {
    add(response);
    return response;
  } catch {
    // The headers of `Response.redirect` and of a response of `fetch` are immutable.
    const copy = new Response(response.body, response) as R;
    add(copy);
    return copy;
  }
}

/** A delivery: a `Request`, or its headers and the bytes of its body as they came. */
export type Received =
  | Request
  | {
      readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
      readonly body: Uint8Array | string;
    };

/**
 * Verifies a delivery of a webhook and gives its event. The body is read once, as bytes.
 *
 * One right signature of those in the header is enough, by one of the secrets: after a rotation a delivery has two. They are
 * compared in constant time. A `webhook.test`, and a type of a later version, come as they are: ignore types that you do
 * not know.
 *
 * Throws a `WebhookError`, and any other error for a secret that is none and for a body that is no JSON.
 */
export async function verifyWebhook(
  secret: WebhookSecret,
  request: Received,
  options?: WebhookOptions,
): Promise<BakendEvent> {
  if ("arrayBuffer" in request) return verify(secret, request, options);
  const { headers, body } = request;
  // The other headers of Node may have names that `Headers` refuses.
  const all = headers instanceof Headers ? [...headers] : Object.entries(headers);
  const signed = all.filter(([name]) => /^webhook-/i.test(name));
  const delivery = new Response(body as BodyInit, { headers: signed as [string, string][] });
  return verify(secret, delivery, options);
}
