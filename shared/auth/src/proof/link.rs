//! Links: tokens that prove themselves, so that garbage costs no request, and that tell a page what to show.

use api::{Id, Timestamp, value};
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::{Place, Purpose, Subject, Ticket};
use crate::keys::{Keys, derive};
use crate::sealing;

/// All that a page shows, and what leads on from it. The holder of the link may read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The masked address.
    pub masked: String,
    /// The language, such as `en`.
    pub locale: String,
    /// The address of the app to lead to afterwards.
    pub redirect: Option<String>,
    /// Whether the page signs in and leads back with a code.
    pub leads_back: bool,
}

/// A link as its token says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The item that it stands for, its nonce and its key.
    pub ticket: Ticket,
    /// Until when it is good.
    pub until: Timestamp,
    /// The page.
    pub page: Page,
}

/// The content of a token.
#[derive(Serialize, Deserialize)]
struct Content(
    String,
    String,
    String,
    u64,
    String,
    String,
    Option<String>,
    // Absent in all but a few, and in those of earlier versions.
    #[serde(default, skip_serializing_if = "is_false")] bool,
);

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(is: &bool) -> bool {
    !is
}

impl Keys {
    /// The token of a link. It is always the same for the same link: its nonce follows from its content, by a key that serves
    /// nothing else. `None` where the deployment has no such key.
    #[must_use]
    pub fn link(&self, link: &Link) -> Option<String> {
        let Link { ticket, page, .. } = link;
        let content = Content(
            ticket.place.purpose.as_str().to_owned(),
            ticket.place.subject.to_string(),
            ticket.nonce.clone(),
            link.until.seconds(),
            page.masked.clone(),
            page.locale.clone(),
            page.redirect.clone(),
            page.leads_back,
        );
        let text = serde_json::to_vec(&content).ok()?;
        let held = self.held();
        let key = held.sealing.get(&ticket.key)?;
        let key = derive(&self.issuer, key, b"link-nonce").ok()?;
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), &text);
        let nonce = tag.as_ref().first_chunk::<12>()?;
        self.seal_by(ticket.key, (sealing::Purpose::Link, ""), &text, *nonce)
            .ok()
    }
}

impl Link {
    /// The link of a token that this deployment made and that is good now.
    #[must_use]
    pub fn open(keys: &Keys, token: &str, now: Timestamp) -> Option<Self> {
        Self::parse(keys, token).filter(|link| now < link.until)
    }

    /// The link of a token that this deployment made, even one that has ended.
    #[must_use]
    pub fn parse(keys: &Keys, token: &str) -> Option<Self> {
        let text = keys.unseal((sealing::Purpose::Link, ""), token)?;
        let Content(purpose, subject, nonce, until, masked, locale, redirect, leads_back) =
            value::known(&text)?;
        let until = Timestamp::from_millis(until.checked_mul(1000)?);
        let place = Place {
            purpose: Purpose::parse(&purpose)?,
            subject: Subject::parse(&subject)?,
        };
        Some(Self {
            ticket: Ticket {
                place,
                nonce,
                key: sealing::number(token)?,
            },
            until,
            page: Page {
                masked,
                locale,
                redirect,
                leads_back,
            },
        })
    }

    /// The same, of this purpose alone.
    #[must_use]
    pub fn for_purpose(keys: &Keys, purpose: Purpose, token: &str, now: Timestamp) -> Option<Self> {
        Self::open(keys, token, now).filter(|link| link.ticket.place.purpose == purpose)
    }

    /// The id of the user, the flow or the invitation.
    #[must_use]
    pub fn id(&self) -> Id {
        self.ticket.place.subject.id()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::mask;
    use super::*;
    use crate::sample::sealing_keys as keys;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn link() -> Link {
        let subject = Subject::User(Id::new(NOW, [1; 10]));
        let purpose = Purpose::VerifyEmail;
        Link {
            ticket: Ticket {
                place: Place { purpose, subject },
                nonce: "n".repeat(22),
                key: 1,
            },
            until: NOW.after(Duration::from_secs(60)),
            page: Page {
                masked: mask(&format!("a@{}", "x".repeat(250))),
                locale: "de".to_owned(),
                redirect: Some(format!("https://a.example/{}", "x".repeat(182))),
                leads_back: true,
            },
        }
    }

    #[test]
    fn a_token_is_short_always_the_same_and_opens_until_it_ends() {
        let (keys, link) = (keys(&[1]), link());
        let token = keys.link(&link).expect("a token");
        assert!(token.len() <= 512, "{}", token.len());
        assert_eq!(keys.link(&link), Some(token.clone()));
        let mut stays = link.clone();
        stays.page.leads_back = false;
        let other = keys.link(&stays).expect("a token");
        assert_eq!(Link::open(&keys, &other, NOW), Some(stays));
        let open = |seconds| Link::open(&keys, &token, NOW.after(Duration::from_secs(seconds)));
        assert_eq!(open(59), Some(link.clone()));
        assert_eq!(open(60), None);
        let of = |purpose| Link::for_purpose(&keys, purpose, &token, NOW);
        assert_eq!(of(Purpose::VerifyEmail), Some(link));
        assert_eq!(of(Purpose::PasswordReset), None);
        for garbage in ["", "x", &token[1..], &token[..token.len() - 1]] {
            assert_eq!(Link::open(&keys, garbage, NOW), None, "{garbage}");
        }
    }

    #[test]
    fn a_newer_key_opens_what_an_older_one_has_sealed() {
        let token = keys(&[1]).link(&link()).expect("a token");
        assert_eq!(keys(&[1, 2]).link(&link()), Some(token.clone()));
        assert!(Link::open(&keys(&[1, 2]), &token, NOW).is_some());
        assert!(Link::open(&keys(&[2]), &token, NOW).is_none());
    }
}
