//! Passkeys: the public keys of what a user signs in with, as the table keeps them.

use api::{Id, Timestamp, wire};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::user::PASSKEY;

/// The most passkeys of a user.
pub const MAX_PASSKEYS: usize = 10;

/// The most bytes of a passkey's name.
pub const MAX_NAME: usize = 64;

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
