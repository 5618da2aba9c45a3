'use client';
/**
 * React on top of a client: a provider, hooks for the session and for records, guards and a form to sign in.
 *
 * The first render is the same on a server and in a browser: `isLoading` is true and there is no user.
 */
import type { Client, Collection } from "./index.ts";

/**
 * The client that the hooks are typed by. An app declares its own once:
 * `declare module "bakend/react" { interface Register { client: typeof bk } }`.
 * Without it every name of a collection is taken, and the members of records are `any`.
 */
export interface Register {}

/** The registered client; without one, a client of any collections. */
export type AppClient = Register extends { client: infer C } ? C : Client;

/** The client that a provider takes: the registered one; without one, any. */
export type ProvidedClient = Register extends { client: infer C } ? C : Client<any, any>;

declare const app: AppClient;

/** The names of the collections of the registered client. */
export type CollectionName = Parameters<AppClient["collection"]>[0];

/** The types of one of them, such as `CollectionTypes<"posts">["Record"]`. */
export type CollectionTypes<N extends CollectionName> =
  ReturnType<typeof app.collection<N>> extends Collection<infer T> ? T : never;

/** The user of the registered client, with its profile. */
export type AppUser = NonNullable<AppClient["auth"]["user"]>;

export { BakendProvider, useAuth, useClient } from "./react-auth.tsx";
export type { Authentication, Failure, OpenStep } from "./react-auth.tsx";
export { ProtectedRoute, RequireRole } from "./react-guards.tsx";
export type { GuardProps } from "./react-guards.tsx";
export { recordsOptions, useRecord, useRecords } from "./react-records.tsx";
export type { ExpandingQuery, ListQuery, RecordReading, RecordsOptions, RecordsReading } from "./react-records.tsx";
export { LoginForm } from "./react-form.tsx";
export type { LoginFormProps } from "./react-form.tsx";
