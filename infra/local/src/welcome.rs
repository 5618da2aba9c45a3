//! The addresses of a running `cargo dev`, and how to try it.

use std::fmt::Write as _;

use api::endpoints::PAGE;

/// The list that `cargo dev` prints when everything runs.
pub(crate) fn text(api: &str, dynamodb: &str, mailbox: &str, data: &str) -> String {
    let mut text = format!(
        "\n  API       {api}\n  Mailbox   {mailbox}\n  DynamoDB  {dynamodb}\n  Data      {data}\n\n"
    );
    let width = PAGE
        .iter()
        .map(|entry| entry.path.len())
        .max()
        .unwrap_or_default();
    for entry in PAGE {
        let methods: Vec<&str> = entry.methods.iter().map(|method| method.as_str()).collect();
        let methods = if methods.is_empty() {
            "any".to_owned()
        } else {
            methods.join(", ")
        };
        let path = if entry.path.starts_with('/') {
            entry.path
        } else {
            "(anything else)"
        };
        let _ = writeln!(text, "  {methods:<10}  {path:<width$}  {}", entry.name);
    }
    let json = "-H 'content-type: application/json'";
    let account = r#"'{"email":"ada@example.com","password":"password123"}'"#;
    let steps = [
        (
            "register",
            format!("curl {api}/api/auth/register {json} -d {account}"),
        ),
        (
            "log in",
            format!("curl {api}/api/auth/login {json} -d {account}"),
        ),
        (
            "create",
            format!(
                r#"curl {api}/api/posts {json} -H "authorization: Bearer $ACCESS" -d '{{"title":"Hello"}}'"#
            ),
        ),
        ("list", format!("curl {api}/api/posts")),
        (
            "refresh",
            format!(r#"curl {api}/api/auth/refresh {json} -d '{{"refreshToken":"'$REFRESH'"}}'"#),
        ),
        (
            "log out",
            format!(r#"curl {api}/api/auth/logout {json} -d '{{"refreshToken":"'$REFRESH'"}}'"#),
        ),
    ];
    text.push_str(
        "\n  Try it, with ACCESS and REFRESH set to the tokens that register and login reply:\n\n",
    );
    for (name, step) in steps {
        let _ = writeln!(text, "  {name:<10}{step}");
    }
    text.push_str("\n  A change to the code restarts the functions. Ctrl-C stops everything and keeps the data.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_listed() {
        let text = text(
            "http://localhost:8080",
            "http://127.0.0.1:8000",
            "http://127.0.0.1:8081",
            "in memory",
        );
        assert!(text.contains("Mailbox   http://127.0.0.1:8081\n"), "{text}");
        for entry in PAGE {
            let mut lines = text.lines();
            let ends = |line: &str| line.split(' ').next_back() == Some(entry.name);
            assert!(lines.any(ends), "{}", entry.name);
        }
    }
}
