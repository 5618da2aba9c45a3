import assert from "node:assert/strict";
import { test } from "node:test";
import type { ComponentProps } from "react";
import type { MfaStep } from "../src/index.ts";
import {
  act,
  click,
  complaints,
  createElement as h,
  hooks,
  mount,
  renderToString,
  settle,
  StrictMode,
  type,
} from "./react/dom.ts";
import { failure, person, Scripted } from "./react/client.ts";

const { BakendProvider, LoginForm } = hooks;
type Props = ComponentProps<typeof LoginForm>;

/** A mounted form. */
async function form(scripted: Scripted, props: Props = {}) {
  const tree = (next: Props) => h(BakendProvider, { client: scripted.client }, h(LoginForm, next));
  const shown = await mount(tree(props));
  await settle();
  const fill = (name: string, text: string) => type(shown.find(`input[name=${name}]`), text);
  const submit = () => click(shown.find("button[type=submit]"));
  const sign = async () => {
    fill("email", "ada@example.com");
    fill("password", "p a s s ");
    await submit();
  };
  const button = (text: string) => [...shown.at.querySelectorAll("button")].find((it) => it.textContent === text) ?? null;
  return { ...shown, fill, submit, sign, button, again: (next: Props) => shown.render(tree(next)) };
}

/** The form at the step of the second factor. */
async function atStep(scripted: Scripted, methods: MfaStep["methods"], props: Props = {}, token: string | null = "T") {
  const shown = await form(scripted, props);
  await shown.sign();
  await act(async () => {
    scripted.open = { token, methods, expiresIn: 300 };
    scripted.calls[0]!.fail(failure("auth/mfa-required"));
  });
  return shown;
}

test("every field has a label and says how it is filled, and a password never comes into the address", async () => {
  const { at, find, unmount } = await form(Scripted.with(null));
  const fields = [...at.querySelectorAll("input")].map((input) => {
    const label = at.querySelector(`label[for="${input.id}"]`);
    return [label?.textContent, input.type, input.getAttribute("autocomplete"), input.required];
  });
  assert.deepEqual(fields, [
    ["Email", "email", "username", true],
    ["Password", "password", "current-password", true],
  ]);
  assert.equal(find("form")!.getAttribute("method"), "post");
  assert.ok(find("[role=alert]") === null);
  assert.ok(find("input[aria-describedby]") === null);
  await unmount();
});

test("server and browser begin alike, with a button that waits for the session", async () => {
  const scripted = Scripted.with(null);
  const tree = () => h(StrictMode, null, h(BakendProvider, { client: scripted.client }, h(LoginForm), h(LoginForm)));
  const text = renderToString(tree());
  assert.match(text, /<button type="submit" disabled="">/);
  const lines = await complaints(async () => {
    const shown = await mount(tree(), text, (error) => assert.fail(String(error)));
    await settle();
    assert.ok(shown.find("button[disabled]") === null);
    const ids = [...shown.at.querySelectorAll("input")].map((it) => it.id);
    assert.equal(new Set(ids).size, 4, "two forms of a page have ids of their own");
    await shown.unmount();
  });
  assert.deepEqual(lines, []);
});

test("a sign-in gives the user to its caller", async () => {
  const scripted = Scripted.with(null);
  const done: unknown[] = [];
  const { find, sign, unmount } = await form(scripted, { onDone: (user) => done.push(user) });
  await sign();
  assert.deepEqual(scripted.calls[0]!.values, ["ada@example.com", "p a s s "], "the password is sent as typed");
  const button = find<HTMLButtonElement>("button[type=submit]")!;
  assert.deepEqual([button.disabled, find("form")!.getAttribute("aria-busy")], [true, "true"]);
  await click(button);
  assert.equal(scripted.calls.length, 1, "nothing is sent twice");
  await act(async () => scripted.calls[0]!.answer(person("ada")));
  assert.deepEqual(done, [person("ada")]);
  assert.equal(button.disabled, false);
  await unmount();
});

test("a failure is an alert that the fields refer to, which is made anew for each", async () => {
  const scripted = Scripted.with(null);
  const done: unknown[] = [];
  const { find, sign, unmount } = await form(scripted, { onDone: (user) => done.push(user) });
  await sign();
  await act(async () => scripted.calls[0]!.fail(failure("auth/invalid-credentials")));
  const alert = find("[role=alert]")!;
  assert.equal(alert.textContent, "Failed: auth/invalid-credentials");
  assert.equal(find("input[name=email]")!.getAttribute("aria-describedby"), alert.id);
  assert.equal(find<HTMLInputElement>("input[name=email]")!.value, "ada@example.com");
  await sign();
  assert.ok(find("[role=alert]") === null);
  await act(async () => scripted.calls[1]!.fail(failure("auth/invalid-credentials")));
  assert.ok(find("[role=alert]") !== alert, "a reader says it again");
  assert.deepEqual(done, []);
  await unmount();
});

test("a second factor is asked for in the same place, with the focus on its field", async () => {
  const scripted = Scripted.with(null);
  const done: unknown[] = [];
  const { at, find, fill, submit, again, unmount } = await atStep(scripted, ["totp"], { onDone: (user) => done.push(user) });
  assert.ok(find("[role=alert]") === null, "the step is no failure");
  const field = find<HTMLInputElement>("input")!;
  assert.equal(at.querySelectorAll("input").length, 1);
  assert.deepEqual(
    [find(`label[for="${field.id}"]`)?.textContent, field.getAttribute("autocomplete"), field.getAttribute("inputmode")],
    ["Authenticator code", "one-time-code", "numeric"],
  );
  assert.ok(document.activeElement === field);
  fill("code", " 123 ");
  await again({ onDone: (user) => done.push(user) });
  assert.ok(find("input") === field, "the step stays over renders");
  await submit();
  assert.deepEqual(scripted.calls[1]!.values, [{ code: "123" }]);
  await act(async () => scripted.calls[1]!.fail(failure("auth/invalid-mfa-code")));
  assert.equal(find("[role=alert]")?.textContent, "Failed: auth/invalid-mfa-code");
  assert.ok(find("input") === field);
  fill("code", "456");
  await submit();
  await act(async () => {
    scripted.open = null;
    scripted.become(person("ada"));
    scripted.calls[2]!.answer(person("ada"));
  });
  assert.deepEqual(done, [person("ada")]);
  assert.deepEqual([find("[role=alert]") === null, find("input[name=email]") !== null], [true, true]);
  await unmount();
});

test("a recovery code takes the place of the app's, and back", async () => {
  const scripted = Scripted.with(null);
  const { at, button, fill, find, submit, unmount } = await atStep(scripted, ["totp", "recovery"]);
  fill("code", "123");
  await click(button("Use a recovery code"));
  assert.equal(find("label")?.textContent, "Recovery code");
  const field = find<HTMLInputElement>("input")!;
  assert.deepEqual([field.value, field.getAttribute("autocomplete"), field.getAttribute("inputmode")], ["", "off", null]);
  assert.ok(document.activeElement === field);
  fill("code", "7KQ2-9X4M-T0VB-3HCE");
  await submit();
  assert.deepEqual(scripted.calls[1]!.values, [{ recoveryCode: "7KQ2-9X4M-T0VB-3HCE" }]);
  await act(async () => scripted.calls[1]!.fail(failure("auth/invalid-mfa-code")));
  await click(button("Use an authenticator code"));
  assert.equal(find("label")?.textContent, "Authenticator code");
  assert.equal(at.querySelectorAll("input").length, 1);
  await unmount();
});

test("codes that the account lacks are not asked for", async () => {
  const app = await atStep(Scripted.with(null), ["totp", "passkey"]);
  assert.equal(app.button("Use a recovery code"), null);
  await app.unmount();
  const spare = await atStep(Scripted.with(null), ["recovery"]);
  assert.equal(spare.find("label")?.textContent, "Recovery code");
  assert.equal(spare.button("Use an authenticator code"), null);
  await spare.unmount();
});

test("a sign-in that only a passkey can finish says so", async () => {
  const shown = await atStep(Scripted.with(null), ["passkey"], {}, null);
  assert.equal(shown.find("[role=alert]")?.textContent, "Failed: auth/mfa-required");
  assert.ok(shown.find("input[name=password]") !== null);
  await shown.unmount();
});

test("an account that has to enrol a factor first is not asked for a code", async () => {
  const scripted = Scripted.with(null);
  const { find, sign, unmount } = await form(scripted);
  await sign();
  await act(async () => {
    scripted.open = { token: "T", methods: ["totp"], expiresIn: 300 };
    scripted.calls[0]!.fail(failure("auth/mfa-enrollment-required"));
  });
  assert.equal(find("[role=alert]")?.textContent, "Failed: auth/mfa-enrollment-required");
  assert.ok(find("input[name=password]") !== null);
  // Not while the next sign-in is under way either.
  await sign();
  assert.ok(find("input[name=password]") !== null);
  await unmount();
});

test("a step can be left for another sign-in, whose own step is shown", async () => {
  const scripted = Scripted.with(null);
  const { button, fill, find, sign, submit, unmount } = await atStep(scripted, ["totp"]);
  fill("code", "123");
  await submit();
  await act(async () => scripted.calls[1]!.fail(failure("auth/invalid-mfa-code")));
  await click(button("Start over"));
  assert.ok(find("[role=alert]") === null);
  assert.ok(document.activeElement === find("input[name=email]"));
  await sign();
  await act(async () => {
    scripted.open = { token: "U", methods: ["totp"], expiresIn: 300 };
    scripted.calls[2]!.fail(failure("auth/mfa-required"));
  });
  assert.equal(find("label")?.textContent, "Authenticator code");
  await unmount();
});

test("texts, classes and the words of a failure are the app's", async () => {
  const scripted = Scripted.with(null);
  const { at, find, sign, unmount } = await form(scripted, {
    className: "form",
    classNames: { field: "field", label: "label", input: "input", error: "error", button: "button", link: "link" },
    labels: { email: "E-Mail", signIn: "Anmelden" },
    describe: (error) => `Fehler ${error.code}`,
  });
  await sign();
  await act(async () => scripted.calls[0]!.fail(failure("auth/invalid-credentials")));
  assert.equal(find("form.form > p.error")?.textContent, "Fehler auth/invalid-credentials");
  assert.equal(find("form > button.button")?.textContent, "Anmelden");
  assert.equal(at.querySelectorAll("div.field > label.label + input.input").length, 2);
  assert.deepEqual(
    [...at.querySelectorAll("label")].map((it) => it.textContent),
    ["E-Mail", "Password"],
  );
  await sign();
  await act(async () => {
    scripted.open = { token: "T", methods: ["totp"], expiresIn: 300 };
    scripted.calls[1]!.fail(failure("auth/mfa-required"));
  });
  assert.equal(find("button.link")?.textContent, "Start over");
  await unmount();
});
