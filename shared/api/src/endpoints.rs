//! The endpoint page: every endpoint, declared once.
//!
//! From an entry come the function's decoding, status and guard, its routes and IAM policy in `template.yaml`, its
//! line in `CargoLambda.toml`, its page in `docs/openapi.json`, and the sweeps of the black-box suite. The entry's
//! name is also the folder, the package, the binary and (in camel case) the template resource.

mod access;
mod entry;
mod facts;
pub mod guard;
mod message;
mod method;
mod route;

use crate::definition::{Definition, Operation};
use crate::error::Code;
use crate::mail::Template;
use crate::wire::{
    Acceptance, ActingToken, AnonymousProfile, ApiKeys, AuditPage, NewApiKey, ShownApiKey,
};
use crate::wire::{
    AcceptedInvitation, ClosedInvitation, Invitation, InvitationAcceptance, InvitationPage,
    InvitationRejection, NewInvitation,
};
use crate::wire::{
    Account, AccountFound, AccountQuestion, Accounts, EnabledProviders, LinkProof, NativeProof,
    ProviderChange, ProviderProof, ShownProvider, ShownProviders, SignedInByProvider,
};
use crate::wire::{
    BulkItems, BulkOperations, Confirmation, Credentials, HealthStatus, Html, Impersonation,
    LogoutRequest,
};
use crate::wire::{
    ChangedUser, EmailChangeProof, EmailChangeRequest, MagicLinkRequest, MailProof, SignedInByMail,
};
use crate::wire::{
    ClientGrant, ClientToken, NewServiceAccount, ServiceAccountPage, ShownServiceAccount,
};
use crate::wire::{Delivery, DeliveryPage, NewWebhook, ShownWebhook, TestResult, WatchedWebhook};
use crate::wire::{
    EmailProof, FlowOpened, MailAsked, MailRequest, PasswordReset as NewPasswordByMail, Proven,
    Reauthentication, RegistrationProof, RegistrationResend,
};
use crate::wire::{
    FactorProof, MfaConfirmation, MfaConfirmed, MfaSetup, MfaStatus, MfaVerification, RecoveryCodes,
};
use crate::wire::{MailDraft, MailPreview, MailTemplateList};
use crate::wire::{NewPasskey, Passkey, PasskeyCeremony, PasskeyName, PasskeySignIn, Passkeys};
use crate::wire::{
    NewPassword, NewUser, NoBody, NoContent, PasswordToSet, ProfileChanges, PublicUser, Record,
};
use crate::wire::{PublicKeys, TokenIssuer};
use crate::wire::{
    RecordCount, RecordFields, RecordPage, RecordView, RefreshRequest, RegisterRequest, SessionPage,
};
use crate::wire::{
    ShownSettings, SignedIn, Tokens, Triggers, Unread, User, UserChanges, UserForAdmins, UserPage,
};
use crate::wire::{Webhook, WebhookChanges, Webhooks};

pub use self::access::{Action, Right, Table};
pub use self::entry::{
    Alternative, Endpoint, Entry, HasCookie, Hashes, SetsCookie, ShowsPages, SpeaksOAuth,
    TakesCookie,
};
pub use self::guard::{Demand, Guard, Policy};
pub use self::message::{
    Cookie, Deed, Dialect, Form, KeyUse, Media, Pace, Query, ReplyHeader, RequestHeader, Variable,
};
pub use self::method::Method;
pub use self::route::{Route, route};

entry::endpoints! {
    /// Create an account and sign it in.
    Register "register": [Post] "/api/auth/register", Open, RegisterRequest => 201 SignedIn {
        or: 202 FlowOpened,
        errors: [RedirectNotAllowed, RegistrationNotAllowed, MfaEnrollmentRequired, EmailAlreadyExists, UserUniqueViolation, RecordTooLarge, TooManyRequests],
        cookie: Sets,
        hashes: passwords,
        needs: [AdminEmail],
        access: [PutItem Users, UpdateItem Users, PutItem Identities, PutItem Sessions, UpdateItem Settings, PutItem Mail, UpdateItem Mail,
                 PutItem Throttle, UpdateItem Throttle],
    }

    /// Make the account of a registration that has waited for the proof of its address, and sign it in.
    RegisterConfirm "register-confirm": [Post] "/api/auth/register/confirm", Open, RegistrationProof => 201 Proven {
        errors: [MethodDisabled, InvalidCode, InvalidCredentials, MfaEnrollmentRequired, EmailAlreadyExists, UserUniqueViolation,
                 RecordTooLarge, TooManyRequests],
        cookie: Sets,
        hashes: passwords,
        needs: [AdminEmail],
        access: [GetItem Users, PutItem Users, UpdateItem Users, GetItem Identities, PutItem Identities, PutItem Sessions, GetItem Mail,
                 UpdateItem Mail, DeleteItem Mail, GetItem Throttle, PutItem Throttle, UpdateItem Throttle,
                 DeleteItem Throttle],
    }

    /// Ask once more for the mail of a registration. The reply is the same for every address.
    RegisterResend "register-resend": [Post] "/api/auth/register/resend", Open, RegistrationResend => 202 FlowOpened {
        errors: [MethodDisabled, InvalidCode, TooManyRequests],
        access: [UpdateItem Mail, PutItem Throttle, UpdateItem Throttle],
    }

    /// Create an account without an address, and sign it in.
    Anonymous "anonymous": [Post] "/api/auth/anonymous", Open, AnonymousProfile => 201 SignedIn {
        errors: [MethodDisabled, RegistrationNotAllowed, UserUniqueViolation, RecordTooLarge, TooManyRequests],
        cookie: Sets,
        access: [PutItem Users, PutItem Sessions, UpdateItem Settings, PutItem Throttle, UpdateItem Throttle],
    }

    /// Trade an email and a password for tokens.
    Login "login": [Post] "/api/auth/login", Open, Credentials => 200 SignedIn {
        errors: [InvalidCredentials, InvalidMfaCode, AccountDisabled, EmailNotVerified, MfaRequired, MfaEnrollmentRequired,
                 TooManyRequests],
        cookie: Sets,
        hashes: passwords,
        access: [PutItem Mail, UpdateItem Mail, GetItem Users, UpdateItem Users, GetItem Identities, UpdateItem Identities, PutItem Sessions,
                 UpdateItem Settings, GetItem Throttle, PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
    }

    /// Trade a refresh token for a new pair of tokens; the one presented is dead from then on.
    Refresh "refresh": [Post] "/api/auth/refresh", Open, RefreshRequest => 200 Tokens {
        errors: [InvalidRefreshToken, OriginNotAllowed, TooManyRequests],
        headers: [RefreshKey],
        cookie: Takes,
        access: [GetItem Users, UpdateItem Sessions],
    }

    /// End a session, by its refresh token or by an access token.
    Logout "logout": [Post] "/api/auth/logout", Signed, LogoutRequest => 204 NoContent {
        errors: [InvalidToken, OriginNotAllowed],
        cookie: Takes,
        access: [UpdateItem Sessions],
    }

    /// Read one's own account.
    MeGet "me-get": [Get] "/api/auth/me", User, NoBody => 200 User {
        policy: Unasked,
    }

    /// Change one's own profile: what is left out stays, null removes.
    MeUpdate "me-update": [Patch] "/api/auth/me", User, ProfileChanges => 200 User {
        session: Own,
        errors: [UserUniqueViolation, RecordTooLarge],
        access: [UpdateItem Users, PutItem Users, DeleteItem Users],
    }

    /// Accept the terms of this moment, `auth.terms.version`.
    MeTerms "me-terms": [Post] "/api/auth/me/terms", User, Unread<Acceptance> => 200 User {
        session: Own,
        errors: [MethodDisabled],
        access: [UpdateItem Users],
    }

    /// Delete one's own account: every session ends at once, and for a while it can be brought back.
    MeDelete "me-delete": [Delete] "/api/auth/me", User, Unread<Confirmation> => 204 NoContent {
        session: Own,
        errors: [ReauthenticationRequired, LastAdmin, HasApiKeys, TooManyRequests],
        query: [ApiKeysOfLeaver],
        hashes: passwords,
        access: [GetItem Users, UpdateItem Users, PutItem Users, DeleteItem Users, GetItem Throttle,
                 PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle, GetItem Identities,
                 UpdateItem Identities, DeleteItem Identities, Query ApiKeys, ConditionCheckItem ApiKeys, UpdateItem ApiKeys],
    }

    /// Bring a deleted account back, and sign it in.
    MeRestore "me-restore": [Post] "/api/auth/me/restore", Open, Credentials => 200 SignedIn {
        errors: [InvalidCredentials, InvalidMfaCode, AccountDisabled, EmailNotVerified, MfaRequired, MfaEnrollmentRequired,
                 TooManyRequests],
        cookie: Sets,
        hashes: passwords,
        access: [GetItem Users, UpdateItem Users, PutItem Users, GetItem Identities, UpdateItem Identities,
                 PutItem Sessions, PutItem Mail, GetItem Throttle, PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
    }

    /// Prove once more to be the user, by the password or a passkey: a new session takes the place of the one that asks.
    Reauthenticate "reauthenticate": [Post] "/api/auth/reauthenticate", User, Unread<Reauthentication> => 200 Tokens {
        session: Own,
        policy: Unasked,
        errors: [MethodDisabled, InvalidMfaCode, InvalidPasskey, TooManyRequests],
        cookie: Sets,
        hashes: passwords,
        access: [GetItem Identities, GetItem Users, UpdateItem Users, PutItem Sessions, UpdateItem Sessions, PutItem Mail, GetItem Throttle,
                 PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
    }

    /// Ask for a mail that sets a new password. The reply is the same for every address.
    PasswordForgot "password-forgot": [Post] "/api/auth/password/forgot", Open, MailRequest => 202 FlowOpened {
        errors: [MethodDisabled, RedirectNotAllowed, TooManyRequests],
        access: [UpdateItem Settings, PutItem Mail, UpdateItem Mail, PutItem Throttle, UpdateItem Throttle],
    }

    /// Set a new password with the code or the link of a mail: every session ends, and nobody is signed in.
    PasswordReset "password-reset": [Post] "/api/auth/password/reset", Open, NewPasswordByMail => 204 NoContent {
        errors: [MethodDisabled, InvalidCode, TooManyRequests],
        hashes: passwords,
        needs: [AdminEmail],
        access: [GetItem Users, UpdateItem Users, DeleteItem Users, UpdateItem Identities, GetItem Mail, UpdateItem Mail, DeleteItem Mail,
                 PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
    }

    /// Prove the address of an account by the code or the link of a mail, together with the account's session or password.
    VerifyEmail "verify-email": [Post] "/api/auth/verify-email", Optional, Unread<EmailProof> => 200 Proven {
        session: Own,
        policy: Unasked,
        errors: [MethodDisabled, InvalidCode, InvalidCredentials, AccountDisabled, AlreadyVerified, MfaRequired,
                 MfaEnrollmentRequired, TooManyRequests],
        cookie: Sets,
        hashes: passwords,
        needs: [AdminEmail],
        access: [GetItem Users, UpdateItem Users, GetItem Identities, PutItem Sessions,
                 GetItem Mail, UpdateItem Mail, DeleteItem Mail, GetItem Throttle, PutItem Throttle,
                 UpdateItem Throttle, DeleteItem Throttle],
    }

    /// Ask once more for the mail that verifies one's own address.
    VerifyEmailResend "verify-email-resend": [Post] "/api/auth/verify-email/resend", User, NoBody => 202 MailAsked {
        session: Own,
        policy: Unasked,
        errors: [MethodDisabled, EmailNotVerified, AlreadyVerified, TooManyRequests],
        access: [PutItem Mail, UpdateItem Mail, PutItem Throttle, UpdateItem Throttle],
    }

    /// Invite an address by a mail.
    InvitationsCreate "invitations-create": [Post] "/api/auth/invitations", UserOrKey(Create),
        Unread<NewInvitation> => 201 Invitation {
        session: Own,
        errors: [MethodDisabled, RedirectNotAllowed, Forbidden, TooManyRequests],
        replies: [Location],
        access: [PutItem Invitations, PutItem Mail, PutItem Throttle, UpdateItem Throttle],
    }

    /// List invitations, newest first: those of one's own, or for admins all.
    InvitationsList "invitations-list": [Get] "/api/auth/invitations", UserOrKey(Create),
        NoBody => 200 InvitationPage {
        errors: [ValidationFailed, InvalidCursor],
        query: [InvitationStatus, ResourceType, ResourceId, Limit, Cursor],
        access: [Query Invitations],
    }

    /// Read an invitation.
    InvitationsGet "invitations-get": [Get] "/api/auth/invitations/{id}", UserOrKey(Create),
        NoBody => 200 Invitation {
        errors: [InvitationNotFound],
        access: [GetItem Invitations],
    }

    /// Send an invitation again, with another token and for the whole time: the old token is dead.
    InvitationsResend "invitations-resend": [Post] "/api/auth/invitations/{id}/resend", UserOrKey(Create),
        NoBody => 202 MailAsked {
        session: Own,
        errors: [MethodDisabled, InvitationNotFound, InvitationClosed, TooManyRequests],
        access: [GetItem Invitations, UpdateItem Invitations, PutItem Mail, PutItem Throttle, UpdateItem Throttle],
    }

    /// Take an invitation back.
    InvitationsRevoke "invitations-revoke": [Delete] "/api/auth/invitations/{id}", UserOrKey(Create),
        NoBody => 204 NoContent {
        session: Own,
        errors: [InvitationNotFound, InvitationClosed],
        access: [GetItem Invitations, UpdateItem Invitations, DeleteItem Mail],
    }

    /// Accept an invitation by the token of its mail, signed in or as a new account.
    InvitationsAccept "invitations-accept": [Post] "/api/auth/invitations/accept", Optional,
        Unread<InvitationAcceptance> => 201 Proven {
        or: 200 AcceptedInvitation,
        session: Own,
        errors: [MethodDisabled, InvalidCode, AuthenticationRequired, OtherAddress, MfaEnrollmentRequired, AccountDisabled, AccountDeleted,
                 InvitationClosed, InvitationExpired, UserUniqueViolation, RecordTooLarge],
        cookie: Sets,
        hashes: passwords,
        needs: [AdminEmail],
        access: [GetItem Invitations, UpdateItem Invitations, GetItem Users, PutItem Users, UpdateItem Users,
                 DeleteItem Users, GetItem Identities, PutItem Identities, UpdateItem Identities, PutItem Sessions],
    }

    /// Reject an invitation by the token of its mail.
    InvitationsReject "invitations-reject": [Post] "/api/auth/invitations/reject", Open,
        InvitationRejection => 200 ClosedInvitation {
        errors: [InvalidCode, InvitationClosed, InvitationExpired],
        access: [GetItem Invitations, UpdateItem Invitations, DeleteItem Mail],
    }

    /// Show the page that the link of a mail leads to; it changes nothing, so that no scanner of mails uses the link up.
    Pages "pages": [Get] "/api/auth/pages/{page}", Open, NoBody => 200 Html {
        errors: [InvalidCode, NotFound],
        query: [LinkToken],
        access: [GetItem Settings],
        keys: Ignored,
        media: Html,
    }

    /// Trade the id and the secret of a service account for an access token, as OAuth 2.0 has it: by client credentials.
    AuthToken "auth-token": [Post] "/api/auth/token", Open, ClientGrant => 200 ClientToken {
        errors: [InvalidCredentials, TooManyRequests],
        access: [GetItem Settings, GetItem Users, PutItem Sessions, PutItem Throttle, UpdateItem Throttle],
        keys: Ignored,
        speaks: OAuth,
    }

    /// Show the public keys of access tokens, for verifiers elsewhere.
    Jwks "jwks": [Get] "/api/auth/.well-known/jwks.json", Open, NoBody => 200 PublicKeys {
        access: [GetItem Settings],
        keys: Ignored,
        kept: 300,
    }

    /// Show the issuer of access tokens and the address of its keys, for verifiers elsewhere. With HS256 there is none.
    OpenidConfiguration "openid-configuration": [Get] "/api/auth/.well-known/openid-configuration", Open, NoBody => 200 TokenIssuer {
        errors: [NotFound],
        kept: 300,
    }

    /// Ask for a mail to another address, by which it becomes one's own. It needs a recent authentication, or the password.
    EmailChange "email-change": [Post] "/api/auth/email/change", User, Unread<EmailChangeRequest> => 202 MailAsked {
        session: Own,
        errors: [MethodDisabled, RedirectNotAllowed, RegistrationNotAllowed, ReauthenticationRequired, InvalidMfaCode, TooManyRequests],
        hashes: passwords,
        access: [GetItem Users, UpdateItem Users, GetItem Identities, PutItem Mail, UpdateItem Mail, GetItem Throttle,
                 PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
    }

    /// Take the new address by the code or the link of its mail: every other session ends.
    EmailChangeConfirm "email-change-confirm": [Post] "/api/auth/email/change/confirm", User,
        Unread<EmailChangeProof> => 200 ChangedUser {
        session: Own,
        errors: [MethodDisabled, InvalidCode, RegistrationNotAllowed, EmailAlreadyExists, TooManyRequests],
        access: [GetItem Users, UpdateItem Users, PutItem Users, DeleteItem Users, GetItem Identities,
                 PutItem Identities, DeleteItem Identities, UpdateItem Sessions, GetItem Mail, UpdateItem Mail,
                 DeleteItem Mail, PutItem Throttle, UpdateItem Throttle],
    }

    /// Give a change of the address up that is not confirmed.
    EmailChangeCancel "email-change-cancel": [Delete] "/api/auth/email/change", User, NoBody => 204 NoContent {
        session: Own,
        errors: [MethodDisabled],
        access: [DeleteItem Mail],
    }

    /// Ask for a mail that signs in. The reply is the same for every address.
    MagicLink "magic-link": [Post] "/api/auth/magic-link", Open, MagicLinkRequest => 202 FlowOpened {
        errors: [MethodDisabled, RedirectNotAllowed, TooManyRequests],
        access: [UpdateItem Settings, PutItem Mail, UpdateItem Mail, PutItem Throttle, UpdateItem Throttle],
    }

    /// Sign in by the code or the link of a mail. An account whose address was not proven before loses its password.
    MagicLinkVerify "magic-link-verify": [Post] "/api/auth/magic-link/verify", Open, MailProof => 200 SignedInByMail {
        errors: [MethodDisabled, InvalidCode, RegistrationNotAllowed, MfaRequired, MfaEnrollmentRequired, AccountDeleted, UserUniqueViolation,
                 RecordTooLarge, TooManyRequests],
        cookie: Sets,
        needs: [AdminEmail],
        access: [GetItem Users, UpdateItem Users, PutItem Users, DeleteItem Users, GetItem Identities, UpdateItem Identities,
                 PutItem Identities, PutItem Sessions, GetItem Mail, UpdateItem Mail, DeleteItem Mail,
                 PutItem Throttle, UpdateItem Throttle],
    }

    /// Read the state of one's own second factor.
    MfaGet "mfa-get": [Get] "/api/auth/mfa", User, NoBody => 200 MfaStatus {
        policy: Unasked,
        access: [GetItem Users],
    }

    /// Ask for the secret of an authenticator app. Nothing is switched on before its first code.
    MfaEnable "mfa-enable": [Post] "/api/auth/mfa/enable", User, NoBody => 200 MfaSetup {
        session: Recent,
        policy: Unasked,
        errors: [MethodDisabled, EmailNotVerified, MfaAlreadyEnabled],
        access: [GetItem Users, PutItem Users],
    }

    /// Switch the second factor on by the first code of the authenticator app: every other session ends.
    MfaConfirm "mfa-confirm": [Post] "/api/auth/mfa/confirm", User, Unread<MfaConfirmation> => 200 MfaConfirmed {
        session: Own,
        policy: Unasked,
        errors: [InvalidMfaCode, MfaAlreadyEnabled, MfaSetupExpired],
        cookie: Sets,
        access: [GetItem Users, UpdateItem Users, PutItem Users, UpdateItem Identities, PutItem Sessions, UpdateItem Sessions],
    }

    /// Finish a sign-in by a code of the second factor.
    MfaVerify "mfa-verify": [Post] "/api/auth/mfa/verify", Open, MfaVerification => 200 SignedIn {
        errors: [InvalidMfaCode, TooManyRequests],
        cookie: Sets,
        access: [GetItem Users, UpdateItem Users, PutItem Users, UpdateItem Identities, PutItem Sessions, PutItem Mail, GetItem Throttle,
                 PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
    }

    /// Switch the second factor off: every other session ends.
    MfaDisable "mfa-disable": [Post] "/api/auth/mfa/disable", User, Unread<FactorProof> => 204 NoContent {
        session: Recent,
        policy: Unasked,
        errors: [InvalidMfaCode, MfaNotEnabled, MfaRequiredByPolicy, TooManyRequests],
        access: [GetItem Users, UpdateItem Users, DeleteItem Users, UpdateItem Identities, UpdateItem Sessions, PutItem Mail,
                 GetItem Throttle, PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
    }

    /// Get other recovery codes: the old ones are dead, and every other session ends.
    MfaRecoveryCodes "mfa-recovery-codes": [Post] "/api/auth/mfa/recovery-codes", User,
        Unread<MfaConfirmation> => 200 RecoveryCodes {
        session: Recent,
        policy: Unasked,
        errors: [InvalidMfaCode, MfaNotEnabled, TooManyRequests],
        access: [GetItem Users, UpdateItem Users, PutItem Users, UpdateItem Identities, UpdateItem Sessions, PutItem Mail,
                 GetItem Throttle, PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
    }

    /// Begin the registration of a passkey.
    PasskeysOptions "passkeys-options": [Post] "/api/auth/passkeys/options", User, NoBody => 200 PasskeyCeremony {
        session: Recent,
        policy: Unasked,
        errors: [MethodDisabled, EmailNotVerified, MethodLimit, PasskeyLimit],
    }

    /// Add the passkey that a device has made.
    PasskeysCreate "passkeys-create": [Post] "/api/auth/passkeys", User, Unread<NewPasskey> => 201 Passkey {
        session: Own,
        policy: Unasked,
        errors: [MethodDisabled, EmailNotVerified, InvalidPasskey, MethodLimit, PasskeyLimit],
        access: [UpdateItem Users, PutItem Users],
    }

    /// List one's own passkeys, oldest first.
    PasskeysList "passkeys-list": [Get] "/api/auth/passkeys", User, NoBody => 200 Passkeys {
        policy: Unasked,
    }

    /// Give one of one's own passkeys another name.
    PasskeysUpdate "passkeys-update": [Patch] "/api/auth/passkeys/{id}", User, Unread<PasskeyName> => 200 Passkey {
        session: Own,
        policy: Unasked,
        errors: [PasskeyNotFound],
        access: [GetItem Users, UpdateItem Users],
    }

    /// Remove one of one's own passkeys: every other session ends.
    PasskeysDelete "passkeys-delete": [Delete] "/api/auth/passkeys/{id}", User, NoBody => 204 NoContent {
        session: Recent,
        policy: Unasked,
        errors: [PasskeyNotFound, LastMethod, MfaRequiredByPolicy],
        access: [GetItem Users, GetItem Identities, UpdateItem Users, DeleteItem Users, UpdateItem Identities,
                 UpdateItem Sessions, BatchGetItem Configuration, BatchGetItem Providers],
    }

    /// Begin a sign-in by a passkey. The reply is the same for everybody.
    PasskeysLoginOptions "passkeys-login-options": [Post] "/api/auth/passkeys/login/options", Open,
        NoBody => 200 PasskeyCeremony {
        errors: [MethodDisabled],
        access: [UpdateItem Settings],
    }

    /// Sign in by a passkey, which is both factors.
    PasskeysLogin "passkeys-login": [Post] "/api/auth/passkeys/login", Open, PasskeySignIn => 200 SignedIn {
        errors: [MethodDisabled, InvalidPasskey, AccountDisabled, AccountDeleted, EmailNotVerified],
        cookie: Sets,
        access: [GetItem Users, UpdateItem Users, PutItem Users, UpdateItem Identities, PutItem Sessions],
    }

    /// List the providers that sign in.
    OauthProviders "oauth-providers": [Get] "/api/auth/providers", Open, NoBody => 200 EnabledProviders {
        errors: [ValidationFailed],
        access: [BatchGetItem Configuration, BatchGetItem Providers],
    }

    /// Begin a sign-in by a provider: the browser is sent there.
    OauthStart "oauth-start": [Get] "/api/auth/oauth/{provider}/start", Open, NoBody => 302 NoContent {
        errors: [ValidationFailed, RedirectNotAllowed, UnsupportedProvider],
        query: [RedirectTo, CodeChallenge, Locale, Prompt, LoginHint],
        replies: [Location],
        access: [GetItem Settings, GetItem Configuration, GetItem Providers],
        keys: Ignored,
    }

    /// Take the answer of a provider, and send the browser back to the app with a code or an error.
    OauthCallback "oauth-callback": [Get Post] "/api/auth/oauth/{provider}/callback", Open, NoBody => 302 Html {
        errors: [InvalidRequest],
        query: [ProviderState, ProviderCode, ProviderError, ProviderIssuer],
        replies: [Location],
        access: [GetItem Settings, GetItem Configuration, GetItem Providers, PutItem Throttle],
        keys: Ignored,
        media: Html,
    }

    /// Trade the code of a sign-in by a provider, or by the page of a mail, for tokens. It may make an account.
    OauthExchange "oauth-exchange": [Post] "/api/auth/oauth/exchange", Open, ProviderProof => 200 SignedInByProvider {
        errors: [InvalidOauthCode, RegistrationNotAllowed, AccountDisabled, MfaRequired, MfaEnrollmentRequired,
                 AccountDeleted, AccountExists, UserUniqueViolation, RecordTooLarge],
        cookie: Sets,
        needs: [AdminEmail],
        access: [GetItem Users, UpdateItem Users, PutItem Users, DeleteItem Users, GetItem Identities, UpdateItem Identities,
                 PutItem Identities, PutItem Sessions, GetItem Mail, DeleteItem Mail],
    }

    /// Sign in by what an app of a device has got from a provider itself. It may make an account.
    OauthToken "oauth-token": [Post] "/api/auth/oauth/{provider}/token", Open, NativeProof => 200 SignedInByProvider {
        errors: [InvalidOauthCode, RedirectNotAllowed, InvalidIdToken, RegistrationNotAllowed, AccountDisabled, MfaRequired,
                 MfaEnrollmentRequired, UnsupportedProvider, AccountDeleted, AccountExists, UserUniqueViolation,
                 RecordTooLarge, ProviderUnavailable],
        cookie: Sets,
        access: [GetItem Users, UpdateItem Users, PutItem Users, DeleteItem Users, GetItem Identities, UpdateItem Identities,
                 PutItem Identities, PutItem Sessions, GetItem Configuration, GetItem Providers, GetItem Throttle, PutItem Throttle,
                 UpdateItem Throttle],
    }

    /// Ask whether somebody has an account: by the code of a sign-in by a provider, or as an admin or a server by an address.
    AccountsCheck "accounts-check": [Post] "/api/auth/accounts/check", Optional, Unread<AccountQuestion> => 200 AccountFound {
        errors: [InvalidOauthCode, Forbidden],
        access: [GetItem Users, GetItem Identities],
    }

    /// List the ways to sign in to one's own account.
    AccountsList "accounts-list": [Get] "/api/auth/accounts", User, NoBody => 200 Accounts {
        access: [GetItem Users, GetItem Identities],
    }

    /// Link a provider to one's own account, by the code of a sign-in there.
    AccountsLink "accounts-link": [Post] "/api/auth/accounts", User, Unread<LinkProof> => 201 Account {
        session: Recent,
        errors: [InvalidOauthCode, EmailNotVerified, RegistrationNotAllowed, AccountAlreadyLinked, MethodLimit],
        access: [UpdateItem Users, PutItem Users],
    }

    /// Remove a way to sign in: every other session ends.
    AccountsUnlink "accounts-unlink": [Delete] "/api/auth/accounts/{id}", User, NoBody => 204 NoContent {
        session: Recent,
        errors: [AccountNotLinked, LastMethod, MfaRequiredByPolicy],
        access: [GetItem Users, GetItem Identities, UpdateItem Users, DeleteItem Users, UpdateItem Identities,
                 UpdateItem Sessions, BatchGetItem Configuration, BatchGetItem Providers],
    }

    /// List one's own sessions that have not ended.
    SessionsList "sessions-list": [Get] "/api/auth/sessions", User, NoBody => 200 SessionPage {
        errors: [ValidationFailed, InvalidCursor],
        query: [Limit, Cursor],
        access: [Query Sessions],
    }

    /// End one's own sessions, but for the one that asks.
    SessionsEndOthers "sessions-end-others": [Delete] "/api/auth/sessions", User, NoBody => 204 NoContent {
        session: Own,
        access: [UpdateItem Users, UpdateItem Identities, UpdateItem Sessions],
    }

    /// End one of one's own sessions.
    SessionsEnd "sessions-end": [Delete] "/api/auth/sessions/{id}", User, NoBody => 204 NoContent {
        session: Own,
        errors: [SessionNotFound],
        access: [UpdateItem Sessions],
    }

    /// Change one's own password: every other session ends.
    PasswordChange "password-change": [Post] "/api/auth/password/change", User, Unread<NewPassword> => 204 NoContent {
        session: Own,
        errors: [EmailNotVerified, TooManyRequests],
        hashes: passwords,
        access: [GetItem Users, UpdateItem Users, GetItem Identities, UpdateItem Identities, UpdateItem Sessions,
                 GetItem Throttle, PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
    }

    /// Read what is public of the user who has a username, whatever its case.
    UsersPublic "users-public": [Get] "/api/users/public/{username}", Open, NoBody => 200 PublicUser {
        errors: [UserNotFound],
        access: [GetItem Users],
    }

    /// List users, newest first: all of them, or those of a role or with a text in their address or profile.
    UsersList "users-list": [Get] "/api/users", Users(List), NoBody => 200 UserPage {
        errors: [ValidationFailed, InvalidCursor],
        query: [Limit, Cursor, UserSearch, UserRole],
        access: [Query UsersIndex],
    }

    /// Make a user, with a password or without: then nobody can log in until one is set.
    UsersCreate "users-create": [Post] "/api/users", Users(Create), Unread<NewUser> => 201 UserForAdmins {
        errors: [MethodDisabled, EmailAlreadyExists, UserUniqueViolation, RecordTooLarge],
        replies: [Location],
        hashes: passwords,
        access: [PutItem Users, UpdateItem Users, PutItem Identities, PutItem Mail],
    }

    /// Read a user.
    UsersGet "users-get": [Get] "/api/users/{id}", Users(Read), NoBody => 200 UserForAdmins {
        errors: [UserNotFound],
        access: [GetItem Users],
    }

    /// Change a user's role, profile, or whether the account is switched off, which ends every session.
    UsersUpdate "users-update": [Patch] "/api/users/{id}", Users(Update), Unread<UserChanges> => 200 UserForAdmins {
        errors: [UserNotFound, LastAdmin, HasApiKeys, UserUniqueViolation, RecordTooLarge],
        query: [ApiKeysOfLeaver],
        access: [GetItem Users, UpdateItem Users, PutItem Users, DeleteItem Users, UpdateItem Identities,
                 Query ApiKeys, ConditionCheckItem ApiKeys, UpdateItem ApiKeys],
    }

    /// Remove a user at once.
    UsersDelete "users-delete": [Delete] "/api/users/{id}", Users(Delete), NoBody => 204 NoContent {
        errors: [ValidationFailed, UserNotFound, LastAdmin, HasApiKeys],
        query: [ApiKeysOfLeaver],
        access: [GetItem Users, DeleteItem Users, UpdateItem Users, DeleteItem Identities, Query ApiKeys,
                 ConditionCheckItem ApiKeys, UpdateItem ApiKeys],
    }

    /// Set a user's password, which ends every session.
    UsersPassword "users-password": [Post] "/api/users/{id}/password", Users(Update),
        Unread<PasswordToSet> => 204 NoContent {
        or: 202 MailAsked,
        errors: [UserNotFound, EmailNotVerified, MethodDisabled],
        hashes: passwords,
        access: [GetItem Users, UpdateItem Users, UpdateItem Identities, PutItem Mail],
    }

    /// Act as a user: an access token of a session that the user sees and may end.
    UsersImpersonate "users-impersonate": [Post] "/api/users/{id}/impersonate", Admin,
        Unread<Impersonation> => 201 ActingToken {
        session: Recent,
        errors: [UserNotFound],
        access: [GetItem Users, PutItem Sessions],
    }

    /// Remove a user's second factor, and the passkeys where that is said: every session ends.
    UsersMfa "users-mfa": [Delete] "/api/users/{id}/mfa", Admin, NoBody => 204 NoContent {
        session: Recent,
        errors: [ValidationFailed, UserNotFound, MfaNotEnabled],
        query: [Passkeys],
        access: [GetItem Users, UpdateItem Users, DeleteItem Users, UpdateItem Identities],
    }

    /// List the sessions of a user that stand, newest first.
    UsersSessionsList "users-sessions-list": [Get] "/api/users/{id}/sessions", Users(Read),
        NoBody => 200 SessionPage {
        errors: [ValidationFailed, UserNotFound, InvalidCursor],
        query: [Limit, Cursor],
        access: [GetItem Users, Query Sessions],
    }

    /// End every session of a user.
    UsersSessionsEnd "users-sessions-end": [Delete] "/api/users/{id}/sessions", Users(Update),
        NoBody => 204 NoContent {
        errors: [UserNotFound],
        access: [GetItem Users, UpdateItem Users, UpdateItem Identities],
    }

    /// End one session of a user.
    UsersSessionEnd "users-session-end": [Delete] "/api/users/{id}/sessions/{sid}", Users(Update),
        NoBody => 204 NoContent {
        errors: [UserNotFound, SessionNotFound],
        access: [GetItem Users, UpdateItem Sessions],
    }

    /// Tell that the service answers; touches no table.
    Health "health": [Get] "/api/health", Open, NoBody => 200 HealthStatus {}

    /// List the API keys, newest first; the keys themselves are never shown again.
    ApiKeysList "api-keys-list": [Get] "/api/admin/api-keys", Admin, NoBody => 200 ApiKeys {
        errors: [ValidationFailed],
        query: [ApiKeyMaker],
        access: [Query ApiKeys],
    }

    /// Make an API key; the key itself is shown this once.
    ApiKeysCreate "api-keys-create": [Post] "/api/admin/api-keys", Admin, Unread<NewApiKey> => 201 ShownApiKey {
        errors: [ApiKeyLimit],
        access: [Query ApiKeys, PutItem ApiKeys, UpdateItem ApiKeys, ConditionCheckItem Users],
    }

    /// Delete an API key, which is dead from then on.
    ApiKeysDelete "api-keys-delete": [Delete] "/api/admin/api-keys/{id}", Admin, NoBody => 204 NoContent {
        errors: [ApiKeyNotFound],
        access: [UpdateItem ApiKeys],
    }

    /// Replace the secret of an API key: the old key is dead from then on, the new one is shown this once.
    ApiKeysRotate "api-keys-rotate": [Post] "/api/admin/api-keys/{id}/rotate", Admin, NoBody => 200 ShownApiKey {
        errors: [ApiKeyNotFound],
        access: [GetItem ApiKeys, UpdateItem ApiKeys, ConditionCheckItem Users],
    }

    /// List the service accounts, newest first; the secrets are never shown again.
    ServiceAccountsList "service-accounts-list": [Get] "/api/admin/service-accounts", Admin,
        NoBody => 200 ServiceAccountPage {
        errors: [ValidationFailed, InvalidCursor],
        query: [Limit, Cursor],
        access: [Query UsersIndex],
    }

    /// Make a service account: a user that is a program. Its secret is shown this once.
    ServiceAccountsCreate "service-accounts-create": [Post] "/api/admin/service-accounts", Admin,
        Unread<NewServiceAccount> => 201 ShownServiceAccount {
        access: [PutItem Users],
    }

    /// Replace the secret of a service account: the new one is shown this once, and the old one is good for another day.
    ServiceAccountsRotate "service-accounts-rotate": [Post] "/api/admin/service-accounts/{id}/rotate", Admin,
        NoBody => 200 ShownServiceAccount {
        errors: [ServiceAccountNotFound],
        access: [GetItem Users, UpdateItem Users],
    }

    /// Remove a service account at once, with its tokens.
    ServiceAccountsDelete "service-accounts-delete": [Delete] "/api/admin/service-accounts/{id}", Admin,
        NoBody => 204 NoContent {
        errors: [ServiceAccountNotFound],
        access: [GetItem Users, UpdateItem Users],
    }

    /// List the audit log, newest entries first: who did what to whom.
    AuditList "audit-list": [Get] "/api/admin/audit", Admin, NoBody => 200 AuditPage {
        errors: [ValidationFailed, InvalidCursor],
        query: [AuditActor, AuditSubject, EventType, From, To, Limit, Cursor],
        access: [Query Audit, Query AuditIndex],
    }

    /// List the webhooks, newest first.
    WebhooksList "webhooks-list": [Get] "/api/admin/webhooks", Admin, NoBody => 200 Webhooks {
        errors: [ValidationFailed],
        access: [Query Deliveries],
    }

    /// Make a webhook; its secret is shown this once.
    WebhooksCreate "webhooks-create": [Post] "/api/admin/webhooks", Admin, Unread<NewWebhook> => 201 ShownWebhook {
        errors: [AddressNotAllowed, WebhookLimit],
        replies: [Location],
        access: [Query Deliveries, PutItem Deliveries, UpdateItem Deliveries, UpdateItem Settings],
    }

    /// Read a webhook, and how its deliveries go.
    WebhooksGet "webhooks-get": [Get] "/api/admin/webhooks/{id}", Admin, NoBody => 200 WatchedWebhook {
        errors: [ValidationFailed, WebhookNotFound],
        access: [GetItem Deliveries, Query Deliveries],
    }

    /// Change a webhook: what is left out stays.
    WebhooksUpdate "webhooks-update": [Patch] "/api/admin/webhooks/{id}", Admin, Unread<WebhookChanges> => 200 Webhook {
        errors: [AddressNotAllowed, WebhookNotFound],
        access: [GetItem Deliveries, UpdateItem Deliveries],
    }

    /// Remove a webhook, with its queue.
    WebhooksDelete "webhooks-delete": [Delete] "/api/admin/webhooks/{id}", Admin, NoBody => 204 NoContent {
        errors: [WebhookNotFound],
        access: [UpdateItem Deliveries],
    }

    /// Replace the secret of a webhook: the new one is shown this once, and the old one signs as well for a day.
    WebhooksRotate "webhooks-rotate": [Post] "/api/admin/webhooks/{id}/rotate", Admin, NoBody => 200 ShownWebhook {
        errors: [WebhookNotFound],
        access: [GetItem Deliveries, UpdateItem Deliveries],
    }

    /// Send a webhook one `webhook.test` now.
    WebhooksTest "webhooks-test": [Post] "/api/admin/webhooks/{id}/test", Admin, NoBody => 200 TestResult {
        errors: [WebhookNotFound],
        timeout: 20,
        access: [GetItem Deliveries, UpdateItem Deliveries],
    }

    /// List the triggers, and how their deliveries go.
    TriggersList "triggers-list": [Get] "/api/admin/triggers", Admin, NoBody => 200 Triggers {
        errors: [ValidationFailed],
        access: [Query Deliveries],
    }

    /// List the deliveries to a webhook or a trigger: those that wait, are parked or have arrived.
    DeliveriesList "deliveries-list": [Get] "/api/admin/consumers/{id}/deliveries", Admin, NoBody => 200 DeliveryPage {
        errors: [ValidationFailed, InvalidCursor, WebhookNotFound, TriggerNotFound],
        query: [Limit, Cursor, DeliveryState],
        access: [GetItem Deliveries, Query Deliveries],
    }

    /// Deliver an event again, before everything else that waits.
    DeliveriesRedeliver "deliveries-redeliver": [Post] "/api/admin/consumers/{id}/deliveries/{eventId}/redeliver", Admin,
        NoBody => 202 Delivery {
        errors: [WebhookNotFound, TriggerNotFound, EventGone],
        access: [GetItem Events, GetItem Deliveries, PutItem Deliveries, DeleteItem Deliveries],
        rights: [WakeWorkers],
    }

    /// List the kinds of mail: the variables and languages of their templates, and which are an admin's own.
    MailTemplatesList "mail-templates-list": [Get] "/api/admin/mail-templates", Admin, NoBody => 200 MailTemplateList {
        errors: [ValidationFailed],
        access: [BatchGetItem Configuration],
    }

    /// Replace the template of a kind of mail in a language.
    MailTemplatesSet "mail-templates-set": [Put] "/api/admin/mail-templates/{kind}/{locale}", Admin,
        Unread<Template> => 200 Template {
        session: Recent,
        errors: [TemplateNotFound],
        access: [UpdateItem Configuration],
    }

    /// Take back the shipped template of a kind of mail in a language.
    MailTemplatesReset "mail-templates-reset": [Delete] "/api/admin/mail-templates/{kind}/{locale}", Admin,
        NoBody => 204 NoContent {
        session: Recent,
        errors: [TemplateNotFound],
        access: [UpdateItem Configuration],
    }

    /// Show a mail with sample values, by a template that is sent or by the one that mails are made of.
    MailTemplatesPreview "mail-templates-preview": [Post] "/api/admin/mail-templates/{kind}/{locale}/preview", Admin,
        Unread<MailDraft> => 200 MailPreview {
        errors: [TemplateNotFound, MethodDisabled],
        access: [GetItem Configuration, GetItem Users, PutItem Mail],
    }

    /// List the providers with their settings; a secret shows as kept or not.
    ProvidersList "providers-list": [Get] "/api/admin/providers", Admin, NoBody => 200 ShownProviders {
        errors: [ValidationFailed],
        access: [BatchGetItem Configuration, BatchGetItem Providers],
    }

    /// Set a provider's settings and secret; they hold at once.
    ProvidersSet "providers-set": [Put] "/api/admin/providers/{name}", Admin, Unread<ProviderChange> => 200 ShownProvider {
        session: Recent,
        errors: [ProviderNotFound, ProviderUnavailable],
        access: [GetItem Configuration, GetItem Providers, PutItem Configuration, PutItem Providers],
    }

    /// Forget a provider's secret and the settings that an admin has set: those of `bakend.json` hold again.
    ProvidersReset "providers-reset": [Delete] "/api/admin/providers/{name}", Admin, NoBody => 204 NoContent {
        session: Recent,
        errors: [ProviderNotFound],
        access: [UpdateItem Configuration, UpdateItem Providers],
    }

    /// List every setting with its value, where that comes from, and how to change it; secrets as `set` or `unset`.
    SettingsList "settings-list": [Get] "/api/admin/settings", Admin, NoBody => 200 ShownSettings {
        errors: [ValidationFailed],
        needs: [AdminEmail, AllowedOrigins],
    }

    /// Create a record.
    RecordsCreate "records-create": [Post] "/api/{collection}", Rule(Create), RecordFields => 201 Record {
        errors: [RecordNotFound, IdempotencyMismatch],
        headers: [IdempotencyKey],
        replies: [Location, ETag],
        each: [Post Create (Create) => Record],
        access: [PutItem Records, GetItem Records, UpdateItem Records, BatchGetItem RelatedFilteredRecords,
                 ConditionCheckItem RelatedRecords, ConditionCheckItem RelatedUsers],
    }

    /// List the records the caller may list, newest first or in a declared order, all or those that pass a filter.
    RecordsList "records-list": [Get] "/api/{collection}", Rule(List), NoBody => 200 RecordPage {
        errors: [InvalidCursor, IndexBuilding],
        query: [Limit, Cursor, Sort, SortBy, SortDirection, Explain, Fields, Expand, Conditions, Filter, AndFilters,
                OrFilters, Search],
        replies: [ExpandTruncated],
        throttle: Lists,
        each: [Get List => Page],
        access: [Query Records, GetItem IndexedRecords, Query RecordsIndexes, BatchGetItem RelatedRecords],
    }

    /// Count the records the caller may list, all or those that pass a filter.
    RecordsCount "records-count": [Get] "/api/{collection}/count", Rule(List), NoBody => 200 RecordCount {
        errors: [IndexBuilding],
        query: [Conditions, Filter, AndFilters, OrFilters, Search],
        throttle: Counts,
        each: [Get Count],
        access: [Query Records, GetItem IndexedRecords, Query RecordsIndexes],
    }

    /// Read the collection's definition.
    RecordsSpec "records-spec": [Get] "/api/{collection}/spec", Rule(List), NoBody => 200 &'static Definition {
        each: [Get Spec],
    }

    /// Create, update and delete several records: all or nothing.
    RecordsBulk "records-bulk": [Post] "/api/{collection}/bulk", Rules, BulkOperations => 200 BulkItems {
        errors: [RecordNotFound],
        each: [Post Bulk (Bulk) => Items],
        access: [PutItem Records, UpdateItem Records, GetItem Records, BatchGetItem Records, DeleteItem Records,
                 ConditionCheckItem RelatedRecords, ConditionCheckItem RelatedUsers],
    }

    /// Read one record.
    RecordsGet "records-get": [Get] "/api/{collection}/{id}", Rule(Read), NoBody => 200 RecordView {
        errors: [RecordNotFound],
        query: [Fields, Expand],
        headers: [IfNoneMatch],
        replies: [OptionalETag, ExpandTruncated],
        each: [Get Get => View],
        access: [GetItem Records, BatchGetItem RelatedRecords],
    }

    /// Change a record: `PATCH` merges, `PUT` replaces.
    RecordsUpdate "records-update": [Patch Put] "/api/{collection}/{id}", Rule(Update), RecordFields => 200 Record {
        errors: [RecordNotFound, PreconditionFailed],
        headers: [IfMatch],
        replies: [ETag],
        each: [Patch Update (Patch) => Record, Put Replace (Put) => Record],
        access: [UpdateItem Records, GetItem Records, PutItem UniqueRecords, DeleteItem UniqueRecords,
                 BatchGetItem RelatedFilteredRecords, ConditionCheckItem RelatedRecords,
                 ConditionCheckItem RelatedUsers],
    }

    /// Delete a record.
    RecordsDelete "records-delete": [Delete] "/api/{collection}/{id}", Rule(Delete), NoBody => 204 NoContent {
        errors: [RecordNotFound, PreconditionFailed],
        headers: [IfMatch],
        each: [Delete Delete],
        access: [UpdateItem Records, DeleteItem Records, GetItem UniqueRecords, GetItem FilteredRecords],
    }

    /// Answer every path and method that no endpoint has, in the one error shape.
    Fallback "fallback": [] "$default", Open, NoBody => 404 NoContent {}
}
