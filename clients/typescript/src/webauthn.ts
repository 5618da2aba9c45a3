import { decode, encode } from "./base64url.ts";

type Json = Record<string, any>;

/** The options of a ceremony out of their JSON, for browsers that cannot read it (WebAuthn Level 3, sections 5.1.8 and 5.1.9). */
export const read = (options: Json): Json => {
  for (const it of [options["user"], ...(options["excludeCredentials"] ?? [])]) if (it) it.id = decode(it.id);
  return { ...options, challenge: decode(options["challenge"]) };
};

/** A credential as JSON, for browsers and extensions that cannot write it. */
export const write = ({ id, type, response }: any): object => {
  const written: Json = { transports: response.getTransports?.() };
  // The values are getters of a prototype, so no other loop finds them.
  for (const name in response) if (response[name]?.byteLength) written[name] = encode(response[name]);
  return { id, rawId: id, type, response: written };
};
