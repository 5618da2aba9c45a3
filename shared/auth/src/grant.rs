//! The requirements that rules put on a record for a caller.

use api::Id;
use api::rule::{Reach, Rule};

use crate::caller::Caller;

/// Which records a list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every record.
    All,
    /// The caller's records.
    OwnedBy(Id),
}

/// The requirement on a record that the caller changes: the condition of the write itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Any record that exists.
    Exists,
    /// The caller's own record.
    OwnedBy(Id),
    /// No record: the write only finds out whether the answer is 403 or 404.
    Never,
}

impl Requirement {
    /// Whether a record of this owner meets it.
    #[must_use]
    pub fn is_met(&self, owner: Option<&str>) -> bool {
        match self {
            Self::Exists => true,
            Self::OwnedBy(id) => owner == Some(id.to_string().as_str()),
            Self::Never => false,
        }
    }

    /// Both requirements, of the same caller.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Never, _) | (_, Self::Exists) => self,
            (_, Self::Never) | (Self::Exists, _) => other,
            (Self::OwnedBy(one), Self::OwnedBy(two)) => {
                if one == two {
                    self
                } else {
                    Self::Never
                }
            }
        }
    }
}

/// The requirement that a rule puts on a record for this caller. No other function evaluates rules.
#[must_use]
pub fn granted(rule: &Rule, caller: &Caller) -> Requirement {
    let reach = if caller.is_admin() {
        Reach::All
    } else {
        rule.reach(caller.member())
    };
    match (reach, caller.id()) {
        (Reach::All, _) => Requirement::Exists,
        (Reach::Own, Some(id)) => Requirement::OwnedBy(id),
        (Reach::Own, None) | (Reach::Nothing, _) => Requirement::Never,
    }
}

/// Whether a rule lets this caller create. The creator of a record is its owner, so `owner` means `authenticated` here: an
/// anonymous account needs a rule that names it.
#[must_use]
pub fn is_granted_to_creator(rule: &Rule, caller: &Caller) -> bool {
    match granted(rule, caller) {
        Requirement::Exists => true,
        Requirement::OwnedBy(_) => !caller.is_anonymous(),
        Requirement::Never => false,
    }
}

#[cfg(test)]
mod tests {
    use api::settings::Auth;

    use super::*;
    use crate::sample::{NOW, caller, signed_in};
    use crate::user::User;

    #[test]
    fn a_rule_comes_to_one_requirement() {
        let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
        let own = Requirement::OwnedBy(member.id().expect("a user"));
        let never = Requirement::Never;
        for (rule, to_member) in [
            ("authenticated", Requirement::Exists),
            ("owner | role:editor", own.clone()),
            ("owner & role:editor", never.clone()),
            ("role:editor", never.clone()),
            ("role:authenticated | role:editor", Requirement::Exists),
            ("owner & role:authenticated | role:editor", own),
        ] {
            let rule = Rule::parse(rule).expect("a rule");
            assert_eq!(granted(&rule, &stranger), never, "{rule}");
            assert_eq!(granted(&rule, &member), to_member, "{rule}");
            assert_eq!(granted(&rule, &admin), Requirement::Exists, "{rule}");
        }
    }

    #[test]
    fn a_proven_address_is_that_of_the_stored_user() {
        let mut user = User::new(Id::new(NOW, [1; 10]), "a@b".into(), false, NOW);
        let own = Requirement::OwnedBy(user.id);
        let of =
            |rule: &str, user: &User| granted(&Rule::parse(rule).expect(rule), &signed_in(user));
        let rules = ["verified", "owner & verified", "verified | owner"];
        let unproven = [Requirement::Never, Requirement::Never, own.clone()];
        assert_eq!(rules.map(|rule| of(rule, &user)), unproven);
        user.email_verified_at = Some(NOW);
        let proven = [Requirement::Exists, own, Requirement::Exists];
        assert_eq!(rules.map(|rule| of(rule, &user)), proven);
        let admin = caller(2, true);
        assert_eq!(granted(&Rule::verified(), &admin), Requirement::Exists);
        assert_eq!(
            granted(&Rule::verified(), &Caller::stranger()),
            Requirement::Never
        );
    }

    #[test]
    fn a_target_must_be_the_callers_to_read() {
        let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
        let own = Requirement::OwnedBy(member.id().expect("a user"));
        for (rule, expected) in [
            (
                Rule::public(),
                [
                    Requirement::Exists,
                    Requirement::Exists,
                    Requirement::Exists,
                ],
            ),
            (
                Rule::authenticated(),
                [Requirement::Never, Requirement::Exists, Requirement::Exists],
            ),
            (
                Rule::owner(),
                [Requirement::Never, own, Requirement::Exists],
            ),
            (
                Rule::admin(),
                [Requirement::Never, Requirement::Never, Requirement::Exists],
            ),
        ] {
            let got = [&stranger, &member, &admin].map(|who| granted(&rule, who));
            assert_eq!(got, expected, "{rule:?}");
        }
    }

    /// An expression as a tree, evaluated atom by atom.
    enum Naive {
        Atom(&'static str),
        All(Box<Naive>, Box<Naive>),
        Any(Box<Naive>, Box<Naive>),
    }

    impl Naive {
        fn roll(dice: &mut impl FnMut(usize) -> usize, depth: usize) -> Self {
            const ATOMS: [&str; 11] = [
                "public",
                "guest",
                "authenticated",
                "user",
                "verified",
                "owner",
                "self",
                "admin",
                "role:editor",
                "role:chief",
                "role:anonymous",
            ];
            let part = |dice: &mut _| Box::new(Self::roll(dice, depth - 1));
            match dice(if depth == 0 { 1 } else { 3 }) {
                0 => Self::Atom(ATOMS[dice(ATOMS.len())]),
                1 => Self::All(part(dice), part(dice)),
                _ => Self::Any(part(dice), part(dice)),
            }
        }

        /// With no more parentheses than `&` before `|` needs.
        fn text(&self) -> String {
            let within = |part: &Self| match part {
                Self::Any(..) => format!("({})", part.text()),
                _ => part.text(),
            };
            match self {
                Self::Atom(atom) => (*atom).to_owned(),
                Self::All(one, two) => format!("{} & {}", within(one), within(two)),
                Self::Any(one, two) => format!("{}|{}", one.text(), two.text()),
            }
        }

        fn holds(&self, caller: &Caller, owner: Option<&str>) -> bool {
            match self {
                _ if caller.is_admin() => true,
                Self::All(one, two) => one.holds(caller, owner) && two.holds(caller, owner),
                Self::Any(one, two) => one.holds(caller, owner) || two.holds(caller, owner),
                Self::Atom("public" | "guest") => true,
                Self::Atom("authenticated" | "user") => {
                    caller.id().is_some() && caller.role() != Some("anonymous")
                }
                Self::Atom("verified") => caller.member().is_some_and(|it| it.is_verified),
                Self::Atom("owner" | "self") => caller
                    .id()
                    .map(|id| id.to_string())
                    .as_deref()
                    .is_some_and(|id| owner == Some(id)),
                Self::Atom("admin") => false,
                Self::Atom(role) => role
                    .strip_prefix("role:")
                    .is_some_and(|role| caller.role() == Some(role)),
            }
        }
    }

    #[test]
    fn random_expressions_mean_what_their_words_say() {
        let mut state = 0x5eed_u64;
        let mut dice = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap_or_default() % bound
        };
        let mut editor = User::new(Id::new(NOW, [3; 10]), "c@b".into(), false, NOW);
        editor.role = "editor".to_owned();
        let mut proven = User::new(Id::new(NOW, [4; 10]), "d@b".into(), false, NOW);
        proven.email_verified_at = Some(NOW);
        let nobody = User::anonymous(Id::new(NOW, [6; 10]), &Auth::default(), NOW);
        let callers = [
            signed_in(&proven),
            Caller::stranger(),
            caller(1, false),
            caller(2, true),
            signed_in(&editor),
            signed_in(&nobody),
        ];
        let mut owners: Vec<Option<String>> = callers
            .iter()
            .map(|caller| caller.id().map(|id| id.to_string()))
            .collect();
        owners.push(Some("another".to_owned()));
        let mut read = 0;
        for _ in 0..20_000 {
            let naive = Naive::roll(&mut dice, 4);
            // The parser refuses a rule that is too long or too complex.
            let Ok(rule) = Rule::parse(&naive.text()) else {
                continue;
            };
            read += 1;
            for caller in &callers {
                for owner in &owners {
                    let owner = owner.as_deref();
                    let expected = naive.holds(caller, owner);
                    assert_eq!(
                        granted(&rule, caller).is_met(owner),
                        expected,
                        "{} {caller:?} {owner:?}",
                        naive.text()
                    );
                }
            }
        }
        assert!(read > 10_000, "{read}");
    }
}
