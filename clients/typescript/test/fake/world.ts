// A world with a virtual clock: nothing happens but the events that are due, in their order, from one seed.

import type { Answer, Settings } from "./server.ts";
import { Server } from "./server.ts";

/** A request on its way from a tab. */
export interface Ride {
  /** The number of the request in this world, from 1. */
  number: number;
  /** The name of the tab. */
  tab: string;
  method: string;
  path: string;
  body: Record<string, unknown> | undefined;
}

/** The fate of a request; times in milliseconds. */
export interface Fate {
  /** From the tab to the server; 20 where it is left out. */
  up?: number;
  /** From the server to the tab; 20 where it is left out. */
  down?: number;
  /** Cut before it reaches the server, or after the server has answered. */
  cut?: "before" | "after";
  /** An answer in place of the server's: the request never reaches it. */
  instead?: Answer;
  /** Called when the server has answered, before the reply leaves. */
  answered?: () => void;
  /** Called in place of the reply's arrival at the tab; the browser has the cookie by then. */
  arrived?: () => void;
}

interface Due {
  at: number;
  order: number;
  run: () => void;
}

/** Lets everything run that waits for no event. */
const drain = (): Promise<void> => new Promise((done) => setImmediate(done));

/** The clock, the events, the network and the server. */
export class World {
  now = Date.UTC(2026, 0, 5, 9);
  readonly seed: number;
  readonly server: Server;
  /** Decides about each request. */
  fate: (ride: Ride) => Fate = () => ({});
  #rides = 0;
  #order = 0;
  #queue: Due[] = [];
  #state: number;

  constructor(seed = 1, settings: Partial<Settings> = {}) {
    this.seed = seed;
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0;
    this.server = new Server(() => this.now, settings);
  }

  /** A number from 0 up to 1 (mulberry32). */
  random = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.random() * end);
  }

  /** One of these. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** Whether something of this probability happens. */
  happens(probability: number): boolean {
    return this.random() < probability;
  }

  /** The number of the next request. */
  ride(): number {
    this.#rides += 1;
    return this.#rides;
  }

  /** Lets something happen in `ms`; the result takes it back. */
  after(ms: number, run: () => void): () => void {
    const due: Due = { at: this.now + Math.max(0, ms), order: this.#order, run };
    this.#order += 1;
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#queue[middle]!.at <= due.at) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, due);
    return () => {
      const at = this.#queue.indexOf(due);
      if (at >= 0) this.#queue.splice(at, 1);
    };
  }

  /** Runs the events of the next `ms`, and leaves the clock there. */
  async sleep(ms: number): Promise<void> {
    const until = this.now + ms;
    await drain();
    while (this.#queue[0] && this.#queue[0].at <= until) await this.#step();
    this.now = until;
  }

  /** Runs events until the work is done. Work that waits for nothing that could happen is an error. */
  async run<T>(work: Promise<T>, limit = 3_600_000): Promise<T> {
    const until = this.now + limit;
    let isDone = false;
    const done = (): void => void (isDone = true);
    work.then(done, done);
    for (let idle = 0; idle < 4; ) {
      await drain();
      if (isDone) return work;
      if (!this.#queue[0]) idle += 1;
      else if (this.#queue[0].at > until) throw new Error(`not done within ${limit} ms (seed ${this.seed})`);
      else {
        idle = 0;
        await this.#step();
      }
    }
    throw new Error(`it waits for nothing that could happen (seed ${this.seed})`);
  }

  /** The outcome of each of these, after all of them are done. */
  async outcomes<T>(works: readonly Promise<T>[], limit?: number): Promise<PromiseSettledResult<T>[]> {
    return this.run(Promise.allSettled(works), limit);
  }

  async #step(): Promise<void> {
    const due = this.#queue.shift()!;
    this.now = Math.max(this.now, due.at);
    due.run();
    await drain();
  }
}

/** Runs a test once for each seed, and names the seed of a failure. */
export async function seeds(count: number, test: (seed: number) => Promise<void>, first = 1): Promise<void> {
  const only = Number(process.env["BAKEND_SEED"] ?? 0);
  for (const seed of only ? [only] : Array.from({ length: count }, (_, at) => first + at)) {
    try {
      await test(seed);
    } catch (error) {
      throw new Error(`seed ${seed} (BAKEND_SEED=${seed}): ${(error as Error).message}`, { cause: error });
    }
  }
}

/** A page of somebody else in place of the API's reply: a network's sign-in page. */
export const portal = (body = "<html>Sign in to the network</html>", type = "text/html"): Answer => ({
  status: 200,
  headers: { "content-type": type },
  body,
});
