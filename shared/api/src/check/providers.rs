//! The settings of providers, checked: those of the file, and those that an admin sets.

use serde_json::{Value, json};

use crate::definition::ProfileField;
use crate::error::{Detail, Error};
use crate::event::Reason;
use crate::settings::{Problem, Provider, ProviderEndpoints, ProviderKind, Settings};
use crate::value;
use crate::wire::unknown as unknown_field;

/// The ids of other methods of signing in.
const TAKEN: [&str; 2] = ["password", "passkey"];

/// The tenants of Microsoft that stand for many, and the length of the id of one.
const TENANTS: [&str; 3] = ["common", "organizations", "consumers"];
const TENANT: usize = 36;

const MAX_TEXT: usize = 200;
const MAX_SCOPES: usize = 20;
const MAX_CLIENTS: usize = 10;

/// A place in a provider's settings, and the reason why its value does not fit.
type Fault = (&'static str, String);

impl Settings {
    pub(super) fn check_providers(&self, local: bool) -> Result<(), Problem> {
        for (name, provider) in &self.auth.providers {
            let path = format!("auth.providers.{name}");
            if !is_provider_name(name) {
                return Err(Problem {
                    path,
                    reason: "a provider's name must match ^[a-z][a-z0-9-]{0,31}$, and be no other method of signing in"
                        .to_owned(),
                });
            }
            if let Some((place, reason)) = fault(name, provider, &self.users.fields, local) {
                return Err(Problem {
                    path: format!("{path}.{place}"),
                    reason,
                });
            }
        }
        for (at, name) in self.auth.mfa_trusted_providers.iter().enumerate() {
            if !is_provider_name(name) {
                return Err(Problem {
                    path: format!("auth.mfaTrustedProviders[{at}]"),
                    reason: format!("`{name}` is no name of a provider"),
                });
            }
        }
        Ok(())
    }
}

/// Whether a provider can have this name.
#[must_use]
pub fn is_provider_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(fits)
        && !TAKEN.contains(&name)
        && name != Reason::MagicLink.as_str()
}

/// The settings of a provider as they were stored.
#[must_use]
pub fn stored_provider(text: &str) -> Option<Provider> {
    value::read(value::parse(text).ok()?).ok()
}

/// The settings of a provider as an admin sends them, completed by those of the file.
///
/// # Errors
/// `common/validation-failed` naming the field that does not fit.
pub fn asked_provider(
    name: &str,
    asked: Value,
    file: Option<&Provider>,
    (declared, local): (&[ProfileField], bool),
) -> Result<(Provider, Provider), Error> {
    let unknown = unknown_settings(&asked);
    if !unknown.is_empty() {
        return Err(Error::invalid(unknown));
    }
    let own: Provider = value::read(asked).map_err(|(place, reason)| {
        let message = format!("`{place}`: {reason}.");
        Error::from(Detail::new(place, "type", message))
    })?;
    let whole = own.clone().over(&file.cloned().unwrap_or_default());
    match fault(name, &whole, declared, local) {
        None => Ok((own, whole)),
        Some((place, reason)) => {
            Err(Detail::new(place, "format", format!("`{place}` {reason}.")).into())
        }
    }
}

/// The members that are no settings of a provider, all at once.
fn unknown_settings(asked: &Value) -> Vec<Detail> {
    let known = json!(Provider::default());
    let members = asked.as_object().into_iter().flat_map(|it| it.keys());
    let unknown = members.filter(|name| known.get(name.as_str()).is_none());
    unknown.map(|name| unknown_field(name)).collect()
}

/// Tells why a provider cannot have these settings.
fn fault(name: &str, provider: &Provider, declared: &[ProfileField], local: bool) -> Option<Fault> {
    let kind = ProviderKind::of(name);
    texts(provider)
        .or_else(|| lists(provider))
        .or_else(|| of_kind(kind, provider, local))
        .or_else(|| addresses(&provider.own_endpoints(), local))
        .or_else(|| fields(provider, declared))
}

fn texts(provider: &Provider) -> Option<Fault> {
    let Some(client_id) = &provider.client_id else {
        return Some((
            "clientId",
            "is not set, and every provider needs it".to_owned(),
        ));
    };
    let texts = [
        ("clientId", Some(client_id)),
        ("tenant", provider.tenant.as_ref()),
        ("teamId", provider.team_id.as_ref()),
        ("keyId", provider.key_id.as_ref()),
    ];
    let wrong = texts
        .into_iter()
        .find(|(_, text)| text.is_some_and(|text| !is_text(text)))?;
    Some((wrong.0, not_a_text()))
}

fn lists(provider: &Provider) -> Option<Fault> {
    for (place, list, most) in [
        ("clientIds", &provider.client_ids, MAX_CLIENTS),
        ("scopes", &provider.scopes, MAX_SCOPES),
    ] {
        let list = list.as_deref().unwrap_or_default();
        if list.len() > most {
            return Some((place, format!("must have at most {most} items")));
        }
        if !list.iter().all(|text| is_text(text)) {
            return Some((place, not_a_text()));
        }
    }
    None
}

fn of_kind(kind: ProviderKind, provider: &Provider, local: bool) -> Option<Fault> {
    let is_tenant = |text: &String| {
        let fits =
            |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || byte == b'-';
        TENANTS.contains(&text.as_str()) || text.len() == TENANT && text.bytes().all(fits)
    };
    match kind {
        ProviderKind::Oidc => match provider.issuer.as_deref() {
            None => Some((
                "issuer",
                "is not set, and every provider that is not known needs it".to_owned(),
            )),
            Some(issuer) if !is_provider_address(issuer, local) || issuer.contains('?') => {
                Some(("issuer", not_an_address()))
            }
            Some(_) => None,
        },
        _ if provider.issuer.is_some() => Some((
            "issuer",
            "is known of this provider; leave it out".to_owned(),
        )),
        ProviderKind::Apple if provider.team_id.is_none() => {
            Some(("teamId", "is not set, and Apple needs it".to_owned()))
        }
        ProviderKind::Apple if provider.key_id.is_none() => {
            Some(("keyId", "is not set, and Apple needs it".to_owned()))
        }
        ProviderKind::Microsoft if !provider.tenant.iter().all(is_tenant) => {
            let reason =
                "must be the id of a tenant in lower case, common, organizations or consumers";
            Some(("tenant", reason.to_owned()))
        }
        _ => None,
    }
}

fn addresses(endpoints: &ProviderEndpoints, local: bool) -> Option<Fault> {
    let all = [
        ("endpoints.authorize", &endpoints.authorize),
        ("endpoints.token", &endpoints.token),
        ("endpoints.user", &endpoints.user),
        ("endpoints.emails", &endpoints.emails),
        ("endpoints.jwks", &endpoints.jwks),
    ];
    let wrong = all.into_iter().find(|(_, address)| {
        let address = address.as_deref();
        address.is_some_and(|address| !is_provider_address(address, local))
    })?;
    Some((wrong.0, not_an_address()))
}

fn fields(provider: &Provider, declared: &[ProfileField]) -> Option<Fault> {
    let profile = provider.profile.as_ref()?;
    let all = [
        ("profile.name", &profile.name),
        ("profile.picture", &profile.picture),
    ];
    let wrong = all.into_iter().find(|(_, field)| {
        let is_declared = |name: &String| declared.iter().any(|it| it.field.name == *name);
        field.as_ref().is_some_and(|name| !is_declared(name))
    })?;
    Some((wrong.0, "must be a field of `users.fields`".to_owned()))
}

/// Whether an address is by https, or by http on a developer's own machine.
#[must_use]
pub fn is_provider_address(text: &str, local: bool) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| {
        let rest = text.strip_prefix("http://").filter(|_| local)?;
        let host = rest.split(['/', ':', '?']).next();
        matches!(host, Some("localhost" | "127.0.0.1")).then_some(rest)
    });
    let host = rest.and_then(|rest| rest.split(['/', '?']).next());
    host.is_some_and(|host| !host.is_empty())
        && is_text(text)
        && !text.contains(['@', '\\', '#', '"', '<', '>', '`'])
}

fn is_text(text: &str) -> bool {
    (1..=MAX_TEXT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn not_a_text() -> String {
    format!("must have 1 to {MAX_TEXT} printable ASCII characters without spaces")
}

fn not_an_address() -> String {
    format!("must be an address by https of at most {MAX_TEXT} bytes, without user or fragment")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(name: &str, provider: &Value, local: bool) -> Option<String> {
        let text = json!({ "users": { "fields": [{ "name": "name", "type": "string" }] },
            "auth": { "providers": { name: provider } } });
        let read = Settings::read(&text.to_string(), |_| None, local);
        read.err().map(|problem| problem.path)
    }

    #[test]
    fn a_provider_has_a_name_a_client_and_what_its_kind_needs() {
        let client = json!({ "clientId": "c" });
        for name in ["google", "github", "microsoft"] {
            assert_eq!(refused(name, &client, false), None, "{name}");
        }
        let of = |more: Value| {
            let mut all = client.clone();
            for (key, value) in more.as_object().into_iter().flatten() {
                all[key] = value.clone();
            }
            all
        };
        for (name, provider, place) in [
            ("Google", client.clone(), "Google"),
            ("password", client.clone(), "password"),
            ("a b", client.clone(), "a b"),
            ("google", json!({}), "google.clientId"),
            ("google", json!({ "clientId": "a b" }), "google.clientId"),
            ("google", json!({ "clientId": "" }), "google.clientId"),
            (
                "google",
                of(json!({ "issuer": "https://a.example" })),
                "google.issuer",
            ),
            ("own", client.clone(), "own.issuer"),
            (
                "own",
                of(json!({ "issuer": "http://a.example" })),
                "own.issuer",
            ),
            (
                "own",
                of(json!({ "issuer": "https://a@b.example" })),
                "own.issuer",
            ),
            ("apple", client.clone(), "apple.teamId"),
            ("apple", of(json!({ "teamId": "T" })), "apple.keyId"),
            (
                "microsoft",
                of(json!({ "tenant": "a.example" })),
                "microsoft.tenant",
            ),
            (
                "google",
                of(json!({ "endpoints": { "token": "http://localhost:1/t" } })),
                "google.endpoints.token",
            ),
            (
                "google",
                of(json!({ "profile": { "picture": "photo" } })),
                "google.profile.picture",
            ),
            (
                "google",
                of(json!({ "scopes": vec!["a"; 21] })),
                "google.scopes",
            ),
        ] {
            let expected = Some(format!("auth.providers.{place}"));
            assert_eq!(refused(name, &provider, false), expected, "{provider}");
        }
        let local = of(json!({ "issuer": "http://127.0.0.1:7/x",
            "endpoints": { "jwks": "http://localhost:7/keys" }, "profile": { "name": "name" } }));
        assert_eq!(refused("own", &local, true), None);
        let elsewhere = of(json!({ "issuer": "http://localhost.evil.example/" }));
        assert!(refused("own", &elsewhere, true).is_some());
    }

    #[test]
    fn an_admin_hears_which_field_does_not_fit() {
        let asked = |asked: Value, file: Option<&Provider>| {
            let asked = asked_provider("google", asked, file, (&[], false));
            asked.map_err(|error| {
                error
                    .details
                    .into_iter()
                    .map(|it| it.field)
                    .collect::<Vec<_>>()
            })
        };
        let file = Provider {
            client_id: Some("c".into()),
            ..Provider::default()
        };
        let (own, whole) = asked(json!({ "enabled": false }), Some(&file)).expect("fits");
        assert_eq!((own.client_id, whole.client_id), (None, file.client_id));
        for (body, field) in [
            (json!({}), "clientId"),
            (json!({ "clientId": 1 }), "clientId"),
            (
                json!({ "clientId": "c", "endpoints": { "token": "ftp://x" } }),
                "endpoints.token",
            ),
        ] {
            assert_eq!(
                asked(body.clone(), None),
                Err(vec![field.to_owned()]),
                "{body}"
            );
        }
    }
}
