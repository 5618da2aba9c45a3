//! Access tokens: JWT (RFC 7519) in the profile of RFC 9068, checked as RFC 8725 asks.
//!
//! A token is signed by the deployment's secret, or by a key pair that others know the public part of.

use std::sync::Arc;

use api::{Code, Error, Id, Timestamp};
use jsonwebtoken::{Algorithm, Header};
use serde::{Deserialize, Serialize};

use crate::authentication::Authentication;
use crate::jwt;
use crate::keys::{KeySet, Keys, Pairs, SECRETS_NEVER, TokenSecret, no_key};
use crate::sealing::Purpose;
use crate::token_key::{self, NewPair, StoredPair};

/// The one header of tokens that a secret signs, encoded: `{"typ":"at+jwt","alg":"HS256"}`. A key pair has one of its own.
/// Comparing it whole pins the algorithm, the type and the key. It leaves no room for `none`, `jku`, `x5u`, `crit` or an
/// embedded key (RFC 8725, sections 3.1, 3.5, 3.11).
const HEADER: &str = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9";

/// For how many seconds after the first key pair signs a secret may still have signed. Instances that have read the keys just
/// before go on for half of it.
const CHANGE: u64 = 10 * 60;

/// The admin who acts in a session (RFC 8693, section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The admin.
    pub sub: Id,
}

/// The claims of an access token. All of them are required but those of the authentication, which older tokens lack, and the
/// last two. The audience is one of tokens for others alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The signer: the deployment, or the issuer that others know.
    pub iss: String,
    /// The audience, where others can verify the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// The user.
    pub sub: Id,
    /// The role at the time of signing; the stored one counts.
    pub role: String,
    /// The session.
    pub sid: Id,
    /// When it was signed, in seconds.
    pub iat: u64,
    /// From when on it is refused, in seconds.
    pub exp: u64,
    /// When the user has last authenticated, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// The methods of that authentication.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The admin who acts as the user, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// The service account whose program holds the token (RFC 9068, section 2.2), if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Id>,
    /// The key that has signed the token. It is no claim.
    #[serde(skip)]
    pub kid: Arc<str>,
}

/// The session that an access token is for.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// The user.
    pub user: Id,
    /// The session.
    pub session: Id,
    /// The authentication that the session rests on.
    pub authentication: Option<&'a Authentication>,
    /// The admin who acts in it, if one does.
    pub actor: Option<Id>,
    /// Whether it is the session of a service account.
    pub is_service: bool,
}

/// Signs an access token for a session.
///
/// # Errors
/// `common/internal` when signing fails, which no input makes happen.
pub fn issue(
    keys: &Keys,
    holder: Holder<'_>,
    role: &str,
    now: Timestamp,
    lifetime: u64,
) -> Result<String, Error> {
    let held = keys.held();
    let signer = held.pairs.as_ref().and_then(Pairs::signer);
    let terms = held.pairs.as_ref().map(|pairs| &pairs.terms);
    let public = signer.zip(terms);
    let claims = Claims {
        iss: public
            .map_or(&keys.issuer, |(_, terms)| &terms.issuer)
            .clone(),
        aud: public.map(|(_, terms)| terms.audience.clone()),
        sub: holder.user,
        role: role.to_owned(),
        sid: holder.session,
        iat: now.seconds(),
        exp: now.seconds().saturating_add(lifetime),
        auth_time: holder.authentication.map(|it| it.at.seconds()),
        amr: holder
            .authentication
            .map_or_else(Vec::new, |it| it.methods.clone()),
        act: holder.actor.map(|sub| Actor { sub }),
        client_id: holder.is_service.then_some(holder.user),
        kid: "".into(),
    };
    match public {
        Some((pair, _)) => {
            let key = pair.encoding(|pair| keys.open_pair(pair))?;
            jwt::encode(&pair.jwt_header(), &claims, key)
        }
        None => {
            let secret = held.secrets.first().ok_or_else(no_key)?;
            jwt::encode(&secret_header(), &claims, &secret.encoding)
        }
    }
}

/// The header of tokens that a secret signs; encoded it is [`HEADER`].
fn secret_header() -> Header {
    Header {
        typ: Some("at+jwt".to_owned()),
        ..Header::new(Algorithm::HS256)
    }
}

/// The claims of a token that this deployment signed, expired or not.
///
/// # Errors
/// `auth/invalid-token` for anything else.
pub fn signed(keys: &Keys, token: &str) -> Result<Claims, Error> {
    verified(keys, token).ok_or_else(|| Code::InvalidToken.into())
}

fn verified(keys: &Keys, token: &str) -> Option<Claims> {
    let header = token.split('.').next()?;
    let held = keys.held();
    if header == HEADER {
        let read = |secret: &TokenSecret| {
            let claims = jwt::decode::<Claims>(token, Algorithm::HS256, &secret.decoding)?;
            Some(claims.signed_by(&secret.kid))
        };
        let claims = held.secrets.iter().find_map(read)?;
        let fits = claims.iss == keys.issuer && held.takes_of_secrets(&claims);
        return fits.then_some(claims);
    }
    let pairs = held.pairs.as_ref()?;
    let pair = pairs.all.iter().find(|pair| pair.header == header)?;
    let claims: Claims = jwt::decode(token, pair.algorithm, &pair.decoding)?;
    let terms = &pairs.terms;
    let fits = claims.iss == terms.issuer && claims.aud.as_ref() == Some(&terms.audience);
    fits.then(|| claims.signed_by(&pair.kid))
}

impl Claims {
    fn signed_by(self, kid: &Arc<str>) -> Self {
        Self {
            kid: Arc::clone(kid),
            ..self
        }
    }
}

impl KeySet {
    /// Whether a secret may have signed these claims: any, until a key pair signs. Afterwards both times count, since whoever
    /// has the secret of before chooses them.
    fn takes_of_secrets(&self, claims: &Claims) -> bool {
        let Some(pairs) = self.pairs.as_ref().filter(|pairs| pairs.signs) else {
            return true;
        };
        pairs.since.is_none_or(|since| {
            let last = since.seconds().saturating_add(CHANGE);
            let end = last.saturating_add(pairs.terms.longest.as_secs());
            since != SECRETS_NEVER && claims.iat <= last && claims.exp <= end
        })
    }
}

/// Whether a token names a key pair that these keys lack: it may have been made since.
#[must_use]
pub fn names_unknown_key(keys: &Keys, token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    if header == HEADER {
        return false;
    }
    let held = keys.held();
    let lacks = |pairs: &Pairs| !pairs.all.iter().any(|pair| pair.header == header);
    held.pairs.as_ref().is_some_and(lacks) && token_key::is_header(header)
}

impl Keys {
    /// Whether the key that has signed a token is still among these.
    #[must_use]
    pub fn verify_by(&self, kid: &str) -> bool {
        let held = self.held();
        let pairs = held.pairs.iter().flat_map(|pairs| &pairs.all);
        let mut all = pairs
            .map(|pair| &pair.kid)
            .chain(held.secrets.iter().map(|secret| &secret.kid));
        all.any(|known| &**known == kid)
    }

    /// Seals a new key pair for the table, in its place by its id.
    ///
    /// # Errors
    /// `common/internal` while the deployment has no sealing key.
    pub fn seal_pair(
        &self,
        new: &NewPair,
        nonce: [u8; 12],
        now: Timestamp,
    ) -> Result<StoredPair, Error> {
        let place = (Purpose::TokenKey, new.kid.as_str());
        new.stored(|pkcs8| self.seal(place, pkcs8, nonce), now)
    }

    fn open_pair(&self, pair: &StoredPair) -> Option<Vec<u8>> {
        self.unseal((Purpose::TokenKey, &pair.kid), &pair.sealed)
    }

    /// The public keys, as others read them; none where nobody else can verify tokens.
    #[must_use]
    pub fn public_keys(&self) -> Vec<api::wire::PublicKey> {
        let held = self.held();
        let pairs = held.pairs.iter().flat_map(|pairs| &pairs.all);
        pairs.map(token_key::Pair::shown).collect()
    }
}

/// The claims of a token that is valid now. There is no leeway: the clock that checks is the clock that signed.
///
/// # Errors
/// `auth/token-expired`, or `auth/invalid-token` for a token that this deployment did not sign.
pub fn valid(keys: &Keys, token: &str, now: Timestamp) -> Result<Claims, Error> {
    let claims = signed(keys, token)?;
    if now.seconds() < claims.exp {
        Ok(claims)
    } else {
        Err(Code::TokenExpired.into())
    }
}

#[cfg(test)]
mod tests;
