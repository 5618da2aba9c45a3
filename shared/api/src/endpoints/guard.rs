//! Who may call an endpoint: as a value, and as types that tell a handler what it may ask for.

use crate::definition::Operation;

/// Who may call an endpoint, and so what its handler can read of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Anybody; the `Authorization` header is never read.
    Open,
    /// Anybody who can show a token this deployment signed, expired or not.
    Signed,
    /// Somebody with an account: a valid access token of a session that stands. A body is
    /// [`Unread`](crate::wire::Unread): nobody else is told what is wrong with it.
    User,
    /// An admin; no API key stands in for one. A body is unread as well.
    Admin,
    /// An admin, or a secret API key whose scopes hold this operation on `users`. A body is unread as well.
    Users(Operation),
    /// Whoever the collection's rule for this operation allows.
    Rule(Operation),
    /// Whoever the collection's rules for the operations in the body allow.
    Rules,
}

impl Guard {
    /// Whether the endpoint is about the records of a collection, and so reads the caller's token.
    #[must_use]
    pub const fn is_of_records(self) -> bool {
        matches!(self, Self::Rule(_) | Self::Rules)
    }

    /// Whether the endpoint is for those with an account alone, whatever any collection says.
    #[must_use]
    pub const fn needs_user(self) -> bool {
        matches!(self, Self::User | Self::Admin | Self::Users(_))
    }

    /// Whether the session of an access token is looked up before anything else.
    #[must_use]
    pub const fn checks_session(self) -> bool {
        self.is_of_records() || self.needs_user()
    }
}

/// See [`Guard::Open`].
#[derive(Debug)]
pub struct Open;
/// See [`Guard::Signed`].
#[derive(Debug)]
pub struct Signed;
/// See [`Guard::User`].
#[derive(Debug)]
pub struct User;
/// See [`Guard::Admin`].
#[derive(Debug)]
pub struct Admin;
/// See [`Guard::Users`].
#[derive(Debug)]
pub struct Users;
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
impl Identified for User {}
impl Identified for Admin {}
impl Identified for Users {}
impl Identified for Rule {}
impl Identified for Rules {}
