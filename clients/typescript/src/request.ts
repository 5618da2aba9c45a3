import { BakendError } from "./errors.ts";
import type { Error as ErrorBody, GatewayError } from "./generated.ts";
import type { Storage } from "./storage.ts";

/** The options of a client. */
export interface Options {
  /** Where the session is kept: `local` (the default) falls back to memory. */
  storage?: "local" | "session" | "memory" | "cookie" | Storage;
  /** The key of `x-api-key`. */
  apiKey?: string;
  /** The function in place of the global `fetch`. */
  fetch?: typeof fetch;
  /** How long one try of a request may last, in milliseconds: 10,000 by default, 0 for any time. */
  timeout?: number;
  /** The name in the storage; `bakend:` and the address by default. */
  key?: string;
  /** The locks that tabs share; `navigator.locks` by default, null for none. */
  locks?: LockManager | null;
}

/** The parts that a request may have beside its method and path. */
export interface RequestOptions {
  /** The body, sent as JSON. */
  body?: unknown;
  /** The parameters; undefined and null are left out. */
  query?: Record<string, string | number | boolean | undefined | null>;
  /** The headers, by their names in lower case. One of `authorization` goes in place of the session's token. */
  headers?: Record<Lowercase<string>, string>;
  /** Ends the request; it then throws the signal's own reason. */
  signal?: AbortSignal;
  /** Whether no access token is sent. */
  anonymous?: boolean;
  /** Whether an `Idempotency-Key` is sent, so that the request may be sent again: for the making of a record, which alone heeds it. */
  once?: boolean;
}

/** A reply with its status and headers; `body` is undefined where there is none. */
export interface Reply<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** A request as the client sends it. `token` is an access token; `again` is whether it may be sent twice. */
export interface Sent extends RequestOptions {
  token?: string | undefined;
  again?: boolean;
  /** Whether it goes on where the page is left. */
  keepalive?: boolean;
  /** Holds the id of the user of the first request of several, and refuses the others as anybody else. */
  by?: By;
}

/** The id of the user by whom requests go that belong together; empty before the first. */
export type By = (string | undefined)[];

/** Sends a request, and gives a reply of the API or throws. */
export type Send = <T>(method: string, path: string, sent?: Sent) => Promise<Reply<T>>;

/** 128 random bits, in the characters of an `Idempotency-Key`. */
export const random = (): string => crypto.getRandomValues(new Uint32Array(4)).join("-");

/**
 * The outcome of `run`, unless the signal ends first, which throws its reason, or the time is over, which is
 * `client/timeout`. `ms` is in milliseconds, 0 for any time. Without `run` it waits for that time.
 */
export const within = <T = void>(
  run?: ((signal: AbortSignal) => Promise<T>) | null,
  signal?: AbortSignal,
  ms = 0,
): Promise<T> => {
  const own = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let aborted: () => void;
  return new Promise<T>((done, fail) => {
    // React Native's signals have no reason.
    const stop = (reason: unknown = new Error("Aborted")) => {
      fail(reason);
      own.abort(reason);
    };
    const over = () => (run ? stop(new BakendError("client/timeout", "No timely reply")) : done(undefined as T));
    aborted = () => stop(signal!.reason);
    if (signal?.aborted) return aborted();
    signal?.addEventListener("abort", aborted);
    // A longer time than a timer can hold is any time.
    if (ms && ms < 2 ** 31) timer = setTimeout(over, ms);
    run?.(own.signal).then(done, fail);
  }).finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
  });
};

/**
 * The outcome of `run`. Where it may run again, it does so after a failure that may pass, up to 3 times in all. The
 * signal ends a pause, and none is longer than the timeout; 0 is any time.
 */
export const retried = async <T>(
  run: () => Promise<T>,
  again: unknown,
  signal?: AbortSignal,
  timeout = 0,
): Promise<T> => {
  for (let failures = 0; ; failures++) {
    try {
      return await run();
    } catch (error) {
      if (!again || signal?.aborted) throw error;
      const { status, code, retryAfter = 0 } = error as BakendError;
      const isPassing = /offline|429|503/.test(code + status);
      // Without a spread all clients would come back at the same moment.
      const ms = retryAfter * 1e3 + (0.5 + Math.random()) * (retryAfter ? 100 : 200 << failures);
      if (!isPassing || failures > 1 || (timeout && ms > timeout)) throw error;
      await within(null, signal, ms);
    }
  }
};

/** A reply with its body; throws the error that it is. */
const read = ({ status, headers }: Response, text: string): Reply<unknown> => {
  let body: Partial<ErrorBody & GatewayError> | undefined;
  try {
    if (text) body = JSON.parse(text);
    if (status < 400) return { status, headers, body };
  } catch {
    // A page of a proxy or a portal.
  }
  const { error, message } = body ?? {};
  throw new BakendError(
    error?.code ?? (message ? "client/gateway" : "client/bad-reply"),
    error?.message ?? message ?? "Unreadable reply",
    status,
    {
      details: error?.details,
      requestId: error?.requestId ?? headers.get("x-request-id") ?? undefined,
      retryAfter: +headers.get("retry-after")! || undefined,
      mfa: error?.mfa,
    },
  );
};

/** The parameters of an address; undefined and null are left out. React Native's own `URLSearchParams` encodes nothing. */
export const encoded = (query: object): string =>
  Object.entries(query)
    .flatMap((pair) => (pair[1] == null ? [] : pair.map(encodeURIComponent).join("=")))
    .join("&");

/** The function that sends a client's requests to the API at this address. */
export const sender = (url: string, options: Options): Send => {
  const { timeout = 1e4, apiKey } = options;
  return async <T>(method: string, path: string, sent: Sent = {}): Promise<Reply<T>> => {
    const { query = {}, signal, token, once, keepalive } = sent;
    const content = JSON.stringify(sent.body);
    const headers: Record<string, string> = { ...sent.headers };
    if (apiKey) headers["x-api-key"] = apiKey;
    if (token) headers.authorization = `Bearer ${token}`;
    if (content) headers["content-type"] = "application/json";
    if (once) headers["idempotency-key"] = random();
    // The API ignores the key of a caller whom it does not know, and would then do it twice.
    const again = sent.again ?? (method === "GET" || headers["if-match"] || (once && (token || apiKey)));
    const asked = encoded(query);
    // Without the slash a path such as `@evil.example` would lead to another host.
    const address = url + path.replace(/^\/?/, "/") + (asked && `?${asked}`);
    const run = async (own: AbortSignal): Promise<Reply<T>> => {
      let reply: Response;
      let text: string;
      try {
        reply = await (options.fetch ?? fetch)(address, {
          headers,
          credentials: options.storage === "cookie" ? "include" : undefined,
          method,
          body: content,
          signal: own,
          keepalive,
        });
        text = await reply.text();
      } catch (cause) {
        throw new BakendError("client/offline", "No connection", 0, { cause });
      }
      return read(reply, text) as Reply<T>;
    };
    return retried(() => within(run, signal, timeout), again, signal, timeout);
  };
};
