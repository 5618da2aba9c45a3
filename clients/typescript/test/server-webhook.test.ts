import { deepStrictEqual, rejects, strictEqual } from "node:assert";
import { test } from "node:test";
import { verifyWebhook, WebhookError } from "../src/server.ts";
import { delivery, headersOf, OTHER, SECRET, sign, VECTOR } from "./webhook-vector.ts";

const now = VECTOR.at * 1000;
const refusal = (reason: string) => (error: unknown) => error instanceof WebhookError && error.reason === reason;

test("the vector of the documents is genuine", async () => {
  const event = await verifyWebhook(SECRET, delivery(), { now });
  deepStrictEqual(event, JSON.parse(VECTOR.body));
});

test("one right signature of two is enough, in any order, by any of the secrets", async () => {
  const wrong = sign(OTHER, VECTOR.id, VECTOR.at, VECTOR.body);
  for (const signature of [`${VECTOR.signature} ${wrong}`, `${wrong} ${VECTOR.signature}`]) {
    strictEqual((await verifyWebhook(SECRET, delivery({ signature }), { now })).type as string, "webhook.test");
  }
  await verifyWebhook([OTHER, SECRET], delivery(), { now });
  await rejects(verifyWebhook([OTHER], delivery(), { now }), refusal("signature"));
});

test("another body, id, time, secret or scheme is refused", async () => {
  const { id, at, body, signature } = VECTOR;
  const changed = [
    { body: body.replace("{}", "{ }") },
    { id: id.replace("a", "b") },
    { at: at + 1 },
    { signature: signature.replace("v1,", "v2,") },
    { signature: signature.slice(0, -2) },
    { signature: signature.replace("n", "m") },
    { signature: "v1," },
    { signature: "v1,***" },
    { signature: `v1,${"_".repeat(43)}=` },
    { signature: signature.replace(",", ", ") },
  ];
  for (const one of changed) await rejects(verifyWebhook(SECRET, delivery(one), { now }), refusal("signature"), JSON.stringify(one));
});

test("a right signature behind eight others is not looked at", async () => {
  const signature = `${"v1,x ".repeat(8)}${VECTOR.signature}`;
  await rejects(verifyWebhook(SECRET, delivery({ signature }), { now }), refusal("signature"));
});

test("an attempt is good for five minutes in both directions", async () => {
  for (const seconds of [-300, 300]) await verifyWebhook(SECRET, delivery(), { now: now + seconds * 1000 });
  for (const seconds of [-301, 301]) {
    await rejects(verifyWebhook(SECRET, delivery(), { now: now + seconds * 1000 }), refusal("time"));
  }
  await verifyWebhook(SECRET, delivery(), { now: now + 3_600_000, tolerance: 3600 });
  await rejects(verifyWebhook(SECRET, delivery()), refusal("time"));
});

test("a time or a tolerance that is no number lets nothing pass", async () => {
  await rejects(verifyWebhook(SECRET, delivery(), { now: Number.NaN }), refusal("time"));
  await rejects(verifyWebhook(SECRET, delivery(), { now, tolerance: Number.NaN }), refusal("time"));
});

test("a missing or bad header is refused before the body is read", async () => {
  for (const name of Object.keys(headersOf())) {
    const request = delivery();
    request.headers.delete(name);
    await rejects(verifyWebhook(SECRET, request, { now }), refusal("headers"), name);
    strictEqual(request.bodyUsed, false);
  }
  for (const at of ["", "-1", "1.5", "1e9", "0x10", " ", "9".repeat(13)]) {
    const request = delivery();
    request.headers.set("webhook-timestamp", at);
    await rejects(verifyWebhook(SECRET, request, { now }), refusal("headers"), at);
  }
  const old = delivery();
  await rejects(verifyWebhook(SECRET, old), refusal("time"));
  strictEqual(old.bodyUsed, false);
});

test("a secret that is none lets nothing pass", async () => {
  const empty = sign("whsec_", VECTOR.id, VECTOR.at, VECTOR.body);
  for (const secret of ["", "whsec_", "whsec_AAAA", "***", undefined, null, [""], [SECRET, ""]]) {
    await rejects(verifyWebhook(secret as string, delivery({ signature: empty }), { now }), `a secret ${secret}`);
  }
  await rejects(verifyWebhook([], delivery(), { now }), refusal("signature"));
});

test("a secret may have blanks around it, as a file has", async () => {
  await verifyWebhook(` ${SECRET}\r\n`, delivery(), { now });
});

test("headers and body of Node do, as text and as bytes", async () => {
  const headers = { ":method": "POST", "Webhook-Id": VECTOR.id, host: "x", "x-many": ["a", "b"], "x-none": undefined };
  const given = { ...headersOf(), ...headers, "webhook-id": undefined as never };
  delete given["webhook-id"];
  await verifyWebhook(SECRET, { headers: given, body: VECTOR.body }, { now });
  await verifyWebhook(SECRET, { headers: given, body: Buffer.from(VECTOR.body) }, { now });
  await verifyWebhook(SECRET, { headers: new Headers(headersOf()), body: VECTOR.body }, { now });
  await rejects(verifyWebhook(SECRET, { headers: given, body: `${VECTOR.body} ` }, { now }), refusal("signature"));
});

test("the bytes count, also where they are no UTF-8", async () => {
  const body = Buffer.from([...Buffer.from('{"type":"a'), 0xff, ...Buffer.from('"}')]);
  const signature = sign(SECRET, VECTOR.id, VECTOR.at, body);
  const event = await verifyWebhook(SECRET, { headers: headersOf({ signature }), body }, { now });
  strictEqual(event.type as string, "a\ufffd");
});

test("a genuine body that is no JSON is an error", async () => {
  const signature = sign(SECRET, VECTOR.id, VECTOR.at, "no JSON");
  await rejects(verifyWebhook(SECRET, delivery({ signature, body: "no JSON" }), { now }), SyntaxError);
});

test("signatures are compared by WebCrypto, and nothing of Node is needed", async (t) => {
  const verify = t.mock.method(crypto.subtle, "verify");
  await verifyWebhook(SECRET, delivery(), { now });
  strictEqual(verify.mock.callCount(), 1);
  strictEqual(verify.mock.calls[0]!.arguments[0], "HMAC");
});
