import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { afterEach, mock, test } from "node:test";
import { withBkend } from "../src/bkend.ts";
import { createClient, isBakendError } from "../src/index.ts";
import { API, LIFETIME, Stack } from "./server-stack.ts";

afterEach(() => mock.timers.reset());

interface Profile {
  name: string;
}

function scene() {
  const stack = new Stack();
  const client = createClient<object, Profile>(API, { storage: "memory", fetch: stack.fetch });
  return { stack, client, bkend: withBkend(client) };
}

test("the functions of the skill run as they are written", async () => {
  const { bkend, client } = scene();
  const localStorage = new Map<string, string>();
  async function handleSignup(email: string, password: string, name: string) {
    const { user, access_token, refresh_token } = await bkend.auth.signup({ email, password, name });
    localStorage.set("bkend_access_token", access_token);
    ok(refresh_token);
    return user;
  }
  async function handleLogin(email: string, password: string) {
    const { user, access_token } = await bkend.auth.signin({ email, password });
    localStorage.set("bkend_access_token", access_token);
    return user;
  }
  strictEqual((await handleSignup("grace@example.com", "a long password", "Grace")).name, "Grace");
  strictEqual((await bkend.auth.me()).email, "grace@example.com");
  strictEqual(client.auth.user?.email, "grace@example.com");
  strictEqual((await handleLogin("ada@example.com", "a long password")).email, "ada@example.com");
  strictEqual(localStorage.get("bkend_access_token"), await client.auth.token());
  bkend.auth.signout().catch(() => {});
  await client.auth.token();
  await bkend.auth.signout();
  strictEqual(client.auth.user, null);
});

test("refresh gives a good token of the client's own session, whatever token an app has kept", async () => {
  const { stack, bkend } = scene();
  const { access_token, refresh_token } = await bkend.auth.signin({ email: "ada@example.com", password: "a long password" });
  strictEqual((await bkend.auth.refresh(refresh_token)).access_token, access_token);
  strictEqual(stack.refreshes, 0);
  stack.later(LIFETIME);
  const next = await bkend.auth.refresh(refresh_token);
  notStrictEqual(next.access_token, access_token);
  stack.later(LIFETIME);
  await bkend.auth.refresh(refresh_token);
  deepStrictEqual(stack.server.ended, []);
});

test("refresh begins with the token of an app that keeps it where the client has no session", async () => {
  const { stack, bkend } = scene();
  const { refresh_token } = await bkend.auth.signin({ email: "ada@example.com", password: "a long password" });
  const client = createClient(API, { storage: "memory", fetch: stack.fetch });
  const fresh = withBkend(client);
  const next = await fresh.auth.refresh(refresh_token);
  strictEqual(next.access_token, await client.auth.token());
  notStrictEqual(next.refresh_token, refresh_token);
  strictEqual((await fresh.auth.me()).email, "ada@example.com");
  ok(stack.keys.every((key) => key !== null));
});

test("refresh without any session is refused without a request", async () => {
  const { stack, bkend } = scene();
  for (const token of [undefined, null, ""]) {
    await rejects(bkend.auth.refresh(token), (error) => isBakendError(error, "auth/authentication-required"));
  }
  deepStrictEqual(stack.server.requests, []);
});

test("where the address is proven first, a signup says so and keeps the flow", async () => {
  const { stack, bkend, client } = scene();
  stack.before = () => Response.json({ flow: "handle", expiresIn: 900 }, { status: 202 });
  const signup = bkend.auth.signup({ email: "grace@example.com", password: "a long password" });
  await rejects(signup, (error) => isBakendError(error, "auth/email-not-verified"));
  strictEqual(await client.auth.flow("register").get(), "handle");
  strictEqual(client.auth.user, null);
});

test("a wrong password and a second factor throw as they do in the client", async () => {
  const { stack, bkend, client } = scene();
  const wrong = bkend.auth.signin({ email: "ada@example.com", password: "another password" });
  await rejects(wrong, (error) => isBakendError(error, "auth/invalid-credentials"));
  stack.ada.factor = "123456";
  const credentials = { email: "ada@example.com", password: "a long password" };
  await rejects(bkend.auth.signin(credentials), (error) => isBakendError(error, "auth/mfa-required"));
  ok(client.auth.mfa.open);
  strictEqual((await bkend.auth.signin({ ...credentials, mfaCode: "123456" })).user.email, "ada@example.com");
});
