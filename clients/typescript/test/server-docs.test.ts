import { ok, strictEqual } from "node:assert";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const isThere = existsSync(join(root, "recipes/node_modules/hono"));
const skip = isThere || process.env["BAKEND_NODE"] === "required" ? false : "recipes/node_modules is missing: npm ci in recipes/";

/** The types that `cargo generate` writes for an app, as far as the pages use them. */
const TYPES = `
export interface PostsRecord { id: string; title: string; status: "draft" | "published" }
export interface Profile { name?: string }
export interface Collections {
  posts: { Record: PostsRecord; Create: object; Update: object; Where: object; Order: string; Expand: never; Expanded: PostsRecord };
}
`;

for (const page of ["server", "functions", "bkend", "native"]) {
  test(`the code of docs/${page}.md compiles`, { skip }, (t) => {
    const text = readFileSync(join(root, `docs/${page}.md`), "utf8");
    const blocks = [...text.matchAll(/^```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)^```$/gm)];
    strictEqual(blocks.length, text.match(/^ *```ts?x?$/gm)?.length, "a block without the name of its file");
    ok(blocks.length > 0);
    const folder = mkdtempSync(join(tmpdir(), "bakend-docs-"));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const [, name, code] of blocks) writeFileSync(join(folder, name!), `${code}\nexport {};\n`);
    writeFileSync(join(folder, "bakend.ts"), TYPES);
    symlinkSync(join(root, "recipes/node_modules"), join(folder, "node_modules"));
    const compilerOptions = { paths: { bakend: [join(root, "src/index.ts")], "bakend/*": [join(root, "src/*.ts")] }, rootDir: "/" };
    const config = { extends: join(root, "recipes/tsconfig.json"), compilerOptions, include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
    strictEqual(status, 0, stdout);
  });
}
