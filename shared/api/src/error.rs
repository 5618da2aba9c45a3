//! The closed list of errors, and the one shape they have on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::oauth::OAuthCode;

macro_rules! codes {
    ($( $code:ident = $text:literal $status:literal $message:literal; )*) => {
        /// Why a request failed. A code is never renamed: clients branch on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $(#[doc = concat!("`", $text, "`: ", $message)] $code),* }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The code on the wire, `area/kebab-case`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => $text),* }
            }

            /// The HTTP status that carries it.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$code => $status),* }
            }

            /// The sentence for the caller, unless the error has a more precise one.
            #[must_use]
            pub fn message(self) -> &'static str {
                match self { $(Self::$code => $message),* }
            }
        }
    };
}

codes! {
    InvalidJson = "common/invalid-json" 400 "The body is not a JSON object.";
    InvalidRequest = "common/invalid-request" 400 "The request is malformed.";
    ValidationFailed = "common/validation-failed" 400 "Some fields are not valid; see details.";
    NotFound = "common/not-found" 404 "There is nothing at this path.";
    MethodNotAllowed = "common/method-not-allowed" 405 "This path does not answer that method; see the Allow header.";
    PayloadTooLarge = "common/payload-too-large" 413 "The body is larger than 256 KiB.";
    UnsupportedMediaType = "common/unsupported-media-type" 415 "Send the body as application/json in UTF-8.";
    Internal = "common/internal" 500 "Something went wrong on our side; the log has it under this request id.";
    Unavailable = "common/unavailable" 503 "The service is busy; try again in a moment.";
    AuthenticationRequired = "auth/authentication-required" 401 "Send an access token: Authorization: Bearer <token>.";
    InvalidToken = "auth/invalid-token" 401 "The access token is not valid.";
    TokenExpired = "auth/token-expired" 401 "The access token has expired; refresh it.";
    SessionRevoked = "auth/session-revoked" 401 "This session has ended; log in again.";
    InvalidCredentials = "auth/invalid-credentials" 401 "Email or password is wrong.";
    InvalidRefreshToken = "auth/invalid-refresh-token" 401 "The refresh token is not valid; log in again.";
    AccountDisabled = "auth/account-disabled" 403 "This account is disabled.";
    RegistrationNotAllowed = "auth/registration-not-allowed" 403 "No account can be made here with this email.";
    EmailNotVerified = "auth/email-not-verified" 403 "Verify the email address first; a mail is on its way to it.";
    ReauthenticationRequired = "auth/reauthentication-required" 403 "Prove once more that you are the user: POST /api/auth/reauthenticate.";
    InvalidMfaCode = "auth/invalid-mfa-code" 401 "This code does not prove the second factor.";
    InvalidPasskey = "auth/invalid-passkey" 401 "This passkey proves nothing here.";
    InvalidIdToken = "auth/invalid-id-token" 401 "This ID token proves nothing here.";
    MfaRequired = "auth/mfa-required" 403 "The second factor is needed; `error.mfa` tells how to go on.";
    MfaEnrollmentRequired = "auth/mfa-enrollment-required" 403 "This account needs a second factor: POST /api/auth/mfa/enable.";
    Impersonated = "auth/impersonated" 403 "Only the user may do this, and an admin acts in this session.";
    MethodDisabled = "auth/method-disabled" 403 "This is switched off here.";
    InvalidCode = "auth/invalid-code" 400 "This code or link is not valid, or no longer.";
    InvalidOauthCode = "auth/invalid-oauth-code" 400 "This code is not valid, or no longer.";
    RedirectNotAllowed = "auth/redirect-not-allowed" 400 "`redirectTo` is none of the addresses of `auth.redirects`.";
    Forbidden = "auth/forbidden" 403 "You may not do this.";
    EmailAlreadyExists = "auth/email-already-exists" 409 "An account with this email already exists.";
    AccountExists = "auth/account-exists" 409 "An account with this email exists; sign in to it, and link the provider.";
    AccountAlreadyLinked = "auth/account-already-linked" 409 "This account of the provider, or another one of it, is linked already.";
    AlreadyVerified = "auth/already-verified" 409 "This email address is verified already.";
    AccountDeleted = "auth/account-deleted" 409 "This account is deleted; send `restore: true` to bring it back.";
    MfaAlreadyEnabled = "auth/mfa-already-enabled" 409 "The second factor is switched on already.";
    MfaNotEnabled = "auth/mfa-not-enabled" 409 "There is no second factor to switch off or renew.";
    MfaSetupExpired = "auth/mfa-setup-expired" 409 "There is no second factor that waits to be confirmed; enable it again.";
    MfaRequiredByPolicy = "auth/mfa-required-by-policy" 409 "This account has to have a second factor.";
    LastMethod = "auth/last-method" 409 "Nothing else signs in to this account.";
    MethodLimit = "auth/method-limit" 409 "This account has 20 methods to sign in with already.";
    PasskeyLimit = "auth/passkey-limit" 409 "This account has 10 passkeys already; delete one first.";
    UnsupportedProvider = "auth/unsupported-provider" 404 "No such provider signs in here.";
    AccountNotLinked = "auth/account-not-linked" 404 "No such way to sign in is linked to this account.";
    PasskeyNotFound = "auth/passkey-not-found" 404 "There is no such passkey.";
    ProviderUnavailable = "auth/provider-unavailable" 503 "The provider does not answer as it should; try again in a moment.";
    TooManyRequests = "auth/too-many-requests" 429 "Too many attempts; try again after the time that Retry-After tells.";
    InvalidApiKey = "auth/invalid-api-key" 401 "The API key is not valid.";
    ApiKeyRequired = "auth/api-key-required" 401 "Send an API key as x-api-key.";
    ScopeInsufficient = "auth/scope-insufficient" 403 "The API key's scopes do not allow this.";
    OriginNotAllowed = "auth/origin-not-allowed" 403 "This origin may not do this.";
    SessionNotFound = "auth/session-not-found" 404 "There is no such session.";
    LastAdmin = "users/last-admin" 409 "The last admin can be neither demoted, disabled nor deleted.";
    HasApiKeys = "users/has-api-keys" 409 "This admin has made API keys; say ?apiKeys=keep or ?apiKeys=delete.";
    UserNotFound = "users/not-found" 404 "There is no such user.";
    UserUniqueViolation = "users/unique-violation" 409 "Another user has this value.";
    InvitationNotFound = "invitations/not-found" 404 "There is no such invitation.";
    InvitationClosed = "invitations/closed" 409 "This invitation is no longer open.";
    InvitationExpired = "invitations/expired" 410 "This invitation has expired; ask for another one.";
    OtherAddress = "invitations/other-address" 403 "This invitation is for another email address.";
    TemplateNotFound = "mail/template-not-found" 404 "There is no such kind of mail, or no such language.";
    ProviderNotFound = "providers/not-found" 404 "There is no such provider.";
    ServiceAccountNotFound = "service-accounts/not-found" 404 "There is no such service account.";
    ApiKeyNotFound = "keys/not-found" 404 "There is no such API key.";
    WebhookNotFound = "webhooks/not-found" 404 "There is no such webhook.";
    WebhookLimit = "webhooks/limit-reached" 409 "There are 50 webhooks already; delete one first.";
    AddressNotAllowed = "webhooks/address-not-allowed" 400 "Deliveries cannot go to this address.";
    EventGone = "webhooks/event-gone" 410 "There is no such event, or it has expired.";
    TriggerNotFound = "triggers/not-found" 404 "There is no such trigger.";
    ApiKeyLimit = "keys/limit-reached" 409 "There are 100 API keys already; delete one first.";
    RecordNotFound = "data/record-not-found" 404 "There is no such record.";
    InvalidCursor = "data/invalid-cursor" 400 "The cursor is not valid for this list; start again without it.";
    RecordTooLarge = "data/record-too-large" 413 "The record would be too large.";
    UniqueViolation = "data/unique-violation" 409 "Another record has this value.";
    PreconditionFailed = "data/precondition-failed" 412 "The record has changed since; read it again.";
    IndexBuilding = "data/index-building" 400 "The index that this list needs is being filled; try again later.";
    IdempotencyMismatch = "common/idempotency-mismatch" 409 "This Idempotency-Key was sent before with another body.";
}

/// One field that is not valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Detail {
    /// The field, or the query parameter.
    pub field: String,
    /// What is wrong with it, in kebab-case, such as `required`.
    pub code: String,
    /// The same as a sentence.
    pub message: String,
}

impl Detail {
    /// A detail of a field.
    pub fn new(field: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// A refusal: what the caller hears, and for the log alone, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The code, which names the status.
    pub code: Code,
    /// The sentence for the caller.
    pub message: String,
    /// The fields that are not valid; empty but for `common/validation-failed`.
    pub details: Vec<Detail>,
    /// The methods for the `Allow` header of a 405.
    pub allow: Option<Box<str>>,
    /// After how many seconds a 429 may be tried again.
    pub retry_after: Option<u32>,
    /// Whether a browser is to forget the cookie with the refresh token.
    pub forgets_cookie: bool,
    /// The error of RFC 6749, where an endpoint speaks OAuth 2.0 and the code tells less.
    pub oauth: Option<OAuthCode>,
    /// How to go on where a second factor is needed.
    pub mfa: Option<Box<MfaChallenge>>,
    /// The cause, for the log; never sent.
    pub cause: Option<String>,
}

/// How many faults are told at once: a body can hold tens of thousands, and each is a sentence.
pub(crate) const MAX_DETAILS: usize = 20;

impl Error {
    /// The refusal with its usual sentence.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            code,
            message: code.message().to_owned(),
            details: Vec::new(),
            allow: None,
            retry_after: None,
            forgets_cookie: false,
            oauth: None,
            mfa: None,
            cause: None,
        }
    }

    /// The same with a more precise sentence.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// `common/validation-failed` with its details, the first twenty.
    #[must_use]
    pub fn invalid(mut details: Vec<Detail>) -> Self {
        details.truncate(MAX_DETAILS);
        Self {
            details,
            ..Self::new(Code::ValidationFailed)
        }
    }

    /// The same of a part of the request, such as `operations[3]`.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        if self.details.is_empty() {
            self.message = format!("{place}: {}", self.message);
        }
        for detail in &mut self.details {
            let field = format!("{place}.{}", detail.field);
            detail.message =
                detail
                    .message
                    .replacen(&format!("`{}`", detail.field), &format!("`{field}`"), 1);
            detail.field = field;
        }
        self
    }

    /// 429 that may be tried again after so many seconds.
    #[must_use]
    pub fn too_many_requests(seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds.max(1)),
            ..Self::new(Code::TooManyRequests)
        }
    }

    /// 405 with the methods for `Allow`.
    #[must_use]
    pub fn method_not_allowed(allow: String) -> Self {
        Self {
            allow: Some(allow.into_boxed_str()),
            ..Self::new(Code::MethodNotAllowed)
        }
    }

    /// A fault that passes: 503 with `Retry-After`. The cause goes to the log.
    #[must_use]
    pub fn unavailable(cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::new(Code::Unavailable)
        }
    }

    /// A bug: 500. The cause goes to the log.
    #[must_use]
    pub fn internal(cause: impl Into<String>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::new(Code::Internal)
        }
    }

    /// The body of the reply.
    #[must_use]
    pub fn body(&self, request_id: &str) -> ErrorBody {
        ErrorBody {
            error: ErrorContent {
                code: self.code.as_str().to_owned(),
                message: self.message.clone(),
                request_id: request_id.to_owned(),
                details: self.details.clone(),
                mfa: self.mfa.as_deref().cloned(),
            },
        }
    }
}

/// What is wrong with a body, told at once: its `faults`, what is wrong `besides`, and what is wrong with the rest. Each
/// field is told of once: what is missing is not also malformed.
///
/// # Errors
/// `common/validation-failed` with all of it; whatever else went wrong with the rest.
pub fn told_together<T>(
    faults: Vec<Detail>,
    besides: impl IntoIterator<Item = Detail>,
    rest: Result<T, Error>,
) -> Result<T, Error> {
    let (rest, of_rest) = match rest {
        Err(error) if error.code == Code::ValidationFailed => (None, error.details),
        rest => (Some(rest), Vec::new()),
    };
    let mut details = faults;
    for detail in besides.into_iter().chain(of_rest) {
        if !details.iter().any(|earlier| earlier.field == detail.field) {
            details.push(detail);
        }
    }
    match rest {
        Some(rest) if details.is_empty() => rest,
        _ => Err(Error::invalid(details)),
    }
}

impl From<Detail> for Error {
    fn from(detail: Detail) -> Self {
        Self::invalid(vec![detail])
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

/// The error shape.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorContent,
}

/// The content of the error shape.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorContent {
    /// One of the closed list of codes.
    pub code: String,
    /// A sentence for a person.
    pub message: String,
    /// The request's id, as in the `x-request-id` header and the log.
    pub request_id: String,
    /// The fields that are not valid; only with `common/validation-failed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// How to go on; only with `auth/mfa-required` and `auth/mfa-enrollment-required` at a sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa: Option<MfaChallenge>,
}

/// How a sign-in goes on whose first factor was right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaChallenge {
    /// The sealed token of the next request; null where another sign-in, by a passkey, is the way.
    pub token: Option<String>,
    /// The factors that the account has, or may enrol.
    pub methods: Vec<MfaMethod>,
    /// The token's lifetime in seconds.
    pub expires_in: u64,
}

/// A second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MfaMethod {
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A recovery code.
    Recovery,
    /// A passkey, at `POST /api/auth/passkeys/login`.
    Passkey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} twice");
            let (area, name) = text.split_once('/').expect("area/name");
            assert!(
                [
                    "common",
                    "auth",
                    "users",
                    "keys",
                    "webhooks",
                    "triggers",
                    "data",
                    "invitations",
                    "mail",
                    "service-accounts",
                    "providers"
                ]
                .contains(&area),
                "{text}"
            );
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{text}"
            );
            assert!((400..=503).contains(&code.status()), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_together_and_of_each_field_once() {
        let detail = |field: &str, code: &str| Detail::new(field, code, "");
        let fields = |result: Result<u8, Error>| -> Vec<String> {
            result
                .err()
                .into_iter()
                .flat_map(|error| error.details)
                .map(|it| format!("{} {}", it.field, it.code))
                .collect()
        };
        let rest = || {
            Err(Error::invalid(vec![
                detail("a", "unknown"),
                detail("c", "unknown"),
            ]))
        };
        let all = told_together(
            vec![detail("a", "type")],
            [detail("a", "format"), detail("b", "format")],
            rest(),
        );
        assert_eq!(fields(all), ["a type", "b format", "c unknown"]);
        assert_eq!(told_together(Vec::new(), [], Ok(7)), Ok(7));
        assert_eq!(
            fields(told_together(vec![detail("a", "type")], [], Ok(7))),
            ["a type"]
        );
        let large = || Err::<u8, Error>(Code::RecordTooLarge.into());
        assert_eq!(told_together(Vec::new(), [], large()), large());
        assert_eq!(
            fields(told_together(Vec::new(), [detail("a", "type")], large())),
            ["a type"]
        );
    }

    #[test]
    fn the_cause_stays_inside() {
        let error = Error::internal("table local-_users not found");
        let body = serde_json::to_string(&error.body("r-1")).expect("serializable");
        assert_eq!(
            body,
            r#"{"error":{"code":"common/internal","message":"Something went wrong on our side; the log has it under this request id.","requestId":"r-1"}}"#
        );
    }
}
