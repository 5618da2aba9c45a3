// Which requests are sent again, how often, and when.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { test } from "node:test";
import type { BakendError, Client } from "../src/index.ts";
import { createClient } from "../src/index.ts";
import { ADA, API, failure, giving, tokens } from "./core-fetch.ts";
import type { Given } from "./core-fetch.ts";

const lost = new TypeError("fetch failed");
const busy: Given = { status: 503, body: failure("common/unavailable") };
const many: Given = { status: 429, body: failure("auth/too-many-requests") };
const done: Given = { body: { id: "a" } };

/** A client that is signed in and gets these replies, and how often it sent what. */
async function signedIn(replies: Given[], timeout = 10_000) {
  const next = [...replies];
  const { options, got } = giving(
    ({ path }) => (path.endsWith("login") ? { body: tokens(1, { user: ADA }) } : (next.shift() ?? done)),
    { timeout },
  );
  const bk = createClient(API, options);
  await bk.auth.login("ada@example.com", "a long password");
  got.length = 0;
  return { bk, got };
}

const codeOf = async (promise: Promise<unknown>): Promise<string | null> =>
  promise.then(
    () => null,
    (error: BakendError) => error.code,
  );

for (const [name, one] of [["a lost connection", lost], ["503", busy], ["429", many], ["503 of a gateway", { status: 503, text: "<html>" }]] as const) {
  test(`a GET goes again after ${name}, at most twice`, async () => {
    for (const times of [0, 1, 2]) {
      const { bk, got } = await signedIn(Array.from({ length: times }, () => one));
      strictEqual(await codeOf(bk.request("GET", "/api/posts")), null);
      strictEqual(got.length, times + 1);
    }
    const { bk, got } = await signedIn([one, one, one]);
    ok(await codeOf(bk.request("GET", "/api/posts")));
    strictEqual(got.length, 3);
  });
}

test("a GET does not go again after what would come again", async () => {
  for (const status of [400, 403, 404, 409, 412, 500, 502, 504]) {
    const { bk, got } = await signedIn([{ status, body: failure("common/internal") }]);
    ok(await codeOf(bk.request("GET", "/api/posts")));
    strictEqual(got.length, 1, String(status));
  }
});

const writes: [string, (bk: Client) => Promise<unknown>][] = [
  ["create", (bk) => bk.collection("posts").create({})],
  ["update", (bk) => bk.collection("posts").update("a", {})],
  ["replace", (bk) => bk.collection("posts").replace("a", {})],
  ["delete", (bk) => bk.collection("posts").delete("a")],
  ["bulk", (bk) => bk.collection("posts").bulk([])],
  ["request", (bk) => bk.request("POST", "/api/posts")],
];

for (const [name, write] of writes) {
  test(`a ${name} is sent once`, async () => {
    for (const one of [lost, busy, many]) {
      const { bk, got } = await signedIn([one]);
      ok(await codeOf(write(bk)));
      strictEqual(got.length, 1);
    }
  });
}

test("a write with If-Match goes again", async () => {
  for (const one of [lost, busy, many]) {
    const { bk, got } = await signedIn([one, one, one]);
    const posts = bk.collection("posts");
    ok(await codeOf(posts.update("a", {}, { ifMatch: '"1"' })));
    strictEqual(got.length, 3);
    deepStrictEqual(got.map(({ headers }) => headers.get("if-match")), ['"1"', '"1"', '"1"']);
    await posts.replace("a", {}, { ifMatch: '"1"' });
    await posts.delete("a", { ifMatch: '"1"' });
    strictEqual(got.length, 5);
  }
});

test("a create that is made once goes again with one key", async () => {
  const { bk, got } = await signedIn([lost, busy]);
  const posts = bk.collection("posts");
  await posts.create({}, { once: true });
  strictEqual(got.length, 3);
  const keys = got.map(({ headers }) => headers.get("idempotency-key"));
  ok(/^[!-~]{16,128}$/.test(keys[0]!));
  strictEqual(new Set(keys).size, 1);
  await posts.create({}, { once: true });
  ok(got[3]!.headers.get("idempotency-key") !== keys[0], "the next one has a key of its own");
  await posts.create({});
  strictEqual(got[4]!.headers.get("idempotency-key"), null);
});

test("a stranger's create is sent once, since the API ignores its key", async () => {
  const { options, got } = giving([lost]);
  ok(await codeOf(createClient(API, options).collection("posts").create({}, { once: true })));
  strictEqual(got.length, 1);
});

test("Retry-After is waited for", async () => {
  const { bk, got } = await signedIn([{ ...many, headers: { "retry-after": "1" } } as Given]);
  await bk.request("GET", "/api/posts");
  const waited = got[1]!.at - got[0]!.at;
  ok(waited >= 1000 && waited < 1800, `${waited} ms`);
});

test("a Retry-After that is longer than the timeout is the caller's to wait for", async () => {
  const { bk, got } = await signedIn([{ ...many, headers: { "retry-after": "11" } } as Given]);
  const error = await bk.request("GET", "/api/posts").catch((error: BakendError) => error);
  strictEqual((error as BakendError).retryAfter, 11);
  strictEqual(got.length, 1);
});

test("the pauses differ, and grow", async () => {
  const pauses: number[][] = [];
  for (let round = 0; round < 4; round += 1) {
    const { bk, got } = await signedIn([lost, lost]);
    await bk.request("GET", "/api/posts");
    pauses.push([got[1]!.at - got[0]!.at, got[2]!.at - got[1]!.at]);
  }
  for (const [first, second] of pauses) ok(first! >= 95 && first! < 400 && second! >= 195 && second! < 700, String(pauses));
  ok(new Set(pauses.flat()).size > 2, String(pauses));
});

test("an abort ends the pause at once, and nothing is sent after it", async () => {
  const { bk, got } = await signedIn([{ ...busy, headers: { "retry-after": "5" } } as Given]);
  const controller = new AbortController();
  const reason = new Error("left");
  const began = Date.now();
  setTimeout(() => controller.abort(reason), 30);
  const [outcome] = await Promise.allSettled([bk.request("GET", "/api/posts", { signal: controller.signal })]);
  strictEqual((outcome as PromiseRejectedResult).reason, reason);
  ok(Date.now() - began < 1000);
  strictEqual(got.length, 1);
});

test("an abort whose reason looks like a lost connection is no lost connection", async () => {
  const { options, got } = giving(() => new Promise(() => {}));
  const controller = new AbortController();
  const reason = { code: "client/offline", status: 503 };
  setTimeout(() => controller.abort(reason), 20);
  const bk = createClient(API, options);
  const [outcome] = await Promise.allSettled([bk.request("GET", "/api/posts", { signal: controller.signal })]);
  strictEqual((outcome as PromiseRejectedResult).reason, reason);
  strictEqual(got.length, 1);
});
