'use client';
import { useMemo, useSyncExternalStore } from "react";
import type { Client, Expanding, Page, Part, Query, Selection } from "./index.ts";
import { useClient, useSession } from "./react-auth.tsx";
import type { Failure, Loose } from "./react-auth.tsx";
import type { AppClient, CollectionName, CollectionTypes } from "./react.tsx";

/** The query of a list, as `list` of a collection takes it. The hooks keep the cursor. */
export type ListQuery<T> = Omit<Query<T>, "cursor">;

/** The same with relations to inline. */
export type ExpandingQuery<T> = ListQuery<T> & Expanding<T>;

interface State<R> {
  items: R[];
  /** The cursor of the next page; null at the end, undefined before the first page. */
  cursor: string | null | undefined;
  busy: boolean;
  error: Failure | null;
}

/** The pages of one query of one user. It reads while a component listens. */
function makePages<R>(load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<R>>) {
  let state: State<R> = { items: [], cursor: undefined, busy: false, error: null };
  let tell: (() => void) | undefined;
  let abort: AbortController | undefined;
  let running: Promise<void> | undefined;

  const set = (change: Partial<State<R>>): void => {
    state = { ...state, ...change };
    tell?.();
  };
  const stop = (): void => {
    abort?.abort();
    running = undefined;
  };
  const go = async (cursor?: string): Promise<void> => {
    if (!tell) return;
    stop();
    abort = new AbortController();
    const { signal } = abort;
    set({ busy: true });
    const end = (change: Partial<State<R>>): void => {
      // An answer that a newer request has overtaken, or that nobody waits for, changes nothing.
      if (signal.aborted) return;
      running = undefined;
      set({ ...change, busy: false });
    };
    await (running = load(cursor, signal).then(
      (page) => end({ items: cursor ? [...state.items, ...page.items] : page.items, cursor: page.nextCursor, error: null }),
      (error) => end({ error }),
    ));
  };
  return {
    get: () => state,
    subscribe(listener: () => void) {
      tell = listener;
      // StrictMode listens twice at once, and a request waits until the second time.
      queueMicrotask(() => {
        if (!running && state.cursor === undefined) go();
      });
      return () => {
        tell = undefined;
        stop();
        state = { ...state, busy: false };
      };
    },
    refetch: () => go(),
    loadMore: async () => running ?? (state.cursor ? go(state.cursor) : undefined),
  };
}

/** The same text for the same content, whatever the order of the members. A list is written by its indexes. */
const stable = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    part instanceof Object
      ? Object.fromEntries(
          Object.keys(part)
            .sort()
            .map((name) => [name, part[name]]),
        )
      : part,
  );

const never = () => () => {};

function usePages<R>(
  enabled: boolean,
  about: unknown,
  load: (client: Loose, cursor: string | undefined, signal: AbortSignal) => Promise<Page<R>>,
) {
  const client: Loose = useClient();
  const { user, isLoading } = useSession();
  // Records of one user are never those of another, nor are those that a role sees.
  const key = stable([about, user?.id, user?.role]);
  const pages = useMemo(() => makePages<R>((cursor, signal) => load(client, cursor, signal)), [client, key]);
  const state = useSyncExternalStore(enabled && !isLoading ? pages.subscribe : never, pages.get, pages.get);
  const first = enabled && state.cursor === undefined && (state.busy || !state.error);
  return {
    items: state.items,
    isLoading: first,
    isFetching: first || state.busy,
    error: state.error,
    hasMore: !!state.cursor,
    loadMore: pages.loadMore,
    refetch: pages.refetch,
  };
}

/** The result of `useRecords`. */
export interface RecordsReading<R> {
  /** The records of all pages that were read. */
  items: R[];
  /** True until the first page is there, or has failed. Further pages leave it false, and so does a `refetch` of pages. */
  isLoading: boolean;
  /** True while any request is under way. */
  isFetching: boolean;
  /** The failure of the last request; null after one that succeeded. */
  error: Failure | null;
  /** Whether there is another page. A page may be short, or empty, and not be the last one. */
  hasMore: boolean;
  /** Reads the next page. It never throws, and waits for the request that is under way instead of making a second one. */
  loadMore(): Promise<void>;
  /** Reads the first page anew, and keeps the records until it is there. It never throws. */
  refetch(): Promise<void>;
}

/** The result of `useRecord`. */
export interface RecordReading<R> extends Omit<RecordsReading<R>, "items" | "hasMore" | "loadMore"> {
  /** The record; null until it is there. */
  record: R | null;
}

/**
 * Reads a list, page by page. An equal query reads nothing anew; another query or another user does, from the first page,
 * and cancels the request that is under way. Records have their relations inlined where `expand` is given.
 * @param options `enabled: false` reads nothing.
 */
export function useRecords<N extends CollectionName>(
  name: N,
  query: ExpandingQuery<CollectionTypes<N>>,
  options?: { enabled?: boolean },
): RecordsReading<Part<CollectionTypes<N>, "Expanded">>;
export function useRecords<N extends CollectionName>(
  name: N,
  query?: ListQuery<CollectionTypes<N>>,
  options?: { enabled?: boolean },
): RecordsReading<Part<CollectionTypes<N>, "Record">>;
export function useRecords(name: string, query?: object, { enabled = true } = {}): RecordsReading<any> {
  return usePages(enabled, [name, query], (client, cursor, signal) => read(client, name, query, cursor, signal));
}

/**
 * Reads one record. It has its relations inlined where `expand` is given.
 * @param id Its id; nothing is read without one.
 * @param options `expand` inlines relations, `fields` leaves out all others, `enabled: false` reads nothing.
 */
export function useRecord<N extends CollectionName>(
  name: N,
  id: string | null | undefined,
  options: Selection<CollectionTypes<N>> & Expanding<CollectionTypes<N>> & { enabled?: boolean },
): RecordReading<Part<CollectionTypes<N>, "Expanded">>;
export function useRecord<N extends CollectionName>(
  name: N,
  id: string | null | undefined,
  options?: Selection<CollectionTypes<N>> & { enabled?: boolean },
): RecordReading<Part<CollectionTypes<N>, "Record">>;
export function useRecord(
  name: string,
  id: string | null | undefined,
  { enabled = true, ...selection }: { enabled?: boolean } = {},
): RecordReading<any> {
  const { items, hasMore, loadMore, ...reading } = usePages<unknown>(
    enabled && !!id,
    [name, id, selection],
    async (client, _, signal) => ({
      items: [await client.collection(name).get(id as string, selection, { signal })],
      nextCursor: null,
    }),
  );
  return { ...reading, record: items[0] ?? null };
}

function read(
  client: Loose,
  name: string,
  query: object | undefined,
  cursor: string | null | undefined,
  signal?: AbortSignal,
): Promise<Page<any>> {
  return client.collection(name).list({ ...query, ...(cursor && { cursor }) }, { signal });
}

/** The options of `useInfiniteQuery` for the pages of a list. */
export interface RecordsOptions<R> {
  queryKey: readonly unknown[];
  queryFn(context: { pageParam: string | null; signal?: AbortSignal }): Promise<Page<R>>;
  initialPageParam: string | null;
  getNextPageParam(page: Page<R>): string | null;
}

/**
 * The options of TanStack Query's `useInfiniteQuery` for a list. The key holds the address of the API and the id of the
 * user, so that no user sees the records of another. A component that calls `useAuth` notices the change.
 */
export function recordsOptions<C, N extends keyof C & string>(
  client: Client<C, any>,
  name: N,
  query: ExpandingQuery<C[N]>,
): RecordsOptions<Part<C[N], "Expanded">>;
export function recordsOptions<C, N extends keyof C & string>(
  client: Client<C, any>,
  name: N,
  query?: ListQuery<C[N]>,
): RecordsOptions<Part<C[N], "Record">>;
// A client with further calls tells the compiler nothing of its collections, so these two take the registered ones.
export function recordsOptions<N extends CollectionName>(
  client: AppClient,
  name: N,
  query: ExpandingQuery<CollectionTypes<N>>,
): RecordsOptions<Part<CollectionTypes<N>, "Expanded">>;
export function recordsOptions<N extends CollectionName>(
  client: AppClient,
  name: N,
  query?: ListQuery<CollectionTypes<N>>,
): RecordsOptions<Part<CollectionTypes<N>, "Record">>;
export function recordsOptions(client: Loose, name: string, query?: object): RecordsOptions<any> {
  return {
    queryKey: ["bakend", client.url, client.auth.user?.id, name, query],
    queryFn: ({ pageParam, signal }) => read(client, name, query, pageParam, signal),
    initialPageParam: null,
    getNextPageParam: (page) => page.nextCursor,
  };
}
