//! The table of `docs/mail.md`: the kinds of mail, for those who write templates.

use std::fmt::Write;

use api::mail::Kind;

/// The kinds, each with its sentence and the variables beside the common ones.
pub(crate) fn table() -> String {
    let mut table = "| Kind | | Variables |\n|---|---|---|\n".to_owned();
    for kind in Kind::ALL {
        let own = kind.variables().iter().filter(|name| !is_common(name));
        let own: Vec<String> = own.map(|name| format!("`{name}`")).collect();
        // Writing to a text cannot fail.
        let _ = writeln!(table, "| `{kind}` | {} | {} |", kind.when(), own.join(", "));
    }
    table
}

/// Whether every kind has this variable.
fn is_common(name: &&str) -> bool {
    Kind::ALL.iter().all(|kind| kind.variables().contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_kind_when_it_is_sent_and_its_variables() {
        let table = table();
        assert_eq!(table.lines().count(), Kind::ALL.len() + 2);
        let line = "| `account-exists` | An address that has an account was registered, or named in an email change. | \
                    `loginUrl`, `resetUrl` |\n";
        assert!(table.contains(line), "{table}");
    }
}
