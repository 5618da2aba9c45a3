import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReactNode } from "react";
import { act, click, createElement as h, hooks, mount, renderToString, settle, StrictMode, type } from "./react/dom.ts";
import { failure, person, Scripted } from "./react/client.ts";

const { BakendProvider, LoginForm, ProtectedRoute, RequireRole, useAuth } = hooks;

const under = (scripted: Scripted, ...children: ReactNode[]) => h(BakendProvider, { client: scripted.client }, ...children);

test("a route is loading first, also for a server, and then shows its children", async () => {
  const scripted = Scripted.with(person("ada"));
  const tree = () => under(scripted, h(ProtectedRoute, { loading: "wait", fallback: "no" }, "secret"));
  assert.equal(renderToString(tree()), "wait");
  const shown = await mount(tree(), renderToString(tree()));
  await settle();
  assert.equal(shown.text(), "secret");
  await shown.unmount();
});

test("a route tells once of a denial, also in StrictMode, and again after the next one", async () => {
  const scripted = Scripted.with(null);
  let denials = 0;
  const route = h(ProtectedRoute, { fallback: "no", onDenied: () => denials++ }, "secret");
  const shown = await mount(h(StrictMode, null, under(scripted, route)));
  await settle();
  assert.deepEqual([shown.text(), denials], ["no", 1]);
  await shown.render(
    h(StrictMode, null, under(scripted, h(ProtectedRoute, { fallback: "no", onDenied: () => denials++ }, "secret"))),
  );
  await settle();
  assert.equal(denials, 1, "a render is no denial");
  const later = await mount(h(StrictMode, null, under(scripted, h(ProtectedRoute, { onDenied: () => (denials += 10) }))));
  await settle();
  assert.equal(denials, 11, "a route that is denied when it is mounted");
  await later.unmount();
  denials = 1;
  await act(async () => scripted.become(person("ada")));
  assert.deepEqual([shown.text(), denials], ["secret", 1]);
  await act(async () => scripted.become(null));
  assert.deepEqual([shown.text(), denials], ["no", 2]);
  await shown.unmount();
});

test("a route never tells of a denial before the storage was read", async () => {
  const scripted = new Scripted();
  let denials = 0;
  const shown = await mount(under(scripted, h(ProtectedRoute, { onDenied: () => denials++ }, "secret")));
  await settle();
  assert.deepEqual([shown.text(), denials], ["", 0]);
  scripted.user = person("ada");
  scripted.begin();
  await settle();
  assert.deepEqual([shown.text(), denials], ["secret", 0]);
  await shown.unmount();
});

test("a form in place of a route stays mounted while it signs in, and after a failure", async () => {
  const scripted = Scripted.with(null);
  const shown = await mount(under(scripted, h(ProtectedRoute, { fallback: h(LoginForm) }, "secret")));
  await settle();
  const field = shown.find<HTMLInputElement>("input[type=email]")!;
  type(field, "ada@example.com");
  type(shown.find("input[type=password]"), "wrong");
  await click(shown.find("button[type=submit]"));
  assert.equal(scripted.calls.length, 1);
  assert.ok(shown.find("input[type=email]") === field, "while it signs in");
  await act(async () => scripted.calls[0]!.fail(failure("auth/invalid-credentials")));
  assert.ok(shown.find("input[type=email]") === field, "after a failure");
  assert.equal(field.value, "ada@example.com");
  await shown.unmount();
});

test("a sign-out by a part of a route leaves the others mounted until it is over", async () => {
  const scripted = Scripted.with(person("ada"));
  const Leave = () => h("button", { onClick: useAuth().logout }, "Leave");
  const shown = await mount(under(scripted, h(ProtectedRoute, { loading: "wait", fallback: "no" }, h(Leave))));
  await settle();
  await click(shown.find("button"));
  assert.equal(shown.text(), "Leave");
  await act(async () => {
    scripted.become(null);
    scripted.calls[0]!.answer(undefined);
  });
  assert.equal(shown.text(), "no");
  await shown.unmount();
});

test("the state of the children is not that of the next user", async () => {
  for (const guard of [
    ProtectedRoute,
    (props: { children?: ReactNode }) => h(RequireRole, { role: "authenticated", ...props }),
  ]) {
    const scripted = Scripted.with(person("ada"));
    const shown = await mount(under(scripted, h(guard, null, h("input"))));
    await settle();
    const before = shown.find("input");
    await act(async () => scripted.become({ ...person("ada"), email: "other@example.com" }));
    assert.ok(shown.find("input") === before);
    await act(async () => scripted.become(person("eve")));
    assert.ok(shown.find("input") !== before);
    await shown.unmount();
  }
});

test("a role is needed, or one of several", async () => {
  const scripted = Scripted.with(person("ada", "editor"));
  const guarded = (role: string | string[]) =>
    h(RequireRole, { role, fallback: "no", loading: "wait", key: String(role) }, "yes");
  const tree = () => under(scripted, guarded("admin"), guarded("editor"), guarded(["admin", "editor"]), guarded([]));
  assert.equal(renderToString(tree()).replaceAll("<!-- -->", ""), "wait".repeat(4));
  const shown = await mount(tree());
  await settle();
  assert.equal(shown.text(), "noyesyesno");
  await act(async () => scripted.become(person("ada", "admin")));
  assert.equal(shown.text(), "yesnoyesno");
  await act(async () => scripted.become(person("ada")));
  assert.equal(shown.text(), "nononono");
  await act(async () => scripted.become(null));
  assert.equal(shown.text(), "nononono");
  await shown.unmount();
});
