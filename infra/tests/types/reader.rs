//! Reads a generated file: its declarations, and its types in one notation, in which equal types are equal texts.

use std::collections::{BTreeMap, BTreeSet};

/// The name of all members that have no declaration.
pub(crate) const OTHERS: &str = "[name]";

/// A member of an interface.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) optional: bool,
    pub(crate) kind: String,
}

/// A declaration of a file.
#[derive(Debug)]
pub(crate) enum Declared {
    Interface(BTreeMap<String, Member>),
    Alias(String),
}

/// The declarations of a file, by name. An interface with `extends` has its own members alone. A mapped type is left out.
pub(crate) fn declarations(text: &str) -> BTreeMap<String, Declared> {
    let mut found = BTreeMap::new();
    let code: Vec<&str> = text.lines().filter(|line| !is_comment(line)).collect();
    for part in code.join("\n").split("\nexport ") {
        let (head, rest) = part.split_once([' ']).unwrap_or_default();
        match head {
            "interface" => {
                let (name, body) = rest.split_once(" {").unwrap();
                let name = name.split(['<', ' ']).next().unwrap();
                let body = body.rsplit_once('}').unwrap().0;
                found.insert(name.to_owned(), Declared::Interface(members(body)));
            }
            "type" => {
                let (name, kind) = rest.split_once(" =").unwrap();
                let kind = kind.trim().trim_end_matches(';');
                if kind.contains(" in keyof ") {
                    continue;
                }
                found.insert(name.to_owned(), Declared::Alias(normal(kind)));
            }
            _ => {}
        }
    }
    found
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("/**") || line.starts_with("//")
}

fn members(body: &str) -> BTreeMap<String, Member> {
    let mut reader = Reader { rest: body };
    let mut found = BTreeMap::new();
    while !reader.rest.trim_start().is_empty() {
        let (name, optional) = reader.name();
        let kind = reader.union();
        reader.take(";");
        let earlier = found.insert(name.clone(), Member { optional, kind });
        assert!(earlier.is_none(), "{name} twice");
    }
    found
}

/// The notation of a type.
pub(crate) fn normal(kind: &str) -> String {
    let mut reader = Reader { rest: kind };
    let kind = reader.union();
    assert_eq!(reader.rest.trim(), "", "not read to its end: {kind}");
    kind
}

/// One of some types, in the notation of this file: `string` says more than a literal.
pub(crate) fn one_of(kinds: impl IntoIterator<Item = String>) -> String {
    let mut kinds: BTreeSet<String> = kinds.into_iter().collect();
    if kinds.contains("string") {
        kinds.retain(|kind| !kind.starts_with('"'));
    }
    kinds.into_iter().collect::<Vec<_>>().join(" | ")
}

/// A list, in the notation of this file.
pub(crate) fn list_of(items: &str) -> String {
    format!("({items})[]")
}

/// An object, in the notation of this file.
pub(crate) fn object_of(members: &BTreeMap<String, Member>) -> String {
    let member = |(name, member): (&String, &Member)| {
        format!(
            "{name}{}: {}",
            if member.optional { "?" } else { "" },
            member.kind
        )
    };
    let members: Vec<String> = members.iter().map(member).collect();
    format!("{{ {} }}", members.join("; "))
}

/// A map, in the notation of this file.
pub(crate) fn map_of(values: &str) -> String {
    format!("{{ [name]: {values} }}")
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn sees(&mut self, mark: &str) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.starts_with(mark)
    }

    fn takes(&mut self, mark: &str) -> bool {
        let sees = self.sees(mark);
        if sees {
            self.rest = &self.rest[mark.len()..];
        }
        sees
    }

    #[track_caller]
    fn take(&mut self, mark: &str) {
        assert!(self.takes(mark), "no {mark} at: {}", self.rest);
    }

    fn word(&mut self) -> String {
        self.rest = self.rest.trim_start();
        let quoted = self.rest.strip_prefix('"').and_then(|rest| rest.find('"'));
        let end = quoted.map_or_else(
            || {
                self.rest
                    .find(|c: char| !(c.is_alphanumeric() || "_$.-+".contains(c)))
            },
            |end| Some(end + 2),
        );
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        assert!(!word.is_empty(), "no word at: {}", self.rest);
        self.rest = rest;
        word.to_owned()
    }

    /// The name of a member, up to its type.
    fn name(&mut self) -> (String, bool) {
        if self.takes("[name: string]:") {
            return (OTHERS.to_owned(), false);
        }
        let name = self.word().trim_matches('"').to_owned();
        let optional = self.takes("?");
        self.take(":");
        (name, optional)
    }

    fn union(&mut self) -> String {
        self.takes("|");
        let mut kinds = vec![self.one()];
        while self.takes("|") {
            kinds.push(self.one());
        }
        one_of(kinds)
    }

    fn one(&mut self) -> String {
        self.takes("readonly ");
        let mut kind = if self.takes("(") {
            let inner = self.union();
            self.take(")");
            inner
        } else if self.takes("{") {
            self.object()
        } else {
            let word = self.word();
            if self.takes("<") {
                let inner = self.union();
                self.take(">");
                format!("{word}<{inner}>")
            } else {
                word
            }
        };
        while self.takes("[]") {
            kind = list_of(&kind);
        }
        if self.takes("[") {
            kind = format!("{kind}[{}]", self.word());
            self.take("]");
        }
        kind
    }

    fn object(&mut self) -> String {
        let mut found = BTreeMap::new();
        while !self.takes("}") {
            let (name, optional) = self.name();
            let kind = self.union();
            found.insert(name, Member { optional, kind });
            self.takes(";");
        }
        object_of(&found)
    }
}

#[test]
fn types_that_are_equal_are_equal_texts() {
    for (one, other) in [
        ("string | null", "null | string"),
        (r#""b" | "a""#, r#"| "a" | "b""#),
        (r#""a" | string"#, "string"),
        ("readonly string[]", "string[]"),
        ("(string | null)[]", "readonly (null | string)[]"),
        ("{ b: 1; a?: string }", "{ a?: string; b: 1 }"),
    ] {
        assert_eq!(normal(one), normal(other));
    }
    for (one, other) in [
        ("string", "number"),
        ("string[]", "string"),
        ("string | null", "string"),
        ("{ a?: string }", "{ a: string }"),
        ("{ a: string }", "{ a: string; b: string }"),
        ("{ [name: string]: string }", "{ [name: string]: unknown }"),
        ("Tests<string>", "Tests<number>"),
    ] {
        assert_ne!(normal(one), normal(other));
    }
    let file = "// A file.\n\n/** A type. */\nexport interface A {\n  /** It: a. */\n  a?: string | null;\n  \"b-c\": { d: 1 }[];\n}\n\nexport type B =\n  | \"x\"\n  | \"y\";\n";
    let found = format!("{:?}", declarations(file));
    assert!(found.contains(r#""A": Interface({"a": Member { optional: true, kind: "null | string" }, "b-c": Member { optional: false, kind: "({ d: 1 })[]" }})"#), "{found}");
    assert!(found.contains(r#""B": Alias("\"x\" | \"y\"")"#), "{found}");
}
