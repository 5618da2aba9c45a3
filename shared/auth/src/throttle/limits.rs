//! The limits of each kind of attempts, as the settings have them.

use std::time::Duration;

use api::settings::Throttle;

use super::{Limit, Limits, Lock};

/// The window of mails.
const HOUR: Duration = Duration::from_secs(3600);

/// The limits of an account's failed logins, by source and over all.
#[must_use]
pub fn account(settings: &Throttle) -> Limits {
    let window = settings.window.duration();
    let (first, longest) = (
        settings.first_lock.duration(),
        settings.longest_lock.duration(),
    );
    Limits {
        total: Limit {
            most: settings.account_attempts,
            window,
            lock: Lock::Fixed(settings.account_lock.duration()),
        },
        source: Some(Limit {
            most: settings.attempts,
            window,
            lock: Lock::Doubling { first, longest },
        }),
    }
}

/// The limits of a user's wrong codes of the second factor, by source and over all. Over all they last a day, since the codes
/// are short (NIST SP 800-63B-4, section 3.2.2).
#[must_use]
pub fn factor(settings: &Throttle) -> Limits {
    Limits {
        total: Limit {
            most: settings.factor_attempts,
            window: HOUR * 24,
            lock: Lock::Window,
        },
        ..account(settings)
    }
}

/// The limit of a source's failed logins over all accounts.
#[must_use]
pub fn source(settings: &Throttle) -> Limits {
    let window = settings.window.duration();
    Limits {
        total: Limit {
            most: settings.source_attempts,
            window,
            lock: Lock::Window,
        },
        source: None,
    }
}

/// The limit of a source's registrations.
#[must_use]
pub fn registrations(settings: &Throttle) -> Limits {
    let window = settings.registration_window.duration();
    Limits {
        total: Limit {
            most: settings.registrations,
            window,
            lock: Lock::Window,
        },
        source: None,
    }
}

/// The limits of mails to one address, by source and over all. Over all nothing is refused: a further request repeats a mail.
#[must_use]
pub fn mails(settings: &Throttle) -> Limits {
    Limits {
        total: Limit {
            most: settings.address_mails,
            window: HOUR,
            lock: Lock::Window,
        },
        source: Some(Limit {
            most: 1,
            window: HOUR,
            lock: Lock::Paced {
                interval: settings.mail_interval.duration(),
                most: settings.mails,
            },
        }),
    }
}

/// The limit of mails that a source asks for, over all addresses.
#[must_use]
pub fn source_mails(settings: &Throttle) -> Limits {
    Limits {
        total: Limit {
            most: settings.source_mails,
            window: HOUR,
            lock: Lock::Window,
        },
        source: None,
    }
}

/// The limit of anonymous accounts that a source makes.
#[must_use]
pub fn anonymous(settings: &Throttle) -> Limits {
    Limits {
        total: Limit {
            most: settings.anonymous,
            window: HOUR,
            lock: Lock::Window,
        },
        source: None,
    }
}

/// The limit of invitations that a user sends.
#[must_use]
pub fn invitations(settings: &Throttle) -> Limits {
    Limits {
        total: Limit {
            most: settings.invitations,
            window: HOUR * 24,
            lock: Lock::Window,
        },
        source: None,
    }
}
