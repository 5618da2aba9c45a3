import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "../src/index.ts";
import { act, click, createElement as h, hooks, mount, settle, StrictMode, type } from "./react/dom.ts";

const { BakendProvider, LoginForm, ProtectedRoute, useAuth, useRecords } = hooks;

const user = (id: string) => ({
  id,
  email: `${id}@example.com`,
  role: "authenticated",
  createdAt: "2026-01-05T09:00:00.000Z",
  emailVerifiedAt: null,
  mfa: true,
});

/** An API whose account has a second factor, and whose posts are those of the caller. */
function api() {
  const asked: string[] = [];
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const { pathname, searchParams } = new URL(request.url);
    const body = request.method === "POST" ? JSON.parse((await request.text()) || "{}") : {};
    asked.push(`${request.method} ${pathname}`);
    const json = (status: number, reply: object) =>
      new Response(JSON.stringify(reply), { status, headers: { "content-type": "application/json" } });
    const refused = (status: number, code: string, more: object = {}) =>
      json(status, { error: { code, message: code, requestId: "r", ...more } });
    const signedIn = () =>
      json(200, { user: user("ada"), accessToken: "A", refreshToken: "R", tokenType: "Bearer", expiresIn: 900 });
    if (pathname === "/api/auth/login") {
      return refused(403, "auth/mfa-required", { mfa: { token: "T", methods: ["totp", "recovery"], expiresIn: 300 } });
    }
    if (pathname === "/api/auth/mfa/verify")
      return body.mfaToken === "T" && body.code === "123456" ? signedIn() : refused(401, "auth/invalid-mfa-code");
    if (pathname === "/api/auth/logout") return new Response(null, { status: 204 });
    if (searchParams.get("cursor") === "old") return refused(400, "data/invalid-cursor");
    const of = request.headers.get("authorization") === "Bearer A" ? "ada" : "nobody";
    return json(200, { items: [{ id: "1", title: `of ${of}` }], nextCursor: "old" });
  };
  return { asked, client: createClient("https://api.example.com", { fetch: send, storage: "memory" }) };
}

function Posts() {
  const { items, error, loadMore } = useRecords("posts", { limit: 1 });
  const { logout } = useAuth();
  return h(
    "p",
    null,
    items.map((it) => it["title"]).join(),
    error?.code,
    h("button", { id: "more", onClick: loadMore }),
    h("button", { id: "leave", onClick: logout }),
  );
}

test("the form, the guard and the list work with the package's own client, from the factor to the sign-out", async () => {
  const { asked, client } = api();
  const route = h(ProtectedRoute, { fallback: h(LoginForm) }, h(Posts));
  const shown = await mount(h(StrictMode, null, h(BakendProvider, { client }, route)));
  await settle();
  type(shown.find("input[name=email]"), "ada@example.com");
  type(shown.find("input[name=password]"), "password123");
  await click(shown.find("button[type=submit]"));
  await settle();
  const field = shown.find("input[name=code]");
  assert.ok(field !== null);
  type(field, "000000");
  await click(shown.find("button[type=submit]"));
  await settle();
  assert.equal(shown.find("[role=alert]")?.textContent, "auth/invalid-mfa-code");
  type(shown.find("input[name=code]"), "123456");
  await click(shown.find("button[type=submit]"));
  await settle();
  await settle();
  assert.equal(shown.text(), "of ada");
  await click(shown.find("#more"));
  await settle();
  assert.equal(shown.text(), "of adadata/invalid-cursor");
  await click(shown.find("#leave"));
  await settle();
  assert.ok(shown.find("input[name=email]") !== null);
  assert.deepEqual(asked, [
    "POST /api/auth/login",
    "POST /api/auth/mfa/verify",
    "POST /api/auth/mfa/verify",
    "GET /api/posts",
    "GET /api/posts",
    "POST /api/auth/logout",
  ]);
  await shown.unmount();
});

test("a list of everybody is read anew when its user leaves", async () => {
  const { client } = api();
  const shown = await mount(h(BakendProvider, { client }, h(Posts)));
  await settle();
  assert.equal(shown.text(), "of nobody");
  await assert.rejects(client.auth.login("ada@example.com", "password123"), { code: "auth/mfa-required" });
  await act(async () => void (await client.auth.mfa.verify("123456")));
  await settle();
  assert.equal(shown.text(), "of ada");
  await click(shown.find("#leave"));
  await settle();
  assert.equal(shown.text(), "of nobody");
  await shown.unmount();
});
