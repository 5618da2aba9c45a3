//! Passkeys: the public keys of what a user signs in with, as the table keeps them.

use api::{Code, Error, Id, Timestamp, wire};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::user::{PASSKEY, SignInMethod, User};

/// The most passkeys of a user.
pub const MAX_PASSKEYS: usize = 10;

/// The most methods of signing in of a user, beside the password and the mail.
pub const MAX_METHODS: usize = 20;

/// The name of a passkey that its user gave none.
pub const UNNAMED: &str = "Passkey";

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// The id of the credential, as its device knows it.
    pub credential: Vec<u8>,
    /// The user who signs in with it.
    pub user: Id,
    /// The public key, as the check of ceremonies writes and reads it.
    pub public_key: String,
    /// The counter of the last signature; 0 where the device does not count.
    pub sign_count: u32,
    /// Whether the device may copy it elsewhere, which never changes.
    pub backup_eligible: bool,
    /// Whether it has been copied elsewhere.
    pub backed_up: bool,
    /// The ways to the device, such as `internal` or `usb`.
    pub transports: Vec<String>,
    /// The model of the device, in hexadecimal; zeros where it does not say.
    pub aaguid: String,
    /// The user's name for it.
    pub name: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was last used to sign in.
    pub used_at: Option<Timestamp>,
}

/// The use of a passkey that a ceremony has proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The counter of its signature.
    pub sign_count: u32,
    /// Whether it is copied elsewhere now.
    pub backed_up: bool,
    /// When it was.
    pub at: Timestamp,
}

impl Passkey {
    /// The id on the wire.
    #[must_use]
    pub fn id(&self) -> String {
        id_of(&self.credential)
    }

    /// The key of its item, and of the method of signing in that it is.
    #[must_use]
    pub fn key(&self) -> String {
        key_of(&self.id())
    }

    /// The passkey as its user sees it.
    #[must_use]
    pub fn wire(&self) -> wire::Passkey {
        wire::Passkey {
            id: self.id(),
            name: self.name.clone(),
            created_at: self.added_at,
            last_used_at: self.used_at,
            backed_up: self.backed_up,
            transports: self.transports.clone(),
        }
    }
}

/// The id on the wire of the passkey with this credential: its SHA-256, in base64url.
#[must_use]
pub fn id_of(credential: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, credential))
}

/// The key of the item of the passkey with this id.
#[must_use]
pub fn key_of(id: &str) -> String {
    format!("{PASSKEY}{id}")
}

impl User {
    /// The user as found now, with a passkey more, by the user's own request.
    ///
    /// # Errors
    /// Those of [`User::goes_on`]; `auth/passkey-limit`, `auth/method-limit`; `auth/invalid-passkey` for one that is there.
    pub fn with_passkey(&self, found: &Self, passkey: &Passkey) -> Result<Self, Error> {
        self.goes_on(found)?;
        if found.methods.contains_key(&passkey.key()) {
            return Err(Code::InvalidPasskey.into());
        }
        found.has_room()?;
        let mut with = found.clone();
        let method = SignInMethod {
            added_at: passkey.added_at,
            label: passkey.name.clone(),
        };
        with.methods.insert(passkey.key(), method);
        Ok(with)
    }

    /// Refuses a user who can have no passkey more.
    ///
    /// # Errors
    /// `auth/passkey-limit`, `auth/method-limit`.
    pub fn has_room(&self) -> Result<(), Error> {
        if self.passkeys() >= MAX_PASSKEYS {
            Err(Code::PasskeyLimit.into())
        } else if self.methods.len() >= MAX_METHODS {
            Err(Code::MethodLimit.into())
        } else {
            Ok(())
        }
    }

    /// The user as found now, with another name of a passkey, by the user's own request.
    ///
    /// # Errors
    /// Those of [`User::goes_on`]; `auth/passkey-not-found`.
    pub fn with_named(&self, found: &Self, key: &str, name: &str) -> Result<Self, Error> {
        self.goes_on(found)?;
        let mut with = found.clone();
        let method = with.methods.get_mut(key).ok_or(Code::PasskeyNotFound)?;
        name.clone_into(&mut method.label);
        Ok(with)
    }
}

/// The user whose passkey was right, or the user as restored where the account is deleted and is to come back.
///
/// # Errors
/// `auth/invalid-passkey` for an account that is gone; `auth/account-disabled`; `auth/account-deleted` for one that could
/// come back.
pub fn admit(found: Option<&User>, restores: bool, now: Timestamp) -> Result<User, Error> {
    let found = found.ok_or(Code::InvalidPasskey)?;
    match found.deleted {
        Some(deletion) if deletion.is_final(now) => Err(Code::InvalidPasskey.into()),
        _ if found.disabled => Err(Code::AccountDisabled.into()),
        Some(_) if !restores => Err(Code::AccountDeleted.into()),
        Some(_) | None => found.restored(found),
    }
}

#[cfg(test)]
mod tests;
