// The second factor against a running API, with an authenticator app (RFC 6238) of a few lines.

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { PASSWORD, elsewhere, failure, identity, person, refusal, skip } from "./stack.ts";

const STEP = 30_000;

/** The bytes of base32 (RFC 4648, section 6). */
function base32(text: string): Buffer {
  const bits = [...text].map((char) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(char).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
}

/** The code of a secret: of this step, or of one before or after. Waits where the step is about to end. */
async function code(secret: string, steps = 0): Promise<string> {
  const left = STEP - (Date.now() % STEP);
  if (left < 5_000) await later(left);
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP) + steps));
  const tag = createHmac("sha1", base32(secret)).update(counter).digest();
  const number = (tag.readUInt32BE(tag.at(-1)! & 15) & 0x7fff_ffff) % 1_000_000;
  return String(number).padStart(6, "0");
}

/** A code that is wrong. */
const wrong = (right: string): string => String((Number(right) + 1) % 1_000_000).padStart(6, "0");

/** A person whose factor is on. The code of the step before is used up. */
async function guarded() {
  const all = await person();
  const { secret } = await all.auth.mfa.enable();
  const recovery = await all.auth.mfa.confirm(await code(secret, -1));
  return { ...all, secret, recovery };
}

describe("the second factor", { skip, concurrency: true }, () => {
  test("the app of these tests makes the codes of the standard", () => {
    // RFC 6238, appendix B: the secret is "12345678901234567890", the time 59 seconds.
    const counter = Buffer.from("0000000000000001", "hex");
    strictEqual(base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").toString(), "12345678901234567890");
    const tag = createHmac("sha1", "12345678901234567890").update(counter).digest();
    strictEqual((tag.readUInt32BE(tag.at(-1)! & 15) & 0x7fff_ffff) % 100_000_000, 94_287_082);
  });

  test("is switched on by its first code, which ends the other sessions", async () => {
    const { auth, email, user } = await person();
    const other = await elsewhere(email);
    deepStrictEqual(await auth.mfa.status(), { totp: null, recoveryCodesLeft: 0, passkeys: 0, required: false });
    const { secret, uri, expiresIn } = await auth.mfa.enable();
    ok(uri.startsWith("otpauth://totp/") && uri.includes(secret) && expiresIn > 60);
    const right = await code(secret);
    strictEqual(await refusal(auth.mfa.confirm(wrong(right))), "401 auth/invalid-mfa-code");
    strictEqual(auth.user?.mfa, false);
    const told: unknown[] = [];
    auth.onChange((now) => told.push(now?.mfa));
    const codes = await auth.mfa.confirm(right);
    deepStrictEqual([codes.length, new Set(codes).size, auth.user?.mfa], [10, 10, true]);
    const status = await auth.mfa.status();
    deepStrictEqual([status.recoveryCodesLeft, typeof status.totp?.enabledAt], [10, "string"]);
    deepStrictEqual(await auth.me(), { ...user, mfa: true });
    deepStrictEqual(told, [true]);
    strictEqual(await refusal(auth.mfa.enable()), "409 auth/mfa-already-enabled");
    strictEqual(await refusal(other.auth.me()), "401 auth/session-revoked");
  });

  test("is asked for at a sign-in, and `verify` goes on", async () => {
    const { email, user, secret, recovery } = await guarded();
    const { auth } = identity();
    const told: unknown[] = [];
    auth.onChange((now) => told.push(now?.id));
    const error = await failure(auth.login(email, PASSWORD));
    deepStrictEqual([error.status, error.code, error.mfa], [403, "auth/mfa-required", auth.mfa.open]);
    deepStrictEqual([auth.mfa.open?.methods, auth.user, await auth.token()], [["totp", "recovery"], null, null]);
    const right = await code(secret);
    strictEqual(await refusal(auth.mfa.verify(wrong(right))), "401 auth/invalid-mfa-code");
    ok(auth.mfa.open);
    strictEqual((await auth.mfa.verify(right)).id, user.id);
    deepStrictEqual([auth.mfa.open, auth.user?.mfa, told], [null, true, [user.id]]);
    strictEqual((await auth.me()).id, user.id);
    // A code that was used is worth nothing, and neither is one of another person.
    strictEqual(await refusal(auth.login(email, PASSWORD)), "403 auth/mfa-required");
    strictEqual(await refusal(auth.mfa.verify({ code: right })), "401 auth/invalid-mfa-code");
    strictEqual((await auth.mfa.verify({ recoveryCode: recovery[0]!.toLowerCase() })).id, user.id);
    strictEqual((await auth.mfa.status()).recoveryCodesLeft, 9);
    strictEqual(await refusal(auth.login(email, PASSWORD)), "403 auth/mfa-required");
    strictEqual(await refusal(auth.mfa.verify({ recoveryCode: recovery[0]! })), "401 auth/invalid-mfa-code");
  });

  test("goes beside the password in one step", async () => {
    const { email, user, secret, recovery } = await guarded();
    const { auth } = identity();
    strictEqual((await auth.login(email, PASSWORD, { mfaCode: await code(secret) })).id, user.id);
    strictEqual((await auth.login(email, PASSWORD, { recoveryCode: recovery[3]! })).id, user.id);
    const bad = await refusal(auth.login(email, PASSWORD, { mfaCode: wrong(await code(secret, 1)) }));
    ok(bad.startsWith("401 "), bad);
    strictEqual((await auth.me()).id, user.id);
  });

  test("has other recovery codes in place of the earlier ones", async () => {
    const { auth, email, secret, recovery } = await guarded();
    const codes = await auth.mfa.renewCodes(await code(secret));
    deepStrictEqual([codes.length, codes.some((one) => recovery.includes(one))], [10, false]);
    const { auth: other } = identity();
    strictEqual(await refusal(other.login(email, PASSWORD)), "403 auth/mfa-required");
    strictEqual(await refusal(other.mfa.verify({ recoveryCode: recovery[0]! })), "401 auth/invalid-mfa-code");
    strictEqual((await other.mfa.verify({ recoveryCode: codes[0]! })).email, email);
  });

  test("is switched off after a recent authentication, which keeps the user signed in", async () => {
    const { auth, email, user, secret, recovery } = await guarded();
    const told: unknown[] = [];
    auth.onChange((now) => told.push(now?.mfa));
    const before = await auth.token();
    const refused = await failure(auth.reauthenticate({ password: "a wrong password", code: await code(secret) }));
    deepStrictEqual([refused.status, refused.details?.map(({ field }) => field)], [400, ["password"]]);
    strictEqual(await auth.token(), before);
    strictEqual(await auth.reauthenticate({ password: PASSWORD, recoveryCode: recovery[0]! }), undefined);
    deepStrictEqual([auth.user?.id, (await auth.token()) === before, told], [user.id, false, []]);
    strictEqual((await auth.sessions()).items.length, 1);
    strictEqual(await refusal(auth.mfa.disable({ recoveryCode: recovery[0]! })), "401 auth/invalid-mfa-code");
    strictEqual(await auth.mfa.disable({ code: await code(secret, 1) }), undefined);
    deepStrictEqual([auth.user?.mfa, told], [false, [false]]);
    deepStrictEqual(await auth.me(), user);
    strictEqual((await identity().auth.login(email, PASSWORD)).id, user.id);
    strictEqual(await refusal(auth.mfa.disable({ recoveryCode: recovery[1]! })), "409 auth/mfa-not-enabled");
  });
});
