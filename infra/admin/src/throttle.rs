//! `cargo admin throttle`: attempts that count against an account or a source address.

use std::net::IpAddr;

use api::settings::Settings;
use auth::throttle::{Held, place};
use clap::Subcommand;
use store::{Attempts, Store, Throttled};

use crate::printable::printable;
use crate::user::writer;
use crate::{now, words};

/// A use of the throttle.
#[derive(Subcommand)]
pub(crate) enum Use {
    /// Forget the attempts that count against an account, whether or not somebody has it, or against a source address.
    Clear {
        /// An email address, or an IP address; one of IPv6 stands for its /64.
        #[arg(value_name = "EMAIL|ADDRESS")]
        whom: String,
    },
}

/// Runs the command, and reports the result in a sentence.
pub(crate) async fn run(
    store: &Store,
    settings: &Settings,
    Use::Clear { whom }: &Use,
) -> Result<String, String> {
    if let Ok(address) = whom.trim().parse::<IpAddr>() {
        let address = address.to_string();
        let name = place(&address);
        return clear_of(store, settings, Throttled::Source(&address), &name).await;
    }
    let email = auth::email::known(whom).map_err(|_| {
        format!(
            "{}: name an email address, or an IP address such as 203.0.113.7",
            printable(whom)
        )
    })?;
    let holder = store.holder(&email, now()).await;
    let holder = holder.map_err(|error| words(&error))?.map(|user| user.id);
    let whom = Throttled::Account(Some(&email), holder);
    clear_of(store, settings, whom, &email).await
}

/// Forgets the attempts that count against an account or a source, and says which these were.
pub(crate) async fn clear_of(
    store: &Store,
    settings: &Settings,
    whom: Throttled<'_>,
    name: &str,
) -> Result<String, String> {
    let writer = writer()?;
    let cleared = store.clear_counts(whom, &settings.auth.throttle, &writer);
    let cleared = cleared.await.map_err(|error| words(&error))?;
    if cleared.is_empty() {
        return Ok(format!("Nothing counts against {name}."));
    }
    Ok(format!(
        "Forgotten of {name}: {}. The next attempt is the first again.",
        counts(&cleared).join(", ")
    ))
}

/// The attempts in words.
pub(crate) fn counts(held: &[(Attempts, Held)]) -> Vec<String> {
    let line = |(kind, held): &(Attempts, Held)| {
        let (one, many) = match kind {
            Attempts::Logins => ("failed login", "failed logins"),
            Attempts::Codes => ("wrong code", "wrong codes"),
            Attempts::Mails => ("mail", "mails"),
            Attempts::Invitations => ("invitation", "invitations"),
            Attempts::Registrations => ("registration", "registrations"),
            Attempts::Anonymous => ("anonymous account", "anonymous accounts"),
            Attempts::Secrets => ("wrong client secret", "wrong client secrets"),
        };
        let kind = if held.attempts == 1 { one } else { many };
        let until = held.until.map(|until| format!(" (locked until {until})"));
        format!("{} {kind}{}", held.attempts, until.unwrap_or_default())
    };
    held.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use api::Timestamp;

    use super::*;

    #[test]
    fn attempts_are_counted_and_a_lock_tells_its_end() {
        let until = Timestamp::from_millis(1_790_000_000_000);
        let held = |attempts, until| Held { attempts, until };
        let all = [
            (Attempts::Logins, held(5, Some(until))),
            (Attempts::Codes, held(1, None)),
        ];
        let told = [
            format!("5 failed logins (locked until {until})"),
            "1 wrong code".to_owned(),
        ];
        assert_eq!(counts(&all), told);
    }
}
