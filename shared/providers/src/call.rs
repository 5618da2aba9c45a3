//! One call to a provider: over TLS, within three seconds, and at most 64 KiB of JSON back.

use std::time::Duration;

use api::{Code, Error};
use outbound::{Call, Client, End, Method, Reach, Target};
use serde_json::Value;

/// The longest time of a call.
const LONGEST: Duration = Duration::from_secs(3);

/// The most bytes of a reply.
const MAX_REPLY: usize = 64 * 1024;

/// A caller of providers; on a developer's machine they may be on the same one.
#[must_use]
pub fn client(local: bool) -> Client {
    Client::new(if local {
        Reach::Anywhere
    } else {
        Reach::Public
    })
}

/// A request to a provider.
pub(crate) struct Ask<'a> {
    pub(crate) address: &'a str,
    /// The value of the header `Authorization`.
    pub(crate) authorization: Option<&'a str>,
    /// The form that is posted; without one the address is read.
    pub(crate) form: Option<String>,
}

/// Asks a provider; returns the status, of 200 or of a refusal from 400 to 499, and the JSON. A redirect is not followed.
///
/// # Errors
/// `auth/provider-unavailable` for any other answer, with the reason for the log.
pub(crate) async fn ask(client: &Client, request: Ask<'_>) -> Result<(u16, Value), Error> {
    let answer = ask_whole(client, request).await?;
    Ok((answer.status, answer.body))
}

/// An answer of a provider.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// The header by which it says for how long it holds.
    pub(crate) cache: Option<String>,
}

/// Asks a provider, as [`ask`] does.
///
/// # Errors
/// Those of [`ask`].
pub(crate) async fn ask_whole(client: &Client, ask: Ask<'_>) -> Result<Answer, Error> {
    let target = Target::parse(ask.address, client.reach());
    let target = target.map_err(|unfit| away(ask.address, &format!("{unfit:?}")))?;
    let mut headers = vec![("accept", "application/json"), ("user-agent", "Bakend")];
    headers.extend(ask.authorization.map(|value| ("authorization", value)));
    let method = match ask.form {
        None => Method::GET,
        Some(_) => {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            Method::POST
        }
    };
    let call = Call {
        method,
        headers: &headers,
        body: ask.form.unwrap_or_default().into_bytes(),
        timeout: LONGEST,
        limit: MAX_REPLY,
    };
    let reply = client.send(&target, call).await;
    let reply = reply.map_err(|fault| away(ask.address, fault.as_str()))?;
    let is_answer = reply.status == 200 || (400..500).contains(&reply.status);
    if !is_answer || reply.end != End::Whole {
        let what = format!("status {}, {:?}", reply.status, reply.end);
        return Err(away(ask.address, &what));
    }
    let is_json = reply.header("content-type").is_some_and(is_json);
    let text = std::str::from_utf8(&reply.body).ok().filter(|_| is_json);
    let body = match text.map(api::value::parse) {
        Some(Ok(value)) => value,
        // A refusal may be of any form.
        _ if reply.status != 200 => Value::Null,
        _ => return Err(away(ask.address, "the answer is no JSON")),
    };
    Ok(Answer {
        status: reply.status,
        body,
        cache: reply.header("cache-control").map(ToOwned::to_owned),
    })
}

/// The refusal of a call that brought nothing. The address is the provider's own and no secret.
pub(crate) fn away(address: &str, reason: &str) -> Error {
    let place = address.split('?').next().unwrap_or_default();
    Error {
        cause: Some(format!("{place}: {reason}")),
        ..Error::new(Code::ProviderUnavailable)
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let known = ["application/json", "application/jwk-set+json"];
    known.iter().any(|it| essence.eq_ignore_ascii_case(it))
}
