// Next: `proxy.ts` exports `proxy` of this file, and pages, actions and route handlers ask `bakend()`.

import { cookies } from "next/headers";
import { NextResponse } from "next/server";
import type { NextRequest } from "next/server";
import { refreshed, serverClient } from "bakend/server";

const API = process.env.BAKEND_URL ?? "http://localhost:8080";

/** The client of this request. A server component reads by it; actions and route handlers sign in and out by it, too. */
export const bakend = async () => serverClient(API, await cookies());

/** Refreshes before a page is rendered, since a server component can set no cookie. */
export async function proxy(request: NextRequest): Promise<NextResponse> {
  const session = await refreshed(API, request);
  return session.apply(NextResponse.next({ request: { headers: session.request } }));
}
