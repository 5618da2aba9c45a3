// Hono, on Node, Deno, Bun or an edge: sign-in, a page that needs it, and a webhook. A test runs this file.

import { Hono } from "hono";
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { csrf } from "hono/csrf";
import { HTTPException } from "hono/http-exception";
import { isBakendError } from "bakend";
import { onRecord, webhook } from "bakend/functions";
import { serverClient } from "bakend/server";

const API = process.env.BAKEND_URL ?? "http://localhost:8080";

/** The client of this request. */
const bakend = (c: Context) =>
  serverClient(API, { get: (name) => getCookie(c, name), set: (name, value, options) => setCookie(c, name, value, options) });

/** The titles of new notes. */
export const titles: unknown[] = [];

onRecord<{ title: string }>("notes", "created", ({ record }) => titles.push(record?.title));

export const app = new Hono();

// A session that an admin or another device has ended.
app.onError((error, c) => {
  if (isBakendError(error) && error.status === 401) return c.redirect("/login");
  // The refusal of `csrf`.
  if (error instanceof HTTPException) return error.getResponse();
  console.error(error);
  return c.text("Something went wrong.", 500);
});

// A webhook comes from a server, which has no cookie and proves itself by its signature.
app.post("/hooks", (c) => webhook()(c.req.raw));

// No form of another site signs a visitor in or out.
app.use(csrf());

app.post("/login", async (c) => {
  const { email, password } = await c.req.json<{ email: string; password: string }>();
  return c.json(await bakend(c).auth.login(email, password));
});

app.get("/me", async (c) => {
  const bk = bakend(c);
  return (await bk.auth.token()) ? c.json(await bk.auth.me()) : c.redirect("/login");
});

app.post("/logout", async (c) => {
  await bakend(c).auth.logout();
  return c.redirect("/login");
});
