//! `cargo dev check`: the permissions of each collection in plain words, and the parts that are open to the world.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use api::check::{Checked, Problem};
use api::rule::{Atom, Member, Reach, Rule};
use api::{Definition, Operation};
use serde_json::Value;

use crate::checks;

const OPERATIONS: [(Operation, &str); 5] = [
    (Operation::Create, "create"),
    (Operation::Read, "read"),
    (Operation::List, "list"),
    (Operation::Update, "change"),
    (Operation::Delete, "delete"),
];

/// Any user without a role of the project's own; the role of such a user is called `authenticated`.
const MEMBER: Member<'_> = Member {
    role: "authenticated",
    is_verified: false,
};

/// Prints the permissions of the project's collections.
///
/// # Errors
/// A definition or the settings are broken, in one line each.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let (settings, checked) = checks::collections(root)?;
    print!("{}", text(&checked, &settings.auth.roles));
    Ok(())
}

/// The whole report.
fn text(checked: &Checked, roles: &[String]) -> String {
    let mut text = String::from(
        "Admins, and secret keys within their scopes, may do everything. Everybody else:\n",
    );
    for definition in &checked.definitions {
        let _ = write!(text, "\n{}\n", definition.name);
        for line in lines(definition, roles) {
            let _ = writeln!(text, "  {line}");
        }
    }
    let open = checked.definitions.iter().filter_map(|definition| {
        let open = reached(definition, None, Reach::All);
        let some = if definition.row_filters.is_empty() {
            ""
        } else {
            ", as far as its row filters show"
        };
        let told = format!(
            "  {}: anyone in the world may {}{some}",
            definition.name,
            series(&open, "and")
        );
        (!open.is_empty()).then_some(told)
    });
    let open: Vec<String> = open.collect();
    if !open.is_empty() {
        let _ = write!(
            text,
            "\nOpen to the world, without signing in:\n{}\n",
            open.join("\n")
        );
    }
    if !checked.warnings.is_empty() {
        let warning = |problem: &Problem| format!("  {problem}");
        let warnings: Vec<String> = checked.warnings.iter().map(warning).collect();
        let _ = write!(text, "\nWorth a look:\n{}\n", warnings.join("\n"));
    }
    text
}

/// How far a caller gets with an operation. A record that may not be read may not be changed.
fn reach(definition: &Definition, operation: Operation, who: Option<Member<'_>>) -> Reach {
    let of = |operation| definition.rule(operation).reach(who);
    match operation {
        // The creator of a record is its owner.
        Operation::Create if of(operation) == Reach::Own => Reach::All,
        Operation::Create => of(operation),
        Operation::Update | Operation::Delete => {
            of(operation).min(reach(definition, Operation::Read, who))
        }
        // A row filter that applies to a caller shows some records.
        Operation::Read | Operation::List => of(operation).min(rows_reach(definition, who)),
    }
}

/// How far the row filters let a caller see.
fn rows_reach(definition: &Definition, who: Option<Member<'_>>) -> Reach {
    let rows = &definition.row_filters;
    let shown = rows
        .iter()
        .filter(|row| who.is_some() || !row.names_user())
        .map(|row| row.when.reach(who));
    if rows.is_empty() {
        Reach::All
    } else {
        shown.max().unwrap_or(Reach::Nothing)
    }
}

/// The operations in which a caller gets exactly this far.
fn reached(definition: &Definition, who: Option<Member<'_>>, far: Reach) -> Vec<&'static str> {
    let reached = OPERATIONS
        .iter()
        .filter(|(operation, _)| reach(definition, *operation, who) == far);
    reached.map(|(_, word)| *word).collect()
}

/// Describes a definition, line by line.
fn lines(definition: &Definition, roles: &[String]) -> Vec<String> {
    let rights = |who| [Reach::All, Reach::Own].map(|far| reached(definition, Some(who), far));
    let stranger = reached(definition, None, Reach::All);
    let [member, owner] = rights(MEMBER);
    let mut lines = vec![format!("A stranger {}.", may(&stranger))];
    lines.push(match member == stranger {
        true => "A member may do no more than a stranger.".to_owned(),
        false => format!("A member {}.", may(&member)),
    });
    lines.push(match owner.is_empty() {
        true => "The owner of a record may do no more than a member.".to_owned(),
        false => format!(
            "The owner of a record may also {} it.",
            series(&owner, "and")
        ),
    });
    let plain = [member, owner];
    let names = [MEMBER.role]
        .into_iter()
        .chain(roles.iter().map(String::as_str));
    for role in names {
        let [unproven, proven] =
            [false, true].map(|is_verified| rights(Member { role, is_verified }));
        let who = if role == MEMBER.role {
            "A member with".to_owned()
        } else {
            let who = format!("A user with the role {role}");
            lines.push(line(&who, &unproven, &plain));
            format!("{who} and")
        };
        if proven != unproven {
            lines.push(line(&format!("{who} a proven address"), &proven, &plain));
        }
    }
    for field in definition.ruled() {
        for (rule, done) in [(&field.read, "shown to"), (&field.write, "to be set by")] {
            if !rule.is_public() {
                lines.push(format!("The field {} is {done} {}.", field.name, who(rule)));
            }
        }
    }
    for row in &definition.row_filters {
        let own = row.when.names_owner()
            && row
                .when
                .alternatives()
                .all(|atoms| atoms.contains(&Atom::Owner));
        let which = if own { "the own records" } else { "records" };
        let shown = match row.filter.is_empty() {
            true if own => "all the own records".to_owned(),
            true => "all records".to_owned(),
            false => format!("{which} that are {}", Value::Object(row.filter.clone())),
        };
        lines.push(format!("Row filter: {} sees {shown}.", who(&row.when)));
    }
    if !definition.row_filters.is_empty() {
        lines.push(
            "A record that no row filter shows is not there, to be read or changed.".to_owned(),
        );
    }
    lines
}

/// The line of some callers who have these rights on all records and on their own, beside those of a member.
fn line(who: &str, rights: &[Vec<&str>; 2], member: &[Vec<&str>; 2]) -> String {
    let [any, own] = rights;
    if rights == member {
        return format!("{who} may do no more than a member.");
    }
    match (any.is_empty(), own.is_empty()) {
        (_, true) => format!("{who} {}.", may(any)),
        (true, false) => format!("{who} may {} their own records.", series(own, "and")),
        (false, false) => {
            let own = series(own, "and");
            format!("{who} {}, and {own} their own records.", may(any))
        }
    }
}

fn may(words: &[&str]) -> String {
    if words.is_empty() {
        "may do nothing".to_owned()
    } else {
        format!("may {}", series(words, "and"))
    }
}

/// `a`, `a and b`, `a, b and c`.
fn series<T: AsRef<str>>(words: &[T], last: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// The callers who pass a rule, beside admins.
fn who(rule: &Rule) -> String {
    let of = |atoms: &BTreeSet<Atom>| {
        let role = atoms.iter().find_map(|atom| {
            if let Atom::Role(name) = atom {
                Some(name)
            } else {
                None
            }
        });
        let who = match (atoms.contains(&Atom::Owner), role) {
            (true, None) => "the owner".to_owned(),
            (true, Some(role)) => format!("the owner who has the role {role}"),
            (false, Some(role)) => format!("whoever has the role {role}"),
            (false, None) if atoms.is_empty() => "anyone".to_owned(),
            (false, None) => "anyone signed in".to_owned(),
        };
        match (atoms.contains(&Atom::Verified), role) {
            (false, _) => who,
            (true, None) => format!("{who} with a proven address"),
            (true, Some(_)) => format!("{who} and a proven address"),
        }
    };
    let who: Vec<String> = rule.alternatives().map(of).collect();
    if who.is_empty() {
        "nobody but admins".to_owned()
    } else {
        series(&who, "or")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(files: &[(&str, &str)], roles: &[&str]) -> String {
        let files: Vec<_> = files
            .iter()
            .map(|(name, text)| (format!("{name}.json"), (*text).to_owned()))
            .collect();
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        text(&api::check::check(&files).expect("valid"), &roles)
    }

    #[test]
    fn the_sample_collections_are_told_in_plain_words() {
        let sample = |name: &'static str| {
            let file = local::root()
                .join("tests/collections")
                .join(format!("{name}.json"));
            (name, std::fs::read_to_string(file).expect("a sample"))
        };
        let names = [
            "articles",
            "assignments",
            "comments",
            "drafts",
            "feedback",
            "notes",
            "posts",
            "products",
            "reports",
            "wiki",
        ];
        let mut texts: Vec<(&str, String)> = names.into_iter().map(sample).collect();
        // Comments refer to them; their warnings are not compared.
        texts.push((
            "orders",
            r#"{"name":"orders","fields":[],"permissions":{"create":"admin","read":"admin"}}"#
                .to_owned(),
        ));
        let texts: Vec<(&str, &str)> = texts
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let expected = "\
Admins, and secret keys within their scopes, may do everything. Everybody else:

articles
  A stranger may read and list.
  A member may create, read and list.
  The owner of a record may also change and delete it.
  A user with the role editor may create, read, list, change and delete.
  The field featured is to be set by whoever has the role editor.
  The field remarks is shown to the owner or whoever has the role editor.
  The field remarks is to be set by the owner or whoever has the role editor.
  The field score is shown to whoever has the role editor.
  The field score is to be set by whoever has the role editor.
  The field source is shown to whoever has the role editor.
  Row filter: anyone sees records that are {\"status\":\"published\"}.
  Row filter: the owner sees all the own records.
  Row filter: whoever has the role editor sees records that are {\"status\":{\"$ne\":\"draft\"}}.
  Row filter: anyone signed in sees records that are {\"readers\":{\"$contains\":\"$userId\"}}.
  A record that no row filter shows is not there, to be read or changed.

assignments
  A stranger may do nothing.
  A member may do no more than a stranger.
  The owner of a record may do no more than a member.
  A user with the role editor may create, and read and list their own records.

comments
  A stranger may read and list.
  A member may create, read and list.
  The owner of a record may also change and delete it.
  A user with the role editor may create, read, list, change and delete.

drafts
  A stranger may do nothing.
  A member may create.
  The owner of a record may also read and list it.
  A user with the role editor may create, read and list, and change and delete their own records.

feedback
  A stranger may create.
  A member may do no more than a stranger.
  The owner of a record may do no more than a member.
  A user with the role editor may do no more than a member.

notes
  A stranger may do nothing.
  A member may create.
  The owner of a record may also read, list, change and delete it.
  A user with the role editor may do no more than a member.

orders
  A stranger may do nothing.
  A member may do no more than a stranger.
  The owner of a record may do no more than a member.
  A user with the role editor may do no more than a member.

posts
  A stranger may read and list.
  A member may create, read and list.
  The owner of a record may also change and delete it.
  A user with the role editor may do no more than a member.

products
  A stranger may read and list.
  A member may create, read, list, change and delete.
  The owner of a record may do no more than a member.
  A user with the role editor may do no more than a member.

reports
  A stranger may do nothing.
  A member may do no more than a stranger.
  The owner of a record may do no more than a member.
  A user with the role editor may read, list, change and delete.

wiki
  A stranger may do nothing.
  A member may read, list, change and delete.
  The owner of a record may do no more than a member.
  A user with the role editor may create, read, list, change and delete.

Open to the world, without signing in:
  articles: anyone in the world may read and list, as far as its row filters show
  comments: anyone in the world may read and list
  feedback: anyone in the world may create
  posts: anyone in the world may read and list
  products: anyone in the world may read and list

Worth a look:
  collections/articles.json: fields[2].unique: a refused `slug` tells that some record of `articles` has it, also to \
those who do not see that record
  collections/feedback.json: permissions: strangers may create records of `feedback`
";
        assert_eq!(told(&texts, &["editor"]), expected);
    }

    #[test]
    fn each_role_is_told_apart() {
        let rules = r#"{ "name": "a", "fields": [], "permissions": { "create": "role:chief", "read": "owner | role:chief",
            "list": "admin", "update": "owner & role:chief | role:auditor", "delete": "role:auditor" } }"#;
        let told = told(&[("a", rules)], &["auditor", "chief"]);
        let expected = "
a
  A stranger may do nothing.
  A member may do no more than a stranger.
  The owner of a record may also read it.
  A user with the role auditor may read, change and delete their own records.
  A user with the role chief may create and read, and change their own records.
";
        assert_eq!(told.split_once(":\n").map(|(_, told)| told), Some(expected));
    }

    #[test]
    fn members_with_a_proven_address_are_told_apart() {
        let rules = r#"{ "name": "a", "fields": [{ "name": "by", "type": "string", "read": "verified & role:chief" },
                { "name": "of", "type": "string", "read": "owner & verified" }],
            "permissions": { "create": "verified", "read": "authenticated", "list": "verified & role:chief",
            "update": "owner & verified", "delete": "admin" }, "rowFilters": [{ "when": "verified" }, { "when": "owner" }] }"#;
        let told = told(&[("a", rules)], &["auditor", "chief"]);
        let expected = "
a
  A stranger may do nothing.
  A member may do no more than a stranger.
  The owner of a record may also read it.
  A member with a proven address may create and read, and change their own records.
  A user with the role auditor may do no more than a member.
  A user with the role auditor and a proven address may create and read, and change their own records.
  A user with the role chief may do no more than a member.
  A user with the role chief and a proven address may create, read and list, and change their own records.
  The field by is shown to whoever has the role chief and a proven address.
  The field of is shown to the owner with a proven address.
  Row filter: anyone signed in with a proven address sees all records.
  Row filter: the owner sees all the own records.
  A record that no row filter shows is not there, to be read or changed.
";
        assert_eq!(told.split_once(":\n").map(|(_, told)| told), Some(expected));
    }

    #[test]
    fn whom_no_row_filter_is_for_may_read_nothing() {
        let rules = r#"{ "name": "a", "fields": [{ "name": "by", "type": "string" }],
            "permissions": { "create": "admin", "update": "authenticated", "delete": "admin" },
            "rowFilters": [{ "when": "owner", "filter": { "by": "x" } }, { "filter": { "by": "$userId" } }] }"#;
        let told = told(&[("a", rules)], &[]);
        let expected = "
a
  A stranger may do nothing.
  A member may read, list and change.
  The owner of a record may do no more than a member.
  Row filter: the owner sees the own records that are {\"by\":\"x\"}.
  Row filter: anyone sees records that are {\"by\":\"$userId\"}.
  A record that no row filter shows is not there, to be read or changed.
";
        assert_eq!(told.split_once(":\n").map(|(_, told)| told), Some(expected));
    }

    #[test]
    fn what_says_nothing_is_open_to_the_world() {
        let told = told(&[("a", r#"{ "name": "a", "fields": [] }"#)], &[]);
        let expected = "
a
  A stranger may create, read, list, change and delete.
  A member may do no more than a stranger.
  The owner of a record may do no more than a member.

Open to the world, without signing in:
  a: anyone in the world may create, read, list, change and delete

Worth a look:
  collections/a.json: permissions: strangers may create and update and delete records of `a`
";
        assert_eq!(told.split_once(":\n").map(|(_, told)| told), Some(expected));
    }
}
