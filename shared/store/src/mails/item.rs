//! A proof as an item of `_mail`.

use std::time::Duration;

use api::tables::MAIL;
use api::{Error, Timestamp};
use auth::proof::{Account, Ends, Place, Posted, State, Ticket, Wishes};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Item, Reader, id, number, text, time};

/// The attribute that the stream's filter looks at.
pub(super) const STATE: &str = "mail";

/// The attribute with the time of the last request for the mail.
pub(super) const ASKED: &str = "asked_at";

/// For how long an item stays after its link has ended: TTL is late anyway.
const REST: Duration = Duration::from_secs(3600);

/// A proof as an item.
pub(super) fn posted_item(posted: &Posted) -> Item {
    let Posted { ticket, ends, .. } = posted;
    let mut item = Item::from([
        ("id".to_owned(), text(ticket.place.to_string())),
        ("purpose".to_owned(), text(ticket.place.purpose.as_str())),
        ("nonce".to_owned(), text(&ticket.nonce)),
        ("key".to_owned(), number(ticket.key)),
        ("code_until".to_owned(), time(ends.code)),
        ("valid_until".to_owned(), time(ends.link)),
        ("tries".to_owned(), number(posted.tries)),
        ("address".to_owned(), text(&posted.address)),
        ("origin".to_owned(), text(&posted.wishes.origin)),
        (STATE.to_owned(), text(posted.state.as_str())),
        (ASKED.to_owned(), time(posted.asked_at)),
        ("expires_at".to_owned(), expires_at(ends.link)),
    ]);
    let optional = [
        ("vars", &posted.values),
        ("locale", &posted.wishes.locale),
        ("redirect", &posted.wishes.redirect),
        ("challenge", &posted.wishes.challenge),
    ];
    let optional = optional
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), text(value.as_deref()?))));
    item.extend(optional);
    let account = posted.account.iter().flat_map(|account| {
        [
            ("user_id".to_owned(), id(account.user)),
            ("auth_version".to_owned(), number(account.auth_version)),
        ]
    });
    item.extend(account);
    item
}

/// When an item may go whose link ends then.
pub(super) fn expires_at(link: Timestamp) -> AttributeValue {
    number(link.after(REST).seconds())
}

/// Reads the proof of this place.
pub(super) fn read_posted(place: Place, mut item: Item) -> Result<Posted, Error> {
    let mut reader = Reader::new(MAIL.name, &mut item);
    let broken = || Error::internal("_mail item that is no proof");
    if reader.text("purpose")? != place.purpose.as_str() {
        return Err(broken());
    }
    let small = |number: u64| u32::try_from(number).map_err(|_| broken());
    let account = match (
        reader.optional_id("user_id")?,
        reader.optional_number("auth_version"),
    ) {
        (Some(user), Some(auth_version)) => Some(Account { user, auth_version }),
        _ => None,
    };
    Ok(Posted {
        ticket: Ticket {
            place,
            nonce: reader.text("nonce")?,
            key: small(reader.number("key")?)?,
        },
        ends: Ends {
            code: reader.time("code_until")?,
            link: reader.time("valid_until")?,
        },
        tries: small(reader.number("tries")?)?,
        address: reader.text("address")?,
        values: reader.optional_text("vars"),
        wishes: Wishes {
            origin: reader.text("origin")?,
            locale: reader.optional_text("locale"),
            redirect: reader.optional_text("redirect"),
            challenge: reader.optional_text("challenge"),
        },
        asked_at: reader.time(ASKED)?,
        state: State::parse(&reader.text(STATE)?).ok_or_else(broken)?,
        account,
        is_void: reader.flag("void"),
    })
}

/// Whether the item is a proof of this purpose. A key that a caller names may be of another.
pub(super) fn is_of(place: Place, item: &Item) -> bool {
    item.get("purpose") == Some(&text(place.purpose.as_str()))
}
