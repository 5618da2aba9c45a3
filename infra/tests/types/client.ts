// The calls that take the types of a collection, as a client has them.

import type { Collections } from "./bakend.ts";

type Name = keyof Collections;

interface Query<N extends Name> {
  where?: Collections[N]["Where"];
  sort?: Collections[N]["Order"];
  expand?: readonly Collections[N]["Expand"][];
}

export declare function list<N extends Name>(name: N, query?: Query<N>): Collections[N]["Record"][];
export declare function create<N extends Name>(name: N, record: Collections[N]["Create"]): Collections[N]["Record"];
export declare function update<N extends Name>(
  name: N,
  id: string,
  changes: Collections[N]["Update"],
): Collections[N]["Record"];
