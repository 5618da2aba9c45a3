//! The order of a file's lines: of two lines that claim the same, the earlier one wins, however many are under way.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The claims of a line, of which no two users can have one, with the line's mark.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    /// Each claim with its name in words, hashed so that many of them take little memory.
    claims: Vec<(u64, String)>,
    mark: u64,
}

impl Claims {
    /// The claims of a line.
    pub(crate) fn new(claims: &[(String, String)], mark: &str) -> Self {
        let hashed = |(claim, name): &(String, String)| (digest(claim), name.clone());
        Self {
            claims: claims.iter().map(hashed).collect(),
            mark: digest(mark),
        }
    }
}

/// The decision on a line that claims what an earlier line has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// It is that line once more.
    Same,
    /// It is another one: the reason of the refusal.
    Other(String),
}

/// The claims of the lines so far.
#[derive(Debug, Default)]
pub(crate) struct Order {
    under_way: HashSet<u64>,
    /// The line that has a claim, and its mark.
    won: HashMap<u64, (u64, u64)>,
}

impl Order {
    /// Whether a line has to wait: an earlier line that claims the same is not decided yet.
    pub(crate) fn waits(&self, line: &Claims) -> bool {
        let claims = line.claims.iter();
        claims
            .into_iter()
            .any(|(claim, _)| self.under_way.contains(claim))
    }

    /// The earlier line that has what this line claims, if there is one. `word` is the word for a line of the file.
    pub(crate) fn earlier(&self, line: &Claims, word: &str) -> Option<Earlier> {
        let (number, mark, name) = line.claims.iter().find_map(|(claim, name)| {
            let (number, mark) = self.won.get(claim)?;
            Some((number, *mark, name))
        })?;
        Some(if mark == line.mark {
            Earlier::Same
        } else {
            Earlier::Other(format!("has the {name} of {word} {number}."))
        })
    }

    /// Notes that a line is being decided.
    pub(crate) fn begin(&mut self, line: &Claims) {
        self.under_way
            .extend(line.claims.iter().map(|(claim, _)| claim));
    }

    /// Notes the decision: a line whose user is there keeps its claims.
    pub(crate) fn end(&mut self, number: u64, line: &Claims, won: Won) {
        for (claim, _) in &line.claims {
            self.under_way.remove(claim);
            if won == Won::All {
                self.won.insert(*claim, (number, line.mark));
            }
        }
    }
}

/// Whether a line got what it claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Won {
    /// All of it.
    All,
    /// Nothing: a later line may have it.
    Nothing,
}

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(address: &str, username: &str, mark: &str) -> Claims {
        let claims = [(address, "address"), (username, "`username`")];
        let claims = claims.map(|(claim, name)| (claim.to_owned(), name.to_owned()));
        Claims::new(&claims, mark)
    }

    #[test]
    fn a_line_waits_for_the_earlier_one_and_gets_what_that_did_not_get() {
        let mut order = Order::default();
        let (first, second) = (line("a@b", "ada", "1"), line("c@d", "ada", "2"));
        order.begin(&first);
        assert!(order.waits(&second) && !order.waits(&line("c@d", "bob", "2")));
        order.end(1, &first, Won::Nothing);
        assert!(!order.waits(&second));
        assert_eq!(order.earlier(&second, "line"), None);

        order.begin(&second);
        order.end(2, &second, Won::All);
        let has = |what: &str| Some(Earlier::Other(format!("has the {what} of line 2.")));
        assert_eq!(
            order.earlier(&line("x@y", "ada", "3"), "line"),
            has("`username`")
        );
        assert_eq!(
            order.earlier(&line("c@d", "ada", "3"), "line"),
            has("address")
        );
        assert_eq!(order.earlier(&second, "line"), Some(Earlier::Same));
    }
}
