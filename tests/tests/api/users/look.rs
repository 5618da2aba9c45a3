//! Users as admins see them, and checks of their sessions.

use blackbox::{Caller, Reply, fresh_email, stack};
use serde_json::{Value, json};

/// A well-formed id of no user.
pub(crate) const NO_ID: &str = "0197a3b0-0000-7000-8000-000000000000";

/// Texts that are no id, and ids of no user.
pub(crate) const NOBODY: [&str; 7] = [
    NO_ID,
    "x",
    "0197A3B0-0000-7000-8000-000000000000",
    "550e8400-e29b-41d4-a716-446655440000",
    "%23admins",
    "email%23ada@example.com",
    "null",
];

/// The whole of a user, ids and times masked.
pub(crate) fn user(email: &str, role: &str) -> Value {
    json!({ "id": "<id>", "email": email, "emailVerifiedAt": null, "mfa": false, "mailFailed": null,
        "role": role, "createdAt": "<time>", "disabled": false })
}

/// A path of this user.
pub(crate) fn path(id: &str) -> String {
    format!("/api/users/{id}")
}

/// A user that an admin has made without a password.
pub(crate) fn made(admin: &Caller) -> Value {
    admin
        .post("/api/users", &json!({ "email": fresh_email() }))
        .expect(201)
        .json()
}

/// A login with this password.
pub(crate) fn login(email: &str, password: &str) -> Reply {
    stack().stranger().post(
        "/api/auth/login",
        &json!({ "email": email, "password": password }),
    )
}

/// A refresh of a caller's session.
pub(crate) fn refresh(caller: &Caller) -> Reply {
    stack().stranger().post(
        "/api/auth/refresh",
        &json!({ "refreshToken": caller.refresh_token }),
    )
}

/// Whether a caller's tokens are valid: the access token on every instance, and the refresh token if it is not.
#[track_caller]
pub(crate) fn is_signed_in(caller: &Caller) -> bool {
    // Instances take turns, so that every one of them is asked.
    let replies: Vec<Reply> = (0..6).map(|_| caller.get("/api/notes?limit=1")).collect();
    let good = replies.iter().filter(|reply| reply.status == 200).count();
    assert!(
        good == 0 || good == replies.len(),
        "some instances say yes and some no"
    );
    if good == 0 {
        for reply in &replies {
            crate::auth::look::revoked(reply);
        }
        crate::auth::look::wrong_refresh_token(&refresh(caller));
    }
    good > 0
}

/// 404 `users/not-found`.
#[track_caller]
pub(crate) fn nobody(reply: &Reply) {
    crate::auth::look::refused(reply, 404, "users/not-found", "There is no such user.");
}
