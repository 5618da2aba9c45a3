//! The guards of endpoints: as a value, and as types that tell a handler what it may ask for.

use crate::definition::Operation;

/// The callers that an endpoint admits, and so what its handler can read of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Any caller; no access token is ever read.
    Open,
    /// Any caller with a token that this deployment signed, expired or not.
    Signed,
    /// Any caller; an access token that is shown must be valid. The body is [`Unread`](crate::wire::Unread).
    Optional,
    /// A user: a valid access token of a session that stands. The body is [`Unread`](crate::wire::Unread): other
    /// callers do not learn its errors.
    User,
    /// An admin; an API key is not enough. The body is unread as well.
    Admin,
    /// An admin, or a secret API key whose scopes hold this operation on `users`. The body is unread as well.
    Users(Operation),
    /// A user, or a secret API key whose scopes hold this operation on `users`. The key of a user's app
    /// does not narrow the user's rights. The body is unread as well.
    UserOrKey(Operation),
    /// A caller that the collection's rule for this operation allows.
    Rule(Operation),
    /// A caller that the collection's rules for the operations in the body allow.
    Rules,
}

impl Guard {
    /// Whether the endpoint is about the records of a collection, and so reads the caller's token.
    #[must_use]
    pub const fn is_of_records(self) -> bool {
        matches!(self, Self::Rule(_) | Self::Rules)
    }

    /// Whether the endpoint is for users alone, independent of any collection.
    #[must_use]
    pub const fn needs_user(self) -> bool {
        matches!(
            self,
            Self::User | Self::Admin | Self::Users(_) | Self::UserOrKey(_)
        )
    }

    /// Whether the access token's session is looked up before anything else.
    #[must_use]
    pub const fn checks_session(self) -> bool {
        self.is_of_records() || self.needs_user() || matches!(self, Self::Optional)
    }
}

/// The demand of an endpoint on the session of its caller, beside that it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// None.
    Any,
    /// The user acts by the own hand: no admin does in the user's place.
    Own,
    /// The same, and the user has authenticated within `auth.recentAuth` (ASVS 5.0, 7.5.1).
    Recent,
}

/// Whether the policy of second factors, `auth.mfa`, is judged on a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is: a session that lacks the factor is refused.
    Judged,
    /// It is not: the way to a second factor leads over this endpoint.
    Unasked,
}

/// See [`Guard::Open`].
#[derive(Debug)]
pub struct Open;
/// See [`Guard::Signed`].
#[derive(Debug)]
pub struct Signed;
/// See [`Guard::Optional`].
#[derive(Debug)]
pub struct Optional;
/// See [`Guard::User`].
#[derive(Debug)]
pub struct User;
/// See [`Guard::Admin`].
#[derive(Debug)]
pub struct Admin;
/// See [`Guard::Users`].
#[derive(Debug)]
pub struct Users;
/// See [`Guard::UserOrKey`].
#[derive(Debug)]
pub struct UserOrKey;
/// See [`Guard::Rule`].
#[derive(Debug)]
pub struct Rule;
/// See [`Guard::Rules`].
#[derive(Debug)]
pub struct Rules;

/// A guard of records: the handler has a collection and may have a caller.
pub trait OfRecords {}
impl OfRecords for Rule {}
impl OfRecords for Rules {}

/// A guard whose handler may have a caller.
pub trait Identified {}
impl Identified for Optional {}
impl Identified for User {}
impl Identified for Admin {}
impl Identified for Users {}
impl Identified for UserOrKey {}
impl Identified for Rule {}
impl Identified for Rules {}
