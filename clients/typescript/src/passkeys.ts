import type { Passkey } from "./generated.ts";
import type { UserOf } from "./index.ts";

/** The choices of a sign-in by passkey. */
export interface Ceremony {
  /** `conditional` waits for the suggestions of a field with `autocomplete="username webauthn"`. It is good for five minutes. */
  mediation?: "conditional";
  /** Ends the ceremony; its reason is what the call throws. */
  signal?: AbortSignal;
  /** Brings a deleted account back. */
  restore?: boolean;
}

/** A proof of the user who is signed in: the password, with a code on an account with a second factor, or a passkey. */
export type Proven =
  | { password: string; code?: string; recoveryCode?: string }
  | { passkey: true; signal?: AbortSignal; mediation?: undefined };

/** Passkeys of the own account, and the sign-in by one. The browser's own errors come as they are, such as `NotAllowedError`. */
export interface Passkeys<P = {}> {
  /** Adds a passkey of this device or of another one, with a name of 1 to 64 bytes. Needs a recent authentication. */
  add(name?: string, options?: { signal?: AbortSignal }): Promise<Passkey>;
  /** Signs in by a passkey. It needs no address, and is both factors. */
  signIn(options?: Ceremony): Promise<UserOf<P>>;
  /** The own passkeys, oldest first. */
  list(): Promise<Passkey[]>;
  /** Gives a passkey another name. */
  rename(id: string, name: string): Promise<Passkey>;
  /** Removes a passkey, and ends every other session. Needs a recent authentication. `auth/last-method` for the last way in. */
  remove(id: string): Promise<void>;
  /** Whether this browser has passkeys. */
  isSupported(): boolean;
}

/** A recent authentication. */
export interface Reauthenticate<P = {}> {
  /** Proves once more who is signed in, and begins a session that is recent in the place of the present one. */
  reauthenticate(proof: Proven): Promise<void>;
}
