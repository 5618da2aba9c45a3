import assert from "node:assert/strict";
import { test } from "node:test";
import type { Authentication } from "../src/react.tsx";
import { act, complaints, createElement as h, hooks, mount, renderToString, settle, StrictMode } from "./react/dom.ts";
import { failure, person, Scripted } from "./react/client.ts";

const { BakendProvider, useAuth, useClient } = hooks;

/** Shows the session, and gives the hook's result to the test. */
function Shown({ seen }: { seen?: (auth: Authentication) => void }) {
  const auth = useAuth();
  seen?.(auth);
  return h("p", null, auth.isLoading ? "loading" : (auth.user?.id ?? "nobody"));
}

const under = (scripted: Scripted, ...children: Parameters<typeof h>[2][]) =>
  h(BakendProvider, { client: scripted.client }, ...children);

/** A mounted hook, whose newest result is `auth()`. */
async function hook(scripted: Scripted, name = "first") {
  const results: Authentication[] = [];
  const tree = (): ReturnType<typeof h> => under(scripted, h(Shown, { key: name, seen: (auth) => results.push(auth) }));
  const shown = await mount(tree());
  await settle();
  return { shown, results, auth: () => results.at(-1)!, again: () => shown.render(tree()) };
}

test("server and browser begin alike, and the browser goes on with the user", async () => {
  const scripted = Scripted.with(person("ada"));
  const tree = () => under(scripted, h(Shown));
  const text = renderToString(tree());
  assert.match(text, />loading</);
  const wrong: unknown[] = [];
  const lines = await complaints(async () => {
    const shown = await mount(tree(), text, (error) => wrong.push(error));
    await settle();
    assert.equal(shown.text(), "ada");
    await shown.unmount();
  });
  assert.deepEqual([lines, wrong], [[], []]);
});

test("a part of a page that is taken over later begins as the server's, too", async () => {
  const scripted = Scripted.with(person("ada"));
  const tree = () => under(scripted, h(Shown));
  const text = renderToString(tree());
  const first = await mount(tree(), text);
  await settle();
  const wrong: unknown[] = [];
  const lines = await complaints(async () => {
    const later = await mount(tree(), text, (error) => wrong.push(error));
    assert.equal(later.text(), "ada");
    await later.unmount();
  });
  assert.deepEqual([lines, wrong], [[], []]);
  await first.unmount();
});

test("a session is loading until the storage was read", async () => {
  const scripted = new Scripted();
  const shown = await mount(under(scripted, h(Shown)));
  await settle();
  assert.equal(shown.text(), "loading");
  scripted.user = person("ada");
  scripted.begin();
  await settle();
  assert.equal(shown.text(), "ada");
  await shown.unmount();
});

test("a sign-in is the loading of its own hook alone", async () => {
  const scripted = Scripted.with(null);
  const one = await hook(scripted);
  const other = await hook(scripted);
  let done: unknown;
  act(
    () =>
      void one
        .auth()
        .login("ada@example.com", "password")
        .then((user) => (done = user)),
  );
  assert.deepEqual([one.auth().isLoading, other.auth().isLoading], [true, false]);
  assert.deepEqual(scripted.calls[0]!.values, ["ada@example.com", "password"]);
  await act(async () => {
    scripted.become(person("ada"));
    scripted.calls[0]!.answer(person("ada"));
  });
  assert.deepEqual([one.auth().isLoading, one.shown.text(), other.shown.text()], [false, "ada", "ada"]);
  assert.deepEqual(done, person("ada"));
  await one.shown.unmount();
  await other.shown.unmount();
});

test("a failed sign-in throws and sets the error, which the next success clears", async () => {
  const scripted = Scripted.with(null);
  const { auth, shown } = await hook(scripted);
  const wrong = failure("auth/invalid-credentials");
  let caught: unknown;
  act(
    () =>
      void auth()
        .login("a@example.com", "wrong")
        .catch((error: unknown) => (caught = error)),
  );
  await act(async () => scripted.calls[0]!.fail(wrong));
  assert.equal(caught, wrong);
  assert.equal(auth().error, wrong);
  assert.equal(auth().isLoading, false);
  act(() => void auth().register("a@example.com", "right", { locale: "de" }));
  assert.equal(auth().error, wrong, "an attempt alone clears nothing");
  assert.deepEqual(scripted.calls[1]!.values, ["a@example.com", "right", { locale: "de" }]);
  await act(async () => scripted.calls[1]!.answer(null));
  assert.equal(auth().error, null);
  await shown.unmount();
});

test("two calls at once are loading until both have ended", async () => {
  const scripted = Scripted.with(null);
  const { auth, shown } = await hook(scripted);
  act(() => {
    void auth().login("a@example.com", "one");
    void auth().login("a@example.com", "two");
  });
  await act(async () => scripted.calls[0]!.answer(person("ada")));
  assert.equal(auth().isLoading, true);
  await act(async () => scripted.calls[1]!.answer(person("ada")));
  assert.equal(auth().isLoading, false);
  await shown.unmount();
});

test("a sign-out never throws, and keeps its failure as the error", async () => {
  const scripted = Scripted.with(person("ada"));
  const { auth, shown } = await hook(scripted);
  let over = false;
  act(
    () =>
      void auth()
        .logout()
        .then(() => (over = true)),
  );
  await act(async () => {
    scripted.become(null);
    scripted.calls[0]!.fail(failure("common/internal"));
  });
  assert.deepEqual([over, auth().error?.code, auth().user], [true, "common/internal", null]);
  await shown.unmount();
});

test("the step of a second factor is open in every component until the code is right", async () => {
  const scripted = Scripted.with(null);
  const one = await hook(scripted);
  const other = await hook(scripted);
  act(
    () =>
      void one
        .auth()
        .login("ada@example.com", "password")
        .catch(() => {}),
  );
  const step = { token: "T", methods: ["totp" as const], expiresIn: 300 };
  await act(async () => {
    scripted.open = step;
    scripted.calls[0]!.fail(failure("auth/mfa-required"));
  });
  for (const { auth } of [one, other]) assert.equal(auth().mfa?.token, "T");
  await one.again();
  assert.equal(one.auth().mfa?.token, "T");
  assert.equal(one.auth().error?.code, "auth/mfa-required");

  act(
    () =>
      void other
        .auth()
        .mfa!.verify("000000")
        .catch(() => {}),
  );
  assert.deepEqual([scripted.calls[1]!.name, scripted.calls[1]!.values], ["verify", ["000000"]]);
  await act(async () => scripted.calls[1]!.fail(failure("auth/invalid-mfa-code")));
  assert.deepEqual([other.auth().mfa?.token, other.auth().error?.code], ["T", "auth/invalid-mfa-code"]);

  act(() => void other.auth().mfa!.verify({ recoveryCode: "R" }));
  await act(async () => {
    scripted.open = null;
    scripted.become(person("ada"));
    scripted.calls[2]!.answer(person("ada"));
  });
  for (const { auth } of [one, other]) assert.deepEqual([auth().mfa, auth().user?.id], [null, "ada"]);
  assert.equal(other.auth().error, null);
  await one.shown.unmount();
  await other.shown.unmount();
});

test("the functions and the user stay the same from render to render", async () => {
  const scripted = Scripted.with(person("ada"));
  const { auth, again, shown } = await hook(scripted);
  const before = auth();
  await again();
  const after = auth();
  assert.notEqual(before, after);
  for (const name of ["login", "register", "logout", "user"] as const) assert.equal(before[name], after[name]);
  await shown.unmount();
});

test("a change while nobody listened is seen by the first render that follows", async () => {
  const scripted = Scripted.with(person("ada"));
  const { shown } = await hook(scripted);
  await shown.unmount();
  assert.equal(scripted.listeners.size, 0);
  scripted.user = person("eve");
  const { results, shown: next } = await hook(scripted);
  assert.equal(results[0]!.user?.id, "eve");
  await next.unmount();
});

test("StrictMode listens once, and an unmount ends it", async () => {
  const scripted = Scripted.with(person("ada"));
  const shown = await mount(h(StrictMode, null, under(scripted, h(Shown))));
  await settle();
  assert.equal(scripted.listeners.size, 1);
  await shown.unmount();
  assert.equal(scripted.listeners.size, 0);
});

test("another client of the provider has its own session", async () => {
  const [ada, eve] = [Scripted.with(person("ada")), Scripted.with(person("eve"))];
  const shown = await mount(under(ada, h(Shown)));
  await settle();
  await shown.render(under(eve, h(Shown)));
  await settle();
  assert.deepEqual([shown.text(), ada.listeners.size, eve.listeners.size], ["eve", 0, 1]);
  await shown.unmount();
});

test("a hook without a provider says so", () => {
  const Lost = () => h("p", null, useClient().url);
  assert.throws(() => renderToString(h(Lost)), /BakendProvider is missing/);
});
