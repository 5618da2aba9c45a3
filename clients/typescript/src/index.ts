export { createAuth } from "./auth.ts";
export { createClient } from "./client.ts";
export { BakendError, isBakendError } from "./errors.ts";

export type { Auth, AuthClient, ProfileOf, Registration, UserOf } from "./auth.ts";
export type { Client } from "./client.ts";
export type { ClientCode, Code, ErrorParts, MfaStep } from "./errors.ts";
export type * from "./generated.ts";
export type {
  AnyCollection,
  AnyCollections,
  BulkItem,
  CallOptions,
  ChangeOptions,
  Collection,
  CreateOptions,
  Expanding,
  GetOptions,
  Operation,
  Page,
  Part,
  Query,
  Selection,
} from "./records.ts";
export type { Options, Reply, RequestOptions } from "./request.ts";
export type { Storage } from "./storage.ts";
