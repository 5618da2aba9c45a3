//! Callers: a request's credentials, and the caller that they admit.

mod demands;

use std::ops::Deref;
use std::time::Duration;

use api::endpoints::Demand;
use api::rule::Member;
use api::settings::{Mfa, SessionCheck};
use api::{Code, Error, Id, Operation, Timestamp};

use crate::access_token::Claims;
use crate::api_key::{ApiKey, KeyAccess, PresentedKey};
use crate::authentication::{Authentication, MFA};
use crate::session::Session;
use crate::user::{ADMIN, User};

/// The credentials of a request, not yet checked against the tables.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The claims of the access token, if there is one; none beside a secret key.
    pub claims: Option<Claims>,
    /// The API key, if there is one.
    pub key: Option<PresentedKey>,
    /// The operation that they are shown for, where a key's scopes count: on a collection, or on
    /// [`USERS`](api::definition::USERS).
    pub scope: Option<(String, Operation)>,
    /// The demand of the endpoint on the session.
    pub demand: Demand,
    /// For how long an authentication counts as recent.
    pub recent: Duration,
    /// The policy of second factors, where the endpoint judges it.
    pub policy: Option<&'static Mfa>,
    /// The policy of second factors, where the way to a factor leads over the endpoint.
    pub step_up: Option<&'static Mfa>,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            claims: None,
            key: None,
            scope: None,
            demand: Demand::Any,
            recent: Duration::ZERO,
            policy: None,
            step_up: None,
        }
    }
}

impl Credentials {
    /// Whether they claim to be a server's, not yet checked: no more is to be read for them than for a stranger.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.key.as_ref().is_some_and(PresentedKey::is_secret)
    }
}

/// The entries of the tables that belong to the credentials.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The session of the access token.
    pub session: Option<Session>,
    /// Its user.
    pub user: Option<User>,
    /// The API key.
    pub key: Option<ApiKey>,
}

/// The caller, after session and API key have been checked: nothing else makes a caller with a user or a server in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    who: Who,
    /// The API key, if one was shown.
    key: Option<KeyAccess>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    Stranger,
    User {
        id: Id,
        role: String,
        /// Whether the address is proven.
        is_verified: bool,
        /// The admin who acts as the user, if one does.
        actor: Option<Id>,
    },
    Server,
}

impl Caller {
    fn new(who: Who) -> Self {
        Self { who, key: None }
    }

    fn user(id: Id, member: Member<'_>, actor: Option<Id>) -> Self {
        Self::new(Who::User {
            id,
            role: member.role.to_owned(),
            is_verified: member.is_verified,
            actor,
        })
    }

    /// A caller without a token.
    #[must_use]
    pub fn stranger() -> Self {
        Self::new(Who::Stranger)
    }

    /// The user's id; `None` for a stranger and for a server.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        match &self.who {
            Who::Stranger | Who::Server => None,
            Who::User { id, .. } => Some(*id),
        }
    }

    /// The user's role; `None` for a stranger and for a server.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        match &self.who {
            Who::Stranger | Who::Server => None,
            Who::User { role, .. } => Some(role),
        }
    }

    /// The user as far as rules look; `None` for a stranger and for a server.
    #[must_use]
    pub fn member(&self) -> Option<Member<'_>> {
        match &self.who {
            Who::Stranger | Who::Server => None,
            Who::User {
                role, is_verified, ..
            } => Some(Member {
                role,
                is_verified: *is_verified,
            }),
        }
    }

    /// The admin who acts as the user, if one does.
    #[must_use]
    pub fn actor(&self) -> Option<Id> {
        match &self.who {
            Who::Stranger | Who::Server => None,
            Who::User { actor, .. } => *actor,
        }
    }

    /// Whether it is a user whose account is anonymous.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.member().is_some_and(Member::is_anonymous)
    }

    /// The id of the API key that was shown.
    #[must_use]
    pub fn key(&self) -> Option<Id> {
        self.key.as_ref().map(|key| key.id)
    }

    /// The identity that a repeated request is recognised by: the user, or the key of a server; `None` for a stranger.
    #[must_use]
    pub fn identity(&self) -> Option<Id> {
        if self.is_server() {
            self.key()
        } else {
            self.id()
        }
    }

    /// Whether the caller is neither a user nor a server.
    #[must_use]
    pub fn is_stranger(&self) -> bool {
        self.who == Who::Stranger
    }

    /// Whether it is a server, by its secret key.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.who == Who::Server
    }

    /// Whether the caller passes every rule: an admin, or a server within its scopes.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.is_server() || self.role() == Some(ADMIN)
    }

    /// Whether the scopes of the API key allow an operation on a collection, or on [`USERS`](api::definition::USERS).
    /// Without a key that binds, every operation is in scope.
    #[must_use]
    pub fn is_in_scope(&self, collection: &str, operation: Operation) -> bool {
        let scopes = self.key.as_ref().and_then(|key| key.scopes.as_ref());
        scopes.is_none_or(|scopes| scopes.hold(collection, operation))
    }

    /// The same as a refusal.
    ///
    /// # Errors
    /// `auth/scope-insufficient` naming the scope.
    pub fn need_scope(&self, collection: &str, operation: Operation) -> Result<(), Error> {
        if self.is_in_scope(collection, operation) {
            return Ok(());
        }
        let message = format!(
            "The API key needs the scope {collection}:{}.",
            operation.as_str()
        );
        Err(Error::new(Code::ScopeInsufficient).with_message(message))
    }

    /// Whether it is a stranger who shows a publishable key that binds: such a caller may write only where a definition
    /// says so.
    #[must_use]
    pub fn is_keyed_stranger(&self) -> bool {
        self.is_stranger() && self.key.as_ref().is_some_and(|key| key.scopes.is_some())
    }
}

/// A caller whose API key and session agreed with the tables. Only an admission makes one, and a successful reply needs
/// one: a handler that never checked the caller cannot answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted(Caller);

impl Admitted {
    /// Admits the caller of an endpoint that reads no access token, by the API key alone; without a key, a stranger.
    ///
    /// # Errors
    /// The refusals of [`PresentedKey::admit`].
    pub fn by_key(
        shown: Option<&PresentedKey>,
        found: Option<ApiKey>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let credentials = Credentials {
            key: shown.cloned(),
            ..Credentials::default()
        };
        let found = Found {
            key: found,
            ..Found::default()
        };
        admit_all(&credentials, found, SessionCheck::Expiry, now)
    }
}

impl Admitted {
    /// The owner's code that runs after an event. It passes every rule, as a server within its scopes does: its rights on
    /// tables are those of its own function.
    #[must_use]
    pub fn trigger() -> Self {
        Self(Caller::new(Who::Server))
    }

    /// The operator at the command line, who passes every rule: the credentials for the tables are those of the owner.
    #[must_use]
    pub fn operator() -> Self {
        Self(Caller::new(Who::Server))
    }
}

impl Deref for Admitted {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

/// Admits the caller with these credentials if the tables agree: the key first, then the session, then the key's scopes
/// for the operation.
///
/// # Errors
/// `auth/invalid-api-key`, `auth/origin-not-allowed`, `auth/session-revoked`, `auth/scope-insufficient`.
pub fn admit_all(
    credentials: &Credentials,
    found: Found,
    check: SessionCheck,
    now: Timestamp,
) -> Result<Admitted, Error> {
    let Found { session, user, key } = found;
    let key = credentials
        .key
        .as_ref()
        .map(|presented| presented.admit(key, now))
        .transpose()?;
    let caller = match &credentials.claims {
        _ if credentials.is_server() && credentials.demand == Demand::Recent => {
            return Err(Code::Forbidden.into());
        }
        _ if credentials.is_server() => Caller::new(Who::Server),
        Some(claims) if check == SessionCheck::Immediate => {
            let caller = admit(claims, session.as_ref(), user.as_ref(), now)?;
            credentials.demand_of(session.as_ref(), user.as_ref(), now)?;
            let role = caller.role().unwrap_or_default();
            let proof = session.as_ref().and_then(|it| it.authentication.as_ref());
            let has_factors = proof.is_some_and(Authentication::has_both_factors);
            let is_service = user.as_ref().is_some_and(|user| user.service.is_some());
            let is_exempt = is_service || caller.actor().is_some();
            credentials.need_factor(role, has_factors, is_exempt)?;
            caller
        }
        claims => {
            if let Some(claims) = claims {
                let has_factors = claims.amr.iter().any(|method| method == MFA);
                let is_exempt = claims.act.is_some() || claims.client_id.is_some();
                credentials.need_factor(&claims.role, has_factors, is_exempt)?;
                credentials.need_person(claims.client_id.is_some())?;
            }
            let caller = admit_by_claims(credentials);
            // The session decides about more than that, and every endpoint with a demand reads it.
            if credentials.demand != Demand::Any && caller.actor().is_some() {
                return Err(Code::Impersonated.into());
            }
            caller
        }
    };
    let caller = Caller { key, ..caller };
    if let Some((collection, operation)) = &credentials.scope {
        caller.need_scope(collection, *operation)?;
    }
    Ok(Admitted(caller))
}

/// Admits the user of a valid access token if the session still stands. The stored role counts, not the claimed one, and
/// so does the stored proof of the address.
///
/// # Errors
/// `auth/session-revoked` when the session has ended or is unknown, or the user is disabled or gone.
pub fn admit(
    claims: &Claims,
    session: Option<&Session>,
    user: Option<&User>,
    now: Timestamp,
) -> Result<Caller, Error> {
    match (session, user) {
        (Some(session), Some(user))
            if session.id == claims.sid && user.id == claims.sub && session.stands(user, now) =>
        {
            // Nobody acts as an admin, nor as a user who has become one since, and no program is one.
            let may_be_admin = session.actor.is_none() && user.service.is_none();
            if user.role == ADMIN && !may_be_admin {
                return Err(Code::SessionRevoked.into());
            }
            let member = Member {
                role: &user.role,
                is_verified: user.email_verified_at.is_some(),
            };
            Ok(Caller::user(user.id, member, session.actor))
        }
        _ => Err(Code::SessionRevoked.into()),
    }
}

/// Admits the caller by the credentials alone, for `auth.sessionCheck: "expiry"`. An access token proves itself, but no
/// address; a key proves nothing before it has been looked up.
#[must_use]
pub fn admit_by_claims(credentials: &Credentials) -> Caller {
    by_claims(credentials, false)
}

/// The caller whom the credentials suggest, for reads that run beside the check. Most callers have proven their address.
#[must_use]
pub fn suggest(credentials: &Credentials) -> Caller {
    by_claims(credentials, true)
}

fn by_claims(credentials: &Credentials, is_verified: bool) -> Caller {
    let member = |claims: &Claims| {
        let role = &claims.role;
        let actor = claims.act.as_ref().map(|act| act.sub);
        Caller::user(claims.sub, Member { role, is_verified }, actor)
    };
    let caller = credentials.claims.as_ref().map(member);
    caller.unwrap_or_else(Caller::stranger)
}

#[cfg(test)]
mod tests {
    use api::settings::{Auth, Span};
    use api::wire::{KeyType, NewApiKey};

    use super::*;
    use crate::access_token::Actor;
    use crate::authentication::{Authentication, Method};
    use crate::user::{ANONYMOUS, Deletion};

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn parts() -> (Claims, Session, User) {
        let user = User::new(Id::new(NOW, [1; 10]), "a@b".into(), false, NOW);
        let (session, _) = Session::begin(
            user.id,
            Id::new(NOW, [2; 10]),
            1,
            [3; 32],
            &Auth::default(),
            Authentication::by(Method::Password, NOW),
        );
        let claims = Claims {
            iss: String::new(),
            aud: None,
            sub: user.id,
            role: ADMIN.into(),
            sid: session.id,
            iat: 0,
            exp: u64::MAX,
            auth_time: None,
            amr: Vec::new(),
            act: None,
            client_id: None,
            kid: "".into(),
        };
        (claims, session, user)
    }

    #[test]
    fn the_stored_role_counts() {
        let (claims, session, mut user) = parts();
        let caller = admit(&claims, Some(&session), Some(&user), NOW).expect("admitted");
        assert_eq!((caller.id(), caller.is_admin()), (Some(user.id), false));
        user.role = ADMIN.into();
        assert!(
            admit(&claims, Some(&session), Some(&user), NOW)
                .expect("admitted")
                .is_admin()
        );
    }

    #[test]
    fn a_token_suggests_a_proven_address_and_proves_none() {
        let (claims, session, mut user) = parts();
        let credentials = Credentials {
            claims: Some(claims.clone()),
            ..Credentials::default()
        };
        let is_verified = |caller: &Caller| caller.member().map(|it| it.is_verified);
        assert_eq!(is_verified(&suggest(&credentials)), Some(true));
        assert_eq!(is_verified(&admit_by_claims(&credentials)), Some(false));
        for proven in [None, Some(NOW)] {
            user.email_verified_at = proven;
            let caller = admit(&claims, Some(&session), Some(&user), NOW).expect("admitted");
            assert_eq!(is_verified(&caller), Some(proven.is_some()));
        }
        let nobody = Credentials::default();
        assert_eq!(suggest(&nobody), Caller::stranger());
    }

    #[test]
    fn whatever_ends_a_session_ends_it_at_once() {
        type Change = fn(&mut Session, &mut User);
        let (claims, session, user) = parts();
        let changes: [(&str, Change); 7] = [
            ("revoked", |session, _| session.revoked_at = Some(NOW)),
            ("expired", |session, _| session.expires_at = NOW.seconds()),
            ("disabled", |_, user| user.disabled = true),
            ("deleted", |_, user| {
                user.deleted = Some(Deletion::new(NOW, Span::seconds(9)))
            }),
            ("password changed", |_, user| user.auth_version += 1),
            ("older version", |session, _| session.auth_version = 0),
            ("another session", |session, _| {
                session.id = Id::new(NOW, [9; 10])
            }),
        ];
        for (what, change) in changes {
            let (mut session, mut user) = (session.clone(), user.clone());
            change(&mut session, &mut user);
            let refused = admit(&claims, Some(&session), Some(&user), NOW);
            assert_eq!(refused, Err(Code::SessionRevoked.into()), "{what}");
        }
        assert!(admit(&claims, None, Some(&user), NOW).is_err());
        assert!(admit(&claims, Some(&session), None, NOW).is_err());
    }

    fn keyed(kind: KeyType, scopes: &[&str]) -> (PresentedKey, ApiKey) {
        let asked = NewApiKey {
            name: "a".into(),
            kind,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            origins: None,
            expires_at: None,
        };
        let id = Id::new(NOW, [5; 10]);
        let made = ApiKey::new(asked, id, [6; 32], id, NOW, |name| {
            name == "posts" || name == "notes"
        });
        let (key, text) = made.expect("a key");
        (PresentedKey::parse(&text).expect("a key"), key)
    }

    #[test]
    fn a_server_is_no_user_and_passes_every_rule_within_its_scopes() {
        let (_, session, user) = parts();
        let (presented, key) = keyed(KeyType::Secret, &["posts:read", "users:*"]);
        let ask = |scope: (&str, Operation), check| {
            let scope = Some((scope.0.to_owned(), scope.1));
            let credentials = Credentials {
                claims: None,
                key: Some(presented.clone()),
                scope,
                ..Credentials::default()
            };
            let found = Found {
                session: Some(session.clone()),
                user: Some(user.clone()),
                key: Some(key.clone()),
            };
            admit_all(&credentials, found, check, NOW)
        };
        for check in [SessionCheck::Immediate, SessionCheck::Expiry] {
            let server = ask(("posts", Operation::Read), check).expect("admitted");
            let unknown = Credentials {
                key: Some(presented.clone()),
                ..Credentials::default()
            };
            assert!(unknown.is_server() && admit_by_claims(&unknown).is_stranger());
            assert!(
                server.is_server()
                    && server.is_admin()
                    && !server.is_stranger()
                    && !server.is_keyed_stranger()
            );
            assert_eq!(
                (server.id(), server.role(), server.key()),
                (None, None, Some(key.id))
            );
            assert_eq!(server.identity(), Some(key.id));
            assert!(
                server.is_in_scope("users", Operation::Delete)
                    && !server.is_in_scope("notes", Operation::Read)
            );
            for outside in [
                ("posts", Operation::List),
                ("notes", Operation::Read),
                ("posts", Operation::Delete),
            ] {
                let refused = ask(outside, check).map_err(|error| error.code);
                assert_eq!(refused, Err(Code::ScopeInsufficient), "{outside:?}");
            }
        }
    }

    #[test]
    fn a_publishable_key_binds_its_callers_where_keys_are_required() {
        let (claims, session, mut user) = parts();
        user.role = ADMIN.into();
        let (free, key) = keyed(KeyType::Publishable, &["posts:read"]);
        let bound = free.clone().binding(None);
        let ask = |presented: &PresentedKey, claims: Option<&Claims>, operation| {
            let scope = Some(("posts".to_owned(), operation));
            let credentials = Credentials {
                claims: claims.cloned(),
                key: Some(presented.clone()),
                scope,
                ..Credentials::default()
            };
            let found = Found {
                session: Some(session.clone()),
                user: Some(user.clone()),
                key: Some(key.clone()),
            };
            admit_all(&credentials, found, SessionCheck::Immediate, NOW)
        };
        for claims in [None, Some(&claims)] {
            let caller = ask(&free, claims, Operation::List).expect("admitted");
            assert!(
                !caller.is_server()
                    && !caller.is_keyed_stranger()
                    && caller.is_in_scope("notes", Operation::List)
            );
            assert_eq!(caller.is_admin(), claims.is_some());
            let caller = ask(&bound, claims, Operation::Read).expect("admitted");
            assert!(
                !caller.is_in_scope("posts", Operation::List)
                    && caller.is_in_scope("posts", Operation::Read)
            );
            assert_eq!(
                (caller.is_keyed_stranger(), caller.key()),
                (claims.is_none(), Some(key.id))
            );
            assert_eq!(caller.identity(), caller.id());
            let refused = ask(&bound, claims, Operation::List).map_err(|error| error.code);
            assert_eq!(refused, Err(Code::ScopeInsufficient));
        }
    }

    #[test]
    fn a_bad_key_is_told_before_a_bad_session() {
        let (claims, ..) = parts();
        let (presented, key) = keyed(KeyType::Publishable, &["*:*"]);
        let credentials = Credentials {
            claims: Some(claims),
            key: Some(presented),
            ..Credentials::default()
        };
        let ask = |key: Option<ApiKey>| {
            let found = Found {
                key,
                ..Found::default()
            };
            admit_all(&credentials, found, SessionCheck::Immediate, NOW).map_err(|error| error.code)
        };
        assert_eq!(ask(None), Err(Code::InvalidApiKey));
        assert_eq!(
            ask(Some(ApiKey {
                expires_at: Some(NOW),
                ..key.clone()
            })),
            Err(Code::InvalidApiKey)
        );
        assert_eq!(ask(Some(key)), Err(Code::SessionRevoked));
    }

    #[test]
    fn a_key_admits_when_the_table_has_it_and_nobody_needs_one() {
        let admitted = Admitted::by_key(None, None, NOW).expect("admitted");
        assert!(admitted.is_stranger() && admitted.key().is_none());
        for kind in [KeyType::Publishable, KeyType::Secret] {
            let asked = NewApiKey {
                name: "a".into(),
                kind,
                scopes: vec!["posts:read".into()],
                origins: None,
                expires_at: None,
            };
            let id = Id::new(NOW, [5; 10]);
            let made = ApiKey::new(asked, id, [6; 32], id, NOW, |name| name == "posts");
            let (key, text) = made.expect("a key");
            let shown = PresentedKey::parse(&text).expect("a key");
            assert!(!shown.is_judged());
            let refused = Admitted::by_key(Some(&shown), None, NOW).map_err(|error| error.code);
            assert_eq!(refused, Err(Code::InvalidApiKey), "{kind:?}");
            assert!(shown.is_judged());
            let admitted = Admitted::by_key(Some(&shown), Some(key), NOW).expect("admitted");
            assert_eq!(admitted.key(), Some(id), "{kind:?}");
        }
    }

    #[test]
    fn a_session_is_the_users_own_and_recent_where_that_is_demanded() {
        let (claims, session, user) = parts();
        let ask = |session: &Session, demand, seconds| {
            let credentials = Credentials {
                claims: Some(claims.clone()),
                demand,
                recent: Duration::from_secs(600),
                ..Credentials::default()
            };
            let found = Found {
                session: Some(session.clone()),
                user: Some(user.clone()),
                key: None,
            };
            let now = NOW.after(Duration::from_secs(seconds));
            let admitted = admit_all(&credentials, found, SessionCheck::Immediate, now);
            admitted.map(|_| ()).map_err(|error| error.code)
        };
        let old = Session {
            authentication: None,
            ..session.clone()
        };
        let acted = Session {
            actor: Some(user.id),
            ..session.clone()
        };
        let late = Err(Code::ReauthenticationRequired);
        let impersonated = Err(Code::Impersonated);
        for (session, demand, seconds, expected) in [
            (&session, Demand::Any, 700, Ok(())),
            (&session, Demand::Own, 700, Ok(())),
            (&session, Demand::Recent, 599, Ok(())),
            (&session, Demand::Recent, 600, late),
            (&old, Demand::Own, 0, Ok(())),
            (&old, Demand::Recent, 0, late),
            (&acted, Demand::Any, 0, Ok(())),
            (&acted, Demand::Own, 0, impersonated),
            (&acted, Demand::Recent, 0, impersonated),
        ] {
            assert_eq!(
                ask(session, demand, seconds),
                expected,
                "{demand:?} {seconds}"
            );
        }
    }

    #[test]
    fn an_acting_admin_is_known_by_session_and_by_claims() {
        let (claims, session, user) = parts();
        let admin = Id::new(NOW, [7; 10]);
        let acted = Session {
            actor: Some(admin),
            authentication: None,
            ..session
        };
        let claims = Claims {
            act: Some(Actor { sub: admin }),
            ..claims
        };
        let policy: &'static Mfa = Box::leak(Box::new(Mfa::Required));
        for check in [SessionCheck::Immediate, SessionCheck::Expiry] {
            for (demand, expected) in [
                (Demand::Any, Ok((Some(user.id), Some(admin)))),
                (Demand::Own, Err(Code::Impersonated)),
                (Demand::Recent, Err(Code::Impersonated)),
            ] {
                let credentials = Credentials {
                    claims: Some(claims.clone()),
                    demand,
                    policy: Some(policy),
                    ..Credentials::default()
                };
                let found = Found {
                    session: Some(acted.clone()),
                    user: Some(user.clone()),
                    key: None,
                };
                let admitted = admit_all(&credentials, found, check, NOW);
                let who = admitted.map(|caller| (caller.id(), caller.actor()));
                assert_eq!(
                    who.map_err(|error| error.code),
                    expected,
                    "{check:?} {demand:?}"
                );
            }
        }
    }

    #[test]
    fn an_endpoint_may_ask_for_a_recent_authentication_in_some_cases_alone() {
        let (_, session, _) = parts();
        let credentials = Credentials {
            demand: Demand::Own,
            recent: Duration::from_secs(600),
            ..Credentials::default()
        };
        let ask = |session, seconds| {
            let now = NOW.after(Duration::from_secs(seconds));
            let asked = credentials.need_recent(session, "authenticated", now);
            asked.map_err(|error| error.code)
        };
        let late = Err(Code::ReauthenticationRequired);
        assert_eq!(ask(Some(&session), 599), Ok(()));
        assert_eq!(ask(Some(&session), 600), late);
        assert_eq!(ask(None, 0), late);
        assert_eq!(credentials.need_recent(None, ANONYMOUS, NOW), Ok(()));
    }

    #[test]
    fn a_server_never_authenticates_anew() {
        let (presented, key) = keyed(KeyType::Secret, &["users:*"]);
        let ask = |demand| {
            let credentials = Credentials {
                key: Some(presented.clone()),
                scope: Some(("users".to_owned(), Operation::Update)),
                demand,
                ..Credentials::default()
            };
            let found = Found {
                key: Some(key.clone()),
                ..Found::default()
            };
            let admitted = admit_all(&credentials, found, SessionCheck::Immediate, NOW);
            admitted.map(|_| ()).map_err(|error| error.code)
        };
        assert_eq!(ask(Demand::Own), Ok(()));
        assert_eq!(ask(Demand::Recent), Err(Code::Forbidden));
    }
}
