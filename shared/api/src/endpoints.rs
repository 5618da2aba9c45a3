//! The endpoint page: every endpoint, declared once.
//!
//! From an entry come the function's decoding, status and guard, its routes and IAM policy in `template.yaml`, its
//! line in `CargoLambda.toml`, its page in `docs/openapi.json`, and the sweeps of the black-box suite. The entry's
//! name is also the folder, the package, the binary and (in camel case) the template resource.

use serde::Serialize;

use crate::definition::{Definition, Operation};
use crate::error::Code;
use crate::wire::{ApiKeys, NewApiKey, ShownApiKey};
use crate::wire::{
    Body, BulkItems, BulkOperations, Confirmation, Credentials, HealthStatus, LogoutRequest,
};
use crate::wire::{
    NewPassword, NewUser, NoBody, NoContent, PasswordToSet, ProfileChanges, PublicUser, Record,
};
use crate::wire::{
    RecordCount, RecordFields, RecordPage, RecordView, RefreshRequest, RegisterRequest, SessionPage,
};
use crate::wire::{SignedIn, Tokens, Unread, User, UserChanges, UserForAdmins, UserPage};

/// An HTTP method that some endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// Every method, in the order `Allow` lists them.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The method's name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

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
    pub fn is_of_records(self) -> bool {
        matches!(self, Self::Rule(_) | Self::Rules)
    }

    /// Whether the endpoint is for those with an account alone, whatever any collection says.
    #[must_use]
    pub fn needs_user(self) -> bool {
        matches!(self, Self::User | Self::Admin | Self::Users(_))
    }
}

/// A DynamoDB action, named as IAM names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// `dynamodb:GetItem`
    GetItem,
    /// `dynamodb:BatchGetItem`
    BatchGetItem,
    /// `dynamodb:Query`
    Query,
    /// `dynamodb:PutItem`
    PutItem,
    /// `dynamodb:UpdateItem`
    UpdateItem,
    /// `dynamodb:DeleteItem`
    DeleteItem,
    /// `dynamodb:ConditionCheckItem`
    ConditionCheckItem,
}

impl Action {
    /// The action as a policy writes it, without `dynamodb:`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetItem => "GetItem",
            Self::BatchGetItem => "BatchGetItem",
            Self::Query => "Query",
            Self::PutItem => "PutItem",
            Self::UpdateItem => "UpdateItem",
            Self::DeleteItem => "DeleteItem",
            Self::ConditionCheckItem => "ConditionCheckItem",
        }
    }
}

/// What an endpoint touches: a system table, or the tables or indexes of the collections that have what it is for. A
/// transaction is granted by the actions it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `_users`
    Users,
    /// The index `by_kind` of `_users`.
    UsersIndex,
    /// `_sessions`
    Sessions,
    /// `_settings`
    Settings,
    /// `_throttle`
    Throttle,
    /// `_api_keys`
    ApiKeys,
    /// The table of every declared collection.
    Records,
    /// Every index of every collection that has one.
    RecordsIndexes,
    /// The table of every collection that some relation points to.
    RelatedRecords,
    /// `_users`, where some relation points to users.
    RelatedUsers,
    /// The table of every collection with unique fields.
    UniqueRecords,
    /// The table of every collection with row filters.
    FilteredRecords,
    /// The table of every collection with row filters that some relation points to.
    RelatedFilteredRecords,
    /// The table of every collection whose records may have to be read before they are changed: with relations, unique
    /// fields, indexes, row filters or fields under a rule of their own.
    EntangledRecords,
}

/// One entry of the page.
#[derive(Debug)]
pub struct Entry {
    /// Folder, package, binary and route name, such as `records-get`.
    pub name: &'static str,
    /// The sentence that documents the endpoint.
    pub doc: &'static str,
    /// The methods it answers; none for the fallback.
    pub methods: &'static [Method],
    /// The path as API Gateway writes it, such as `/api/{collection}/{id}`.
    pub path: &'static str,
    /// Who may call it.
    pub guard: Guard,
    /// What it may do to which table, beside what [`Entry::granted`] adds.
    pub access: &'static [(Action, Table)],
    /// The status of a success.
    pub status: u16,
    /// The error codes of its own, beside those that any endpoint may answer.
    pub errors: &'static [Code],
}

impl Entry {
    /// Whether an API key that is shown is looked at, and one may be needed: wherever there are tables.
    #[must_use]
    pub fn reads_api_keys(&self) -> bool {
        !self.access.is_empty()
    }

    /// What it may do to which table: the whole of its IAM policy.
    pub fn granted(&self) -> impl Iterator<Item = (Action, Table)> {
        let key = self
            .reads_api_keys()
            .then_some((Action::BatchGetItem, Table::ApiKeys));
        self.access.iter().copied().chain(key)
    }
}

/// An endpoint as a type: what its body decodes to and what it replies.
pub trait Endpoint: 'static {
    /// The JSON body.
    type Body: Body + 'static;
    /// The JSON reply.
    type Reply: Serialize + 'static;
    /// The guard as a type, so that only a handler that has a caller can ask for it.
    type Guard;
    /// The entry on the page.
    const ENTRY: &'static Entry;
}

/// The guards as types.
pub mod guard {
    /// See [`Guard::Open`](super::Guard::Open).
    #[derive(Debug)]
    pub struct Open;
    /// See [`Guard::Signed`](super::Guard::Signed).
    #[derive(Debug)]
    pub struct Signed;
    /// See [`Guard::User`](super::Guard::User).
    #[derive(Debug)]
    pub struct User;
    /// See [`Guard::Admin`](super::Guard::Admin).
    #[derive(Debug)]
    pub struct Admin;
    /// See [`Guard::Users`](super::Guard::Users).
    #[derive(Debug)]
    pub struct Users;
    /// See [`Guard::Rule`](super::Guard::Rule).
    #[derive(Debug)]
    pub struct Rule;
    /// See [`Guard::Rules`](super::Guard::Rules).
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
}

macro_rules! endpoints {
    ($(
        #[doc = $doc:literal]
        $type:ident $name:literal: [$($method:ident)*] $path:literal, $guard:ident $(($operation:ident))?,
        [$($action:ident $table:ident),*], $body:ty => $status:literal $reply:ty, [$($code:ident),*];
    )*) => {
        $(
            #[doc = $doc]
            #[derive(Debug)]
            pub struct $type;

            impl Endpoint for $type {
                type Body = $body;
                type Reply = $reply;
                type Guard = guard::$guard;
                const ENTRY: &'static Entry = &Entry {
                    name: $name,
                    doc: $doc.trim_ascii(),
                    methods: &[$(Method::$method),*],
                    path: $path,
                    guard: Guard::$guard $((Operation::$operation))?,
                    access: &[$((Action::$action, Table::$table)),*],
                    status: $status,
                    errors: &[$(Code::$code),*],
                };
            }
        )*

        /// The page: every endpoint, in the order it documents itself.
        pub const PAGE: &[&Entry] = &[$($type::ENTRY),*];

        /// The JSON schemas of the body and the reply of the endpoint called `name`.
        pub fn schemas(
            name: &str,
            generator: &mut schemars::SchemaGenerator,
        ) -> Option<(schemars::Schema, schemars::Schema)> {
            match name {
                $($name => Some((generator.subschema_for::<$body>(), generator.subschema_for::<$reply>())),)*
                _ => None,
            }
        }
    };
}

endpoints! {
    /// Create an account and sign it in.
    Register "register": [Post] "/api/auth/register", Open,
        [PutItem Users, UpdateItem Users, PutItem Sessions, GetItem Settings, PutItem Settings, PutItem Throttle,
         UpdateItem Throttle],
        RegisterRequest => 201 SignedIn, [EmailAlreadyExists, UserUniqueViolation, RecordTooLarge, TooManyRequests];

    /// Trade an email and a password for tokens.
    Login "login": [Post] "/api/auth/login", Open,
        [GetItem Users, UpdateItem Users, PutItem Sessions, GetItem Settings, PutItem Settings, PutItem Throttle,
         UpdateItem Throttle, DeleteItem Throttle],
        Credentials => 200 SignedIn, [InvalidCredentials, AccountDisabled, TooManyRequests];

    /// Trade a refresh token for a new pair of tokens; the one presented is dead from then on.
    Refresh "refresh": [Post] "/api/auth/refresh", Open,
        [GetItem Users, UpdateItem Sessions, GetItem Settings],
        RefreshRequest => 200 Tokens, [InvalidRefreshToken, OriginNotAllowed, TooManyRequests];

    /// End a session, by its refresh token or by an access token.
    Logout "logout": [Post] "/api/auth/logout", Signed,
        [UpdateItem Sessions, GetItem Settings],
        LogoutRequest => 204 NoContent, [InvalidToken, OriginNotAllowed];

    /// Read one's own account.
    MeGet "me-get": [Get] "/api/auth/me", User,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings],
        NoBody => 200 User, [];

    /// Change one's own profile: what is left out stays, null removes.
    MeUpdate "me-update": [Patch] "/api/auth/me", User,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, UpdateItem Users, PutItem Users,
         DeleteItem Users],
        ProfileChanges => 200 User, [UserUniqueViolation, RecordTooLarge];

    /// Delete one's own account: every session ends at once, and for a while it can be brought back.
    MeDelete "me-delete": [Delete] "/api/auth/me", User,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem Users, UpdateItem Users, PutItem Users,
         DeleteItem Users, PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
        Unread<Confirmation> => 204 NoContent, [LastAdmin, TooManyRequests];

    /// Bring a deleted account back, and sign it in.
    MeRestore "me-restore": [Post] "/api/auth/me/restore", Open,
        [GetItem Users, UpdateItem Users, PutItem Users, PutItem Sessions, GetItem Settings, PutItem Throttle,
         UpdateItem Throttle, DeleteItem Throttle],
        Credentials => 200 SignedIn, [InvalidCredentials, AccountDisabled, TooManyRequests];

    /// List one's own sessions that have not ended.
    SessionsList "sessions-list": [Get] "/api/auth/sessions", User,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, Query Sessions],
        NoBody => 200 SessionPage, [ValidationFailed, InvalidCursor];

    /// End one's own sessions, but for the one that asks.
    SessionsEndOthers "sessions-end-others": [Delete] "/api/auth/sessions", User,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, UpdateItem Users, UpdateItem Sessions],
        NoBody => 204 NoContent, [];

    /// End one of one's own sessions.
    SessionsEnd "sessions-end": [Delete] "/api/auth/sessions/{id}", User,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, UpdateItem Sessions],
        NoBody => 204 NoContent, [SessionNotFound];

    /// Change one's own password: every other session ends.
    PasswordChange "password-change": [Post] "/api/auth/password/change", User,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem Users, UpdateItem Users,
         UpdateItem Sessions, PutItem Throttle, UpdateItem Throttle, DeleteItem Throttle],
        Unread<NewPassword> => 204 NoContent, [TooManyRequests];

    /// Read what is public of the user who has a username, whatever its case.
    UsersPublic "users-public": [Get] "/api/users/public/{username}", Open,
        [GetItem Users, GetItem Settings],
        NoBody => 200 PublicUser, [UserNotFound];

    /// List users, newest first: all of them, or those of a role or with a text in their address or profile.
    UsersList "users-list": [Get] "/api/users", Users(List),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, Query UsersIndex],
        NoBody => 200 UserPage, [ValidationFailed, InvalidCursor];

    /// Make a user, with a password or without: then nobody can log in until one is set.
    UsersCreate "users-create": [Post] "/api/users", Users(Create),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, PutItem Users, UpdateItem Users],
        Unread<NewUser> => 201 UserForAdmins, [EmailAlreadyExists, UserUniqueViolation, RecordTooLarge];

    /// Read a user.
    UsersGet "users-get": [Get] "/api/users/{id}", Users(Read),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem Users],
        NoBody => 200 UserForAdmins, [UserNotFound];

    /// Change a user's role, profile, or whether the account is switched off, which ends every session.
    UsersUpdate "users-update": [Patch] "/api/users/{id}", Users(Update),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem Users, UpdateItem Users, PutItem Users,
         DeleteItem Users],
        Unread<UserChanges> => 200 UserForAdmins, [UserNotFound, LastAdmin, UserUniqueViolation, RecordTooLarge];

    /// Remove a user at once.
    UsersDelete "users-delete": [Delete] "/api/users/{id}", Users(Delete),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem Users, DeleteItem Users,
         UpdateItem Users],
        NoBody => 204 NoContent, [UserNotFound, LastAdmin];

    /// Set a user's password, which ends every session.
    UsersPassword "users-password": [Post] "/api/users/{id}/password", Users(Update),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem Users, UpdateItem Users],
        Unread<PasswordToSet> => 204 NoContent, [UserNotFound];

    /// List the sessions of a user that stand, newest first.
    UsersSessionsList "users-sessions-list": [Get] "/api/users/{id}/sessions", Users(Read),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem Users, Query Sessions],
        NoBody => 200 SessionPage, [ValidationFailed, UserNotFound, InvalidCursor];

    /// End every session of a user.
    UsersSessionsEnd "users-sessions-end": [Delete] "/api/users/{id}/sessions", Users(Update),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem Users, UpdateItem Users],
        NoBody => 204 NoContent, [UserNotFound];

    /// End one session of a user.
    UsersSessionEnd "users-session-end": [Delete] "/api/users/{id}/sessions/{sid}", Users(Update),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem Users, UpdateItem Sessions],
        NoBody => 204 NoContent, [UserNotFound, SessionNotFound];

    /// Tell that the service answers; touches no table.
    Health "health": [Get] "/api/health", Open, [], NoBody => 200 HealthStatus, [];

    /// List the API keys, newest first; the keys themselves are never shown again.
    ApiKeysList "api-keys-list": [Get] "/api/admin/api-keys", Admin,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, Query ApiKeys],
        NoBody => 200 ApiKeys, [ValidationFailed];

    /// Make an API key; the key itself is shown this once.
    ApiKeysCreate "api-keys-create": [Post] "/api/admin/api-keys", Admin,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, Query ApiKeys, PutItem ApiKeys,
         UpdateItem ApiKeys],
        Unread<NewApiKey> => 201 ShownApiKey, [ApiKeyLimit];

    /// Delete an API key, which is dead from then on.
    ApiKeysDelete "api-keys-delete": [Delete] "/api/admin/api-keys/{id}", Admin,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, DeleteItem ApiKeys],
        NoBody => 204 NoContent, [ApiKeyNotFound];

    /// Replace the secret of an API key: the old key is dead from then on, the new one is shown this once.
    ApiKeysRotate "api-keys-rotate": [Post] "/api/admin/api-keys/{id}/rotate", Admin,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem ApiKeys, UpdateItem ApiKeys],
        NoBody => 200 ShownApiKey, [ApiKeyNotFound];

    /// Create a record.
    RecordsCreate "records-create": [Post] "/api/{collection}", Rule(Create),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, PutItem Records, GetItem Records,
         BatchGetItem RelatedFilteredRecords, ConditionCheckItem RelatedRecords, ConditionCheckItem RelatedUsers],
        RecordFields => 201 Record, [RecordNotFound, IdempotencyMismatch];

    /// List the records the caller may list, newest first or in a declared order, all or those that pass a filter.
    RecordsList "records-list": [Get] "/api/{collection}", Rule(List),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, Query Records, Query RecordsIndexes,
         BatchGetItem RelatedRecords],
        NoBody => 200 RecordPage, [InvalidCursor, IndexBuilding];

    /// Count the records the caller may list, all or those that pass a filter.
    RecordsCount "records-count": [Get] "/api/{collection}/count", Rule(List),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, Query Records, Query RecordsIndexes],
        NoBody => 200 RecordCount, [IndexBuilding];

    /// Read the collection's definition.
    RecordsSpec "records-spec": [Get] "/api/{collection}/spec", Rule(List),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings],
        NoBody => 200 &'static Definition, [];

    /// Create, update and delete several records: all or nothing.
    RecordsBulk "records-bulk": [Post] "/api/{collection}/bulk", Rules,
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, PutItem Records, UpdateItem Records,
         BatchGetItem Records, DeleteItem UniqueRecords, ConditionCheckItem RelatedRecords,
         ConditionCheckItem RelatedUsers],
        BulkOperations => 200 BulkItems, [RecordNotFound];

    /// Read one record.
    RecordsGet "records-get": [Get] "/api/{collection}/{id}", Rule(Read),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, GetItem Records, BatchGetItem RelatedRecords],
        NoBody => 200 RecordView, [RecordNotFound];

    /// Change a record: `PATCH` merges, `PUT` replaces.
    RecordsUpdate "records-update": [Patch Put] "/api/{collection}/{id}", Rule(Update),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, UpdateItem Records,
         GetItem EntangledRecords, PutItem UniqueRecords, DeleteItem UniqueRecords,
         BatchGetItem RelatedFilteredRecords, ConditionCheckItem RelatedRecords, ConditionCheckItem RelatedUsers],
        RecordFields => 200 Record, [RecordNotFound, PreconditionFailed];

    /// Delete a record.
    RecordsDelete "records-delete": [Delete] "/api/{collection}/{id}", Rule(Delete),
        [BatchGetItem Users, BatchGetItem Sessions, GetItem Settings, UpdateItem Records, GetItem UniqueRecords,
         GetItem FilteredRecords, DeleteItem UniqueRecords],
        NoBody => 204 NoContent, [RecordNotFound, PreconditionFailed];

    /// Answer every path and method that no endpoint has, in the one error shape.
    Fallback "fallback": [] "$default", Open, [], NoBody => 404 NoContent, [];
}

/// What the page says of a method and a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// This endpoint answers.
    To(&'static str),
    /// The path exists, the method does not: 405 with these methods in `Allow`.
    MethodNotAllowed(String),
    /// No endpoint has the path: 404.
    NotFound,
}

/// Decides which endpoint a request is for.
///
/// The template with the most literal segments wins, so `DELETE /api/posts/count` is 405 and never a record of that
/// id, although API Gateway, which routes by method and path together, sends it to `records-delete`. `is_collection`
/// tells the declared collections: any other name is no path at all.
#[must_use]
pub fn route(method: &str, path: &str, is_collection: impl Fn(&str) -> bool) -> Route {
    let fitting = || {
        PAGE.iter()
            .filter(|entry| fits(entry.path, path, &is_collection))
    };
    let Some(most) = fitting().map(|entry| literals(entry.path)).max() else {
        return Route::NotFound;
    };
    let mut allowed = Vec::new();
    for entry in fitting().filter(|entry| literals(entry.path) == most) {
        for allow in entry.methods {
            if allow.as_str() == method {
                return Route::To(entry.name);
            }
            allowed.push(*allow);
        }
    }
    if allowed.is_empty() {
        return Route::NotFound;
    }
    allowed.sort_unstable();
    Route::MethodNotAllowed(
        allowed
            .iter()
            .map(|method| method.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    )
}

/// How many segments of `template` stand for themselves.
fn literals(template: &str) -> usize {
    template
        .split('/')
        .filter(|segment| !segment.starts_with('{'))
        .count()
}

/// Whether `path` is an instance of `template`.
fn fits(template: &str, path: &str, is_collection: impl Fn(&str) -> bool) -> bool {
    let mut segments = path.split('/');
    let all = template.split('/').all(|expected| {
        segments.next().is_some_and(|segment| match expected {
            "{collection}" => is_collection(segment),
            parameter if parameter.starts_with('{') => !segment.is_empty(),
            literal => literal == segment,
        })
    });
    all && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, path: &str) -> Route {
        route(method, path, |name| name == "posts")
    }

    #[test]
    fn every_entry_is_reached_by_its_own_methods_and_path() {
        for entry in PAGE {
            let path = entry
                .path
                .replace("{collection}", "posts")
                .replace("{id}", "x");
            for method in entry.methods {
                assert_eq!(
                    ask(method.as_str(), &path),
                    Route::To(entry.name),
                    "{} {path}",
                    method.as_str()
                );
            }
        }
    }

    #[test]
    fn no_two_entries_share_method_and_path() {
        let mut seen: Vec<(Method, &str)> = PAGE
            .iter()
            .flat_map(|entry| entry.methods.iter().map(|method| (*method, entry.path)))
            .collect();
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all);
    }

    #[test]
    fn a_literal_path_is_never_a_record() {
        for (method, path, allow) in [
            ("GET", "/api/auth/login", "POST"),
            ("DELETE", "/api/auth/register", "POST"),
            ("POST", "/api/auth/me", "GET, PATCH, DELETE"),
            ("GET", "/api/auth/me/restore", "POST"),
            ("GET", "/api/auth/sessions/x", "DELETE"),
            ("PUT", "/api/auth/sessions", "GET, DELETE"),
            ("POST", "/api/users/public/ada", "GET"),
            ("PUT", "/api/auth/logout", "POST"),
            ("POST", "/api/health", "GET"),
            ("HEAD", "/api/health", "GET"),
            ("HEAD", "/api/posts", "GET, POST"),
            ("POST", "/api/posts/x", "GET, PUT, PATCH, DELETE"),
            ("DELETE", "/api/posts/count", "GET"),
            ("PATCH", "/api/posts/spec", "GET"),
            ("GET", "/api/posts/bulk", "POST"),
        ] {
            assert_eq!(
                ask(method, path),
                Route::MethodNotAllowed(allow.to_owned()),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn anything_else_is_not_found() {
        for path in [
            "",
            "/",
            "/api",
            "/api/",
            "/api/posts/",
            "/api/posts/x/y",
            "/api/posts/count/x",
            "/api/nope/count",
            "/api/nope",
            "/api/nope/x",
            "/posts",
            "/api/auth",
            "/api/user",
            "//api/posts",
            "$default",
            "/api/%70osts",
            "/API/posts",
            "/api/{collection}",
            "/api/{collection}/{id}",
        ] {
            for method in ["GET", "HEAD"] {
                assert_eq!(ask(method, path), Route::NotFound, "{method} {path}");
            }
        }
    }
}
