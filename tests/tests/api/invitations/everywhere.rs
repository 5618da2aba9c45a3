//! Invitations on any deployment. One that sends no mail says so, and has none to show.

use blackbox::{fresh_email, stack};
use serde_json::json;

use super::PATH;
use crate::proofs::deployed::is_off;

#[test]
fn an_invitation_is_made_listed_sent_again_and_revoked() {
    let admin = stack().admin();
    let body = json!({ "email": fresh_email(), "role": "authenticated" });
    let made = admin.post(PATH, &body);
    if is_off(&made) {
        let page = admin.get(PATH).expect(200).json();
        assert_eq!(page["items"], json!([]), "{page}");
        let unknown = admin.get(&format!("{PATH}/01a22991-7580-7095-8f4b-6ddd024928bf"));
        assert_eq!(unknown.expect(404).code(), "invitations/not-found");
        return;
    }
    let made = made.expect(201);
    let location = made.header("location").unwrap_or_default().to_owned();
    let made = made.json();
    assert_eq!(location, super::path_of(&made));
    assert_eq!(admin.get(&location).expect(200).json(), made);
    let page = admin.get(&format!("{PATH}?status=pending&limit=100"));
    let page = page.expect(200).json();
    let items = page["items"].as_array().cloned().unwrap_or_default();
    assert!(items.contains(&made), "{page}");
    let resend = admin.post(&format!("{location}/resend"), &json!({}));
    let _ = resend.expect(202);
    let _ = admin.delete(&location).expect(204);
    assert_eq!(admin.get(&location).json()["status"], "revoked");
    let refused = admin.delete(&location).expect(409);
    assert_eq!(refused.code(), "invitations/closed");
    for deed in ["accept", "reject"] {
        let body = json!({ "token": "garbage" });
        let refused = stack().stranger().post(&format!("{PATH}/{deed}"), &body);
        assert_eq!(refused.expect(400).code(), "auth/invalid-code");
        let other = stack().stranger().get(&format!("{PATH}/{deed}"));
        assert_eq!(other.status, 405, "{deed}");
    }
}
