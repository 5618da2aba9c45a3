//! The JSON of requests and replies.

mod account;
mod api_key;
mod audit;
mod body;
mod bulk;
mod delivery;
mod email_change;
mod health;
mod html;
mod invitation;
mod mail;
mod mail_sign_in;
mod mfa;
mod passkey;
mod principal;
mod proof;
mod provider;
mod provider_proof;
mod public_keys;
mod record;
mod registration;
mod service_account;
mod session;
mod setting;
mod trigger;
mod user;
mod webhook;

pub use self::account::{
    Acceptance, Bearing, Confirmation, Credentials, LogoutRequest, NewPassword, ProfileChanges,
    RefreshRequest, RegisterRequest, SignedIn, Tokens,
};
pub use self::api_key::{ApiKey, ApiKeys, KeyType, NewApiKey, ShownApiKey};
pub use self::audit::{AuditEntry, AuditPage, RoleChange};
pub use self::body::{Body, Fields, NoBody, NoContent, Presence, Unread, decode, unknown};
pub(crate) use self::body::{MAX_NAME, UNKNOWN};
pub use self::bulk::{BulkItems, BulkOperation, BulkOperations};
pub use self::delivery::{Attempt, Delivery, DeliveryPage, DeliveryState};
pub use self::email_change::{ChangedUser, EmailChangeProof, EmailChangeRequest};
pub use self::health::HealthStatus;
pub use self::html::Html;
pub use self::invitation::{
    AcceptedInvitation, ClosedInvitation, Invitation, InvitationAcceptance, InvitationPage,
    InvitationRejection, InvitationStatus, InvitedResource, NewInvitation,
};
pub use self::mail::{MailDraft, MailPreview, MailTemplateList, MailTemplates};
pub use self::mail_sign_in::{MagicLinkRequest, MailProof, SignedInByMail};
pub use self::mfa::{
    FactorProof, MfaConfirmation, MfaConfirmed, MfaSetup, MfaStatus, MfaVerification,
    RecoveryCodes, Totp,
};
pub use self::passkey::{
    NewPasskey, Passkey, PasskeyCeremony, PasskeyName, PasskeyProof, PasskeySignIn, Passkeys,
};
pub use self::principal::{ActingToken, AnonymousProfile, Impersonation};
pub use self::proof::{
    EmailProof, FlowOpened, MailAsked, MailRequest, PasswordReset, Proven, Reauthentication,
};
pub use self::provider::{
    Account, AccountFound, AccountKind, Accounts, EnabledProvider, EnabledProviders,
    ProviderChange, ShownProvider, ShownProviders, SignedInByProvider,
};
pub use self::provider_proof::{
    AccountQuestion, Joining, LinkProof, Native, NativeProof, ProviderProof,
};
pub use self::public_keys::{PublicKey, PublicKeys, TokenIssuer};
pub use self::record::{Explanation, Record, RecordCount, RecordFields, RecordPage, RecordView};
pub use self::registration::{RegistrationProof, RegistrationResend, Waiting};
pub use self::service_account::{
    ClientGrant, ClientToken, NewServiceAccount, OAuthError, ServiceAccount, ServiceAccountPage,
    ShownServiceAccount,
};
pub use self::session::{Session, SessionPage};
pub use self::setting::{ShownSetting, ShownSettings, Source};
pub use self::trigger::{Triggers, WatchedTrigger};
pub use self::user::{
    MailFailure, MailFailureKind, NewUser, PasswordToSet, PublicUser, User, UserChanges,
    UserForAdmins, UserPage,
};
pub use self::webhook::{
    NewWebhook, ShownWebhook, TestResult, WatchedWebhook, Webhook, WebhookChanges, WebhookState,
    Webhooks,
};
