import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { afterEach, beforeEach, test } from "node:test";
import { createHandler, handler, onRecord, webhook } from "../src/functions.ts";
import { changed, event } from "./functions-events.ts";
import { deliver, delivery, OTHER, SECRET } from "./webhook-vector.ts";

let titles: unknown[] = [];
let failure: unknown = null;
let off = (): void => {};
beforeEach(() => {
  [titles, failure] = [[], null];
  off = onRecord("posts", ({ record }) => {
    if (failure) throw failure;
    titles.push(record?.["title"]);
  });
});
afterEach(() => off());

const status = async (request: Request, secret: Parameters<typeof webhook>[0] = SECRET): Promise<number> =>
  (await webhook(secret)(request)).status;

test("a genuine delivery runs the functions and is 204 without a body", async () => {
  const response = await webhook(SECRET)(deliver(changed("created")));
  strictEqual(response.status, 204);
  strictEqual(await response.text(), "");
  deepStrictEqual(titles, ["New"]);
});

test("an event that nobody wants is 204: a test, another type, another collection", async () => {
  const others = [event("webhook.test", {}), event("later.type", {}), changed("created", {}, "orders"), { type: "webhook.test", data: {} }];
  for (const one of others) strictEqual(await status(deliver(one)), 204);
  deepStrictEqual(titles, []);
});

test("a delivery that is not genuine is 401 and runs nothing", async () => {
  strictEqual(await status(deliver(changed("created"), OTHER)), 401);
  strictEqual(await status(delivery()), 401);
  strictEqual(await status(new Request("https://shop.example", { method: "POST", body: JSON.stringify(changed("created")) })), 401);
  deepStrictEqual(titles, []);
});

test("a failure is 500, is logged, and tells the sender nothing", async (t) => {
  const log = t.mock.method(console, "error", () => {});
  failure = new Error("a secret of the app");
  const response = await webhook(SECRET)(deliver(changed("created")));
  strictEqual(response.status, 500);
  strictEqual(await response.text(), "");
  strictEqual(log.mock.callCount(), 1);
  failure = null;
  strictEqual(await status(deliver(changed("created"))), 204);
});

test("a secret that is missing is a failure of ours: 500, so that the event comes again", async (t) => {
  t.mock.method(console, "error", () => {});
  for (const secret of ["", () => Promise.reject(new Error("no store")), () => ""]) {
    strictEqual(await status(deliver(changed("created")), secret), 500);
  }
  deepStrictEqual(titles, []);
});

test("a variable that is unset or empty is a failure of ours, too", async (t) => {
  t.mock.method(console, "error", () => {});
  try {
    for (const text of [undefined, "", " \n,"]) {
      if (text !== undefined) process.env["BAKEND_WEBHOOK_SECRET"] = text;
      strictEqual((await webhook()(deliver(changed("created")))).status, 500, text);
    }
  } finally {
    delete process.env["BAKEND_WEBHOOK_SECRET"];
  }
  deepStrictEqual(titles, []);
});

test("secrets come from a list, a function or the environment", async () => {
  strictEqual(await status(deliver(changed("created")), [OTHER, SECRET]), 204);
  strictEqual(await status(deliver(changed("created")), async () => [OTHER, SECRET]), 204);
  try {
    // A file of variables, or a manager of secrets, often leaves a line's end.
    for (const text of [`${OTHER}, ${SECRET}`, `\n${OTHER},${SECRET}\r\n`, ` ${OTHER} ${SECRET},`]) {
      process.env["BAKEND_WEBHOOK_SECRET"] = text;
      strictEqual((await webhook()(deliver(changed("created")))).status, 204, text);
      strictEqual((await webhook()(deliver(changed("created"), OTHER))).status, 204, text);
    }
  } finally {
    delete process.env["BAKEND_WEBHOOK_SECRET"];
  }
});

test("another method than POST is 405", async () => {
  for (const method of ["GET", "HEAD", "PUT"]) strictEqual(await status(delivery({ method })), 405);
});

/** A delivery as a Function URL gives it. */
async function functionUrl(request: Request, isBase64Encoded = false): Promise<object> {
  const text = await request.text();
  const body = isBase64Encoded ? Buffer.from(text).toString("base64") : text;
  const requestContext = { http: { method: request.method } };
  return { version: "2.0", headers: Object.fromEntries(request.headers), requestContext, body, isBase64Encoded };
}

test("a Function URL is verified and answered, also where the body comes in base64", async () => {
  const own = createHandler(SECRET);
  deepStrictEqual(await own(await functionUrl(deliver(changed("created")))), { statusCode: 204 });
  deepStrictEqual(await own(await functionUrl(deliver(changed("created")), true)), { statusCode: 204 });
  deepStrictEqual(await own(await functionUrl(deliver(changed("created"), OTHER))), { statusCode: 401 });
  deepStrictEqual(await own(await functionUrl(delivery({ method: "GET" }))), { statusCode: 405 });
  deepStrictEqual(titles, ["New", "New"]);
});

test("names of headers come in any case, as API Gateway's first version sends them", async () => {
  const { headers, body } = (await functionUrl(deliver(changed("created")))) as { headers: Record<string, string>; body: string };
  const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
  deepStrictEqual(await createHandler(SECRET)({ requestContext: {}, headers: upper, body }), { statusCode: 204 });
});

test("a failure behind a Function URL is 500", async (t) => {
  t.mock.method(console, "error", () => {});
  failure = new Error("no");
  deepStrictEqual(await createHandler(SECRET)(await functionUrl(deliver(changed("created")))), { statusCode: 500 });
});

test("a request cannot pass for an event of EventBridge", async () => {
  const forged = { "detail-type": "record.created", source: "bakend.x", detail: changed("created") };
  const request = new Request("https://shop.example", { method: "POST", body: JSON.stringify(forged) });
  deepStrictEqual(await createHandler(SECRET)({ ...(await functionUrl(request)), detail: changed("created") }), { statusCode: 401 });
  deepStrictEqual(titles, []);
});

test("an event of EventBridge runs, and throws after a failure so that Lambda runs it again", async () => {
  const message = { version: "0", "detail-type": "record.created", source: "bakend.shop", detail: changed("created") };
  strictEqual(await handler(message), undefined);
  strictEqual(await handler(changed("created") as object), undefined);
  deepStrictEqual(titles, ["New", "New"]);
  failure = new Error("no");
  await rejects(handler(message), AggregateError);
});
