import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { ADA, GRACE, clear, open, refusal, tokens } from "./fake/identity.ts";

afterEach(clear);

const INVITATION = {
  id: "01900000-0000-7000-8000-000000000009",
  email: "ada@example.com",
  role: "editor",
  resource: { type: "team", id: "7" },
  status: "pending",
  invitedBy: GRACE.id,
  createdAt: "2026-11-01T00:00:00.000Z",
  expiresAt: "2026-11-08T00:00:00.000Z",
};

test("an inviter makes, reads, sends and takes back invitations", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn(GRACE);
  const path = `invitations/${INVITATION.id}`;
  reply([201, INVITATION], [200, { items: [INVITATION], nextCursor: "c" }], [200, INVITATION], [202, { expiresIn: 9 }], [204]);
  const wish = { email: "ada@example.com", role: "editor", resource: { type: "team", id: "7" } };
  assert.deepEqual(await auth.invitations.create(wish), INVITATION);
  const { items, nextCursor } = await auth.invitations.list({ status: "pending", resourceType: "team", limit: 1, cursor: null });
  assert.deepEqual([items.length, nextCursor], [1, "c"]);
  assert.equal((await auth.invitations.get(INVITATION.id)).status, "pending");
  assert.equal((await auth.invitations.resend(INVITATION.id)).expiresIn, 9);
  assert.equal(await auth.invitations.revoke(INVITATION.id), undefined);
  assert.deepEqual(asked(), [
    ["POST", "invitations", "access-1", wish],
    ["GET", "invitations?status=pending&resourceType=team&limit=1", "access-1", undefined],
    ["GET", path, "access-1", undefined],
    ["POST", `${path}/resend`, "access-1", undefined],
    ["DELETE", path, "access-1", undefined],
  ]);
});

test("a reader without an account gets one, and is signed in", async () => {
  const { auth, reply, asked } = open();
  reply([201, { ...tokens(), user: ADA }]);
  const accepted = await auth.invitations.accept("t", { password: "password123", name: "Ada" });
  assert.deepEqual([accepted.user.id, accepted.invitation, auth.user?.id], [ADA.id, undefined, ADA.id]);
  assert.equal(await auth.token(), "access-1");
  assert.deepEqual(asked(), [["POST", "invitations/accept", null, { token: "t", password: "password123", name: "Ada" }]]);
});

test("a user who is signed in takes the role over, and stays signed in", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn();
  reply([200, { invitation: INVITATION, user: { ...ADA, role: "editor" } }]);
  const { user, invitation } = await auth.invitations.accept("t");
  assert.deepEqual([user.role, invitation?.id, auth.user?.role], ["editor", INVITATION.id, "editor"]);
  assert.equal(await auth.token(), "access-1");
  assert.deepEqual(asked(), [["POST", "invitations/accept", "access-1", { token: "t" }]]);
});

test("a new account beside a session goes without its token", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn(GRACE);
  reply([201, { ...tokens("2"), user: ADA }]);
  await auth.invitations.accept("t", { password: "password123" });
  assert.deepEqual([auth.user?.id, await auth.token()], [ADA.id, "access-2"]);
  assert.equal(asked()[0]![2], null);
});

test("an account without a session signs nobody out", async () => {
  const { auth, reply, signIn } = open();
  await signIn(GRACE);
  reply([201, { user: ADA }]);
  await auth.invitations.accept("t", { password: "password123", session: false });
  assert.equal(auth.user?.id, GRACE.id);
});

test("a proven account has to sign in first", async () => {
  const { auth, reply } = open();
  reply(refusal(401, "auth/authentication-required"));
  await assert.rejects(auth.invitations.accept("t"), { code: "auth/authentication-required", status: 401 });
});

test("a reader says no", async () => {
  const { auth, reply, asked } = open();
  reply([200, { id: INVITATION.id, status: "rejected" }]);
  assert.equal((await auth.invitations.reject("t")).status, "rejected");
  assert.deepEqual(asked(), [["POST", "invitations/reject", null, { token: "t" }]]);
});
