//! The dashboard: it is asked for, and names the tables and functions of the stack.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::*;

/// The page of a stack with these collections, before names are put in.
fn page(definitions: &[Definition]) -> Json {
    let template = drawn(definitions).expect("drawn");
    let body = properties(&template, "StackDashboard").get("DashboardBody");
    let text = body.and_then(|body| body.get("Fn::Sub")?.as_str());
    serde_json::from_str(text.expect("a text")).expect("JSON")
}

/// The metrics of a page.
fn metrics(page: &Json) -> Vec<&Json> {
    let widgets = page["widgets"].as_array().expect("widgets").iter();
    let metrics = widgets.filter_map(|widget| widget["properties"]["metrics"].as_array());
    metrics.flatten().collect()
}

#[test]
fn the_dashboard_is_made_where_it_is_asked_for() {
    let template = drawn(&[]).expect("drawn");
    let part = |part: &str, name: &str| template.get(part).and_then(|it| it.get(name)).cloned();
    let dashboard = part("Resources", "StackDashboard").expect("there");
    assert_eq!(
        dashboard.get("Condition"),
        Some(&Value::from("HasDashboard"))
    );
    let name = properties(&template, "StackDashboard").get("DashboardName");
    assert_eq!(name, Some(&sub("${AWS::StackName}")));
    let parameter = part("Parameters", "Dashboard").expect("there");
    assert_eq!(parameter.get("Default"), Some(&Value::from("false")));
    assert!(part("Conditions", "HasDashboard").is_some());
}

#[test]
fn no_resource_has_the_name_of_a_parameter() {
    let template = drawn(&[definition("posts")]).expect("drawn");
    let names = |part: &str| -> BTreeSet<String> {
        let part = template.get(part).and_then(Value::as_mapping);
        let names = part.expect("there").keys().filter_map(Value::as_str);
        names.map(ToOwned::to_owned).collect()
    };
    let (parameters, resources) = (names("Parameters"), names("Resources"));
    let both: Vec<_> = parameters.intersection(&resources).collect();
    assert_eq!(
        both, [""; 0],
        "CloudFormation refuses a name that is there twice"
    );
}

#[test]
fn the_dashboard_shows_every_table_and_worker_and_nothing_that_is_not_there() {
    let definitions = [definition("posts"), definition("tags")];
    let page = page(&definitions);
    let metrics = metrics(&page);
    let template = drawn(&definitions).expect("drawn");
    let resources = template.get("Resources").and_then(Value::as_mapping);
    let ids: BTreeSet<&str> = resources
        .expect("resources")
        .keys()
        .filter_map(Value::as_str)
        .collect();
    let values = |name: &str| -> BTreeSet<&str> {
        let named = metrics.iter().filter(|metric| metric[2] == name);
        named.filter_map(|metric| metric[3].as_str()).collect()
    };
    let tables: BTreeSet<&str> = values("TableName")
        .iter()
        .filter_map(|it| it.strip_prefix("${")?.strip_suffix('}'))
        .collect();
    assert_eq!(tables.len(), api::tables::ALL.len() + definitions.len());
    assert!(tables.is_subset(&ids), "{tables:?}");
    let functions = values("FunctionName");
    let workers = WORKERS.iter();
    let workers: Vec<String> = workers
        .map(|it| format!("${{AWS::StackName}}-{}", it.name))
        .collect();
    assert_eq!(functions, workers.iter().map(String::as_str).collect());
    // Up to here CloudWatch takes nothing for the first three dashboards.
    assert!(metrics.len() <= 50, "{}", metrics.len());
}

#[test]
fn no_widget_covers_another() {
    let page = page(&[]);
    let widgets = page["widgets"].as_array().expect("widgets");
    let number = |widget: &Json, name: &str| widget[name].as_u64().expect("a number");
    let mut cells = BTreeSet::new();
    for widget in widgets {
        let (x, y) = (number(widget, "x"), number(widget, "y"));
        assert!(x + number(widget, "width") <= 24, "{widget}");
        for column in x..x + number(widget, "width") {
            for row in y..y + number(widget, "height") {
                assert!(cells.insert((column, row)), "{widget}");
            }
        }
        assert!(widget["properties"]["title"].is_string(), "{widget}");
    }
    assert_eq!(widgets.len(), 10);
}
