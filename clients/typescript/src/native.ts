/** Storages of React Native and Expo for the session, and a check for the globals that a runtime lacks. */

import type { Storage } from "./index.ts";

/** The shape of Expo's SecureStore. Its values have at most 2,048 bytes. */
export interface SecureStoreShape {
  getItemAsync(key: string, options?: object): Promise<string | null>;
  setItemAsync(key: string, value: string, options?: object): Promise<void>;
  deleteItemAsync(key: string, options?: object): Promise<void>;
}

/** The shape of AsyncStorage. It is not encrypted. */
export interface AsyncStorageShape {
  getItem(key: string): Promise<string | null>;
  setItem(key: string, value: string): Promise<void>;
  removeItem(key: string): Promise<void>;
}

/** The shape of react-native-keychain. */
export interface KeychainShape {
  getGenericPassword(options?: object): Promise<false | { password: string }>;
  setGenericPassword(username: string, password: string, options?: object): Promise<unknown>;
  resetGenericPassword(options?: object): Promise<unknown>;
}

/** The most bytes of one value in SecureStore, with room for the head of the first. */
const CHUNK = 1900;

/** A key in the letters that SecureStore takes; different keys stay different. */
const named = (key: string): string => key.replaceAll(/[^A-Za-z0-9.-]/g, (c) => `_${c.charCodeAt(0).toString(16)}_`);

/** The text in pieces of at most `CHUNK` bytes of UTF-8; no character is divided. */
function pieces(text: string): string[] {
  const all: string[] = [];
  let [piece, size] = ["", 0];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (size + bytes > CHUNK) {
      all.push(piece);
      [piece, size] = ["", 0];
    }
    piece += character;
    size += bytes;
  }
  return [...all, piece];
}

/** A sum (FNV-1a, 32 bits) that tells whether the pieces belong together. */
function sumOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16);
}

/** Runs tasks one after the other. */
function queue(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task, task);
    last = next.catch(() => undefined);
    return next;
  };
}

/** The head of a value in pieces: their side (0 or 1), their number and the sum of the whole. */
const HEAD = /^~([01])\.(\d+)\.([0-9a-f]+)$/;

/**
 * A value is `=` and itself, or a head that names pieces under keys of their own. A write puts its pieces beside the former
 * ones, on the other side, and only then writes the head. So a write that is torn leaves the former value as it was.
 */
function inPieces(store: SecureStoreShape, options?: object): Storage {
  const alone = queue();
  const pieceKey = (key: string, side: number, at: number): string => `${key}.${side}.${at}`;
  const read = async (key: string): Promise<string | null> => {
    const head = await store.getItemAsync(key, options);
    if (head === null || head.startsWith("=")) return head && head.slice(1);
    const [, side, count, sum] = HEAD.exec(head) ?? [];
    const keys = Array.from({ length: Number(count) }, (_, at) => pieceKey(key, Number(side), at));
    const text = (await Promise.all(keys.map((one) => store.getItemAsync(one, options)))).join("");
    // No null: that would say that nobody is signed in.
    if (sumOf(text) !== sum) throw new Error("The pieces of the stored session do not fit together.");
    return text;
  };
  /** Removes the pieces of a side from a number on, also those that a torn write has left. */
  const sweep = async (key: string, side: number, from: number): Promise<void> => {
    for (let at = from; (await store.getItemAsync(pieceKey(key, side, at), options)) !== null; at += 1) {
      await store.deleteItemAsync(pieceKey(key, side, at), options);
    }
  };
  const write = async (key: string, text: string | null): Promise<void> => {
    const former = HEAD.exec((await store.getItemAsync(key, options)) ?? "");
    const side = former?.[1] === "0" ? 1 : 0;
    const parts = text === null ? [] : pieces(text);
    const count = parts.length > 1 ? parts.length : 0;
    for (const [at, part] of parts.slice(0, count).entries()) await store.setItemAsync(pieceKey(key, side, at), part, options);
    if (text === null) await store.deleteItemAsync(key, options);
    else await store.setItemAsync(key, count ? `~${side}.${count}.${sumOf(text)}` : `=${text}`, options);
    // The value stands: pieces that stay behind are no failure of this write.
    await Promise.all([sweep(key, side, count), sweep(key, 1 - side, 0)]).catch(() => undefined);
  };
  return {
    get: (key) => alone(() => read(named(key))),
    set: (key, text) => alone(() => write(named(key), text)),
  };
}

/**
 * A storage for `createClient` out of SecureStore, AsyncStorage or react-native-keychain: pass the module itself.
 *
 * SecureStore's limit of 2,048 bytes a value does not matter: longer ones are stored in pieces. A write that is torn keeps the
 * former value. `options` go with each call of SecureStore and of the keychain, such as `{ keychainAccessible }`.
 */
export function secureStorage(module: SecureStoreShape | AsyncStorageShape | KeychainShape, options?: object): Storage {
  if ("getItemAsync" in module) return inPieces(module, options);
  if ("getItem" in module) {
    return {
      get: (key) => module.getItem(key),
      set: (key, text) => (text === null ? module.removeItem(key) : module.setItem(key, text)),
    };
  }
  const of = (key: string): object => ({ ...options, service: key });
  return {
    get: async (key) => (await module.getGenericPassword(of(key)) || null)?.password ?? null,
    set: async (key, text) => {
      if (text === null) await module.resetGenericPassword(of(key));
      else await module.setGenericPassword("bakend", text, of(key));
    },
  };
}

/** A global that the runtime lacks. */
export interface Missing {
  /** Its name, such as `crypto.getRandomValues`. */
  name: string;
  /** The part that needs it. */
  need: string;
  /** A package that brings it. */
  by: string;
}

/** The globals that are looked for, each with a test that also finds a half-made one. */
const GLOBALS: readonly (Missing & { isThere(scope: any): boolean })[] = [
  {
    name: "crypto.getRandomValues", need: "every session", by: "react-native-get-random-values",
    isThere: (scope) => new Set(scope.crypto.getRandomValues(new Uint8Array(16))).size > 1,
  },
  {
    name: "crypto.subtle", need: "sign-in by a provider (PKCE)", by: "react-native-quick-crypto",
    isThere: (scope) => typeof scope.crypto.subtle.digest === "function",
  },
  {
    name: "btoa", need: "sign-in by a provider (PKCE), passkeys", by: "react-native-quick-base64",
    isThere: (scope) => scope.btoa("\xff") === "/w==" && scope.atob("/w==") === "\xff",
  },
  { name: "fetch", need: "every request", by: "React Native itself", isThere: (scope) => typeof scope.fetch === "function" },
  {
    name: "AbortController", need: "time limits and cancelling", by: "React Native itself",
    isThere: (scope) => new scope.AbortController().signal.aborted === false,
  },
];

/** The globals that are missing or half-made; empty when everything is there. Call it once at the start of an app. */
export function polyfills(scope: object = globalThis): Missing[] {
  const lacks = ({ isThere }: (typeof GLOBALS)[number]): boolean => {
    try {
      return !isThere(scope);
    } catch {
      return true;
    }
  };
  return GLOBALS.filter(lacks).map(({ name, need, by }) => ({ name, need, by }));
}
