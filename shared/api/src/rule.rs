//! Rules: who may do something, as an expression.
//!
//! ```text
//! rule = all { "|" all }
//! all  = atom { "&" atom }
//! atom = "public" | "authenticated" | "owner" | "admin" | "role:" name | "(" rule ")"
//! ```
//!
//! `guest` is another name of `public`, `user` of `authenticated` and `self` of `owner`. Spaces mean nothing. Whatever the
//! spelling, a rule is kept in one normal form, and admins pass every rule.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The most bytes of an expression.
const MAX_LENGTH: usize = 256;

/// The most alternatives of a rule in its normal form: parentheses can multiply them.
const MAX_ALTERNATIVES: usize = 32;

/// How deep parentheses may nest.
const MAX_DEPTH: usize = 8;

/// One thing that a rule asks for, beside not being an admin. Each of them takes a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Atom {
    /// Any user.
    Authenticated,
    /// The owner of the record.
    Owner,
    /// A user of this role.
    Role(String),
}

/// Who may do something: admins, and whoever meets all atoms of one alternative. An alternative without atoms is met by
/// anyone; a rule without alternatives is for admins alone.
///
/// Every rule has one normal form: no alternative says what another one says already, and all are in order. So two
/// rules that are equal say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule(Vec<BTreeSet<Atom>>);

/// How far a rule lets somebody go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Nowhere.
    Nothing,
    /// To the own records.
    Own,
    /// To every record.
    All,
}

impl Default for Rule {
    fn default() -> Self {
        Self::public()
    }
}

impl Rule {
    /// Anyone, with a token or without. What holds when nothing is said.
    #[must_use]
    pub fn public() -> Self {
        Self(vec![BTreeSet::new()])
    }

    /// Anyone with a valid token.
    #[must_use]
    pub fn authenticated() -> Self {
        Self::atom(Atom::Authenticated)
    }

    /// The record's owner.
    #[must_use]
    pub fn owner() -> Self {
        Self::atom(Atom::Owner)
    }

    /// Users of a role.
    #[must_use]
    pub fn role(name: impl Into<String>) -> Self {
        Self::atom(Atom::Role(name.into()))
    }

    /// Admins alone.
    #[must_use]
    pub const fn admin() -> Self {
        Self(Vec::new())
    }

    fn atom(atom: Atom) -> Self {
        Self(vec![BTreeSet::from([atom])])
    }

    /// Whether a stranger passes.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.0.iter().any(BTreeSet::is_empty)
    }

    /// Whether only admins pass.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is met by some users for the records alone that they own.
    #[must_use]
    pub fn names_owner(&self) -> bool {
        self.0.iter().any(|all| all.contains(&Atom::Owner))
    }

    /// How far it lets a user of this role go who is no admin, or a stranger, who has none.
    #[must_use]
    pub fn reach(&self, role: Option<&str>) -> Reach {
        let of = |all: &BTreeSet<Atom>| {
            let is_met = |atom: &Atom| match atom {
                Atom::Authenticated | Atom::Owner => role.is_some(),
                Atom::Role(name) => role == Some(name),
            };
            match all.iter().all(is_met) {
                true if all.contains(&Atom::Owner) => Reach::Own,
                true => Reach::All,
                false => Reach::Nothing,
            }
        };
        self.0.iter().map(of).max().unwrap_or(Reach::Nothing)
    }

    /// What the alternatives ask for.
    pub fn alternatives(&self) -> impl Iterator<Item = &BTreeSet<Atom>> {
        self.0.iter()
    }

    /// The roles that it names, each once.
    #[must_use]
    pub fn roles(&self) -> BTreeSet<&str> {
        let role = |atom: &'_ Atom| matches!(atom, Atom::Role(_));
        let roles = self.0.iter().flatten().filter(|atom| role(atom));
        roles
            .filter_map(|atom| {
                if let Atom::Role(name) = atom {
                    Some(name.as_str())
                } else {
                    None
                }
            })
            .collect()
    }

    /// Who passes it for a record that they are creating: whoever creates a record is its owner.
    #[must_use]
    pub fn of_creator(&self) -> Self {
        let owner = |atom: &Atom| {
            if *atom == Atom::Owner {
                Atom::Authenticated
            } else {
                atom.clone()
            }
        };
        Self::normal(
            self.0
                .iter()
                .map(|all| all.iter().map(owner).collect())
                .collect(),
        )
    }

    /// Whether everybody who passes this passes the other.
    #[must_use]
    pub fn implies(&self, other: &Self) -> bool {
        self.clone().or(other.clone()) == *other
    }

    /// Whoever meets one of the two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::normal(self.0.into_iter().chain(other.0).collect())
    }

    /// Whoever meets both.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let both = |one: &BTreeSet<Atom>| {
            other
                .0
                .iter()
                .map(|two| one.union(two).cloned().collect())
                .collect::<Vec<_>>()
        };
        Self::normal(self.0.iter().flat_map(both).collect())
    }

    /// The normal form of some alternatives.
    fn normal(alternatives: Vec<BTreeSet<Atom>>) -> Self {
        let mut all: Vec<BTreeSet<Atom>> = Vec::new();
        for mut atoms in alternatives {
            // Whoever owns something or has a role is a user; and nobody has two roles.
            if atoms.len() > 1 {
                let _ = atoms.remove(&Atom::Authenticated);
            }
            if atoms
                .iter()
                .filter(|atom| matches!(atom, Atom::Role(_)))
                .count()
                < 2
            {
                all.push(atoms);
            }
        }
        // What asks for more than another alternative adds nobody; each user meets what asks for any.
        let any = BTreeSet::from([Atom::Authenticated]);
        let weaker = |one: &BTreeSet<Atom>, two: &BTreeSet<Atom>| {
            one != two && (one.is_subset(two) || (*one == any && !two.is_empty()))
        };
        let mut kept: Vec<BTreeSet<Atom>> = all
            .iter()
            .filter(|atoms| !all.iter().any(|other| weaker(other, atoms)))
            .cloned()
            .collect();
        kept.sort();
        kept.dedup();
        Self(kept)
    }

    /// Reads an expression.
    ///
    /// # Errors
    /// Where and why it is none, and what one looks like.
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
                        "`public`, `authenticated`, `owner`, `admin`, `role:<name>` or `(`",
                    ))
                }
            },
        }
    }

    /// The word that comes next; empty if none does.
    fn word(&mut self) -> &'a str {
        let _ = self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"_-:*".contains(c))
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// What comes next after spaces.
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
    if rule.0.len() > MAX_ALTERNATIVES {
        return Err(format!(
            "the expression comes to more than {MAX_ALTERNATIVES} alternatives; say it more simply"
        ));
    }
    Ok(rule)
}

/// Whether a role may be called so: `^[a-z][a-z0-9_-]{0,31}$`.
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
        for (at, all) in self.0.iter().enumerate() {
            f.write_str(if at > 0 { " | " } else { "" })?;
            if all.is_empty() {
                f.write_str("public")?;
            }
            for (at, atom) in all.iter().enumerate() {
                f.write_str(if at > 0 { " & " } else { "" })?;
                match atom {
                    Atom::Authenticated => f.write_str("authenticated")?,
                    Atom::Owner => f.write_str("owner")?,
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
        let atom = "(public|guest|authenticated|user|owner|self|admin|role:[a-z][a-z0-9_-]{0,31})";
        let pattern = format!("^[ (]*{atom}([ )]*[&|][ (]*{atom})*[ )]*$");
        json_schema!({
            "description": "Who may do it: an expression of `public`, `authenticated`, `owner`, `admin` and `role:<name>` with `&`, `|` and \
                parentheses. Admins pass every rule.",
            "anyOf": [
                { "enum": ["public", "authenticated", "owner", "admin"] },
                { "type": "string", "maxLength": MAX_LENGTH, "pattern": pattern },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_has_one_normal_form() {
        for (text, normal) in [
            ("public", "public"),
            ("guest", "public"),
            (" user ", "authenticated"),
            ("self", "owner"),
            ("admin", "admin"),
            ("role:editor", "role:editor"),
            ("owner|role:editor", "owner | role:editor"),
            ("role:editor | owner", "owner | role:editor"),
            ("admin | owner", "owner"),
            ("admin & owner", "admin"),
            ("public | owner", "public"),
            ("public & owner", "owner"),
            ("user | owner", "authenticated"),
            ("user & owner", "owner"),
            ("role:a & role:b", "admin"),
            ("role:a & role:a", "role:a"),
            ("role:a & owner | role:a", "role:a"),
            ("role:a & owner | role:b", "owner & role:a | role:b"),
            (
                "role:a & (owner | role:b) | role:b & owner",
                "owner & role:a | owner & role:b",
            ),
            (
                "(role:a | role:b) & owner",
                "owner & role:a | owner & role:b",
            ),
            ("role:a | role:b & owner", "owner & role:b | role:a"),
        ] {
            let rule = Rule::parse(text).expect(text);
            assert_eq!(rule.to_string(), normal, "{text}");
            assert_eq!(Rule::parse(normal), Ok(rule), "{text}");
        }
    }

    #[test]
    fn a_rule_may_say_less_than_another() {
        for (one, other, expected) in [
            ("admin", "role:a", true),
            ("role:a", "admin", false),
            ("owner", "authenticated", true),
            ("authenticated", "owner", false),
            ("authenticated", "public", true),
            ("role:a & owner", "role:a | role:b", true),
            ("role:a | owner", "role:a", false),
            ("role:a | role:b", "role:b | role:c | role:a", true),
        ] {
            let rule = |text: &str| Rule::parse(text).expect(text);
            assert_eq!(rule(one).implies(&rule(other)), expected, "{one} {other}");
        }
        for (rule, expected) in [
            ("owner", "authenticated"),
            ("owner & role:a | role:b", "role:a | role:b"),
            ("public", "public"),
        ] {
            assert_eq!(
                Rule::parse(rule).expect(rule).of_creator().to_string(),
                expected
            );
        }
    }

    #[test]
    fn what_is_no_expression_is_told_with_its_place() {
        let long = "a".repeat(257);
        let deep = format!("{}owner{}", "(".repeat(9), ")".repeat(9));
        let wide = (0..6)
            .map(|n| format!("(role:a{n}&owner|role:b{n})"))
            .collect::<Vec<_>>()
            .join("|");
        assert!(Rule::parse(&wide).is_ok());
        for (text, expected) in [
            ("", "at character 1"),
            ("everyone", "at character 1 there must be `public`"),
            ("owner &", "at character 8"),
            ("owner | | admin", "at character 9"),
            (
                "owner admin",
                "at character 7 there must be `&`, `|` or the end",
            ),
            ("(owner", "at character 7 there must be `)`"),
            ("owner)", "at character 6"),
            ("role:", "`role:` must name a role"),
            ("role:*", "`role:*` must name a role"),
            ("role:Editor", "must name a role"),
            ("Owner", "at character 1"),
            ("öwner", "at character 1"),
            (&long, "at most 256 bytes"),
            (&deep, "nest deeper"),
        ] {
            let problem = Rule::parse(text).expect_err(text);
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }

    /// A xorshift generator: the same numbers each time.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 33).unwrap_or_default() % bound
        }
    }

    /// Whatever is read has one normal form, and nothing makes the parser give up in another way than an error.
    #[test]
    fn random_texts_are_read_again_as_they_are_written() {
        const WORDS: &[&str] = &[
            "public",
            "guest",
            "user",
            "authenticated",
            "self",
            "owner",
            "admin",
            "role:a",
            "role:b",
            "role:",
            "role:*",
            "&",
            "|",
            "&",
            "|",
            "&",
            "|",
            "(",
            ")",
            "(",
            ")",
            " ",
            "  ",
            "\t",
            "\u{a0}",
            "ö",
            "\0",
            ":",
            "A",
            "&&",
        ];
        let (mut dice, mut read) = (Dice(0x5eed), 0);
        for _ in 0..200_000 {
            let text: String = (0..dice.below(12))
                .map(|_| WORDS[dice.below(WORDS.len())])
                .collect();
            let Ok(rule) = Rule::parse(&text) else {
                continue;
            };
            read += 1;
            let normal = rule.to_string();
            assert_eq!(Rule::parse(&normal), Ok(rule.clone()), "{text}");
            assert_eq!(
                serde_json::from_value::<Rule>(serde_json::json!(rule)).ok(),
                Some(rule),
                "{text}"
            );
        }
        assert!(read > 5_000, "{read}");
    }

    /// The worst that fits in an expression takes no longer than anybody would wait.
    #[expect(clippy::disallowed_methods, reason = "it is timed")]
    #[test]
    fn no_expression_takes_long() {
        let product = |count: usize, wide: usize| {
            let sum = |n: usize| {
                (0..wide)
                    .map(|m| format!("role:{n}{m}&self"))
                    .collect::<Vec<_>>()
                    .join("|")
            };
            (0..count)
                .map(|n| format!("({})", sum(n)))
                .collect::<Vec<_>>()
                .join("&")
        };
        let mut texts = vec![
            "(".repeat(256),
            "owner&".repeat(42),
            "owner|".repeat(42),
            "((((((((self))))))))|".repeat(12),
        ];
        texts.extend((1..8).flat_map(|count| (1..16).map(move |wide| product(count, wide))));
        let letters = "abcdefghijklmnopqrstuvwxyz";
        texts.push(
            letters
                .chars()
                .map(|letter| format!("role:{letter}"))
                .collect::<Vec<_>>()
                .join("|"),
        );
        let start = std::time::Instant::now();
        for text in &texts {
            let _ = Rule::parse(text);
        }
        let took = start.elapsed() / u32::try_from(texts.len()).unwrap_or(1);
        assert!(took < std::time::Duration::from_millis(20), "{took:?} each");
    }
}
