//! The calls of `docs/moving.md` compile against the package, where the checkout has it.

use std::fs;

use infra::{plans, types};

use crate::compiled::{Folder, OF_PACKAGE, compile, package_in, sources};

/// The collection and the profile that the page is written for.
const SETTINGS: &str = r#"{ "users": { "fields": [ { "name": "name", "type": "string" },
    { "name": "bio", "type": "string" }, { "name": "username", "type": "string" } ] } }"#;
const POSTS: &str = r#"{ "name": "posts", "fields": [ { "name": "title", "type": "string", "required": true },
    { "name": "status", "type": "string", "enum": [ "draft", "published" ] }, { "name": "price", "type": "number" },
    { "name": "size", "type": "number" }, { "name": "slug", "type": "string" },
    { "name": "likes", "type": "integer", "required": true },
    { "name": "author", "type": "relation", "collection": "users" } ],
    "permissions": { "create": "authenticated", "update": "owner", "delete": "owner" }, "indexes": [ [ "price" ] ] }"#;

/// The names that the calls use.
const HEAD: &str = r#"
import { createClient } from "./src/index.ts";
import { withIdentity } from "./src/identity.ts";
import type { Collections, PostsCreate, PostsRecord, PostsUpdate, Profile } from "./bakend.ts";

type Texts = "url" | "email" | "password" | "newPassword" | "name" | "username" | "code" | "token" | "id" | "role"
  | "provider" | "redirectTo" | "cursor";
declare const { url, email, password, newPassword, name, username, code, token, id, role, provider, redirectTo, cursor }:
  Record<Texts, string>;
declare const record: PostsCreate, changes: PostsUpdate, other: PostsRecord & PostsCreate;
declare const listener: () => Promise<void>;
declare const console: { log(post: PostsRecord): void };
const bk = withIdentity(createClient<Collections, Profile>(url));
"#;

/// The calls in the second columns of the page's tables.
fn calls(page: &str) -> Vec<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" | ").nth(1));
    let spans = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let starts = ["bk.", "createClient", "for await"];
    spans
        .filter(|span| starts.iter().any(|start| span.starts_with(start)))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_new_call_of_the_page_compiles() {
    let page = fs::read_to_string(plans::root().join("docs/moving.md")).unwrap();
    let calls = calls(&page);
    assert!(calls.len() > 150, "{} calls", calls.len());
    let folder = Folder::new("moving");
    if !package_in(&folder, "identity.ts") {
        return;
    }
    let project = folder.0.join("project");
    fs::create_dir_all(project.join("collections")).unwrap();
    fs::write(project.join("bakend.json"), SETTINGS).unwrap();
    fs::write(project.join("collections/posts.json"), POSTS).unwrap();
    let project = plans::read(&project).unwrap();
    fs::write(
        folder.0.join("bakend.ts"),
        types::of_collections(&project).unwrap(),
    )
    .unwrap();
    for file in ["tsconfig.json", "package.json"] {
        fs::copy(sources().join(file), folder.0.join(file)).unwrap();
    }
    let statement = |call: &String| match call.starts_with("for await") {
        true => format!("{call};\n"),
        false => format!("await ({call});\n"),
    };
    let statements: Vec<String> = calls.iter().map(statement).collect();
    fs::write(
        folder.0.join("calls.ts"),
        [HEAD, &statements.concat(), "export {};\n"].concat(),
    )
    .unwrap();
    if let Some(errors) = compile(&folder.0, &OF_PACKAGE) {
        let told: Vec<String> = errors
            .iter()
            .map(|error| {
                let line = error
                    .split(['(', ','])
                    .nth(1)
                    .and_then(|line| line.parse::<usize>().ok());
                let at = line.and_then(|line| line.checked_sub(HEAD.lines().count() + 1));
                format!(
                    "{error}: {}",
                    at.and_then(|at| calls.get(at)).map_or("", String::as_str)
                )
            })
            .collect();
        assert!(told.is_empty(), "{told:#?}");
    }
}

#[test]
fn calls_are_read_from_second_columns() {
    let page = "| old | new | |\n|---|---|---|\n| `bk.a()` | `bk.b()`, `useAuth()` | `bk.c()` |\n\n`bk.d()`\n";
    assert_eq!(calls(page), ["bk.b()"]);
}
