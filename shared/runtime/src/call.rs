//! One request to one endpoint, decoded.

pub(crate) mod arrival;
mod body;
mod client;
mod factor;
mod mail;
mod provider;
mod telling;
pub(crate) mod transport;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use api::definition::USERS;
use api::endpoints::{Dialect, Endpoint, Entry, Guard, Policy, guard};
use api::record::Write;
use api::settings::Settings;
use api::wire::{self, Body as _, Presence, ShownSetting};
use api::{Code, Deployment, Detail, Error, Id, Timestamp};
use auth::leaver::{self, KeysOfLeaver};
use auth::prepare::WriteTarget;
use auth::session::Client;
use auth::{Admitted, Backing, Caller, Claims, Credentials, Keyring, Keys};
use auth::{PresentedKey, Writer, access_token};
use serde_json::Map;

use self::arrival::{Anonymous, Arrival};
use crate::boot::Boot;
use crate::event::Event;

/// The placeholder of the collection's name in a path of the page.
const COLLECTION: &str = "{collection}";

/// One request to one endpoint.
pub struct Call<E: Endpoint<Guard: Arrival>> {
    /// The decoded body.
    pub body: E::Body,
    /// The collection's definition, for guards of records; `()` for any other.
    pub definition: <E::Guard as Arrival>::Definition,
    /// The time at which the request arrived.
    pub now: Timestamp,
    /// The id of the request, as in the reply and the log.
    pub request_id: String,
    /// The settings.
    pub settings: &'static Settings,
    /// Where this process runs.
    pub deployment: &'static Deployment,
    boot: &'static Boot,
    event: Event,
    key: Option<PresentedKey>,
    /// The user and the session that the log names.
    identified_as: Arc<OnceLock<(Id, Id)>>,
}

impl<E: Endpoint<Guard: Arrival>> Call<E> {
    /// Decodes a request.
    ///
    /// # Errors
    /// 413 for a body over 256 KiB, 415 for a content type other than JSON; the same as 400 for a form. 400 for a body that is not a JSON object or
    /// does not fit the endpoint; then the refusals of [`Arrival::arrive`].
    pub(crate) fn decode(
        boot: &'static Boot,
        mut event: Event,
        request_id: &str,
        key: Option<PresentedKey>,
        identified_as: Arc<OnceLock<(Id, Id)>>,
    ) -> Result<Self, Error> {
        let object = match E::Body::PRESENCE {
            Presence::None => Map::new(),
            presence => match E::ENTRY.dialect {
                Dialect::Own => body::object(&mut event, presence)?,
                Dialect::OAuth => body::form(&mut event)?,
            },
        };
        let body = wire::decode(object)?;
        let shows_who = shows_who(&event, key.as_ref());
        let collection = segment(E::ENTRY, event.path(), COLLECTION);
        Ok(Self {
            body,
            definition: E::Guard::arrive(E::ENTRY.guard, collection, shows_who)?,
            now: boot.now(),
            request_id: request_id.to_owned(),
            settings: &boot.settings,
            deployment: &boot.deployment,
            boot,
            event,
            key,
            identified_as,
        })
    }

    /// Random bytes, fit for secrets.
    ///
    /// # Errors
    /// `common/internal` when the system has none.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], Error> {
        self.boot.random()
    }

    /// The stamp of a write that the request makes: the caller, the API key, the request and the time.
    ///
    /// # Errors
    /// `common/internal` when the system has no random bytes.
    pub fn writer(&self, caller: &Caller) -> Result<Writer, Error> {
        let random = self.random()?;
        let writer = Writer::new(None, self.request_id.clone(), self.now, random);
        Ok(Writer {
            client: self.client(),
            keeps_address: self.settings.events.record_addresses,
            ..writer.for_caller(caller)
        })
    }

    /// The stamp for a user who is known without an access token: by a password or a refresh token.
    ///
    /// # Errors
    /// Those of [`Call::writer`].
    pub fn writer_for(&self, user: Id, caller: &Caller) -> Result<Writer, Error> {
        Ok(self.writer(caller)?.proven(user))
    }

    /// The `Idempotency-Key` header, unchecked.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.event.header("idempotency-key")
    }

    /// The origin of the request, by which the user recognises the session.
    fn client(&self) -> Client {
        Client {
            user_agent: self.event.user_agent().chars().take(256).collect(),
            ip: self.source().to_owned(),
        }
    }

    /// The source address of the request.
    pub(crate) fn source(&self) -> &str {
        let front = self.deployment.front.as_ref();
        self.event.source(front).unwrap_or_default()
    }
}

impl<E: Endpoint<Guard: Anonymous>> Call<E> {
    /// Admits the caller by the API key, if the request shows one. The handler does so before it acts.
    ///
    /// # Errors
    /// `auth/invalid-api-key`, `auth/origin-not-allowed`, `common/unavailable`, `common/internal`.
    pub async fn admit(&self, backing: &impl Backing) -> Result<Admitted, Error> {
        backing.judge(self.key.as_ref(), self.now).await
    }
}

impl<E: Endpoint<Guard = guard::Signed>> Call<E> {
    /// The claims of the access token, expired or not; `None` without an `Authorization` header, or beside a secret key.
    ///
    /// # Errors
    /// `auth/invalid-token` for a header that shows anything else.
    pub async fn signed(&self, keyring: &impl Keyring) -> Result<Option<Claims>, Error> {
        let Some(token) = self.bearer().transpose()? else {
            return Ok(None);
        };
        let claims = self.judge_token(keyring, token, access_token::signed);
        let claims = Some(claims.await?);
        if let Some(claims) = &claims {
            self.identified(claims.sub, claims.sid);
        }
        Ok(claims)
    }
}

impl<E: Endpoint<Guard = guard::Admin>> Call<E> {
    /// Every setting with its origin, as this function has it.
    ///
    /// # Errors
    /// `common/internal`, which no input makes happen.
    pub fn shown_settings(&self) -> Result<Vec<ShownSetting>, Error> {
        self.boot.shown_settings()
    }
}

impl<E: Endpoint<Guard: guard::Identified + Arrival>> Call<E> {
    /// Whether the request has credentials, valid or not: an access token, or a server's secret key.
    fn has_credentials(&self) -> bool {
        shows_who(&self.event, self.key.as_ref())
    }

    /// The credentials of the request. A request for records without credentials reads no signing keys.
    ///
    /// # Errors
    /// `auth/invalid-token` or `auth/token-expired` for an `Authorization` header that shows anything but a valid
    /// token; beside a secret key it is not read. `common/unavailable` while the keys cannot be read.
    pub async fn credentials(&self, keyring: &impl Keyring) -> Result<Credentials, Error> {
        if E::ENTRY.guard.is_of_records() && !self.has_credentials() {
            return Ok(self.without_token());
        }
        let claims = match self.bearer().transpose()? {
            None => None,
            Some(token) => {
                let judge = |keys: &Keys, token: &str| access_token::valid(keys, token, self.now);
                Some(self.judge_token(keyring, token, judge).await?)
            }
        };
        if let Some(claims) = &claims {
            self.identified(claims.sub, claims.sid);
        }
        Ok(Credentials {
            claims,
            ..self.without_token()
        })
    }

    /// The credentials of a request without an access token: an API key, or nothing.
    fn without_token(&self) -> Credentials {
        let scope = match E::ENTRY.guard {
            Guard::Rule(operation) => Some((self.segment(COLLECTION).to_owned(), operation)),
            Guard::Users(operation) => Some((USERS.to_owned(), operation)),
            Guard::UserOrKey(operation) => {
                let is_server = self.key.as_ref().is_some_and(PresentedKey::is_secret);
                is_server.then(|| (USERS.to_owned(), operation))
            }
            Guard::Open
            | Guard::Signed
            | Guard::Optional
            | Guard::User
            | Guard::Admin
            | Guard::Rules => None,
        };
        let recent = self.settings.auth.recent_auth.duration();
        Credentials {
            claims: None,
            key: self.key.clone(),
            scope,
            demand: E::ENTRY.demand(),
            recent,
            policy: (E::ENTRY.policy == Policy::Judged).then_some(&self.settings.auth.mfa),
            step_up: (E::ENTRY.policy == Policy::Unasked).then_some(&self.settings.auth.mfa),
        }
    }
}

impl<E: Endpoint<Guard: Arrival>> Call<E> {
    /// The claims of a token. A refusal by old keys is judged again by those of now: a secret has no id by which it could be
    /// missed.
    async fn judge_token(
        &self,
        keyring: &impl Keyring,
        token: &str,
        judge: impl Fn(&Keys, &str) -> Result<Claims, Error>,
    ) -> Result<Claims, Error> {
        let keys = keyring.keys().await?;
        match judge(keys, token) {
            Err(refusal) if refusal.code == Code::InvalidToken => {
                if access_token::names_unknown_key(keys, token) {
                    keyring.look_for_key(self.now).await?;
                } else {
                    keyring.await_look().await?;
                }
                judge(keys, token)
            }
            judged => judged,
        }
    }

    fn bearer(&self) -> Option<Result<&str, Error>> {
        if self.key.as_ref().is_some_and(PresentedKey::is_secret) {
            None
        } else {
            bearer(&self.event)
        }
    }

    /// The segment of the path at the endpoint's `{id}`, as it was sent.
    #[must_use]
    pub fn id(&self) -> &str {
        self.segment("{id}")
    }

    /// The segment of the path at the endpoint's placeholder, such as `{username}`, as it was sent.
    #[must_use]
    pub fn segment(&self, placeholder: &str) -> &str {
        segment(E::ENTRY, self.event.path(), placeholder)
    }

    /// The query parameters in their order, decoded and unchecked.
    #[must_use]
    pub fn parameters(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.event.query().as_bytes()).collect()
    }

    /// The query parameters, all of which must be `known`.
    ///
    /// # Errors
    /// `common/validation-failed` naming those that are not known or come twice.
    pub fn query(&self, known: &[&str]) -> Result<BTreeMap<Cow<'_, str>, Cow<'_, str>>, Error> {
        let mut parameters = BTreeMap::new();
        let mut details = Vec::new();
        for (name, value) in form_urlencoded::parse(self.event.query().as_bytes()) {
            let shown: String = name.chars().take(64).collect();
            if !known.contains(&name.as_ref()) {
                let choices = known.join(", ");
                let message = format!("`{shown}` is not a parameter here; there are: {choices}.");
                details.push(Detail::new(shown, "unknown-parameter", message));
            } else if parameters.insert(name, value).is_some() {
                let message = format!("`{shown}` is there twice.");
                details.push(Detail::new(shown, "repeated", message));
            }
        }
        if details.is_empty() {
            Ok(parameters)
        } else {
            Err(Error::invalid(details))
        }
    }
}

impl<E: Endpoint<Guard: guard::Identified + Arrival>> Call<E> {
    /// The fate of the API keys of an admin who leaves by this request, the one parameter that it may have.
    ///
    /// # Errors
    /// `common/validation-failed` naming a parameter that is not known, comes twice or does not fit.
    pub fn keys_of_leaver(&self) -> Result<Option<KeysOfLeaver>, Error> {
        let parameters = self.query(&[leaver::PARAMETER])?;
        let answer = parameters.get(leaver::PARAMETER);
        Ok(KeysOfLeaver::parse(answer.map(AsRef::as_ref))?)
    }
}

impl<E: Endpoint<Guard: guard::OfRecords + Arrival>> Call<E> {
    /// How the method treats the fields that the body leaves out: `PUT` replaces, any other merges.
    #[must_use]
    pub fn write(&self) -> Write {
        if self.event.method() == "PUT" {
            Write::Replace
        } else {
            Write::Merge
        }
    }

    /// The record that the request writes: the id in the path and the `If-Match` header, unchecked.
    #[must_use]
    pub fn target(&self) -> WriteTarget<'_> {
        WriteTarget {
            id: self.id(),
            if_match: self.event.header("if-match"),
        }
    }

    /// The `If-None-Match` header, unchecked.
    #[must_use]
    pub fn if_none_match(&self) -> Option<&str> {
        self.event.header("if-none-match")
    }
}

/// The segment of the path at this placeholder of the endpoint.
pub(crate) fn segment<'a>(entry: &Entry, path: &'a str, placeholder: &str) -> &'a str {
    let mut pairs = entry.path.split('/').zip(path.split('/'));
    pairs
        .find(|(name, _)| *name == placeholder)
        .map_or("", |(_, segment)| segment)
}

/// Whether a request has credentials, valid or not: an access token, or a server's secret key.
fn shows_who(event: &Event, key: Option<&PresentedKey>) -> bool {
    event.header("authorization").is_some() || key.is_some_and(PresentedKey::is_secret)
}

/// The token of the `Authorization` header (RFC 6750, section 2.1; the scheme is case-insensitive).
fn bearer(event: &Event) -> Option<Result<&str, Error>> {
    let header = event.header("authorization")?;
    let token = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim_matches(' '));
    Some(token.ok_or_else(|| Code::InvalidToken.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn event(event: Value) -> Event {
        serde_json::from_value(event).expect("an event")
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        let token = |header: &str| {
            let event = event(
                json!({ "rawPath": "/", "headers": { "Authorization": header },
                "requestContext": { "http": { "method": "GET" } } }),
            );
            bearer(&event).map(|token| token.map(ToOwned::to_owned).map_err(|error| error.code))
        };
        for header in ["Bearer abc", "bearer abc", "BEARER  abc "] {
            assert_eq!(token(header), Some(Ok("abc".to_owned())), "{header}");
        }
        for header in ["", "abc", "Bearer", "Basic abc", "Bearerabc"] {
            assert_eq!(token(header), Some(Err(Code::InvalidToken)), "{header}");
        }
    }
}
