// A `fetch` whose replies a test gives, and the requests that it got.

import type { Options } from "../src/index.ts";

/** A request as it was sent. */
export interface Got {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
  query: Record<string, string>;
  credentials: RequestCredentials | undefined;
  /** Whether it goes on where the page is left. */
  keepalive: boolean;
  at: number;
}

/** A reply: a status with a body and headers, a text in place of JSON, or a failure to be thrown. */
export type Given = { status?: number; body?: unknown; text?: string; headers?: Record<string, string> } | Error;

/** A way to give replies. */
export type Give = (got: Got, number: number) => Given | Promise<Given>;

/** The options of a client with such a `fetch`, and the requests. Numbers count from 1. */
export function giving(give: Give | Given[], more: Options = {}): { options: Options; got: Got[] } {
  const got: Got[] = [];
  const answer = async (address: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(address));
    const one: Got = {
      method: init.method ?? "GET",
      path: url.pathname,
      headers: new Headers(init.headers),
      body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
      query: Object.fromEntries(url.searchParams),
      credentials: init.credentials,
      keepalive: init.keepalive ?? false,
      at: Date.now(),
    };
    got.push(one);
    const given = typeof give === "function" ? await give(one, got.length) : give[Math.min(got.length, give.length) - 1]!;
    if (given instanceof Error) throw given;
    const { status = 200, body, text, headers = {} } = given;
    const content = text ?? (body === undefined ? null : JSON.stringify(body));
    return new Response(content, { status, headers });
  };
  return { options: { storage: "memory", ...more, fetch: answer as typeof fetch }, got };
}

/** The address of the API. */
export const API = "https://api.example.com";

/** A user as the API shows one. */
export const ADA = {
  id: "0197a3b0-0000-7000-8000-00000000000a",
  email: "ada@example.com",
  emailVerifiedAt: null,
  mfa: false,
  role: "authenticated",
  createdAt: "2026-01-01T00:00:00.000Z",
};

/** The body of a sign-in, or of a refresh, with the tokens of this number. */
export const tokens = (number: number, more: object = {}): object => ({
  accessToken: `access-${number}`,
  refreshToken: `refresh-${number}`,
  expiresIn: 900,
  tokenType: "Bearer",
  ...more,
});

/** An error's body. */
export const failure = (code: string, more: object = {}): object => ({
  error: { code, message: `It is ${code}.`, requestId: "request-1", ...more },
});
