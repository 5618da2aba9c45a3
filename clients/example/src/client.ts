// The one client of the app. Its types are those that `cargo generate` has made of collections/ and bakend.json.

import { createClient } from "bakend";
import { withIdentity } from "bakend/identity";

import type { Collections, Profile } from "./bakend.ts";

/** The address of the API, which build.mjs puts in. */
declare const API: string;

/** The client, with the calls for second factors. It keeps its session in localStorage, which all tabs share. */
export const bk = withIdentity(createClient<Collections, Profile>(API));

// The hooks know these collections and this profile from here.
declare module "bakend/react" {
  interface Register {
    client: typeof bk;
  }
}
