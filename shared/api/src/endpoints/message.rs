//! The parameters and headers of requests and replies, and the forms of a collection's records.

use super::method::Method;

/// A parameter in the query string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// `limit`: the most items of a page.
    Limit,
    /// `cursor`: where a page begins.
    Cursor,
    /// `search` among users.
    UserSearch,
    /// `role` of users.
    UserRole,
    /// `actor` of entries of the audit log.
    AuditActor,
    /// `subject` of entries of the audit log.
    AuditSubject,
    /// `type` of events.
    EventType,
    /// `from`: the earliest time.
    From,
    /// `to`: the time before which entries end.
    To,
    /// `createdBy`: the maker of API keys.
    ApiKeyMaker,
    /// `token` of a link in a mail.
    LinkToken,
    /// `redirectTo`: the address of the app that a sign-in leads back to.
    RedirectTo,
    /// `codeChallenge`: the challenge of the app's verifier.
    CodeChallenge,
    /// `locale`: the language of the provider's page.
    Locale,
    /// `prompt`: the provider's question to its user.
    Prompt,
    /// `loginHint`: the user's name at the provider.
    LoginHint,
    /// `state` of a provider's answer.
    ProviderState,
    /// `code` of a provider's answer.
    ProviderCode,
    /// `error` of a provider's answer.
    ProviderError,
    /// `iss` of a provider's answer.
    ProviderIssuer,
    /// `state` of deliveries.
    DeliveryState,
    /// `status` of invitations.
    InvitationStatus,
    /// `resourceType` of invitations.
    ResourceType,
    /// `resourceId` of invitations.
    ResourceId,
    /// `apiKeys`: what becomes of the keys that a leaving admin has made.
    ApiKeysOfLeaver,
    /// `passkeys`: whether the passkeys go with the second factor.
    Passkeys,
    /// `sort`: the order of a collection's list.
    Sort,
    /// `sortBy`: the order by one field.
    SortBy,
    /// `sortDirection` of `sortBy`.
    SortDirection,
    /// `explain`: how the list was read, for admins.
    Explain,
    /// `fields` of a collection to show.
    Fields,
    /// `expand`: the relations of a collection to inline.
    Expand,
    /// Conditions on the fields of a collection, each a parameter of its own.
    Conditions,
    /// `filter` as JSON.
    Filter,
    /// `andFilters` as JSON.
    AndFilters,
    /// `orFilters` as JSON.
    OrFilters,
    /// `search` in the texts of a collection's records.
    Search,
}

/// A request header, beside those that go with every endpoint or every refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestHeader {
    /// `Idempotency-Key` of a refresh: the same successor again.
    RefreshKey,
    /// `Idempotency-Key` of a new record: the same record again.
    IdempotencyKey,
    /// `If-Match`: the revision that a record must have.
    IfMatch,
    /// `If-None-Match`: the revision that the caller has, which makes the reply 304.
    IfNoneMatch,
}

/// A reply header, beside those that every reply has or that follow from the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyHeader {
    /// `Location` of the new resource.
    Location,
    /// `ETag`, the record's revision.
    ETag,
    /// `ETag`, left out where relations are inlined.
    OptionalETag,
    /// `x-expand-truncated`, the relations in which an id stayed since its target did not fit.
    ExpandTruncated,
}

/// Whether an endpoint takes API keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// A key that a request shows must be good, and one may be required.
    Taken,
    /// None is read, and none is ever required: a browser follows a link.
    Ignored,
}

/// The content type of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`
    Json,
    /// `text/html`
    Html,
}

impl Media {
    /// The content type without its parameters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html",
        }
    }
}

/// The language in which an endpoint reads its body and tells its refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// JSON, and the one error shape.
    Own,
    /// That of a token endpoint: a form, the client by HTTP Basic, and refusals as OAuth 2.0 has them (RFC 6749).
    OAuth,
}

impl Dialect {
    /// The content type of a body, without its parameters.
    #[must_use]
    pub const fn body(self) -> &'static str {
        match self {
            Self::Own => "application/json",
            Self::OAuth => "application/x-www-form-urlencoded",
        }
    }

    /// The scheme that the header `WWW-Authenticate` of a 401 names.
    #[must_use]
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Own => "Bearer",
            Self::OAuth => "Basic realm=\"service accounts\"",
        }
    }
}

/// How an endpoint deals with the cookie of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Not at all.
    Unused,
    /// It hands out tokens, by cookie where the request asks for that.
    Sets,
    /// It takes a refresh token from the body, a header or the cookie, and answers the same way.
    Takes,
}

/// The throttle of an endpoint's routes at the gateway, which counts the requests of all callers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// That of the stage, for each route.
    Stage,
    /// That of password hashes, which cost a whole vCPU.
    Passwords,
    /// That of counts: each may read a whole collection's share of units.
    Counts,
    /// That of lists: the gateway cannot see which of them an index serves.
    Lists,
}

impl Pace {
    /// The parameters of the template that hold its rate and its burst; none for the stage's own.
    #[must_use]
    pub const fn parameters(self) -> Option<[&'static str; 2]> {
        match self {
            Self::Stage => None,
            Self::Passwords => Some(["PasswordThrottlingRate", "PasswordThrottlingBurst"]),
            Self::Counts => Some(["CountThrottlingRate", "CountThrottlingBurst"]),
            Self::Lists => Some(["ListThrottlingRate", "ListThrottlingBurst"]),
        }
    }
}

/// A variable of the environment that an endpoint needs from the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// The address whose account becomes an admin.
    AdminEmail,
    /// The origins whose pages may send cookies.
    AllowedOrigins,
    /// The event bus of EventBridge that gets every event.
    EventBusName,
}

impl Variable {
    /// The variable's name in the environment.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AdminEmail => "BAKEND_ADMIN_EMAIL",
            Self::AllowedOrigins => "BAKEND_CORS_ALLOWED_ORIGINS",
            Self::EventBusName => "BAKEND_EVENT_BUS_NAME",
        }
    }

    /// The parameter of the template that holds its value.
    #[must_use]
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::AdminEmail => "AdminEmail",
            Self::AllowedOrigins => "AllowedOrigins",
            Self::EventBusName => "EventBusName",
        }
    }
}

/// A form of a collection's records: each collection has its own schema for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A new record.
    Create,
    /// Changes to a record.
    Patch,
    /// A whole record, in place of the present one.
    Put,
    /// Several operations.
    Bulk,
    /// A record as it is stored.
    Record,
    /// The part of a record that the caller sees.
    View,
    /// A page of a list.
    Page,
    /// The results of several operations.
    Items,
}

/// The operation of an endpoint's method on one collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The method.
    pub method: Method,
    /// The verb of the operation id, after the collection's name.
    pub verb: &'static str,
    /// The form of the body, if it has one.
    pub sent: Option<Form>,
    /// The form of the reply, unless the reply is the same for every collection.
    pub shown: Option<Form>,
}
