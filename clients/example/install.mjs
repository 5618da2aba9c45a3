// Installs the packages that package-lock.json names, unless they are there.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));

/** Ends the process with a sentence where it cannot. */
export function install() {
  const wanted = readFileSync(join(folder, "package-lock.json"), "utf8");
  const stamp = join(folder, "node_modules", "installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.log("Installing packages (once)");
  // The npm that came with this Node, which need not be on the path.
  const own = join(dirname(process.execPath), "../lib/node_modules/npm/bin/npm-cli.js");
  const [program, first] = existsSync(own) ? [process.execPath, [own]] : ["npm", []];
  const rest = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, error } = spawnSync(program, [...first, ...rest], { cwd: folder, stdio: "inherit" });
  if (status !== 0) {
    console.error(`npm could not install the packages${error ? `: ${error.message}` : "; the reason is above."}`);
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}
