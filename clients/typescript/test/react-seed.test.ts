import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import type { ReactNode } from "react";
import type { Client } from "../src/index.ts";
import {
  act,
  click,
  complaints,
  createElement as h,
  load,
  mount,
  renderToString,
  settle,
  StrictMode,
  type,
} from "./react/dom.ts";
import type { Rendered } from "./react/dom.ts";

type App = (props: { client: Client }) => ReactNode;
const { App, connect } = load<{ App: App; connect(send: typeof fetch): Client }>("test/seed/app.tsx");

/** An API with one account, and the paths that it was asked for. */
function api(role: string) {
  const asked: string[] = [];
  const json = (status: number, body: object) =>
    new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const path = new URL(request.url).pathname;
    asked.push(`${request.method} ${path}`);
    if (path === "/api/auth/logout") return new Response(null, { status: 204 });
    const { email, password } = (await request.json()) as { email: string; password: string };
    if (password !== "right one") {
      return json(401, { error: { code: "auth/invalid-credentials", message: "Email or password is wrong.", requestId: "r" } });
    }
    const user = { id: "1", email, role, createdAt: "2026-01-05T09:00:00.000Z", emailVerifiedAt: null, mfa: false };
    return json(200, { user, accessToken: "A", refreshToken: "R", tokenType: "Bearer", expiresIn: 900 });
  };
  return { asked, client: connect(send) };
}

async function signIn(shown: Rendered, password: string): Promise<void> {
  for (const [name, text] of [
    ["email", "ada@example.com"],
    ["password", password],
  ] as const) {
    await act(async () => type(shown.find(`input[name=${name}]`), text));
  }
  await click(shown.find("form button"));
  await settle();
}

/** A task during which React may tell of redirections, and of nothing else. */
async function quiet(task: () => Promise<void>): Promise<void> {
  const lines = await complaints(task);
  assert.deepEqual(
    lines.filter((line) => !line.includes("Redirect to /login")),
    [],
  );
}

test("an app in the shape of the seed's compiles in strict mode", () => {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  const project = fileURLToPath(new URL("seed", import.meta.url));
  execFileSync(process.execPath, [tsc, "-p", project], { encoding: "utf8", stdio: "pipe" });
});

test("it leads to its form, shows what is wrong, signs in, hides what is for admins, and signs out", () =>
  quiet(async () => {
    const { asked, client } = api("authenticated");
    const tree = () => h(StrictMode, null, h(App, { client }));
    const text = renderToString(tree());
    assert.match(text, /One moment/);
    const shown = await mount(tree(), text, (error) => assert.fail(String(error)));
    await settle();
    assert.equal(shown.text(), "Go in");

    await signIn(shown, "wrong one");
    assert.equal(shown.text(), "Email or password is wrong.Go in");
    assert.equal(shown.find<HTMLInputElement>("input[name=email]")?.value, "ada@example.com");

    await signIn(shown, "right one");
    assert.equal(shown.text(), "ada@example.comLeaveNot for you");

    await click(shown.find("button"));
    await settle();
    assert.equal(shown.text(), "Go in");
    assert.deepEqual(asked, ["POST /api/auth/login", "POST /api/auth/login", "POST /api/auth/logout"]);
    await shown.unmount();
  }));

test("its admins see what is for them", () =>
  quiet(async () => {
    const { client } = api("admin");
    const shown = await mount(h(App, { client }));
    await settle();
    await signIn(shown, "right one");
    assert.equal(shown.text(), "ada@example.comLeaveFor admins");
    await shown.unmount();
  }));
