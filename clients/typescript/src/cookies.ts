/** Cookies of a server's requests and responses (RFC 6265). */

/** The attributes of a cookie that this package sets. They are the options that Next, SvelteKit and Hono take. */
export interface CookieOptions {
  httpOnly: boolean;
  secure: boolean;
  sameSite: "lax";
  path: string;
  /** The lifetime in seconds; 0 removes the cookie. */
  maxAge: number;
}

/** Access to the cookies of one request, such as `await cookies()` of Next and `event.cookies` of SvelteKit. */
export interface Cookies {
  /** The value of a cookie, alone or as the `value` of an object. */
  get(name: string): string | { value: string } | null | undefined;
  /** Sets a cookie of the response. It throws, or is left out, where the response has none to set. */
  set?(name: string, value: string, options: CookieOptions): unknown;
}

/** Cookies whose `set` never throws, so that nobody has to try it. */
export interface SureCookies extends Cookies {
  readonly isSure?: boolean;
}

/** The parts of a `Cookie` header, each as it stands there. */
const parts = (header: string | null): string[] => (header ?? "").split(/; */).filter(Boolean);

/** The parts of a list that are not of this cookie. */
const others = (list: string[], name: string): string[] => list.filter((part) => !part.startsWith(`${name}=`));

/** Sets a cookie in the headers of a request; removes it where the value is empty. */
export function pass(headers: Headers, name: string, value: string): void {
  const all = others(parts(headers.get("cookie")), name);
  if (value) all.push(`${name}=${value}`);
  if (all[0]) headers.set("cookie", all.join("; "));
  else headers.delete("cookie");
}

/** Sets a cookie in the headers of a response, in place of an earlier one of the same name. */
function put(headers: Headers, name: string, value: string, options: CookieOptions): void {
  const all = others(headers.getSetCookie(), name);
  const secure = options.secure ? "; Secure" : "";
  all.push(`${name}=${value}; Max-Age=${options.maxAge}; Path=/; HttpOnly${secure}; SameSite=Lax`);
  headers.delete("set-cookie");
  for (const line of all) headers.append("set-cookie", line);
}

/**
 * The cookies of a `Request`, for frameworks that have no store of their own.
 *
 * `headers` get the `Set-Cookie` lines and belong into the response. Without them no cookie can be set.
 */
export function cookiesOf(request: { readonly headers: Headers }, headers?: Headers): Cookies {
  const get = (name: string): string | undefined =>
    parts(request.headers.get("cookie"))
      .find((part) => part.startsWith(`${name}=`))
      ?.slice(name.length + 1);
  if (!headers) return { get };
  const cookies: SureCookies = { get, set: (name, value, options) => put(headers, name, value, options), isSure: true };
  return cookies;
}
