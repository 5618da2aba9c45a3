// The bundle of the app. `node build.mjs` writes it into dist/ with the page, for any web server.

import { cp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { install } from "./install.mjs";

/** @param {string} path The path of a file from here. */
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * The options of esbuild.
 * @param {string} api The address of the API, such as `http://127.0.0.1:8080`.
 * @param {boolean} isSmall Whether the bundle is for users, and not to be read.
 * @returns {import("esbuild").BuildOptions}
 */
export function options(api, isSmall) {
  return {
    entryPoints: [here("src/main.tsx"), here("src/main.css")],
    bundle: true,
    format: "esm",
    target: "es2022",
    outdir: here("dist"),
    tsconfig: here("tsconfig.json"),
    minify: isSmall,
    sourcemap: !isSmall,
    define: { API: JSON.stringify(api), "process.env.NODE_ENV": isSmall ? '"production"' : '"development"' },
    // An app elsewhere has `"bakend": "npm:…"` in its package.json and needs none of these lines.
    alias: {
      bakend: here("../typescript/src/index.ts"),
      "bakend/identity": here("../typescript/src/identity.ts"),
      "bakend/react": here("../typescript/src/react.tsx"),
      // The package's own sources have to find the app's React, and no second one.
      react: here("node_modules/react"),
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install();
  const { build } = await import("esbuild");
  await rm(here("dist"), { recursive: true, force: true });
  await build(options(process.env.BAKEND_URL ?? "http://127.0.0.1:8080", true));
  await cp(here("public"), here("dist"), { recursive: true });
  console.log("Written: dist/");
}
