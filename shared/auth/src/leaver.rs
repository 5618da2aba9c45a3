//! Admins who leave: the API keys that they have made outlive them, unless the request says otherwise.

use api::{Code, Detail, Error, Timestamp};

use crate::api_key::ApiKey;
use crate::user::User;

/// The query parameter that decides on the keys.
pub const PARAMETER: &str = "apiKeys";

/// The most keys that a refusal names.
const MOST_NAMED: usize = 10;

/// The fate of the API keys that a leaving admin has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysOfLeaver {
    /// They stand as before.
    Keep,
    /// They are deleted with the admin's rights.
    Delete,
}

impl KeysOfLeaver {
    /// Reads the parameter `apiKeys`; `None` where the request does not say.
    ///
    /// # Errors
    /// A detail for any other value.
    pub fn parse(value: Option<&str>) -> Result<Option<Self>, Detail> {
        match value {
            None => Ok(None),
            Some("keep") => Ok(Some(Self::Keep)),
            Some("delete") => Ok(Some(Self::Delete)),
            Some(_) => Err(Detail::new(
                PARAMETER,
                "enum",
                format!("`{PARAMETER}` must be one of: keep, delete."),
            )),
        }
    }
}

/// Whether a change takes the rights of an acting admin away: it demotes, disables or deletes.
#[must_use]
pub fn leaves(before: &User, after: Option<&User>) -> bool {
    before.is_acting_admin() && !after.is_some_and(User::is_acting_admin)
}

/// The keys to delete with an admin's rights, of the keys that the admin has made. Without an answer, no key may stand.
///
/// # Errors
/// `users/has-api-keys` naming the keys that stand.
pub fn settle(
    answer: Option<KeysOfLeaver>,
    made: Vec<ApiKey>,
    now: Timestamp,
) -> Result<Vec<ApiKey>, Error> {
    match answer {
        Some(KeysOfLeaver::Keep) => Ok(Vec::new()),
        Some(KeysOfLeaver::Delete) => Ok(made),
        None => {
            let stands = |key: &&ApiKey| key.expires_at.is_none_or(|at| now < at);
            let standing: Vec<&ApiKey> = made.iter().filter(stands).collect();
            if standing.is_empty() {
                Ok(Vec::new())
            } else {
                Err(refusal(&standing))
            }
        }
    }
}

fn refusal(standing: &[&ApiKey]) -> Error {
    let name = |key: &&ApiKey| format!("{} ({})", key.name, key.id);
    let mut names: Vec<String> = standing.iter().take(MOST_NAMED).map(name).collect();
    let rest = standing.len() - names.len();
    if rest > 0 {
        names.push(format!("{rest} more"));
    }
    let message = format!(
        "This admin has made API keys: {}; say ?{PARAMETER}=keep or ?{PARAMETER}=delete.",
        names.join(", ")
    );
    Error::new(Code::HasApiKeys).with_message(message)
}

#[cfg(test)]
mod tests {
    use api::Id;
    use api::settings::Span;
    use api::wire::{KeyType, NewApiKey};

    use super::*;
    use crate::user::Deletion;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn key(n: u8, expires_at: Option<Timestamp>) -> ApiKey {
        let asked = NewApiKey {
            name: format!("key {n}"),
            kind: KeyType::Secret,
            scopes: vec!["*:*".into()],
            origins: None,
            expires_at: None,
        };
        let (id, maker) = (Id::new(NOW, [n; 10]), Id::new(NOW, [0; 10]));
        let (key, _) = ApiKey::new(asked, id, [2; 32], maker, NOW, |_| true).expect("a key");
        ApiKey { expires_at, ..key }
    }

    #[test]
    fn an_acting_admin_leaves_by_role_by_disabling_and_by_deletion() {
        let admin = User::new(Id::new(NOW, [1; 10]), "a@b".into(), true, NOW);
        let disabled = admin.administered(None, Some(true));
        let demoted = admin.administered(Some("editor"), None);
        let deleted = User {
            deleted: Some(Deletion::new(NOW, Span::seconds(9))),
            ..admin.clone()
        };
        for after in [None, Some(&disabled), Some(&demoted), Some(&deleted)] {
            assert!(leaves(&admin, after), "{after:?}");
        }
        assert!(!leaves(&admin, Some(&admin)));
        for before in [&disabled, &demoted, &deleted] {
            assert!(!leaves(before, None), "{before:?}");
        }
    }

    #[test]
    fn keys_that_stand_need_an_answer() {
        let made = || vec![key(1, None), key(2, Some(NOW))];
        let refused = settle(None, made(), NOW).expect_err("refused");
        let id = Id::new(NOW, [1; 10]);
        assert_eq!(refused.code, Code::HasApiKeys);
        assert_eq!(
            refused.message,
            format!(
                "This admin has made API keys: key 1 ({id}); say ?apiKeys=keep or ?apiKeys=delete."
            )
        );
        assert_eq!(settle(None, vec![key(2, Some(NOW))], NOW), Ok(vec![]));
        assert_eq!(settle(Some(KeysOfLeaver::Keep), made(), NOW), Ok(vec![]));
        assert_eq!(settle(Some(KeysOfLeaver::Delete), made(), NOW), Ok(made()));
        let many = (0..100).map(|n| key(n, None)).collect();
        let refused = settle(None, many, NOW).expect_err("refused");
        assert!(refused.message.contains(", 90 more;"), "{refused:?}");
    }

    #[test]
    fn an_answer_is_keep_or_delete() {
        assert_eq!(KeysOfLeaver::parse(None), Ok(None));
        assert_eq!(
            KeysOfLeaver::parse(Some("keep")),
            Ok(Some(KeysOfLeaver::Keep))
        );
        assert_eq!(
            KeysOfLeaver::parse(Some("delete")),
            Ok(Some(KeysOfLeaver::Delete))
        );
        for other in ["", "Delete", "true"] {
            assert!(KeysOfLeaver::parse(Some(other)).is_err(), "{other}");
        }
    }
}
