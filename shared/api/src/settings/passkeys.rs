//! Passkeys: the relying party, and the pages and apps that may use its passkeys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::origin;

/// The start of an Android app's origin; the rest is the SHA-256 of its certificate, in base64url.
pub const ANDROID: &str = "android:apk-key-hash:";

/// The relying party of a developer's machine that names none.
pub const LOCAL_RP: &str = "localhost";

/// The origins of a developer's machine that names no relying party.
pub const LOCAL_ORIGIN: &str = "http://localhost:*";

/// Passkeys. They are off while `rpId` is unset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Passkeys {
    /// The relying party, such as `example.com`: the domain that passkeys are bound to, for good. Every origin must be of it
    /// or of a subdomain. Locally `localhost` where neither it nor an origin is set.
    pub rp_id: Option<String>,
    /// The name of the relying party, 1 to 64 bytes, which devices may show; unset: `rpId`.
    pub rp_name: Option<String>,
    /// The origins of the pages that use passkeys, such as `https://app.example.com`, and of Android apps,
    /// `android:apk-key-hash:<base64url>`. Each is compared as a whole.
    pub origins: Vec<String>,
}

impl Passkeys {
    /// The name of the relying party with this id.
    #[must_use]
    pub fn name<'a>(&'a self, rp_id: &'a str) -> &'a str {
        self.rp_name.as_deref().unwrap_or(rp_id)
    }

    /// Whether a page or an app of this origin may use passkeys.
    #[must_use]
    pub fn permits(&self, origin: &str) -> bool {
        let mut origins = self.origins.iter();
        origins.any(|allowed| {
            allowed == origin || is_local(allowed) && origin::matches(allowed, origin)
        })
    }
}

/// Whether an entry stands for every port of a developer's machine.
fn is_local(entry: &str) -> bool {
    entry.ends_with(":*")
}
