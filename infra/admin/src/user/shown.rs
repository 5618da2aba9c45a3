//! An account and its sessions, as lines.

use api::Id;
use api::settings::Settings;
use api::wire;
use auth::User;
use auth::passkey::Passkey;
use auth::provider::provider_of;
use store::{Store, Throttled};

use super::name_of;
use crate::printable::printable;
use crate::throttle::counts;
use crate::{now, words};

/// How many sessions one look takes.
const PAGE: usize = 100;

/// Everything about an account that an operator asks for first.
pub(super) async fn account(
    store: &Store,
    settings: &Settings,
    user: &User,
) -> Result<String, String> {
    let fault = |error: api::Error| words(&error);
    let identity = store.identity_of(user).await.map_err(fault)?;
    let has_password = identity.is_some_and(|it| it.password_hash.is_some());
    let sessions = standing(store, user).await?;
    let factor = store.factor(user.id).await.map_err(fault)?;
    let left = factor.filter(|it| it.is_confirmed());
    let left = left.map(|it| it.recovery_left());
    let passkeys = store.passkeys(user).await.map_err(fault)?;
    let whom = Throttled::Account(user.email.as_deref(), Some(user.id));
    let held = store
        .counts_against(whom, &settings.auth.throttle, now())
        .await;
    let lines = [
        ("id", user.id.to_string()),
        ("address", address(user)),
        ("role", user.role.clone()),
        ("state", state(user)),
        ("made", user.created_at.to_string()),
        (
            "password",
            if has_password { "set" } else { "none" }.to_owned(),
        ),
        ("sessions", counted(&sessions)),
        ("factor", factor_line(user, left)),
        ("passkeys", list(passkeys.iter().map(passkey))),
        (
            "providers",
            list(
                user.providers()
                    .filter_map(|key| provider_of(key))
                    .map(ToOwned::to_owned),
            ),
        ),
        ("mail", mail(user)),
        ("throttle", list(counts(&held.map_err(fault)?).into_iter())),
    ];
    let lines = lines
        .iter()
        .map(|(name, value)| format!("{name:<10}{value}"));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// The sessions that stand, a line each.
pub(super) async fn sessions(store: &Store, user: &User) -> Result<String, String> {
    let sessions = standing(store, user).await?;
    if sessions.is_empty() {
        return Ok(format!("{} has no session.", name_of(user)));
    }
    let lines = sessions.iter().map(session);
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

async fn standing(store: &Store, user: &User) -> Result<Vec<wire::Session>, String> {
    let (mut all, mut after): (Vec<wire::Session>, Option<Id>) = (Vec::new(), None);
    loop {
        let page = store.list_sessions(user, PAGE, after, now()).await;
        let page = page.map_err(|error| words(&error))?;
        after = page.next;
        all.extend(page.wire(None));
        if after.is_none() {
            return Ok(all);
        }
    }
}

fn session(session: &wire::Session) -> String {
    let actor = session
        .actor
        .map(|admin| format!(", the admin {admin} acts in it"));
    format!(
        "{} begun {}, used {}, ends {}, from {} {}{}",
        session.id,
        session.created_at,
        session.last_used_at,
        session.expires_at,
        session.ip_address,
        printable(&session.user_agent),
        actor.unwrap_or_default()
    )
}

fn counted(sessions: &[wire::Session]) -> String {
    let last = sessions.iter().map(|session| session.last_used_at).max();
    match last {
        None => "none".to_owned(),
        Some(last) => format!("{}, the last one used {last}", sessions.len()),
    }
}

fn address(user: &User) -> String {
    match (&user.email, user.email_verified_at) {
        (None, _) => match &user.service {
            Some(service) => format!("none: the service account {}", printable(&service.name)),
            None => "none".to_owned(),
        },
        (Some(email), None) => format!("{}, not proven", printable(email)),
        (Some(email), Some(at)) => format!("{}, proven {at}", printable(email)),
    }
}

fn state(user: &User) -> String {
    match (user.deleted, user.lapses_at) {
        (Some(deletion), _) => {
            let until = api::Timestamp::from_millis(deletion.until.saturating_mul(1000));
            match deletion.is_final(now()) {
                true => format!("deleted {}", deletion.at),
                false => format!("deleted {}, can be restored until {until}", deletion.at),
            }
        }
        (None, _) if user.disabled => "disabled".to_owned(),
        (None, Some(at)) => format!(
            "active, ends {}",
            api::Timestamp::from_millis(at.saturating_mul(1000))
        ),
        (None, None) => "active".to_owned(),
    }
}

fn factor_line(user: &User, recovery_left: Option<usize>) -> String {
    match (user.mfa, recovery_left) {
        (Some(since), left) => format!(
            "authenticator app since {since}, {} recovery codes left",
            left.unwrap_or_default()
        ),
        (None, _) => "none".to_owned(),
    }
}

fn passkey(passkey: &Passkey) -> String {
    let used = match passkey.used_at {
        Some(at) => format!("used {at}"),
        None => "never used".to_owned(),
    };
    format!("{} ({used})", printable(&passkey.name))
}

fn mail(user: &User) -> String {
    match user.mail_failed {
        None => "reaches the address, as far as is known".to_owned(),
        Some(failure) if failure.complaint => format!("stopped: a complaint of {}", failure.at),
        Some(failure) => format!("stopped: a bounce of {}", failure.at),
    }
}

/// The parts with commas between them, or `none`.
fn list(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        return "none".to_owned();
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use api::Timestamp;
    use api::settings::Span;
    use auth::user::{Deletion, MailFailure};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
    const LONG_AGO: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn an_account_tells_its_state() {
        let user = || User::new(Id::new(NOW, [1; 10]), "a@b".into(), false, NOW);
        let with = |change: fn(&mut User)| {
            let mut user = user();
            change(&mut user);
            (state(&user), address(&user), mail(&user))
        };
        let plain = with(|_| {});
        assert_eq!(
            (plain.0.as_str(), plain.1.as_str()),
            ("active", "a@b, not proven")
        );
        assert_eq!(with(|user| user.disabled = true).0, "disabled");
        let deleted = with(|user| {
            let now = now();
            user.deleted = Some(Deletion::new(now, Span::seconds(999)));
        });
        assert!(
            deleted.0.contains(", can be restored until "),
            "{}",
            deleted.0
        );
        let gone = with(|user| user.deleted = Some(Deletion::new(LONG_AGO, Span::seconds(0))));
        assert_eq!(gone.0, format!("deleted {LONG_AGO}"));
        let lapsing = with(|user| (user.email, user.lapses_at) = (None, Some(NOW.seconds())));
        assert_eq!(
            (lapsing.0, lapsing.1),
            (format!("active, ends {NOW}"), "none".to_owned())
        );
        let failed = with(|user| {
            let (complaint, at) = (true, NOW);
            user.mail_failed = Some(MailFailure { complaint, at });
        });
        assert_eq!(failed.2, format!("stopped: a complaint of {NOW}"));
    }

    #[test]
    fn texts_of_the_user_do_not_move_the_terminal() {
        let shown = session(&wire::Session {
            id: Id::new(NOW, [1; 10]),
            user_agent: "\u{1b}[2J".to_owned(),
            ip_address: "203.0.113.7".to_owned(),
            created_at: NOW,
            last_used_at: NOW,
            expires_at: NOW,
            actor: None,
            current: false,
        });
        assert!(shown.ends_with("from 203.0.113.7 \\u{1b}[2J"), "{shown}");
    }
}
