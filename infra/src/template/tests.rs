use api::endpoints::{Endpoint, Health, Method};
use serde_json::json;

use super::*;
use crate::intrinsic::{reference, sub};

mod dashboard;
mod front;
mod mail;
mod tables;
mod workers;

fn definition(name: &str) -> Definition {
    serde_json::from_value(
        json!({ "name": name, "fields": [], "permissions": { "read": "owner" } }),
    )
    .expect("a definition")
}

fn marks() -> Fingerprints {
    Fingerprints {
        records: "0000000000000001".to_owned(),
        others: "0000000000000002".to_owned(),
    }
}

fn drawn(definitions: &[Definition]) -> Result<Value, String> {
    let collections: Vec<&Definition> = definitions.iter().collect();
    draw(&Plan::whole(&collections, &marks()))
        .map(|text| serde_yaml_ng::from_str(&text).expect("YAML"))
}

fn properties<'a>(template: &'a Value, id: &str) -> &'a Value {
    template
        .get("Resources")
        .and_then(|all| all.get(id))
        .and_then(|it| it.get("Properties"))
        .expect("there")
}

#[test]
fn every_endpoint_is_a_function_with_its_settings() {
    let template = drawn(&[]).expect("drawn");
    for entry in PAGE {
        let function = properties(&template, &names::function(entry.name));
        assert_eq!(
            function.get("CodeUri"),
            Some(&Value::from(format!("target/lambda/{}/", entry.name)))
        );
        assert_eq!(
            function.get("FunctionName"),
            Some(&sub(&format!("${{AWS::StackName}}-{}", entry.name)))
        );
        assert_eq!(function.get("Events"), None, "SAM would add permissions");
        let mark = function
            .get("Environment")
            .and_then(|environment| environment.get("Variables"))
            .and_then(|variables| variables.get("BAKEND_FINGERPRINT"));
        assert_eq!(
            mark,
            Some(&Value::from(marks().for_guard(entry.guard))),
            "{}",
            entry.name
        );
    }
    let origins = |name: &str| {
        let function = properties(&template, &names::function(name));
        function
            .get("Environment")?
            .get("Variables")?
            .get("BAKEND_CORS_ALLOWED_ORIGINS")
            .cloned()
    };
    assert_eq!(
        ["refresh", "logout"].map(origins),
        [
            Some(reference("AllowedOrigins")),
            Some(reference("AllowedOrigins"))
        ]
    );
    assert_eq!(origins("login"), None);
    let logs = template.get("Globals").and_then(|globals| {
        let logging = globals.get("Function")?.get("LoggingConfig")?;
        logging.get("SystemLogLevel")
    });
    assert_eq!(logs, Some(&Value::from("WARN")));
    let parameter = template
        .get("Parameters")
        .and_then(|parameters| parameters.get("AllowedOrigins"));
    assert_eq!(
        parameter.and_then(|parameter| parameter.get("AllowedPattern")),
        Some(&Value::from(api::origin::parameter_pattern()))
    );
    let hashing = [
        "register",
        "register-confirm",
        "login",
        "reauthenticate",
        "password-reset",
        "verify-email",
        "email-change",
        "invitations-accept",
        "me-delete",
        "me-restore",
        "password-change",
        "users-create",
        "users-password",
    ];
    for entry in PAGE {
        let function = properties(&template, &names::function(entry.name));
        let expected = hashing.contains(&entry.name).then(|| Value::from(1769));
        assert_eq!(function.get("MemorySize"), expected.as_ref());
    }
    let routes = properties(&template, "Api")
        .get("RouteSettings")
        .and_then(Value::as_mapping)
        .expect("there");
    let throttled = [
        ("GET /api/{collection}/count", "CountThrottlingRate"),
        ("GET /api/{collection}", "ListThrottlingRate"),
        ("POST /api/auth/login", "PasswordThrottlingRate"),
    ];
    for (route, rate) in throttled {
        let settings = routes.get(route).expect("a throttle of its own");
        assert_eq!(
            settings.get("ThrottlingRateLimit"),
            Some(&reference(rate)),
            "{route}"
        );
    }
    assert_eq!(routes.len(), hashing.len() + 2);
}

#[test]
fn every_route_leads_to_its_function_by_the_role_of_the_api() {
    let template = drawn(&[]).expect("drawn");
    let api = serde_json::to_value(properties(&template, "Api")).expect("JSON");
    let body = &api["DefinitionBody"];
    assert_eq!(body["openapi"], "3.0.1");
    // Another title beside the property Name is refused by SAM.
    assert_eq!(body["info"]["title"], api["Name"]);
    let integration = |name: &str| {
        let uri = format!(
            "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{}.Arn}}/invocations",
            names::function(name)
        );
        json!({ "type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": { "Fn::Sub": uri },
                "credentials": { "Fn::GetAtt": ["ApiRole", "Arn"] } })
    };
    let mut routes = 0;
    for entry in PAGE.iter().filter(|entry| !entry.methods.is_empty()) {
        for method in entry.methods {
            let operation = &body["paths"][entry.path][method.as_str().to_lowercase()];
            assert_eq!(
                operation["x-amazon-apigateway-integration"],
                integration(entry.name),
                "{} {}",
                method.as_str(),
                entry.path
            );
            let parameters = operation["parameters"].as_array().map_or(0, Vec::len);
            assert_eq!(
                parameters,
                entry.path.matches('{').count(),
                "{}",
                entry.path
            );
            routes += 1;
        }
    }
    let unrouted = PAGE.iter().find(|entry| entry.methods.is_empty());
    let default = &body["paths"]["$default"]["x-amazon-apigateway-any-method"];
    assert_eq!(default["isDefaultRoute"], true);
    assert_eq!(
        default["x-amazon-apigateway-integration"],
        integration(unrouted.expect("a fallback").name)
    );
    let paths = body["paths"].as_object().expect("paths");
    let all: usize = paths
        .values()
        .filter_map(|path| Some(path.as_object()?.len()))
        .sum();
    assert_eq!(all, routes + 1);
}

#[test]
fn the_role_of_the_api_may_invoke_the_functions_and_nothing_else() {
    let template = drawn(&[]).expect("drawn");
    let role = serde_json::to_value(properties(&template, "ApiRole")).expect("JSON");
    let prefix = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-*";
    let statement = json!([{ "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": { "Fn::Sub": prefix } }]);
    assert_eq!(
        role["Policies"][0]["PolicyDocument"]["Statement"],
        statement
    );
    assert_eq!(role["Policies"].as_array().map(Vec::len), Some(1));
    assert_eq!(role.get("ManagedPolicyArns"), None);
}

#[test]
fn every_throttled_route_is_a_route() {
    let template = drawn(&[]).expect("drawn");
    let api = serde_json::to_value(properties(&template, "Api")).expect("JSON");
    for key in api["RouteSettings"].as_object().expect("there").keys() {
        let (method, path) = key.split_once(' ').expect("method and path");
        let operation = &api["DefinitionBody"]["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{key}");
    }
}

#[test]
fn the_count_is_that_of_the_template_and_of_what_sam_adds() {
    for number in [0, 3] {
        let definitions: Vec<Definition> = (0..number)
            .map(|number| definition(&format!("c{number}")))
            .collect();
        let collections: Vec<&Definition> = definitions.iter().collect();
        let marks = marks();
        let plan = Plan {
            workers: &[&workers::READER, &workers::SWEEPER],
            ..Plan::whole(&collections, &marks)
        };
        let text = draw(&plan).expect("drawn");
        let template: Value = serde_yaml_ng::from_str(&text).expect("YAML");
        let resources = template["Resources"].as_mapping().expect("there").len();
        let count = Count::of(&plan).expect("counted");
        let functions = PAGE.len() + 2;
        // A role for each function, and the stage.
        assert_eq!(count.total(), resources + functions + 1);
        let line = usage(&plan).expect("few enough");
        let formula = format!(
            "{functions} functions × 2 + {number} collections × 1 + {} streams × 1 + 36 fixed = {} resources; {} of 450 \
             are left.",
            number + 6,
            count.total(),
            450 - count.total()
        );
        assert!(line.ends_with(&formula), "{line}");
    }
}

#[test]
fn what_cloudformation_would_refuse_is_refused_in_one_line() {
    let many: Vec<Definition> = (0..111)
        .map(|number| definition(&format!("c{number}")))
        .collect();
    assert_eq!(drawn(&many[..80]).err(), None);
    let error = drawn(&many).expect_err("refused");
    assert!(
        error.starts_with("There are 111 collections") && !error.contains('\n'),
        "{error}"
    );

    let extra: Vec<String> = (0..214).map(|number| format!("extra-{number}")).collect();
    let entries: Vec<Entry> = extra
        .iter()
        .map(|name| Entry {
            name: Box::leak(name.clone().into_boxed_str()),
            methods: &[Method::Get],
            path: "/api/x",
            ..*Health::ENTRY
        })
        .collect();
    let page: Vec<&Entry> = entries.iter().collect();
    let marks = marks();
    let plan = |page| Plan {
        page,
        workers: &[],
        ..Plan::whole(&[], &marks)
    };
    let error = draw(&plan(&page)).expect_err("refused");
    assert!(
        error.contains(
            "214 functions × 2 + 0 collections × 1 + 0 streams × 1 + 30 fixed = 458 resources"
        ) && !error.contains('\n'),
        "{error}"
    );
    assert!(usage(&plan(&page[..210])).is_ok_and(|line| line.contains("; 0 of 450 are left")));
    let error = draw(&plan(&page[..2])).expect_err("refused");
    assert!(
        error.contains("get /api/x") && error.contains("extra-1"),
        "{error}"
    );

    let twice = draw(&plan(&[PAGE[0], PAGE[0]])).expect_err("refused");
    assert!(twice.contains("RegisterFunction"), "{twice}");
}
