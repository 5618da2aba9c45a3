//! A relying party, its keys, and a user who holds a device.

use std::collections::BTreeMap;
use std::time::Duration;

use api::settings::Passkeys;
use api::{Error, Id, Timestamp};
use auth::keys::Stored;
use auth::passkey::{Passkey, Use};
use auth::{Keys, User};
use device::{Device, Manners};
use serde_json::Value;

use crate::{Newcomer, Opened, Party};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
pub(super) const PAGE: &str = "https://app.example.com";

/// A device, which is used in ceremonies of one relying party.
pub(super) struct World {
    settings: Passkeys,
    pub(super) keys: Keys,
    pub(super) user: User,
    pub(super) session: Id,
    pub(super) device: Device,
}

pub(super) fn at(seconds: u64) -> Timestamp {
    NOW.after(Duration::from_secs(seconds))
}

/// Good manners on the page of the relying party.
pub(super) fn good() -> Manners {
    Manners::on(PAGE)
}

/// The texts of a token's sealed bytes, whatever they are.
pub(super) fn refused<T>(result: Result<T, Error>) -> (&'static str, Option<String>) {
    let error = result.err().expect("refused");
    let field = error.details.into_iter().next().map(|it| it.field);
    (error.code.as_str(), field)
}

impl World {
    pub(super) fn new(device: Device) -> Self {
        let stored = Stored {
            current: vec![7; 32],
            sealing: BTreeMap::from([(1, [7; 32])]),
            ..Stored::default()
        };
        Self {
            settings: Passkeys {
                rp_id: Some("example.com".to_owned()),
                rp_name: Some("Example".to_owned()),
                origins: vec![PAGE.to_owned(), "https://example.com".to_owned()],
            },
            keys: Keys::of("a-", stored).expect("keys"),
            user: User::new(Id::new(NOW, [1; 10]), "ada@example.com".into(), false, NOW),
            session: Id::new(NOW, [2; 10]),
            device,
        }
    }

    pub(super) fn party(&self) -> Party<'_> {
        Party::of(&self.settings).expect("a relying party")
    }

    pub(super) fn newcomer(&self, seconds: u64) -> Newcomer<'_> {
        Newcomer {
            user: &self.user,
            session: self.session,
            now: at(seconds),
        }
    }

    pub(super) fn open(&self, there: Vec<Vec<u8>>) -> Opened {
        let opened = self
            .party()
            .open_registration(&self.keys, self.newcomer(0), there, [3; 12]);
        opened.expect("options")
    }

    pub(super) fn finish(&self, token: &str, credential: &Value) -> Result<Passkey, Error> {
        let newcomer = self.newcomer(299);
        self.party()
            .register(&self.keys, newcomer, (token, credential), "Phone".into())
    }

    /// Registers with these manners.
    pub(super) fn register(&mut self, manners: &Manners) -> Result<Passkey, Error> {
        let opened = self.open(Vec::new());
        let credential = self.device.register(&opened.options, manners);
        self.finish(&opened.token, &credential)
    }

    pub(super) fn open_sign_in(&self) -> Opened {
        let opened = self
            .party()
            .open_sign_in(&self.keys, self.session, NOW, [4; 12]);
        opened.expect("options")
    }

    pub(super) fn check(
        &self,
        stored: Option<&Passkey>,
        token: &str,
        credential: &Value,
    ) -> Result<Use, Error> {
        let presented = self
            .party()
            .present(&self.keys, (token, credential), at(299))?;
        assert_eq!(presented.session, self.session);
        presented.check(stored, at(299))
    }

    /// Signs in with these manners.
    pub(super) fn sign_in(&mut self, stored: &Passkey, manners: &Manners) -> Result<Use, Error> {
        let opened = self.open_sign_in();
        let credential = self.device.sign(&opened.options, manners);
        self.check(Some(stored), &opened.token, &credential)
    }
}
