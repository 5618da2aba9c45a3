//! The breach check of new passwords, `auth.password.breachCheck` (NIST SP 800-63B-4, section 3.1.1.2).
//!
//! A service is asked by five hexadecimal digits of a hash, and answers with every hash that it knows of them. It learns
//! neither the password nor whether it knows it. Where it is away, the password is accepted and the log has a warning.

use std::sync::OnceLock;
use std::time::Duration;

use api::endpoints::{Endpoint, Hashes};
use api::{Detail, Error};
use auth::password;
use auth::password::Digest;
use outbound::{Client, End, Method, Reach, Target};
use runtime::{Arrival, Call};
use tokio::task::spawn_blocking;

/// The longest that a service is waited for, so that it is away no longer than a hash takes.
const PATIENCE: Duration = Duration::from_millis(800);

/// The most bytes of a reply: a padded one has about a thousand lines of 45 bytes at most.
const LIMIT: usize = 256 * 1024;

/// The header fields of a request. A padded reply hides by its length how many hashes there are.
const HEADERS: [(&str, &str); 2] = [("add-padding", "true"), ("user-agent", "bakend")];

/// Hashes a new password, and asks beside it whether it is known from a breach, where the settings say so.
///
/// # Errors
/// A detail `breached` for that field; `common/internal` when the system has no random bytes.
pub async fn hash<E>(call: &Call<E>, field: &str, password: &str) -> Result<String, Error>
where
    E: Endpoint<Guard: Arrival> + Hashes,
{
    let policy = &call.settings.auth.password;
    if !policy.breach_check {
        return call.hash_password(password);
    }
    let (typed, salt) = (password.to_owned(), call.random()?);
    let cost = call.settings.auth.bcrypt_cost;
    // The query goes on meanwhile: the hash is on another thread.
    let hashing = spawn_blocking(move || password::hash(&typed, cost, salt));
    let (hash, checked) = tokio::join!(hashing, check(call, field, password));
    checked?;
    hash.map_err(|error| Error::internal(error.to_string()))?
}

/// Refuses a password that is known from a breach, where the settings say so.
///
/// # Errors
/// A detail `breached` for that field.
pub async fn check<E>(call: &Call<E>, field: &str, password: &str) -> Result<(), Detail>
where
    E: Endpoint<Guard: Arrival> + Hashes,
{
    let policy = &call.settings.auth.password;
    if !policy.breach_check {
        return Ok(());
    }
    let reach = match call.deployment.local {
        true => Reach::Anywhere,
        false => Reach::Public,
    };
    let digest = Digest::of(password);
    match ask(&policy.breach_url, &digest, reach).await {
        Ok(known) if digest.is_among(&known) => {
            let message = format!("`{field}` is known from a breach of another service.");
            Err(Detail::new(field, "breached", message))
        }
        Ok(_) => Ok(()),
        Err(reason) => {
            call.warn(&format!("the breach check was left out: {reason}"));
            Ok(())
        }
    }
}

/// The hashes that the service knows of these digits, a line each.
async fn ask(url: &str, digest: &Digest, reach: Reach) -> Result<String, String> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let address = format!("{url}{}", digest.shown());
    let target = Target::parse(&address, reach).map_err(|unfit| unfit.to_string())?;
    let request = outbound::Call {
        method: Method::GET,
        headers: &HEADERS,
        body: Vec::new(),
        timeout: PATIENCE,
        limit: LIMIT,
    };
    let client = CLIENT.get_or_init(|| Client::new(reach));
    let reply = client.send(&target, request).await;
    let reply = reply.map_err(|fault| fault.to_string())?;
    match (reply.status, reply.end) {
        (200, End::Whole) => String::from_utf8(reply.body).map_err(|_| "no text".to_owned()),
        (200, _) => Err("the reply is not whole".to_owned()),
        (status, _) => Err(format!("status {status}")),
    }
}
