//! The normal form of rules, and how rules are compared and joined.

use std::collections::BTreeSet;

/// The role of an account that nobody has given an address: it is a user, but does not count as `authenticated`.
pub const ANONYMOUS: &str = "anonymous";

/// A requirement of a rule on a caller who is no admin. Each of them takes a user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Atom {
    /// Any user whose account is not anonymous.
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

impl Atom {
    /// Whether it is met by anonymous accounts alone.
    fn is_anonymous(&self) -> bool {
        matches!(self, Self::Role(name) if name == ANONYMOUS)
    }

    /// Whether each user who meets it is authenticated. An owner may be anonymous.
    fn is_authenticated(&self) -> bool {
        match self {
            Self::Authenticated | Self::Verified => true,
            Self::Role(_) => !self.is_anonymous(),
            Self::Owner => false,
        }
    }
}

impl Member<'_> {
    /// Whether the account is anonymous.
    #[must_use]
    pub fn is_anonymous(self) -> bool {
        self.role == ANONYMOUS
    }
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

    /// Anyone with a valid token, but for anonymous accounts.
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
                Atom::Authenticated => who.is_some_and(|who| !who.is_anonymous()),
                Atom::Owner => who.is_some(),
                Atom::Role(name) => who.is_some_and(|who| who.role == name),
                Atom::Verified => who.is_some_and(|who| who.is_verified && !who.is_anonymous()),
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
        let mut all: Vec<BTreeSet<Atom>> = alternatives.into_iter().filter_map(possible).collect();
        let (authenticated, anonymous) = (Atom::Authenticated, Atom::Role(ANONYMOUS.to_owned()));
        let owner = BTreeSet::from([Atom::Owner]);
        let all_have = |atom: &Atom| {
            let found = all.iter().filter(|atoms| atoms.contains(atom));
            let rest = |atoms: &BTreeSet<Atom>| {
                let others = atoms.iter().filter(|other| *other != atom);
                others.cloned().collect::<BTreeSet<_>>()
            };
            found.map(rest).collect::<BTreeSet<_>>()
        };
        // Each user is either authenticated or anonymous.
        let (one, two) = (all_have(&authenticated), all_have(&anonymous));
        let [none, own] = [BTreeSet::new(), owner.clone()];
        if one.contains(&none) && two.contains(&none) {
            all.retain(|atoms| {
                atoms.is_empty() || atoms.len() == 1 && !atoms.contains(&Atom::Owner)
            });
        } else if [(&one, &two), (&two, &one)].iter().any(|(some, others)| {
            some.contains(&own) && (others.contains(&none) || others.contains(&own))
        }) {
            all.push(owner);
        }
        // An alternative that asks for more than another adds no caller.
        let any = BTreeSet::from([authenticated]);
        let weaker = |one: &BTreeSet<Atom>, two: &BTreeSet<Atom>| {
            let is_authenticated = || *one == any && two.iter().any(Atom::is_authenticated);
            one != two && (one.is_subset(two) || is_authenticated())
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

/// An alternative in its shortest form; `None` where no user meets it.
fn possible(mut atoms: BTreeSet<Atom>) -> Option<BTreeSet<Atom>> {
    let roles = atoms.iter().filter(|atom| matches!(atom, Atom::Role(_)));
    // No user has two roles, and no anonymous account is authenticated.
    if roles.count() > 1
        || atoms.iter().any(Atom::is_anonymous) && atoms.iter().any(Atom::is_authenticated)
    {
        return None;
    }
    let says_more = |atom: &Atom| *atom != Atom::Authenticated && atom.is_authenticated();
    if atoms.iter().any(says_more) {
        let _ = atoms.remove(&Atom::Authenticated);
    }
    Some(atoms)
}
