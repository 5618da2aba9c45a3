//! The template engine, narrowed: variables, conditions and a few filters.

use std::collections::BTreeMap;
use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, escape_formatter, filters};

/// The most instructions that a template may take.
const FUEL: u64 = 50_000;

/// The most bytes that a part may be rendered to.
const MAX_RENDERED: usize = 256 * 1024;

/// The most bytes within a tag. The engine calls itself for each operator of an expression, and so many fit its stack.
const MAX_TAG: usize = 500;

/// The most branches of a template, for the same reason.
const MAX_BRANCHES: usize = 200;

/// The tags that there are. Without loops and assignments no template can build a value that is much larger than itself.
const TAGS: [&str; 4] = ["if", "elif", "else", "endif"];

/// The values of variables, by name.
pub(crate) type Values = BTreeMap<&'static str, Value>;

/// A part of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Subject,
    Text,
    Html,
}

impl Part {
    /// The name of the part in a body.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "html",
        }
    }
}

/// The variables that a template may look up.
///
/// # Errors
/// The reason why it is no template.
pub(crate) fn variables(part: Part, source: &str) -> Result<Vec<String>, String> {
    narrowed(source)?;
    let environment = environment();
    let template = environment.template_from_named_str(part.as_str(), source);
    let template = template.map_err(|error| reason(&error))?;
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    names.sort();
    Ok(names)
}

/// Renders a part, once: tags in values stay text.
///
/// # Errors
/// The reason why it cannot be rendered. It holds no value.
pub(crate) fn render(part: Part, source: &str, values: &Values) -> Result<String, String> {
    narrowed(source)?;
    let environment = environment();
    let template = environment.template_from_named_str(part.as_str(), source);
    let template = template.map_err(|error| reason(&error))?;
    let mut output = Bounded(Vec::new());
    template
        .render_captured_to(values.clone(), &mut output)
        .map_err(|error| reason(&error))?;
    String::from_utf8(output.0).map_err(|error| error.to_string())
}

fn environment<'source>() -> Environment<'source> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // A line that holds a tag alone leaves no line.
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    // Only delimiters can fail to build, and these are the engine's own.
    environment.set_syntax(syntax.build().unwrap_or_default());
    environment.set_auto_escape_callback(|part| {
        if part == Part::Html.as_str() {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    environment.set_formatter(|output, state, value| {
        if value.is_none() {
            return Ok(());
        }
        escape_formatter(output, state, value)
    });
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("default", filters::default);
    environment.add_filter("escape", filters::escape);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
    environment
}

/// Refuses tags beyond the list, too long and too many ones, and multiplication, which makes a hundred megabytes of one
/// character.
fn narrowed(source: &str) -> Result<(), String> {
    let (mut rest, mut branches) = (source, 0);
    while let Some(start) = rest.find('{') {
        rest = &rest[start + 1..];
        let (end, is_tag) = match rest.chars().next() {
            Some('#') => {
                let end = rest.find("#}").ok_or("a comment does not end")?;
                rest = &rest[end + 2..];
                continue;
            }
            Some('{') => ("}}", false),
            Some('%') => ("%}", true),
            _ => continue,
        };
        let inside = inside(&rest[1..], end)?;
        let content = inside.trim_start_matches(['-', '+']).trim_start();
        let word = content
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next();
        let word = word.unwrap_or_default();
        if is_tag && !TAGS.contains(&word) {
            return Err(format!(
                "there is no tag `{word}`; there are `if`, `elif`, `else` and `endif`"
            ));
        }
        if inside.len() > MAX_TAG {
            return Err(format!("a tag is longer than {MAX_TAG} bytes"));
        }
        branches += usize::from(word == "elif");
        if branches > MAX_BRANCHES {
            return Err(format!("there are more than {MAX_BRANCHES} branches"));
        }
        rest = &rest[1 + inside.len() + end.len()..];
    }
    Ok(())
}

/// The text before the end of a tag, which no string of the tag holds.
fn inside<'source>(source: &'source str, end: &str) -> Result<&'source str, String> {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in source.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if source[at..].starts_with(end) => return Ok(&source[..at]),
            None if c == '*' => return Err("there is no multiplication".to_owned()),
            None if c == '"' || c == '\'' => quote = Some(c),
            None => {}
        }
    }
    Err(format!("a tag does not end with `{end}`"))
}

/// A failure as a sentence, without the values that it may show.
fn reason(error: &minijinja::Error) -> String {
    let kind = error.kind();
    let detail = match kind {
        ErrorKind::SyntaxError | ErrorKind::UnknownFilter | ErrorKind::UnknownTest => {
            error.detail()
        }
        _ => None,
    };
    let mut reason = kind.to_string();
    if let Some(detail) = detail {
        reason = format!("{reason}: {detail}");
    }
    if let Some(line) = error.line() {
        reason = format!("{reason}, line {line}");
    }
    reason
}

/// Takes so many bytes and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_RENDERED {
            return Err(io::Error::other("the mail would be too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str) -> Result<String, String> {
        let values = [
            ("name", Value::from("{{ 7 }} <b>")),
            ("empty", Value::from("")),
        ];
        render(Part::Text, source, &values.into())
    }

    #[test]
    fn variables_conditions_and_filters_are_there() {
        for (source, expected) in [
            ("Hi {{ name }}!", "Hi {{ 7 }} <b>!"),
            (
                "{% if empty %}a{% elif name == 'x' %}b{% else %}c{% endif %}",
                "c",
            ),
            ("{{ empty|default('you', true)|upper }}", "YOU"),
            ("{{ name|upper|lower|title|capitalize|trim|length }}", "11"),
            ("a\n{% if name %}\nb\n{% endif %}\nc", "a\nb\nc"),
            ("{# note #}{{ none }}{{ '{{' }}", "{{"),
            ("a { b } c }} {", "a { b } c }} {"),
        ] {
            assert_eq!(text(source).as_deref(), Ok(expected), "{source}");
        }
    }

    #[test]
    fn nothing_else_is_there() {
        for source in [
            "{% for i in [1, 2] %}{{ i }}{% endfor %}",
            "{%- for i in range(9) -%}{% endfor %}",
            "{% set a = 1 %}",
            "{% with a = 1 %}{% endwith %}",
            "{% include 'a' %}",
            "{% extends 'a' %}",
            "{% import 'a' as a %}",
            "{% macro a() %}{% endmacro %}",
            "{% autoescape false %}{% endautoescape %}",
            "{% filter upper %}{% endfilter %}",
            "{% raw %}{{ {% endraw %}",
            "{{ 'x' * 100000000 }}",
            "{{ 2 ** 9 }}",
            "{{ '}}' * 9 }}",
            "{{ '\\'}}' * 9 }}",
            "{{ name|safe }}",
            "{{ name|replace('a', 'b') }}",
            "{{ range(9) }}",
            "{{ name.a }}",
            "{{ name.upper() }}",
            "{{ unknown }}",
            "{% if unknown %}{% endif %}",
            "{{ name",
            "{% if name %}",
            "{# a",
            "{% if %}{% endif %}",
            "{{ }}",
        ] {
            assert!(text(source).is_err(), "{source}");
        }
    }

    #[test]
    fn fuel_and_size_have_a_limit() {
        let long = "{{ name }}".repeat(40_000);
        assert!(text(&long).is_err_and(|reason| reason.contains("fuel")));
        let long = "x".repeat(MAX_RENDERED + 1);
        assert!(text(&long).is_err());
        let deep = format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(text(&deep).is_err());
    }

    #[test]
    fn no_expression_and_no_branches_exceed_the_stack() {
        let tag = |expression: String| format!("{{{{ {expression} }}}}");
        let chain = |branches: usize| {
            let between = "{% elif empty %}".repeat(branches);
            format!("{{% if empty %}}{between}{{% endif %}}x")
        };
        for source in [
            tag("not ".repeat(16_000) + "1"),
            tag("-".repeat(60_000) + "1"),
            tag("1".to_owned() + &" ~ 1".repeat(16_000)),
            tag("name".to_owned() + &"|upper".repeat(10_000)),
            tag("1 if 1 else ".repeat(5_000) + "1"),
            tag("name".to_owned() + &".a".repeat(30_000)),
            tag("name".to_owned() + &"[0]".repeat(20_000)),
            chain(4_000),
        ] {
            assert!(text(&source).is_err(), "{}", &source[..20]);
        }
        // The longest that are taken.
        for source in [
            tag("-".repeat(MAX_TAG - 3) + "1"),
            tag("not ".repeat(MAX_TAG / 4 - 1) + "1"),
            tag("1".to_owned() + &"~1".repeat(MAX_TAG / 2 - 2)),
            tag("name".to_owned() + &"[0]".repeat(MAX_TAG / 3 - 3)),
        ] {
            let _ = text(&source);
        }
        assert_eq!(text(&chain(MAX_BRANCHES)).as_deref(), Ok("x"));
    }

    #[test]
    fn variables_are_those_of_every_branch() {
        let names = variables(
            Part::Text,
            "{% if a %}{{ b|upper }}{% else %}{{ c ~ d }}{% endif %}",
        );
        assert_eq!(names, Ok(["a", "b", "c", "d"].map(str::to_owned).to_vec()));
        assert!(variables(Part::Text, "{% if a %}").is_err_and(|it| it.contains("line 1")));
    }
}
