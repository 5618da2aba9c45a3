import type { FlowOpened, MailAsked } from "./generated.ts";
import type { ProfileOf, UserOf } from "./index.ts";

/**
 * The proof of a mail: the eight digits that its reader has typed, or the token of its link.
 *
 * A code is good together with its flow, which the client keeps. A `flow` beside it comes first.
 */
export type Proof = { code: string; flow?: string | null } | { token: string };

/** The proof of an address: a code or a token. Without a session the password goes along, and beside a code the address. */
export type EmailProof =
  | { code: string }
  | { token: string }
  | { code: string; email: string; password: string; session?: boolean }
  | { token: string; password: string; session?: boolean };

/** The choices of a request for a mail. */
export interface MailOptions {
  /** The address of the app that the page of the mail leads to, one of `auth.redirects`. */
  redirectTo?: string;
  /** The language of the mail, such as `de` or `de-CH`. */
  locale?: string;
  /** Sends the mail of the earlier request for the same address again. A mail that was used up is not sent. */
  again?: boolean;
}

/** The choices of an email change. The password is needed where the last authentication is not recent. */
export interface ChangeOptions {
  /** The password of the account. */
  password?: string;
  /** The six digits of the authenticator app, beside the password of an account with a second factor. */
  code?: string;
  /** A recovery code, in place of `code`. */
  recoveryCode?: string;
  /** The address of the app that the page of the mail leads to, one of `auth.redirects`. */
  redirectTo?: string;
  /** The language of the mail, such as `de` or `de-CH`. */
  locale?: string;
}

/** A sign-in by a mail or a provider. */
export interface Entered<P = {}> {
  /** The user who has signed in. */
  user: UserOf<P>;
  /** Whether the account was made by it. */
  isNewUser: boolean;
  /** Whether a provider was linked by its address to an account that was there; absent after a mail. */
  linkedByEmail?: boolean;
  /** True where the user has to accept the terms of this moment. */
  termsRequired?: boolean | null;
  /** Nothing: this was a sign-in. */
  linked?: undefined;
}

/** Passwords, addresses and sign-ins by the codes and links of mails. */
export interface Mails<P = {}> {
  /** Sends a mail that resets the password. The reply is the same for an address that nobody has. */
  forgot(email: string, options?: MailOptions): Promise<FlowOpened>;
  /** Sets a new password and ends every session. Signs nobody in. `auth/invalid-code` for a proof that is not good. */
  reset(proof: Proof, newPassword: string): Promise<void>;
  /** Proves the address of the user who is signed in. With a password, it signs in as well, unless `session` is false. */
  verifyEmail(proof: EmailProof): Promise<UserOf<P>>;
  /** Sends the mail of the registration that waits, or else the mail that proves the address of the user who is signed in. */
  resend(): Promise<MailAsked>;
  /** Makes the account of a registration that waits, and signs in unless `session` is false. A token needs the password. */
  confirmRegistration(
    proof: { code: string; flow?: string | null; session?: boolean } | { token: string; password: string; session?: boolean },
  ): Promise<UserOf<P>>;
  /** Sends a mail to the new address. Needs a recent authentication or the password. */
  changeEmail(newEmail: string, options?: ChangeOptions): Promise<MailAsked>;
  /** Takes the new address by the code or the token of its mail. Every other session ends. */
  confirmEmail(proof: { code: string } | { token: string }): Promise<UserOf<P>>;
  /** Forgets the change of the address that waits. */
  cancelEmailChange(): Promise<void>;
  /**
   * Sends a mail that signs in. With `redirectTo` its link leads back there with a code for `oauth.finish`, in any tab of this
   * browser; `mail.links.magic-link` of the settings goes before it.
   */
  magicLink(email: string, options?: MailOptions): Promise<FlowOpened>;
  /** Signs in by the code or the token of the mail. A new account takes the fields of the profile, and `termsVersion`. */
  verifyMagicLink(proof: Proof, more?: ProfileOf<P> & { restore?: boolean; termsVersion?: string }): Promise<Entered<P>>;
}
