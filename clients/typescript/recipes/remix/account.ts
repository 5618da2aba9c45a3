// Remix, which React Router 7 is: a route module. Each loader and action gives back the headers that its client has filled.

import { data, redirect } from "react-router";
import type { ActionFunctionArgs, LoaderFunctionArgs } from "react-router";
import { cookiesOf, serverClient } from "bakend/server";

const API = process.env.BAKEND_URL ?? "http://localhost:8080";

/** The client of a request, and the headers for its response. */
function bakend(request: Request) {
  const headers = new Headers();
  return { bk: serverClient(API, cookiesOf(request, headers)), headers };
}

export async function loader({ request }: LoaderFunctionArgs) {
  const { bk, headers } = bakend(request);
  if (!(await bk.auth.token())) throw redirect("/login", { headers });
  return data({ user: await bk.auth.me() }, { headers });
}

export async function action({ request }: ActionFunctionArgs) {
  // No form of another site signs a visitor out.
  if (request.headers.get("origin") !== new URL(request.url).origin) throw data("Another origin.", { status: 403 });
  const { bk, headers } = bakend(request);
  await bk.auth.logout();
  return redirect("/", { headers });
}
