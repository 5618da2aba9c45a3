import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { Server as HttpServer } from "node:http";
import * as modules from "node:module";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Server } from "./fake/server.ts";
import { isBakendError } from "../src/index.ts";
import { serverClient } from "../src/server.ts";
import { changed } from "./functions-events.ts";
import { deliver, OTHER, SECRET } from "./webhook-vector.ts";

const root = new URL("../", import.meta.url);
const recipes = new URL("recipes/", root);
const isThere = existsSync(new URL("node_modules/hono", recipes));
const isNeeded = process.env["BAKEND_NODE"] === "required";
// Hooks came with Node 22.15: an older one cannot find the source by the package's name.
const isOld = !("registerHooks" in modules);
const skip = isOld ? "Node is too old" : isThere || isNeeded ? false : "recipes/node_modules is missing: npm ci in recipes/";
const require = modules.createRequire(new URL("package.json", recipes));

const api = new Server(() => Date.now());
const servers: HttpServer[] = [];
let app = "";

/** Listens on a free port of this machine, and gives the address. */
async function listen(server: HttpServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

before(async () => {
  if (skip) return;
  const backend = createServer(async (request, response) => {
    const text = (await request.toArray()).join("");
    const { pathname: path, searchParams: query } = new URL(request.url!, "http://localhost");
    const headers = new Headers(request.headers as Record<string, string>);
    const answer = api.handle({ method: request.method!, path, query, headers, cookie: null, body: text ? JSON.parse(text) : undefined });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  process.env["BAKEND_URL"] = await listen(backend);
  process.env["BAKEND_WEBHOOK_SECRET"] = SECRET;
  modules.registerHooks({
    resolve(name, context, next) {
      const [, part] = /^bakend(?:\/(.+))?$/.exec(name) ?? [];
      // An app finds the package by its name; here it is the source.
      if (name.startsWith("bakend")) return { url: new URL(`src/${part ?? "index"}.ts`, root).href, shortCircuit: true };
      // A bundler finds the modules of Next without their ending.
      return next(/^next\/\w+$/.test(name) ? `${name}.js` : name, context);
    },
  });
  const hono = await import(new URL("hono/app.ts", recipes).href);
  const { getRequestListener } = await import(pathToFileURL(require.resolve("@hono/node-server")).href);
  app = await listen(createServer(getRequestListener(hono.app.fetch)));
});

after(() => servers.forEach((server) => server.close().closeAllConnections()));

const clock = Date.now;
/** Moves the clock of everything in this process. */
const wait = (ms: number): void => void (Date.now = () => clock() + ms);

const post = (path: string, cookie = "", body: object = {}): Promise<Response> =>
  fetch(app + path, {
    method: "POST", redirect: "manual", body: JSON.stringify(body), headers: { cookie, "content-type": "application/json" },
  });
const me = (cookie: string): Promise<Response> => fetch(`${app}/me`, { redirect: "manual", headers: { cookie } });
const cookieOf = (response: Response): string => response.headers.getSetCookie().at(-1)?.split(";")[0] ?? "";

test("every recipe compiles", { skip }, () => {
  const folders = readdirSync(recipes, { withFileTypes: true }).filter((one) => one.isDirectory() && one.name !== "node_modules");
  deepStrictEqual(folders.map(({ name }) => name).sort(), ["hono", "next", "remix", "sveltekit"]);
  const tsc = fileURLToPath(new URL("node_modules/.bin/tsc", root));
  const { status, stdout } = spawnSync(tsc, ["-p", fileURLToPath(recipes)], { encoding: "utf8" });
  strictEqual(status, 0, stdout);
});

test("the recipe for Hono signs in, refreshes and signs out", { skip }, async () => {
  api.add("ada@example.com", "a long password");
  const login = await post("/login", "", { email: "ada@example.com", password: "a long password" });
  strictEqual(login.status, 200);
  strictEqual(login.headers.getSetCookie().length, 1);
  const [line = ""] = login.headers.getSetCookie();
  ok(/^bakend-[0-9a-f]{8}=[\w-]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/.test(line), line);
  const first = await me(cookieOf(login));
  strictEqual(((await first.json()) as { email: string }).email, "ada@example.com");
  strictEqual(first.headers.getSetCookie().length, 0);

  try {
    wait(900_000);
    const both = await Promise.all([me(cookieOf(login)), me(cookieOf(login))]);
    deepStrictEqual(both.map(({ status }) => status), [200, 200]);
    strictEqual(api.verdicts["rotated"], 1);
    wait(1_800_000);
    const later = await me(cookieOf(both[0]!));
    strictEqual(later.status, 200);
    strictEqual(api.verdicts["rotated"], 2);
    const logout = await post("/logout", cookieOf(later));
    deepStrictEqual([logout.status, logout.headers.get("location")], [302, "/login"]);
    ok(/=; Max-Age=0;/.test(logout.headers.getSetCookie().at(-1)!));
    // A copy of the cookie is worth nothing then, and goes as well.
    const copy = await me(cookieOf(later));
    deepStrictEqual([copy.status, copy.headers.get("location")], [302, "/login"]);
    ok(/=; Max-Age=0;/.test(copy.headers.getSetCookie().at(-1)!));
  } finally {
    wait(0);
  }
  strictEqual((await me("")).status, 302);
});

test("the recipes sign nobody in or out for a form of another site", { skip }, async () => {
  const form = { origin: "https://evil.example", "content-type": "text/plain" };
  const body = JSON.stringify({ email: "ada@example.com", password: "a long password" });
  for (const path of ["/login", "/logout"]) {
    const asked = api.count("POST /api/auth/login");
    const response = await fetch(app + path, { method: "POST", redirect: "manual", headers: form, body });
    deepStrictEqual([response.status, response.headers.getSetCookie(), api.count("POST /api/auth/login")], [403, [], asked]);
  }
  const { action } = await import(new URL("remix/account.ts", recipes).href);
  const act = async (origin: string): Promise<number | undefined> => {
    const request = new Request("https://app.example.com/account", { method: "POST", headers: { origin } });
    const result = await Promise.resolve(action({ request })).catch((thrown: unknown) => thrown);
    return result.init?.status ?? result.status;
  };
  deepStrictEqual([await act("https://evil.example"), await act("https://app.example.com")], [403, 302]);
});

test("the recipe for Next refreshes in its proxy, for the browser and for the page", { skip }, async () => {
  const { proxy } = await import(new URL("next/bakend.ts", recipes).href);
  const { NextRequest } = require("next/server");
  api.add("grace@example.com", "a long password");
  const login = await post("/login", "", { email: "grace@example.com", password: "a long password" });
  const visit = (): Promise<Response> =>
    proxy(new NextRequest("http://localhost/", { headers: { cookie: `${cookieOf(login)}; theme=dark` } }));
  deepStrictEqual((await visit()).headers.getSetCookie(), []);
  try {
    wait(900_000);
    const response = await visit();
    const [line = ""] = response.headers.getSetCookie();
    ok(line.startsWith("bakend-") && !line.startsWith(cookieOf(login)));
    // In this header Next hands the changed cookie to the page.
    strictEqual(response.headers.get("x-middleware-request-cookie"), `theme=dark; ${cookieOf(response)}`);
  } finally {
    wait(0);
  }
});

test("the cookies of Next are taken: those of an action refresh, those of a component say that they cannot", { skip }, async () => {
  const { RequestCookiesAdapter, MutableRequestCookiesAdapter } = require("next/dist/server/web/spec-extension/adapters/request-cookies");
  const { RequestCookies } = require("next/dist/server/web/spec-extension/cookies");
  const url = process.env["BAKEND_URL"]!;
  const login = await post("/login", "", { email: "grace@example.com", password: "a long password" });
  const request = { headers: new Headers({ cookie: cookieOf(login) }) };
  const cookies = () => new RequestCookies(request.headers);
  const asked = api.count("POST /api/auth/refresh");
  try {
    wait(900_000);
    const component = serverClient(url, RequestCookiesAdapter.seal(cookies()));
    ok(isBakendError(await component.auth.me().catch((error: unknown) => error), "client/needs-refresh"));
    strictEqual(api.count("POST /api/auth/refresh"), asked);
    const action = MutableRequestCookiesAdapter.wrap(cookies());
    strictEqual((await serverClient(url, action).auth.me()).email, "grace@example.com");
    strictEqual(api.count("POST /api/auth/refresh"), asked + 1);
    await serverClient(url, action).auth.logout();
    deepStrictEqual(action.getAll().map(({ value, maxAge }: { value: string; maxAge: number }) => [value, maxAge]), [["", 0]]);
  } finally {
    wait(0);
  }
});

test("the recipe for Hono takes a webhook", { skip }, async () => {
  const { titles } = await import(new URL("hono/app.ts", recipes).href);
  const send = async (request: Request): Promise<number> =>
    (await fetch(`${app}/hooks`, { method: "POST", headers: request.headers, body: await request.text() })).status;
  strictEqual(await send(deliver(changed("created", { record: { title: "Lamp" } }, "notes"))), 204);
  strictEqual(await send(deliver(changed("created", { record: { title: "Fake" } }, "notes"), OTHER)), 401);
  deepStrictEqual(titles, ["Lamp"]);
});
