import type { Account, AccountFound, EnabledProvider, NativeProof } from "./generated.ts";
import type { ProfileOf, UserOf } from "./index.ts";
import type { Entered } from "./mails.ts";

/** The choices of a redirect to a provider. */
export interface StartOptions {
  /** False gives the address without opening it, such as for a browser of an app. */
  navigate?: boolean;
  /** The question that the provider asks its user. `login` makes the sign-in a recent one. */
  prompt?: "none" | "login" | "consent" | "select_account";
  /** The user's address or name at the provider. */
  loginHint?: string;
  /** The language of the provider's page. */
  locale?: string;
}

/** The choices of a sign-in that may make an account, with the fields of its profile. */
export type Restoring<P = {}> = ProfileOf<P> & {
  /** Brings a deleted account back. */
  restore?: boolean;
  /** The version of the terms that the user of a new account accepts. */
  termsVersion?: string;
};

/** The end of a redirect: a sign-in, or a provider that was linked to the account of the user. */
export type Finished<P = {}> =
  | Entered<P>
  | {
      /** The way to sign in that was linked. */
      linked: Account;
      /** The user who is signed in. */
      user: UserOf<P>;
    };

/** A sign-in by a provider, by a redirect in the browser or by a library of an app. */
export interface OAuth<P = {}> {
  /** Opens the provider's page, and gives its address. The browser comes back to `redirectTo`, one of `auth.redirects`. */
  start(provider: string, redirectTo: string, options?: StartOptions): Promise<string>;
  /**
   * Trades the code of an address that the browser came back to, once, however often it is called. Null for an address without
   * one, and where no sign-in is under way here. Call it on the page of `redirectTo` alone: anybody can make such an address.
   * A provider's refusal throws `auth/forbidden` where the user said no, else `auth/provider-unavailable`. A code that is
   * late or made up throws `auth/invalid-oauth-code`. After any other error the same address may be tried again.
   */
  finish(url: string, more?: Restoring<P>): Promise<Finished<P> | null>;
  /** Signs in by what a library of the provider gave: `idToken` with `nonce`, or `code` with `redirectUri` and `codeVerifier`. */
  native(provider: string, proof: NativeProof & ProfileOf<P>): Promise<Entered<P>>;
}

/** The ways to sign in to the own account. */
export interface Accounts {
  /** The ways: password, mail, providers, passkeys. */
  list(): Promise<Account[]>;
  /** Begins to link a provider, as `oauth.start` begins a sign-in; `oauth.finish` ends it. Needs a recent authentication then. */
  link(provider: string, redirectTo: string, options?: StartOptions): Promise<string>;
  /** Removes a provider, and ends every other session. `auth/last-method` for the last way in. */
  unlink(id: string): Promise<void>;
  /**
   * Whether the answer of a provider, in an address that came back, belongs to an account here; `finish` still trades its code.
   * Admins ask by `email`.
   */
  check(of: string | { email: string }): Promise<AccountFound>;
}

/** Sign-ins by providers. */
export interface Providers<P = {}> {
  /** Sign-ins by a provider. */
  readonly oauth: OAuth<P>;
  /** The ways to sign in. */
  readonly accounts: Accounts;
  /** The providers that are switched on. */
  providers(): Promise<EnabledProvider[]>;
}
