import type { MfaSetup, MfaStatus } from "./generated.ts";

/** A code of the second factor: the six digits of the authenticator app, or a recovery code. */
export type FactorCode = { code: string } | { recoveryCode: string };

/**
 * The second factor of the own account. Switching it on, off and renewing codes needs a recent authentication.
 *
 * Where a sign-in was refused with `auth/mfa-enrollment-required`, `enable` and `confirm` go on with its token. They take that
 * of `mfa.open` while nobody is signed in; any other is given to them.
 */
export interface Factors {
  /** The factors that the account has, and whether it has to have one. */
  status(): Promise<MfaStatus>;
  /** A secret for an authenticator app, and the same as an address for a QR code. Nothing is on before `confirm`. */
  enable(token?: string): Promise<MfaSetup>;
  /** Switches the factor on by the first code, and gives ten recovery codes, which no other call shows. May sign in. */
  confirm(code: string, token?: string): Promise<string[]>;
  /** Switches the factor off by a code of the app or a recovery code. Every other session ends. */
  disable(proof: FactorCode): Promise<void>;
  /** Ten recovery codes in place of the earlier ones, for a code of the app. */
  renewCodes(code: string): Promise<string[]>;
}
