import { BakendError } from "./errors.ts";
import type { Definition, RecordCount } from "./generated.ts";
import type { Reply, RequestOptions, Sent } from "./request.ts";

/** The types of a collection, as `cargo generate` writes them; these are those of any collection. */
export interface AnyCollection {
  Record: { [field: string]: any };
  Create: object;
  Update: object;
  Where: object;
  Order: string;
  Expand: string;
  Expanded: { [field: string]: any };
}

/** Any collections, for a client without types. */
export type AnyCollections = Record<string, AnyCollection>;

/** One of the types of a collection. */
export type Part<T, K extends keyof AnyCollection> = K extends keyof T ? T[K] : never;

/** Which parts of a record a reply has. */
export interface Selection<T> {
  /** The fields; all without it. */
  fields?: readonly (keyof Part<T, "Record"> & string)[];
  /** The relations that are inlined, two levels deep. */
  expand?: readonly Part<T, "Expand">[];
}

/** Which records a list has, and in which order. */
export interface Query<T> extends Selection<T> {
  /** The conditions, all of which hold. */
  where?: Part<T, "Where">;
  /** An order that an index serves; newest first without it. */
  sort?: Part<T, "Order">;
  /** How many records a page has at most: 1 to 100, 20 by default. */
  limit?: number;
  /** The `nextCursor` of the page before. */
  cursor?: string | null;
  /** A text that a field of text contains, in any case. */
  search?: string;
}

/** Relations to inline. */
export interface Expanding<T> {
  expand: readonly Part<T, "Expand">[];
}

/** A page of a list. `nextCursor` is null at the end; a page before it may be short. */
export interface Page<R> {
  items: R[];
  nextCursor: string | null;
}

/** The options of any call. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's own reason. */
  signal?: AbortSignal;
}

/** The options of a read of one record. */
export interface GetOptions extends CallOptions {
  /** Is told the record's `ETag`, for `ifMatch`. */
  etag?: (etag: string) => void;
}

/** The options of a change. */
export interface ChangeOptions extends CallOptions {
  /** The `ETag` that the record must still have; else 412 `data/precondition-failed`. The change may be sent again. */
  ifMatch?: string;
}

/** The options of a new record. */
export interface CreateOptions extends CallOptions {
  /** Whether the record is made once, however often it is sent. It costs more than without. */
  once?: boolean;
}

/** One of the operations of a bulk write. */
export type Operation<T> =
  | { create: Part<T, "Create"> }
  | { update: Part<T, "Update"> & { id: string } }
  | { delete: { id: string } };

/** The result of an operation of a bulk write: the record, or of a deleted one the id. */
export type BulkItem<T> = Part<T, "Record"> | { id: string; deleted: true };

/** The records of a collection. Reads are sent again by themselves where the connection or the server fails. */
export interface Collection<T> {
  /** A page of records; inlined where `expand` is given. */
  list(query: Query<T> & Expanding<T>, options?: CallOptions): Promise<Page<Part<T, "Expanded">>>;
  list(query?: Query<T>, options?: CallOptions): Promise<Page<Part<T, "Record">>>;
  /** All records from page to page, to the end. A cursor that has expired throws. */
  all(query: Query<T> & Expanding<T>, options?: CallOptions): AsyncGenerator<Part<T, "Expanded">, void, undefined>;
  all(query?: Query<T>, options?: CallOptions): AsyncGenerator<Part<T, "Record">, void, undefined>;
  /** A record; `data/record-not-found` without it. */
  get(id: string, selection: Selection<T> & Expanding<T>, options?: GetOptions): Promise<Part<T, "Expanded">>;
  get(id: string, selection?: Selection<T>, options?: GetOptions): Promise<Part<T, "Record">>;
  /** Makes a record. */
  create(record: Part<T, "Create">, options?: CreateOptions): Promise<Part<T, "Record">>;
  /** Changes fields of a record: what is left out stays, null removes. */
  update(id: string, changes: Part<T, "Update">, options?: ChangeOptions): Promise<Part<T, "Record">>;
  /** Puts a record in the place of one. */
  replace(id: string, record: Part<T, "Create">, options?: ChangeOptions): Promise<Part<T, "Record">>;
  /** Deletes a record. */
  delete(id: string, options?: ChangeOptions): Promise<void>;
  /** How many records there are; at least so many where `exact` is false. */
  count(query?: Pick<Query<T>, "where" | "search">, options?: CallOptions): Promise<RecordCount>;
  /** Up to 100 operations, each on another record: all of them or none. Gives a record, or an id, for each. */
  bulk(operations: readonly Operation<T>[], options?: CallOptions): Promise<BulkItem<T>[]>;
  /**
   * Changes a record by a function of what it is. Another writer between makes it read and call again, at most 3 times
   * in all. Null leaves the record. A change whose outcome is unknown is never sent again.
   */
  edit(
    id: string,
    change: (record: Part<T, "Record">) => Part<T, "Update"> | null | Promise<Part<T, "Update"> | null>,
    options?: CallOptions,
  ): Promise<Part<T, "Record">>;
  /** The collection's definition. */
  spec(options?: CallOptions): Promise<Definition>;
}

/**
 * The tests of a condition under their names in a filter, such as `$gte` for `gte`. A name below `A` is no field, but `$and`
 * or a position.
 */
const named = (name: string, value: unknown): unknown =>
  name < "A" || Object(value) !== value
    ? value
    : Object.fromEntries(Object.entries(value!).map(([test, than]) => [test.replace(/^\$?/, "$$"), than]));

/** The functions that send the requests of a collection. */
interface Ask {
  request<R>(method: string, path: string, options?: Sent): Promise<R>;
  reply<R>(method: string, path: string, options?: Sent): Promise<Reply<R>>;
}

/** The calls of a collection. */
export const records = <T>({ request: body, reply: ask }: Ask, name: string): Collection<T> => {
  type One = Part<T, "Record">;
  const all = `/api/${name}`;
  const at = (id: string): string => `${all}/${encodeURIComponent(id)}`;
  const asked = ({ where, fields, expand, ...rest }: Query<T> = {}, options?: CallOptions): RequestOptions => ({
    ...options,
    query: {
      ...(rest as RequestOptions["query"]),
      filter: where && JSON.stringify(where, named),
      fields: fields?.join() || null,
      expand: expand?.join() || null,
    },
  });
  const change = (method: string) => (id: string, record?: unknown, { ifMatch, ...rest }: ChangeOptions = {}) =>
    body<One>(method, at(id), { ...rest, body: record, headers: ifMatch ? { "if-match": ifMatch } : {} });
  const list = (query?: Query<T>, options?: CallOptions) => body<Page<One>>("GET", all, asked(query, options));

  return {
    list,
    async *all(query?: Query<T>, options?: CallOptions) {
      const own: Sent = { ...options, by: [] };
      let cursor = query?.cursor;
      do {
        const page = await list({ ...query, cursor: cursor! }, own);
        yield* page.items;
        cursor = page.nextCursor;
      } while (cursor);
    },
    async get(id: string, selection?: Selection<T>, { etag, ...rest }: GetOptions = {}) {
      const { headers, body: record } = await ask<One>("GET", at(id), asked(selection, rest));
      const tag = headers.get("etag");
      if (tag) etag?.(tag);
      return record;
    },
    create: (record, options) => body("POST", all, { ...options, body: record }),
    update: change("PATCH"),
    replace: change("PUT"),
    delete: (id, options) => change("DELETE")(id, undefined, options),
    count: (query, options) => body("GET", `${all}/count`, asked(query, options)),
    bulk: async (operations, options) =>
      (await body<{ items: BulkItem<T>[] }>("POST", `${all}/bulk`, { ...options, body: { operations } })).items,
    async edit(id, change, options) {
      const own: Sent = { ...options, by: [] };
      for (let tries = 1; ; tries++) {
        const { headers, body: record } = await ask<One>("GET", at(id), own);
        const etag = headers.get("etag");
        if (!etag) throw new BakendError("client/bad-reply", "Unreadable reply");
        const changes = await change(record);
        if (!changes) return record;
        try {
          return await body<One>("PATCH", at(id), { ...own, body: changes, headers: { "if-match": etag }, again: false });
        } catch (error) {
          if ((error as BakendError).status !== 412 || tries > 2) throw error;
        }
      }
    },
    spec: (options) => body("GET", `${all}/spec`, options),
  } as Collection<T>;
};
