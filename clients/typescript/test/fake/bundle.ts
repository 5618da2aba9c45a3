// The client as one script, so that each simulated tab runs a copy of its own, with globals of its own.

import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** The core as its callers import it. */
export type Core = typeof import("../../src/index.ts");

/** A source of the package as one script; `format` is `iife` with the name `bakend`, or a module. */
export function bundle(source: string, format: "iife" | "esm", more: { minify?: boolean } = {}): string {
  const built = buildSync({
    entryPoints: [fileURLToPath(new URL(`../../src/${source}`, import.meta.url))],
    bundle: true,
    write: false,
    format,
    globalName: "bakend",
    target: "es2022",
    platform: "neutral",
    ...more,
  });
  return built.outputFiles[0]!.text;
}

type Run = (globals: object) => Core;
let run: Run | undefined;

/** A copy of the core whose globals are these, before those of Node. */
export function load(globals: object): Core {
  // The statement makes a getter that throws possible, as a browser's `localStorage` has one where it is forbidden.
  run ??= new Function("globals", `with (globals) { return (() => { ${bundle("index.ts", "iife")}; return bakend; })(); }`) as Run;
  return run(globals);
}
