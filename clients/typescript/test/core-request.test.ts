// Requests and the errors that they become.

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { test } from "node:test";
import { BakendError, createAuth, createClient, isBakendError } from "../src/index.ts";
import { API, failure, giving } from "./core-fetch.ts";

/** The failure of a promise. */
const failed = async (promise: Promise<unknown>): Promise<BakendError> => {
  const [outcome] = await Promise.allSettled([promise]);
  if (outcome!.status === "fulfilled") throw new Error("it did not fail");
  return outcome!.reason as BakendError;
};

test("a request has its method, path, parameters, headers and body", async () => {
  const { options, got } = giving([{ status: 201, body: { id: "a" }, headers: { etag: '"1"' } }], { apiKey: "pk_live_1" });
  const bk = createClient(`${API}//`, options);
  strictEqual(bk.url, API);
  const query = { limit: 5, draft: true, cursor: null, sort: undefined, search: "a&b = ü" };
  const reply = await bk.reply("POST", "/api/posts", { body: { title: "A" }, query, headers: { "x-own": "1" } });
  deepStrictEqual([reply.status, reply.headers.get("etag"), reply.body], [201, '"1"', { id: "a" }]);
  const [one] = got;
  deepStrictEqual([one!.method, one!.path, one!.body], ["POST", "/api/posts", { title: "A" }]);
  deepStrictEqual(one!.query, { limit: "5", draft: "true", search: "a&b = ü" });
  strictEqual(one!.headers.get("content-type"), "application/json");
  strictEqual(one!.headers.get("x-api-key"), "pk_live_1");
  strictEqual(one!.headers.get("x-own"), "1");
  strictEqual(one!.headers.get("authorization"), null);
  strictEqual(one!.credentials, undefined);
});

test("a request without a body has no content type, and 204 and 304 have no body", async () => {
  for (const status of [204, 304]) {
    const { options, got } = giving([{ status }]);
    const bk = createAuth(API, options);
    const reply = await bk.reply("GET", "/api/health", { headers: { "if-none-match": '"1"' } });
    deepStrictEqual([reply.status, reply.body], [status, undefined]);
    strictEqual(got[0]!.headers.get("content-type"), null);
    deepStrictEqual(got[0]!.query, {});
  }
});

test("an error of the API has all of its parts", async () => {
  const details = [{ field: "title", code: "required", message: "It is missing." }];
  const mfa = { token: "t", methods: ["totp"], expiresIn: 300 };
  const body = failure("common/validation-failed", { details, mfa });
  const { options } = giving([{ status: 400, body, headers: { "retry-after": "7" } }]);
  const error = await failed(createClient(API, options).request("POST", "/api/posts"));
  ok(error instanceof BakendError && error instanceof Error);
  const { name, status, code, message, requestId, retryAfter } = error;
  deepStrictEqual(
    { name, status, code, message, requestId, retryAfter, details: error.details, mfa: error.mfa },
    {
      ...{ name: "BakendError", status: 400, code: "common/validation-failed", message: "It is common/validation-failed." },
      ...{ requestId: "request-1", retryAfter: 7, details, mfa },
    },
  );
  ok(isBakendError(error) && isBakendError(error, "common/validation-failed"));
  ok(!isBakendError(error, "common/not-found"));
  for (const other of [null, undefined, "x", new Error("x"), {}]) ok(!isBakendError(other));
});

test("a refusal of the gateway keeps its status and text", async () => {
  const { options } = giving([{ status: 413, body: { message: "Request Too Long" }, headers: { "x-request-id": "g" } }]);
  const { code, status, message, requestId } = await failed(createClient(API, options).request("POST", "/api/posts"));
  deepStrictEqual([code, status, message, requestId], ["client/gateway", 413, "Request Too Long", "g"]);
});

for (const [name, status, text] of [
  ["a page in place of JSON", 200, "<html>"],
  ["a page of an error", 502, "<html>"],
  ["an error without a body", 500, ""],
  ["null as an error", 500, "null"],
  ["a text as an error", 500, '"no"'],
  ["half a reply", 200, '{"items":['],
] as const) {
  test(`${name} is a reply that cannot be read`, async () => {
    const { options } = giving([{ status, text }]);
    const error = await failed(createClient(API, options).request("POST", "/api/posts"));
    deepStrictEqual([error.code, error.status], ["client/bad-reply", status]);
  });
}

test("a network that fails is `client/offline`, with its cause", async () => {
  const cause = new TypeError("fetch failed");
  const { options } = giving([cause]);
  const error = await failed(createClient(API, options).request("POST", "/api/posts"));
  deepStrictEqual([error.code, error.status, error.cause], ["client/offline", 0, cause]);
});

test("a body that breaks off is `client/offline`", async () => {
  const broken = (async () => ({
    ...{ status: 200, headers: new Headers() },
    text: () => Promise.reject(new TypeError("terminated")),
  })) as unknown as typeof fetch;
  const error = await failed(createClient(API, { storage: "memory", fetch: broken }).request("POST", "/api/posts"));
  strictEqual(error.code, "client/offline");
});

test("a reply that does not come in time is `client/timeout`, also of a `fetch` that ignores signals", async () => {
  const { options, got } = giving(() => new Promise(() => {}), { timeout: 20 });
  const bk = createClient(API, options);
  for (const method of ["POST", "GET"]) {
    const error = await failed(bk.request(method, "/api/posts"));
    deepStrictEqual([error.code, error.status], ["client/timeout", 0]);
  }
  strictEqual(got.length, 2, "it is not sent again");
});

test("the body has to come in time as well", async () => {
  let aborted = false;
  const slow = (async (_: string, init: RequestInit) => ({
    ...{ status: 200, headers: new Headers() },
    text: () =>
      new Promise((_, fail) =>
        init.signal!.addEventListener("abort", () => {
          aborted = true;
          fail(init.signal!.reason);
        }),
      ),
  })) as unknown as typeof fetch;
  const bk = createClient(API, { storage: "memory", fetch: slow, timeout: 20 });
  strictEqual((await failed(bk.request("GET", "/api/posts"))).code, "client/timeout");
  ok(aborted, "the connection is given up");
});

test("no timeout, and one that no timer can hold, wait for the reply", async () => {
  for (const timeout of [0, Infinity, 2 ** 40]) {
    const { options } = giving(() => new Promise((done) => setTimeout(() => done({ body: { ok: true } }), 30)), { timeout });
    deepStrictEqual(await createClient(API, options).request("GET", "/api/health"), { ok: true });
  }
});

test("an abort throws the caller's own reason, whatever that is", async () => {
  for (const reason of [new Error("left"), "left", 7, { left: true }]) {
    const { options, got } = giving(() => new Promise(() => {}));
    const bk = createClient(API, options);
    const controller = new AbortController();
    const running = bk.request("GET", "/api/posts", { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 10);
    strictEqual(await failed(running), reason);
    strictEqual(await failed(bk.request("GET", "/api/posts", { signal: controller.signal })), reason);
    strictEqual(got.length, 1, "nothing is sent with a signal that has ended");
  }
});

test("an abort without a reason has the platform's", async () => {
  const { options } = giving(() => new Promise(() => {}));
  const controller = new AbortController();
  const running = createClient(API, options).request("GET", "/api/posts", { signal: controller.signal });
  controller.abort();
  strictEqual((await failed(running)).name, "AbortError");
});

test("requests beside each other are not ended by one that is", async () => {
  const { options } = giving(() => new Promise((done) => setTimeout(() => done({ body: 1 }), 30)));
  const bk = createClient(API, options);
  const controller = new AbortController();
  const left = bk.request("GET", "/api/posts", { signal: controller.signal });
  const other = bk.request("GET", "/api/posts");
  controller.abort(new Error("left"));
  await rejects(left, /left/);
  strictEqual(await other, 1);
});

test("the global `fetch` is taken when a request is sent", async () => {
  const before = globalThis.fetch;
  const bk = createClient(API, { storage: "memory" });
  try {
    globalThis.fetch = async () => Response.json({ status: "ok" });
    deepStrictEqual(await bk.request("GET", "/api/health"), { status: "ok" });
  } finally {
    globalThis.fetch = before;
  }
});
