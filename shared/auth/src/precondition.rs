//! The preconditions of a caller's write: `If-Match` (RFC 9110, section 13.1.1) and `Idempotency-Key`.

use api::{Code, Error};

/// How many tags an `If-Match` may list.
const MAX_TAGS: usize = 32;

/// Which revisions of a record a write may find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Any revision of a record that exists: no `If-Match`, or `*`.
    #[default]
    Any,
    /// One of these revisions.
    OneOf(Vec<String>),
}

impl Precondition {
    /// Reads an `If-Match` header. Its tags are compared strongly, so weak ones are valid but match nothing.
    ///
    /// # Errors
    /// `common/invalid-request` for a header that is neither `*` nor a list of entity tags, or lists more than 32.
    pub fn if_match(header: Option<&str>) -> Result<Self, Error> {
        let Some(header) = header
            .map(|header| header.trim_matches([' ', '\t']))
            .filter(|header| *header != "*")
        else {
            return Ok(Self::Any);
        };
        let refused = || {
            Error::new(Code::InvalidRequest)
                .with_message("`If-Match` must be `*` or a list of ETags.")
        };
        let tags = tags(header)
            .filter(|tags| (1..=MAX_TAGS).contains(&tags.len()))
            .ok_or_else(refused)?;
        Ok(Self::OneOf(
            tags.into_iter()
                .filter(|(weak, _)| !weak)
                .map(|(_, tag)| tag.to_owned())
                .collect(),
        ))
    }

    /// Whether a record of this revision may be written.
    #[must_use]
    pub fn holds(&self, rev: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(revs) => revs.iter().any(|one| one == rev),
        }
    }
}

/// Whether the caller has a record of this revision already, as its `If-None-Match` tells (RFC 9110, section 13.1.2).
/// Tags are compared weakly; a header that is no list of tags matches nothing.
#[must_use]
pub fn has_already(if_none_match: Option<&str>, rev: &str) -> bool {
    let Some(header) = if_none_match.map(|header| header.trim_matches([' ', '\t'])) else {
        return false;
    };
    header == "*"
        || tags(header).is_some_and(|tags| tags.iter().take(MAX_TAGS).any(|(_, tag)| *tag == rev))
}

/// The entity tags of a list (RFC 9110, section 8.8.3), each with whether it is weak. Empty members are ignored (section
/// 5.6.1.2). A tag may have a comma in it.
fn tags(mut list: &str) -> Option<Vec<(bool, &str)>> {
    let mut tags = Vec::new();
    loop {
        list = list.trim_start_matches([' ', '\t', ',']);
        if list.is_empty() {
            return Some(tags);
        }
        let (weak, quoted) = list
            .strip_prefix("W/")
            .map_or((false, list), |rest| (true, rest));
        let (tag, rest) = quoted.strip_prefix('"')?.split_once('"')?;
        if tag.contains(|c: char| c <= ' ' || c == '\u{7f}') {
            return None;
        }
        tags.push((weak, tag));
        list = rest.trim_start_matches([' ', '\t']);
        if !list.is_empty() && !list.starts_with(',') {
            return None;
        }
    }
}

/// Checks an `Idempotency-Key`: 16 to 128 visible ASCII characters.
///
/// # Errors
/// `common/invalid-request`.
pub fn idempotency_key(header: Option<&str>) -> Result<Option<&str>, Error> {
    let fits = |key: &str| {
        (16..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match header {
        Some(key) if !fits(key) => Err(Error::new(Code::InvalidRequest)
            .with_message("`Idempotency-Key` must be 16 to 128 visible ASCII characters.")),
        key => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_is_a_star_or_a_list_of_strong_tags() {
        let one_of = |revs: &[&str]| {
            Ok(Precondition::OneOf(
                revs.iter().map(|rev| (*rev).to_owned()).collect(),
            ))
        };
        for (header, expected) in [
            (None, Ok(Precondition::Any)),
            (Some("*"), Ok(Precondition::Any)),
            (Some(" * "), Ok(Precondition::Any)),
            (Some(r#""a""#), one_of(&["a"])),
            (Some(r#""a", "b"	,"c""#), one_of(&["a", "b", "c"])),
            (Some(r#", ,"a",,"b","#), one_of(&["a", "b"])),
            (Some(r#""""#), one_of(&[""])),
            (Some(r#""a,b", "\""#), one_of(&["a,b", "\\"])),
            (Some(r#"W/"a""#), one_of(&[])),
            (Some(r#"W/"a", "b""#), one_of(&["b"])),
        ] {
            let got = Precondition::if_match(header).map_err(|error| error.code);
            assert_eq!(got, expected, "{header:?}");
        }
        let many = vec![r#""a""#; MAX_TAGS + 1].join(",");
        for header in [
            "",
            " ",
            ",",
            "a",
            r#""a"#,
            r#"a""#,
            r#""a" "b""#,
            r#""a"b"#,
            r#"w/"a""#,
            r#"*, "a""#,
            r#""a", *"#,
            "**",
        ]
        .into_iter()
        .chain([r#""a b""#, "\"a\u{7f}\"", r#"W/ "a""#, "'a'", &*many])
        {
            let got = Precondition::if_match(Some(header)).map_err(|error| error.code);
            assert_eq!(got, Err(Code::InvalidRequest), "{header:?}");
        }
    }

    #[test]
    fn a_precondition_holds_for_its_revisions() {
        assert!(Precondition::Any.holds("a"));
        let one_of = Precondition::OneOf(vec!["a".into(), "b".into()]);
        assert!(one_of.holds("b") && !one_of.holds("c") && !one_of.holds(""));
        assert!(!Precondition::OneOf(Vec::new()).holds(""));
    }

    #[test]
    fn a_caller_has_what_one_of_its_tags_names() {
        for header in ["*", r#""a""#, r#"W/"a""#, r#" "b", W/"a" "#] {
            assert!(has_already(Some(header), "a"), "{header}");
        }
        for header in ["", "a", r#""b""#, r#""a"#, r#""a" b"#, "\"\""] {
            assert!(!has_already(Some(header), "a"), "{header}");
        }
        assert!(!has_already(None, "a"));
    }

    #[test]
    fn an_idempotency_key_is_16_to_128_visible_characters() {
        assert_eq!(idempotency_key(None), Ok(None));
        for key in ["0123456789abcdef", &"~".repeat(128)] {
            assert_eq!(idempotency_key(Some(key)), Ok(Some(key)));
        }
        for key in [
            "",
            "0123456789abcde",
            "0123456789 abcdef",
            "0123456789abcdé",
            &"x".repeat(129),
            "0123456789abcde\t",
        ] {
            assert!(idempotency_key(Some(key)).is_err(), "{key:?}");
        }
    }
}
