/** Code that runs after an event: on AWS Lambda, or on any server as a webhook. */

import type { BakendEvent, BakendEventOf, UserForAdmins } from "./generated.ts";
import { bytesOf, verify, WebhookError } from "./webhook.ts";
import type { WebhookOptions, WebhookSecret } from "./webhook.ts";

export { WebhookError } from "./webhook.ts";
export type { WebhookOptions, WebhookSecret } from "./webhook.ts";

/** The user behind an event. */
export interface EventUser {
  id: string;
  /** The role; null where the event does not tell. */
  role: string | null;
  /** The address. A registration alone tells it. */
  email?: string | null;
}

/** The part that all functions get. */
export interface Context<T extends BakendEvent["type"]> {
  /** The id of the event. A repeated delivery has the same: keep it, and do nothing twice. */
  id: string;
  /** The event. */
  event: BakendEventOf<T>;
  /** The user behind it; null for a server, a stranger and Bakend itself. */
  auth: { user: EventUser | null };
}

/** A registration; `record` is the account, as admins see it. */
export interface Registered extends Context<"auth.register"> {
  record: UserForAdmins;
}

/** An operation on records. */
export type Operation = "created" | "updated" | "deleted";

/** A change of a record. An event over 200 KiB comes without `previous`, then without `record`. */
export interface Changed<R> extends Context<"record.created" | "record.updated" | "record.deleted"> {
  operation: Operation;
  /** The id of the record, also where the event came without it. */
  recordId: string;
  /** The record after the change; null after a deletion. */
  record: R | null;
  /** The record before the change; null at a creation. */
  previous: R | null;
  /** The names of the fields that have other values. */
  changed: string[];
}

/** A function of yours. An exception, or a promise that is rejected, has the event delivered again. */
export type Run<C> = (context: C) => unknown;

interface Entry {
  wants(event: BakendEvent): boolean;
  run: Run<never>;
}

const entries = new Set<Entry>();

/** Registers a function; the result takes it out again. */
function add(wants: Entry["wants"], run: Run<never>): () => void {
  const entry = { wants, run };
  entries.add(entry);
  return () => void entries.delete(entry);
}

/** The registration of functions for an event of users. */
const on =
  <C>(wanted: BakendEvent["type"]) =>
  (_users: "users", run: Run<C>): (() => void) =>
    add(({ type }) => type === wanted, run);

/** Runs after a registration. The result takes the function out again. */
export const onRegister = /* @__PURE__ */ on<Registered>("auth.register");

/** Runs after a sign-in, but not after a registration, which signs in as well. */
export const onLogin = /* @__PURE__ */ on<Context<"auth.login">>("auth.login");

/** Runs after a sign-out. A session that ends otherwise makes no such event. */
export const onLogout = /* @__PURE__ */ on<Context<"auth.logout">>("auth.logout");

/** Runs after each change of a record of the collection; `"*"` stands for every collection. */
export function onRecord<R = Record<string, unknown>>(collection: string, run: Run<Changed<R>>): () => void;
/** Runs after these operations on a record of the collection; `"*"` stands for every collection. */
export function onRecord<R = Record<string, unknown>>(
  collection: string,
  operations: Operation | readonly Operation[],
  run: Run<Changed<R>>,
): () => void;
export function onRecord(collection: string, ...rest: unknown[]): () => void {
  const run = rest.pop() as Run<never>;
  const operations = rest.flat();
  const wants = ({ type, subject }: BakendEvent): boolean => {
    const [family, operation] = type.split(".");
    const isOfIt = family === "record" && ["*", subject.collection].includes(collection);
    return isOfIt && (!rest.length || operations.includes(operation));
  };
  return add(wants, run);
}

/** The user behind an event: the one of `auth.*` events, else the actor. */
function userOf({ type, actor, subject, data }: BakendEvent): EventUser | null {
  if (type === "auth.register") return data.user;
  const known = actor?.type === "user" ? actor : null;
  const id = type.startsWith("auth.") ? subject.id : known?.id;
  return id ? { id, role: known?.id === id ? known.role : null } : null;
}

/** All that a function of any kind gets; its type has the members that are there for its event. */
function contextOf(event: BakendEvent): object {
  const { id, type, subject, data } = event as BakendEventOf<"record.updated">;
  const { user, record = user ?? null, previous = null, changed } = data as typeof data & { user?: never };
  const [, operation] = type.split(".");
  return { id, event, auth: { user: userOf(event) }, record, previous, changed, operation, recordId: subject.id };
}

/**
 * Runs the functions that want an event, in the order of their registration. One that fails stops no other.
 *
 * Throws an `AggregateError` of their failures.
 */
export async function run(event: BakendEvent): Promise<void> {
  const failures: unknown[] = [];
  for (const entry of [...entries]) {
    try {
      if (entry.wants(event)) await entry.run(contextOf(event) as never);
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length) throw new AggregateError(failures, `Failed: ${event.id}`);
}

/** Where the secrets come from: themselves, or a function that fetches them. The environment by default. */
export type SecretSource = WebhookSecret | (() => WebhookSecret | Promise<WebhookSecret>);

/** The secrets of the variable `BAKEND_WEBHOOK_SECRET`, with a blank or a comma between two. */
const environment = (): WebhookSecret => {
  const { process } = globalThis as { process?: { env: Record<string, string | undefined> } };
  return process?.env["BAKEND_WEBHOOK_SECRET"]?.match(/[^\s,]+/g) ?? "";
};

/**
 * A webhook for any server that speaks `Request` and `Response`. It verifies each delivery and runs the functions.
 *
 * The status is 204, also for an event that no function wants. A delivery that is not genuine is 401, and another method
 * than `POST` 405. After a failure, which the log has, it is 500. Bakend delivers again after each but 204.
 */
export function webhook(
  secret: SecretSource = environment,
  options?: WebhookOptions,
): (request: Request) => Promise<Response> {
  const statusOf = async (request: Request): Promise<number> => {
    if (request.method !== "POST") return 405;
    try {
      await run(await verify(typeof secret === "function" ? await secret() : secret, request, options));
      return 204;
    } catch (failure) {
      if (failure instanceof WebhookError) return 401;
      console.error("bakend", request.headers.get("webhook-id"), failure);
      return 500;
    }
  };
  return async (request) => new Response(null, { status: await statusOf(request) });
}

/** An event as AWS Lambda gets it: of EventBridge, or of a Function URL or an HTTP API. */
export interface LambdaEvent {
  detail?: unknown;
  requestContext?: { http?: { method?: string } };
  headers?: Record<string, string>;
  body?: string | null;
  isBase64Encoded?: boolean;
}

/**
 * A handler for AWS Lambda. A request of a Function URL is verified and answered as `webhook` does.
 *
 * An event of EventBridge is trusted, since AWS alone may invoke the function. It throws after a failure, and Lambda then
 * runs it again.
 */
export function createHandler(
  secret?: SecretSource,
  options?: WebhookOptions,
): (event: LambdaEvent) => Promise<{ statusCode: number } | void> {
  const receive = webhook(secret, options);
  return async ({ requestContext, headers = {}, body, isBase64Encoded, ...event }) => {
    // The sender of a request decides about its headers and body alone, never about this member.
    if (!requestContext) return run((event.detail ?? event) as BakendEvent);
    const method = requestContext.http?.method ?? "POST";
    if (method !== "POST") return { statusCode: 405 };
    const bytes = isBase64Encoded ? bytesOf(`${body}`) : body;
    const { status } = await receive(new Request("https://lambda", { method, headers, body: bytes! }));
    return { statusCode: status };
  };
}

/** The handler with the secrets of the variable `BAKEND_WEBHOOK_SECRET`. */
export const handler = /* @__PURE__ */ createHandler();
