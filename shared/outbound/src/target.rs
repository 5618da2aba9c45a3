//! Targets of calls, judged by the text of their URLs alone.

use std::fmt;

use url::{Host, Url};

/// The most bytes of a URL.
pub const MAX_URL: usize = 2048;

/// The reach of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To public addresses, by `https`.
    Public,
    /// To any address, also by `http` and on port 80: for a developer's machine.
    Anywhere,
}

/// A URL that a call may go to, as far as its text tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    text: String,
    url: Url,
}

/// The fault of a URL, as a sentence about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// More than [`MAX_URL`] bytes.
    TooLong,
    /// No URL with a host, or one with blanks or control characters.
    Malformed,
    /// Another scheme than `https`.
    Scheme,
    /// A port that is neither 443 nor from 1024 on.
    Port,
    /// A name or a password before the host.
    UserInfo,
    /// A fragment, which is never sent.
    Fragment,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "must have at most 2048 bytes",
            Self::Malformed => "must be an absolute URL with a host",
            Self::Scheme => "must begin with `https://`",
            Self::Port => "must have the port 443, or one from 1024 on",
            Self::UserInfo => "must have neither a user name nor a password",
            Self::Fragment => "must have no fragment",
        })
    }
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// The fault of the text. Names and addresses are judged later, by [`crate::Client::judge`].
    pub fn parse(text: &str, reach: Reach) -> Result<Self, Unfit> {
        if text.len() > MAX_URL {
            return Err(Unfit::TooLong);
        }
        // The URL standard drops or replaces these, so the text would not be the URL that it seems to be.
        let strange = |byte: u8| byte.is_ascii_control() || byte == b' ' || byte == b'\\';
        if text.bytes().any(strange) {
            return Err(Unfit::Malformed);
        }
        let (scheme, rest) = text.split_once("://").ok_or(Unfit::Malformed)?;
        match (scheme.to_ascii_lowercase().as_str(), reach) {
            ("https", _) | ("http", Reach::Anywhere) => {}
            _ => return Err(Unfit::Scheme),
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() {
            return Err(Unfit::Malformed);
        }
        if authority.contains('@') {
            return Err(Unfit::UserInfo);
        }
        let url = Url::parse(text).map_err(|_| Unfit::Malformed)?;
        if url.fragment().is_some() {
            return Err(Unfit::Fragment);
        }
        match (url.port_or_known_default(), reach) {
            (Some(443 | 1024..), _) | (Some(80), Reach::Anywhere) => {}
            _ => return Err(Unfit::Port),
        }
        let text = text.to_owned();
        Ok(Self { text, url })
    }

    /// The URL as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the call goes over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(crate) fn host(&self) -> Option<Host<&str>> {
        self.url.host()
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// The value of the header `Host` (RFC 9110, section 7.2).
    pub(crate) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The request's target in origin form (RFC 9112, section 3.2.1).
    pub(crate) fn path(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
}
