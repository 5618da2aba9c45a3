//! The reasons why a call had no reply.

use std::fmt;

/// The reason why a call had no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The name has an address that is not public: nothing was sent.
    NotAllowed,
    /// The name has no address.
    Unresolved,
    /// No connection was made.
    Unreachable,
    /// No connection was made in time.
    ConnectTimeout,
    /// The server has no certificate of a public authority for this name.
    Untrusted,
    /// No whole head of a reply arrived in time.
    Timeout,
    /// The connection ended before the head of a reply, or what came was none.
    Broken,
    /// A header or the path cannot be sent as it is.
    Unsendable,
}

impl Fault {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => "address-not-allowed",
            Self::Unresolved => "name-not-resolved",
            Self::Unreachable => "connect-failed",
            Self::ConnectTimeout => "connect-timeout",
            Self::Untrusted => "tls-failed",
            Self::Timeout => "timeout",
            Self::Broken => "reply-broken",
            Self::Unsendable => "request-unsendable",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
