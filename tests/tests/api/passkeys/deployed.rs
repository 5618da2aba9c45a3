//! Passkeys on every stack: one without a relying party says so.

use blackbox::{Caller, stack};

use super::*;

#[test]
fn passkeys_are_added_used_and_removed_where_there_is_a_relying_party() {
    let member = stack().member();
    let begun = member.post(OPTIONS, &json!({}));
    let garbage = json!({ "challengeToken": "x", "credential": {} });
    if begun.status == 403 {
        let refused_here = |reply: Reply| {
            let reply = reply.expect(403);
            let codes = ["auth/method-disabled", "auth/email-not-verified"];
            assert!(codes.contains(&reply.code().as_str()), "{}", reply.text());
        };
        refused_here(begun);
        refused_here(member.post(PASSKEYS, &garbage));
        return;
    }
    add_use_and_remove(&member);
}

/// Adds a passkey of a device, names it, signs in with it, and removes it.
pub(crate) fn add_use_and_remove(member: &Caller) {
    let stranger = stack().stranger();
    let garbage = json!({ "challengeToken": "x", "credential": {} });
    let begun = member.post(OPTIONS, &json!({})).expect(200).json();
    let rp_id = text(&begun["options"]["rp"]["id"]);
    let page = match rp_id.as_str() {
        "localhost" => PAGE.to_owned(),
        rp_id => format!("https://{rp_id}"),
    };
    let (mut device, manners) = (Device::new(), Manners::on(&page));
    let body = |begun: &Value, credential: Value| json!({ "challengeToken": begun["challengeToken"], "credential": credential });
    invalid(member.post(PASSKEYS, &garbage));
    invalid(stranger.post(LOGIN, &garbage));
    let credential = device.register(&begun["options"], &manners);
    let made = member.post(PASSKEYS, &body(&begun, credential));
    let path = format!("{PASSKEYS}/{}", text(&made.expect(201).json()["id"]));
    let named = member.patch(&path, &json!({ "name": "Phone" }));
    let named = named.expect(200).json();
    let listed = member.get(PASSKEYS).expect(200).json();
    assert_eq!(listed["items"], json!([named]));
    let begun = stranger.post(LOGIN_OPTIONS, &json!({})).expect(200).json();
    let signed = body(&begun, device.sign(&begun["options"], &manners));
    let signed_in = stranger.post(LOGIN, &signed).expect(200).json();
    assert_eq!(signed_in["user"]["id"], member.id());
    invalid(stranger.post(LOGIN, &signed));
    let _ = member.delete(&path).expect(204);
    refused(member.delete(&path), 404, "auth/passkey-not-found");
}
