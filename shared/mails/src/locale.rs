//! The languages of mails.

use api::Code;
use api::mail::Kind;

/// The languages that templates ship in. The first one serves where nothing else fits.
pub const LOCALES: &[&str] = &["en", "de"];

/// The language of this very name.
fn known(name: &str) -> Option<&'static str> {
    LOCALES.iter().copied().find(|known| *known == name)
}

/// The kind and the language that a path names.
///
/// # Errors
/// `mail/template-not-found`.
pub fn place(kind: &str, locale: &str) -> Result<(Kind, &'static str), Code> {
    let place = Kind::parse(kind).zip(known(locale));
    place.ok_or(Code::TemplateNotFound)
}

/// The language of a mail: the named one, or its language without the region, else the default, else the first there is.
#[must_use]
pub fn locale(named: Option<&str>, default: &str) -> &'static str {
    let fitting = |tag: &str| {
        let language = tag.split('-').next().unwrap_or(tag);
        let same = |known: &&str| known.eq_ignore_ascii_case(language);
        LOCALES.iter().copied().find(same)
    };
    named
        .and_then(fitting)
        .or_else(|| fitting(default))
        .or_else(|| LOCALES.first().copied())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_falls_back_to_its_language_and_the_rest_to_the_default() {
        for (named, default, expected) in [
            (Some("de"), "en", "de"),
            (Some("de-CH"), "en", "de"),
            (Some("DE-ch"), "en", "de"),
            (Some("fr"), "de", "de"),
            (Some("fr-FR"), "de-AT", "de"),
            (Some("fr"), "fr", "en"),
            (Some("den"), "en", "en"),
            (Some(""), "de", "de"),
            (None, "de", "de"),
            (None, "", "en"),
        ] {
            assert_eq!(locale(named, default), expected, "{named:?} {default}");
        }
        assert_eq!(place("invitation", "de"), Ok((Kind::Invitation, "de")));
        for (kind, locale) in [
            ("invitation", "de-CH"),
            ("invitation", "DE"),
            ("other", "de"),
        ] {
            assert_eq!(place(kind, locale), Err(Code::TemplateNotFound));
        }
    }
}
