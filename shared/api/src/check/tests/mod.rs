mod collections;
mod definition;
mod fields;
mod indexes;
mod notation;
mod objects;
mod profile;
mod rows;
mod settings;
mod warnings;

use serde_json::{Value, json};

use crate::check::{Checked, check};

fn check_one(file: &str, content: &str) -> Result<Checked, Vec<String>> {
    check(&[(file.to_owned(), content.to_owned())])
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// The problems of a collection `a`, beside which there is a collection `posts`.
fn problems_of(mut definition: Value) -> Vec<String> {
    definition["name"] = json!("a");
    let posts = json!({ "name": "posts", "fields": [] });
    let files = [("a", definition), ("posts", posts)];
    let problems =
        check(&files.map(|(name, content)| (format!("{name}.json"), content.to_string()))).err();
    let problems = problems
        .into_iter()
        .flatten()
        .map(|problem| problem.to_string());
    problems
        .map(|problem| {
            problem
                .trim_start_matches("collections/a.json: ")
                .to_owned()
        })
        .collect()
}
