import { BakendError } from "./errors.ts";
import type { Tokens, User } from "./generated.ts";
import { random, retried, within } from "./request.ts";
import type { By, Options, Reply, Send, Sent } from "./request.ts";
import { memory, web } from "./storage.ts";
import type { Storage } from "./storage.ts";

/** How long a lock, or a request before, is waited for: in milliseconds. */
const LIMIT = 3000;
/** The same by cookie, where two replies at once may put an older cookie over a newer one: longer than a request lasts. */
const COOKIE_LIMIT = 15000;

/** A session as it is stored. By cookie only user, key and numbers are stored; the rest is this tab's own. */
export interface Pair {
  /** The user; null until the server has told. */
  user: User | null;
  /** The `Idempotency-Key` of the refresh of this pair. */
  key: string;
  accessToken?: string | undefined;
  refreshToken?: string | undefined;
  /** When the access token ends, in milliseconds by the clock of this machine, and how many seconds it lives. */
  expiresAt?: number;
  expiresIn?: number;
  /** By cookie: the number of the pair, and the key of the one before. */
  n?: number;
  was?: string | undefined;
}

/** A request of a client. `turn` asks for a cookie where that is the storage, and waits for the lock then. */
export type Asked = Sent & { turn?: boolean };

/** The part of a session that the parts of a client share. */
export interface Session {
  readonly ready: Promise<void>;
  /** The user that listeners were told last. */
  user(): User | null;
  onChange(listener: (user: User | null) => unknown): () => void;
  /** The pair with an access token that is good, and another than `stale`. */
  good(signal?: AbortSignal, stale?: string): Promise<Pair | null | undefined>;
  /** Sends a request with the token, once more after a refusal of the token. */
  reply<T>(method: string, path: string, options?: Asked): Promise<Reply<T>>;
  /** Stores the tokens of a reply by which a session begins, unless it was for a user who is gone. */
  begin(tokens: Tokens & { user?: User }, by: By): Promise<unknown>;
  /** Stores the user of a reply, if the same one is signed in. */
  changed(user: User): Promise<void>;
  /** Ends the session here and at the server; with a user, only that one's and here alone. */
  logout(by?: By): Promise<void>;
  /** The storage and the key in it. */
  readonly storage: Storage;
  readonly key: string;
}

let isHinted: unknown;
/** The last two labels of an address's host, by which most sites differ. */
const site = (address: string): string => new URL(address, location.href).hostname.replace(/.*\.(?=.*\.)/, "");

/** The session of a client. */
export const open = (url: string, options: Options, send: Send): Session => {
  const { timeout = 1e4, storage: kind = "local", key = `bakend:${url}` } = options;
  const isCookie = kind === "cookie";
  const storage =
    // No browser has a `memoryStorage`.
    (typeof kind === "object" ? kind : web(`${isCookie ? "local" : kind}Storage`)) ?? memory();
  const { watch } = storage;
  if (isCookie && !isHinted && globalThis.location && site(location.href) !== site(url)) {
    isHinted = true;
    console.warn("bakend: a cookie of another site may be dropped");
  }
  const { locks = watch && globalThis.navigator?.locks } = options;
  const listeners = new Set<(user: User | null) => unknown>();
  /** Undefined as long as the storage could neither be read nor be written. */
  let pair: Pair | null | undefined;
  /** The text that the storage had when it was last read or written. */
  let stored: string | null | undefined;
  /** Why the storage could not be read. */
  let fault: unknown;
  /** Whether the storage has not taken the newest pair, which is then in memory alone. */
  let isLost = false;
  let user: User | null = null;
  let told = "null";

  const tell = (): void => {
    const now = pair?.user ?? null;
    const text = JSON.stringify(now);
    if (text === told) return;
    told = text;
    user = now;
    for (const listener of listeners) Promise.resolve(now).then(listener).catch(console.error);
  };

  /** Takes over a text of the storage. */
  const adopt = (text: string | null): void => {
    if (text === stored) return;
    stored = text;
    isLost = false;
    let found: Pair | null = null;
    try {
      const read: Pair = JSON.parse(text!);
      if (read.key) found = read;
    } catch {
      // Not a text of ours.
    }
    // By cookie another tab's refresh leaves this tab's access token as it is.
    pair = isCookie && found && !isOther(pair, found) ? { ...pair, ...found } : found;
    tell();
  };

  /** Writes the pair that is in memory. */
  const save = async (): Promise<void> => {
    const { user, key: own, n, was } = pair ?? {};
    const text = pair ? JSON.stringify(isCookie ? { user, key: own, n, was } : pair) : null;
    try {
      await storage.set(key, text);
      stored = text;
      isLost = false;
    } catch {
      isLost = true;
    }
  };

  /** The pair in force: that of the storage, or a newer one that it did not take. */
  const load = async (): Promise<typeof pair> => {
    try {
      const text = (await storage.get(key)) ?? null;
      // Loose, for a storage that could not be read before the pair was there.
      if (isLost && text == stored) await save();
      else adopt(text);
    } catch (error) {
      // A storage that cannot be read signs nobody out.
      fault = error;
    }
    return pair;
  };

  const put = async (next: Pair | null, isHeard?: boolean): Promise<typeof pair> => {
    const was = !isOther(next, pair) && pair?.refreshToken;
    pair = next;
    await save();
    // Tabs whose storage has no pair in common tell each other.
    if (was && !isHeard && (isLost || kind === "session")) channel?.postMessage({ was, pair });
    tell();
    return pair;
  };

  let last: Promise<unknown> = Promise.resolve();
  /** Runs after all that were asked before: nothing comes between a read of the storage and the write that follows. */
  const turn = <T>(run: () => Promise<T>): Promise<T> => {
    const mine = last.then(run);
    last = mine.catch(() => {});
    return mine;
  };
  const peek = (): Promise<typeof pair> => turn(load);

  const channel = watch && !isCookie && globalThis.BroadcastChannel ? new BroadcastChannel(key) : null;
  if (channel) {
    channel.onmessage = ({ data: { was, pair: other } }: MessageEvent<{ was: string; pair: Pair }>) =>
      void turn(async () => {
        const mine = pair?.refreshToken;
        if (mine && (mine === was || (mine === other.refreshToken && other.key < pair!.key))) await put(other, true);
      });
    // Node would never end.
    (channel as { unref?(): void }).unref?.();
  }

  let line = last;
  /** Runs alone, in this tab and in others that share its locks; after the limit it runs beside them. */
  const locked = <T>(run: () => Promise<T>): Promise<T> => {
    const before = line;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), isCookie ? COOKIE_LIMIT : LIMIT);
    let started: Promise<T> | undefined;
    const go = (): Promise<T> => {
      clearTimeout(timer);
      return (started ??= run());
    };
    const mine = within(() => before, limit.signal)
      .then(() => (locks ? locks.request(key, { signal: limit.signal }, go) : go()))
      // Where it has begun, this is its own failure.
      .catch(go);
    line = mine.catch(() => {});
    return mine;
  };

  const isGood = ({ accessToken, expiresAt = 0, expiresIn = Infinity }: Pair, stale?: string): unknown => {
    const left = expiresAt - Date.now();
    // More than a lifetime is left only where the clock was set back.
    return accessToken && accessToken !== stale && left > Math.min(1e4, expiresIn * 500) && left <= expiresIn * 1e3;
  };

  /** The part of a pair that a reply's tokens make; the clock that counts is that of their arrival. */
  const timed = ({ accessToken, refreshToken, expiresIn = 0 }: Partial<Tokens>) => {
    // A page of somebody else is no reply of the API.
    if (typeof accessToken !== "string" || !(expiresIn > 0)) throw new BakendError("client/bad-reply", "Unreadable reply");
    return { accessToken, refreshToken: refreshToken ?? undefined, expiresIn, expiresAt: Date.now() + expiresIn * 1e3 };
  };

  const isOther = (a: typeof pair, b: typeof pair): boolean => a?.user?.id !== b?.user?.id;

  const revoked = () => new BakendError("auth/session-revoked", "The session is over", 401);

  /** Ends the session here, unless another pair takes the place of this one. Gives what is in force then. */
  const end = async (over: Pair): Promise<typeof pair> => {
    // Another tab, or a call that begins the session anew, may be about to store the pair that it got.
    for (let reads = 1; (await peek())?.key === over.key && reads < 4; reads++) await within(null, undefined, 500);
    // Each pair has a key of its own.
    return turn(async () => ((await load())?.key === over.key ? put(null) : pair));
  };

  const renew = async (stale?: string): Promise<typeof pair> => {
    let now = await peek();
    let refusals = 0;
    while (now && !isGood(now, stale)) {
      const sent: Pair = now;
      // No refresh brings this one back, but a clock that is wrong ends nothing.
      if (!isCookie && !sent.refreshToken) return sent.accessToken && !stale ? sent : end(sent);
      let tokens: ReturnType<typeof timed>;
      try {
        const headers = { "idempotency-key": sent.key };
        const body = isCookie ? undefined : { refreshToken: sent.refreshToken };
        tokens = timed((await send<Tokens>("POST", "/api/auth/refresh", { body, headers })).body ?? {});
      } catch (error) {
        const { code } = error as BakendError;
        // Another 401, such as for the API key or of a proxy, is no verdict about the session. That a cookie is gone is one.
        if (!(isCookie ? /(refresh-token|revoked|validation-failed)$/ : /(refresh-token|revoked)$/).test(code)) throw error;
        now = await end(sent);
        if (now && refusals++) throw error;
        continue;
      }
      now = await turn(async () => {
        const held = await load();
        if (!held) return null;
        const steps = isCookie ? held.n! - sent.n! : held.key === sent.key ? 0 : 9;
        const { user } = held;
        const next = isCookie ? { n: sent.n! + 1, was: sent.key } : {};
        if (!steps) return put({ ...tokens, user, key: random(), ...next });
        // The late cookie is that of the user before, and the one of the login is gone: nobody goes on as another.
        if (isCookie && isOther(held, sent)) return put(null);
        if (steps === 1) pair = { ...held, ...tokens };
        // The late cookie is of the pair before the newest: so is the key from now on, and this goes on with both.
        return steps === 2 ? put({ user, key: held.was!, ...next }) : pair;
      });
      if (now?.accessToken) return now;
    }
    return now;
  };

  let flight: Promise<typeof pair> | undefined;
  const refresh = (stale?: string): Promise<typeof pair> =>
    // As long as the server asks; each caller has a limit.
    (flight ??= retried(() => locked(() => renew(stale)), true).finally(() => (flight = undefined)));

  const good = (signal?: AbortSignal, stale?: string, method?: string): Promise<typeof pair> =>
    within(
      async () => {
        const now = await peek();
        // Nothing goes out as nobody's because a keychain is locked.
        if (now === undefined) throw fault;
        if (!now || isGood(now, stale)) return now;
        const next = await refresh(stale);
        // Nothing is written as nobody, or as another user than the one who asked.
        if (method && (next ? isOther(next, now) : method !== "GET")) throw revoked();
        return next;
      },
      signal,
      // Others may go first, and a late cookie may have to be put right.
      2 * timeout,
    );

  const reply = async <T>(method: string, path: string, options: Asked = {}): Promise<Reply<T>> => {
    const { anonymous, by, headers, signal } = options;
    const run = (token?: string): Promise<Reply<T>> => {
      const go = (more?: Sent): Promise<Reply<T>> => send<T>(method, path, { ...options, token, ...more });
      return options.turn && isCookie
        ? locked(() => go({ headers: { ...headers, "x-refresh-token-mode": "cookie" } }))
        : go();
    };
    const used = anonymous || headers?.authorization ? null : await good(signal, undefined, method);
    if (by && (by[0] ??= used?.user?.id) !== used?.user?.id) throw revoked();
    try {
      return await run(used?.accessToken);
    } catch (error) {
      const over = used && /(token-expired|invalid-token|(revoked))$/.exec((error as BakendError)?.code);
      if (!over) throw error;
      // By cookie another tab may have begun the next session, so that the cookie alone tells.
      if (over[2] && !isCookie) await end(used);
      const next = await good(signal, used.accessToken);
      if (!next || isOther(next, used) || next.accessToken === used.accessToken) throw error;
      return run(next.accessToken);
    }
  };

  try {
    const text = storage.get(key);
    if ((text as Promise<null>)?.then) void turn(() => (text as Promise<null>).then(adopt));
    else adopt(text as string | null);
  } catch {
    // The next read may succeed.
  }
  storage.watch?.(key, () => void peek());

  return {
    // As yet this is the first read where the storage is asynchronous, and else nothing.
    ready: last as Promise<void>,
    user: () => user,
    onChange(listener) {
      const own = (now: User | null): unknown => listener(now);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    good,
    reply,
    begin: (tokens, [id]) =>
      turn(async () => {
        const held = await load();
        if (id && held?.user?.id !== id) return;
        const user = tokens.user ?? (id ? held!.user : null);
        // Only by cookie is the number read.
        await put({ ...timed(tokens), user, key: random(), n: Date.now() });
      }),
    changed: (user) =>
      turn(async () => {
        const held = await load();
        const before = held?.user;
        if (held && (!before || (before.id === user.id && JSON.stringify(before) !== JSON.stringify(user)))) {
          await put({ ...held, user });
        }
      }),
    async logout(by) {
      const over = await turn(async () => {
        const held = await load();
        if (!by || held?.user?.id === by[0]) await put(null);
        return held;
      });
      if (by || !over) return;
      const { refreshToken, accessToken: token } = over;
      const proof = refreshToken ? { body: { refreshToken } } : { token };
      // An app may leave the page at once.
      const go = () => send("POST", "/api/auth/logout", { ...proof, keepalive: true });
      // After a refresh that runs, whose cookie would else come back.
      await (isCookie ? locked(go) : go()).catch((error) => {
        if ((error as BakendError).status) throw error;
      });
    },
    storage,
    key,
  };
};
