// Passkeys against a running API, by a device in software. The browser is one that has JSON of its own, and then one without.

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { afterEach, describe, test } from "node:test";
import { Browser } from "./authenticator.ts";
import { PASSWORD, elsewhere, identity, person, refusal, skip } from "./stack.ts";

let browser: Browser | undefined;
afterEach(() => {
  browser?.close();
  browser = undefined;
});

describe("passkeys", { skip }, () => {
  for (const isModern of [true, false]) {
    test(`are added, sign in, prove anew and are removed: ${isModern ? "a browser with" : "one without"} JSON`, async () => {
      browser = new Browser(isModern);
      const { auth, email, user } = await person();
      ok(auth.passkeys.isSupported());
      const added = await auth.passkeys.add("Laptop");
      deepStrictEqual([added.name, added.backedUp, added.lastUsedAt, added.transports], ["Laptop", true, null, ["internal"]]);
      deepStrictEqual(await auth.passkeys.list(), [added]);
      strictEqual((await auth.passkeys.rename(added.id, "The laptop")).name, "The laptop");
      strictEqual((await auth.mfa.status()).passkeys, 1);
      const kinds = (await auth.accounts.list()).map(({ kind }) => kind);
      deepStrictEqual(kinds, ["password", "passkey"]);

      const other = identity();
      const told: unknown[] = [];
      other.auth.onChange((now) => told.push(now?.id));
      strictEqual((await other.auth.passkeys.signIn()).email, email);
      deepStrictEqual([other.auth.user?.id, told, (await other.auth.me()).id], [user.id, [user.id], user.id]);
      strictEqual((await other.auth.passkeys.signIn({ mediation: "conditional" })).id, user.id);
      strictEqual(browser.asked.at(-1)?.mediation, "conditional");

      const before = await other.auth.token();
      await other.auth.reauthenticate({ passkey: true });
      ok(before !== (await other.auth.token()));
      deepStrictEqual([other.auth.user?.id, told], [user.id, [user.id]]);

      strictEqual(await other.auth.passkeys.remove(added.id), undefined);
      deepStrictEqual(await other.auth.passkeys.list(), []);
      strictEqual(await refusal(auth.me()), "401 auth/session-revoked");
      strictEqual(await refusal(identity().auth.passkeys.signIn()), "401 auth/invalid-passkey");
      strictEqual((await elsewhere(email)).auth.user?.id, user.id);
    });
  }

  test("a user who says no, another site and an account that is gone change nothing", async () => {
    browser = new Browser(true);
    const { auth, email, user } = await person();
    const no = new DOMException("The user said no.", "NotAllowedError");
    browser.refusal = no;
    await rejects(auth.passkeys.add("Phone"), (error) => error === no);
    browser.refusal = null;
    await auth.passkeys.add();
    browser.origin = "https://evil.example";
    const other = identity().auth;
    strictEqual(await refusal(other.passkeys.signIn()), "401 auth/invalid-passkey");
    strictEqual(await refusal(auth.passkeys.add("Phone")), "401 auth/invalid-passkey");
    browser.origin = "http://localhost:3000";
    // The device keeps what the server has refused.
    browser.passkeys.pop();
    deepStrictEqual([other.user, auth.user?.id, (await auth.passkeys.list()).length], [null, user.id, 1]);
    await auth.deleteAccount(PASSWORD);
    strictEqual(await refusal(other.passkeys.signIn()), "409 auth/account-deleted");
    strictEqual((await other.passkeys.signIn({ restore: true })).email, email);
    strictEqual((await other.me()).id, user.id);
  });
});
