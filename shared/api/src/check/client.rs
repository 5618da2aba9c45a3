//! The settings of clients, checked.

use crate::settings::{Problem, Settings};

impl Settings {
    /// Refuses a file of types that is none of TypeScript, or whose path only one machine has.
    pub(super) fn check_client(&self) -> Result<(), Problem> {
        let Some(types) = &self.client.types else {
            return Ok(());
        };
        let is_relative = !types.starts_with('/') && !types.contains([':', '\\', '\0']);
        let name = types
            .rsplit('/')
            .next()
            .and_then(|name| name.strip_suffix(".ts"));
        let is_source = name.is_some_and(|name| !name.is_empty() && !name.ends_with(".d"));
        if is_relative && is_source {
            return Ok(());
        }
        Err(Problem {
            path: "client.types".to_owned(),
            reason: format!(
                "`{types}` must be a path from the folder of bakend.json that ends in .ts, such as web/src/bakend.ts"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    #[test]
    fn types_go_into_a_source_file_beside_the_project() {
        for (path, fits) in [
            ("web/src/bakend.ts", true),
            ("bakend.ts", true),
            ("../app/src/bakend.ts", true),
            ("web/src/bakend.d.ts", false),
            ("web/src/bakend.js", false),
            ("web/src", false),
            ("", false),
            (".ts", false),
            ("web/.ts", false),
            ("/web/bakend.ts", false),
            ("C:/web/bakend.ts", false),
            (r"web\\bakend.ts", false),
        ] {
            let file = format!(r#"{{ "client": {{ "types": "{path}" }} }}"#);
            let read = Settings::read(&file, |_| None, false);
            assert_eq!(read.is_ok(), fits, "{path}");
            if let Err(problem) = read {
                assert_eq!(problem.path, "client.types", "{problem}");
            }
        }
        let unset = Settings::read("{}", |_| None, false);
        assert!(unset.is_ok_and(|settings| settings.client.types.is_none()));
    }
}
