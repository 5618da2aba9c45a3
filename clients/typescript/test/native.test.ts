import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { test } from "node:test";
import { polyfills, secureStorage } from "../src/native.ts";
import type { SecureStoreShape } from "../src/native.ts";

const KEY = "bakend:https://api.example.com";
const bytes = (text: string): number => new TextEncoder().encode(text).length;
const long = (mark: string, length = 5000): string => JSON.stringify({ mark, text: mark.repeat(length) });

/** A SecureStore with the limits of the real one, which dies at a call of choice. */
class SecureStore implements SecureStoreShape {
  readonly items = new Map<string, string>();
  readonly options: unknown[] = [];
  calls = 0;
  /** The number of the call at which the process dies, and whether that call is done. */
  death: { at: number; isDone: boolean } | null = null;

  async #call<T>(key: string, options: unknown, run: () => T): Promise<T> {
    ok(/^[A-Za-z0-9._-]+$/.test(key), `a key of other letters: ${key}`);
    this.options.push(options);
    this.calls += 1;
    await null;
    if (this.death && this.calls >= this.death.at) {
      if (this.death.isDone && this.calls === this.death.at) run();
      throw new Error("The process has died.");
    }
    return run();
  }

  getItemAsync(key: string, options?: object): Promise<string | null> {
    return this.#call(key, options, () => this.items.get(key) ?? null);
  }
  setItemAsync(key: string, value: string, options?: object): Promise<void> {
    ok(bytes(value) <= 2048, `a value of ${bytes(value)} bytes`);
    return this.#call(key, options, () => void this.items.set(key, value));
  }
  deleteItemAsync(key: string, options?: object): Promise<void> {
    return this.#call(key, options, () => void this.items.delete(key));
  }
  /** The next process: all that was stored, and no death. */
  reborn(): SecureStore {
    const next = new SecureStore();
    for (const [key, value] of this.items) next.items.set(key, value);
    return next;
  }
}

test("SecureStore keeps values of any length and any characters", async () => {
  const store = new SecureStore();
  const storage = secureStorage(store);
  strictEqual(await storage.get(KEY), null);
  const texts = ["", "a", "x".repeat(1900), "x".repeat(1901), long("é"), long("漢"), long("😀", 2000), `${"x".repeat(1899)}😀`, "=", "~0.1.a"];
  for (const text of texts) {
    await storage.set(KEY, text);
    strictEqual(await storage.get(KEY), text);
    strictEqual(await secureStorage(store).get(KEY), text);
  }
  await storage.set(KEY, null);
  strictEqual(await storage.get(KEY), null);
  strictEqual(store.items.size, 0);
});

test("a long value leaves no piece of the one before", async () => {
  const store = new SecureStore();
  const storage = secureStorage(store);
  await storage.set(KEY, long("a"));
  await storage.set(KEY, long("b", 9000));
  await storage.set(KEY, long("c"));
  ok([...store.items.values()].every((value) => !value.includes("aa") && !value.includes("bb")));
  await storage.set(KEY, "short");
  strictEqual(store.items.size, 1);
});

test("a write that is torn at any call keeps the former value or has the new one whole", async () => {
  const outcomes = new Set<string>();
  for (const former of ["short", long("a"), long("a", 9000)]) {
    for (const next of ["other", long("b"), long("b", 9000)]) {
      for (const isDone of [false, true]) {
        let isTorn = true;
        for (let at = 1; isTorn; at += 1) {
          const store = new SecureStore();
          await secureStorage(store).set(KEY, former);
          store.calls = 0;
          store.death = { at, isDone };
          await Promise.resolve(secureStorage(store).set(KEY, next)).catch(() => undefined);
          isTorn = store.calls >= at;
          const later = secureStorage(store.reborn());
          const found = await later.get(KEY);
          ok(found === former || found === next, `torn at call ${at}: ${found?.slice(0, 40)}`);
          outcomes.add(found === next ? "next" : "former");
          await later.set(KEY, "last");
          strictEqual(await later.get(KEY), "last");
        }
      }
    }
  }
  deepStrictEqual([...outcomes].sort(), ["former", "next"]);
});

test("pieces that a torn write has left are gone after the next write", async () => {
  const store = new SecureStore();
  store.death = { at: 6, isDone: true };
  await Promise.resolve(secureStorage(store).set(KEY, long("a", 9000))).catch(() => undefined);
  ok(store.items.size > 1);
  const next = store.reborn();
  await secureStorage(next).set(KEY, "short");
  strictEqual(next.items.size, 1);
});

test("pieces that do not fit together throw: null would say that nobody is signed in", async () => {
  const store = new SecureStore();
  const storage = secureStorage(store);
  await storage.set(KEY, long("a"));
  const piece = [...store.items.keys()].find((key) => key.endsWith(".0.1"))!;
  store.items.delete(piece);
  await rejects(async () => storage.get(KEY));
  await storage.set(KEY, long("b"));
  strictEqual(await storage.get(KEY), long("b"));
});

test("calls at the same time are done one after the other", async () => {
  const storage = secureStorage(new SecureStore());
  const [, first, , second] = await Promise.all([
    storage.set(KEY, long("a")), storage.get(KEY), storage.set(KEY, long("b")), storage.get(KEY),
  ]);
  strictEqual(first, long("a"));
  strictEqual(second, long("b"));
});

test("a call that fails holds up none that follows", async () => {
  const store = new SecureStore();
  const storage = secureStorage(store);
  store.death = { at: 1, isDone: false };
  await rejects(async () => storage.get(KEY));
  store.death = null;
  await storage.set(KEY, "a");
  strictEqual(await storage.get(KEY), "a");
});

test("different keys stay different, and options go with each call", async () => {
  const store = new SecureStore();
  const options = { keychainAccessible: 1 };
  const storage = secureStorage(store, options);
  const keys = ["a:b", "a/b", "a_b", "a_3a_b", "a.b", "ä"];
  for (const key of keys) await storage.set(key, key);
  for (const key of keys) strictEqual(await storage.get(key), key);
  ok(store.options.every((one) => one === options));
});

test("AsyncStorage is used as it is", async () => {
  const items = new Map<string, string>();
  const storage = secureStorage({
    getItem: async (key) => items.get(key) ?? null,
    setItem: async (key, value) => void items.set(key, value),
    removeItem: async (key) => void items.delete(key),
  });
  await storage.set(KEY, "a");
  deepStrictEqual([...items], [[KEY, "a"]]);
  strictEqual(await storage.get(KEY), "a");
  await storage.set(KEY, null);
  strictEqual(await storage.get(KEY), null);
});

test("the keychain keeps a value as the password of a service", async () => {
  const items = new Map<string, string>();
  const serviceOf = (options?: object): string => (options as { service: string }).service;
  const storage = secureStorage(
    {
      getGenericPassword: async (options) => {
        const password = items.get(serviceOf(options));
        return password === undefined ? false : { password };
      },
      setGenericPassword: async (username, password, options) => {
        strictEqual((options as { accessible: string }).accessible, "x");
        ok(username);
        items.set(serviceOf(options), password);
      },
      resetGenericPassword: async (options) => items.delete(serviceOf(options)),
    },
    { accessible: "x" },
  );
  strictEqual(await storage.get(KEY), null);
  await storage.set(KEY, "a");
  strictEqual(await storage.get(KEY), "a");
  await storage.set(KEY, null);
  strictEqual(await storage.get(KEY), null);
});

test("the check names each global that is missing or half-made", () => {
  deepStrictEqual(polyfills(), []);
  const names = (scope: object): string[] => polyfills(scope).map(({ name }) => name);
  deepStrictEqual(names({}), ["crypto.getRandomValues", "crypto.subtle", "btoa", "fetch", "AbortController"]);
  const { crypto, atob, btoa, fetch, AbortController } = globalThis;
  const half = (text: string): string => btoa(encodeURIComponent(text));
  deepStrictEqual(names({ crypto, atob, btoa: half, fetch, AbortController }), ["btoa"]);
  const weak = { getRandomValues: (array: Uint8Array) => array };
  deepStrictEqual(names({ crypto: weak, atob, btoa, fetch, AbortController }), ["crypto.getRandomValues", "crypto.subtle"]);
  for (const { need, by } of polyfills({})) ok(need && by);
});
