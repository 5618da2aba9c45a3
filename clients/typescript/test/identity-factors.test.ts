import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { ADA, GRACE, clear, open, refusal, tokens } from "./fake/identity.ts";

afterEach(clear);

const CODES = ["7KQ2-9X4M-T0VB-3HCE"];
const SETUP = { secret: "ABC", uri: "otpauth://totp/x", expiresIn: 600 };
const STEP = { token: "enrol", methods: ["totp"], expiresIn: 600 };

test("a user switches the factor on, renews its codes and switches it off", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn();
  const status = { totp: null, recoveryCodesLeft: 0, passkeys: 0, required: false };
  reply([200, status], [200, SETUP], [200, { recoveryCodes: CODES }], [200, { recoveryCodes: ["other"] }], [204]);
  assert.deepEqual(await auth.mfa.status(), status);
  assert.deepEqual(await auth.mfa.enable(), SETUP);
  assert.deepEqual(await auth.mfa.confirm("123456"), CODES);
  assert.equal(auth.user?.mfa, true);
  assert.deepEqual(await auth.mfa.renewCodes("123457"), ["other"]);
  assert.equal(await auth.mfa.disable({ recoveryCode: "other" }), undefined);
  assert.equal(auth.user?.mfa, false);
  assert.deepEqual(asked(), [
    ["GET", "mfa", "access-1", undefined],
    ["POST", "mfa/enable", "access-1", undefined],
    ["POST", "mfa/confirm", "access-1", { code: "123456" }],
    ["POST", "mfa/recovery-codes", "access-1", { code: "123457" }],
    ["POST", "mfa/disable", "access-1", { recoveryCode: "other" }],
  ]);
  assert.equal(await auth.token(), "access-1");
});

test("a wrong code changes nothing", async () => {
  const { auth, reply, signIn } = open();
  await signIn();
  reply(refusal(401, "auth/invalid-mfa-code"));
  await assert.rejects(auth.mfa.confirm("000000"), { code: "auth/invalid-mfa-code" });
  assert.deepEqual([auth.user?.id, auth.user?.mfa], [ADA.id, false]);
});

test("a sign-in that waits for a factor makes one by its token, and begins", async () => {
  const { auth, reply, asked } = open();
  reply(
    refusal(403, "auth/mfa-enrollment-required", { mfa: STEP }),
    [200, SETUP],
    [200, { ...tokens(), recoveryCodes: CODES }],
    [200, { ...ADA, mfa: true }],
  );
  await assert.rejects(auth.login("ada@example.com", "password123"), { code: "auth/mfa-enrollment-required" });
  await auth.mfa.enable();
  assert.deepEqual(await auth.mfa.confirm("123456"), CODES);
  assert.deepEqual([auth.user?.id, auth.user?.mfa, auth.mfa.open], [ADA.id, true, null]);
  assert.deepEqual(asked().slice(1), [
    ["POST", "mfa/enable", "enrol", undefined],
    ["POST", "mfa/confirm", "enrol", { code: "123456" }],
    ["GET", "me", "access-1", undefined],
  ]);
});

test("beside a session the token of another sign-in is given", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn();
  reply([200, SETUP], [200, { ...tokens("2"), recoveryCodes: CODES }], [200, { ...GRACE, mfa: true }]);
  await auth.mfa.enable("enrol");
  await auth.mfa.confirm("123456", "enrol");
  assert.equal(auth.user?.id, GRACE.id);
  assert.deepEqual(asked().map(([, , token]) => token), ["enrol", "enrol", "access-2"]);
});

test("the core's step stays beside the calls of this module", async () => {
  const { auth, reply } = open();
  const mfa = { token: "step", methods: ["totp", "recovery"], expiresIn: 300 };
  reply(refusal(403, "auth/mfa-required", { mfa }), [200, { ...tokens(), user: ADA }]);
  await assert.rejects(auth.login("ada@example.com", "password123"));
  assert.deepEqual(auth.mfa.open, mfa);
  await auth.mfa.verify({ recoveryCode: CODES[0]! });
  assert.equal(auth.mfa.open, null);
});

test("a user authenticates once more, and stays", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn();
  const heard: unknown[] = [];
  reply([200, tokens("2")], refusal(400, "common/validation-failed"));
  auth.onChange((user) => heard.push(user?.id));
  await auth.reauthenticate({ password: "password123", code: "123456" });
  assert.deepEqual([auth.user?.id, await auth.token()], [ADA.id, "access-2"]);
  await assert.rejects(auth.reauthenticate({ password: "wrong" }), { status: 400 });
  assert.equal(await auth.token(), "access-2");
  assert.deepEqual(asked(), [
    ["POST", "reauthenticate", "access-1", { password: "password123", code: "123456" }],
    ["POST", "reauthenticate", "access-2", { password: "wrong" }],
  ]);
  assert.deepEqual(heard.filter((id) => id !== ADA.id), []);
});
