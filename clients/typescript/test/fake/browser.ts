// A browser with tabs that share a storage, a cookie, locks and channels; each tab runs a client of its own.

import type { Client, Options } from "../../src/index.ts";
import type { Core } from "./bundle.ts";
import { load } from "./bundle.ts";
import { Channels, Locks, view } from "./storages.ts";
import type { StorageFault } from "./storages.ts";
import type { World } from "./world.ts";

/** The address of the API. */
export const API = "http://localhost:9000";
/** The key in the storage, by default. */
export const KEY = `bakend:${API}`;

/** A pair of tokens as a client stores it. */
export interface Stored {
  accessToken: string;
  refreshToken?: string;
  expiresAt: number;
  user: { id: string; email: string | null; role: string };
  key: string;
  n?: number;
}

/** A browser. */
export class Browser {
  readonly world: World;
  readonly local = new Map<string, string>();
  readonly locks = new Locks();
  readonly channels = new Channels();
  readonly tabs: Tab[] = [];
  /** The refresh token of the cookie. */
  cookie: string | null = null;
  /** By how many milliseconds the clock is wrong. */
  skew = 0;
  isOffline = false;
  /** The fault of `localStorage`, by the tab. */
  fault: (tab: Tab) => StorageFault = () => null;

  constructor(world: World) {
    this.world = world;
  }

  /** Opens a tab with a client. */
  tab(options: Options = {}, session?: Map<string, string>): Tab {
    const tab = new Tab(this, options, session);
    this.tabs.push(tab);
    return tab;
  }

  /** Opens several tabs. */
  open(count: number, options: Options = {}): Tab[] {
    return Array.from({ length: count }, () => this.tab(options));
  }

  /** The pair that is stored for the client. */
  get stored(): Stored | null {
    const text = this.local.get(KEY);
    return text === undefined ? null : (JSON.parse(text) as Stored);
  }

  /** The user clears the storage of the site, which the other tabs hear of. */
  clear(): void {
    this.local.clear();
    for (const tab of this.tabs) tab.hear(null, null);
  }
}

/** A tab. */
export class Tab {
  readonly browser: Browser;
  readonly name: string;
  readonly client: Client;
  readonly core: Core;
  /** The ids that listeners were told, in order; null is a sign-out. */
  readonly told: (string | null)[] = [];
  /** The lines of the console. */
  readonly lines: string[] = [];
  readonly session: Map<string, string>;
  isKilled = false;
  isFrozen = false;
  #held: (() => void)[] = [];
  #timers = new Map<number, () => void>();
  #timer = 0;
  readonly #events = new EventTarget();

  constructor(browser: Browser, options: Options, session = new Map<string, string>()) {
    this.browser = browser;
    this.name = `tab ${browser.tabs.length + 1}`;
    this.session = session;
    this.core = load(this.#globals());
    this.client = this.core.createClient(API, options) as Client;
    this.client.auth.onChange((user) => void this.told.push(user?.id ?? null));
  }

  get auth(): Client["auth"] {
    return this.client.auth;
  }

  /** Another tab with a copy of this one's `sessionStorage`. */
  duplicate(options: Options): Tab {
    return this.browser.tab(options, new Map(this.session));
  }

  /** The same tab after a reload: whatever ran is gone. */
  reload(options: Options = {}): Tab {
    this.kill();
    return this.browser.tab(options, this.session);
  }

  /** Closes the tab, at any moment. */
  kill(): void {
    this.isKilled = true;
    this.browser.locks.drop(this);
    this.browser.channels.drop(this);
  }

  /** Stops everything of the tab; the browser itself goes on. */
  freeze(): void {
    this.isFrozen = true;
  }

  /** Goes on, with everything that came meanwhile. */
  thaw(): void {
    this.isFrozen = false;
    for (const run of this.#held.splice(0)) this.later(0, run);
  }

  /** Lets something happen in this tab in `ms`, unless the tab is gone by then; a frozen one keeps it for later. */
  later(ms: number, run: () => void): () => void {
    const due = (): void => {
      if (this.isKilled) return;
      if (this.isFrozen) this.#held.push(run);
      else run();
    };
    return this.browser.world.after(ms, due);
  }

  /** Hears of a change of `localStorage` by another tab. */
  hear(key: string | null, newValue: string | null): void {
    const event = Object.assign(new Event("storage"), { key, newValue, oldValue: null });
    this.later(2, () => this.#events.dispatchEvent(event));
  }

  #globals(): object {
    const { browser } = this;
    const { world } = browser;
    const tab = this;
    const local = view(browser.local, this, () => browser.fault(this), (key, value) => {
      for (const other of browser.tabs) if (other !== this) other.hear(key, value);
    });
    const session = view(this.session, this, () => null, () => {});
    const now = (): number => world.now + browser.skew;
    class TabDate extends Date {
      constructor(...args: unknown[]) {
        super(...((args.length > 0 ? args : [now()]) as [number]));
      }
      static override now = now;
    }
    const setTimer = (run: () => void, ms = 0): number => {
      const id = (this.#timer += 1);
      const cancel = this.later(ms, () => {
        if (this.#timers.delete(id)) run();
      });
      this.#timers.set(id, cancel);
      return id;
    };
    const clearTimer = (id: number): void => {
      this.#timers.get(id)?.();
      this.#timers.delete(id);
    };
    const timeout = (ms: number): AbortSignal => {
      const controller = new AbortController();
      setTimer(() => controller.abort(new DOMException("The operation timed out.", "TimeoutError")), ms);
      return controller.signal;
    };
    const own: Record<string, unknown> = {
      sessionStorage: session,
      navigator: { locks: browser.locks.of(this), userAgent: "simulated" },
      BroadcastChannel: browser.channels.of(this),
      location: { origin: "http://localhost:3000", hostname: "localhost", protocol: "http:", href: "http://localhost:3000/" },
      console: Object.fromEntries(
        ["log", "info", "warn", "error", "debug"].map((kind) => [kind, (...text: unknown[]) => void this.lines.push(text.join(" "))]),
      ),
      Date: TabDate,
      Math: Object.create(Math, { random: { value: world.random } }) as Math,
      setTimeout: setTimer,
      clearTimeout: clearTimer,
      fetch: (address: string | URL, init?: RequestInit) => this.#fetch(String(address), init ?? {}),
      AbortSignal: Object.create(AbortSignal, {
        timeout: { value: timeout },
        any: { value: (signals: AbortSignal[]) => AbortSignal.any(signals) },
        abort: { value: (reason?: unknown) => AbortSignal.abort(reason) },
      }) as typeof AbortSignal,
      crypto: {
        getRandomValues: <T extends ArrayBufferView>(view: T): T => {
          const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
          for (let at = 0; at < bytes.length; at += 1) bytes[at] = world.below(256);
          return view;
        },
        randomUUID: () => [8, 4, 4, 4, 12].map((size) => Array.from({ length: size }, () => world.below(16).toString(16)).join("")).join("-"),
        subtle: crypto.subtle,
      },
      addEventListener: (kind: string, run: () => void) => this.#events.addEventListener(kind, run),
      removeEventListener: (kind: string, run: () => void) => this.#events.removeEventListener(kind, run),
    };
    Object.defineProperty(own, "localStorage", {
      enumerable: true,
      get: () => {
        if (browser.fault(tab) === "forbidden") throw new DOMException("Access is denied.", "SecurityError");
        return local;
      },
    });
    const all: object = new Proxy(own, { get: (_, name) => (name in own ? own[name as string] : Reflect.get(globalThis, name)) });
    for (const name of ["globalThis", "self", "window"]) own[name] = all;
    return own;
  }

  #fetch(address: string, init: RequestInit): Promise<Response> {
    const { browser } = this;
    const { world, cookie } = browser;
    const url = new URL(address);
    const method = init.method ?? "GET";
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as Record<string, unknown>) : undefined;
    const ride = { number: world.ride(), tab: this.name, method, path: url.pathname, body };
    const withCookie = init.credentials === "include";
    const signal = init.signal ?? null;
    const headers = new Headers(init.headers);
    return new Promise((resolve, reject) => {
      const fail = (ms: number): void => void this.later(ms, () => reject(new TypeError("Failed to fetch")));
      if (this.isKilled) return;
      if (signal?.aborted) return reject(signal.reason);
      if (browser.isOffline) return fail(1);
      let isAborted = false;
      signal?.addEventListener("abort", () => {
        isAborted = true;
        reject(signal.reason);
      });
      const { up = 20, down = 20, cut, instead, answered, arrived } = world.fate(ride);
      if (cut === "before") return fail(up);
      // A request that was given up reaches the server all the same: only its reply is lost.
      world.after(up, () => {
        const asked = { method, path: url.pathname, query: url.searchParams, headers, body, cookie: withCookie ? cookie : null };
        const answer = instead ?? world.server.handle(asked);
        answered?.();
        if (cut === "after") return fail(down);
        world.after(down, () => {
          if (this.isKilled || isAborted) return;
          if (browser.isOffline) return fail(0);
          if (withCookie && answer.cookie !== undefined) browser.cookie = answer.cookie;
          if (arrived) return arrived();
          const empty = answer.status === 204 || answer.body === undefined;
          const reply = new Response(empty ? null : answer.body, { status: answer.status, headers: answer.headers });
          this.later(0, () => resolve(reply));
        });
      });
    });
  }
}
