/** The verification of webhooks by WebCrypto alone (Standard Webhooks, "Signature scheme"). */

import type { BakendEvent } from "./generated.ts";

/** A webhook's secret, `whsec_…`, or several while receivers move from one to another. */
export type WebhookSecret = string | readonly string[];

/** How a delivery is verified. */
export interface WebhookOptions {
  /** The most seconds between the attempt and now, in both directions; 300 by default. */
  tolerance?: number;
  /** The present time in milliseconds; `Date.now()` by default. */
  now?: number;
}

/** A delivery that is not genuine, or too old. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
  /** The part that is wrong: `headers` are missing, `time` is too far away, `signature` does not match. */
  readonly reason: "headers" | "time" | "signature";

  constructor(reason: WebhookError["reason"]) {
    super(`Webhook refused: ${reason}`);
    this.reason = reason;
  }
}

/** The bytes of base64. */
export const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** The key of a secret. An unset variable is no secret, and must not let anything pass. */
function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = bytesOf(`${secret}`.replace("whsec_", ""));
  if (bytes.length < 16) throw new TypeError("A webhook's secret is missing.");
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

/**
 * Verifies a delivery and gives its event. The body is read once, as bytes.
 *
 * Throws a `WebhookError`, and any other error for a secret that is none and for a body that is no JSON.
 */
export async function verify(
  secret: WebhookSecret,
  request: { readonly headers: Headers; arrayBuffer(): Promise<ArrayBuffer> },
  { tolerance = 300, now = Date.now() }: WebhookOptions = {},
): Promise<BakendEvent> {
  const keys = await Promise.all([secret].flat().map(keyOf));
  const [id, sent, given] = ["id", "timestamp", "signature"].map((name) => request.headers.get(`webhook-${name}`));
  if (!id || !given || !/^\d{1,12}$/.test(`${sent}`)) throw new WebhookError("headers");
  // Written so that a tolerance or a time that is no number refuses.
  if (!(Math.abs(now / 1000 - Number(sent)) <= tolerance)) throw new WebhookError("time");
  const body = await request.arrayBuffer();
  const signed = await new Blob([`${id}.${sent}.`, body]).arrayBuffer();
  // A delivery has two at most; a stranger's header must not make much work.
  for (const one of given.split(" ", 8)) {
    const tag = /^v1,([A-Za-z\d+/]{43}=)$/.exec(one)?.[1];
    // Compared by WebCrypto, in constant time.
    const isRight = (key: CryptoKey): Promise<boolean> => crypto.subtle.verify("HMAC", key, bytesOf(tag!), signed);
    if (tag && (await Promise.all(keys.map(isRight))).includes(true)) return JSON.parse(new TextDecoder().decode(body));
  }
  throw new WebhookError("signature");
}
