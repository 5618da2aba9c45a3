import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { afterEach, test } from "node:test";
import { onLogin, onLogout, onRecord, onRegister, run } from "../src/functions.ts";
import { changed, event, RECORD, registered, signedIn, signedOut, USER } from "./functions-events.ts";

const offs: (() => void)[] = [];
afterEach(() => offs.splice(0).forEach((off) => off()));

test("the snippet of the seed runs as it is written", async (t) => {
  const log = t.mock.method(console, "log", () => {});
  offs.push(
    onRegister("users", async ({ record, auth }) => {
      console.log(`New user registered: ${record.email}`, auth.user?.email);
    }),
    onLogin("users", async ({ auth }) => {
      console.log(`User logged in: ${auth.user?.email}`);
    }),
  );
  await run(registered());
  await run(signedIn());
  deepStrictEqual(log.mock.calls.map((call) => call.arguments), [
    ["New user registered: ada@example.com", "ada@example.com"],
    ["User logged in: undefined"],
  ]);
});

test("a registration gives the account, the user and the id of the event", async () => {
  const seen: unknown[] = [];
  offs.push(onRegister("users", ({ id, record, auth, event }) => void seen.push([id, record["name"], auth.user?.role, event.data.method])));
  await run(registered());
  deepStrictEqual(seen, [["01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b", "Ada", "editor", "password"]]);
});

test("each function runs for its own event alone", async () => {
  const seen: string[] = [];
  offs.push(
    onRegister("users", () => seen.push("register")),
    onLogin("users", ({ auth }) => seen.push(`login ${auth.user?.id === USER} ${auth.user?.role}`)),
    onLogout("users", ({ event }) => seen.push(`logout ${event.data.sessionId}`)),
    onRecord("posts", () => seen.push("record")),
  );
  for (const one of [registered(), signedIn(), signedOut(), changed("created")]) await run(one);
  deepStrictEqual(seen, ["register", "login true editor", `logout ${RECORD}`, "record"]);
});

test("a sign-in whose actor is somebody else tells no role", async () => {
  const seen: unknown[] = [];
  offs.push(onLogin("users", ({ auth }) => void seen.push(auth.user)));
  await run({ ...signedIn(), actor: null });
  await run({ ...signedIn(), actor: { type: "user", id: RECORD, role: "admin", keyId: null, impersonator: null, trigger: null } });
  deepStrictEqual(seen, [{ id: USER, role: null }, { id: USER, role: null }]);
});

test("records are chosen by collection and operation", async () => {
  const seen: string[] = [];
  const note = (name: string) => ({ operation }: { operation: string }) => void seen.push(`${name} ${operation}`);
  offs.push(
    onRecord("posts", note("all")),
    onRecord("posts", "deleted", note("deleted")),
    onRecord("posts", ["created", "updated"], note("two")),
    onRecord("posts", [], note("none")),
    onRecord("*", "updated", note("star")),
    onRecord("orders", note("orders")),
  );
  for (const operation of ["created", "updated", "deleted"]) await run(changed(operation));
  await run(changed("updated", {}, "notes"));
  deepStrictEqual(seen, [
    "all created", "two created", "all updated", "two updated", "star updated", "all deleted", "deleted deleted", "star updated",
  ]);
});

test("a change has the record before and after, typed as the caller says", async () => {
  const seen: unknown[] = [];
  offs.push(
    onRecord<{ title: string }>("posts", ({ record, previous, changed, recordId, auth }) =>
      seen.push([record?.title.length, previous?.title, changed, recordId, auth.user])),
  );
  await run(changed("updated"));
  await run(changed("deleted", { record: null }));
  await run(changed("created", { record: null, previous: null, truncated: true }, "posts", { actor: null }));
  const user = { id: USER, role: "editor" };
  deepStrictEqual(seen, [
    [3, "Old", ["title"], RECORD, user],
    [undefined, "Old", ["title"], RECORD, user],
    [undefined, undefined, ["title"], RECORD, null],
  ]);
});

test("a server, a stranger and a trigger are no user", async () => {
  const seen: unknown[] = [];
  offs.push(onRecord("posts", ({ auth }) => seen.push(auth.user)));
  for (const type of ["key", "stranger", "cli", "system"]) {
    await run(changed("created", {}, "posts", { actor: { type, id: null, role: null, keyId: RECORD, impersonator: null, trigger: null } }));
  }
  deepStrictEqual(seen, [null, null, null, null]);
});

test("one that fails stops no other, and its failure is told, also where it is undefined", async () => {
  const seen: string[] = [];
  offs.push(
    onRecord("posts", () => Promise.reject(new Error("first"))),
    onRecord("posts", () => {
      throw undefined;
    }),
    onRecord("posts", async () => void seen.push("ran")),
  );
  await rejects(run(changed("created")), (error: AggregateError) => error.errors.length === 2 && error.errors[0].message === "first");
  deepStrictEqual(seen, ["ran"]);
});

test("a function is taken out by the result of its registration", async () => {
  let count = 0;
  const off = onRecord("posts", () => (count += 1));
  await run(changed("created"));
  off();
  await run(changed("created"));
  strictEqual(count, 1);
});

test("an event that nobody wants, also of a later version, does nothing", async () => {
  offs.push(onRecord("posts", () => Promise.reject(new Error("no"))));
  for (const type of ["webhook.test", "keys.rotated", "records.created", "record2.created", "later"]) await run(event(type, {}));
});
