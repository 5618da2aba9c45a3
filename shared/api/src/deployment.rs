//! The facts about a process that the environment alone decides.

use std::time::Duration;

use crate::front::Front;
use crate::settings::{Problem, Span};
use crate::value::is_email;

/// After how long a process looks again at the keys of the deployment. A key signs three times as long after it was
/// published, so every process knows it by then.
const KEYS_AGE: Duration = Duration::from_secs(5 * 60);

/// The environment of this process, and its AWS identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Whether this is a developer's machine (`BAKEND_ENV=local`) and not the cloud.
    pub local: bool,
    /// The prefix of every table's name (`BAKEND_TABLE_PREFIX`); also names the deployment in its tokens.
    pub table_prefix: String,
    /// The address whose registration creates an admin (`BAKEND_ADMIN_EMAIL`).
    pub admin_email: Option<String>,
    /// How far the clock is put forward (`BAKEND_CLOCK_OFFSET`, local only), to test expiry.
    pub clock_offset: Duration,
    /// After how long a process looks again at its keys (`BAKEND_KEYS_AGE`, local only), to test rotation.
    pub keys_age: Duration,
    /// The distribution in front that alone may pass requests on (`BAKEND_FRONT_SECRET`).
    pub front: Option<Front>,
    /// Whether callers come by a domain of the owner's (`BAKEND_DOMAIN_NAME`), which only ever answers HTTPS.
    pub has_domain: bool,
    /// The event bus that gets every event (`BAKEND_EVENT_BUS_NAME`).
    pub event_bus: Option<String>,
    /// How to reach DynamoDB and the other services.
    pub aws: Aws,
}

/// The connection to AWS, under the names that every AWS SDK reads.
#[derive(Clone, PartialEq, Eq)]
pub struct Aws {
    /// `AWS_REGION`, such as `eu-central-1`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL`; AWS's own when absent.
    pub endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_LAMBDA` or `AWS_ENDPOINT_URL`; AWS's own when absent.
    pub lambda: Option<String>,
    /// `AWS_ENDPOINT_URL_EVENTBRIDGE` or `AWS_ENDPOINT_URL`; AWS's own when absent.
    pub event_bridge: Option<String>,
    /// `AWS_ENDPOINT_URL_SESV2` or `AWS_ENDPOINT_URL`; AWS's own when absent.
    pub ses: Option<String>,
}

impl std::fmt::Debug for Aws {
    /// Leaves out secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aws")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Deployment {
    /// Reads the variables. An empty one counts as unset.
    ///
    /// # Errors
    /// The variable that is missing or bad.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let problem = |name: &str, reason: &str| Problem {
            path: name.to_owned(),
            reason: reason.to_owned(),
        };
        let local = match get("BAKEND_ENV").as_deref() {
            None | Some("cloud") => false,
            Some("local") => true,
            Some(_) => return Err(problem("BAKEND_ENV", "must be `cloud` or `local`")),
        };
        let table_prefix = get("BAKEND_TABLE_PREFIX")
            .or_else(|| local.then(|| "local-".to_owned()))
            .ok_or_else(|| {
                problem(
                    "BAKEND_TABLE_PREFIX",
                    "is not set; the template sets it to `<stack name>-`",
                )
            })?;
        let duration = |name: &str, usual: Duration| match get(name) {
            None => Ok(usual),
            Some(_) if !local => Err(problem(name, "is for BAKEND_ENV=local only; unset it")),
            Some(text) => Span::parse(&text)
                .map(Span::duration)
                .ok_or_else(|| problem(name, "must be a duration such as 30s, 15m, 1h or 7d")),
        };
        let clock_offset = duration("BAKEND_CLOCK_OFFSET", Duration::ZERO)?;
        let keys_age = duration("BAKEND_KEYS_AGE", KEYS_AGE)?;
        let admin_email = get("BAKEND_ADMIN_EMAIL").map(|email| email.trim().to_ascii_lowercase());
        if admin_email.as_deref().is_some_and(|email| !is_email(email)) {
            // Nobody could register it.
            return Err(problem(
                "BAKEND_ADMIN_EMAIL",
                "must be an email address such as ada@example.com, without a name, brackets or `mailto:`",
            ));
        }
        Ok(Self {
            local,
            table_prefix,
            admin_email,
            clock_offset,
            keys_age,
            front: get(Front::VARIABLE)
                .map(|text| Front::parse(&text))
                .transpose()?,
            has_domain: get("BAKEND_DOMAIN_NAME").is_some(),
            event_bus: get("BAKEND_EVENT_BUS_NAME"),
            aws: Aws::read(get)?,
        })
    }
}

impl Aws {
    fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let need = |name: &str| {
            let reason = "is not set; for credentials of a profile run: \
                 eval \"$(aws configure export-credentials --format env)\"";
            get(name).ok_or_else(|| Problem {
                path: name.to_owned(),
                reason: reason.to_owned(),
            })
        };
        let service = |name: &str| get(name).or_else(|| get("AWS_ENDPOINT_URL"));
        Ok(Self {
            region: get("AWS_REGION")
                .or_else(|| get("AWS_DEFAULT_REGION"))
                .ok_or_else(|| Problem {
                    path: "AWS_REGION".to_owned(),
                    reason: "is not set; set it to the region of the stack, such as eu-central-1"
                        .to_owned(),
                })?,
            access_key_id: need("AWS_ACCESS_KEY_ID")?,
            secret_access_key: need("AWS_SECRET_ACCESS_KEY")?,
            session_token: get("AWS_SESSION_TOKEN"),
            endpoint: service("AWS_ENDPOINT_URL_DYNAMODB"),
            lambda: service("AWS_ENDPOINT_URL_LAMBDA"),
            event_bridge: service("AWS_ENDPOINT_URL_EVENTBRIDGE"),
            ses: service("AWS_ENDPOINT_URL_SESV2"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Deployment, String> {
        let aws = [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
        ];
        let all = [&aws, variables].concat();
        let get = |name: &str| {
            all.iter()
                .rev()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Deployment::read(get).map_err(|problem| problem.to_string())
    }

    #[test]
    fn the_cloud_is_what_is_meant_when_nothing_is_said() {
        let cloud = read(&[("BAKEND_TABLE_PREFIX", "app-")]).expect("valid");
        assert_eq!((cloud.local, cloud.table_prefix.as_str()), (false, "app-"));
        assert!(
            read(&[]).is_err_and(|reason| reason.starts_with("BAKEND_TABLE_PREFIX: is not set"))
        );
        assert!(read(&[("BAKEND_ENV", "prod")]).is_err());
        assert!(
            read(&[
                ("BAKEND_TABLE_PREFIX", "app-"),
                ("BAKEND_CLOCK_OFFSET", "1h")
            ])
            .is_err()
        );
        let keys_age = |variables: &[(&str, &str)]| read(variables).map(|it| it.keys_age.as_secs());
        let (cloud, age) = (("BAKEND_TABLE_PREFIX", "app-"), ("BAKEND_KEYS_AGE", "1s"));
        assert_eq!(keys_age(&[cloud]), Ok(300));
        assert!(keys_age(&[cloud, age]).is_err());
        assert_eq!(keys_age(&[("BAKEND_ENV", "local"), age]), Ok(1));
        assert!(read(&[("BAKEND_TABLE_PREFIX", "app-"), ("AWS_REGION", "")]).is_err());
    }

    #[test]
    fn an_admins_address_that_nobody_can_register_is_refused() {
        for email in [
            "ada",
            "mailto:ada@x.io",
            "Ada <ada@x.io>",
            "ada@x.io,",
            "ada@x.io bob@x.io",
        ] {
            let read = read(&[("BAKEND_ENV", "local"), ("BAKEND_ADMIN_EMAIL", email)]);
            let start = "BAKEND_ADMIN_EMAIL: must be an email address";
            assert!(
                read.is_err_and(|problem| problem.starts_with(start)),
                "{email}"
            );
        }
    }

    #[test]
    fn a_developers_machine_needs_nothing_said() {
        let local = read(&[
            ("BAKEND_ENV", "local"),
            ("BAKEND_CLOCK_OFFSET", "11s"),
            ("BAKEND_ADMIN_EMAIL", " Ada@X.io"),
        ]);
        let local = local.expect("valid");
        assert_eq!(
            (
                local.local,
                local.table_prefix.as_str(),
                local.clock_offset.as_secs()
            ),
            (true, "local-", 11)
        );
        assert_eq!(local.admin_email.as_deref(), Some("ada@x.io"));
        assert!(!format!("{local:?}").contains("\"key\""));
    }
}
