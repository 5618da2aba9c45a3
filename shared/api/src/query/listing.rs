//! The parameters of a list that is of no collection, such as the list of users.

use std::collections::BTreeSet;

use crate::error::{Detail, Error};
use crate::query::limits::{DEFAULT_LIMIT, MAX_LIMIT, MAX_SEARCH, shown};
use crate::query::matches::caseless;
use crate::wire::{DeliveryState, InvitationStatus};

/// The part of a list that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// How many items at most, 1 to 100.
    pub limit: usize,
    /// Where the list goes on.
    pub cursor: Option<String>,
    /// The text that an item must contain, without regard to case.
    pub search: Option<String>,
    /// The role that an item has.
    pub role: Option<String>,
}

/// Reads the parameters of a list, all of which must be `known`: some of `limit`, `cursor`, `search` and `role`.
///
/// # Errors
/// `common/validation-failed` with a detail for every parameter that is not known, comes twice or does not fit.
pub fn listing<N: AsRef<str>, V: AsRef<str>>(
    parameters: impl IntoIterator<Item = (N, V)>,
    known: &[&str],
) -> Result<Listing, Error> {
    let mut listing = Listing {
        limit: DEFAULT_LIMIT,
        cursor: None,
        search: None,
        role: None,
    };
    let (mut seen, mut details) = (BTreeSet::new(), Vec::new());
    for (name, value) in parameters {
        let (name, value) = (name.as_ref(), value.as_ref());
        let mut fault = |code, message| details.push(Detail::new(shown(name), code, message));
        if !known.contains(&name) {
            let choices = known.join(", ");
            fault(
                "unknown-parameter",
                format!(
                    "`{}` is not a parameter here; there are: {choices}.",
                    shown(name)
                ),
            );
            continue;
        }
        if !seen.insert(name.to_owned()) {
            fault("repeated", format!("`{name}` is there twice."));
            continue;
        }
        match name {
            "limit" => match value.parse() {
                Ok(limit)
                    if value.bytes().all(|byte| byte.is_ascii_digit())
                        && (1..=MAX_LIMIT).contains(&limit) =>
                {
                    listing.limit = limit;
                }
                _ => fault("range", format!("`limit` must be 1 to {MAX_LIMIT}.")),
            },
            "search" if !(1..=MAX_SEARCH).contains(&value.chars().count()) => {
                fault(
                    "range",
                    format!("`search` must be 1 to {MAX_SEARCH} characters."),
                );
            }
            "search" => listing.search = Some(caseless(value)),
            "role" => listing.role = Some(value.to_owned()),
            _ => listing.cursor = Some(value.to_owned()),
        }
    }
    if details.is_empty() {
        Ok(listing)
    } else {
        Err(Error::invalid(details))
    }
}

/// Reads the state of deliveries that a list asks for.
///
/// # Errors
/// `common/validation-failed` where there is no such state.
pub fn delivery_state(text: Option<&str>) -> Result<Option<DeliveryState>, Error> {
    let Some(text) = text else { return Ok(None) };
    let state = DeliveryState::parse(text);
    state.map(Some).ok_or_else(|| {
        let choices = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
        let message = format!("`state` must be one of: {choices}.");
        Error::invalid(vec![Detail::new("state", "enum", message)])
    })
}

/// Reads the status of invitations that a list asks for.
///
/// # Errors
/// `common/validation-failed` where there is no such status.
pub fn invitation_status(text: Option<&str>) -> Result<Option<InvitationStatus>, Error> {
    let Some(text) = text else { return Ok(None) };
    let status = InvitationStatus::parse(text);
    status.map(Some).ok_or_else(|| {
        let choices = InvitationStatus::ALL
            .map(InvitationStatus::as_str)
            .join(", ");
        let message = format!("`status` must be one of: {choices}.");
        Error::invalid(vec![Detail::new("status", "enum", message)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["search", "role", "limit", "cursor"];

    #[test]
    fn a_list_of_users_has_four_parameters() {
        let all = [
            ("limit", "100"),
            ("cursor", "abc"),
            ("search", "ÄDA@"),
            ("role", "editor"),
        ];
        let expected = Listing {
            limit: 100,
            cursor: Some("abc".to_owned()),
            search: Some("äda@".to_owned()),
            role: Some("editor".to_owned()),
        };
        assert_eq!(listing(all, KNOWN), Ok(expected));
        let none: [(&str, &str); 0] = [];
        let expected = Listing {
            limit: 20,
            cursor: None,
            search: None,
            role: None,
        };
        assert_eq!(listing(none, KNOWN), Ok(expected));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let long = "a".repeat(129);
        for (name, value, code) in [
            ("limit", "0", "range"),
            ("limit", "101", "range"),
            ("limit", "+5", "range"),
            ("limit", "", "range"),
            ("limit", "ten", "range"),
            ("search", "", "range"),
            ("search", &long, "range"),
            ("sort", "email", "unknown-parameter"),
            ("email", "a@b", "unknown-parameter"),
        ] {
            let details = listing([(name, value)], KNOWN)
                .expect_err("refused")
                .details;
            let found: Vec<_> = details
                .iter()
                .map(|it| (it.field.as_str(), it.code.as_str()))
                .collect();
            assert_eq!(found, [(name, code)], "{value}");
        }
        let twice = listing([("role", "a"), ("role", "b"), ("x", "")], KNOWN)
            .expect_err("refused")
            .details;
        let found: Vec<_> = twice
            .iter()
            .map(|it| (it.field.as_str(), it.code.as_str()))
            .collect();
        assert_eq!(found, [("role", "repeated"), ("x", "unknown-parameter")]);
        let few = listing([("search", "a")], &["limit", "cursor"])
            .expect_err("refused")
            .details;
        assert_eq!(few[0].code, "unknown-parameter");
    }
}
