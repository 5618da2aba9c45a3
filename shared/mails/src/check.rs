//! The check of a template before it is saved.

use api::Detail;
use api::mail::{Kind, Template};

use crate::engine::{self, Part};
use crate::render::{Addresses, render};
use crate::sample::sample;

/// The most characters of a subject.
const MAX_SUBJECT: usize = 200;

/// The most bytes of a text.
const MAX_BYTES: usize = 64 * 1024;

/// The variables that always have a value, but for `code`.
const CERTAIN: [&str; 6] = ["appName", "userEmail", "locale", "minutes", "days", "when"];

/// Whether a variable always has a value in mails of a kind. A new password that an admin asks for has no code.
fn is_certain(name: &str, kind: Kind) -> bool {
    CERTAIN.contains(&name) || (name == "code" && kind != Kind::PasswordReset)
}

/// Checks that a template can be sent as a mail of a kind, whatever is known of its user.
///
/// # Errors
/// A detail for each of `subject`, `text` and `html` that cannot.
pub fn check(template: &Template, kind: Kind) -> Result<(), Vec<Detail>> {
    let mut parts = vec![
        (Part::Subject, template.subject.as_str()),
        (Part::Text, template.text.as_str()),
    ];
    parts.extend(template.html.as_deref().map(|html| (Part::Html, html)));
    let faults = parts
        .into_iter()
        .filter_map(|(part, source)| fault(part, source, kind));
    let mut details: Vec<Detail> = faults.collect();
    if details.is_empty() {
        details.extend(trial(template, kind));
    }
    if details.is_empty() {
        Ok(())
    } else {
        Err(details)
    }
}

/// The fault of one part as it stands.
fn fault(part: Part, source: &str, kind: Kind) -> Option<Detail> {
    let name = part.as_str();
    let detail = |code: &str, message: String| Some(Detail::new(name, code, message));
    if source.trim().is_empty() && part != Part::Html {
        return detail("required", format!("`{name}` must not be empty."));
    }
    if part == Part::Subject && source.chars().count() > MAX_SUBJECT {
        let message = format!("`{name}` must have at most {MAX_SUBJECT} characters.");
        return detail("max-length", message);
    }
    if source.len() > MAX_BYTES {
        return detail("max-length", format!("`{name}` must have at most 64 KiB."));
    }
    let names = match engine::variables(part, source) {
        Ok(names) => names,
        Err(reason) => return detail("format", format!("`{name}` is no template: {reason}.")),
    };
    let unknown = names
        .iter()
        .find(|it| !kind.variables().contains(&it.as_str()))?;
    let known = kind.variables().join("`, `");
    detail(
        "unknown-variable",
        format!("`{name}` names `{unknown}`; a mail `{kind}` has `{known}`."),
    )
}

/// Renders with every value and with the certain ones alone: a filter that does not exist shows itself only there.
fn trial(template: &Template, kind: Kind) -> Option<Detail> {
    let full = sample(kind, "en");
    let mut scarce = full.clone();
    scarce.retain(|name, _| is_certain(name, kind));
    for values in [full, scarce] {
        let Err(error) = render(template, kind, &values, &Addresses::default()) else {
            continue;
        };
        let part = error.0.split(':').next().unwrap_or_default();
        let message = format!("`{part}` cannot be rendered: {error}.");
        return Some(Detail::new(part, "format", message));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(subject: &str, text: &str, html: Option<&str>) -> Vec<String> {
        let template = Template {
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: html.map(str::to_owned),
        };
        let details = check(&template, Kind::VerifyEmail)
            .err()
            .unwrap_or_default();
        let shown = details
            .into_iter()
            .map(|it| format!("{} {}", it.field, it.code));
        shown.collect()
    }

    #[test]
    fn a_template_that_can_be_sent_is_good() {
        assert_eq!(faults("{{ appName }}", "{{ code }}", None), [""; 0]);
        assert_eq!(
            faults(&"x".repeat(200), &"x".repeat(65_536), Some("")),
            [""; 0]
        );
        assert_eq!(
            faults(
                "a",
                "{% if userName %}{{ userName|title }}{% endif %}",
                Some("<p>")
            ),
            [""; 0]
        );
    }

    #[test]
    fn every_part_that_cannot_be_sent_is_named() {
        let long = "x".repeat(65_537);
        for (subject, text, html, expected) in [
            ("", "a", None, vec!["subject required"]),
            (" ", " ", None, vec!["subject required", "text required"]),
            (&"ä".repeat(201), "a", None, vec!["subject max-length"]),
            (
                "a",
                &long,
                Some(long.as_str()),
                vec!["text max-length", "html max-length"],
            ),
            (
                "{{",
                "{% for",
                Some("{% if a %}"),
                vec!["subject format", "text format", "html format"],
            ),
            (
                "{{ magicUrl }}",
                "{% if no %}{{ no }}{% endif %}",
                Some("{{ code }}"),
                vec!["subject unknown-variable", "text unknown-variable"],
            ),
            ("a", "{{ code|nothing }}", None, vec!["text format"]),
            ("a", "a", Some("{{ userName|safe }}"), vec!["html format"]),
            ("{{ userName }}", "a", None, vec!["subject format"]),
        ] {
            assert_eq!(faults(subject, text, html), expected, "{subject}");
        }
    }
}
