import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const place = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/** The types of an app, as `cargo generate` writes them. */
const TYPES = `
export interface PostsRecord { id: string; title: string; status?: "draft" | "published"; author?: string }
export interface PostsCreate { title: string; status?: "draft" | "published" | null; author?: string | null }
export interface PostsUpdate { title?: string; status?: "draft" | "published" | null; author?: string | null }
export interface PostsWhere { title?: string; status?: "draft" | "published" | null; $and?: PostsWhere[] }
export type PostsOrder = "-createdAt" | "createdAt";
export type PostsExpand = "author";
export interface PostsExpanded { id: string; title: string; status?: "draft" | "published"; author?: string | { id: string; name: string } }
export interface Collections {
  posts: { Record: PostsRecord; Create: PostsCreate; Update: PostsUpdate; Where: PostsWhere; Order: PostsOrder; Expand: PostsExpand; Expanded: PostsExpanded };
  "my-tasks": { Record: { id: string; size: number }; Create: { size: number }; Update: { size?: number }; Where: { size?: number }; Order: "-createdAt"; Expand: never; Expanded: { id: string; size: number } };
}
export interface Profile { name?: string }
`;

/** The declarations of TanStack Query that matter here. */
const TANSTACK = `
declare module "@tanstack/react-query" {
  export interface Options<D, K extends readonly unknown[], P> {
    queryKey: K;
    queryFn: (context: { queryKey: K; signal: AbortSignal; pageParam: P; meta: object | undefined }) => D | Promise<D>;
    initialPageParam: P;
    getNextPageParam: (last: D, all: D[], lastParam: P, params: P[]) => P | undefined | null;
    enabled?: boolean;
  }
  export function useInfiniteQuery<D, K extends readonly unknown[], P>(options: Options<D, K, P>): { data: { pages: D[]; pageParams: P[] } | undefined; fetchNextPage(): Promise<unknown> };
}
`;

/** Compiles files as an app has them, and gives the errors. */
function compile(files: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), "bakend-react-"));
  try {
    symlinkSync(place("../node_modules"), join(folder, "node_modules"));
    const settings = {
      extends: place("seed/tsconfig.json"),
      compilerOptions: { noUncheckedIndexedAccess: true },
      include: ["."],
    };
    const all = { "tsconfig.json": JSON.stringify(settings), "bakend.ts": TYPES, "tanstack.d.ts": TANSTACK, ...files };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
    execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8", stdio: "pipe" });
    return [];
  } catch (error) {
    return String((error as { stdout?: string }).stdout || error)
      .trim()
      .split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const REGISTER = (client: string) => `
import { createClient } from "bakend";
import { withIdentity } from "bakend/identity";
import type { Collections, Profile } from "./bakend.ts";
const plain = createClient<Collections, Profile>("https://api.example.com");
export const bk = ${client};
declare module "bakend/react" { interface Register { client: typeof bk } }
`;

const TYPED = `
import { BakendProvider, LoginForm, recordsOptions, useAuth, useClient, useRecord, useRecords } from "bakend/react";
import type { AppUser, CollectionTypes } from "bakend/react";
import { bk } from "./client.ts";

export function Right() {
  const { user, mfa, error, login, register } = useAuth();
  const name: string | undefined = user?.name;
  const title: string | undefined = useRecords("posts", { where: { status: "draft" }, sort: "-createdAt" }).items[0]?.title;
  const id: string | undefined = useRecords("posts", { where: { $and: [{ status: "draft" }] } }).items[0]?.author;
  const inlined = useRecords("posts", { expand: ["author"] }).items[0]?.author;
  const of: string | undefined = typeof inlined === "object" ? inlined.name : inlined;
  const { record } = useRecord("posts", "1", { expand: ["author"], enabled: !!user });
  const one: string | undefined = typeof record?.author === "object" ? record.author.name : record?.author;
  const bare: string | undefined = useRecord("posts", null).record?.author;
  const size: number | undefined = useRecords("my-tasks", undefined, { enabled: false }).items[0]?.size;
  const more = recordsOptions(bk, "posts", { expand: ["author"] }).queryFn({ pageParam: null });
  const names = more.then(({ items: [post] }) => (typeof post?.author === "object" ? post.author.name : post?.author));
  const pages = recordsOptions(bk, "posts", { where: { status: "draft" } });
  const first: Promise<{ items: CollectionTypes<"posts">["Record"][]; nextCursor: string | null }> = pages.queryFn({ pageParam: null });
  const done: Promise<AppUser> | undefined = mfa?.verify("123456");
  void [error?.code, error?.status, error?.message];
  void login("a", "b", { mfaCode: "1" }).then((it) => it.name);
  void register("a", "b", { name: "Ada" });
  void useClient().collection("posts").get("1").then((it) => it.title);
  return <BakendProvider client={bk}><LoginForm onDone={(it) => it.name} />{[name, title, id, of, one, bare, size, first, names, done].length}</BakendProvider>;
}

export function Wrong() {
  // @ts-expect-error: no such status
  useRecords("posts", { where: { status: "lost" } });
  // @ts-expect-error: a field that is not there beside one that is
  useRecords("posts", { where: { title: "A", statsu: "draft" } });
  // @ts-expect-error: a member that is not there beside one that is
  useRecords("posts", { limit: 1, expend: ["author"] });
  // @ts-expect-error: the same of one record
  useRecord("posts", "1", { enabled: true, expend: ["author"] });
  // @ts-expect-error: the same of the options
  recordsOptions(bk, "posts", { limit: 1, where: { title: "A", statsu: "draft" } });
  // @ts-expect-error: no such order
  useRecords("posts", { sort: "title" });
  // @ts-expect-error: no such relation
  useRecords("posts", { expand: ["editor"] });
  // @ts-expect-error: no such collection
  useRecords("nothing");
  // @ts-expect-error: no such field
  void useRecords("posts").items[0]?.lost;
  // @ts-expect-error: the hook keeps the cursor
  useRecords("posts", { cursor: "c" });
  // @ts-expect-error: an id stays where nothing is inlined
  void useRecords("posts").items[0]?.author?.name;
  // @ts-expect-error: no such collection
  recordsOptions(bk, "nothing");
  // @ts-expect-error: no such profile field
  void useAuth().user?.lost;
  // @ts-expect-error: no such part
  return <LoginForm classNames={{ lost: "x" }} />;
}
`;

test("a registered client types every hook", () => {
  assert.deepEqual(compile({ "client.ts": REGISTER("plain"), "typed.tsx": TYPED }), []);
});

test("so does a client with the calls of bakend/identity", () => {
  const more = `import { useClient } from "bakend/react"; export const Forgot = () => <a onClick={() => useClient().auth.forgot("a")} />;`;
  assert.deepEqual(compile({ "client.ts": REGISTER("withIdentity(plain)"), "typed.tsx": TYPED, "more.tsx": more }), []);
});

test("without one, any collection and any field is taken, and typed clients keep their types", () => {
  const text = `
import { createClient } from "bakend";
import { BakendProvider, recordsOptions, useAuth, useRecord, useRecords } from "bakend/react";
import type { Collections, Profile } from "./bakend.ts";
const typed = createClient<Collections, Profile>("https://api.example.com");
export function Any() {
  const posts = useRecords("anything", { where: { a: 1 }, sort: "a", expand: ["b"] });
  const { record } = useRecord("anything", "1");
  const title: Promise<string | undefined> = recordsOptions(typed, "posts").queryFn({ pageParam: null }).then((page) => page.items[0]?.title);
  return <BakendProvider client={typed}>{posts.items[0]?.title}{record?.title}{useAuth().user?.email}{[title].length}</BakendProvider>;
}`;
  assert.deepEqual(compile({ "any.tsx": text }), []);
});

test("the examples of the page compile together", () => {
  const blocks = readFileSync(place("../docs/react.md"), "utf8").matchAll(/^```tsx\n([^]*?)^```/gm);
  const files = [...blocks].map(([, text], at): [string, string] => [
    /^\/\/ (\S+)/.exec(text!)?.[1] ?? `block-${at}.tsx`,
    text!,
  ]);
  assert.ok(files.length >= 7);
  assert.deepEqual(compile(Object.fromEntries(files)), []);
});

test("every source is for the client, as its first line says", () => {
  const sources = readdirSync(place("../src")).filter((name) => name.endsWith(".tsx"));
  assert.ok(sources.includes("react.tsx"));
  for (const name of sources) assert.match(readFileSync(place(`../src/${name}`), "utf8"), /^'use client';\n/, name);
});
