// A delivery as Bakend sends it, and the vector of docs/events.md.

import { createHmac } from "node:crypto";

export const SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
export const OTHER = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

/** The vector: its signature comes from the document and not from this file. */
export const VECTOR = {
  id: "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b",
  at: 1_790_000_000,
  body: '{"type":"webhook.test","at":"2026-09-21T14:13:20.000Z","data":{}}',
  signature: "v1,nv3PlhtpLXyJdXsx+1zPeN3Ep1zHpwt5X0OpHttClvo=",
};

/** A signature, made by Node's own HMAC. */
export function sign(secret: string, id: string, at: number, body: string | Uint8Array): string {
  const key = Buffer.from(secret.slice(6), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest("base64")}`;
}

interface Given {
  id?: string;
  at?: number;
  signature?: string;
  body?: string;
  method?: string;
}

/** The headers of a delivery; without other values those of the vector. */
export function headersOf({ id = VECTOR.id, at = VECTOR.at, signature = VECTOR.signature }: Given = {}): Record<string, string> {
  return { "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": signature };
}

/** A delivery; without other values the vector. */
export function delivery(given: Given = {}): Request {
  const { body = VECTOR.body, method = "POST" } = given;
  const more = method === "POST" ? { body } : {};
  return new Request("https://shop.example/hooks", { method, headers: headersOf(given), ...more });
}

/** A genuine delivery of an event, sent now. */
export function deliver(event: object, secret = SECRET): Request {
  const body = JSON.stringify(event);
  const at = Math.floor(Date.now() / 1000);
  return delivery({ at, body, signature: sign(secret, VECTOR.id, at, body) });
}
