// The sizes of the package's parts: minified, then gzip at its best. Fails where one is over its limit.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The limits in bytes; those of subpaths are of what they add to the core. */
const LIMITS = { index: 4608, identity: 2560, react: 2560, server: 2560, functions: 1536, bkend: 512, native: 1536 };

/** The core's own sources, which a subpath finds in its app already. */
const CORE = /\/(auth|client|errors|index|records|request|session|storage)\.ts$/;

const core = {
  name: "core",
  setup(build) {
    build.onResolve({ filter: /\.ts$/ }, ({ path, kind }) =>
      kind !== "entry-point" && CORE.test(path) ? { path, external: true } : undefined,
    );
  },
};

/** The sizes of a bundle: of an entry, or of a text that imports from the package. */
async function size(entry, plugins = []) {
  const input = entry.includes(" ")
    ? { stdin: { contents: entry, resolveDir: root, loader: "ts" } }
    : { entryPoints: [`${root}src/${entry}`] };
  const { outputFiles } = await build({
    ...input,
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    external: ["react", "react/jsx-runtime"],
    plugins,
  });
  const { contents } = outputFiles[0];
  return { min: contents.length, gzip: gzipSync(contents, { level: 9 }).length };
}

const faults = [];
const line = (name, { min, gzip }, limit = "") =>
  console.log(name.padEnd(22) + [min, gzip, limit].map((number) => String(number).padStart(8)).join(""));

console.log("part".padEnd(22) + ["min", "gzip", "limit"].map((head) => head.padStart(8)).join(""));
for (const [name, limit] of Object.entries(LIMITS)) {
  const file = [`${name}.ts`, `${name}.tsx`].find((file) => existsSync(`${root}src/${file}`));
  if (!file) {
    faults.push(`src has no ${name}`);
    continue;
  }
  const own = await size(file, name === "index" ? [] : [core]);
  line(name, own, limit);
  if (own.gzip > limit) faults.push(`${name} has ${own.gzip} bytes, and may have ${limit}`);
}

// An app pays for nothing that it leaves out.
const parts = ["BakendError", "createAuth", "createClient", "*"];
const sizes = [];
for (const part of parts) {
  const names = part === "*" ? "*" : `{ ${part} }`;
  sizes.push(await size(`export ${names} from "./src/index.ts";`));
  line(`${part} alone`, sizes.at(-1));
}
for (let at = 1; at < parts.length; at += 1) {
  if (sizes[at].gzip <= sizes[at - 1].gzip) faults.push(`${parts[at - 1]} alone is no smaller than ${parts[at]}`);
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
