//! Answers of a provider, as they come to the callback.

/// The most characters of a provider's words that the app gets.
const MAX_WORDS: usize = 200;

/// The answer of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A code that is traded.
    Code(String),
    /// A refusal: its code for the app, and the provider's words.
    Refusal {
        /// `access_denied` where the user said no, else `provider_error`.
        error: &'static str,
        /// The provider's words.
        words: String,
    },
}

/// A request to the callback that is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswerable;

impl Answer {
    /// Reads an answer: its state, the issuer that it names, and the answer itself. Parameters that nobody knows are no fault
    /// (RFC 6749, section 4.1.2), one that is there twice is.
    ///
    /// # Errors
    /// [`Unanswerable`] for a request without a state, and for one with both a code and an error, or neither.
    pub fn read(
        pairs: &[(impl AsRef<str>, impl AsRef<str>)],
    ) -> Result<(&str, Option<&str>, Self), Unanswerable> {
        let one = |name: &str| {
            let mut values = pairs.iter().filter(|(it, _)| it.as_ref() == name);
            match (values.next(), values.next()) {
                (None, _) => Ok(None),
                (Some((_, value)), None) => Ok(Some(value.as_ref())),
                (Some(_), Some(_)) => Err(Unanswerable),
            }
        };
        let state = one("state")?.ok_or(Unanswerable)?;
        let issuer = one("iss")?;
        let words = one("error_description")?;
        let answer = match (one("code")?, one("error")?) {
            (Some(code), None) if !code.is_empty() => Self::Code(code.to_owned()),
            (None, Some(error)) => Self::refusal(error, words),
            _ => return Err(Unanswerable),
        };
        Ok((state, issuer, answer))
    }

    /// The refusal for the app. Apple and others have words of their own for a user who says no.
    fn refusal(error: &str, words: Option<&str>) -> Self {
        let denied = ["access_denied", "user_cancelled_authorize"];
        let code = if denied.contains(&error) {
            "access_denied"
        } else {
            "provider_error"
        };
        let words = words.filter(|words| !words.is_empty()).unwrap_or(error);
        Self::Refusal {
            error: code,
            words: visible(words),
        }
    }
}

/// The visible characters of a provider's words that fit.
fn visible(words: &str) -> String {
    let is_visible = |c: &char| !c.is_control() && (*c == ' ' || !c.is_whitespace());
    words.chars().filter(is_visible).take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Option<(String, Option<String>, Answer)> {
        let read = Answer::read(pairs).ok();
        read.map(|(state, issuer, answer)| {
            (state.to_owned(), issuer.map(ToOwned::to_owned), answer)
        })
    }

    #[test]
    fn an_answer_has_one_state_and_a_code_or_an_error() {
        let code = |text: &str| Answer::Code(text.to_owned());
        let expected = Some(("s".to_owned(), None, code("c")));
        assert_eq!(
            read(&[
                ("state", "s"),
                ("code", "c"),
                ("scope", "a"),
                ("scope", "b")
            ]),
            expected
        );
        let expected = Some(("s".to_owned(), Some("i".to_owned()), code("c")));
        assert_eq!(
            read(&[("state", "s"), ("code", "c"), ("iss", "i")]),
            expected
        );
        for pairs in [
            &[][..],
            &[("code", "c")],
            &[("state", "s")],
            &[("state", "s"), ("code", "")],
            &[("state", "s"), ("state", "t"), ("code", "c")],
            &[("state", "s"), ("code", "c"), ("code", "d")],
            &[("state", "s"), ("code", "c"), ("error", "e")],
            &[("state", "s"), ("code", "c"), ("iss", "i"), ("iss", "j")],
        ] {
            assert_eq!(read(pairs), None, "{pairs:?}");
        }
    }

    #[test]
    fn a_refusal_is_the_users_or_the_providers_with_its_words_cut() {
        let refusal = |error: &str, words: Option<&str>| {
            let mut pairs = vec![("state", "s"), ("error", error)];
            pairs.extend(words.map(|words| ("error_description", words)));
            match read(&pairs) {
                Some((_, _, Answer::Refusal { error, words })) => (error, words),
                other => panic!("{other:?}"),
            }
        };
        let named = |error, words: &str| (error, words.to_owned());
        assert_eq!(
            refusal("access_denied", None),
            named("access_denied", "access_denied")
        );
        assert_eq!(
            refusal("user_cancelled_authorize", Some("no")),
            named("access_denied", "no")
        );
        assert_eq!(
            refusal("server_error", Some("a\r\nb\u{0}\tc d")),
            named("provider_error", "abc d")
        );
        let (_, words) = refusal("x", Some(&"ä".repeat(300)));
        assert_eq!(words.chars().count(), 200);
    }
}
