// Events as Bakend makes them.

import type { BakendEvent } from "../src/index.ts";

export const USER = "0197a3b0-0000-7000-8000-000000000001";
export const RECORD = "0197a3b0-0000-7000-8000-000000000002";

const account = {
  id: USER, email: "ada@example.com", role: "editor", createdAt: "2026-11-28T11:05:00.123Z", emailVerifiedAt: null,
  mfa: false, disabled: false, mailFailed: null, name: "Ada",
};
const actor = { type: "user", id: USER, role: "editor", keyId: null, impersonator: null, trigger: null };

/** An event of a type, with the parts that differ. */
export function event(type: string, data: object, more: object = {}): BakendEvent {
  const id = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b";
  const subject = { collection: "users", id: USER, owner: null };
  const request = { id: "6f1f4b5c-2f6b-4e3b-9f5e-7d0c8f9b1a2e", ip: null, userAgent: null };
  return { id, type, at: "2026-11-28T11:05:00.123Z", stack: "bakend", version: 1, actor, subject, request, data, ...more } as never;
}

export const registered = (): BakendEvent => event("auth.register", { user: account, sessionId: null, method: "password" });
export const signedIn = (): BakendEvent => event("auth.login", { userId: USER, sessionId: RECORD, method: "password" });
export const signedOut = (): BakendEvent => event("auth.logout", { userId: USER, sessionId: RECORD });

/** A change of a record. */
export function changed(operation: string, data: object = {}, collection = "posts", more: object = {}): BakendEvent {
  const whole = { rev: "b", previousRev: "a", changed: ["title"], record: { title: "New" }, previous: { title: "Old" }, ...data };
  return event(`record.${operation}`, whole, { subject: { collection, id: RECORD, owner: USER }, ...more });
}
