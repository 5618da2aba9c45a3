//! The table of `docs/providers.md`, row by row.

use super::*;

const DOCS: &str = include_str!("../../../../../docs/providers.md");

/// The rows below the table's head: its states of an account, each with an outcome for each kind of address.
fn rows() -> Vec<Vec<String>> {
    let head = "| Account with the address |";
    let lines = DOCS.lines().skip_while(|line| !line.starts_with(head));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    };
    rows.map(cells).collect()
}

/// The account of a row.
fn holder(state: &str) -> Option<User> {
    let until = |seconds| {
        Some(Deletion {
            at: NOW,
            until: NOW.seconds() + seconds,
        })
    };
    let proven = !state.starts_with("not proven");
    let user = User {
        email_verified_at: proven.then_some(NOW),
        ..User::new(id(3), "a@b.io".into(), false, NOW)
    };
    let state = state
        .trim_start_matches("not ")
        .trim_start_matches("proven");
    match state {
        "none" => None,
        "" => Some(user),
        ", with a second factor" => Some(User {
            mfa: Some(NOW),
            ..user
        }),
        ", disabled" => Some(User {
            disabled: true,
            ..user
        }),
        ", deleted" | ", deleted, with `restore`" => Some(User {
            deleted: until(60),
            ..user
        }),
        ", deleted for good" => Some(User {
            deleted: until(0),
            ..user
        }),
        ", with another account of the provider" => {
            let other = user.with_provider(&found("other", None, [false; 2]), NOW);
            Some(other.expect("linked"))
        }
        other => panic!("the docs have a state that nobody plays: {other}"),
    }
}

/// The outcome in the words of the docs.
fn outcome(decided: Result<Decision, Error>, holder: Option<&User>) -> String {
    match decided {
        Err(error) => format!("`{}`", error.code.as_str()),
        Ok(Decision::Enters(_)) => "signs in".to_owned(),
        Ok(Decision::Makes(Some(_))) => "new".to_owned(),
        Ok(Decision::Makes(None)) => "new, without an address".to_owned(),
        Ok(Decision::Links(user)) => {
            let holder = holder.expect("an account");
            assert_eq!(user.auth_version, holder.auth_version);
            assert_eq!((user.mfa, user.providers().count()), (holder.mfa, 1));
            let back = if holder.deleted.is_some() {
                "back, and "
            } else {
                ""
            };
            let by = if user.mfa.is_some() {
                " by the second factor"
            } else {
                ""
            };
            format!("{back}linked{by}")
        }
        Ok(Decision::TakesOver(user)) => {
            let holder = holder.expect("an account");
            assert_eq!(user.auth_version, holder.auth_version + 1);
            assert_eq!((user.methods.len(), user.email_verified_at), (1, Some(NOW)));
            let back = if holder.deleted.is_some() {
                "back, and "
            } else {
                ""
            };
            format!("{back}taken over")
        }
    }
}

fn decided(found: &Found, holder: Option<&User>, restores: bool) -> Result<Decision, Error> {
    let settings = Auth::default();
    let entrance = Entrance {
        settings: &settings,
        restores,
        now: NOW,
    };
    decide(found, None, holder, entrance)
}

#[test]
fn every_row_of_the_docs_is_what_is_decided() {
    let rows = rows();
    assert!(rows.len() >= 12, "{rows:?}");
    let addresses = [
        found("1", Some("a@b.io"), [true, true]),
        found("1", Some("a@b.io"), [true, false]),
        found("1", Some("a@b.io"), [false, false]),
        found("1", None, [false, false]),
    ];
    for row in rows {
        let [state, outcomes @ ..] = &row[..] else {
            panic!("an empty row");
        };
        assert_eq!(outcomes.len(), addresses.len(), "{row:?}");
        let (holder, restores) = (holder(state), state.contains("`restore`"));
        for (found, expected) in addresses.iter().zip(outcomes) {
            let decided = decided(found, holder.as_ref(), restores);
            assert_eq!(
                &outcome(decided, holder.as_ref()),
                expected,
                "{state}: {found:?}"
            );
        }
    }
}

#[test]
fn an_identity_that_is_known_decides_alone() {
    let found = found("1", Some("a@b.io"), [true, true]);
    let other = User::new(id(4), "a@b.io".into(), false, NOW);
    let linked = User::new(id(3), "c@d.io".into(), false, NOW);
    let linked = linked.with_provider(&found, NOW).expect("linked");
    let decide = |known: &User, restores| {
        let settings = Auth::default();
        let entrance = Entrance {
            settings: &settings,
            restores,
            now: NOW,
        };
        decide(&found, Some(known), Some(&other), entrance).map_err(|it| it.code)
    };
    assert_eq!(decide(&linked, false), Ok(Decision::Enters(linked.clone())));
    let disabled = User {
        disabled: true,
        ..linked.clone()
    };
    assert_eq!(decide(&disabled, true), Err(Code::AccountDisabled));
    let deleted = User {
        deleted: Some(Deletion::new(NOW, Span::seconds(60))),
        ..linked.clone()
    };
    assert_eq!(decide(&deleted, false), Err(Code::AccountDeleted));
    assert_eq!(decide(&deleted, true), Ok(Decision::Enters(linked.clone())));
    // One that was unlinked since its identity was read is not known.
    let unlinked = User {
        methods: Default::default(),
        ..linked
    };
    let unknown = decide(&unlinked, false);
    assert!(matches!(unknown, Ok(Decision::TakesOver(user)) if user.id == other.id));
}

#[test]
fn linking_by_address_can_be_switched_off() {
    let found = found("1", Some("a@b.io"), [true, true]);
    let settings = Auth {
        link_by_email: false,
        ..Auth::default()
    };
    let entrance = Entrance {
        settings: &settings,
        restores: false,
        now: NOW,
    };
    let proven = User {
        email_verified_at: Some(NOW),
        ..User::new(id(3), "a@b.io".into(), false, NOW)
    };
    let refused = decide(&found, None, Some(&proven), entrance).map_err(|it| it.code);
    assert_eq!(refused, Err(Code::AccountExists));
    let unproven = User::new(id(3), "a@b.io".into(), false, NOW);
    let taken = decide(&found, None, Some(&unproven), entrance);
    assert!(matches!(taken, Ok(Decision::TakesOver(_))));
}
