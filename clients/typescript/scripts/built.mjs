// Runs the tests on the built form, by the Node that runs this, or that BAKEND_NODE_PROGRAM names. 20 is the oldest that the package
// is for. `deno` or `bun` as an argument is another runtime, of the folder `runtimes`.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const runtime = process.argv[2] ?? "node";
/** As deep as the parts of tests that find files by their own address, and a runtime's own. */
const out = `${root}test/built-${runtime}`;

if (!existsSync(`${root}dist/index.js`)) {
  console.error("dist/ is missing: npm run build");
  process.exit(1);
}

const installed = (name) => `${root}runtimes/node_modules/.bin/${name}`;
const runtimes = {
  node: [process.env.BAKEND_NODE_PROGRAM ?? process.execPath, "--test"],
  deno: [installed("deno"), "test", "-A", "--no-check", "--no-lock"],
  bun: [installed("bun"), "test"],
};
const [program, ...options] = runtimes[runtime];
if (runtime === "bun") {
  // Its program is put in place by a script, which npm was told not to run.
  spawnSync(process.execPath, ["install.js"], { cwd: `${root}runtimes/node_modules/bun`, stdio: "inherit" });
}

const dist = {
  name: "dist",
  setup(build) {
    build.onResolve({ filter: /\/src\/.*\.tsx?$/ }, ({ path }) => ({
      path: path.replace(/^.*\/src\/(.*)\.tsx?$/, "../../dist/$1.js"),
      external: true,
    }));
  },
};

// React has tests of its own on the built form, and Node 20 has no `navigator` for those of passkeys.
const left = /^(react|recipes|docs|thief|identity-passkeys)/;
const tests = readdirSync(`${root}test`).filter((file) => file.endsWith(".test.ts") && !left.test(file));
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: tests.map((file) => `${root}test/${file}`),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  plugins: [dist],
});
const files = tests.map((file) => `${out}/${file.replace(/ts$/, "mjs")}`);
const { status } = spawnSync(program, [...options, ...files], { stdio: "inherit" });
rmSync(out, { recursive: true, force: true });
process.exitCode = status ?? 1;
