//! Sessions: sign-ins, and early ends one by one.

use api::event::{Actor, ActorType, Envelope, Event, Origin, Reason, Subject};

use super::draft::Write;
use super::image::Image;
use super::stamp::Stamp;
use super::world::Unfit;

/// The beginnings of a session by which a user signs in to an account that was there.
const SIGN_INS: [Reason; 7] = [
    Reason::Login,
    Reason::Restore,
    Reason::VerifyEmail,
    Reason::MagicLink,
    Reason::Invitation,
    Reason::Mfa,
    Reason::Passkey,
];

/// The events of a write to `_sessions`. A refresh makes none, and neither does a session that has expired.
pub(super) fn events_of(write: &Write<'_, '_>) -> Result<Vec<Envelope>, Unfit> {
    match (write.before(), write.after()) {
        (None, Some(new)) => begun(write, new),
        (Some(old), Some(new)) if !old.has("revoked_at") && new.has("revoked_at") => {
            ended(write, new)
        }
        _ => Ok(Vec::new()),
    }
}

fn begun(write: &Write<'_, '_>, new: &Image) -> Result<Vec<Envelope>, Unfit> {
    let begun = write.needed("begun", new.map("begun"))?;
    let method = write.needed("begun.reason", begun.text("reason"))?;
    let user_id = write.needed("user_id", write.key().id("user_id"))?;
    let session_id = write.needed("id", write.key().id("id"))?;
    let event = match Reason::parse(method) {
        Some(Reason::Impersonation) => {
            let stamp = Stamp::read(&begun, session_id.created_at());
            let event = Event::Impersonated {
                user_id,
                session_id,
                reason: begun.text("words").unwrap_or_default().to_owned(),
            };
            return Ok(vec![write.event(stamp, Subject::user(user_id), event)]);
        }
        Some(reason) if SIGN_INS.contains(&reason) => Event::LoggedIn {
            user_id,
            session_id,
            method: method.to_owned(),
        },
        Some(Reason::Reauthentication) => Event::Reauthenticated {
            user_id,
            session_id,
            amr: new.texts("amr").unwrap_or_default(),
        },
        _ => return Ok(Vec::new()),
    };
    let known = |image: &Image, name: &str| {
        let text = image.text(name).filter(|text| !text.is_empty());
        text.map(ToOwned::to_owned)
    };
    let request = known(&begun, "request_id").map(|id| Origin {
        id,
        ip: known(new, "ip"),
        user_agent: known(new, "user_agent"),
    });
    let stamp = Stamp {
        at: session_id.created_at(),
        actor: Some(Actor {
            id: Some(user_id),
            key_id: begun.id("key"),
            ..Actor::of(ActorType::User)
        }),
        request,
    };
    Ok(vec![write.event(stamp, Subject::user(user_id), event)])
}

fn ended(write: &Write<'_, '_>, new: &Image) -> Result<Vec<Envelope>, Unfit> {
    let user_id = write.needed("user_id", write.key().id("user_id"))?;
    let session_id = write.needed("id", write.key().id("id"))?;
    let at = write.needed("revoked_at", new.time("revoked_at"))?;
    let reason = new.text("revoked_reason").and_then(Reason::parse);
    let event = match write.needed("revoked_reason", reason)? {
        Reason::Logout => Event::LoggedOut {
            user_id,
            session_id,
        },
        Reason::RefreshTokenReuse => Event::RefreshReused {
            user_id,
            session_id,
        },
        // The session that takes its place makes an event.
        Reason::Reauthenticated => return Ok(Vec::new()),
        reason => Event::SessionEnded {
            user_id,
            session_id: Some(session_id),
            kept: None,
            reason: Some(reason),
        },
    };
    let stamp = match new.map("ended") {
        Some(ended) => Stamp::read(&ended, at),
        None => Stamp::untold(at),
    };
    Ok(vec![write.event(stamp, Subject::user(user_id), event)])
}
