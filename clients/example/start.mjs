// `node start.mjs` serves the app to this machine, and builds it anew after a change. BAKEND_URL names another API than
// that of `cargo dev`, PORT another port.

import { fileURLToPath } from "node:url";

import { options } from "./build.mjs";
import { install } from "./install.mjs";

const API = process.env.BAKEND_URL ?? "http://127.0.0.1:8080";
const PORT = Number(process.env.PORT ?? 3000);
const DEV = "export BAKEND_PROJECT=clients/example; cargo generate && cargo dev";

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`The example needs Node 20 or newer; this is ${process.version}.`);
  process.exit(1);
}
install();
const { context } = await import("esbuild");
// The bundle is served beside the page as if it stood there, and pages reload by themselves when it is new.
const folder = fileURLToPath(new URL("public", import.meta.url));
const reload = 'new EventSource("/esbuild").addEventListener("change", () => location.reload());';
const app = await context({ ...options(API, false), outdir: folder, write: false, banner: { js: reload }, logLevel: "warning" });
await app.watch();
try {
  await app.serve({ servedir: folder, host: "127.0.0.1", port: PORT });
} catch {
  console.error(`Port ${PORT} cannot be used. Choose another: PORT=3001 node start.mjs`);
  process.exit(1);
}
console.log(`\n  App  http://127.0.0.1:${PORT}\n  API  ${API}\n`);
const status = await fetch(`${API}/api/tasks`).then((reply) => reply.status, () => null);
if (status === null) console.log(`The API does not answer yet. In another terminal, at the root: ${DEV}`);
if (status === 404) console.log(`The API has no tasks: it runs another project than this one. Stop it, then: ${DEV}`);
console.log("Ctrl-C stops.");
