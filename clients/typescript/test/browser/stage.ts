// The stage of the tests in a real browser: the pages, their origins, the gate in front of the API, and users.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { Client } from "../../src/index.ts";
import { bundle } from "../fake/bundle.ts";
import { serve } from "../fake/http.ts";
import { Server } from "../fake/server.ts";
import { Gate } from "./gate.ts";

declare global {
  interface Window {
    bk: Client;
    /** The ids that a listener was told. */
    told: (string | null)[];
    /** By how many milliseconds the page's clock is wrong. */
    shift: number;
  }
}

/** The path of the browser. */
const PATH = process.env["BAKEND_BROWSER"] ?? "/usr/bin/chromium-headless-shell";

/** The reason for which these tests are skipped; null where they run. */
export const skipped: string | null = !process.env["BAKEND_URL"]
  ? "BAKEND_URL is not set: a running API, or `fake`"
  : existsSync(PATH)
    ? null
    : `no browser at ${PATH}: set BAKEND_BROWSER`;

/** Whether everything runs at its full count. */
export const isFull = Boolean(process.env["BAKEND_FULL"]);

/** The number of rounds: the full one, or a tenth. */
export const rounds = (full: number): number => (isFull ? full : Math.max(1, Math.round(full / 10)));

/** The options of a page's client. */
export interface PageOptions {
  storage?: "local" | "session" | "memory" | "cookie";
  locks?: "off";
  timeout?: number;
}

/** A user. */
export interface Person {
  email: string;
  password: string;
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,">
<script>
  // The clock of the page can be shifted.
  window.shift = 0;
  const now = Date.now.bind(Date);
  Date.now = () => now() + window.shift;
</script>
<script type="module">
  import { createClient } from "/client.js";
  const query = new URL(location.href).searchParams;
  window.bk = createClient(query.get("api"), {
    ...(query.get("storage") ? { storage: query.get("storage") } : {}),
    ...(query.get("timeout") ? { timeout: Number(query.get("timeout")) } : {}),
    ...(query.get("locks") ? { locks: null } : {}),
  });
  window.told = [];
  window.bk.auth.onChange((user) => window.told.push(user ? user.id : null));
</script>`;

/** The stage. */
export class Stage {
  readonly gate: Gate;
  readonly api: string;
  readonly browser: Browser;
  /** Two origins of one site. */
  readonly origins: string[] = [];
  /** The scripts that the pages may load, by their paths. */
  readonly scripts = new Map<string, string>();
  /** The pages by their paths. */
  readonly pages = new Map<string, string>([["/", PAGE]]);
  readonly #closers: (() => unknown)[] = [];
  #people = 0;

  private constructor(api: string, gate: Gate, browser: Browser) {
    this.api = api;
    this.gate = gate;
    this.browser = browser;
  }

  /** Starts the browser and serves the pages. */
  static async open(): Promise<Stage> {
    const closers: (() => unknown)[] = [];
    let api = process.env["BAKEND_URL"]!.replace(/\/$/, "");
    if (api === "fake") {
      const fake = await serve(new Server(() => Date.now(), { refreshes: 100_000 }));
      api = fake.url;
      closers.push(fake.close);
    }
    const gate = new Gate(api);
    await gate.open();
    const { chromium } = await import("playwright-core");
    const browser = await chromium.launch({ executablePath: PATH, args: ["--no-sandbox"] });
    const stage = new Stage(api, gate, browser);
    stage.scripts.set("/client.js", bundle("index.ts", "esm"));
    for (const _ of [1, 2]) await stage.#serve(new URL(api).hostname);
    stage.#closers.push(() => browser.close(), () => gate.close(), ...closers);
    return stage;
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }

  async #serve(host: string): Promise<void> {
    const server: HttpServer = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      const script = this.scripts.get(pathname);
      const page = this.pages.get(pathname);
      const type = script === undefined ? "text/html" : "text/javascript";
      response.writeHead(script ?? page ? 200 : 404, { "content-type": `${type}; charset=utf-8` }).end(script ?? page);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    this.origins.push(`http://${host}:${(server.address() as AddressInfo).port}`);
    this.#closers.push(() => {
      server.close();
      server.closeAllConnections();
    });
  }

  /** A browser without cookies and storage, and a network that is well. */
  async fresh(): Promise<BrowserContext> {
    this.gate.fate = () => ({});
    const context = await this.browser.newContext();
    context.setDefaultTimeout(20_000);
    return context;
  }

  /**
   * A browser of its own whose pages can be frozen. The others cannot: the library keeps them visible, and a visible page
   * is never frozen. `close` ends it.
   */
  async sleepy(): Promise<{ context: BrowserContext; close: () => Promise<void> }> {
    this.gate.fate = () => ({});
    const profile = mkdtempSync(join(tmpdir(), "bakend-browser-"));
    const child = spawn(PATH, ["--no-sandbox", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
      // A group of its own, since the command may be a script that starts the browser.
      detached: true,
    });
    const ended = new Promise((done) => child.once("exit", done));
    const address = await new Promise<string>((done, fail) => {
      let text = "";
      child.stderr.on("data", (part: Buffer) => {
        text += String(part);
        const found = /ws:\/\/\S+/.exec(text);
        if (found) done(found[0]);
      });
      child.once("exit", () => fail(new Error(`the browser ended: ${text}`)));
    });
    const { chromium } = await import("playwright-core");
    const browser = await chromium.connectOverCDP(address, { noDefaults: true });
    const context = browser.contexts()[0]!;
    context.setDefaultTimeout(20_000);
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> =>
      (closing ??= (async () => {
        process.kill(-child.pid!, "SIGKILL");
        await ended;
        rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      })());
    // After a failure it is still open.
    this.#closers.unshift(close);
    return { context, close };
  }

  /** The address of a page. */
  address(options: PageOptions = {}, path = "/", origin = 0): string {
    const query = new URLSearchParams({ api: this.gate.url, ...(options as Record<string, string>) });
    return `${this.origins[origin]!}${path}?${query}`;
  }

  /** Opens a page whose client is there. */
  async page(context: BrowserContext, options: PageOptions = {}, origin = 0): Promise<Page> {
    const page = await context.newPage();
    await page.goto(this.address(options, "/", origin));
    await page.waitForFunction(() => "bk" in window);
    return page;
  }

  /** Opens several pages. */
  async open(context: BrowserContext, count: number, options: PageOptions = {}): Promise<Page[]> {
    const pages: Page[] = [];
    for (let at = 0; at < count; at += 1) pages.push(await this.page(context, options));
    return pages;
  }

  /** Registers a user, without a browser. */
  async person(): Promise<Person> {
    this.#people += 1;
    const person = { email: `user-${Date.now()}-${this.#people}@example.com`, password: "a long password of 2026" };
    const reply = await fetch(`${this.api}/api/auth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(person),
    });
    if (reply.status !== 201) throw new Error(`registration: ${reply.status} ${await reply.text()}`);
    return person;
  }
}
