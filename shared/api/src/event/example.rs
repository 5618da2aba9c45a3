//! An example of each type of event, for the docs and for tests.

use serde_json::{Map, Value, json};

use super::actor_type::ActorType;
use super::data::Event;
use super::detail::PasskeyReason;
use super::envelope::{Actor, Envelope, Origin, Subject, VERSION};
use super::key_step::KeyStep;
use super::kind::Kind;
use super::reason::Reason;
use super::subjects;
use crate::id::Id;
use crate::mail;
use crate::time::Timestamp;
use crate::wire::{Invitation, InvitationStatus, InvitedResource, KeyType, UserForAdmins};

/// The time of every example.
const AT: Timestamp = Timestamp::from_millis(1_795_863_900_123);

/// An event of a type.
#[must_use]
pub fn of(kind: Kind) -> Envelope {
    let event = content(kind);
    let (subject, acts) = match kind.family() {
        "record" => {
            let owner = Some(user_id().to_string());
            let subject = Subject::of("posts", id(3));
            (Subject { owner, ..subject }, user_id())
        }
        "key" => (Subject::of(subjects::KEYS, id(4)), id(6)),
        "webhook" => (Subject::of(subjects::WEBHOOKS, id(5)), id(6)),
        "invitation" => (Subject::of(subjects::INVITATIONS, id(7)), id(6)),
        "provider" => (Subject::provider("google"), id(6)),
        "table" => (Subject::table("posts"), user_id()),
        "template" => (Subject::template(mail::Kind::PasswordReset, "de"), id(6)),
        "user" => (Subject::user(user_id()), id(6)),
        _ => (Subject::user(user_id()), user_id()),
    };
    let (actor, request) = match kind {
        Kind::UserPurged | Kind::WebhookFailing | Kind::WebhookRecovered => {
            (Actor::of(ActorType::System), None)
        }
        Kind::ThrottleCleared | Kind::TableRecovered | Kind::TableRepaired => {
            (Actor::of(ActorType::Cli), None)
        }
        _ => (by(acts), Some(request(kind.is_of_records()))),
    };
    Envelope {
        id: id(1),
        at: AT,
        stack: "bakend".to_owned(),
        version: VERSION,
        actor: Some(actor),
        subject,
        request,
        event,
    }
}

fn id(seed: u8) -> Id {
    Id::new(AT, [seed; 10])
}

fn user_id() -> Id {
    id(2)
}

fn by(user: Id) -> Actor {
    Actor {
        id: Some(user),
        ..Actor::of(ActorType::User)
    }
}

fn request(of_record: bool) -> Origin {
    let known = |text: &str| Some(text.to_owned()).filter(|_| !of_record);
    Origin {
        id: "6f1f4b5c-2f6b-4e3b-9f5e-7d0c8f9b1a2e".to_owned(),
        ip: known("203.0.113.7"),
        user_agent: known("Mozilla/5.0"),
    }
}

fn user(role: &str) -> UserForAdmins {
    UserForAdmins {
        email_verified_at: None,
        mfa: false,
        mail_failed: None,
        id: user_id(),
        email: Some("ada@example.com".to_owned()),
        role: role.to_owned(),
        created_at: AT,
        disabled: false,
        profile: object(json!({ "username": "ada" })),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn record(title: &str) -> Option<Map<String, Value>> {
    Some(object(json!({
        "id": id(3), "createdAt": AT, "updatedAt": AT, "createdBy": user_id(), "user_id": user_id(), "title": title,
    })))
}

fn revision(seed: u8) -> String {
    id(seed).to_string()
}

fn content(kind: Kind) -> Event {
    let (user_id, session_id) = (user_id(), id(7));
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let (key_id, name, r#type) = (id(4), "importer".to_owned(), KeyType::Secret);
    let (webhook_id, scopes) = (id(5), texts(&["posts:create"]));
    match kind {
        Kind::Registered => Event::Registered {
            user: user("authenticated"),
            session_id: Some(session_id),
            method: "password".to_owned(),
        },
        Kind::Impersonated => Event::Impersonated {
            user_id,
            session_id,
            reason: "the order cannot be seen".to_owned(),
        },
        Kind::LoggedIn => Event::LoggedIn {
            user_id,
            session_id,
            method: "login".to_owned(),
        },
        Kind::Reauthenticated => Event::Reauthenticated {
            user_id,
            session_id,
            amr: texts(&["pwd"]),
        },
        Kind::LoggedOut => Event::LoggedOut {
            user_id,
            session_id,
        },
        Kind::RefreshReused => Event::RefreshReused {
            user_id,
            session_id,
        },
        Kind::SessionEnded => Event::SessionEnded {
            user_id,
            session_id: None,
            kept: Some(session_id),
            reason: Some(Reason::PasswordChange),
        },
        Kind::PasswordChanged => Event::PasswordChanged {
            user_id,
            reason: Reason::PasswordChange,
        },
        Kind::MfaChanged => Event::MfaChanged {
            user_id,
            reason: Reason::MfaEnabled,
        },
        Kind::PasskeyChanged => Event::PasskeyChanged {
            user_id,
            passkey_id: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU".to_owned(),
            reason: PasskeyReason::Added,
            name: String::new(),
        },
        Kind::AccountLinked => Event::AccountLinked {
            user_id,
            provider: "google".to_owned(),
        },
        Kind::AccountUnlinked => Event::AccountUnlinked {
            user_id,
            provider: "google".to_owned(),
        },
        Kind::EmailVerified => Event::EmailVerified { user_id },
        Kind::EmailChanged => Event::EmailChanged {
            user: user("authenticated"),
            previous_email: Some("ada@example.org".to_owned()),
        },
        Kind::UserCreated => Event::UserCreated {
            user: user("authenticated"),
        },
        Kind::UserUpdated => Event::UserUpdated {
            user: user("editor"),
            previous: object(json!({ "role": "authenticated" })),
            changed: texts(&["role"]),
        },
        Kind::UserDeleted | Kind::UserRestored => {
            let until = Some(Timestamp::from_millis(AT.millis() + 30 * 86_400_000));
            match kind {
                Kind::UserDeleted => Event::UserDeleted { user_id, until },
                _ => Event::UserRestored { user_id, until },
            }
        }
        Kind::UserPurged => Event::UserPurged { user_id },
        Kind::RecordCreated => Event::RecordCreated {
            rev: revision(8),
            previous_rev: None,
            changed: texts(&["title", "user_id"]),
            record: record("Hello"),
            previous: None,
            truncated: false,
        },
        Kind::RecordUpdated => Event::RecordUpdated {
            rev: revision(9),
            previous_rev: Some(revision(8)),
            changed: texts(&["title"]),
            record: record("Hello!"),
            previous: record("Hello"),
            truncated: false,
        },
        Kind::RecordDeleted => Event::RecordDeleted {
            rev: revision(10),
            previous_rev: Some(revision(9)),
            changed: texts(&["title", "user_id"]),
            record: None,
            previous: record("Hello!"),
            truncated: false,
        },
        Kind::KeyCreated => Event::KeyCreated {
            key_id,
            name,
            r#type,
            scopes,
        },
        Kind::KeyRotated => Event::KeyRotated {
            key_id,
            name,
            r#type,
            scopes,
        },
        Kind::KeyDeleted => Event::KeyDeleted {
            key_id,
            name,
            r#type,
            scopes,
        },
        Kind::WebhookChanged => Event::WebhookChanged {
            webhook_id,
            changed: texts(&["url"]),
        },
        Kind::WebhookFailing => Event::WebhookFailing {
            webhook_id,
            changed: texts(&["state"]),
        },
        Kind::WebhookRecovered => Event::WebhookRecovered {
            webhook_id,
            changed: texts(&["state"]),
        },
        Kind::TemplateChanged => Event::TemplateChanged {
            kind: mail::Kind::PasswordReset,
            locale: "de".to_owned(),
            changed: texts(&["subject", "text"]),
        },
        Kind::ProviderChanged => Event::ProviderChanged {
            provider: "google".to_owned(),
            changed: texts(&["clientId", "clientSecret"]),
        },
        Kind::KeysRotated => Event::KeysRotated {
            kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs".to_owned(),
            step: KeyStep::Promoted,
        },
        Kind::ThrottleCleared => Event::ThrottleCleared {
            user_id: Some(user_id),
        },
        Kind::TableRecovered => Event::TableRecovered {
            table: "posts".to_owned(),
            to: Some(AT),
            source: None,
            put_back: 120,
            removed: 3,
            left: 7,
        },
        Kind::TableRepaired => Event::TableRepaired {
            table: "posts".to_owned(),
            repaired: 2,
        },
        Kind::InvitationCreated => Event::InvitationCreated {
            invitation: invitation(InvitationStatus::Pending),
        },
        Kind::InvitationResent => Event::InvitationResent {
            invitation: invitation(InvitationStatus::Pending),
        },
        Kind::InvitationAccepted => Event::InvitationAccepted {
            invitation: invitation(InvitationStatus::Accepted),
        },
        Kind::InvitationRejected => Event::InvitationRejected {
            invitation: invitation(InvitationStatus::Rejected),
        },
        Kind::InvitationRevoked => Event::InvitationRevoked {
            invitation: invitation(InvitationStatus::Revoked),
        },
    }
}

fn invitation(status: InvitationStatus) -> Invitation {
    Invitation {
        id: id(7),
        email: "ada@example.com".to_owned(),
        role: "authenticated".to_owned(),
        resource: Some(InvitedResource {
            r#type: "team".to_owned(),
            id: "7".to_owned(),
            name: Some("Blue".to_owned()),
            role: None,
        }),
        status,
        invited_by: id(6),
        created_at: AT,
        expires_at: Timestamp::from_millis(AT.millis() + 7 * 86_400_000),
    }
}
