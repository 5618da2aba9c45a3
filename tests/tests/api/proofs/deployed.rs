//! Endpoints that need mail, on every stack: one without mail says so, and tells nothing else.

use blackbox::{PASSWORD, Reply, fresh_email, stack};
use serde_json::json;

use super::changing::{CHANGE, CONFIRM};
use super::signing_in::{LINK, VERIFY};

pub(crate) fn is_off(reply: &Reply) -> bool {
    reply.status == 403 && reply.code() == "auth/method-disabled"
}

#[test]
fn a_change_of_the_address_is_for_users_where_there_is_mail() {
    let member = stack().member();
    let asked = member.post(CHANGE, &json!({ "newEmail": fresh_email() }));
    assert!(asked.status == 202 || is_off(&asked), "{}", asked.text());
    let confirmed = member.post(CONFIRM, &json!({ "token": "x" }));
    let refused = confirmed.status == 400 && confirmed.code() == "auth/invalid-code";
    assert!(refused || is_off(&confirmed), "{}", confirmed.text());
    let cancelled = member.delete(CHANGE);
    let done = cancelled.status == 204;
    assert!(done || is_off(&cancelled), "{}", cancelled.text());
    let stranger = stack().stranger();
    for reply in [stranger.post(CHANGE, &json!({})), stranger.delete(CHANGE)] {
        let is_stranger = reply.status == 401 && reply.code() == "auth/authentication-required";
        assert!(is_stranger || is_off(&reply), "{}", reply.text());
    }
}

#[test]
fn nobody_signs_in_by_mail_unless_that_is_switched_on() {
    let stranger = stack().stranger();
    let asked = stranger.post(LINK, &json!({ "email": fresh_email() }));
    assert!(asked.status == 202 || is_off(&asked), "{}", asked.text());
    let verified = stranger.post(VERIFY, &json!({ "token": "x" }));
    let refused = verified.status == 400 && verified.code() == "auth/invalid-code";
    assert!(
        refused && asked.status == 202 || is_off(&verified),
        "{}",
        verified.text()
    );
    assert_eq!(is_off(&asked), is_off(&verified));
}

#[test]
fn what_no_setting_asks_for_proves_nothing() {
    let (member, stranger) = (stack().member(), stack().stranger());
    let body = json!({ "token": "x", "password": PASSWORD });
    let confirmed = stranger.post("/api/auth/register/confirm", &body);
    let is_invalid = confirmed.status == 400 && confirmed.code() == "auth/invalid-code";
    assert!(is_invalid || is_off(&confirmed), "{}", confirmed.text());
    let resent = stranger.post("/api/auth/register/resend", &json!({ "flow": "x" }));
    let refused = resent.status == 400;
    assert!(refused || is_off(&resent), "{}", resent.text());
    let terms = member.post("/api/auth/me/terms", &json!({ "version": "1" }));
    let is_another = terms.status == 400 && terms.code() == "common/validation-failed";
    assert!(is_another || is_off(&terms), "{}", terms.text());
}
