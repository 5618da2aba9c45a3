// The hooks in a page under StrictMode, which mounts everything twice. The stack has the collection `tasks`.

import { strictEqual } from "node:assert";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { buildSync } from "esbuild";
import { pause } from "./pages.ts";
import type { Stage } from "./stage.ts";
import { rounds } from "./stage.ts";

const source = (name: string): string => fileURLToPath(new URL(`../../src/${name}`, import.meta.url));

const APP = `
  import { StrictMode, createElement as h } from "react";
  import { createRoot } from "react-dom/client";
  import { createClient } from ${JSON.stringify(source("index.ts"))};
  import { BakendProvider, useAuth, useRecords } from ${JSON.stringify(source("react.tsx"))};

  const client = createClient(new URL(location.href).searchParams.get("api"));
  window.bk = client;
  function Tasks() {
    const { items, isLoading } = useRecords("tasks", {});
    return h("ul", { id: "tasks", "data-loading": String(isLoading) }, items.map((task) => h("li", { key: task.id }, task.title)));
  }
  function App() {
    const { user, isLoading } = useAuth();
    if (isLoading) return h("p", null, "loading");
    return user ? h("div", null, h("p", { id: "who" }, user.email), h(Tasks)) : h("p", { id: "nobody" }, "nobody");
  }
  createRoot(document.body).render(h(StrictMode, null, h(BakendProvider, { client }, h(App))));
`;

/** Registers the tests. */
export function react(stage: () => Stage): void {
  const skip = existsSync(source("react.tsx")) ? false : "src/react.tsx is not there";

  test("StrictMode mounts twice, requests once, and keeps the session", { skip }, async () => {
    const built = buildSync({
      stdin: { contents: APP, resolveDir: fileURLToPath(new URL("../..", import.meta.url)) },
      bundle: true,
      write: false,
      format: "esm",
      jsx: "automatic",
      define: { "process.env.NODE_ENV": '"development"' },
    });
    stage().scripts.set("/app.js", built.outputFiles[0]!.text);
    const head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">';
    stage().pages.set("/app", `${head}<body></body><script type="module" src="/app.js"></script>`);
    const context = await stage().fresh();
    const { gate } = stage();
    const person = await stage().person();
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(stage().address({}, "/app"));
    await page.waitForSelector("#nobody");
    await page.evaluate(({ email, password }) => window.bk.auth.login(email, password), person);
    await page.waitForSelector("#who");
    strictEqual(await page.textContent("#who"), person.email);
    await page.waitForSelector("#tasks[data-loading=false]", { state: "attached" });
    await pause(200);
    strictEqual(gate.count("GET", "/api/tasks"), 1, "mounted twice, requested once");
    await page.evaluate(() => window.bk.request("POST", "/api/tasks", { body: { title: "from StrictMode" } }));
    for (let round = 0; round < 1 + rounds(10); round += 1) {
      const [lists, refreshes] = [gate.count("GET", "/api/tasks"), gate.refreshes];
      await page.evaluate(() => {
        for (const key of Object.keys(localStorage)) {
          localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key)!), expiresAt: 1 }));
        }
      });
      await page.reload();
      await page.waitForSelector("li");
      strictEqual(await page.textContent("li"), "from StrictMode");
      await pause(200);
      strictEqual(gate.count("GET", "/api/tasks") - lists, 1);
      strictEqual(gate.refreshes - refreshes, 1);
    }
    await page.evaluate(() => window.bk.auth.logout());
    await page.waitForSelector("#nobody");
    strictEqual(errors.join(), "");
    await context.close();
  });
}
