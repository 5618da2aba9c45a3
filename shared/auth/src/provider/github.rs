//! GitHub, which has no ID tokens: the user and the addresses are read one by one.

use serde::Deserialize;
use serde_json::Value;

use super::claims::profile;
use super::connection::Connection;
use super::{Found, Issuers};
use crate::email;

/// The part of a user of GitHub that is read.
#[derive(Deserialize)]
struct Account {
    id: u64,
    name: Option<String>,
    login: Option<String>,
    avatar_url: Option<String>,
}

/// The account that GitHub's two answers tell of. Its primary address counts, where GitHub has verified it.
#[must_use]
pub fn read_github(connection: &Connection, user: &Value, emails: &Value) -> Option<Found> {
    let account: Account = api::value::known(user.to_string().as_bytes())?;
    let subject = account.id.to_string();
    let issuer = match &connection.issuers {
        Issuers::One(known) => known.first()?.clone(),
        Issuers::Tenants(_) => return None,
    };
    let is = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_bool) == Some(true);
    let mut entries = emails.as_array().into_iter().flatten();
    let primary = entries.find(|entry| is(entry, "primary"));
    let address = primary.and_then(|entry| entry.get("email")?.as_str());
    let email = address.and_then(|address| email::normalise(address).ok());
    let verified = email.is_some() && primary.is_some_and(|entry| is(entry, "verified"));
    Some(Found {
        provider: connection.name.clone(),
        issuer,
        subject,
        email,
        verified,
        // A company's address that is verified outlives the job.
        authoritative: verified && connection.trusts_email,
        profile: profile(
            &connection.profile,
            account.name.as_deref().or(account.login.as_deref()),
            account.avatar_url.as_deref(),
        ),
        auth_time: None,
    })
}
