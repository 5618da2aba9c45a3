//! The reading of claims: each provider's own words for who somebody is, and what its address is worth.

use api::settings::{ProviderKind, ProviderProfile};
use serde_json::{Map, Value};

use super::connection::Connection;
use super::{Found, Issuers, is_subject};
use crate::email;

/// The most characters of a name, and bytes of a picture's address.
const MAX_NAME: usize = 100;
const MAX_PICTURE: usize = 500;

/// The domains of addresses that Apple itself gives out.
const APPLE: [&str; 4] = [
    "privaterelay.appleid.com",
    "icloud.com",
    "me.com",
    "mac.com",
];

/// The account that claims of a provider tell of. They were checked. `name` is one that came beside them. `None` where they
/// tell no subject, or a time of authentication that cannot be read: an old one would pass for a new one.
#[must_use]
pub fn read_claims(
    connection: &Connection,
    claims: &Map<String, Value>,
    name: Option<&str>,
) -> Option<Found> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let email = text("email").and_then(|email| email::normalise(email).ok());
    let says_verified = claims.get("email_verified").is_some_and(is_true);
    let domain = email.as_deref().and_then(domain_of).unwrap_or_default();
    let (verified, authoritative) = match connection.kind {
        ProviderKind::Google => {
            let is_hosted = text("hd").is_some_and(|hd| !hd.is_empty());
            (says_verified, domain == "gmail.com" || is_hosted)
        }
        ProviderKind::Apple => (says_verified, APPLE.contains(&domain)),
        // Its address may be anything that an administrator of any tenant has typed.
        ProviderKind::Microsoft => {
            let is_owned = claims.get("xms_edov").is_some_and(is_true);
            let is_trusted = connection.is_single_tenant() && connection.trusts_email;
            (is_owned || is_trusted, is_owned || is_trusted)
        }
        ProviderKind::Oidc | ProviderKind::Github => (says_verified, connection.trusts_email),
    };
    let subject = match connection.kind {
        ProviderKind::Microsoft => format!("{}.{}", text("tid")?, text("oid")?),
        _ => text("sub")?.to_owned(),
    };
    let issuer = match &connection.issuers {
        Issuers::One(known) => known.first()?.clone(),
        Issuers::Tenants(_) => text("iss")?.to_owned(),
    };
    let verified = verified && email.is_some();
    let auth_time = match claims.get("auth_time") {
        None | Some(Value::Null) => None,
        Some(at) => Some(seconds(at)?),
    };
    is_subject(&subject).then(|| Found {
        provider: connection.name.clone(),
        issuer,
        subject,
        verified,
        authoritative: verified && authoritative,
        email,
        profile: profile(&connection.profile, name.or(text("name")), text("picture")),
        auth_time,
    })
}

/// A time in seconds, which may have a fraction (RFC 7519, section 2).
fn seconds(value: &Value) -> Option<u64> {
    let text = value.as_number()?.to_string();
    let whole = text
        .split_once('.')
        .map_or(text.as_str(), |(whole, _)| whole);
    whole.parse().ok()
}

/// The domain of an address.
pub(super) fn domain_of(email: &str) -> Option<&str> {
    email.rsplit_once('@').map(|(_, domain)| domain)
}

/// The profile fields of a name and a picture. A picture that is no address by https is left out.
pub(super) fn profile(
    fields: &ProviderProfile,
    name: Option<&str>,
    picture: Option<&str>,
) -> Map<String, Value> {
    let name = name.map(|name| {
        let shown = name.chars().filter(|c| !c.is_control());
        shown.take(MAX_NAME).collect::<String>()
    });
    let name = name.filter(|name| !name.trim().is_empty());
    let is_address = |text: &&str| {
        text.starts_with("https://")
            && text.len() <= MAX_PICTURE
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let picture = picture.filter(is_address).map(ToOwned::to_owned);
    let pairs = [
        fields.name.clone().zip(name),
        fields.picture.clone().zip(picture),
    ];
    let pairs = pairs.into_iter().flatten();
    pairs
        .map(|(field, text)| (field, Value::String(text)))
        .collect()
}

/// Whether a claim is true, in the ways in which providers write it.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(is) => *is,
        Value::String(text) => text == "true" || text == "1",
        Value::Number(number) => number.as_u64() == Some(1),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}
