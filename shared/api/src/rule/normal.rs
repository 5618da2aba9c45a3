//! The normal form of rules, and how rules are compared and joined.

use std::collections::BTreeSet;

/// A requirement of a rule on a caller who is no admin. Each of them takes a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Atom {
    /// Any user.
    Authenticated,
    /// The owner of the record.
    Owner,
    /// A user of this role.
    Role(String),
    /// A user with a proven address.
    Verified,
}

/// A user who is no admin, as far as rules look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The user's role.
    pub role: &'a str,
    /// Whether the user has an address and has proven it.
    pub is_verified: bool,
}

/// A rule: admins pass, and so does a caller who meets all atoms of one alternative. Anyone meets an alternative
/// without atoms; a rule without alternatives is for admins alone.
///
/// Every rule has one normal form: no alternative implies another, and all are in order. So two rules with the same
/// meaning are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule(Vec<BTreeSet<Atom>>);

/// The records that a rule opens to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// No record.
    Nothing,
    /// The caller's own records.
    Own,
    /// Every record.
    All,
}

impl Default for Rule {
    fn default() -> Self {
        Self::public()
    }
}

impl Rule {
    /// Anyone, with a token or without. The default.
    #[must_use]
    pub fn public() -> Self {
        Self(vec![BTreeSet::new()])
    }

    /// Anyone with a valid token.
    #[must_use]
    pub fn authenticated() -> Self {
        Self::atom(Atom::Authenticated)
    }

    /// Anyone with a valid token and a proven address.
    #[must_use]
    pub fn verified() -> Self {
        Self::atom(Atom::Verified)
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

    /// Whether some users meet it only for the records that they own.
    #[must_use]
    pub fn names_owner(&self) -> bool {
        self.0.iter().any(|all| all.contains(&Atom::Owner))
    }

    /// Whether it asks some users for a proven address.
    #[must_use]
    pub fn names_verified(&self) -> bool {
        self.0.iter().any(|all| all.contains(&Atom::Verified))
    }

    /// The reach for a user who is no admin, or for a stranger.
    #[must_use]
    pub fn reach(&self, who: Option<Member<'_>>) -> Reach {
        let of = |all: &BTreeSet<Atom>| {
            let is_met = |atom: &Atom| match atom {
                Atom::Authenticated | Atom::Owner => who.is_some(),
                Atom::Role(name) => who.is_some_and(|who| who.role == name),
                Atom::Verified => who.is_some_and(|who| who.is_verified),
            };
            match all.iter().all(is_met) {
                true if all.contains(&Atom::Owner) => Reach::Own,
                true => Reach::All,
                false => Reach::Nothing,
            }
        };
        self.0.iter().map(of).max().unwrap_or(Reach::Nothing)
    }

    /// The alternatives, each as its atoms.
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

    /// The rule for a record that the caller creates: the creator of a record is its owner.
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

    /// Whether every caller who passes this passes the other.
    #[must_use]
    pub fn implies(&self, other: &Self) -> bool {
        self.clone().or(other.clone()) == *other
    }

    /// Joins two rules by "or".
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::normal(self.0.into_iter().chain(other.0).collect())
    }

    /// Joins two rules by "and".
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
            // An owner, a user of a role, and one with a proven address are users; no user has two roles.
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
        // An alternative that asks for more than another adds no caller; a user who meets any atom is authenticated.
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
}
