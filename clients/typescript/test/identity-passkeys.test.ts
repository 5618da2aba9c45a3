import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { ADA, clear, open, put, refusal, tokens } from "./fake/identity.ts";

const CREATED = "2026-11-01T00:00:00.000Z";
const PASSKEY = { id: "p", name: "Phone", createdAt: CREATED, lastUsedAt: null, backedUp: true, transports: [] };
const bytes = (...values: number[]) => Uint8Array.from(values).buffer;

/** The calls that the browser has had, and its next act. */
let calls: [kind: "create" | "get", options: any][] = [];
let act: (options: any) => unknown = () => ({ toJSON: () => ({ id: "json" }) });

beforeEach(() => {
  calls = [];
  act = () => ({ toJSON: () => ({ id: "json" }) });
  const credentials = {
    create: async (options: any) => (calls.push(["create", options]), act(options)),
    get: async (options: any) => (calls.push(["get", options]), act(options)),
  };
  Object.defineProperty(navigator, "credentials", { value: credentials, configurable: true });
  put({ PublicKeyCredential: READING });
});
afterEach(() => {
  clear();
  delete (navigator as any).credentials;
});

/** A browser that reads and writes JSON. Its functions need their receiver, as a browser's own do. */
const READING = {
  parseCreationOptionsFromJSON(this: unknown, options: object) {
    assert.equal(this, READING);
    return { creation: options };
  },
  parseRequestOptionsFromJSON(this: unknown, options: object) {
    assert.equal(this, READING);
    return { request: options };
  },
};

test("a passkey is added with the session, by the browser's own JSON", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn();
  reply([200, { options: { rp: { id: "example.com" } }, challengeToken: "c" }], [201, PASSKEY]);
  assert.deepEqual(await auth.passkeys.add("Phone"), PASSKEY);
  const made = calls.map(([kind, { publicKey }]) => [kind, publicKey]);
  assert.deepEqual(made, [["create", { creation: { rp: { id: "example.com" } } }]]);
  assert.deepEqual(asked(), [
    ["POST", "passkeys/options", "access-1", undefined],
    ["POST", "passkeys", "access-1", { name: "Phone", challengeToken: "c", credential: { id: "json" } }],
  ]);
});

test("a passkey signs in, also for the suggestions of a field", async () => {
  const { auth, reply, asked } = open();
  const { signal } = new AbortController();
  reply([200, { options: { challenge: "AQ" }, challengeToken: "c" }], [200, { ...tokens(), user: ADA }]);
  const user = await auth.passkeys.signIn({ mediation: "conditional", signal, restore: true });
  assert.deepEqual([user.id, auth.user?.id], [ADA.id, ADA.id]);
  assert.deepEqual(calls, [["get", { publicKey: { request: { challenge: "AQ" } }, mediation: "conditional", signal }]]);
  assert.deepEqual(asked(), [
    ["POST", "passkeys/login/options", null, undefined],
    ["POST", "passkeys/login", null, { restore: true, challengeToken: "c", credential: { id: "json" } }],
  ]);
});

test("a browser without JSON gets bytes, and its credential is written by hand", async () => {
  put({ PublicKeyCredential: {} });
  const { auth, reply, asked, signIn } = open();
  await signIn();
  const options = {
    rp: { id: "example.com", name: "Example" },
    user: { id: "AQID", name: "ada", displayName: "ada" },
    challenge: "-_8",
    pubKeyCredParams: [{ type: "public-key", alg: -7 }],
    excludeCredentials: [{ type: "public-key", id: "_w" }],
  };
  reply([200, { options, challengeToken: "c" }], [201, PASSKEY]);
  class Made {
    get clientDataJSON() {
      return bytes(251, 255);
    }
    get attestationObject() {
      return bytes(1);
    }
    getTransports() {
      return ["internal"];
    }
  }
  // The attributes of a browser's objects are found by a loop, those of a class are not.
  for (const name of ["clientDataJSON", "attestationObject"]) {
    const getter = Object.getOwnPropertyDescriptor(Made.prototype, name)!;
    Object.defineProperty(Made.prototype, name, { ...getter, enumerable: true });
  }
  act = () => ({ id: "AQ", rawId: bytes(1), type: "public-key", response: new Made() });
  await auth.passkeys.add();
  const { publicKey } = calls[0]![1];
  assert.deepEqual([...publicKey.challenge], [251, 255]);
  assert.deepEqual([...publicKey.user.id], [1, 2, 3]);
  assert.deepEqual([...publicKey.excludeCredentials[0].id], [255]);
  assert.equal(publicKey.rp.id, "example.com");
  assert.deepEqual(asked()[1]![3].credential, {
    id: "AQ",
    rawId: "AQ",
    type: "public-key",
    response: { transports: ["internal"], clientDataJSON: "-_8", attestationObject: "AQ" },
  });
});

test("a sign-in by hand leaves out what the credential has not", async () => {
  put({ PublicKeyCredential: {} });
  const { auth, reply, asked } = open();
  reply([200, { options: { challenge: "AQ", rpId: "example.com" }, challengeToken: "c" }], [200, { ...tokens(), user: ADA }]);
  const response = { clientDataJSON: bytes(1), authenticatorData: bytes(2), signature: bytes(3), userHandle: null };
  act = () => ({ id: "AQ", type: "public-key", response });
  await auth.passkeys.signIn();
  const written = { clientDataJSON: "AQ", authenticatorData: "Ag", signature: "Aw" };
  assert.deepEqual(asked()[1]![3].credential.response, written);
  assert.deepEqual([...calls[0]![1].publicKey.challenge], [1]);
});

test("an abort throws the caller's own reason, whatever the browser throws", async () => {
  const { auth, reply, asked } = open();
  const abort = new AbortController();
  reply([200, { options: {}, challengeToken: "c" }]);
  act = () => {
    abort.abort("left");
    throw new DOMException("Aborted.", "AbortError");
  };
  await assert.rejects(auth.passkeys.signIn({ signal: abort.signal }), (reason) => reason === "left");
  assert.equal(asked().length, 1);
});

test("the user's no is thrown as it is", async () => {
  const { auth, reply } = open();
  const no = new DOMException("Not allowed.", "NotAllowedError");
  reply([200, { options: {}, challengeToken: "c" }]);
  act = () => {
    throw no;
  };
  await assert.rejects(auth.passkeys.signIn({ signal: new AbortController().signal }), (error) => error === no);
});

test("a refusal of the server asks the browser for nothing", async () => {
  const { auth, reply, signIn } = open();
  await signIn();
  reply(refusal(403, "auth/reauthentication-required"));
  await assert.rejects(auth.passkeys.add(), { code: "auth/reauthentication-required" });
  assert.deepEqual(calls, []);
});

test("a passkey proves the user once more", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn();
  reply([200, { options: {}, challengeToken: "c" }], [200, tokens("2")]);
  await auth.reauthenticate({ passkey: true });
  assert.deepEqual([auth.user?.id, await auth.token()], [ADA.id, "access-2"]);
  assert.deepEqual(asked(), [
    ["POST", "passkeys/login/options", null, undefined],
    ["POST", "reauthenticate", "access-1", { challengeToken: "c", credential: { id: "json" } }],
  ]);
});

test("passkeys are listed, renamed and removed", async () => {
  const { auth, reply, asked, signIn } = open();
  await signIn();
  reply([200, { items: [PASSKEY] }], [200, { ...PASSKEY, name: "Laptop" }], [204]);
  assert.deepEqual(await auth.passkeys.list(), [PASSKEY]);
  assert.equal((await auth.passkeys.rename("p/1", "Laptop")).name, "Laptop");
  assert.equal(await auth.passkeys.remove("p"), undefined);
  assert.deepEqual(asked(), [
    ["GET", "passkeys", "access-1", undefined],
    ["PATCH", "passkeys/p%2F1", "access-1", { name: "Laptop" }],
    ["DELETE", "passkeys/p", "access-1", undefined],
  ]);
});

test("a browser has passkeys or none", () => {
  const { auth } = open();
  assert.equal(auth.passkeys.isSupported(), true);
  clear();
  assert.equal(auth.passkeys.isSupported(), false);
});
