import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, test } from "node:test";

import { ADA, GRACE, URL_OF_API, clear, open, page, refusal, tokens } from "./fake/identity.ts";

afterEach(clear);

const BACK = "https://app.example.com/done";
const SIGNED_IN = { ...tokens(), user: ADA, isNewUser: false, linkedByEmail: true };
const GOOGLE = { id: "google", kind: "provider", label: "ada@gmail.com", connectedAt: "2026-11-01T00:00:00.000Z" };

/** Begins a sign-in, and gives the challenge that the server was told. */
async function begin(auth: ReturnType<typeof open>["auth"]): Promise<string> {
  const address = new URL(await auth.oauth.start("google", BACK));
  return address.searchParams.get("codeChallenge")!;
}

const challengeOf = (verifier: string) => createHash("sha256").update(verifier).digest("base64url");

test("a start goes to the API with a challenge, and keeps the verifier in the tab", async () => {
  const { gone, all } = page("https://app.example.com/login");
  const { auth, asked } = open();
  const options = { prompt: "login", loginHint: "ada+x@example.com", locale: undefined } as const;
  const address = await auth.oauth.start("google", `${BACK}?a=1&b`, options);
  assert.deepEqual(gone, [address]);
  const { origin, pathname, searchParams } = new URL(address);
  assert.equal(origin + pathname, `${URL_OF_API}/api/auth/oauth/google/start`);
  const kept = JSON.parse(globalThis.sessionStorage.getItem(`bakend:${URL_OF_API}:oauth`)!);
  assert.match(kept.verifier, /^[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(Object.fromEntries(searchParams), {
    redirectTo: `${BACK}?a=1&b`,
    codeChallenge: challengeOf(kept.verifier),
    prompt: "login",
    loginHint: "ada+x@example.com",
  });
  assert.deepEqual({ ...all }, {});
  assert.deepEqual(asked(), []);
});

test("each start has a verifier of its own", async () => {
  page("https://app.example.com/login");
  const { auth } = open();
  assert.notEqual(await begin(auth), await begin(auth));
});

test("an app gets the address alone", async () => {
  const { gone } = page("https://app.example.com/login");
  const { auth } = open();
  const address = await auth.oauth.start("github", "com.example.app:/auth", { navigate: false });
  assert.match(address, /\/oauth\/github\/start\?redirectTo=com\.example\.app%3A%2Fauth&codeChallenge=/);
  assert.deepEqual(gone, []);
  clear();
  assert.match(await open().auth.oauth.start("github", "com.example.app:/auth"), /^https:/);
});

test("a finish trades the code with the verifier, signs in and clears the address", async () => {
  const { location, replaced } = page("https://app.example.com/login");
  const { auth, reply, asked } = open();
  const challenge = await begin(auth);
  location.href = `${BACK}?a=1&code=sealed#part`;
  reply([200, SIGNED_IN]);
  const done = await auth.oauth.finish(location.href, { name: "Ada" });
  assert.deepEqual(done, { user: ADA, isNewUser: false, linkedByEmail: true, termsRequired: undefined });
  assert.equal(auth.user?.id, ADA.id);
  const [[method, path, token, body]] = asked() as [any[]];
  assert.deepEqual([method, path, token, body.code, body.name], ["POST", "oauth/exchange", null, "sealed", "Ada"]);
  assert.equal(challengeOf(body.codeVerifier), challenge);
  assert.deepEqual(replaced, [[{ kept: true }, `${BACK}?a=1#part`]]);
  assert.equal(await auth.flow("oauth").get(), null);
});

test("two calls at once trade the code once, and get the same", async () => {
  const { location } = page("https://app.example.com/login");
  const { auth, reply, asked } = open();
  await begin(auth);
  location.href = `${BACK}?code=sealed`;
  reply([200, SIGNED_IN]);
  const url = location.href;
  const both = await Promise.all([auth.oauth.finish(url), auth.oauth.finish(url)]);
  assert.equal(both[0], both[1]);
  assert.equal(await auth.oauth.finish(url), both[0]);
  assert.equal(asked().length, 1);
});

test("an address without an answer is null, and so is an error that nobody waits for", async () => {
  const { replaced } = page("https://app.example.com/?error=access_denied");
  const { auth, asked } = open();
  for (const url of ["https://app.example.com/", `${BACK}?encode=1&barcode=2`, `${BACK}?code=`, `${BACK}?error=access_denied`]) {
    assert.equal(await auth.oauth.finish(url), null, url);
  }
  assert.deepEqual([asked(), replaced], [[], []]);
});

test("another page than that of the answer keeps its address", async () => {
  const { location, replaced } = page("https://app.example.com/login");
  const { auth, reply } = open();
  await begin(auth);
  location.href = "https://app.example.com/elsewhere?code=other";
  reply([200, SIGNED_IN]);
  await auth.oauth.finish(`${BACK}?code=sealed`);
  assert.deepEqual(replaced, []);
});

test("a failure of the network keeps code and verifier for another try", async () => {
  const { location, replaced } = page("https://app.example.com/login");
  const { auth, reply, asked } = open();
  await begin(auth);
  location.href = `${BACK}?code=sealed`;
  reply("offline", refusal(503, "common/unavailable"), [200, SIGNED_IN]);
  await assert.rejects(auth.oauth.finish(location.href), { code: "client/offline" });
  await assert.rejects(auth.oauth.finish(location.href), { code: "common/unavailable" });
  assert.deepEqual(replaced, []);
  assert.ok(await auth.oauth.finish(location.href));
  const bodies = asked().map(([, , , body]) => body);
  assert.deepEqual(bodies[2], bodies[0]);
  assert.deepEqual(replaced, [[{ kept: true }, BACK]]);
});

test("a deleted account comes back by the same code", async () => {
  const { location } = page("https://app.example.com/login");
  const { auth, reply, asked } = open();
  await begin(auth);
  location.href = `${BACK}?code=sealed`;
  reply(refusal(409, "auth/account-deleted"), [200, SIGNED_IN]);
  await assert.rejects(auth.oauth.finish(location.href), { code: "auth/account-deleted" });
  await auth.oauth.finish(location.href, { restore: true });
  assert.equal(asked()[1]![3].restore, true);
});

for (const [status, code, more] of [
  [400, "auth/invalid-oauth-code", {}],
  [403, "auth/mfa-required", { mfa: { token: "step", methods: ["totp"], expiresIn: 300 } }],
] as const) {
  test(`${code} ends a sign-in, and clears the address`, async () => {
    const { location, replaced } = page("https://app.example.com/login");
    const { auth, reply } = open();
    await begin(auth);
    location.href = `${BACK}?code=sealed`;
    reply(refusal(status, code, more));
    await assert.rejects(auth.oauth.finish(location.href), { code, status });
    assert.deepEqual(replaced, [[{ kept: true }, BACK]]);
    assert.equal(await auth.flow("oauth").get(), null);
    assert.equal(auth.mfa.open?.token, status === 403 ? "step" : undefined);
  });
}

for (const [error, code] of [["access_denied", "auth/forbidden"], ["provider_error", "auth/provider-unavailable"]]) {
  test(`the answer ${error} throws ${code} with the words of the provider`, async () => {
    const { location, replaced } = page("https://app.example.com/login");
    const { auth, asked } = open();
    await begin(auth);
    location.href = `${BACK}?error=${error}&error_description=Not%20today%2C%20Ada`;
    await assert.rejects(auth.oauth.finish(location.href), { name: "BakendError", code, message: "Not today, Ada" });
    assert.deepEqual(replaced, [[{ kept: true }, BACK]]);
    assert.deepEqual(asked(), []);
    assert.equal(await auth.oauth.finish(`${BACK}?error=${error}`), null);
  });
}

test("a code that was asked for elsewhere is null, and a check of it goes without a verifier of ours", async () => {
  page(`${BACK}?code=sealed`);
  const { auth, reply, asked } = open();
  assert.equal(await auth.oauth.finish(`${BACK}?code=sealed`), null);
  assert.deepEqual(asked(), []);
  reply(refusal(400, "auth/invalid-oauth-code"));
  await assert.rejects(auth.accounts.check(`${BACK}?code=sealed`), { code: "auth/invalid-oauth-code" });
  assert.match(asked()[0]![3].codeVerifier, /^[\w-]{43}$/);
});

test("a magic link comes back with a code, also in another tab", async () => {
  const { all } = page("https://app.example.com/login");
  const first = open();
  first.reply([202, { flow: "m1", expiresIn: 600 }], [202, { flow: "m2", expiresIn: 600 }]);
  await first.auth.magicLink("ada@example.com", { redirectTo: BACK });
  await first.auth.magicLink("ada@example.com", { redirectTo: BACK, again: true });
  const [sent, again] = first.asked().map(([, , , body]) => body);
  assert.deepEqual([sent.email, sent.redirectTo, sent.flow, again.flow], ["ada@example.com", BACK, undefined, "m1"]);
  assert.equal(again.codeChallenge, sent.codeChallenge);

  const { replaced } = page(`${BACK}?code=sealed`, all);
  const second = open();
  second.reply([200, SIGNED_IN]);
  assert.equal((await second.auth.oauth.finish(`${BACK}?code=sealed`))?.user.id, ADA.id);
  assert.equal(challengeOf(second.asked()[0]![3].codeVerifier), sent.codeChallenge);
  assert.deepEqual({ ...all }, {});
  assert.equal(replaced.length, 1);
});

test("a full storage does not keep a magic link from this tab", async () => {
  page("https://app.example.com/login");
  Object.defineProperty(globalThis, "localStorage", { configurable: true, get: () => { throw new Error("forbidden"); } });
  const { auth, reply, asked } = open();
  reply([202, { flow: "m1", expiresIn: 600 }], [200, SIGNED_IN]);
  await auth.magicLink("ada@example.com", { redirectTo: BACK });
  await auth.oauth.finish(`${BACK}?code=sealed`);
  const [sent, traded] = asked().map(([, , , body]) => body);
  assert.equal(challengeOf(traded.codeVerifier), sent.codeChallenge);
});

test("a native app signs in by what its library gave", async () => {
  const { auth, reply, asked } = open();
  reply([200, { ...SIGNED_IN, isNewUser: true }]);
  const done = await auth.oauth.native("google", { idToken: "eyJ", nonce: "text", name: "Ada" });
  assert.deepEqual([done.isNewUser, auth.user?.id], [true, ADA.id]);
  assert.deepEqual(asked(), [["POST", "oauth/google/token", null, { idToken: "eyJ", nonce: "text", name: "Ada" }]]);
});

test("a provider is linked to the account that began it", async () => {
  const { location, gone } = page("https://app.example.com/settings");
  const { auth, reply, asked, signIn } = open();
  await signIn();
  await auth.accounts.link("google", BACK);
  assert.equal(gone.length, 1);
  location.href = `${BACK}?code=sealed`;
  reply(refusal(403, "auth/reauthentication-required"), [200, tokens("2")], [201, GOOGLE], [200, ADA]);
  await assert.rejects(auth.oauth.finish(location.href), { code: "auth/reauthentication-required" });
  await auth.reauthenticate({ password: "password123" });
  assert.deepEqual(await auth.oauth.finish(location.href), { linked: GOOGLE, user: ADA });
  const requests = asked();
  assert.deepEqual(requests.map(([, path, token]) => [path, token]), [
    ["accounts", "access-1"],
    ["reauthenticate", "access-1"],
    ["accounts", "access-2"],
    ["me", "access-2"],
  ]);
  assert.deepEqual(Object.keys(requests[2]![3]), ["code", "codeVerifier"]);
});

test("nothing is linked to the account of another who has signed in meanwhile", async () => {
  page("https://app.example.com/settings");
  const { auth, reply, asked, signIn } = open();
  await signIn();
  await auth.accounts.link("google", BACK);
  const { verifier } = JSON.parse((await auth.flow("oauth").get())!);
  await signIn(GRACE);
  reply(refusal(400, "auth/invalid-oauth-code"));
  await assert.rejects(auth.oauth.finish(`${BACK}?code=sealed`), { code: "auth/invalid-oauth-code" });
  assert.notEqual(asked()[0]![3].codeVerifier, verifier);
});

test("a check asks with the verifier, and leaves the code to finish", async () => {
  page("https://app.example.com/login");
  const { auth, reply, asked } = open();
  await begin(auth);
  reply([200, { exists: false }], [200, SIGNED_IN], [200, { exists: true, methods: ["password"] }]);
  assert.deepEqual(await auth.accounts.check(`${BACK}?code=sealed`), { exists: false });
  await auth.oauth.finish(`${BACK}?code=sealed`);
  assert.equal((await auth.accounts.check({ email: "ada@example.com" })).exists, true);
  const [checked, traded, found] = asked().map(([, , , body]) => body);
  assert.deepEqual(checked, { code: "sealed", codeVerifier: traded.codeVerifier });
  assert.deepEqual(found, { email: "ada@example.com" });
});

test("providers and the ways to sign in are lists, and a way is removed", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn();
  reply([200, { items: [{ name: "google", kind: "google" }] }], [200, { items: [GOOGLE] }], [204]);
  assert.deepEqual(await auth.providers(), [{ name: "google", kind: "google" }]);
  assert.deepEqual(await auth.accounts.list(), [GOOGLE]);
  await auth.accounts.unlink("google");
  assert.deepEqual(asked(), [
    ["GET", "providers", null, undefined],
    ["GET", "accounts", "access-1", undefined],
    ["DELETE", "accounts/google", "access-1", undefined],
  ]);
});
