// By cargo generate; edit wire/, event/ or error.rs in shared/api/src instead.

/** The terms that a user accepts. */
export interface Acceptance {
  /** Their version, that of `auth.terms.version`. */
  version: string;
}

/** The invitation that a user who is signed in has accepted. */
export interface AcceptedInvitation {
  /** The invitation. */
  invitation: Invitation;
  /** The user, with the role that the invitation gives. */
  user: User;
}

/** A way to sign in to an account. */
export interface Account {
  /** When it was added; null where that is not kept. */
  connectedAt: Timestamp | null;
  /** Its id: `password`, `magic-link`, the name of a provider, or the id of a passkey. */
  id: string;
  /** Its kind. */
  kind: AccountKind;
  /** A name for its user to recognise it; null where it has none. */
  label: string | null;
}

/** The answer about an account. */
export interface AccountFound {
  /** Whether there is one. */
  exists: boolean;
  /** The ids of the ways to sign in to it: `password`, `magic-link`, providers and `passkey`. Admins and servers alone see them. */
  methods?: string[] | null;
}

/** The kind of a way to sign in. */
export type AccountKind = "password" | "magic-link" | "provider" | "passkey";

/** A question about an account: by a code of a sign-in by a provider, or by an address, which admins and servers ask. */
export interface AccountQuestion {
  /** The code that came to `redirectTo`. It stays good. */
  code?: string | null;
  /** The verifier whose challenge the sign-in began with (RFC 7636). */
  codeVerifier?: string | null;
  /** The address, in place of both. */
  email?: string | null;
}

/** The ways to sign in to an account. */
export interface Accounts {
  /** The ways. */
  items: Account[];
}

/** The actor behind an event. */
export interface Actor {
  /** How many triggers led to this write, one by the event of another; only where a trigger wrote. */
  depth?: number | null;
  /** The user's id; null for anybody else. */
  id: Id | null;
  /** The admin who acts as the user; null where the user acts. */
  impersonator: Id | null;
  /** The API key that was shown, if one was. */
  keyId: Id | null;
  /** The user's role; null where the write does not tell. */
  role: string | null;
  /** The trigger that wrote, if one did. */
  trigger: string | null;
  /** The kind of actor. */
  type: ActorType;
}

/** The kind of the actor behind a change. */
export type ActorType = "user" | "key" | "stranger" | "cli" | "system";

/** The profile fields of an anonymous account. */
export type AnonymousProfile = { [name: string]: unknown };

/** A user after a change. */
export interface ChangedUser {
  /** The user. */
  user: User;
}

/** An invitation that is closed. */
export interface ClosedInvitation {
  /** Its id. */
  id: Id;
  /** How it was closed. */
  status: InvitationStatus;
}

/** What a user confirms the end of the account with. */
export interface Confirmation {
  /** The password, byte by byte as typed. An account without one leaves it out, and needs a recent authentication. */
  password?: string;
}

/** What a user proves who they are with. */
export interface Credentials {
  /** The address: trimmed and ASCII lower-cased, at most 254 bytes. */
  email: string;
  /** The six digits of the authenticator app; read on an account with a second factor alone. */
  mfaCode?: string | null;
  /** The password, byte by byte as typed. */
  password: string;
  /** A recovery code, in place of `mfaCode`. */
  recoveryCode?: string | null;
}

/** A collection: its fields and who may do what. */
export interface Definition {
  /** Whether the audit log keeps who changed which record and which fields; needs `events`. */
  audit?: boolean;
  /** Whether changes of the records make events, for webhooks, triggers and the audit log. */
  events?: boolean;
  /** The declared fields. */
  fields: Field[];
  /** The orders, beside newest first, in which a list can be read at any size; at most 15. */
  indexes?: Index[];
  /** The name, as the file is named: `^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`. */
  name: string;
  /** The field that holds the owner's id; `user_id` if that is declared, else `createdBy`, when absent. */
  ownerField?: string | null;
  /** Who may do what; everything is public when absent. */
  permissions?: Permissions;
  /** Which records are shown to whom; a caller sees those that one of these shows, admins and secret keys all. Without any, everybody sees what the rules say. At most 10. */
  rowFilters?: RowFilter[];
  /** Over how many partitions the records are spread, 1 to 16. May only grow. */
  shards: number;
}

/** One field that is not valid. */
export interface Detail {
  /** What is wrong with it, in kebab-case, such as `required`. */
  code: string;
  /** The field, or the query parameter. */
  field: string;
  /** The same as a sentence. */
  message: string;
}

/** The proof of the new address. */
export interface EmailChangeProof {
  /** The eight digits of the mail. */
  code?: string | null;
  /** The token of the link, in place of `code`. */
  token?: string | null;
}

/** A request for another address. */
export interface EmailChangeRequest {
  /** The six digits of the authenticator app, beside `password` on an account with a second factor. */
  code?: string | null;
  /** The language of the mail, such as `de` or `de-CH`. */
  locale?: string | null;
  /** The new address: trimmed and ASCII lower-cased, at most 254 bytes. */
  newEmail: string;
  /** The password, byte by byte as typed; needed where the last authentication is not recent. */
  password?: string | null;
  /** A recovery code, in place of `code`. */
  recoveryCode?: string | null;
  /** The address of the app that the page of the mail leads to afterwards, one of `auth.redirects`. */
  redirectTo?: string | null;
}

/** A proof of the address of an account that there is. */
export interface EmailProof {
  /** The eight digits of the mail. */
  code?: string | null;
  /** The address of the account, beside `code` and `password`, without an access token. */
  email?: string | null;
  /** The password of the account, without an access token. */
  password?: string | null;
  /** Whether a session begins, without an access token; true where it is left out. */
  session?: boolean;
  /** The token of the link, in place of `code`. */
  token?: string | null;
}

/** A provider that signs in. */
export interface EnabledProvider {
  /** Its kind. */
  kind: ProviderKind;
  /** Its name, which is part of its addresses here. */
  name: string;
}

/** The providers that sign in. */
export interface EnabledProviders {
  /** All of them, by name. */
  items: EnabledProvider[];
}

/** The error shape. */
export interface Error {
  /** The error. */
  error: ErrorContent;
}

/** The code of an error. */
export type ErrorCode =
  | "common/invalid-json"
  | "common/invalid-request"
  | "common/validation-failed"
  | "common/not-found"
  | "common/method-not-allowed"
  | "common/payload-too-large"
  | "common/unsupported-media-type"
  | "common/internal"
  | "common/unavailable"
  | "auth/authentication-required"
  | "auth/invalid-token"
  | "auth/token-expired"
  | "auth/session-revoked"
  | "auth/invalid-credentials"
  | "auth/invalid-refresh-token"
  | "auth/account-disabled"
  | "auth/registration-not-allowed"
  | "auth/email-not-verified"
  | "auth/reauthentication-required"
  | "auth/invalid-mfa-code"
  | "auth/invalid-passkey"
  | "auth/invalid-id-token"
  | "auth/mfa-required"
  | "auth/mfa-enrollment-required"
  | "auth/impersonated"
  | "auth/method-disabled"
  | "auth/invalid-code"
  | "auth/invalid-oauth-code"
  | "auth/redirect-not-allowed"
  | "auth/forbidden"
  | "auth/email-already-exists"
  | "auth/account-exists"
  | "auth/account-already-linked"
  | "auth/already-verified"
  | "auth/account-deleted"
  | "auth/mfa-already-enabled"
  | "auth/mfa-not-enabled"
  | "auth/mfa-setup-expired"
  | "auth/mfa-required-by-policy"
  | "auth/last-method"
  | "auth/method-limit"
  | "auth/passkey-limit"
  | "auth/unsupported-provider"
  | "auth/account-not-linked"
  | "auth/passkey-not-found"
  | "auth/provider-unavailable"
  | "auth/too-many-requests"
  | "auth/invalid-api-key"
  | "auth/api-key-required"
  | "auth/scope-insufficient"
  | "auth/origin-not-allowed"
  | "auth/session-not-found"
  | "users/last-admin"
  | "users/has-api-keys"
  | "users/not-found"
  | "users/unique-violation"
  | "invitations/not-found"
  | "invitations/closed"
  | "invitations/expired"
  | "invitations/other-address"
  | "mail/template-not-found"
  | "providers/not-found"
  | "service-accounts/not-found"
  | "keys/not-found"
  | "webhooks/not-found"
  | "webhooks/limit-reached"
  | "webhooks/address-not-allowed"
  | "webhooks/event-gone"
  | "triggers/not-found"
  | "keys/limit-reached"
  | "data/record-not-found"
  | "data/invalid-cursor"
  | "data/record-too-large"
  | "data/unique-violation"
  | "data/precondition-failed"
  | "data/index-building"
  | "common/idempotency-mismatch";

/** The content of the error shape. */
export interface ErrorContent {
  code: ErrorCode;
  /** The fields that are not valid; only with `common/validation-failed`. */
  details?: Detail[];
  /** A sentence for a person. */
  message: string;
  /** How to go on; only with `auth/mfa-required` and `auth/mfa-enrollment-required` at a sign-in. */
  mfa?: MfaChallenge | null;
  /** The request's id, as in the `x-request-id` header and the log. */
  requestId: string;
}

/** How a page was read. */
export interface Explanation {
  /** The index that was read, such as `by.status.-createdAt`; `table` for the table itself. */
  index: string;
  /** How many queries it took. */
  requests: number;
  /** The read capacity units they cost. */
  units: number;
}

/** A code of the second factor. */
export interface FactorProof {
  /** The six digits of the authenticator app. */
  code?: string | null;
  /** A recovery code, in place of `code`. */
  recoveryCode?: string | null;
}

/** A field of a collection, of an object, or without a name the items of an array. */
export interface Field {
  /** For a relation, the collection it points to; `users` are the accounts. */
  collection?: string | null;
  /** What a record gets that is created or replaced without it. */
  default?: unknown;
  /** The values it may have. */
  enum?: unknown[] | null;
  /** For an object, its fields; three levels at most. */
  fields?: Field[] | null;
  /** For a string, its form. */
  format?: Format | null;
  /** For an array, what its items are. */
  items?: Field | null;
  /** For a number or integer, the greatest value. */
  max?: number | null;
  /** For a string its greatest number of characters, for an array of items. */
  maxLength?: number | null;
  /** For a number or integer, the least value. */
  min?: number | null;
  /** For a string its least number of characters, for an array of items. */
  minLength?: number | null;
  /** The name, `^[a-zA-Z][a-zA-Z0-9_]{0,63}$`; the items of an array have none. */
  name?: string;
  /** For a string, a regular expression that it must match somewhere; anchor it with `^` and `$`. */
  pattern?: string | null;
  /** Who sees it, of those who may read the record; for a field of the collection itself. */
  read?: Rule;
  /** Whether every record must have it. */
  required?: boolean;
  /** The type of its value. */
  type: FieldType;
  /** Whether no two records may have the same value; for a field of the collection itself, of a scalar type. */
  unique?: boolean;
  /** Who may set or remove it, of those who may write the record; for a field of the collection itself. */
  write?: Rule;
}

/** The type of a field's value. The aliases are the names that other systems have for it. */
export type FieldType = "string" | "number" | "integer" | "boolean" | "date" | "object" | "array" | "relation";

/** A flow that a request has opened. The reply is the same for every address. */
export interface FlowOpened {
  /** For how many seconds the link of the mail is good. */
  expiresIn: number;
  /** The handle: the code of the mail is good together with it alone. */
  flow: string;
}

/** A form that a string must have. */
export type Format = "email" | "url" | "uuid" | "slug" | "color";

/** What the gateway refuses by itself. */
export interface GatewayError {
  message: string;
}

/** The reply of the health check. */
export interface HealthStatus {
  /** Always `ok`. */
  status: string;
}

/** The id of a user, a session or a record. */
export type Id = string;

/** An index that a collection declares: an ordered list of fields, `-` before those with the greatest value first. */
export type Index = string[] | { fields: string[]; perOwner: boolean };

/** An invitation; never its token. */
export interface Invitation {
  /** When it was made. */
  createdAt: Timestamp;
  /** The normalised address, the only one that may accept. */
  email: string;
  /** Until when it can be accepted. */
  expiresAt: Timestamp;
  /** Its id. */
  id: Id;
  /** The user or the API key that invites. */
  invitedBy: Id;
  /** The thing of the app that it is for; null without one. */
  resource: InvitedResource | null;
  /** The role that it gives. */
  role: string;
  /** How far it has come. */
  status: InvitationStatus;
}

/** The acceptance of an invitation. A caller who is signed in sends the token alone. */
export interface InvitationAcceptance {
  /** The password of a new account; without it nobody can log in until one is set. */
  password?: string | null;
  /** Whether a session begins with a new account; true where it is left out. */
  session?: boolean;
  /** The version of the terms that the user of a new account accepts; needed where `auth.terms.version` is set. */
  termsVersion?: string | null;
  /** The token of the mail. */
  token: string;
}

/** A page of invitations. */
export interface InvitationPage {
  /** The invitations, newest first. */
  items: Invitation[];
  /** The cursor of the next page; null at the end. */
  nextCursor: string | null;
}

/** The rejection of an invitation. */
export interface InvitationRejection {
  /** The token of the mail. */
  token: string;
}

/** How far an invitation has come. */
export type InvitationStatus = "pending" | "accepted" | "rejected" | "revoked" | "expired";

/** The thing of the app that an invitation is for. Bakend keeps it and gives it back. */
export interface InvitedResource {
  /** Its id in the app. */
  id: string;
  /** Its name, which the mail tells. */
  name?: string | null;
  /** The role in it, which the mail tells. */
  role?: string | null;
  /** Its kind, such as `team`; at most 200 characters, as the others. */
  type: string;
}

/** The step of a key of access tokens. */
export type KeyStep = "published" | "promoted" | "dropped" | "revoked";

/** Whom an API key is for. */
export type KeyType = "publishable" | "secret";

/** A code of a sign-in by a provider, which links it to the caller. */
export interface LinkProof {
  /** The code that came to `redirectTo`. */
  code: string;
  /** The verifier whose challenge the sign-in began with (RFC 7636). */
  codeVerifier: string;
}

/** The body of a logout; without it the session ends that the header `x-refresh-token` names, or the cookie, or the access token. */
export interface LogoutRequest {
  /** A refresh token of the session to end. */
  refreshToken?: string | null;
}

/** A wish for a mail that signs in. */
export interface MagicLinkRequest {
  /** The SHA-256 of a verifier in base64url (RFC 7636), beside `redirectTo`: the page of the mail leads back with a code for its holder. */
  codeChallenge?: string;
  /** The address: trimmed and ASCII lower-cased, at most 254 bytes. */
  email: string;
  /** The handle of an earlier request for the same address: its mail is sent again. */
  flow?: string | null;
  /** The language of the mail, such as `de` or `de-CH`. */
  locale?: string | null;
  /** The address of the app that the page of the mail leads to afterwards, one of `auth.redirects`. */
  redirectTo?: string | null;
}

/** A mail that is on its way to a user who is signed in. */
export interface MailAsked {
  /** For how many seconds the link of the mail is good. */
  expiresIn: number;
}

/** The failure of a mail to a user's address. */
export interface MailFailure {
  /** When it was told. */
  at: Timestamp;
  /** Its kind. */
  kind: MailFailureKind;
}

/** The kind of a mail's failure. */
export type MailFailureKind = "bounce" | "complaint";

export type MailKind =
  | "verify-email"
  | "registration"
  | "account-exists"
  | "password-reset"
  | "magic-link"
  | "email-change"
  | "invitation"
  | "password-changed"
  | "password-was-reset"
  | "email-changed"
  | "mfa-enabled"
  | "mfa-disabled"
  | "recovery-codes-renewed"
  | "recovery-code-used"
  | "passkey-added"
  | "passkey-removed"
  | "account-linked"
  | "account-unlinked"
  | "session-reuse"
  | "account-deleted"
  | "impersonated"
  | "admin-changed-account"
  | "mfa-attempts"
  | "email-change-requested";

/** A proof of an address that signs in. */
export interface MailProof {
  /** The eight digits of the mail. */
  code?: string | null;
  /** The handle of the flow, beside `code`. */
  flow?: string | null;
  /** Whether a deleted account is brought back. */
  restore?: boolean;
  /** Whether a session begins. `false` beside the `token` of a request with `codeChallenge` gives `redirectTo` with a code in place of it. */
  session?: boolean;
  /** The version of the terms that the user of a new account accepts. */
  termsVersion?: string | null;
  /** The token of the link, in place of `flow` and `code`. */
  token?: string | null;
}

/** A request for a mail to an address. */
export interface MailRequest {
  /** The address: trimmed and ASCII lower-cased, at most 254 bytes. */
  email: string;
  /** The handle of an earlier request for the same address: its mail is sent again. */
  flow?: string | null;
  /** The language of the mail, such as `de` or `de-CH`. */
  locale?: string | null;
  /** The address of the app that the page of the mail leads to afterwards, one of `auth.redirects`. */
  redirectTo?: string | null;
}

/** How a sign-in goes on whose first factor was right. */
export interface MfaChallenge {
  /** The token's lifetime in seconds. */
  expiresIn: number;
  /** The factors that the account has, or may enrol. */
  methods: MfaMethod[];
  /** The sealed token of the next request; null where another sign-in, by a passkey, is the way. */
  token: string | null;
}

/** The first code of an authenticator app. */
export interface MfaConfirmation {
  /** The six digits. */
  code: string;
}

/** The recovery codes of a factor that is switched on, with the tokens of the session where one begins. */
export interface MfaConfirmed {
  /** The JWT for the `Authorization` header. */
  accessToken?: string;
  /** The access token's lifetime in seconds. */
  expiresIn?: number;
  /** Ten codes, each good once. They are shown this once. */
  recoveryCodes: string[];
  /** The opaque token that gets the next pair, once; not there where it goes by cookie. */
  refreshToken?: string | null;
  /** True at a sign-in of a user who has not accepted the terms of this moment, `auth.terms.version`; not there otherwise. */
  termsRequired?: boolean | null;
  /** Always `Bearer`. */
  tokenType?: string;
}

/** A second factor. */
export type MfaMethod = "totp" | "recovery" | "passkey";

/** The secret of an authenticator app. Nothing is switched on before a code of it is confirmed. */
export interface MfaSetup {
  /** For how many seconds it can be confirmed. */
  expiresIn: number;
  /** The secret in base32, shown this once. */
  secret: string;
  /** The same as an `otpauth:` address, for a QR code. */
  uri: string;
}

/** The factors of a user. */
export interface MfaStatus {
  /** The number of passkeys. */
  passkeys: number;
  /** How many recovery codes are left. */
  recoveryCodesLeft: number;
  /** Whether the user has to have a second factor. */
  required: boolean;
  /** The codes of an authenticator app; null without. */
  totp: Totp | null;
}

/** The second step of a sign-in. */
export interface MfaVerification {
  /** The six digits of the authenticator app. */
  code?: string | null;
  /** The token of `error.mfa`. */
  mfaToken: string;
  /** A recovery code, in place of `code`. */
  recoveryCode?: string | null;
}

/** A sign-in by a provider that an app of a device has made itself: `idToken` with `nonce`, or `code` with `redirectUri` and `codeVerifier`. */
export interface NativeProof {
  /** The code of the provider. */
  code?: string;
  /** The verifier whose challenge the app began with (RFC 7636). */
  codeVerifier?: string;
  /** The ID token of the provider, for one of `clientIds`. */
  idToken?: string;
  /** The text whose SHA-256, in hex or base64url, is the nonce of the ID token. */
  nonce?: string;
  /** The address that the code came to: one of `auth.redirects`, or of the own scheme of one of `clientIds`. */
  redirectUri?: string;
  /** Whether a deleted account is brought back. */
  restore?: boolean;
  /** The version of the terms that the user of a new account accepts. */
  termsVersion?: string | null;
}

/** An invitation to be. */
export interface NewInvitation {
  /** The address: trimmed and ASCII lower-cased, at most 254 bytes. */
  email: string;
  /** The language of the mail, such as `de` or `de-CH`. */
  locale?: string | null;
  /** A message for the reader of the mail, at most 500 characters. */
  message?: string | null;
  /** The address of the app that the page of the mail leads to, one of `auth.redirects`. */
  redirectTo?: string | null;
  /** The thing of the app that it is for. */
  resource?: InvitedResource | null;
  /** The role that it gives; `authenticated` where it is left out. Admins and servers give any, users at most their own. */
  role?: string;
}

/** A new passkey. */
export interface NewPasskey {
  /** The token of the ceremony. */
  challengeToken: string;
  /** The credential, as `PublicKeyCredential.toJSON` gives it (`RegistrationResponseJSON`), at most 16 KiB. */
  credential: { [name: string]: unknown };
  /** The user's name for it, 1 to 64 bytes. */
  name?: string | null;
}

/** The body of a password change. */
export interface NewPassword {
  /** The password as it is. */
  currentPassword: string;
  /** The password as it shall be: another one. */
  newPassword: string;
}

/** The request behind an event. */
export interface Origin {
  /** The request's id, as in the reply's `x-request-id` and in the log. */
  id: string;
  /** The source address; of records only with `events.recordAddresses`. */
  ip: string | null;
  /** The `User-Agent`, cut. */
  userAgent: string | null;
}

/** A passkey, for its user to recognise. */
export interface Passkey {
  /** Whether it is copied elsewhere, such as to an account of the device's maker. */
  backedUp: boolean;
  /** When it was added. */
  createdAt: Timestamp;
  /** The passkey's id. */
  id: string;
  /** When it was last used to sign in; null until then. */
  lastUsedAt: Timestamp | null;
  /** The user's name for it. */
  name: string;
  /** The ways to its device: `ble`, `hybrid`, `internal`, `nfc`, `smart-card` or `usb`. */
  transports: string[];
}

/** A ceremony that has begun. */
export interface PasskeyCeremony {
  /** The token to send back with the credential, within five minutes. */
  challengeToken: string;
  /** The options of the browser's call, as `parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` read them (WebAuthn Level 3, sections 5.1.8 and 5.1.9). */
  options: { [name: string]: unknown };
}

/** Another name of a passkey. */
export interface PasskeyName {
  /** The name, 1 to 64 bytes. */
  name: string;
}

/** The change of a passkey. */
export type PasskeyReason = "added" | "removed";

/** A sign-in by a passkey. */
export interface PasskeySignIn {
  /** The token of the ceremony. */
  challengeToken: string;
  /** The credential, as `PublicKeyCredential.toJSON` gives it (`AuthenticationResponseJSON`), at most 16 KiB. */
  credential: { [name: string]: unknown };
  /** Whether a deleted account is brought back. */
  restore?: boolean;
}

/** The passkeys of a user. */
export interface Passkeys {
  /** The passkeys, oldest first. */
  items: Passkey[];
}

/** A new password, with the code or the link of a mail. */
export interface PasswordReset {
  /** The eight digits of the mail. */
  code?: string | null;
  /** The handle of the flow, beside `code`. */
  flow?: string | null;
  /** The new password, byte by byte as typed. */
  newPassword: string;
  /** The token of the link, in place of `flow` and `code`. */
  token?: string | null;
}

/** The rule of every operation. */
export interface Permissions {
  /** Who may create. */
  create: Rule;
  /** Who may delete. */
  delete: Rule;
  /** Who may list; the same as `read` when absent. */
  list?: Rule | null;
  /** Who may read one record, and list unless `list` says otherwise. */
  read: Rule;
  /** Who may change. */
  update: Rule;
}

/** A user's changes to the profile: what is left out stays, null removes. */
export type ProfileChanges = { [name: string]: unknown };

/** A user after a proof, with the tokens of the session that has begun, if one has. */
export interface Proven {
  /** The JWT for the `Authorization` header. */
  accessToken?: string;
  /** The access token's lifetime in seconds. */
  expiresIn?: number;
  /** The opaque token that gets the next pair, once; not there where it goes by cookie. */
  refreshToken?: string | null;
  /** True at a sign-in of a user who has not accepted the terms of this moment, `auth.terms.version`; not there otherwise. */
  termsRequired?: boolean | null;
  /** Always `Bearer`. */
  tokenType?: string;
  /** The user. */
  user: User;
}

/** How a provider tells who somebody is. */
export type ProviderKind = "google" | "github" | "apple" | "microsoft" | "oidc";

/** A code of a sign-in by a provider, with the profile of a new account. */
export interface ProviderProof {
  /** The code that came to `redirectTo`. */
  code: string;
  /** The verifier whose challenge the sign-in began with (RFC 7636). */
  codeVerifier: string;
  /** Whether a deleted account is brought back. */
  restore?: boolean;
  /** The version of the terms that the user of a new account accepts. */
  termsVersion?: string | null;
}

/** A user as anybody sees it. */
export interface PublicUser {
  /** The user's id. */
  id: Id;
}

/** The reason of a change to a user, a session or an API key. */
export type Reason =
  | "register"
  | "create"
  | "import"
  | "update"
  | "promote"
  | "password-change"
  | "password-set"
  | "sessions-end"
  | "delete"
  | "restore"
  | "login"
  | "logout"
  | "refresh-token-reuse"
  | "user"
  | "admin"
  | "rotate"
  | "leave"
  | "verify-email"
  | "password-reset"
  | "password-removed"
  | "email-change"
  | "magic-link"
  | "invitation"
  | "reauthentication"
  | "reauthenticated"
  | "mail-failed"
  | "terms"
  | "mfa"
  | "passkey"
  | "provider"
  | "provider-linked"
  | "provider-unlinked"
  | "mfa-enabled"
  | "mfa-disabled"
  | "mfa-codes-renewed"
  | "passkey-added"
  | "passkey-removed"
  | "anonymous"
  | "impersonation"
  | "service";

/** A proof of a user who is signed in, once more: the password, or one of the user's passkeys. */
export interface Reauthentication {
  /** The token of the ceremony. */
  challengeToken?: string;
  /** The six digits of the authenticator app, on an account with a second factor. */
  code?: string | null;
  /** The credential, as `PublicKeyCredential.toJSON` gives it, at most 16 KiB. */
  credential?: { [name: string]: unknown };
  /** The password, byte by byte as typed. */
  password?: string | null;
  /** A recovery code, in place of `code`. */
  recoveryCode?: string | null;
}

/** How many records there are. */
export interface RecordCount {
  /** How many were found. */
  count: number;
  /** Whether these are all; otherwise there are at least so many. */
  exact: boolean;
}

/** Recovery codes in place of earlier ones. */
export interface RecoveryCodes {
  /** Ten codes, each good once. They are shown this once. */
  recoveryCodes: string[];
}

/** The body of a refresh; without it the token is that of the header `x-refresh-token`, or of the cookie. */
export interface RefreshRequest {
  /** The newest refresh token of the session. */
  refreshToken?: string | null;
}

/** The body of a registration. */
export interface RegisterRequest {
  /** The address: trimmed and ASCII lower-cased, at most 254 bytes. */
  email: string;
  /** The language of the user's mails, such as `de` or `de-CH`. */
  locale?: string | null;
  /** The password, byte by byte as typed. */
  password: string;
  /** The address of the app that the page of the mail leads to afterwards, one of `auth.redirects`. */
  redirectTo?: string | null;
  /** The version of the terms that the user accepts; needed where `auth.terms.version` is set, and refused elsewhere. */
  termsVersion?: string | null;
}

/** The proof that makes the account of a registration: a flow with its code, or the token of the link with the password. */
export interface RegistrationProof {
  /** The eight digits of the mail. */
  code?: string | null;
  /** The handle of the flow, beside `code`. */
  flow?: string | null;
  /** The password that the registration was made with, beside `token`. */
  password?: string | null;
  /** Whether a session begins; true where it is left out. */
  session?: boolean;
  /** The token of the link, beside `password`. */
  token?: string | null;
}

/** A request for the mail of a registration once more. */
export interface RegistrationResend {
  /** The handle of the flow. */
  flow: string;
}

/** Which records some callers see, of those that the rules let them read. */
export interface RowFilter {
  /** What the records are like, as `filter` of a list says it; empty for all. The value `$userId` is the caller's id. */
  filter: { [name: string]: unknown };
  /** Whom it is for; who meets it as the owner only sees their own records by it. */
  when: Rule;
}

/** Who may do it: an expression of `public`, `authenticated`, `verified`, `owner`, `admin` and `role:<name>` with `&`, `|` and parentheses. Admins pass every rule. */
export type Rule = string;

/** A session that stands, for its user to recognise. */
export interface Session {
  /** The admin who acts as the user in it; null in the user's own sessions. */
  actor: Id | null;
  /** When it was begun. */
  createdAt: Timestamp;
  /** Whether it is the one that asks. */
  current: boolean;
  /** When it ends unless it is refreshed. */
  expiresAt: Timestamp;
  /** The session's id. */
  id: Id;
  /** The source address it was begun from. */
  ipAddress: string;
  /** When its newest refresh token was made. */
  lastUsedAt: Timestamp;
  /** The `User-Agent` it was begun with, cut to 256 characters. */
  userAgent: string;
}

/** A page of sessions. */
export interface SessionPage {
  /** The sessions, newest first. */
  items: Session[];
  /** What to send as `cursor` for the next page; null at the end. */
  nextCursor: string | null;
}

/** The reply of a registration or a login. */
export interface SignedIn {
  /** The JWT for the `Authorization` header. */
  accessToken: string;
  /** The access token's lifetime in seconds. */
  expiresIn: number;
  /** The opaque token that gets the next pair, once; not there where it goes by cookie. */
  refreshToken?: string | null;
  /** True at a sign-in of a user who has not accepted the terms of this moment, `auth.terms.version`; not there otherwise. */
  termsRequired?: boolean | null;
  /** Always `Bearer`. */
  tokenType: string;
  /** Who signed in. */
  user: User;
}

/** The reply of a sign-in by mail: a session, or the address that leads back to the app. */
export type SignedInByMail = { accessToken: string; expiresIn: number; isNewUser: boolean; refreshToken?: string | null; termsRequired?: boolean | null; tokenType: string; user: User } | { redirectTo: string };

/** The reply of a sign-in by a provider. */
export interface SignedInByProvider {
  /** The JWT for the `Authorization` header. */
  accessToken: string;
  /** The access token's lifetime in seconds. */
  expiresIn: number;
  /** Whether the account was made by it. */
  isNewUser: boolean;
  /** Whether the provider was linked by its address now, to an account that was there. */
  linkedByEmail: boolean;
  /** The opaque token that gets the next pair, once; not there where it goes by cookie. */
  refreshToken?: string | null;
  /** True at a sign-in of a user who has not accepted the terms of this moment, `auth.terms.version`; not there otherwise. */
  termsRequired?: boolean | null;
  /** Always `Bearer`. */
  tokenType: string;
  /** The user who has signed in. */
  user: User;
}

/** The subject of an event. */
export interface Subject {
  /** A collection, `users`, `keys` or `webhooks`. */
  collection: string;
  /** The id in it. */
  id: string;
  /** The owner of a record, if it has one. */
  owner: string | null;
}

/** A moment of the years 1970 to 9999, in whole milliseconds since 1970 in UTC. The last moment stands for every later one: RFC 3339 cannot write them, and a moment that is written and read again must be equal. */
export type Timestamp = string;

/** A pair of tokens (RFC 6749, section 5.1, in camel case). */
export interface Tokens {
  /** The JWT for the `Authorization` header. */
  accessToken: string;
  /** The access token's lifetime in seconds. */
  expiresIn: number;
  /** The opaque token that gets the next pair, once; not there where it goes by cookie. */
  refreshToken?: string | null;
  /** True at a sign-in of a user who has not accepted the terms of this moment, `auth.terms.version`; not there otherwise. */
  termsRequired?: boolean | null;
  /** Always `Bearer`. */
  tokenType: string;
}

/** The codes of an authenticator app, as a factor. */
export interface Totp {
  /** Since when a sign-in asks for them. */
  enabledAt: Timestamp;
}

/** A user as the user sees it. */
export interface User {
  /** When the account was made. */
  createdAt: Timestamp;
  /** The normalised address; null for an account without one. */
  email: string | null;
  /** When the user has proven to read the mails of the address; null until then. */
  emailVerifiedAt: Timestamp | null;
  /** The user's id. */
  id: Id;
  /** Whether a sign-in asks for a code of an authenticator app. */
  mfa: boolean;
  /** `admin`, `authenticated`, `anonymous`, or one of the declared roles. */
  role: string;
}

/** A user as admins see it. */
export interface UserForAdmins {
  /** When the account was made. */
  createdAt: Timestamp;
  /** Whether the account is switched off: nobody can log in to it. */
  disabled: boolean;
  /** The normalised address; null for an account without one. */
  email: string | null;
  /** When the user has proven to read the mails of the address; null until then. */
  emailVerifiedAt: Timestamp | null;
  /** The user's id. */
  id: Id;
  /** The failure of a mail to the address, after which none is sent there for a while; null without one. */
  mailFailed: MailFailure | null;
  /** Whether a sign-in asks for a code of an authenticator app. */
  mfa: boolean;
  /** `admin`, `authenticated`, `anonymous`, or one of the declared roles. */
  role: string;
  [name: string]: unknown;
}

/** The content of events, by their type. */
export interface EventData {
  /** A user has made an account. */
  "auth.register": { method: string; sessionId: Id | null; user: UserForAdmins };
  /** A user has signed in. A registration, which signs in as well, makes none. */
  "auth.login": { method: string; sessionId: Id; userId: Id };
  /** A user has authenticated once more. The end of the session that was replaced makes none. */
  "auth.reauthenticated": { amr: string[]; sessionId: Id; userId: Id };
  /** An admin acts as a user, in a session of the admin's own making. */
  "auth.impersonated": { reason: string; sessionId: Id; userId: Id };
  /** A user has signed out. */
  "auth.logout": { sessionId: Id; userId: Id };
  /** A refresh token was shown again after its successor, and its session has ended. */
  "auth.refresh.reused": { sessionId: Id; userId: Id };
  /** A session was ended by its user or an admin, or all sessions of a user at once. */
  "auth.session.ended": { kept: Id | null; reason: Reason | null; sessionId: Id | null; userId: Id };
  /** A password was changed by its user, set by an admin or a server, or removed. */
  "auth.password.changed": { reason: Reason; userId: Id };
  /** A user has proven to read the mails of the address. */
  "auth.email.verified": { userId: Id };
  /** A user has another address. */
  "auth.email.changed": { previousEmail: string | null; user: UserForAdmins };
  /** The second factor of a user was switched on or off, or has new recovery codes. */
  "auth.mfa.changed": { reason: Reason; userId: Id };
  /** A user has a passkey more or less. */
  "auth.passkey.changed": { passkeyId: string; reason: PasskeyReason; userId: Id };
  /** A provider signs in to the account of a user. */
  "auth.account.linked": { provider: string; userId: Id };
  /** A provider no longer signs in to the account of a user. */
  "auth.account.unlinked": { provider: string; userId: Id };
  /** A user was made by an admin, a server or an import. */
  "user.created": { user: UserForAdmins };
  /** Role, profile, switch, language or accepted terms of a user have changed. */
  "user.updated": { changed: string[]; previous: { [name: string]: unknown }; user: UserForAdmins };
  /** A user was deleted, with or without a time for a restoration. */
  "user.deleted": { until: Timestamp | null; userId: Id };
  /** A deleted user is back. */
  "user.restored": { until: Timestamp | null; userId: Id };
  /** The last data of a deleted user, or of an anonymous one whose time is over, have gone within days of it. */
  "user.purged": { userId: Id };
  /** A record was created. */
  "record.created": { changed: string[]; previous: { [name: string]: unknown } | null; previousRev: string | null; record: { [name: string]: unknown } | null; rev: string; truncated?: boolean };
  /** A record was written, perhaps with the values that it had. */
  "record.updated": { changed: string[]; previous: { [name: string]: unknown } | null; previousRev: string | null; record: { [name: string]: unknown } | null; rev: string; truncated?: boolean };
  /** A record was deleted. */
  "record.deleted": { changed: string[]; previous: { [name: string]: unknown } | null; previousRev: string | null; record: { [name: string]: unknown } | null; rev: string; truncated?: boolean };
  /** An API key was made. */
  "key.created": { keyId: Id; name: string; scopes: string[]; type: KeyType };
  /** An API key has a new secret. */
  "key.rotated": { keyId: Id; name: string; scopes: string[]; type: KeyType };
  /** An API key was deleted. */
  "key.deleted": { keyId: Id; name: string; scopes: string[]; type: KeyType };
  /** A webhook was made, changed, rotated or removed. */
  "webhook.changed": { changed: string[]; webhookId: Id };
  /** A webhook does not answer: new events wait. */
  "webhook.failing": { changed: string[]; webhookId: Id };
  /** A webhook answers again. */
  "webhook.recovered": { changed: string[]; webhookId: Id };
  /** An admin has replaced the template of a mail, or taken back the shipped one. */
  "template.changed": { changed: string[]; kind: MailKind; locale: string };
  /** An admin has changed the settings of a provider, or taken them back. */
  "provider.changed": { changed: string[]; provider: string };
  /** A key of access tokens was published, signs from now on, or verifies no longer. */
  "keys.rotated": { kid: string; step: KeyStep };
  /** An operator has cleared the attempts that counted against an account or a source address. */
  "throttle.cleared": { userId: Id | null };
  /** An operator has taken a table back to a point in time, or to what another table holds. */
  "table.recovered": { left: number; putBack: number; removed: number; source: string | null; table: string; to: Timestamp | null };
  /** An operator has repaired items of a table that contradicted each other. */
  "table.repaired": { repaired: number; table: string };
  /** A user or a server has invited an address. */
  "invitation.created": { invitation: Invitation };
  /** An invitation was sent again, with another token. */
  "invitation.resent": { invitation: Invitation };
  /** The address has accepted an invitation. */
  "invitation.accepted": { invitation: Invitation };
  /** The address has rejected an invitation. */
  "invitation.rejected": { invitation: Invitation };
  /** An invitation was taken back. */
  "invitation.revoked": { invitation: Invitation };
}

/** An event of a type. */
export interface BakendEventOf<T extends keyof EventData> {
  /** The id, a UUIDv7 that follows from the write: every delivery of the event has the same. */
  id: string;
  /** The type. */
  type: T;
  /** The time of the change. */
  at: string;
  /** The deployment, such as `bakend`. */
  stack: string;
  /** The version of the shape. */
  version: 1;
  /** The actor; null where the write does not tell. */
  actor: Actor | null;
  /** The user, record, key or webhook that it happened to. */
  subject: Subject;
  /** The request that did it; null where none did. */
  request: Origin | null;
  /** The content, of each type its own. */
  data: EventData[T];
}

/** An event, as webhooks, triggers and EventBridge get it. Types and members are only ever added. */
export type BakendEvent = { [T in keyof EventData]: BakendEventOf<T> }[keyof EventData];
