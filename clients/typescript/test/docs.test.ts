import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join, relative, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const RECIPES = join(root, "recipes/node_modules");
/** The packages of the pages that `recipes/` installs. */
const OF_RECIPES = /from "(hono|next)[/"]/;
const isWhole = existsSync(join(RECIPES, "hono")) || process.env["BAKEND_NODE"] === "required";

/** A block of code of a page; `line` is that of its fence. */
interface Block {
  page: string;
  line: number;
  kind: "ts" | "tsx";
  /** The file that the block says it is, else one named by its line. */
  file: string;
  code: string;
  /** The words after `ignore:`, for a block that is not compiled. */
  reason: string | null;
}

/** The blocks of TypeScript of a page. */
function blocksOf(page: string, text: string): Block[] {
  const blocks: Block[] = [];
  let open: { indent: string; kind: "ts" | "tsx" | null; rest: string; line: number; lines: string[] } | null = null;
  for (const [at, line] of text.split("\n").entries()) {
    const fence = /^( *)```(\w*)(.*)$/.exec(line);
    if (!fence) {
      open?.lines.push(line.slice(open.indent.length));
    } else if (!open) {
      const [, indent = "", kind, rest = ""] = fence;
      open = { indent, kind: kind === "ts" || kind === "tsx" ? kind : null, rest, line: at + 1, lines: [] };
    } else {
      const { kind, rest } = open;
      const reason = /^ ignore: (.*)$/.exec(rest)?.[1] ?? null;
      if (kind) {
        assert.ok(rest === "" || reason !== null, `${page}:${open.line}: unknown words after the fence: ${rest}`);
        assert.ok(reason === null || reason.split(" ").length > 2, `${page}:${open.line}: a block is ignored without a reason`);
        const file = /^\/\/ (\S+\.tsx?)$/.exec(open.lines[0] ?? "")?.[1] ?? `line-${open.line}.${kind}`;
        blocks.push({ page, line: open.line, kind, file, code: `${open.lines.join("\n")}\n`, reason });
      }
      open = null;
    }
  }
  assert.equal(open, null, `${page}: a fence stays open`);
  return blocks;
}

/** The types that `cargo generate` writes for a small project. */
const TYPES = `
export interface Tests<T> {
  eq?: T | null; ne?: T | null; gt?: T; gte?: T; lt?: T; lte?: T;
  in?: readonly (T | null)[]; nin?: readonly (T | null)[]; exists?: boolean;
}
export interface TextTests<T> extends Tests<T> { contains?: string; startsWith?: string }
export interface PostsRecord {
  id: string; createdAt: string; updatedAt: string; createdBy: string | null;
  title: string; status?: "draft" | "published"; price?: number; likes: number; author?: string;
}
export interface PostsUpdate {
  title?: string; status?: "draft" | "published" | null; price?: number | null; likes?: number; author?: string | null;
}
export interface PostsCreate extends PostsUpdate { title: string }
export interface PostsWhere {
  $and?: readonly PostsWhere[]; $or?: readonly PostsWhere[]; $not?: PostsWhere;
  id?: string | null | Tests<string>; createdAt?: string | null | Tests<string>;
  title?: string | null | TextTests<string>;
  status?: "draft" | "published" | null | TextTests<"draft" | "published">;
  price?: number | null | Tests<number>; author?: string | null | Tests<string>;
}
export type PostsOrder = "-createdAt" | "createdAt" | "price" | "-price";
export type PostsExpand = "author";
export interface PostsExpanded extends Omit<PostsRecord, "author"> { author?: string | PublicProfile }
export interface PublicProfile { id: string; name?: string }
export interface Profile { name?: string }
export interface Collections {
  posts: {
    Record: PostsRecord; Create: PostsCreate; Update: PostsUpdate; Where: PostsWhere;
    Order: PostsOrder; Expand: PostsExpand; Expanded: PostsExpanded;
  };
}
`;

/** The client that pages call \`bk\` where they do not make it. */
const CLIENT = `
import { createClient } from "bakend";
import { withIdentity } from "bakend/identity";
import type { Collections, Profile } from "./bakend.ts";
export const bk = withIdentity(createClient<Collections, Profile>("https://api.example.com"));
`;

/** The call of TanStack Query that a page shows. */
const TANSTACK = `
declare module "@tanstack/react-query" {
  export function useInfiniteQuery<D, K extends readonly unknown[], P>(options: {
    queryKey: K;
    queryFn: (context: { queryKey: K; signal: AbortSignal; pageParam: P; meta: object | undefined }) => D | Promise<D>;
    initialPageParam: P;
    getNextPageParam: (last: D, all: D[], lastParam: P, params: P[]) => P | undefined | null;
    enabled?: boolean;
  }): { data: { pages: D[]; pageParams: P[] } | undefined; fetchNextPage(): Promise<unknown> };
}
`;

/** Mistakes as a page may have them; the compiler has to notice each. */
const MISTAKES = `
\`\`\`ts
await bk.collection("posts").list({ sort: "title" });
\`\`\`
\`\`\`ts
const { items } = await bk.collection("posts").list({ where: { statsu: "draft" } });
\`\`\`
- In a list:

  \`\`\`ts
  await bk.auth.signIn("ada@example.com", "password123");
  \`\`\`

\`\`\`ts
import { createClients } from "bakend";
\`\`\`
\`\`\`ts
import { polyfill } from "bakend/native";
\`\`\`
\`\`\`ts
// named.ts
import { isBakendError } from "bakend";

export const isOffline = (error: unknown) => isBakendError(error, "client/off-line");
\`\`\`
\`\`\`ts
export const first = (texts: string[]): string => texts[0];
\`\`\`
\`\`\`tsx
import { LoginForm } from "bakend/react";

export const Form = () => <LoginForm onEnd={() => {}} />;
\`\`\`
\`\`\`tsx
await bk.collection("posts").create({ titel: "Hello" });
\`\`\`
`;

const SETTINGS = {
  compilerOptions: {
    target: "es2023",
    lib: ["es2023", "dom", "dom.iterable"],
    module: "esnext",
    moduleResolution: "bundler",
    types: ["node"],
    jsx: "react-jsx",
    strict: true,
    noUncheckedIndexedAccess: true,
    noImplicitReturns: true,
    isolatedModules: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
    paths: { bakend: ["../src/index.ts"], "bakend/react": ["../src/react.tsx"], "bakend/*": ["../src/*.ts"] },
  },
  include: ["*.ts", "*/*.ts", "*/*.tsx"],
};

const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];
const blocks = pages.flatMap((page) => blocksOf(page, readFileSync(join(root, page), "utf8")));
const seeded = blocksOf("mistakes.md", MISTAKES);
/** The names that the calls of the README's table use. */
const NAMES = `
type Texts = "email" | "password" | "newPassword" | "code" | "id" | "provider" | "redirectTo";
declare const { email, password, newPassword, code, id, provider, redirectTo }: Record<Texts, string>;
declare const record: { title: string }, listener: () => Promise<void>;
`;

/** The calls in the last column of the README's table of other clients, as a block. */
function callsOf(text: string): Block {
  const cells = text.split("\n").flatMap((line) => (/^\|.*\|$/.test(line) ? [line.split(" | ").at(-1)!] : []));
  const calls = cells.flatMap((cell) => [...cell.matchAll(/`((?:bk\.|for await).*?)`/g)].map(([, call]) => `${call};\n`));
  assert.ok(calls.length >= 15, `${calls.length} calls`);
  return { page: "README.md", line: 0, kind: "ts", file: "calls.ts", code: NAMES + calls.join(""), reason: null };
}
blocks.push(callsOf(readFileSync(join(root, "README.md"), "utf8")));

/** The errors of the compiler, by the file of each block. */
const errors = new Map<string, string[]>();
const place = ({ page, file }: Block): string => join(basename(page, ".md"), file);
/** An error with its line on the page. */
const onPage = ({ page, line }: Block, error: string): string =>
  error.replace(/^\S.*?\((\d+),\d+\)/, (_, own) => `${page}:${line + Number(own)}`);
const isLeftOut = (block: Block): boolean => block.reason !== null || (!isWhole && OF_RECIPES.test(block.code));

let folder = "";
// All blocks are one project, since the compiler is slow to start.
before(() => {
  folder = mkdtempSync(join(root, ".docs-"));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { flag: "wx" });
  };
  write("tsconfig.json", JSON.stringify(SETTINGS));
  write("bakend.ts", TYPES);
  write("client.ts", CLIENT);
  write("tanstack.d.ts", TANSTACK);
  if (existsSync(RECIPES)) symlinkSync(RECIPES, join(folder, "node_modules"));
  for (const block of [...blocks, ...seeded].filter((block) => !isLeftOut(block))) {
    const { code } = block;
    const isGiven = /\bbk\./.test(code) && !/\bconst bk\b|import \{[^}]*\bbk\b/.test(code);
    // On the first line, so that the lines of errors stay those of the page.
    const head = isGiven ? 'import { bk } from "../client.ts"; ' : "";
    write(place(block), `${head}${code.replaceAll('"./bakend.ts"', '"../bakend.ts"')}\nexport {};\n`);
  }
  const { stdout, stderr } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder, "--pretty", "false"], { encoding: "utf8" });
  let path: string | undefined;
  for (const line of `${stdout}${stderr}`.split("\n").filter(Boolean)) {
    const found = /^(\S.*?)\((\d+),\d+\): error /.exec(line);
    if (found || !line.startsWith(" ")) path = found ? relative(folder, resolve(found[1]!)) : "";
    errors.set(path ?? "", [...(errors.get(path ?? "") ?? []), line]);
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("every page has blocks, and all of them are enough", () => {
  for (const page of pages) assert.ok(blocks.some((block) => block.page === page), `${page} has no block`);
  const compiled = blocks.filter((block) => !isLeftOut(block));
  assert.ok(compiled.length >= 40, `${compiled.length} blocks`);
});

for (const page of pages) {
  test(`the code of ${page} compiles`, (t) => {
    const own = blocks.filter((block) => block.page === page);
    const left = own.filter((block) => block.reason === null && isLeftOut(block));
    if (left.length) t.diagnostic(`${left.length} blocks are left out, since recipes/node_modules is missing: npm ci in recipes/`);
    const told = own.flatMap((block) => errors.get(place(block))?.map((error) => onPage(block, error)) ?? []);
    assert.deepEqual(told, []);
  });
}

test("the quick start runs, in the order that it shows", async (t) => {
  const asked: string[] = [];
  let title = "";
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = text ? JSON.parse(text) : {};
    const { method, url = "", headers } = request;
    const isMember = headers.authorization === "Bearer access";
    asked.push(`${method} ${url}${isMember ? " as Ada" : ""}`);
    const send = (status: number, reply?: object, etag = ""): void =>
      void response.writeHead(status, etag ? { etag } : {}).end(reply && JSON.stringify(reply));
    const post = () => ({ id: "p", createdAt: "2026-11-01T00:00:00.000Z", createdBy: "u", title });
    const tokens = { accessToken: "access", refreshToken: "refresh", tokenType: "Bearer", expiresIn: 900 };
    if (url === "/api/auth/register") return send(201, { ...tokens, user: { id: "u", email: body.email, role: "authenticated" } });
    if (url === "/api/auth/logout") return send(204);
    if (method === "PATCH" && headers["if-match"] !== '"1"') return send(428);
    title = body.title ?? title;
    if (method === "GET" && url === "/api/posts") return send(200, { items: [post()], nextCursor: null });
    send(method === "POST" ? 201 : 200, post(), '"1"');
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const block = blocks.find(({ page }) => page === "README.md")!;
  const lines = block.code.trim().split("\n");
  assert.ok(lines.length <= 10, `${lines.length} lines`);
  const api = `http://localhost:${(server.address() as AddressInfo).port}`;
  const code = block.code.replace("http://localhost:8080", api).replace('"bakend"', '"../src/index.ts"');
  assert.ok(code.includes(api));
  writeFileSync(join(folder, "quick-start.ts"), code);
  const told: string[] = [];
  t.mock.method(console, "log", (...words: unknown[]) => void told.push(words.join(" ")));
  await import(join(folder, "quick-start.ts"));
  assert.deepEqual(asked, [
    "POST /api/auth/register",
    "POST /api/posts as Ada",
    "GET /api/posts/p as Ada",
    "PATCH /api/posts/p as Ada",
    "GET /api/posts as Ada",
    "POST /api/auth/logout",
  ]);
  assert.match(told[0]!, /^Signed in as ada-\d+@example\.com$/);
  assert.deepEqual(told.slice(1), ["2026-11-01T00:00:00.000Z Hello, world", "Signed out"]);
});

test("no error is in another file", () => {
  const known = new Set([...blocks, ...seeded].map(place));
  assert.deepEqual([...errors].filter(([path]) => !known.has(path)).flatMap(([, lines]) => lines), []);
});

test("each seeded mistake is noticed", () => {
  assert.equal(seeded.length, 9);
  for (const block of seeded) assert.ok(errors.has(place(block)), block.code);
});

test("a block is ignored with a reason alone", () => {
  const page = (fence: string): string => `\`\`\`${fence}\nlost();\n\`\`\`\n`;
  assert.equal(blocksOf("a.md", page("ts ignore: it shows another library"))[0]?.reason, "it shows another library");
  assert.throws(() => blocksOf("a.md", page("ts ignore")), /unknown words/);
  assert.throws(() => blocksOf("a.md", page("ts ignore: no")), /without a reason/);
  assert.throws(() => blocksOf("a.md", "```ts\nlost();\n"), /stays open/);
  assert.deepEqual(blocksOf("a.md", page("sh")), []);
});
