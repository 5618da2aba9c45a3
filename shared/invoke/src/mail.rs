//! SES: one mail a request, by `SendEmail` of its second version.

use std::fmt;

use api::mail::Kind;
use api::{Timestamp, value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::signed::{Answer, Services, Unsigned};

/// Errors of the status 400 that pass: SES is to be asked again later.
const PASSING: [&str; 3] = [
    "TooManyRequestsException",
    "LimitExceededException",
    "SendingPausedException",
];

/// The most bytes of a name in one encoded word, whose limit is 75 characters (RFC 2047, 2).
const WORD: usize = 42;

/// The most characters of a reason.
const MAX_REASON: usize = 300;

/// A mail to one address.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// The kind, which the mail has as a tag.
    pub kind: Kind,
    /// The sender's address.
    pub from: &'a str,
    /// The sender's name.
    pub from_name: Option<&'a str>,
    /// The address that answers go to.
    pub reply_to: Option<&'a str>,
    /// The recipient's address.
    pub to: &'a str,
    /// The subject, without control characters.
    pub subject: &'a str,
    /// The plain text.
    pub text: &'a str,
    /// The same as HTML.
    pub html: Option<&'a str>,
    /// The configuration set, which tells of bounces and complaints.
    pub configuration_set: Option<&'a str>,
}

/// A mail that was not sent, with the reason, which does not hold the recipient's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendFault {
    /// SES is away, too busy or paused: the same mail may be sent later.
    Later(String),
    /// SES will never send this mail.
    Never(String),
}

impl fmt::Display for SendFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Later(reason) | Self::Never(reason)) = self;
        f.write_str(reason)
    }
}

impl Services {
    /// Sends a mail. The outcome of a request that ended without an answer is not known: it may be sent twice.
    ///
    /// # Errors
    /// The mail was not sent, or no answer came.
    pub async fn send_mail(&self, letter: &Letter<'_>, now: Timestamp) -> Result<(), SendFault> {
        let request = Unsigned {
            service: "ses",
            url: format!("{}/v2/email/outbound-emails", self.ses),
            headers: &[("content-type", "application/json")],
            body: body(letter)?.to_string(),
        };
        let answer = self.send(request, now).await;
        let answer =
            answer.map_err(|error| SendFault::Later(error.cause.unwrap_or(error.message)))?;
        judge(&answer, letter.to)
    }
}

/// The body of the request.
fn body(letter: &Letter<'_>) -> Result<Value, SendFault> {
    let reply_to = letter.reply_to.into_iter();
    for address in [letter.from, letter.to].into_iter().chain(reply_to.clone()) {
        if !value::is_email(address) {
            return Err(SendFault::Never("an address is not valid".to_owned()));
        }
    }
    let part = |data: &str| json!({ "Data": data, "Charset": "UTF-8" });
    let mut parts = Map::from_iter([("Text".to_owned(), part(letter.text))]);
    parts.extend(letter.html.map(|html| ("Html".to_owned(), part(html))));
    let mut body = json!({
        "FromEmailAddress": sender(letter.from, letter.from_name),
        "Destination": { "ToAddresses": [letter.to] },
        "ReplyToAddresses": reply_to.collect::<Vec<_>>(),
        "Content": { "Simple": { "Subject": part(letter.subject), "Body": parts } },
        "EmailTags": [{ "Name": "kind", "Value": letter.kind.as_str() }],
    });
    if let Some(set) = letter.configuration_set {
        body["ConfigurationSetName"] = json!(set);
    }
    Ok(body)
}

/// The sender with a name, as a header shows it. Control characters of the name are left out.
fn sender(address: &str, name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name = name.trim();
    if name.is_empty() {
        address.to_owned()
    } else if name.is_ascii() {
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{quoted}\" <{address}>")
    } else {
        format!("{} <{address}>", encoded(name))
    }
}

/// A text as encoded words (RFC 2047). None ends within a character.
fn encoded(text: &str) -> String {
    let mut words = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= WORD => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    let words = words
        .iter()
        .map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word)));
    words.collect::<Vec<_>>().join(" ")
}

/// The outcome of an answer.
fn judge(answer: &Answer, to: &str) -> Result<(), SendFault> {
    if answer.status == 200 {
        return Ok(());
    }
    let body = value::parse(&String::from_utf8_lossy(&answer.body)).unwrap_or_default();
    let told = answer.error.as_deref().or_else(|| body["__type"].as_str());
    // `aws.json#Name` and `Name:http://…` are the same error.
    let name = told
        .unwrap_or_default()
        .split(':')
        .next()
        .unwrap_or_default();
    let name = name.rsplit('#').next().unwrap_or(name);
    let message = [&body["message"], &body["Message"]];
    let message = message
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or_default();
    let message = message.replace(to, "<recipient>");
    let reason = format!("SES: {} {name} {message}", answer.status);
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = reason
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_REASON)
        .collect();
    let passing = PASSING.contains(&name) || answer.status == 429 || answer.status >= 500;
    Err(if passing {
        SendFault::Later(reason)
    } else {
        SendFault::Never(reason)
    })
}

#[cfg(test)]
mod tests;
