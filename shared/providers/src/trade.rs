//! Trades: a code for the account that it proves.

use api::settings::ProviderKind;
use api::{Code, Error, Timestamp};
use auth::provider::{
    Connection, Expected, Found, apple_secret, claims, query, read_claims, read_github,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outbound::Client;
use serde_json::Value;

use crate::call::{Ask, ask, away};

/// A code of a provider, with all that proves that it is ours.
pub struct Trade<'a> {
    /// The code.
    pub code: &'a str,
    /// The client that it was given to.
    pub client: &'a str,
    /// The redirect address that it came to.
    pub redirect_uri: &'a str,
    /// Our verifier.
    pub verifier: &'a str,
    /// The nonces that its ID token may have, one of which must be there; `None` where the app's verifier stands for it.
    pub nonces: Option<&'a [&'a str]>,
    /// The name of the user, where it came beside the code.
    pub name: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// Trades a code for the account at the provider. The provider's tokens end here.
///
/// # Errors
/// `auth/invalid-oauth-code` where the provider refuses it; `auth/invalid-id-token`; `auth/provider-unavailable`.
pub async fn trade(
    client: &Client,
    connection: &Connection,
    secret: Option<&str>,
    trade: Trade<'_>,
) -> Result<Found, Error> {
    let tokens = tokens(client, connection, secret, &trade).await?;
    let text = |name: &str| tokens.get(name).and_then(Value::as_str);
    if connection.kind == ProviderKind::Github {
        let token = text("access_token");
        let token = token.ok_or_else(|| away(&connection.token, "no access token"))?;
        return github(client, connection, token).await;
    }
    let token = text("id_token");
    let token = token.ok_or_else(|| away(&connection.token, "no ID token"))?;
    let expected = Expected {
        issuers: &connection.issuers,
        audiences: &[trade.client],
        nonces: trade.nonces,
        now: trade.now,
    };
    let claims = claims(token, expected).ok_or(Code::InvalidIdToken)?;
    let found = read_claims(connection, &claims, trade.name);
    Ok(found.ok_or(Code::InvalidIdToken)?)
}

async fn tokens(
    client: &Client,
    connection: &Connection,
    secret: Option<&str>,
    trade: &Trade<'_>,
) -> Result<Value, Error> {
    let id = trade.client;
    let made = match (secret, connection.kind) {
        (Some(pem), ProviderKind::Apple) => Some(apple_secret(pem, connection, id, trade.now)?),
        _ => None,
    };
    let secret = made.as_deref().or(secret);
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", trade.code),
        ("redirect_uri", trade.redirect_uri),
        ("code_verifier", trade.verifier),
    ];
    let mut authorization = None;
    match secret {
        Some(secret) if connection.basic => authorization = Some(basic(id, secret)),
        Some(secret) => pairs.extend([("client_id", id), ("client_secret", secret)]),
        None => pairs.push(("client_id", id)),
    }
    let request = Ask {
        address: &connection.token,
        authorization: authorization.as_deref(),
        form: Some(query(&pairs)),
    };
    let (status, tokens) = ask(client, request).await?;
    // GitHub refuses with 200.
    let refusal = tokens.get("error").and_then(Value::as_str);
    if status == 200 && refusal.is_none() {
        return Ok(tokens);
    }
    let cause = refusal.unwrap_or("no reason");
    let code = match cause {
        "invalid_grant" | "bad_verification_code" => Code::InvalidOauthCode,
        _ => Code::ProviderUnavailable,
    };
    let cause: String = cause.chars().take(64).collect();
    Err(Error {
        cause: Some(format!("{}: {status}, {cause}", connection.token)),
        ..Error::new(code)
    })
}

/// The header by which a client proves itself; both parts are encoded as in a form (RFC 6749, section 2.3.1).
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| query(&[("", text)]).split_off(1);
    let both = format!("{}:{}", encoded(id), encoded(secret));
    format!("Basic {}", STANDARD.encode(both))
}

async fn github(client: &Client, connection: &Connection, token: &str) -> Result<Found, Error> {
    let bearer = format!("Bearer {token}");
    let read = async |address: &str| {
        let request = Ask {
            address,
            authorization: Some(&bearer),
            form: None,
        };
        match ask(client, request).await? {
            (200, value) => Ok(value),
            (status, _) => Err(away(address, &format!("status {status}"))),
        }
    };
    let (user, emails) = tokio::try_join!(read(&connection.user), read(&connection.emails))?;
    let found = read_github(connection, &user, &emails);
    found.ok_or_else(|| away(&connection.user, "no user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_of_a_clients_proof_are_encoded() {
        let header = basic("a:b", "c d");
        let text = STANDARD
            .decode(header.trim_start_matches("Basic "))
            .expect("base64");
        assert_eq!(text, b"a%3Ab:c%20d");
    }
}
