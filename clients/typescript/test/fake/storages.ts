// The parts that the tabs of a browser share: storage, locks and channels, each with the faults of the real ones.

import type { Tab } from "./browser.ts";

/** The shape of `localStorage` and `sessionStorage`, as far as a client uses it. */
export interface WebStorage {
  readonly length: number;
  key(at: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  clear(): void;
}

/** The faults of a storage: it is `full`, or every access is `forbidden`. */
export type StorageFault = "full" | "forbidden" | null;

const refused = (fault: StorageFault, isWrite: boolean): void => {
  if (fault === "forbidden") throw new DOMException("Access is denied for this document.", "SecurityError");
  if (fault === "full" && isWrite) throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
};

/** A tab's view of a storage. `told` hears of each change. */
export function view(
  kept: Map<string, string>,
  tab: Tab,
  fault: () => StorageFault,
  told: (key: string | null, value: string | null) => void,
): WebStorage {
  const write = (key: string, value: string | null): void => {
    refused(fault(), value !== null);
    // Of a killed tab nothing is written any more.
    if (tab.isKilled) throw new DOMException("The tab is gone.", "InvalidStateError");
    if (value === null ? !kept.delete(key) : kept.get(key) === value) return;
    if (value !== null) kept.set(key, value);
    told(key, value);
  };
  return {
    get length() {
      refused(fault(), false);
      return kept.size;
    },
    key: (at) => [...kept.keys()][at] ?? null,
    getItem: (key) => {
      refused(fault(), false);
      return kept.get(key) ?? null;
    },
    setItem: (key, value) => write(key, String(value)),
    removeItem: (key) => write(key, null),
    clear: () => {
      refused(fault(), false);
      kept.clear();
      told(null, null);
    },
  };
}

interface Hold {
  tab: Tab;
  isGranted: boolean;
  grant: () => void;
}

/** The locks of a browser's tabs by their names, each a queue whose first entry holds it. */
export class Locks {
  readonly #queues = new Map<string, Hold[]>();

  /** Takes a tab that is gone out of every queue. */
  drop(tab: Tab): void {
    for (const [name, queue] of this.#queues) {
      this.#queues.set(name, queue.filter((hold) => hold.tab !== tab));
      this.#pump(name);
    }
  }

  /** Whether somebody holds this lock, or any. */
  get held(): number {
    return [...this.#queues.values()].filter((queue) => queue.length > 0).length;
  }

  /** A tab's `navigator.locks`. */
  of(tab: Tab): LockManager {
    const request = (name: string, ...rest: unknown[]): Promise<unknown> => {
      const callback = rest.at(-1) as (lock: { name: string; mode: string } | null) => unknown;
      const options = (rest.length > 1 ? rest[0] : {}) as LockOptions;
      return this.#request(tab, name, options, callback);
    };
    return { request, query: () => Promise.resolve({ held: [], pending: [] }) } as unknown as LockManager;
  }

  #request(tab: Tab, name: string, options: LockOptions, callback: (lock: never) => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      if (options.signal?.aborted) return reject(options.signal.reason);
      if (options.ifAvailable && queue.length > 0) {
        return void Promise.resolve(callback(null as never)).then(resolve, reject);
      }
      const leave = (): void => {
        this.#queues.set(name, (this.#queues.get(name) ?? []).filter((other) => other !== hold));
        this.#pump(name);
      };
      const hold: Hold = {
        tab,
        isGranted: false,
        grant: () => {
          const lock = { name, mode: options.mode ?? "exclusive" };
          const ran = new Promise((done) => done(callback(lock as never)));
          ran.then(resolve, reject).finally(leave);
        },
      };
      options.signal?.addEventListener("abort", () => {
        if (hold.isGranted) return;
        leave();
        reject(options.signal?.reason);
      });
      queue.push(hold);
      this.#pump(name);
    });
  }

  #pump(name: string): void {
    const first = this.#queues.get(name)?.[0];
    if (!first || first.isGranted) return;
    // A frozen tab gets the lock as well, and sits on it.
    first.isGranted = true;
    first.tab.later(0, first.grant);
  }
}

/** The channels of a browser by their names. */
export class Channels {
  readonly #open = new Map<string, Set<{ tab: Tab; target: EventTarget; hear: (event: Event) => void }>>();
  /** Every message that was sent. */
  readonly messages: unknown[] = [];

  /** Closes those of a tab that is gone. */
  drop(tab: Tab): void {
    for (const members of this.#open.values()) {
      for (const member of members) if (member.tab === tab) members.delete(member);
    }
  }

  /** A tab's `BroadcastChannel`. */
  of(tab: Tab): typeof BroadcastChannel {
    const [open, messages] = [this.#open, this.messages];
    return class extends EventTarget {
      readonly name: string;
      onmessage: ((event: Event) => void) | null = null;
      readonly #member = { tab, target: this as EventTarget, hear: (event: Event) => this.onmessage?.(event) };
      constructor(name: string) {
        super();
        this.name = name;
        const members = open.get(name) ?? new Set();
        open.set(name, members.add(this.#member));
      }
      postMessage(message: unknown): void {
        const members = open.get(this.name);
        if (tab.isKilled || !members?.has(this.#member)) throw new DOMException("It is closed.", "InvalidStateError");
        messages.push(structuredClone(message));
        for (const member of members) {
          if (member === this.#member) continue;
          const data: unknown = structuredClone(message);
          member.tab.later(1, () => {
            const event = Object.assign(new Event("message"), { data });
            member.target.dispatchEvent(event);
            member.hear(event);
          });
        }
      }
      close(): void {
        open.get(this.name)?.delete(this.#member);
      }
      unref(): void {}
    } as unknown as typeof BroadcastChannel;
  }
}
