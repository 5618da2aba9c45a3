//! The entries of the page: their facts, the conclusions from them, and the macro that reads the page.

use serde::Serialize;

use super::access::{Action, Right, Table};
use super::guard::{Demand, Guard, Policy};
use super::message::{
    Cookie, Deed, Dialect, KeyUse, Media, Pace, Query, ReplyHeader, RequestHeader, Variable,
};
use super::method::Method;
use crate::error::Code;
use crate::wire::Body;

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
    /// The callers that may use it.
    pub guard: Guard,
    /// The demand on the caller's session that it states; see [`Entry::demand`].
    pub demanded: Demand,
    /// Whether it refuses a session that lacks the second factor which `auth.mfa` asks for.
    pub policy: Policy,
    /// The status of a success.
    pub status: u16,
    /// The status of its other kind of success, if it has one.
    pub other: Option<u16>,
    /// The error codes of its own, beside those that any endpoint may answer.
    pub errors: &'static [Code],
    /// The query parameters it takes.
    pub query: &'static [Query],
    /// The request headers of its own.
    pub headers: &'static [RequestHeader],
    /// The reply headers of its own.
    pub replies: &'static [ReplyHeader],
    /// How it deals with the cookie of a refresh token.
    pub cookie: Cookie,
    /// Whether it hashes a password. Such an endpoint gets a whole vCPU and its own throttle.
    pub hashes: bool,
    /// The throttle that it asks for; [`Entry::throttle`] adds that of passwords.
    pub throttled: Pace,
    /// The variables it needs, beside those that [`Entry::variables`] adds.
    pub needs: &'static [Variable],
    /// Its operations on one collection, method by method; only endpoints of records have them.
    pub deeds: &'static [Deed],
    /// Its access to tables, beside the access that [`Entry::granted`] adds.
    pub access: &'static [(Action, Table)],
    /// The most seconds of a request, where it waits for somebody else's server; `None` for the time of every function.
    pub timeout: Option<u16>,
    /// Its rights beyond the tables.
    pub rights: &'static [Right],
    /// Whether it takes API keys, where it has tables.
    pub keys: KeyUse,
    /// The content type of a success, and of the refusals that its handler makes.
    pub media: Media,
    /// The language of its bodies and refusals.
    pub dialect: Dialect,
    /// For how many seconds everybody may keep a success; `None` where nobody may, or the caller alone.
    pub kept: Option<u16>,
}

impl Entry {
    /// The demand on the caller's session: what an admin does, an admin does by the own hand.
    #[must_use]
    pub fn demand(&self) -> Demand {
        match (self.demanded, self.guard) {
            (Demand::Any, Guard::Admin | Guard::Users(_)) => Demand::Own,
            (demanded, _) => demanded,
        }
    }

    /// Whether it touches tables at all; finding the caller touches some.
    #[must_use]
    pub const fn touches_tables(&self) -> bool {
        !matches!(self.guard, Guard::Open) || !self.access.is_empty()
    }

    /// Whether it checks an API key and may require one: every endpoint with tables does, but for those that ignore keys.
    #[must_use]
    pub const fn reads_api_keys(&self) -> bool {
        self.touches_tables() && matches!(self.keys, KeyUse::Taken)
    }

    /// The throttle of its routes.
    #[must_use]
    pub const fn throttle(&self) -> Pace {
        if self.hashes {
            Pace::Passwords
        } else {
            self.throttled
        }
    }

    /// Whether it may store the first signing secret, and the other keys that are missing.
    #[must_use]
    pub fn keeps_first_secret(&self) -> bool {
        self.access.contains(&(Action::UpdateItem, Table::Settings))
    }

    /// Its access to tables: the whole of its IAM policy. The guard adds the session check; every endpoint that
    /// takes API keys reads the signing keys and the API key.
    pub fn granted(&self) -> impl Iterator<Item = (Action, Table)> {
        let session = self.guard.checks_session().then_some(SESSION_CHECK);
        let keys = self.reads_api_keys().then_some(KEYS);
        let derived = [session, keys].into_iter().flatten().flatten();
        self.access.iter().copied().chain(derived)
    }

    /// The variables that it needs, beside those of every function.
    pub fn variables(&self) -> impl Iterator<Item = Variable> {
        let origins = (self.cookie == Cookie::Takes).then_some(Variable::AllowedOrigins);
        self.needs.iter().copied().chain(origins)
    }

    /// Returns the entry if it states all required facts and no derived fact; the build stops otherwise.
    pub(super) const fn complete(self) -> Self {
        assert!(
            self.guard.is_of_records() == starts_with(self.path, "/api/{collection}"),
            "an endpoint of records has a path that begins with the collection, and no other has"
        );
        let deeds = if self.guard.is_of_records() {
            self.methods.len()
        } else {
            0
        };
        assert!(
            self.deeds.len() == deeds,
            "an endpoint of records says under `each` what every method does, and no other does"
        );
        let mut next = 0;
        while next < deeds {
            assert!(
                self.deeds[next].method as u8 == self.methods[next] as u8,
                "`each` has the methods in their order"
            );
            next += 1;
        }
        let mut next = 0;
        while next < self.access.len() {
            assert!(
                !self.is_derived(self.access[next]),
                "`access` leaves out what follows from the guard"
            );
            next += 1;
        }
        self
    }

    /// Whether a grant follows from the guard.
    const fn is_derived(&self, (action, table): (Action, Table)) -> bool {
        match (action, table) {
            (Action::GetItem, Table::Settings) | (Action::BatchGetItem, Table::ApiKeys) => {
                matches!(self.keys, KeyUse::Taken)
            }
            (Action::BatchGetItem, Table::Users | Table::Sessions) => self.guard.checks_session(),
            _ => false,
        }
    }
}

/// The access of the session check.
const SESSION_CHECK: [(Action, Table); 2] = [
    (Action::BatchGetItem, Table::Users),
    (Action::BatchGetItem, Table::Sessions),
];

/// The access that reads the signing keys and the API key.
const KEYS: [(Action, Table); 2] = [
    (Action::GetItem, Table::Settings),
    (Action::BatchGetItem, Table::ApiKeys),
];

/// Whether `text` starts with `prefix`; evaluated at build time.
const fn starts_with(text: &str, prefix: &str) -> bool {
    let (text, prefix) = (text.as_bytes(), prefix.as_bytes());
    let mut next = 0;
    while next < prefix.len() {
        if next >= text.len() || text[next] != prefix[next] {
            return false;
        }
        next += 1;
    }
    true
}

/// An endpoint whose entry says that it answers with a page: no other handler can.
pub trait ShowsPages: Endpoint {}

/// An endpoint whose entry says that it speaks OAuth 2.0: no other handler reads the client's credentials.
pub trait SpeaksOAuth: Endpoint {}

/// An endpoint as a type, with the types of its body and its reply.
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

/// An endpoint whose entry says that it has another kind of success.
pub trait Alternative: Endpoint {
    /// The JSON reply of that kind.
    type Other: Serialize;
}

/// An endpoint whose entry says that it hashes passwords: no other handler can.
pub trait Hashes: Endpoint {}

/// An endpoint whose entry says that it takes a refresh token out of a cookie: no other handler can.
pub trait TakesCookie: Endpoint {}

/// An endpoint whose entry says that it hands out tokens by cookie where a request asks for that: no other handler can.
pub trait SetsCookie: Endpoint {}

/// An endpoint whose entry says that it sets a cookie or takes one: no other handler can hand out tokens.
pub trait HasCookie: Endpoint {}

/// Reads the page: one block for each endpoint. A fact that a block leaves out is none.
///
/// ```text
/// Type "name": [Method] "/path", Guard, Body => status Reply {
///     or: status Reply,                        another kind of success
///     session: Own | Recent,                   what the caller's session must be, beside that it stands
///     policy: Unasked,                         sessions without a second factor are taken whatever `auth.mfa` says
///     errors: [Code],                          codes of its own
///     query: [Query],                          query parameters
///     headers: [RequestHeader],                request headers of its own
///     replies: [ReplyHeader],                  reply headers of its own
///     cookie: Sets | Takes,                    how it deals with the cookie of a refresh token
///     hashes: passwords,                       1769 MB, the password throttle, and `Hashes` for its handler
///     throttle: Counts | Lists,                a throttle of its own at the gateway
///     needs: [Variable],                       variables of the environment
///     timeout: 20,                             the most seconds, where it waits for somebody else's server
///     each: [Method Verb (Form) => Form],      what it does for one collection: body, reply
///     access: [Action Table],                  beside what follows from the guard
///     rights: [Right],                         rights beyond the tables
///     keys: Ignored,                           API keys are never asked for; reading the signing keys is then written
///     media: Html,                             a page, and `ShowsPages` for its handler
///     speaks: OAuth,                           a form as its body, refusals as in RFC 6749, and `SpeaksOAuth` for its handler
///     kept: 300,                               for how many seconds everybody may keep a success
/// }
/// ```
macro_rules! endpoints {
    ($(
        #[doc = $doc:literal]
        $type:ident $name:literal: [$($method:ident)*] $path:literal, $guard:ident $(($operation:ident))?,
        $body:ty => $status:literal $reply:ty {
            $(or: $other_status:literal $other:ty,)?
            $(session: $demand:ident,)?
            $(policy: $policy:ident,)?
            $(errors: [$($code:ident),* $(,)?],)?
            $(query: [$($query:ident),* $(,)?],)?
            $(headers: [$($header:ident),* $(,)?],)?
            $(replies: [$($replied:ident),* $(,)?],)?
            $(cookie: $cookie:ident,)?
            $(hashes: $hashes:ident,)?
            $(throttle: $throttle:ident,)?
            $(needs: [$($variable:ident),* $(,)?],)?
            $(timeout: $timeout:literal,)?
            $(each: [$($on:ident $verb:ident $(($sent:ident))? $(=> $shown:ident)?),* $(,)?],)?
            $(access: [$($action:ident $table:ident),* $(,)?],)?
            $(rights: [$($right:ident),* $(,)?],)?
            $(keys: $keys:ident,)?
            $(media: $media:ident,)?
            $(speaks: $dialect:ident,)?
            $(kept: $kept:literal,)?
        }
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
                    demanded: entry::fact!(Demand $($demand)?),
                    policy: entry::fact!(Policy $($policy)?),
                    status: $status,
                    other: entry::fact!(other $($other_status)?),
                    errors: &[$($(Code::$code),*)?],
                    query: &[$($(Query::$query),*)?],
                    headers: &[$($(RequestHeader::$header),*)?],
                    replies: &[$($(ReplyHeader::$replied),*)?],
                    cookie: entry::fact!(Cookie $($cookie)?),
                    hashes: entry::fact!(hashes $($hashes)?),
                    throttled: entry::fact!(Pace $($throttle)?),
                    needs: &[$($(Variable::$variable),*)?],
                    timeout: entry::fact!(timeout $($timeout)?),
                    deeds: &[$($(Deed {
                        method: Method::$on,
                        verb: stringify!($verb),
                        sent: entry::fact!(Form $($sent)?),
                        shown: entry::fact!(Form $($shown)?),
                    }),*)?],
                    access: &[$($((Action::$action, Table::$table)),*)?],
                    rights: &[$($(Right::$right),*)?],
                    keys: entry::fact!(KeyUse $($keys)?),
                    media: entry::fact!(Media $($media)?),
                    dialect: entry::fact!(Dialect $($dialect)?),
                    kept: entry::fact!(kept $($kept)?),
                }.complete();
            }
            $(impl Alternative for $type {
                type Other = $other;
            })?
            $(entry::facts!($type $cookie);)?
            $(entry::facts!($type $hashes);)?
            $(entry::facts!($type $media);)?
            $(entry::facts!($type $dialect);)?
        )*

        /// The page: every endpoint, in the order of the documentation.
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

        /// The JSON schema of the other kind of success of the endpoint called `name`, if it has one.
        pub fn other_schema(
            name: &str,
            generator: &mut schemars::SchemaGenerator,
        ) -> Option<schemars::Schema> {
            match name {
                $($($name => Some(generator.subschema_for::<$other>()),)?)*
                _ => None,
            }
        }
    };
}

pub(super) use super::facts::{fact, facts};
pub(super) use endpoints;

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;
    use serde_json::Value;

    use super::super::{PAGE, schemas};

    #[test]
    fn an_endpoint_hashes_where_its_body_has_a_password_and_nowhere_else() {
        for entry in PAGE {
            let mut settings = SchemaSettings::draft2020_12();
            settings.inline_subschemas = true;
            let mut generator = settings.into_generator();
            let (body, _) = schemas(entry.name, &mut generator).expect("schemas");
            let properties = body.get("properties").and_then(Value::as_object);
            let has_password = properties
                .into_iter()
                .flat_map(|properties| properties.keys())
                .any(|name| name.to_ascii_lowercase().contains("password"));
            assert_eq!(
                entry.hashes, has_password,
                "{}: a body with a password needs `hashes: passwords` on the page, and no other has it",
                entry.name
            );
        }
    }
}
