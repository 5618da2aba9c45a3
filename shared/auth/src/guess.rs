//! Guesses: an address with a password that may be the right one, and the accounts that it opens.

use api::settings::Auth;
use api::{Error, Id, Timestamp};

use crate::authentication::{Authentication, Method};
use crate::login;
use crate::password::{self, Verdict};
use crate::sign_in::{self, Begun};
use crate::user::{Deletion, Identity, User};

/// A password that a request gives for an address, with all that its attempt is counted by.
#[derive(Clone, Copy)]
pub struct Guess<'a> {
    /// The normalised address.
    pub email: &'a str,
    /// The password, byte by byte as typed.
    pub password: &'a str,
    /// The source address of the request.
    pub source: &'a str,
    /// An id that no other request has. It marks the attempt, stands for the user of an unknown address, and becomes the
    /// id of the session that begins.
    pub mark: Id,
    /// The settings.
    pub settings: &'a Auth,
    /// The time.
    pub now: Timestamp,
}

impl Guess<'_> {
    /// Begins the session of the user whose password the guess has proven, or tells what is missing.
    #[must_use]
    pub fn begin(&self, user: &User, secret: [u8; 32]) -> Begun {
        sign_in::begin(user, self.mark, secret, self.settings, self.proof())
    }

    /// The authentication by the password.
    #[must_use]
    pub fn proof(&self) -> Authentication {
        Authentication::by(Method::Password, self.now)
    }

    /// Hashes the password anew.
    ///
    /// # Errors
    /// `common/internal` when bcrypt refuses the cost.
    pub fn hash(&self, salt: [u8; 16]) -> Result<String, Error> {
        password::hash(self.password, self.settings.bcrypt_cost, salt)
    }
}

/// The accounts that a password opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Accounts that are not deleted, to log in.
    Login,
    /// Deleted accounts that can be brought back, to restore them.
    Restore,
}

impl Door {
    /// Whether it opens an account with this deletion: to the other kind, the address is unknown.
    #[must_use]
    pub fn takes(self, deleted: Option<Deletion>, now: Timestamp) -> bool {
        match self {
            Self::Login => deleted.is_none(),
            Self::Restore => deleted.is_some_and(|deletion| !deletion.is_final(now)),
        }
    }

    /// Decides, by the identity of the address, the password's verdict and the user.
    ///
    /// # Errors
    /// Those of [`login::decide`].
    pub fn decide(
        self,
        identity: Option<Identity>,
        verdict: Verdict,
        user: Option<User>,
        now: Timestamp,
    ) -> Result<(Identity, User), Error> {
        match self {
            Self::Login => login::decide(identity, verdict, user),
            Self::Restore => login::restore(identity, verdict, user, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use api::settings::Span;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    #[test]
    fn a_door_is_for_standing_accounts_or_for_deleted_ones() {
        let deleted = |seconds| Some(Deletion::new(NOW, Span::seconds(seconds)));
        for (deletion, login, restore) in [
            (None, true, false),
            (deleted(9), false, true),
            (deleted(0), false, false),
        ] {
            assert_eq!(Door::Login.takes(deletion, NOW), login, "{deletion:?}");
            assert_eq!(Door::Restore.takes(deletion, NOW), restore, "{deletion:?}");
        }
    }

    #[test]
    fn a_session_begins_with_the_mark_and_the_users_version() {
        let settings = Auth::default();
        let mut user = User::new(Id::new(NOW, [1; 10]), "a@b".into(), false, NOW);
        user.auth_version = 7;
        let mark = Id::new(NOW, [2; 10]);
        let guess = Guess {
            email: "a@b",
            password: "",
            source: "",
            mark,
            settings: &settings,
            now: NOW,
        };
        let Begun::Session(session, token) = guess.begin(&user, [3; 32]) else {
            panic!("a session");
        };
        assert_eq!((session.id, session.user), (mark, user.id));
        assert_eq!(session.auth_version, 7);
        assert_eq!((token.session, token.user), (mark, user.id));
    }
}
