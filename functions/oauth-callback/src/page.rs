//! The page of an answer that is none of ours.

use api::Code;
use api::endpoints::OauthCallback;
use api::wire::Html;
use runtime::Reply;

/// It says nothing of the request: an attacker may have made it.
const REFUSAL: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sign-in</title>\
    <h1>This sign-in cannot go on</h1>\
    <p>It has ended, was begun in another browser, or took too long. Go back to the app, and begin again.</p></html>";

/// The refusal.
pub(crate) fn refusal() -> Reply<OauthCallback> {
    let text = REFUSAL.to_owned();
    let allowed = String::new();
    Reply::refusing(Code::InvalidRequest, Html { text, allowed })
}

/// A reply that shows nothing.
pub(crate) fn nothing() -> Reply<OauthCallback> {
    Reply::page(Html {
        text: String::new(),
        allowed: String::new(),
    })
}
