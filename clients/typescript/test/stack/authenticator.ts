// A browser whose device has passkeys: `navigator.credentials` with an authenticator in software (WebAuthn Level 3).

import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** The flags of an authenticator's data (section 6.1): present, verified, may be copied, is copied. */
const FLAGS = 0x01 | 0x04 | 0x08 | 0x10;
const ATTESTED = 0x40;
/** The types of ceremonies. */
const TYPES = { create: "webauthn.create", get: "webauthn.get" };

const sha256 = (bytes: Buffer | string): Buffer => createHash("sha256").update(bytes).digest();
const base64url = (bytes: Uint8Array | ArrayBuffer): string => Buffer.from(bytes as Uint8Array).toString("base64url");
/** Bytes as the browser has them: a buffer of their own. */
const own = (bytes: Buffer): ArrayBuffer => Uint8Array.from(bytes).buffer;

interface Passkey {
  id: Buffer;
  key: KeyObject;
  handle: ArrayBuffer;
}

/** The browser. `isModern` is whether it reads and writes JSON by itself. */
export class Browser {
  readonly passkeys: Passkey[] = [];
  /** The page's origin. */
  origin = "http://localhost:3000";
  /** What the next ceremony throws, as where the user says no. */
  refusal: Error | null = null;
  /** The options of the ceremonies. */
  readonly asked: { mediation?: string; publicKey: any }[] = [];
  readonly #isModern: boolean;

  constructor(isModern: boolean) {
    this.#isModern = isModern;
    const decode = (value: any): any => ({ ...value, id: own(Buffer.from(value.id, "base64url")) });
    const parse = ({ challenge, user, excludeCredentials = [], ...rest }: any) => ({
      ...rest,
      ...(user && { user: decode(user) }),
      challenge: own(Buffer.from(challenge, "base64url")),
      excludeCredentials: excludeCredentials.map(decode),
    });
    const modern = { parseCreationOptionsFromJSON: parse, parseRequestOptionsFromJSON: parse };
    Object.assign(globalThis, { PublicKeyCredential: isModern ? modern : {} });
    const credentials = { create: this.#begun("create"), get: this.#begun("get") };
    Object.defineProperty(navigator, "credentials", { value: credentials, configurable: true });
  }

  /** Takes the browser away again. */
  close(): void {
    Reflect.deleteProperty(globalThis, "PublicKeyCredential");
    Reflect.deleteProperty(navigator, "credentials");
  }

  #begun(kind: "create" | "get") {
    return async (options: { mediation?: string; publicKey: any }): Promise<unknown> => {
      this.asked.push(options);
      if (this.refusal) throw this.refusal;
      const { publicKey } = options;
      const challenge = base64url(publicKey.challenge);
      const client = Buffer.from(JSON.stringify({ type: TYPES[kind], challenge, origin: this.origin, crossOrigin: false }));
      return kind === "create" ? this.#create(publicKey, client) : this.#get(publicKey, client);
    };
  }

  #create({ rp, user }: any, client: Buffer): unknown {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x, y } = publicKey.export({ format: "jwk" }) as { x: string; y: string };
    const [id, handle] = [randomBytes(32), user.id];
    this.passkeys.push({ id, key: privateKey, handle });
    // COSE (RFC 9053): kty 2, alg -7, crv 1, x, y.
    const coordinate = (label: number, text: string) => [Buffer.from([label, 0x58, 32]), Buffer.from(text, "base64url")];
    const cose = [Buffer.from([0xa5, 1, 2, 3, 0x26, 0x20, 1]), ...coordinate(0x21, x), ...coordinate(0x22, y)];
    const start = [sha256(rp.id), Buffer.from([FLAGS | ATTESTED]), Buffer.alloc(4 + 16), Buffer.from([0, 32])];
    const data = Buffer.concat([...start, id, ...cose]);
    // CBOR (RFC 8949): { fmt: "none", attStmt: {}, authData: data }.
    const head = Buffer.from("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58", "latin1");
    return this.#credential(id, {
      clientDataJSON: own(client),
      attestationObject: own(Buffer.concat([head, Buffer.from([data.length]), data])),
      getTransports: () => ["internal"],
    });
  }

  #get({ rpId }: any, client: Buffer): unknown {
    const { id, key, handle } = this.passkeys.at(-1)!;
    const data = Buffer.concat([sha256(rpId), Buffer.from([FLAGS]), Buffer.alloc(4)]);
    return this.#credential(id, {
      clientDataJSON: own(client),
      authenticatorData: own(data),
      signature: own(sign("sha256", Buffer.concat([data, sha256(client)]), key)),
      userHandle: handle,
    });
  }

  #credential(id: Buffer, response: Record<string, unknown>): unknown {
    const names = { id: base64url(id), rawId: own(id), type: "public-key" };
    if (!this.#isModern) return { ...names, response };
    const written = Object.entries(response).filter(([, value]) => value instanceof ArrayBuffer);
    const json = Object.fromEntries(written.map(([name, value]) => [name, base64url(value as ArrayBuffer)]));
    const extras = { authenticatorAttachment: "platform", clientExtensionResults: {} };
    const transports = "attestationObject" in response ? { transports: ["internal"] } : {};
    return { ...names, response, toJSON: () => ({ ...names, rawId: names.id, ...extras, response: { ...json, ...transports } }) };
  }
}
