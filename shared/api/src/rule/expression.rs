//! Expressions of rules: reading, writing and describing them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::rule::normal::{Atom, Rule};

/// The most bytes of an expression.
const MAX_LENGTH: usize = 256;

/// The most alternatives of a rule in its normal form: parentheses can multiply them.
const MAX_ALTERNATIVES: usize = 32;

/// The deepest nesting of parentheses.
const MAX_DEPTH: usize = 8;

impl Rule {
    /// Reads an expression.
    ///
    /// # Errors
    /// The place and the reason why the text is no expression, and an example.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("an expression has at most {MAX_LENGTH} bytes"));
        }
        let mut parser = Parser {
            text,
            at: 0,
            depth: 0,
        };
        let rule = parser.any()?;
        match parser.peek() {
            None => Ok(rule),
            Some(_) => Err(parser.expected("`&`, `|` or the end")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Rule, String> {
        let mut rule = self.all()?;
        while self.take('|') {
            rule = bounded(rule.or(self.all()?))?;
        }
        Ok(rule)
    }

    fn all(&mut self) -> Result<Rule, String> {
        let mut rule = self.one()?;
        while self.take('&') {
            rule = bounded(rule.and(&self.one()?))?;
        }
        Ok(rule)
    }

    fn one(&mut self) -> Result<Rule, String> {
        if self.take('(') {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(format!("parentheses nest deeper than {MAX_DEPTH}"));
            }
            let rule = self.any()?;
            self.depth -= 1;
            return if self.take(')') {
                Ok(rule)
            } else {
                Err(self.expected("`)`"))
            };
        }
        let start = self.at;
        match self.word() {
            "public" | "guest" => Ok(Rule::public()),
            "authenticated" | "user" => Ok(Rule::authenticated()),
            "verified" => Ok(Rule::verified()),
            "owner" | "self" => Ok(Rule::owner()),
            "admin" => Ok(Rule::admin()),
            word => match word.strip_prefix("role:") {
                Some(name) if is_role(name) => Ok(Rule::role(name)),
                Some(_) => Err(format!(
                    "`{word}` must name a role, ^[a-z][a-z0-9_-]{{0,31}}$"
                )),
                None => {
                    self.at = start;
                    Err(self.expected(
                        "`public`, `authenticated`, `verified`, `owner`, `admin`, `role:<name>` or `(`",
                    ))
                }
            },
        }
    }

    /// The next word; empty if there is none.
    fn word(&mut self) -> &'a str {
        let _ = self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"_-:*".contains(c))
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// The next character after spaces.
    fn peek(&mut self) -> Option<char> {
        let rest = self.text.get(self.at..)?;
        self.at += rest.len() - rest.trim_start().len();
        rest.trim_start().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn expected(&self, what: &str) -> String {
        format!(
            "`{}` is not a rule: at character {} there must be {what}",
            self.text,
            self.at + 1
        )
    }
}

fn bounded(rule: Rule) -> Result<Rule, String> {
    if rule.alternatives().count() > MAX_ALTERNATIVES {
        return Err(format!(
            "the expression comes to more than {MAX_ALTERNATIVES} alternatives; say it more simply"
        ));
    }
    Ok(rule)
}

/// Whether a role may have this name: `^[a-z][a-z0-9_-]{0,31}$`.
#[must_use]
pub fn is_role(name: &str) -> bool {
    let fits = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-'
    };
    name.len() <= 32
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(fits)
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_admin() {
            return f.write_str("admin");
        }
        for (at, all) in self.alternatives().enumerate() {
            f.write_str(if at > 0 { " | " } else { "" })?;
            if all.is_empty() {
                f.write_str("public")?;
            }
            for (at, atom) in all.iter().enumerate() {
                f.write_str(if at > 0 { " & " } else { "" })?;
                match atom {
                    Atom::Authenticated => f.write_str("authenticated")?,
                    Atom::Owner => f.write_str("owner")?,
                    Atom::Verified => f.write_str("verified")?,
                    Atom::Role(name) => write!(f, "role:{name}")?,
                }
            }
        }
        Ok(())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Rule {
    fn schema_name() -> Cow<'static, str> {
        "Rule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let atom = "(public|guest|authenticated|user|verified|owner|self|admin|role:[a-z][a-z0-9_-]{0,31})";
        let pattern = format!("^[ (]*{atom}([ )]*[&|][ (]*{atom})*[ )]*$");
        json_schema!({
            "description": "Who may do it: an expression of `public`, `authenticated`, `verified`, `owner`, `admin` and `role:<name>` with \
                `&`, `|` and parentheses. Admins pass every rule.",
            "anyOf": [
                { "enum": ["public", "authenticated", "verified", "owner", "admin"] },
                { "type": "string", "maxLength": MAX_LENGTH, "pattern": pattern },
            ],
        })
    }
}
