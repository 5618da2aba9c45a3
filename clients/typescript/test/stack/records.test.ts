// The records of a collection against a running API.

import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert";
import { describe, test } from "node:test";
import { client, elsewhere, failure, lost, noting, person, refusal, settled, skip } from "./stack.ts";

/** Seven tasks of one person: those with an odd number are done, and each is due on the day of its number. */
async function seven() {
  const all = await person();
  const { tasks } = all;
  for (let number = 1; number <= 7; number += 1) {
    const state = number % 2 ? "done" : "open";
    await tasks.create({ title: `Task ${number}`, notes: number > 5 ? "late" : null, state, due: `2026-12-0${number}` });
  }
  await settled(() => tasks.count(), ({ count }) => count === 7);
  await settled(() => tasks.list({ sort: "title" }), ({ items }) => items.length === 7);
  return all;
}

const titles = (items: readonly { title: string }[]): string => items.map(({ title }) => title.slice(5)).join("");

describe("records", { skip }, () => {
  test("a record is made with its defaults, and read", async () => {
    const { tasks, user } = await person();
    const made = await tasks.create({ title: "Buy milk", due: "2026-12-24" });
    const { id, createdAt, updatedAt, ...rest } = made;
    deepStrictEqual([id.length, createdAt], [36, updatedAt]);
    deepStrictEqual(rest, { createdBy: user.id, title: "Buy milk", state: "open", due: made.due });
    strictEqual(Date.parse(made.due!), Date.UTC(2026, 11, 24));
    deepStrictEqual(await tasks.get(id), made);
    deepStrictEqual(await tasks.get(id, { fields: ["title"] }), { id, title: "Buy milk" });
    deepStrictEqual((await tasks.list({ fields: ["state", "title"] })).items, [{ id, state: "open", title: "Buy milk" }]);
  });

  test("with `once` a lost reply makes no second record, and two calls make two", async () => {
    let cuts = 0;
    const net = noting(({ method, path }) => method === "POST" && path === "/api/tasks" && cuts++ === 0 && lost());
    const { tasks } = await person({ fetch: net.fetch });
    const first = await tasks.create({ title: "The same" }, { once: true });
    strictEqual(cuts, 2);
    const second = await tasks.create({ title: "The same" }, { once: true });
    notStrictEqual(second.id, first.id);
    strictEqual((await settled(() => tasks.count(), ({ count }) => count === 2)).count, 2);
  });

  test("a list has conditions, orders and pages", async () => {
    const { tasks } = await seven();
    strictEqual(titles((await tasks.list()).items), "7654321");
    strictEqual(titles((await tasks.list({ sort: "createdAt" })).items), "1234567");
    strictEqual(titles((await tasks.list({ where: { state: "open" }, sort: "-title" })).items), "642");
    strictEqual(titles((await tasks.list({ where: { due: { gte: "2026-12-03", lt: "2026-12-05" } }, sort: "due" })).items), "34");
    strictEqual(titles((await tasks.list({ where: { title: { in: ["Task 1", "Task 6"] } } })).items), "61");
    strictEqual(titles((await tasks.list({ where: { $or: [{ title: { contains: "2" } }, { notes: "late" }] } })).items), "762");
    strictEqual(titles((await tasks.list({ where: { $not: { state: "done" }, notes: null } })).items), "42");
    strictEqual(titles((await tasks.list({ where: { title: { startsWith: "Task" }, notes: { exists: true } } })).items), "76");
    strictEqual(titles((await tasks.list({ search: "LATE" })).items), "76");
    const page = await tasks.list({ sort: "title", limit: 3 });
    strictEqual(titles(page.items), "123");
    ok(page.nextCursor);
    const next = await tasks.list({ sort: "title", limit: 3, cursor: page.nextCursor });
    strictEqual(titles(next.items), "456");
    strictEqual(await refusal(tasks.list({ sort: "-title", cursor: page.nextCursor })), "400 data/invalid-cursor");
  });

  test("an order without an index and an unknown field are refused by name", async () => {
    const { tasks } = await person();
    const order = await failure(tasks.list({ sort: "notes" as "title" }));
    deepStrictEqual([order.status, order.details?.map(({ field }) => field)], [400, ["sort"]]);
    const field = await failure(tasks.create({ title: "", color: "red" } as { title: string }));
    deepStrictEqual([field.code, field.details?.map((it) => it.field).sort()], ["common/validation-failed", ["color", "title"]]);
    const state = await failure(tasks.create({ title: "T", state: "none" as "open" }));
    deepStrictEqual(state.details?.map((it) => it.field), ["state"]);
    ok(state.requestId);
  });

  test("all records come once and in order, across pages", async () => {
    const { tasks } = await seven();
    for (const limit of [1, 2, 3, 7, 100]) {
      const found: string[] = [];
      for await (const { title } of tasks.all({ sort: "title", limit })) found.push(title.slice(5));
      strictEqual(found.join(""), "1234567");
    }
    const done: { title: string }[] = [];
    for await (const task of tasks.all({ where: { state: "done" }, sort: "title", limit: 2 })) done.push(task);
    strictEqual(titles(done), "1357");
    for await (const { title } of tasks.all({ sort: "-title", limit: 2 })) {
      strictEqual(title, "Task 7");
      break;
    }
  });

  test("records are counted", async () => {
    const { tasks } = await seven();
    deepStrictEqual(await tasks.count(), { count: 7, exact: true });
    deepStrictEqual(await tasks.count({ where: { state: "done" } }), { count: 4, exact: true });
    deepStrictEqual(await tasks.count({ search: "late" }), { count: 2, exact: true });
  });

  test("an update leaves what is left out, null removes, and `replace` puts a whole record", async () => {
    const { tasks } = await person();
    const { id } = await tasks.create({ title: "One", notes: "long", due: "2026-12-01" });
    const updated = await tasks.update(id, { title: "Two", due: null });
    deepStrictEqual([updated.title, updated.notes, "due" in updated], ["Two", "long", false]);
    const replaced = await tasks.replace(id, { title: "Three", state: "done" });
    deepStrictEqual([replaced.title, replaced.state, "notes" in replaced], ["Three", "done", false]);
    deepStrictEqual(await tasks.get(id), replaced);
  });

  test("an edit beside another writer reads anew, and neither change is lost", async () => {
    const { tasks, email } = await person();
    const other = await elsewhere(email);
    const { id } = await tasks.create({ title: "One" });
    const read: string[] = [];
    const edited = await tasks.edit(id, async ({ title }) => {
      read.push(title);
      if (read.length === 1) await other.tasks.update(id, { title: "Two", notes: "by the other" });
      return { title: `${title}!` };
    });
    deepStrictEqual(read, ["One", "Two"]);
    deepStrictEqual([edited.title, edited.notes], ["Two!", "by the other"]);
    deepStrictEqual(await tasks.edit(id, () => null), await tasks.get(id));
    let calls = 0;
    const lastly = tasks.edit(id, async () => {
      await other.tasks.update(id, { notes: `again ${(calls += 1)}` });
      return { title: "never" };
    });
    strictEqual(await refusal(lastly), "412 data/precondition-failed");
    deepStrictEqual([calls, (await tasks.get(id)).title], [3, "Two!"]);
  });

  test("two clients that edit at once lose nothing", async () => {
    const { tasks, email } = await person();
    const other = await elsewhere(email);
    const { id } = await tasks.create({ title: "T", notes: "" });
    const add = (to: typeof tasks, letter: string) => to.edit(id, ({ notes }) => ({ notes: `${notes ?? ""}${letter}` }));
    await Promise.all([add(tasks, "a"), add(other.tasks, "b"), add(tasks, "c")]);
    deepStrictEqual([...(await tasks.get(id)).notes!].sort(), ["a", "b", "c"]);
  });

  test("a write on condition of an ETag that is over changes nothing", async () => {
    const { tasks } = await person();
    const { id } = await tasks.create({ title: "One" });
    let ifMatch = "";
    await tasks.get(id, {}, { etag: (etag) => (ifMatch = etag) });
    ok(ifMatch);
    await tasks.update(id, { title: "Two" }, { ifMatch });
    const over = "412 data/precondition-failed";
    strictEqual(await refusal(tasks.update(id, { title: "Three" }, { ifMatch })), over);
    strictEqual(await refusal(tasks.replace(id, { title: "Three" }, { ifMatch })), over);
    strictEqual(await refusal(tasks.delete(id, { ifMatch })), over);
    strictEqual((await tasks.get(id, {}, { etag: (etag) => (ifMatch = etag) })).title, "Two");
    await tasks.replace(id, { title: "Three" }, { ifMatch });
    await tasks.get(id, {}, { etag: (etag) => (ifMatch = etag) });
    strictEqual(await tasks.delete(id, { ifMatch }), undefined);
    strictEqual(await refusal(tasks.get(id)), "404 data/record-not-found");
  });

  test("a bulk write does all or nothing", async () => {
    const { tasks } = await person();
    const [one, two] = await Promise.all([tasks.create({ title: "One" }), tasks.create({ title: "Two" })]);
    const items = await tasks.bulk([
      { create: { title: "New" } },
      { update: { id: one.id, state: "done" } },
      { delete: { id: two.id } },
    ]);
    const [made, changed, gone] = items;
    deepStrictEqual([(made as typeof one).title, (changed as typeof one).state], ["New", "done"]);
    deepStrictEqual(gone, { id: two.id, deleted: true });
    const error = await failure(tasks.bulk([{ create: { title: "Never" } }, { delete: { id: two.id } }]));
    ok(error.status >= 400 && error.status < 500 && JSON.stringify([error.message, error.details]).includes("operations[1]"));
    const left = await settled(() => tasks.list(), ({ items: found }) => found.length === 2);
    deepStrictEqual(left.items.map(({ title }) => title).sort(), ["New", "One"]);
  });

  test("the definition is the collection's file", async () => {
    const { tasks } = await person();
    const { name, fields, permissions } = await tasks.spec();
    deepStrictEqual([name, fields.map((field) => field.name)], ["tasks", ["title", "notes", "state", "due"]]);
    strictEqual(permissions?.read, "owner");
  });

  test("nobody sees the records of another", async () => {
    const { tasks } = await person();
    const { id } = await tasks.create({ title: "Mine" });
    const other = await person();
    deepStrictEqual((await other.tasks.list()).items, []);
    strictEqual(await refusal(other.tasks.get(id)), "404 data/record-not-found");
    strictEqual(await refusal(other.tasks.update(id, { title: "Yours" })), "404 data/record-not-found");
    strictEqual(await refusal(other.tasks.delete(id)), "404 data/record-not-found");
    const stranger = client().collection("tasks");
    strictEqual(await refusal(stranger.create({ title: "Nobody's" })), "401 auth/authentication-required");
    strictEqual(await tasks.delete(id), undefined);
    strictEqual(await refusal(tasks.delete(id)), "404 data/record-not-found");
  });
});
