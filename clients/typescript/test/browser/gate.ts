// A gate in front of the API that delays and cuts, as networks do: below the browser's own cache, cookies and retries.

import { createServer, request as send } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The fate of a request; times in milliseconds. */
export interface Fate {
  up?: number;
  down?: number;
  cut?: "before" | "after";
  /** The reply in place of the API's. */
  instead?: { status: number; type: string; body: string };
}

/** A request at the gate. */
export interface Passing {
  method: string;
  path: string;
  origin: string | undefined;
}

/** The gate. */
export class Gate {
  /** Decides about each request, but those for permission. */
  fate: (passing: Passing) => Fate = () => ({});
  /** The requests that passed, each with the status of the API's reply. */
  readonly passed: { method: string; path: string; status: number }[] = [];
  /** Hears of each refresh that the API has answered. */
  answered: () => void = () => {};
  url = "";
  readonly #api: URL;
  readonly #server: Server;

  constructor(api: string) {
    this.#api = new URL(api);
    this.#server = createServer((request, response) => void this.#pass(request, response));
  }

  /** Opens it on a free port, under the name of the API's host. */
  async open(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    this.url = `http://${this.#api.hostname}:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** The number of refreshes that gave a pair. */
  get refreshes(): number {
    return this.passed.filter(({ path, status }) => path === "/api/auth/refresh" && status === 200).length;
  }

  /** The number of requests of this method and path. */
  count(method: string, path: string): number {
    return this.passed.filter((passed) => passed.method === method && passed.path === path).length;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname } = new URL(request.url ?? "/", this.url);
    const { method = "GET" } = request;
    const { origin } = request.headers;
    const fate = method === "OPTIONS" ? {} : this.fate({ method, path: pathname, origin });
    if (fate.cut === "before") return void request.socket.destroy();
    await pause(fate.up);
    if (fate.instead) {
      const { status, type, body } = fate.instead;
      const headers = { "content-type": type, "access-control-allow-origin": origin ?? "*", "access-control-allow-credentials": "true" };
      return void response.writeHead(status, { ...headers, connection: "close" }).end(body);
    }
    const upstream = send(this.#api, { method, path: request.url, headers: request.headers }, (reply) => {
      const parts: Buffer[] = [];
      reply.on("data", (part: Buffer) => parts.push(part));
      reply.on("end", () => {
        if (method !== "OPTIONS") this.passed.push({ method, path: pathname, status: reply.statusCode ?? 0 });
        if (pathname === "/api/auth/refresh" && method === "POST") this.answered();
        void pause(fate.down).then(() => {
          if (fate.cut === "after") return void request.socket.destroy();
          // A browser sends again by itself on a connection that it has used before: here each reply is the last.
          response.writeHead(reply.statusCode ?? 502, { ...reply.headers, connection: "close" }).end(Buffer.concat(parts));
        });
      });
    });
    upstream.on("error", () => request.socket.destroy());
    upstream.end(Buffer.concat(chunks));
  }
}

const pause = (ms = 0): Promise<void> => (ms === 0 ? Promise.resolve() : new Promise((done) => setTimeout(done, ms)));
