/**
 * Where a session is kept. `get` and `set` may be asynchronous; null is an absent value. A storage that several tabs
 * share has `watch`: it calls `told` after a change by another tab, and gives the function that ends that.
 */
export interface Storage {
  get(key: string): string | null | Promise<string | null>;
  set(key: string, value: string | null): void | Promise<void>;
  watch?(key: string, told: () => void): (() => void) | void;
}

type WebStorage = typeof localStorage;

/** A storage that ends with the client. */
export const memory = (): Storage => {
  const kept = new Map<string, string | null>();
  return { get: (key) => kept.get(key) ?? null, set: (key, value) => void kept.set(key, value) };
};

/** A storage of the browser, such as `localStorage`; null where there is none of this name, or it is forbidden. */
export const web = (name: string): Storage | null => {
  try {
    const area = (globalThis as unknown as Record<string, WebStorage>)[name]!;
    area.getItem("");
    return {
      get: (key) => area.getItem(key),
      set: (key, value) => (value === null ? area.removeItem(key) : area.setItem(key, value)),
      // Another tab's change is an event, whose key is null where all was cleared. Servers have a storage without events.
      watch:
        globalThis.addEventListener &&
        ((key, told) => addEventListener("storage", (event) => (event.key ?? key) === key && told())),
    };
  } catch {
    return null;
  }
};
