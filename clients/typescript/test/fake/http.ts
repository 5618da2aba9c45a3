// The fake server behind a port, for the mechanics of the tests in a real browser.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Server } from "./server.ts";

/** Serves it on a free port of this machine, with the rules of other origins and the cookie of a developer's machine. */
export async function serve(server: Server): Promise<{ url: string; close: () => void }> {
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://localhost");
      const { origin } = request.headers;
      if (origin) {
        response.setHeader("access-control-allow-origin", origin);
        response.setHeader("access-control-allow-credentials", "true");
        response.setHeader("access-control-expose-headers", "etag, location, retry-after, x-request-id");
        response.setHeader("vary", "origin");
      }
      if (request.method === "OPTIONS") {
        response.setHeader("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE");
        response.setHeader(
          "access-control-allow-headers",
          "authorization, content-type, idempotency-key, if-match, if-none-match, x-api-key, x-refresh-token, x-refresh-token-mode",
        );
        response.writeHead(204).end();
        return;
      }
      const text = Buffer.concat(chunks).toString();
      const answer = server.handle({
        method: request.method ?? "GET",
        path: url.pathname,
        query: url.searchParams,
        headers: new Headers(request.headers as Record<string, string>),
        body: text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>),
        cookie: /(?:^|; )refresh=([^;]+)/.exec(request.headers.cookie ?? "")?.[1] ?? null,
      });
      if (answer.cookie !== undefined) {
        const [value, age] = answer.cookie === null ? ["", 0] : [answer.cookie, 604_800];
        response.setHeader("set-cookie", `refresh=${value}; Max-Age=${age}; Path=/; HttpOnly; SameSite=Lax`);
      }
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  return { url: `http://localhost:${(http.address() as AddressInfo).port}`, close: () => http.close() };
}
