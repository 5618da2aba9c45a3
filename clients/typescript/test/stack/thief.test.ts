// A copy of the stored token and its key, taken once, against a running API: the theft is noticed and the session ends.

import { deepStrictEqual, strictEqual } from "node:assert";
import { describe, test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { Shared, client, person, refresh, refusal, skip } from "./stack.ts";

/** A little more than `auth.refreshGrace`, within which a reuse is refused and nothing else. */
const GRACE = 11_000;
const REFUSED = [401, "auth/invalid-refresh-token"];

/** An owner, and a thief who has copied token and key. */
async function scene() {
  const shared = new Shared();
  const { auth, user } = await person(shared.options);
  const told: unknown[] = [];
  auth.onChange((now) => told.push(now));
  const { refreshToken, key } = shared.pair!;
  const loot = { token: refreshToken, key, pairs: 0, access: "" };
  return {
    auth,
    shared,
    told,
    loot,
    /** The owner's next refresh. */
    async goOn() {
      shared.expire();
      strictEqual((await auth.me()).id, user.id);
    },
    /** The thief's next refresh: with the copied key first, and then with keys of the thief's own, as a client would. */
    async steal() {
      const { status, body } = await refresh(loot.token, loot.key);
      if (status === 200) {
        const pairs = loot.pairs + 1;
        Object.assign(loot, { token: body.refreshToken, key: `a-key-of-the-thief-${pairs}`, pairs, access: body.accessToken });
      }
      return status === 200 ? [200] : [status, body.error.code];
    },
    /** Nobody has the session any more. */
    async isOver() {
      strictEqual(await refusal(auth.me()), "401 auth/session-revoked");
      deepStrictEqual([auth.user, await auth.token(), shared.pair, told], [null, null, null, [null]]);
      const { status } = await refresh(loot.token, loot.key);
      strictEqual(status, 401);
    },
  };
}

describe("a thief", { skip, concurrency: true }, () => {
  test("who comes between the owner's refreshes gets one pair, and its reuse ends the session", async () => {
    const { auth, goOn, steal, isOver, loot, told } = await scene();
    await goOn();
    // The same successor as the owner's, since nobody has used that yet.
    deepStrictEqual(await steal(), [200]);
    await goOn();
    deepStrictEqual(await steal(), REFUSED);
    // Within the grace a reuse is forgiven.
    strictEqual((await auth.me()).id, auth.user?.id);
    await later(GRACE);
    deepStrictEqual(await steal(), REFUSED);
    deepStrictEqual([loot.pairs, told], [1, []]);
    await isOver();
  });

  test("who comes after the owner's next two refreshes gets nothing, and the session is over", async () => {
    const { goOn, steal, isOver, loot } = await scene();
    await goOn();
    await goOn();
    deepStrictEqual(await steal(), REFUSED);
    strictEqual(loot.pairs, 0);
    await isOver();
  });

  test("who goes on alone loses everything at the owner's next refresh", async () => {
    const { auth, shared, steal, told, loot } = await scene();
    deepStrictEqual([await steal(), await steal()], [[200], [200]]);
    deepStrictEqual(told, []);
    shared.expire();
    strictEqual(await refusal(auth.update({ name: "Nobody" })), "401 auth/session-revoked");
    deepStrictEqual([auth.user, shared.pair, told], [null, null, [null]]);
    deepStrictEqual(await steal(), REFUSED);
    const asked = client().request("GET", "/api/auth/me", { headers: { authorization: `Bearer ${loot.access}` } });
    strictEqual(await refusal(asked), "401 auth/session-revoked");
    strictEqual(loot.pairs, 2);
  });
});
