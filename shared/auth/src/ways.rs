//! The ways to sign in to an account, as its user sees and names them.

use api::event::Reason;
use api::wire::{Account, AccountKind};

use crate::passkey::key_of;
use crate::provider::provider_of;
use crate::user::{PASSKEY, User};

impl User {
    /// The key of the method with this id: the name of a provider, or the id of a passkey.
    #[must_use]
    pub fn method_of(&self, id: &str) -> Option<String> {
        let passkey = key_of(id);
        let is = |key: &&String| **key == passkey || provider_of(key) == Some(id);
        self.methods.keys().find(is).cloned()
    }

    /// The ways to sign in, as the user sees them.
    #[must_use]
    pub fn accounts(&self, has_password: bool, has_mail: bool) -> Vec<Account> {
        let plain = |id: &str, kind| Account {
            id: id.to_owned(),
            kind,
            label: self.email.clone(),
            connected_at: None,
        };
        let password = has_password.then(|| plain("password", AccountKind::Password));
        let mail = has_mail.then(|| plain(Reason::MagicLink.as_str(), AccountKind::MagicLink));
        let methods = self.methods.iter().filter_map(|(key, method)| {
            let (id, kind) = match provider_of(key) {
                Some(name) => (name, AccountKind::Provider),
                None => (key.strip_prefix(PASSKEY)?, AccountKind::Passkey),
            };
            Some(Account {
                id: id.to_owned(),
                kind,
                label: Some(method.label.clone()),
                connected_at: Some(method.added_at),
            })
        });
        let first = password.into_iter().chain(mail);
        first.chain(methods).collect()
    }

    /// The ways to sign in, as others may know them: by what, and not how often.
    #[must_use]
    pub fn ways(&self, has_password: bool, has_mail: bool) -> Vec<String> {
        let mut ways: Vec<String> = Vec::new();
        for account in self.accounts(has_password, has_mail) {
            let way = match account.kind {
                AccountKind::Passkey => "passkey".to_owned(),
                AccountKind::Password | AccountKind::MagicLink | AccountKind::Provider => {
                    account.id
                }
            };
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        ways
    }
}
