// The calls of a collection: what they send, and what they give.

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { test } from "node:test";
import type { BakendError } from "../src/index.ts";
import { createClient } from "../src/index.ts";
import { API, failure, giving } from "./core-fetch.ts";
import type { Give, Given } from "./core-fetch.ts";

/** The types of a collection, as `cargo generate` writes them. */
interface Collections {
  posts: {
    Record: { id: string; title: string; likes: number; author?: string };
    Create: { title: string; likes?: number };
    Update: { title?: string; likes?: number };
    Where: { title?: string | { contains?: string }; price?: { lte?: number }; $or?: readonly Collections["posts"]["Where"][] };
    Order: "-createdAt" | "price";
    Expand: "author" | "author.team";
    Expanded: { id: string; title: string; likes: number; author?: string | { id: string; name: string } };
  };
}

const A = { id: "a", title: "A", likes: 1 };

function posts(give: Give | Given[]) {
  const { options, got } = giving(give);
  return { posts: createClient<Collections>(API, options).collection("posts"), got };
}

test("a list sends its query as parameters, and values as JSON", async () => {
  const { posts: all, got } = posts([{ body: { items: [A], nextCursor: "c" } }]);
  const where = { title: { contains: 'a"&b', ne: null }, likes: null, $or: [{ price: { lte: 20 } }] };
  const page = await all.list({ where, sort: "price", limit: 5, cursor: "x", search: "lamp", fields: ["title", "likes"] });
  deepStrictEqual(page, { items: [A], nextCursor: "c" });
  deepStrictEqual([got[0]!.method, got[0]!.path], ["GET", "/api/posts"]);
  const { filter, ...rest } = got[0]!.query;
  const named = { title: { $contains: 'a"&b', $ne: null }, likes: null, $or: [{ price: { $lte: 20 } }] };
  deepStrictEqual(JSON.parse(filter!), named);
  deepStrictEqual(rest, { sort: "price", limit: "5", cursor: "x", search: "lamp", fields: "title,likes" });
});

test("the tests of a condition have a dollar sign in the filter, and names of fields and values never", async () => {
  const { options, got } = giving([{ body: { items: [], nextCursor: null } }]);
  const any = createClient(API, options).collection("anything");
  const one = { in: ["lte", null, 5] };
  const born = { gt: new Date(Date.UTC(2026, 0, 5)) };
  const joined = { $not: { a: { $eq: 1 } }, $and: [{ b: false }, { c: one }] };
  await any.list({ where: { in: one, gte: "gte", A: { exists: true }, born, ...joined } });
  deepStrictEqual(JSON.parse(got[0]!.query["filter"]!), {
    in: { $in: ["lte", null, 5] }, gte: "gte", A: { $exists: true }, born: { $gt: "2026-01-05T00:00:00.000Z" },
    $not: { a: { $eq: 1 } }, $and: [{ b: false }, { c: { $in: ["lte", null, 5] } }],
  });
});

test("a list without a query has no parameters, and empty lists are none", async () => {
  const { posts: all, got } = posts([{ body: { items: [], nextCursor: null } }]);
  await all.list();
  await all.list({ cursor: null, fields: [], expand: [] });
  deepStrictEqual(got.map(({ query }) => query), [{}, {}]);
});

test("expansions are typed, in a list, in all and in a record", async () => {
  const record = { ...A, author: { id: "u", name: "Ada" } };
  const { posts: one, got } = posts(({ path }) => ({ body: path.endsWith("posts") ? { items: [record], nextCursor: null } : record }));
  const name = ({ author }: Collections["posts"]["Expanded"]) => (typeof author === "object" ? author.name : null);
  strictEqual(name((await one.list({ expand: ["author"] })).items[0]!), "Ada");
  strictEqual(name(await one.get("a", { expand: ["author", "author.team"], fields: ["title"] })), "Ada");
  for await (const each of one.all({ expand: ["author"] })) strictEqual(name(each), "Ada");
  deepStrictEqual(got.map(({ query }) => query), [
    { expand: "author" },
    { expand: "author,author.team", fields: "title" },
    { expand: "author" },
  ]);
});

test("all goes across short and empty pages, until there is no cursor", async () => {
  const pages = [[A], [], [A, A], []].map((items, at) => ({ body: { items, nextCursor: at < 3 ? `c${at}` : null } }));
  const { posts: all, got } = posts(pages);
  const seen: string[] = [];
  for await (const post of all.all({ where: { title: "A" }, limit: 2 })) seen.push(post.title);
  deepStrictEqual(seen, ["A", "A", "A"]);
  deepStrictEqual(got.map(({ query }) => query["cursor"]), [undefined, "c0", "c1", "c2"]);
  ok(got.every(({ query }) => query["limit"] === "2" && query["filter"] === '{"title":"A"}'));
});

test("all begins at a cursor, reads no page before it is asked for, and stops with its reader", async () => {
  const { posts: all, got } = posts([{ body: { items: [A, A], nextCursor: "next" } }]);
  const reading = all.all({ cursor: "here" });
  strictEqual(got.length, 0);
  for await (const _ of reading) break;
  deepStrictEqual(got.map(({ query }) => query["cursor"]), ["here"]);
});

test("a cursor that has expired throws, and nothing is read anew", async () => {
  const { posts: all, got } = posts([
    { body: { items: [A], nextCursor: "old" } },
    { status: 400, body: failure("data/invalid-cursor") },
  ]);
  const seen: string[] = [];
  await rejects(
    async () => {
      for await (const { id } of all.all()) seen.push(id);
    },
    { code: "data/invalid-cursor" },
  );
  deepStrictEqual([seen, got.length], [["a"], 2]);
});

test("an abort ends all between its pages", async () => {
  const { posts: all } = posts([{ body: { items: [A], nextCursor: "next" } }]);
  const controller = new AbortController();
  const reason = new Error("left");
  const [outcome] = await Promise.allSettled([
    (async () => {
      for await (const _ of all.all({}, { signal: controller.signal })) controller.abort(reason);
    })(),
  ]);
  strictEqual((outcome as PromiseRejectedResult).reason, reason);
});

test("a read tells the ETag, and an id is no path", async () => {
  const { posts: all, got } = posts([{ body: A, headers: { etag: '"7"' } }]);
  let told = "";
  deepStrictEqual(await all.get("a/../b?c", {}, { etag: (etag) => (told = etag) }), A);
  deepStrictEqual([told, got[0]!.path], ['"7"', "/api/posts/a%2F..%2Fb%3Fc"]);
});

test("writes send their records", async () => {
  const { posts: all, got } = posts(({ method }) => (method === "DELETE" ? { status: 204 } : { body: A }));
  deepStrictEqual(await all.create({ title: "A" }), A);
  deepStrictEqual(await all.update("a", { likes: 2 }), A);
  deepStrictEqual(await all.replace("a", { title: "B" }, { ifMatch: '"1"' }), A);
  strictEqual(await all.delete("a", { ifMatch: '"2"' }), undefined);
  deepStrictEqual(
    got.map(({ method, path, body, headers }) => [method, path, body, headers.get("if-match")]),
    [
      ["POST", "/api/posts", { title: "A" }, null],
      ["PATCH", "/api/posts/a", { likes: 2 }, null],
      ["PUT", "/api/posts/a", { title: "B" }, '"1"'],
      ["DELETE", "/api/posts/a", undefined, '"2"'],
    ],
  );
});

test("count, bulk and spec", async () => {
  const definition = { name: "posts", fields: [], shards: 1 };
  const { posts: all, got } = posts(({ path }) => ({
    body: path.endsWith("count") ? { count: 3, exact: false } : path.endsWith("spec") ? definition : { items: [A, { id: "b", deleted: true }] },
  }));
  deepStrictEqual(await all.count({ where: { title: "A" }, search: "x" }), { count: 3, exact: false });
  deepStrictEqual(await all.bulk([{ update: { id: "a", title: "A" } }, { delete: { id: "b" } }]), [A, { id: "b", deleted: true }]);
  deepStrictEqual(await all.spec(), definition);
  deepStrictEqual(got.map(({ method, path }) => `${method} ${path}`), [
    "GET /api/posts/count",
    "POST /api/posts/bulk",
    "GET /api/posts/spec",
  ]);
  deepStrictEqual(got[0]!.query, { filter: '{"title":"A"}', search: "x" });
  deepStrictEqual(got[1]!.body, { operations: [{ update: { id: "a", title: "A" } }, { delete: { id: "b" } }] });
});

/** A record that `others` change so many times between a read and the change, each time after the read. */
function contested(others: number): { give: Give; record: typeof A } {
  const record = { ...A };
  let revision = 1;
  const give: Give = ({ method, headers, body }) => {
    if (method === "GET") {
      const reply = { body: { ...record }, headers: { etag: `"${revision}"` } };
      if (others > 0) {
        others -= 1;
        revision += 1;
        record.likes += 1;
      }
      return reply;
    }
    if (headers.get("if-match") !== `"${revision}"`) return { status: 412, body: failure("data/precondition-failed") };
    revision += 1;
    Object.assign(record, body);
    return { body: { ...record } };
  };
  return { give, record };
}

test("edit applies a change to the record as it is, also beside other writers", async () => {
  for (const others of [0, 1, 2]) {
    const { give, record } = contested(others);
    const { posts: all, got } = posts(give);
    const edited = await all.edit("a", async ({ likes }) => ({ likes: likes + 10 }));
    strictEqual(edited.likes, 11 + others);
    strictEqual(record.likes, 11 + others);
    strictEqual(got.length, 2 * (others + 1));
  }
});

test("edit gives up at the third writer", async () => {
  const { give, record } = contested(9);
  const { posts: all, got } = posts(give);
  await rejects(all.edit("a", ({ likes }) => ({ likes: likes + 10 })), { code: "data/precondition-failed" });
  strictEqual(got.filter(({ method }) => method === "PATCH").length, 3);
  strictEqual(record.likes, 4);
});

test("edit without a change writes nothing, and a change that throws is thrown", async () => {
  const { give } = contested(0);
  const { posts: all, got } = posts(give);
  deepStrictEqual(await all.edit("a", () => null), A);
  await rejects(all.edit("a", () => Promise.reject(new Error("mine"))), /mine/);
  deepStrictEqual(got.map(({ method }) => method), ["GET", "GET"]);
});

test("edit never sends a change again whose outcome is unknown", async () => {
  const failures: [Given, string][] = [
    [new TypeError("fetch failed"), "client/offline"],
    [{ status: 503, body: failure("common/unavailable") }, "common/unavailable"],
    [{ status: 429, body: failure("auth/too-many-requests") }, "auth/too-many-requests"],
    [{ status: 502, text: "<html>" }, "client/bad-reply"],
  ];
  for (const [given, code] of failures) {
    const { posts: all, got } = posts(({ method }) => (method === "GET" ? { body: A, headers: { etag: '"1"' } } : given));
    const error = await all.edit("a", ({ likes }) => ({ likes: likes + 1 })).catch((error: BakendError) => error);
    strictEqual((error as BakendError).code, code);
    deepStrictEqual(got.map(({ method }) => method), ["GET", "PATCH"]);
  }
});

test("edit without an ETag would not notice another writer, and fails", async () => {
  const { posts: all, got } = posts([{ body: A }]);
  await rejects(all.edit("a", () => ({ likes: 2 })), { code: "client/bad-reply" });
  strictEqual(got.length, 1);
});

test("mistakes are errors of the compiler", async () => {
  const { options } = giving([{ body: { items: [], nextCursor: null } }]);
  const bk = createClient<Collections>(API, options);
  // @ts-expect-error
  bk.collection("prodcts");
  const all = bk.collection("posts");
  // @ts-expect-error
  await all.list({ where: { titel: "A" } });
  // @ts-expect-error
  await all.list({ sort: "likes" });
  // @ts-expect-error
  await all.list({ expand: ["team"] });
  // @ts-expect-error
  await all.create({ likes: 1 });
  // @ts-expect-error
  await all.update("a", { colour: "red" });
  const any = createClient(API, options);
  const page = await any.collection("anything").list({ where: { field: 1 }, expand: ["one"] });
  strictEqual(page.items[0]?.["field"], undefined);
});
