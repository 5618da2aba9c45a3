//! Evidence: the code with its flow, or the link, that a request shows for a proof.

use api::{Code, Detail, Error, Timestamp};

use super::{Flow, Link, Place, Purpose, is_code};
use crate::keys::Keys;

/// The longest token and the longest handle of a flow, in bytes.
const MOST: usize = 512;

/// The texts of a request that may be evidence, unchecked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'a> {
    /// The handle of a flow.
    pub flow: Option<&'a str>,
    /// The code of a mail.
    pub code: Option<&'a str>,
    /// The token of a link.
    pub token: Option<&'a str>,
}

/// The evidence that a request shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence<'a> {
    /// A code of eight digits, not yet tried.
    Code {
        /// The item that it is for.
        place: Place,
        /// The code.
        code: &'a str,
    },
    /// A link that this deployment made and that has not ended.
    Link(Link),
}

impl<'a> Shown<'a> {
    /// Refuses what is too long, what is no code, and both or neither of code and token.
    ///
    /// # Errors
    /// `common/validation-failed` naming the fields.
    pub fn check(&self, needs_flow: bool) -> Result<(), Error> {
        let mut details = Vec::new();
        for (name, text) in [("flow", self.flow), ("token", self.token)] {
            if text.is_some_and(|text| text.len() > MOST) {
                let message = format!("`{name}` has at most {MOST} bytes.");
                details.push(Detail::new(name, "max-length", message));
            }
        }
        if self.code.is_some_and(|code| !is_code(code)) {
            let message = "`code` must be the eight digits of the mail.";
            details.push(Detail::new("code", "format", message));
        }
        let by_code = self.code.is_some() || self.flow.is_some();
        let either =
            |message: &str| ["token", "code"].map(|field| Detail::new(field, "either-or", message));
        if by_code && self.token.is_some() {
            details.extend(either("Send `token` or `code`, not both."));
        } else if !by_code && self.token.is_none() {
            details.extend(either("Send `token` or `code`."));
        } else if by_code && self.code.is_none() {
            details.push(Detail::new(
                "code",
                "required",
                "`code` is required beside `flow`.",
            ));
        } else if by_code && needs_flow && self.flow.is_none() {
            details.push(Detail::new(
                "flow",
                "required",
                "`flow` is required beside `code`.",
            ));
        }
        if details.is_empty() {
            Ok(())
        } else {
            Err(Error::invalid(details))
        }
    }

    /// The texts that sealing keys have to open.
    pub fn sealed(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.flow.into_iter().chain(self.token)
    }

    /// The evidence for a purpose of a stranger: a code with its flow, or a link.
    ///
    /// # Errors
    /// Those of [`Shown::check`]; `auth/invalid-code` for a flow or a token that is not good, for which nothing is asked.
    pub fn of_stranger(
        &self,
        keys: &Keys,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Evidence<'a>, Error> {
        self.check(true)?;
        match (self.flow, self.code, self.token) {
            (Some(flow), Some(code), _) => {
                let flow = Flow::open(keys, purpose, flow, now).ok_or(Code::InvalidCode)?;
                let place = flow.place();
                Ok(Evidence::Code { place, code })
            }
            (_, _, Some(token)) => of_link(keys, purpose, token, now),
            _ => Err(Code::InvalidCode.into()),
        }
    }

    /// The evidence for the proof of a user who is signed in: a code, or a link.
    ///
    /// # Errors
    /// Those of [`Shown::of_stranger`]; a link of another user is not good.
    pub fn of_user(
        &self,
        keys: &Keys,
        place: Place,
        now: Timestamp,
    ) -> Result<Evidence<'a>, Error> {
        self.check(false)?;
        match (self.code, self.token) {
            (Some(code), _) => Ok(Evidence::Code { place, code }),
            (None, Some(token)) => match of_link(keys, place.purpose, token, now)? {
                Evidence::Link(link) if link.ticket.place == place => Ok(Evidence::Link(link)),
                _ => Err(Code::InvalidCode.into()),
            },
            (None, None) => Err(Code::InvalidCode.into()),
        }
    }
}

fn of_link<'a>(
    keys: &Keys,
    purpose: Purpose,
    token: &str,
    now: Timestamp,
) -> Result<Evidence<'a>, Error> {
    let link = Link::for_purpose(keys, purpose, token, now);
    Ok(Evidence::Link(link.ok_or(Code::InvalidCode)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(shown: Shown<'_>, needs_flow: bool) -> Vec<String> {
        let details = shown.check(needs_flow).err().map(|error| error.details);
        let fields = details.into_iter().flatten().map(|detail| detail.field);
        fields.collect()
    }

    #[test]
    fn a_request_shows_a_code_or_a_link_and_not_both() {
        let shown = |flow, code, token| Shown { flow, code, token };
        let long = "x".repeat(513);
        for (shown, needs_flow, expected) in [
            (shown(Some("f"), Some("01234567"), None), true, &[][..]),
            (shown(None, Some("01234567"), None), false, &[]),
            (shown(None, None, Some("t")), true, &[]),
            (shown(None, None, None), true, &["token", "code"]),
            (
                shown(None, Some("01234567"), Some("t")),
                false,
                &["token", "code"],
            ),
            (shown(Some("f"), None, Some("t")), true, &["token", "code"]),
            (shown(Some("f"), None, None), true, &["code"]),
            (shown(None, Some("01234567"), None), true, &["flow"]),
            (shown(Some("f"), Some("0123456a"), None), true, &["code"]),
            (
                shown(Some("f"), Some("０１２３４５６７"), None),
                true,
                &["code"],
            ),
            (shown(Some("f"), Some("0123 567"), None), true, &["code"]),
            (shown(None, None, Some(&long)), true, &["token"]),
            (shown(Some(&long), Some("01234567"), None), true, &["flow"]),
        ] {
            assert_eq!(fields(shown, needs_flow), expected, "{shown:?}");
        }
    }
}
