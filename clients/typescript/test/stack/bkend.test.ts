// The five functions of `bakend/bkend` against a running API.

import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert";
import { describe, test } from "node:test";
import { withBkend } from "../../src/bkend.ts";
import { PASSWORD, Shared, address, client, failure, refresh, refusal, skip } from "./stack.ts";

describe("the names of bkend", { skip }, () => {
  test("signup, me, signin and signout", async () => {
    const bk = client();
    const { auth } = withBkend(bk);
    const email = address();
    const { user, access_token, refresh_token } = await auth.signup({ email, password: PASSWORD, name: "Ada" });
    deepStrictEqual([user.email, user.name, bk.auth.user?.id], [email, "Ada", user.id]);
    ok(refresh_token);
    strictEqual(access_token, await bk.auth.token());
    deepStrictEqual(await auth.me(), user);
    strictEqual(await auth.signout(), undefined);
    strictEqual(bk.auth.user, null);
    strictEqual(await refusal(auth.me()), "401 auth/authentication-required");
    strictEqual(await refusal(auth.signin({ email, password: "a wrong password" })), "401 auth/invalid-credentials");
    const again = await auth.signin({ email, password: PASSWORD });
    deepStrictEqual(again.user, user);
    notStrictEqual(again.access_token, access_token);
  });

  test("a field that the project does not declare is refused by name", async () => {
    const { auth } = withBkend(client());
    const error = await failure(auth.signup({ email: address(), password: PASSWORD, nickname: "A" }));
    deepStrictEqual([error.code, error.details?.map(({ field }) => field)], ["common/validation-failed", ["nickname"]]);
  });

  test("refresh gives a good token of the client's session, or begins one with the argument", async () => {
    const shared = new Shared();
    const { auth } = withBkend(client(shared.options));
    const email = address();
    const first = await auth.signup({ email, password: PASSWORD });
    const { access_token, refresh_token } = first;
    deepStrictEqual(await auth.refresh(refresh_token), { access_token, refresh_token });
    shared.expire();
    const second = await auth.refresh(first.refresh_token);
    strictEqual(second.access_token, shared.pair?.accessToken);
    notStrictEqual(shared.pair?.refreshToken, first.refresh_token);
    strictEqual((await auth.me()).email, email);

    // An app that has kept a token begins with it where the client has nothing.
    const kept = await withBkend(client()).auth.signin({ email, password: PASSWORD });
    const later = client();
    const began = await withBkend(later).auth.refresh(kept.refresh_token);
    notStrictEqual(began.refresh_token, kept.refresh_token);
    deepStrictEqual([later.auth.user?.email, await later.auth.token()], [email, began.access_token]);
    strictEqual((await later.auth.me()).email, email);
    strictEqual((await refresh(began.refresh_token!, "a-key-of-sixteen-and-more")).status, 200);
    strictEqual(await refusal(withBkend(client()).auth.refresh()), "401 auth/authentication-required");
    strictEqual(await refusal(withBkend(client()).auth.refresh("no token")), "401 auth/invalid-refresh-token");
  });
});
