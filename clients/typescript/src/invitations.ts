import type {
  ClosedInvitation,
  Invitation,
  InvitationPage,
  InvitationStatus,
  MailAsked,
  NewInvitation,
} from "./generated.ts";
import type { ProfileOf, UserOf } from "./index.ts";

/** The choices of a list of invitations. */
export interface InvitationQuery {
  /** Those in this status alone. */
  status?: InvitationStatus;
  /** Those for things of this type alone. */
  resourceType?: string;
  /** Those for the thing with this id alone. */
  resourceId?: string;
  /** How many, at most. */
  limit?: number;
  /** The cursor of the page before. */
  cursor?: string | null;
}

/** The new account of an invitation, with the fields of its profile. */
export type NewAccount<P = {}> = ProfileOf<P> & {
  /** The password; without it nobody can log in until one is set. */
  password?: string;
  /** Whether a session begins; true where it is left out. */
  session?: boolean;
  /** The version of the terms that the user accepts. */
  termsVersion?: string;
};

/** An invitation that was accepted. */
export interface Accepted<P = {}> {
  /** The user, with the role that the invitation gives. */
  user: UserOf<P>;
  /** The invitation; absent with a new account. */
  invitation?: Invitation;
}

/** Invitations: `create` and the calls by id are for those who invite, `accept` and `reject` for the reader of the mail. */
export interface Invitations<P = {}> {
  /** Invites an address. A user who is no admin gives at most the own role. */
  create(invitation: NewInvitation): Promise<Invitation>;
  /** The own invitations, newest first; for admins all of them. */
  list(query?: InvitationQuery): Promise<InvitationPage>;
  /** One of them. `invitations/not-found` for anybody else's. */
  get(id: string): Promise<Invitation>;
  /** Sends the mail again, with another token. */
  resend(id: string): Promise<MailAsked>;
  /** Takes an invitation back. */
  revoke(id: string): Promise<void>;
  /**
   * Accepts as the user who is signed in. Where nobody is, or with `account`, it makes a new account and signs in.
   * `auth/authentication-required` where the address has an account that has to be signed in.
   */
  accept(token: string, account?: NewAccount<P>): Promise<Accepted<P>>;
  /** Says no. */
  reject(token: string): Promise<ClosedInvitation>;
}
