// `bakend/identity` against a running API, as far as it goes without reading a mail.

import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert";
import { describe, test } from "node:test";
import { ADMIN, PASSWORD, address, elsewhere, failure, identity, noting, person, refusal, skip } from "./stack.ts";

const INVALID = "400 auth/invalid-code";

describe("identity", { skip }, () => {
  test("the ways to sign in are listed, and the last one stays", async () => {
    const { auth } = await person();
    const accounts = await auth.accounts.list();
    deepStrictEqual(accounts.map(({ id, kind }) => [id, kind]), [["password", "password"]]);
    deepStrictEqual(await auth.providers(), []);
    const error = await refusal(auth.accounts.unlink("google"));
    strictEqual(error, "404 auth/account-not-linked");
    strictEqual((await auth.accounts.list()).length, 1);
  });

  test("admins are told whether an address has an account, and others are not", async () => {
    const { auth, email } = await person();
    const { auth: admin } = await elsewhere(ADMIN);
    deepStrictEqual(await admin.accounts.check({ email }), { exists: true, methods: ["password"] });
    strictEqual((await admin.accounts.check({ email: address() })).exists, false);
    strictEqual(await refusal(auth.accounts.check({ email })), "403 auth/forbidden");
  });

  test("an admin invites, lists, reads, sends again and revokes", async () => {
    const { auth } = await elsewhere(ADMIN);
    strictEqual(auth.user?.role, "admin");
    const email = address();
    const resource = { type: "team", id: email, name: "Blue" };
    const made = await auth.invitations.create({ email, role: "authenticated", resource });
    deepStrictEqual([made.email, made.role, made.status, made.invitedBy], [email, "authenticated", "pending", auth.user.id]);
    deepStrictEqual([made.resource?.type, made.resource?.id, made.resource?.name], ["team", email, "Blue"]);
    ok(Date.parse(made.expiresAt) > Date.now());
    const another = await auth.invitations.create({ email: address(), resource: { type: "team", id: email } });
    deepStrictEqual(await auth.invitations.get(made.id), made);
    const query = { status: "pending", resourceType: "team", resourceId: email } as const;
    const { items, nextCursor } = await auth.invitations.list(query);
    deepStrictEqual([items.map(({ id }) => id), nextCursor], [[another.id, made.id], null]);
    const first = await auth.invitations.list({ limit: 1 });
    deepStrictEqual([first.items.length, typeof first.nextCursor], [1, "string"]);
    const second = await auth.invitations.list({ limit: 1, cursor: first.nextCursor });
    notStrictEqual(second.items[0]?.id, first.items[0]?.id);
    ok((await auth.invitations.resend(made.id)).expiresIn > 0);
    strictEqual(await auth.invitations.revoke(made.id), undefined);
    strictEqual((await auth.invitations.get(made.id)).status, "revoked");
    strictEqual(await refusal(auth.invitations.revoke(made.id)), "409 invitations/closed");
    deepStrictEqual((await auth.invitations.list(query)).items.map(({ id }) => id), [another.id]);
    await auth.invitations.revoke(another.id);
  });

  test("nobody else invites, and a token that is none is refused", async () => {
    const { auth, user } = await person();
    strictEqual(await refusal(auth.invitations.create({ email: address() })), "403 auth/forbidden");
    strictEqual(await refusal(auth.invitations.get(user.id)), "404 invitations/not-found");
    deepStrictEqual((await auth.invitations.list()).items, []);
    strictEqual(await refusal(auth.invitations.accept("no token")), INVALID);
    strictEqual(await refusal(auth.invitations.reject("no token")), INVALID);
    strictEqual(await refusal(identity().auth.invitations.accept("no token", { password: PASSWORD })), INVALID);
    strictEqual((await auth.me()).id, user.id);
  });

  test("a forgotten password opens a flow, which is kept and sent again", async () => {
    const { email } = await person();
    const net = noting();
    const { auth } = identity({ fetch: net.fetch });
    for (const who of [email, address()]) {
      const { flow, expiresIn } = await auth.forgot(who);
      ok(flow && expiresIn > 0);
      strictEqual(await auth.flow("reset").get(), flow);
      const again = await auth.forgot(who, { again: true, locale: "de" });
      strictEqual(await auth.flow("reset").get(), again.flow);
      deepStrictEqual(net.seen.slice(-2).map(({ status, sent }) => [status, sent]), [
        [202, { email: who }],
        [202, { email: who, locale: "de", flow }],
      ]);
    }
    const kept = await auth.flow("reset").get();
    strictEqual(await refusal(auth.reset({ code: "00000000" }, "a new password")), INVALID);
    deepStrictEqual(net.seen.at(-1)?.sent, { flow: kept, code: "00000000", newPassword: "a new password" });
    // The code may have been mistyped, so the flow stays.
    strictEqual(await auth.flow("reset").get(), kept);
    strictEqual(await refusal(auth.reset({ token: "no token" }, "a new password")), INVALID);
    strictEqual((await auth.login(email, PASSWORD)).email, email);
    strictEqual(await refusal(auth.forgot(email, { redirectTo: "https://evil.example" })), "400 auth/redirect-not-allowed");
  });

  test("a sign-in by mail is off in this project, and leaves no flow", async () => {
    const { email } = await person();
    const { auth } = identity();
    strictEqual(await refusal(auth.magicLink(email)), "403 auth/method-disabled");
    strictEqual(await auth.flow("magic-link").get(), null);
    const error = await failure(auth.verifyMagicLink({ code: "00000000", flow: "no flow" }));
    ok(error.status === 400 || error.status === 403, `${error.status} ${error.code}`);
    strictEqual(auth.user, null);
  });

  test("another address is asked for and forgotten, and wrong proofs change nothing", async () => {
    const { auth, email, user } = await person();
    ok((await auth.changeEmail(address(), { password: PASSWORD })).expiresIn > 0);
    strictEqual(await refusal(auth.confirmEmail({ code: "00000000" })), INVALID);
    strictEqual(await auth.cancelEmailChange(), undefined);
    strictEqual(await refusal(auth.verifyEmail({ code: "00000000" })), INVALID);
    strictEqual(await refusal(auth.verifyEmail({ code: "00000000", email, password: PASSWORD })), INVALID);
    strictEqual(await refusal(auth.confirmRegistration({ token: "no token", password: PASSWORD })), INVALID);
    deepStrictEqual(await auth.me(), user);
  });

  test("a recent authentication is a session in the place of the present one", async () => {
    const { auth, email, user } = await person();
    const other = await elsewhere(email);
    const before = (await auth.sessions()).items.map(({ id }) => id);
    await auth.reauthenticate({ password: PASSWORD });
    const { items } = await auth.sessions();
    deepStrictEqual([items.length, items.filter(({ id }) => before.includes(id)).length], [2, 1]);
    deepStrictEqual([auth.user, (await other.auth.me()).id], [user, user.id]);
  });

  test("accounts without an address are off in this project", async () => {
    const { auth } = identity();
    strictEqual(await refusal(auth.anonymous()), "403 auth/method-disabled");
    deepStrictEqual([auth.user, await auth.token()], [null, null]);
  });
});
