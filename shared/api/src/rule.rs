//! Rules: permissions as expressions.
//!
//! ```text
//! rule = all { "|" all }
//! all  = atom { "&" atom }
//! atom = "public" | "authenticated" | "verified" | "owner" | "admin" | "role:" name | "(" rule ")"
//! ```
//!
//! `guest` is another name of `public`, `user` of `authenticated` and `self` of `owner`. Spaces mean nothing. In any
//! spelling, a rule is kept in one normal form, and admins pass every rule. An anonymous account has the role `anonymous`,
//! and is not `authenticated`.

mod expression;
mod normal;
#[cfg(test)]
mod tests;

pub use self::expression::is_role;
pub use self::normal::{ANONYMOUS, Atom, Member, Reach, Rule};
