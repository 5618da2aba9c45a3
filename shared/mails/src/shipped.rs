//! The shipped templates.
//!
//! A file `templates/<locale>/<kind>.txt` is the subject, an empty line and the text; beside it is the HTML. The layout
//! is added here: a head and a foot, and for notices when and where.

use std::sync::LazyLock;

use api::mail::{Kind, Template};

/// The files: locale, kind, text, HTML.
static FILES: &[(&str, &str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The beginning of every HTML.
const HEAD: &str = include_str!("../templates/head.html");

/// The pieces of a language that all its mails share.
struct Layout {
    locale: &'static str,
    notice: (&'static str, &'static str),
    foot: (&'static str, &'static str),
}

/// The layout in the language of a folder.
macro_rules! layout {
    ($locale:literal) => {
        Layout {
            locale: $locale,
            notice: (
                include_str!(concat!("../templates/", $locale, "/layout/notice.txt")),
                include_str!(concat!("../templates/", $locale, "/layout/notice.html")),
            ),
            foot: (
                include_str!(concat!("../templates/", $locale, "/layout/foot.txt")),
                include_str!(concat!("../templates/", $locale, "/layout/foot.html")),
            ),
        }
    };
}

const LAYOUTS: &[Layout] = &[layout!("en"), layout!("de")];

/// Every shipped template.
static ALL: LazyLock<Vec<(Kind, &'static str, Template)>> = LazyLock::new(|| {
    let whole = |(locale, name, text, html): &(&'static str, &str, &str, &str)| {
        let kind = Kind::parse(name)?;
        let layout = LAYOUTS.iter().find(|layout| layout.locale == *locale)?;
        let (subject, text) = text.split_once("\n\n")?;
        let notice = if kind.is_notice() {
            layout.notice
        } else {
            ("", "")
        };
        let template = Template {
            subject: subject.to_owned(),
            text: [text, notice.0, layout.foot.0].concat(),
            html: Some([HEAD, html, notice.1, layout.foot.1].concat()),
        };
        Some((kind, *locale, template))
    };
    FILES.iter().filter_map(whole).collect()
});

/// The shipped template of a kind in a language of `LOCALES`.
#[must_use]
pub fn shipped(kind: Kind, locale: &str) -> Option<&'static Template> {
    let mut all = ALL.iter();
    let found = all.find(|(of, language, _)| *of == kind && *language == locale)?;
    Some(&found.2)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::{Addresses, LOCALES, check, render, sample};

    fn every() -> impl Iterator<Item = (Kind, &'static str, &'static Template)> {
        let kinds = Kind::ALL.iter().copied();
        kinds.flat_map(|kind| {
            LOCALES.iter().map(move |locale| {
                let template = shipped(kind, locale);
                (
                    kind,
                    *locale,
                    template.unwrap_or_else(|| panic!("{locale}/{kind} is missing")),
                )
            })
        })
    }

    fn rendered(kind: Kind, locale: &str, values: &Map<String, Value>) -> crate::Rendered {
        let template = shipped(kind, locale).expect("shipped");
        render(template, kind, values, &Addresses::default()).expect("renders")
    }

    #[test]
    fn every_kind_ships_in_every_language_and_nothing_else() {
        for (kind, locale, template) in every() {
            assert_eq!(check(template, kind), Ok(()), "{locale}/{kind}");
        }
        let names: Vec<&str> = LAYOUTS.iter().map(|layout| layout.locale).collect();
        assert_eq!(names, LOCALES);
        assert_eq!(FILES.len(), Kind::ALL.len() * LOCALES.len());
        assert_eq!(ALL.len(), FILES.len());
        assert_eq!(shipped(Kind::Invitation, "fr"), None);
    }

    #[test]
    fn a_mail_shows_every_value_that_it_has_in_both_forms() {
        for (kind, locale, _) in every() {
            let mail = rendered(kind, locale, &sample(kind, locale));
            let html = mail.html.unwrap_or_default();
            assert!(html.contains(&format!("<html lang=\"{locale}\">")));
            for (name, value) in sample(kind, locale) {
                let value = match &value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                // The advice for somebody else's change asks for no step of the user's own.
                let unasked = matches!(kind, Kind::Impersonated | Kind::AdminChangedAccount);
                if ["locale"].contains(&name.as_str()) || (unasked && name == "secureUrl") {
                    continue;
                }
                let hidden = kind == Kind::Invitation && name == "userName";
                assert!(
                    hidden || mail.text.contains(&value),
                    "{locale}/{kind} {name}"
                );
                let escaped = value.replace('/', "&#x2f;");
                assert!(hidden || html.contains(&escaped), "{locale}/{kind} {name}");
            }
            assert!(
                mail.subject.contains("Example") || kind == Kind::Invitation,
                "{kind}"
            );
        }
    }

    #[test]
    fn a_code_has_a_line_of_its_own_and_only_links_are_urls() {
        for (kind, locale, template) in every() {
            let mail = rendered(kind, locale, &sample(kind, locale));
            let lines: Vec<&str> = mail
                .text
                .lines()
                .filter(|line| *line == "12345678")
                .collect();
            let has_code = kind.variables().contains(&"code");
            assert_eq!(lines.len(), usize::from(has_code), "{locale}/{kind}");
            for line in mail.text.lines().filter(|line| line.contains("://")) {
                assert!(
                    line.starts_with("https://example.com/") && !line.contains(' '),
                    "{line}"
                );
            }
            let html = template.html.as_deref().unwrap_or_default();
            for outside in [
                "<img", "<script", "<link", "url(", "://", "@import", "<iframe",
            ] {
                assert!(!html.contains(outside), "{locale}/{kind} {outside}");
            }
        }
    }

    #[test]
    fn a_new_password_that_an_admin_asks_for_is_set_by_the_link() {
        for (kind, locale, _) in every().filter(|(kind, ..)| *kind == Kind::PasswordReset) {
            let mut values = sample(kind, locale);
            let _ = values.insert("code".to_owned(), json!(null));
            let mail = rendered(kind, locale, &values);
            let links = mail.text.lines().filter(|line| line.contains("?token="));
            assert_eq!(links.count(), 1, "{locale}");
            assert!(
                mail.html.is_some_and(|html| html.contains("<a ")),
                "{locale}"
            );
            assert!(
                !mail.text.contains("Code") && !mail.text.contains(" code"),
                "{locale}"
            );
        }
    }

    #[test]
    fn a_mail_without_values_leaves_out_its_lines() {
        for (kind, locale, _) in every() {
            let mut values = sample(kind, locale);
            values.retain(|name, _| {
                ["appName", "userEmail", "locale", "code"].contains(&name.as_str())
            });
            let mail = rendered(kind, locale, &values);
            let html = mail.html.unwrap_or_default();
            assert!(!html.contains("<a "), "{locale}/{kind}");
            let both = format!("{}\n{html}", mail.text);
            for odd in ["None", "none", "  ", " .", " ,", ": \n", "\n\n\n\n"] {
                assert!(
                    !both.replace("-- \n", "").contains(odd),
                    "{locale}/{kind} {odd:?}\n{both}"
                );
            }
        }
    }
}
