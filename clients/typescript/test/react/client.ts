// A client whose answers come when a test says so.

import type { Client, MfaStep, Page } from "../../src/index.ts";

/** A user as the tests know one. */
export interface Person {
  id: string;
  email: string;
  role: string;
}

/** A call that waits for its answer. */
export interface Call<T> {
  /** The name of the call, such as `login`, or of the collection. */
  name: string;
  values: unknown[];
  signal: AbortSignal | undefined;
  answer(value: T): void;
  fail(error: unknown): void;
}

/** Somebody with this id. */
export const person = (id: string, role = "authenticated"): Person => ({ id, email: `${id}@example.com`, role });

/** An error with a code. */
export const failure = (code: string): Error & { code: string } => Object.assign(new Error(`Failed: ${code}`), { code });

/** A page with one record for each title. */
export const page = (titles: string[], nextCursor: string | null = null): Page<{ title: string }> => ({
  items: titles.map((title) => ({ title })),
  nextCursor,
});

/** The client of a test. */
export class Scripted {
  readonly url = "https://api.example.com";
  /** Every read of records, oldest first. */
  readonly reads: Call<any>[] = [];
  /** Every call of the session, oldest first. */
  readonly calls: Call<any>[] = [];
  readonly listeners = new Set<(user: Person | null) => unknown>();
  user: Person | null = null;
  open: MfaStep | null = null;
  /** Says that the storage was read. */
  begin!: () => void;
  readonly #ready = new Promise<void>((done) => (this.begin = done));

  /** A client whose storage was read, with this user. */
  static with(user: Person | null): Scripted {
    const made = new Scripted();
    made.user = user;
    made.begin();
    return made;
  }

  /** Another user, or none. */
  become(user: Person | null): void {
    this.user = user;
    for (const listener of this.listeners) listener(user);
  }

  #call<T>(to: Call<any>[], name: string, values: unknown[], signal?: AbortSignal): Promise<T> {
    return new Promise<T>((answer, fail) => {
      to.push({ name, values, signal, answer, fail });
    });
  }

  /** The same as the hooks take it. */
  get client(): Client {
    const at = this;
    const call =
      (name: string) =>
      (...values: unknown[]) =>
        at.#call(at.calls, name, values);
    this.#client ??= {
      url: this.url,
      auth: {
        // A copy each time: the hooks must not rely on the same object.
        get user() {
          return at.user && { ...at.user };
        },
        ready: this.#ready,
        onChange(listener: (user: Person | null) => unknown) {
          at.listeners.add(listener);
          return () => at.listeners.delete(listener);
        },
        login: call("login"),
        register: call("register"),
        logout: call("logout"),
        mfa: {
          get open() {
            return at.open && { ...at.open };
          },
          verify: call("verify"),
        },
      },
      collection: (name: string) => ({
        list: (query: unknown, options: { signal?: AbortSignal }) => at.#call(at.reads, name, [query], options.signal),
        get: (id: string, selection: unknown, options: { signal?: AbortSignal }) =>
          at.#call(at.reads, name, [id, selection], options.signal),
      }),
    } as unknown as Client;
    return this.#client;
  }
  #client: Client | undefined;
}
