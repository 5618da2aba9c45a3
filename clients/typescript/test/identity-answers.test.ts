// Addresses that somebody made up, and runtimes that are no browser: neither costs a sign-in that is under way.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { withIdentity } from "../src/identity.ts";
import { createClient } from "../src/index.ts";
import { giving } from "./core-fetch.ts";
import { ADA, GRACE, URL_OF_API, WebStorage, clear, open, page, put, refusal, tokens } from "./fake/identity.ts";

afterEach(clear);

const BACK = "https://app.example.com/done";
const SIGNED_IN = { ...tokens(), user: ADA, isNewUser: false };

test("a code that somebody made up does not cost the mail that is under way", async () => {
  const { location, replaced, all } = page("https://app.example.com/login");
  const { auth, reply, asked } = open();
  reply([202, { flow: "m1", expiresIn: 600 }], refusal(400, "auth/invalid-oauth-code"), [200, SIGNED_IN]);
  await auth.magicLink("ada@example.com", { redirectTo: BACK });
  const kept = { ...all };
  location.href = `${BACK}?code=made-up`;
  await assert.rejects(auth.oauth.finish(location.href), { code: "auth/invalid-oauth-code" });
  assert.deepEqual({ ...all }, kept);
  assert.deepEqual(replaced, [[{ kept: true }, BACK]]);
  assert.equal((await auth.oauth.finish(`${BACK}?code=sealed`))?.user.id, ADA.id);
  const [, first, second] = asked().map(([, , , body]) => body);
  assert.equal(second.codeVerifier, first.codeVerifier);
  assert.deepEqual({ ...all }, {});
});

test("the address bar keeps every parameter but those of the answer", async () => {
  const cases = [
    ["?code=sealed&page=2#part", "?page=2#part"],
    ["?page=2&code=sealed&state=s&error=no&sort=a%20b", "?page=2&sort=a%20b"],
    ["?code=sealed&error_description=x", ""],
    ["?promo-code=1&code=sealed", "?promo-code=1"],
  ] as const;
  for (const [query, rest] of cases) {
    const { location, replaced } = page("https://app.example.com/login");
    const { auth, reply } = open();
    await auth.oauth.start("google", BACK);
    location.href = BACK + query;
    reply([200, SIGNED_IN]);
    await auth.oauth.finish(location.href);
    assert.deepEqual(replaced, [[{ kept: true }, BACK + rest]]);
    clear();
  }
});

for (const call of ["confirm", "disable"] as const) {
  test(`a factor is not that of another who signs in during mfa.${call}`, async () => {
    const mfa = call === "disable";
    let go = (): void => {};
    const wait = new Promise<void>((done) => (go = done));
    const { options } = giving(async ({ path }, number) => {
      if (path.endsWith("login")) return { body: { ...tokens(`${number}`), user: number === 1 ? ADA : { ...GRACE, mfa } } };
      await wait;
      return { body: { ...tokens(`${number}`), recoveryCodes: ["code"] } };
    });
    const { auth } = withIdentity(createClient(URL_OF_API, options));
    await auth.login("ada@example.com", "password123");
    const under = call === "confirm" ? auth.mfa.confirm("123456") : auth.mfa.disable({ code: "123456" });
    await new Promise((done) => setTimeout(done, 20));
    await auth.login("grace@example.com", "password123");
    go();
    await under;
    assert.deepEqual([auth.user?.id, auth.user?.mfa, await auth.token()], [GRACE.id, mfa, "access-3"]);
  });
}

test("words of a provider that are cut are taken as they are", async () => {
  const { location } = page("https://app.example.com/login");
  const { auth } = open();
  await auth.oauth.start("google", BACK);
  location.href = `${BACK}?error=provider_error&error_description=50%`;
  await assert.rejects(auth.oauth.finish(location.href), { code: "auth/provider-unavailable", message: "50%" });
});

test("a server's `localStorage` holds no verifier, since all visitors would share it", async () => {
  const { all } = page("https://app.example.com/login");
  put({ document: undefined });
  const { auth, reply } = open();
  reply([202, { flow: "m1", expiresIn: 600 }]);
  await auth.magicLink("ada@example.com", { redirectTo: BACK });
  assert.deepEqual({ ...all }, {});
});

test("another visitor's storage gives no verifier on a server", async () => {
  const shared = new WebStorage();
  page("https://app.example.com/login", shared);
  shared.setItem(`bakend:${URL_OF_API}:mail`, JSON.stringify({ verifier: "another visitor's" }));
  put({ document: undefined });
  assert.equal(await open().auth.oauth.finish(`${BACK}?code=sealed`), null);
});

test("an address is encoded without `URLSearchParams`, which React Native has half", async () => {
  const before = globalThis.URLSearchParams;
  put({ URLSearchParams: undefined });
  try {
    const address = await open().auth.oauth.start("google", "com.example.app:/auth?a=1&b", { locale: undefined });
    assert.match(address, /\/google\/start\?redirectTo=com\.example\.app%3A%2Fauth%3Fa%3D1%26b&codeChallenge=[\w-]{43}$/);
  } finally {
    put({ URLSearchParams: before });
  }
});
