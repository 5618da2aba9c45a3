import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { ADA, GRACE, clear, open, page, refusal, tokens } from "./fake/identity.ts";

beforeEach(() => void page("https://app.example.com/"));
afterEach(clear);

const PROVEN = { ...ADA, emailVerifiedAt: "2026-11-02T00:00:00.000Z" };

test("a reset by a code sends the flow that was opened, and forgets it", async () => {
  const { auth, reply, asked } = open();
  reply([202, { flow: "f1", expiresIn: 1800 }], [204], [204]);
  const opened = await auth.forgot("ada@example.com", { locale: "de", redirectTo: "https://app.example.com/done" });
  assert.equal(opened.expiresIn, 1800);
  await auth.reset({ code: "12345678" }, "password456");
  await auth.reset({ code: "12345678" }, "password456");
  assert.deepEqual(asked(), [
    ["POST", "password/forgot", null, { email: "ada@example.com", locale: "de", redirectTo: "https://app.example.com/done" }],
    ["POST", "password/reset", null, { flow: "f1", code: "12345678", newPassword: "password456" }],
    ["POST", "password/reset", null, { flow: null, code: "12345678", newPassword: "password456" }],
  ]);
});

test("a wrong code leaves the flow for the next try", async () => {
  const { auth, reply, asked } = open();
  reply([202, { flow: "f1", expiresIn: 1800 }], refusal(400, "auth/invalid-code"), [204]);
  await auth.forgot("ada@example.com");
  await assert.rejects(auth.reset({ code: "00000000" }, "password456"), { code: "auth/invalid-code", status: 400 });
  await auth.reset({ code: "12345678" }, "password456");
  assert.equal(asked()[2]![3].flow, "f1");
});

test("a link needs no flow, and an app may bring its own", async () => {
  const { auth, reply, asked } = open();
  reply([204], [204]);
  await auth.reset({ token: "t" }, "password456");
  await auth.reset({ code: "12345678", flow: "mine" }, "password456");
  const bodies = asked().map(([, , , body]) => body);
  assert.deepEqual(bodies, [
    { token: "t", newPassword: "password456" },
    { code: "12345678", flow: "mine", newPassword: "password456" },
  ]);
});

test("a mail is sent again by its flow", async () => {
  const { auth, reply, asked } = open();
  reply([202, { flow: "f1", expiresIn: 9 }], [202, { flow: "f2", expiresIn: 9 }], [202, { flow: "f3", expiresIn: 9 }], [204]);
  await auth.forgot("ada@example.com");
  await auth.forgot("ada@example.com");
  await auth.forgot("ada@example.com", { again: true });
  await auth.reset({ code: "12345678" }, "password456");
  const flows = asked().map(([, , , body]) => body.flow);
  assert.deepEqual(flows, [undefined, undefined, "f2", "f3"]);
});

test("a signed-in user proves the address with the session, and listeners hear of it", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn();
  const heard: unknown[] = [];
  auth.onChange((user) => heard.push(user?.emailVerifiedAt));
  reply([200, { user: PROVEN }]);
  const user = await auth.verifyEmail({ code: "12345678" });
  assert.equal(user.emailVerifiedAt, PROVEN.emailVerifiedAt);
  assert.equal(auth.user?.emailVerifiedAt, PROVEN.emailVerifiedAt);
  await new Promise((done) => setTimeout(done));
  assert.equal(heard.at(-1), PROVEN.emailVerifiedAt);
  assert.deepEqual(asked(), [["POST", "verify-email", "access-1", { code: "12345678" }]]);
});

test("an address is proven with its password, which signs in", async () => {
  const { auth, reply, asked } = open();
  reply([200, { ...tokens(), user: PROVEN }]);
  await auth.verifyEmail({ token: "t", password: "password123" });
  assert.equal(auth.user?.id, ADA.id);
  assert.equal(await auth.token(), "access-1");
  assert.deepEqual(asked(), [["POST", "verify-email", null, { token: "t", password: "password123" }]]);
});

test("a proof with a password goes without the session of another", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn(GRACE);
  reply([200, { ...tokens("2"), user: PROVEN }]);
  await auth.verifyEmail({ email: "ada@example.com", code: "12345678", password: "password123" });
  assert.deepEqual([auth.user?.id, await auth.token(), asked()[0]![2]], [ADA.id, "access-2", null]);
});

test("without a session nobody is signed in", async () => {
  const { auth, reply } = open();
  reply([200, { user: PROVEN }]);
  const user = await auth.verifyEmail({ token: "t", password: "password123", session: false });
  assert.deepEqual([user.id, auth.user], [ADA.id, null]);
});

test("a registration that waits is confirmed by its code, and signs in", async () => {
  const { auth, reply, asked } = open();
  reply([202, { flow: "r1", expiresIn: 86400 }], [202, { flow: "r2", expiresIn: 86400 }], [201, { ...tokens(), user: PROVEN }]);
  assert.equal(await auth.register("ada@example.com", "password123"), null);
  await auth.resend();
  assert.equal((await auth.confirmRegistration({ code: "12345678" })).id, ADA.id);
  assert.equal(await auth.token(), "access-1");
  assert.deepEqual(asked().slice(1), [
    ["POST", "register/resend", null, { flow: "r1" }],
    ["POST", "register/confirm", null, { flow: "r2", code: "12345678" }],
  ]);
  reply([202, { expiresIn: 86400 }]);
  await auth.resend();
  assert.deepEqual(asked(), [["POST", "verify-email/resend", "access-1", undefined]]);
});

test("a registration is confirmed by its link with the password", async () => {
  const { auth, reply, asked } = open();
  reply([201, { ...tokens(), user: PROVEN }]);
  await auth.confirmRegistration({ token: "t", password: "password123" });
  assert.deepEqual(asked(), [["POST", "register/confirm", null, { token: "t", password: "password123" }]]);
});

test("another address is asked for, confirmed and called off", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn();
  const changed = { ...PROVEN, email: "lovelace@example.com" };
  reply([202, { expiresIn: 86400 }], [200, { user: changed }], [204]);
  await auth.changeEmail("lovelace@example.com", { password: "password123", code: "123456" });
  assert.equal((await auth.confirmEmail({ token: "t" })).email, "lovelace@example.com");
  assert.equal(auth.user?.email, "lovelace@example.com");
  assert.equal(await auth.cancelEmailChange(), undefined);
  assert.deepEqual(asked(), [
    ["POST", "email/change", "access-1", { newEmail: "lovelace@example.com", password: "password123", code: "123456" }],
    ["POST", "email/change/confirm", "access-1", { token: "t" }],
    ["DELETE", "email/change", "access-1", undefined],
  ]);
});

test("a sign-in by mail takes the code with its flow, and tells whether the account is new", async () => {
  const { auth, reply, asked } = open();
  reply([202, { flow: "m1", expiresIn: 600 }], [200, { ...tokens(), user: ADA, isNewUser: true, termsRequired: true }]);
  await auth.magicLink("ada@example.com");
  const entered = await auth.verifyMagicLink({ code: "12345678" }, { name: "Ada", termsVersion: "2026-11" });
  assert.equal(entered.isNewUser, true);
  assert.equal(entered.termsRequired, true);
  assert.equal("accessToken" in entered, false);
  assert.equal(auth.user?.id, ADA.id);
  assert.deepEqual(asked(), [
    ["POST", "magic-link", null, { email: "ada@example.com" }],
    ["POST", "magic-link/verify", null, { flow: "m1", code: "12345678", name: "Ada", termsVersion: "2026-11" }],
  ]);
});

test("a second factor goes on after a sign-in by mail, whose code is used up", async () => {
  const { auth, reply, asked } = open();
  const mfa = { token: "step", methods: ["totp"], expiresIn: 300 };
  reply([202, { flow: "m1", expiresIn: 600 }], refusal(403, "auth/mfa-required", { mfa }), [200, { ...tokens(), user: GRACE }]);
  await auth.magicLink("grace@example.com");
  await assert.rejects(auth.verifyMagicLink({ code: "12345678" }), { code: "auth/mfa-required" });
  assert.equal(await auth.flow("magic-link").get(), null);
  assert.equal((await auth.mfa.verify("123456")).id, GRACE.id);
  assert.deepEqual(asked()[2], ["POST", "mfa/verify", null, { mfaToken: "step", code: "123456" }]);
});

test("a flow is kept in the client's storage where there is no other", async () => {
  clear();
  const kept = new Map<string, string>();
  const storage = {
    get: async (key: string) => kept.get(key) ?? null,
    set: async (key: string, value: string | null) => void (value === null ? kept.delete(key) : kept.set(key, value)),
  };
  const { auth, reply, asked } = open(storage);
  reply([202, { flow: "f1", expiresIn: 1800 }], [204]);
  await auth.forgot("ada@example.com");
  assert.deepEqual([...kept], [["bakend:https://api.example.com:reset", "f1"]]);
  await auth.reset({ code: "12345678" }, "password456");
  assert.deepEqual([...kept], []);
  assert.equal(asked()[1]![3].flow, "f1");
});
