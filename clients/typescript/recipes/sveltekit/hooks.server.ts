// SvelteKit: this file is `src/hooks.server.ts`. Loads, actions and endpoints use `locals.bakend`.

import type { Handle } from "@sveltejs/kit";
import { serverClient } from "bakend/server";

const API = process.env.BAKEND_URL ?? "http://localhost:8080";

declare global {
  namespace App {
    interface Locals {
      bakend: ReturnType<typeof serverClient>;
    }
  }
}

export const handle: Handle = ({ event, resolve }) => {
  event.locals.bakend = serverClient(API, event.cookies);
  return resolve(event);
};
