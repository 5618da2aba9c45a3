//! The origin of each setting: admins see which value holds and why.

use serde_json::Value;

use crate::deployment::Deployment;
use crate::endpoints::Variable;
use crate::front::Front;
use crate::settings::Settings;
use crate::settings::variables::list_leaves;
use crate::value::parse;
use crate::wire::{ShownSetting, Source};

/// The settings whose values are shown to no caller.
const SECRETS: [&str; 1] = ["auth.jwtSecret"];

/// The settings as they hold in a process that read `file` and `variable`.
///
/// A secret shows as `set` or `unset` alone.
#[must_use]
pub fn shown(
    settings: &Settings,
    deployment: &Deployment,
    file: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Vec<ShownSetting> {
    let file = parse(file).unwrap_or_default();
    let tree = serde_json::to_value(settings).unwrap_or_default();
    let mut leaves = Vec::new();
    list_leaves(&tree, "", "BAKEND", &mut leaves);
    let in_file = |key: &str| {
        let pointer = format!("/{}", key.replace('.', "/"));
        file.pointer(&pointer).is_some_and(|value| !value.is_null())
    };
    let set = |name: &str| variable(name).is_some_and(|text| !text.is_empty());
    let of_the_file = leaves.into_iter().map(|(key, variable, value)| {
        let source = match (set(&variable), in_file(&key)) {
            (true, _) => Source::Environment,
            (false, true) => Source::File,
            (false, false) => Source::Default,
        };
        let change = change_of(&key, &variable);
        let value = if SECRETS.contains(&key.as_str()) {
            is_set(&value)
        } else {
            value
        };
        ShownSetting {
            key,
            value,
            source,
            variable,
            change,
        }
    });
    let of_the_process = of_the_process(deployment).map(|(key, variable, value, change)| {
        let source = if set(variable) {
            Source::Environment
        } else {
            Source::Default
        };
        let (key, variable, change) = (key.to_owned(), variable.to_owned(), change.to_owned());
        ShownSetting {
            key,
            value,
            source,
            variable,
            change,
        }
    });
    of_the_file.chain(of_the_process).collect()
}

fn is_set(value: &Value) -> Value {
    if value.is_null() {
        "unset".into()
    } else {
        "set".into()
    }
}

/// The way to another value of a setting that the file may hold.
fn change_of(key: &str, variable: &str) -> String {
    if variable == Variable::AllowedOrigins.name() {
        let parameter = Variable::AllowedOrigins.parameter();
        return format!(
            "Deploy with another value of the parameter {parameter}; locally set {variable}."
        );
    }
    if SECRETS.contains(&key) {
        return format!(
            "Unset, a random one is kept in the table `_settings`. Set {variable} of every function, and deploy."
        );
    }
    format!("Set `{key}` in bakend.json, or {variable} of every function, and deploy.")
}

/// The key, variable, value and way to another value of each setting that only the environment has.
fn of_the_process(
    deployment: &Deployment,
) -> impl Iterator<Item = (&'static str, &'static str, Value, &'static str)> {
    let environment = if deployment.local { "local" } else { "cloud" };
    [
        (
            "adminEmail",
            Variable::AdminEmail.name(),
            deployment.admin_email.clone().into(),
            "Deploy with another value of the parameter AdminEmail; locally set BAKEND_ADMIN_EMAIL.",
        ),
        (
            "clockOffset",
            "BAKEND_CLOCK_OFFSET",
            format!("{}s", deployment.clock_offset.as_secs()).into(),
            "Set BAKEND_CLOCK_OFFSET; only a local stack takes it.",
        ),
        (
            "env",
            "BAKEND_ENV",
            environment.into(),
            "The template says `cloud`, `cargo dev` says `local`.",
        ),
        (
            "domainName",
            "BAKEND_DOMAIN_NAME",
            deployment.has_domain.into(),
            "Deploy with another value of the parameter DomainName.",
        ),
        (
            "frontSecret",
            Front::VARIABLE,
            if deployment.front.is_some() { "set" } else { "unset" }.into(),
            "Deploy with another value of the parameter FrontSecret.",
        ),
        (
            "tablePrefix",
            "BAKEND_TABLE_PREFIX",
            deployment.table_prefix.clone().into(),
            "Deploy under another stack name, which makes new tables.",
        ),
    ]
    .into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(file: &str, variables: &[(&str, &str)], key: &str) -> Value {
        let aws = [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
            ("BAKEND_TABLE_PREFIX", "app-"),
        ];
        let all = [&aws, variables].concat();
        let variable = |name: &str| {
            all.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let deployment = Deployment::read(variable).expect("valid");
        let settings = Settings::read(file, variable, false).unwrap_or_default();
        let shown = shown(&settings, &deployment, file, variable);
        let found = shown.iter().find(|setting| setting.key == key);
        serde_json::to_value(found).expect("serializable")
    }

    #[test]
    fn a_setting_tells_its_origin() {
        let file = r#"{"auth":{"bcryptCost":11}}"#;
        let variables = [("BAKEND_AUTH_BCRYPT_COST", "12"), ("BAKEND_AUTH_ROLES", "")];
        let cost = |file, variables| find(file, variables, "auth.bcryptCost");
        assert_eq!(cost("{}", &[])["source"], "default");
        assert_eq!(
            (&cost(file, &[])["source"], &cost(file, &[])["value"]),
            (&json!("bakend.json"), &json!(11))
        );
        assert_eq!(
            cost(file, &variables),
            json!({ "key": "auth.bcryptCost", "value": 12, "source": "environment",
                "variable": "BAKEND_AUTH_BCRYPT_COST",
                "change": "Set `auth.bcryptCost` in bakend.json, or BAKEND_AUTH_BCRYPT_COST of every function, and deploy." })
        );
        assert_eq!(find(file, &variables, "auth.roles")["source"], "default");
        assert_eq!(find("{}", &[], "tablePrefix")["value"], "app-");
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = "a secret of thirty-two bytes or more";
        let variables = [("BAKEND_AUTH_JWT_SECRET", secret)];
        for (file, variables, value, source) in [
            ("{}".to_owned(), &[][..], "unset", "default"),
            ("{}".to_owned(), &variables[..], "set", "environment"),
            (
                json!({ "auth": { "jwtSecret": secret } }).to_string(),
                &[][..],
                "set",
                "bakend.json",
            ),
        ] {
            let found = find(&file, variables, "auth.jwtSecret");
            assert_eq!(
                (&found["value"], &found["source"]),
                (&json!(value), &json!(source))
            );
            assert!(!found.to_string().contains(secret));
        }
    }
}
