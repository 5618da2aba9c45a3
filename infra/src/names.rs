//! Names of template resources.

/// The longest name of a stack for which every generated name fits, in characters.
pub const STACK_NAME: usize = 32;

/// The start of the ARN of every function of the stack, for `Fn::Sub`.
pub const FUNCTIONS: &str =
    "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-";

/// The logical id of the bucket of lost records.
pub const LOST: &str = "LostBucket";

/// The logical id of the topic that hears of bounces and complaints.
pub const FEEDBACK: &str = "MailFeedback";

/// The longest name that Lambda gives a function, in characters.
const MAX_FUNCTION_NAME: usize = 64;

/// A name in camel case with a capital first: `records-get` is `RecordsGet`.
///
/// Two names have the same form only if they differ only in case, `-` and `_`. No two endpoints and no two collections
/// do: so the logical ids made of the form are an injective encoding.
#[must_use]
pub fn pascal(name: &str) -> String {
    let mut capital = true;
    let mut out = String::new();
    for c in name.chars() {
        if matches!(c, '-' | '_') {
            capital = true;
        } else {
            out.push(if capital { c.to_ascii_uppercase() } else { c });
            capital = false;
        }
    }
    out
}

/// The logical id of an endpoint's function.
#[must_use]
pub fn function(name: &str) -> String {
    format!("{}Function", pascal(name))
}

/// The deployed name of an endpoint's function, for `Fn::Sub`: the stack's name, a hyphen and the endpoint's.
///
/// # Errors
/// One line: a stack with a name of [`STACK_NAME`] characters could not have it.
pub fn deployed(name: &str) -> Result<String, String> {
    let room = MAX_FUNCTION_NAME - STACK_NAME - 1;
    if name.len() > room {
        return Err(format!(
            "The endpoint {name} has a name of {} characters: Lambda allows {MAX_FUNCTION_NAME} for \
             <stack>-<endpoint>, which leaves {room} beside a stack's name of {STACK_NAME}. Give it a shorter name.",
            name.len()
        ));
    }
    Ok(format!("${{AWS::StackName}}-{name}"))
}

/// The logical id of a system table, such as `_users`.
#[must_use]
pub fn system_table(name: &str) -> String {
    format!("{}Table", pascal(name))
}

/// The logical id of a collection's table. The suffix is its own, so that a collection `sessions` is not `_sessions`.
#[must_use]
pub fn collection(name: &str) -> String {
    format!("{}Collection", pascal(name))
}

/// The logical id of the event source mapping of the table with this id.
#[must_use]
pub fn changes(table: &str) -> String {
    format!("{table}Changes")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The form of a name that the build refuses two collections to share.
    fn fold(name: &str) -> String {
        name.chars()
            .filter(|c| !matches!(c, '-' | '_'))
            .map(|c| c.to_ascii_lowercase())
            .collect()
    }

    #[test]
    fn logical_ids_are_alphanumeric_and_distinct_wherever_the_build_allows_both_names() {
        let alphabet = ['a', 'B', 'b', '1', '-', '_'];
        let mut names = vec![String::from("a"), String::from("B")];
        for length in 1..5 {
            let longer: Vec<String> = names
                .iter()
                .filter(|name| name.len() == length)
                .flat_map(|name| alphabet.iter().map(move |c| format!("{name}{c}")))
                .collect();
            names.extend(longer);
        }
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for name in &names {
            let id = collection(name);
            assert!(id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
            if let Some(other) = seen.insert(id, fold(name)) {
                assert_eq!(other, fold(name), "{name}");
            }
        }
    }

    #[test]
    fn a_functions_name_fits_behind_every_stacks() {
        let longest = "x".repeat(31);
        assert_eq!(
            deployed(&longest),
            Ok(format!("${{AWS::StackName}}-{longest}"))
        );
        assert_eq!(STACK_NAME + 1 + longest.len(), 64);
        let error = deployed(&format!("{longest}y")).expect_err("refused");
        assert!(
            error.starts_with("The endpoint xxx") && error.contains("of 32 characters"),
            "{error}"
        );
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn a_collection_is_never_a_system_table() {
        assert_eq!(system_table("_sessions"), "SessionsTable");
        assert_eq!(collection("sessions"), "SessionsCollection");
        assert_eq!(function("records-get"), "RecordsGetFunction");
    }
}
