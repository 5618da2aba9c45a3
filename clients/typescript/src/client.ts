import { createAuth } from "./auth.ts";
import type { AuthClient } from "./auth.ts";
import { records } from "./records.ts";
import type { AnyCollections, Collection } from "./records.ts";
import type { Options } from "./request.ts";

/** A client: the session, the records of collections, and any other request. */
export interface Client<C = AnyCollections, P = {}> extends AuthClient<P> {
  /** The records of a collection. */
  collection<N extends keyof C & string>(name: N): Collection<C[N]>;
}

/** A client of the API at this address. `C` and `P` are the types that `cargo generate` writes. */
export const createClient = <C = AnyCollections, P = {}>(url: string, options?: Options): Client<C, P> => {
  const client = createAuth<P>(url, options);
  return { ...client, collection: (name) => records(client, name) };
};
