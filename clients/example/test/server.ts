// The app as a web server has it: bundled with the address of the API, on a free port of this machine.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { options } from "../build.mjs";
import { install } from "../install.mjs";

/** Serves the app that calls `api`; `stop` ends it. */
export async function serve(api: string): Promise<{ url: string; stop: () => void }> {
  install();
  const { build } = await import("esbuild");
  const { outputFiles } = await build({ ...options(api, true), write: false });
  const files = new Map<string, { type: string; content: Uint8Array }>();
  for (const { path, contents } of outputFiles) {
    const type = path.endsWith(".css") ? "text/css" : "text/javascript";
    files.set(path.slice(path.lastIndexOf("/")), { type, content: contents });
  }
  files.set("/", { type: "text/html; charset=utf-8", content: readFileSync(new URL("../public/index.html", import.meta.url)) });
  const server = createServer((request, reply) => {
    const file = files.get(request.url ?? "");
    reply.writeHead(file ? 200 : 404, { "content-type": file?.type ?? "text/plain" }).end(file?.content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}/`, stop };
}
