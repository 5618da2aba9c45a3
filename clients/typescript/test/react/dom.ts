// A document for React, and the sources of the package as React code runs: built by esbuild, with the React of the tests.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { Window } from "happy-dom";
import type { ReactNode } from "react";
import type { Root } from "react-dom/client";

/** The hooks and components as their callers import them. */
export type Hooks = typeof import("../../src/react.tsx");

const window = new Window({ url: "https://app.example.com/" });
// React reads these when it is loaded, so they come before it.
for (const name of ["document", "FormData", "HTMLElement", "HTMLIFrameElement", "Node"] as const) {
  Object.defineProperty(globalThis, name, { value: name === "document" ? window.document : window[name], configurable: true });
}
Object.assign(globalThis, { window, IS_REACT_ACT_ENVIRONMENT: true });

const need = createRequire(import.meta.url);
const react = need("react") as typeof import("react");
const { createRoot, hydrateRoot } = need("react-dom/client") as typeof import("react-dom/client");
const { renderToString } = need("react-dom/server") as typeof import("react-dom/server");
export const { act, createElement, StrictMode } = react;
export { renderToString };

/** A source of the package, or of an app beside it, as a module; its path begins at the package. */
export function load<T>(source: string): T {
  const built = buildSync({
    entryPoints: [fileURLToPath(new URL(`../../${source}`, import.meta.url))],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    jsx: "automatic",
    target: "es2022",
    external: ["react", "react-dom"],
  });
  const module = { exports: {} };
  new Function("module", "exports", "require", built.outputFiles[0]!.text)(module, module.exports, need);
  return module.exports as T;
}

/** The hooks and components of the package. */
export const hooks = load<Hooks>("src/react.tsx");

/** A rendered tree. */
export interface Rendered {
  /** The element that holds it. */
  readonly at: HTMLElement;
  /** Its text. */
  text(): string;
  /** The first element that a selector finds. */
  find<E extends HTMLElement = HTMLElement>(selector: string): E | null;
  render(tree: ReactNode): Promise<void>;
  unmount(): Promise<void>;
}

/** Lets everything run that waits for no answer. */
export const settle = (): Promise<void> => act(() => new Promise<void>((done) => setImmediate(done)));

/** Renders a tree as an app does; with the text of a server, it takes that over. */
export async function mount(tree: ReactNode, server?: string, complain?: (error: unknown) => void): Promise<Rendered> {
  const at = document.body.appendChild(document.createElement("div"));
  let root: Root | undefined;
  if (server === undefined) root = createRoot(at);
  else at.innerHTML = server;
  const render = (next: ReactNode): Promise<void> =>
    act(async () => {
      if (root) root.render(next);
      else root = hydrateRoot(at, next, { onRecoverableError: (error) => complain?.(error) });
    });
  await render(tree);
  return {
    at,
    text: () => at.textContent ?? "",
    find: <E extends HTMLElement>(selector: string) => at.querySelector<E>(selector),
    render,
    unmount: async () => {
      await act(async () => root?.unmount());
      at.remove();
    },
  };
}

/** Everything that React writes to the console while a task runs. */
export async function complaints(task: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const { error, warn } = console;
  console.error = console.warn = (...parts: unknown[]) => void lines.push(parts.join(" "));
  try {
    await task();
  } finally {
    Object.assign(console, { error, warn });
  }
  return lines;
}

/** Types into a field of a form, as a person does: React takes no notice of a script that sets the value of the element. */
export function type(field: HTMLElement | null, text: string): void {
  Reflect.set(window.HTMLInputElement.prototype, "value", text, field);
  field!.dispatchEvent(new (window.Event as unknown as typeof Event)("input", { bubbles: true }));
}

/** Clicks an element, and lets everything run that follows. */
export const click = (element: HTMLElement | null): Promise<void> => act(async () => element!.click());
