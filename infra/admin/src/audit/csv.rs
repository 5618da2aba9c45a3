//! Entries of the audit log as CSV (RFC 4180), safe to open in a spreadsheet.

use std::io::{self, Write};

use api::wire::AuditEntry;

/// The names of the columns.
const NAMES: [&str; 19] = [
    "id",
    "type",
    "at",
    "actorType",
    "actorId",
    "actorRole",
    "actorKeyId",
    "actorImpersonator",
    "actorTrigger",
    "subjectCollection",
    "subjectId",
    "subjectOwner",
    "requestId",
    "ip",
    "userAgent",
    "changed",
    "reason",
    "roleFrom",
    "roleTo",
];

/// The characters by which a spreadsheet takes a cell for a formula, or skips to one (OWASP, CSV injection).
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Writes the line of names.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write_names(out: &mut impl Write) -> io::Result<()> {
    write_line(out, &NAMES.map(ToOwned::to_owned))
}

/// Writes the line of an entry. A cell without a value is empty, and the names of `changed` have blanks between them.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(out: &mut impl Write, entry: &AuditEntry) -> io::Result<()> {
    write_line(out, &cells(entry))
}

fn cells(entry: &AuditEntry) -> [String; NAMES.len()] {
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    let actor = entry.actor.as_ref();
    let id = |id: Option<api::Id>| id.map(|id| id.to_string()).unwrap_or_default();
    let role = entry.role.as_ref();
    [
        entry.id.to_string(),
        entry.r#type.clone(),
        entry.at.to_string(),
        actor.map_or_else(String::new, |it| it.r#type.as_str().to_owned()),
        id(actor.and_then(|it| it.id)),
        text(actor.and_then(|it| it.role.as_ref())),
        id(actor.and_then(|it| it.key_id)),
        id(actor.and_then(|it| it.impersonator)),
        text(actor.and_then(|it| it.trigger.as_ref())),
        entry.subject.collection.clone(),
        entry.subject.id.clone(),
        text(entry.subject.owner.as_ref()),
        text(entry.request_id.as_ref()),
        text(entry.ip.as_ref()),
        text(entry.user_agent.as_ref()),
        entry.changed.join(" "),
        text(entry.reason.as_ref()),
        text(role.map(|it| &it.from)),
        text(role.map(|it| &it.to)),
    ]
}

fn write_line(out: &mut impl Write, cells: &[String]) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    write!(out, "{}\r\n", cells.join(","))
}

/// A cell between quotation marks where it needs them. One that a spreadsheet would take for a formula begins with an
/// apostrophe.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(FORMULA) { "'" } else { "" };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if guard.is_empty() && cell.bytes().all(is_plain) {
        return cell.to_owned();
    }
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use api::event::{Actor, ActorType, Subject};
    use api::wire::RoleChange;
    use api::{Id, Timestamp};

    use super::*;

    fn entry(user_agent: &str) -> AuditEntry {
        let at = Timestamp::from_millis(1_790_000_000_000);
        let id = Id::new(at, [1; 10]);
        AuditEntry {
            id,
            r#type: "user.updated".to_owned(),
            at,
            actor: Some(Actor {
                id: Some(id),
                role: Some("admin".to_owned()),
                ..Actor::of(ActorType::User)
            }),
            subject: Subject {
                collection: "users".to_owned(),
                id: id.to_string(),
                owner: None,
            },
            request_id: Some("r=1".to_owned()),
            ip: Some("203.0.113.7".to_owned()),
            user_agent: Some(user_agent.to_owned()),
            changed: vec!["name".to_owned(), "role".to_owned()],
            reason: None,
            role: Some(RoleChange {
                from: "user".to_owned(),
                to: "editor".to_owned(),
            }),
        }
    }

    #[test]
    fn a_line_has_every_part_in_its_column() {
        let mut out = Vec::new();
        write_names(&mut out).expect("written");
        write(&mut out, &entry("curl/8.0 (\"x\", y)")).expect("written");
        let text = String::from_utf8(out).expect("UTF-8");
        let id = entry("").id;
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], NAMES.join(","));
        assert_eq!(
            lines[1],
            format!(
                "{id},user.updated,2026-09-21T14:13:20.000Z,user,{id},admin,,,,users,{id},,\"r=1\",203.0.113.7,\
                 \"curl/8.0 (\"\"x\"\", y)\",\"name role\",,user,editor"
            )
        );
        assert_eq!(lines[2..], [""]);
    }

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_its_line() {
        for (cell, written) in [
            ("", ""),
            ("a-b_c.d:e", "a-b_c.d:e"),
            ("a b", "\"a b\""),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("＝1", "\"'＝1\""),
            ("=\"x\"", "\"'=\"\"x\"\"\""),
        ] {
            assert_eq!(quoted(cell), written, "{cell:?}");
        }
    }
}
