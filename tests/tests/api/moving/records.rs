//! `cargo admin records import` and `export`: records follow their users, as a create by the API would make them.

use blackbox::{Event, Instance, stack};
use serde_json::{Value, json};

use super::{Place, Scraps};

const SYSTEM: &str = "urbackend";

/// Tables with two users of another system, and the files of what they had there.
struct Moved<'a> {
    place: Place<'a>,
    scraps: Scraps,
    ids: String,
    list: Instance<'a>,
}

impl<'a> Moved<'a> {
    fn new() -> Option<Self> {
        let inside = stack().inside()?;
        let (place, scraps) = (Place::new(inside), Scraps::new());
        let lines = ["ada", "bob"].map(|name| {
            json!({ "_id": { "$oid": old(name) }, "email": format!("{name}@example.com") })
                .to_string()
        });
        let file = scraps.write("users.jsonl", lines.join("\n"));
        let ids = scraps.at("ids.jsonl");
        let told = place.run(&["import", "--from", SYSTEM, &file, "--ids", &ids]);
        assert!(told.0, "{}", told.1);
        let list = place.apart.function("records-list", "moving", &[]);
        Some(Self {
            place,
            scraps,
            ids,
            list,
        })
    }

    fn import(&self, collection: &str, file: &str, more: &[&str]) -> (bool, String) {
        let arguments = ["records", "import", collection, file, "--map", &self.ids];
        self.place.run(&[&arguments[..], more].concat())
    }

    /// The id here of a user or a record.
    fn id(&self, collection: &str, old: &str) -> Value {
        let lines = self.scraps.read("ids.jsonl");
        let mut lines = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found = lines.find(|line| line["collection"] == collection && line["old"] == old);
        found.unwrap_or_else(|| panic!("{collection} {old}"))["new"].clone()
    }

    /// The records of a public collection, newest first.
    fn list(&self, collection: &str) -> Vec<Value> {
        let event = Event::new("GET", &format!("/api/{collection}?limit=100"));
        let page = self.place.apart.ask(&self.list, &event).expect(200).json();
        page["items"].as_array().unwrap().clone()
    }
}

/// The id that a user or a record had.
fn old(name: &str) -> String {
    let bytes: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{bytes:0>24}")
}

#[test]
fn records_follow_their_users_and_each_other() {
    let Some(moved) = Moved::new() else {
        return;
    };
    let posts = [
        json!({ "_id": { "$oid": old("p1") }, "title": "First", "user_id": { "$oid": old("ada") },
            "createdAt": { "$date": "2021-01-02T03:04:05.678Z" }, "updatedAt": { "$date": "2022-01-02T03:04:05.678Z" }, "__v": 0 }),
        json!({ "_id": { "$oid": old("p2") }, "title": "Second", "user_id": { "$oid": old("bob") },
            "createdAt": { "$date": { "$numberLong": "1641092645678" } } }),
        json!({ "_id": { "$oid": old("p3") }, "title": "Third" }),
    ];
    let lines: Vec<String> = posts.iter().map(Value::to_string).collect();
    let file = moved.scraps.write("posts.jsonl", lines.join("\n"));
    let dry = moved.import("posts", &file, &["--dry-run"]);
    let told = "3 lines read, 3 records of posts could be made, 0 there already, 0 refused.\n";
    assert_eq!(dry, (true, told.to_owned()));
    assert_eq!(moved.list("posts"), Vec::<Value>::new());
    let made = moved.import("posts", &file, &[]);
    let told = "3 lines read, 3 records of posts made, 0 there already, 0 refused.\n";
    assert_eq!(made, (true, told.to_owned()));
    let again = moved.import("posts", &file, &[]);
    let told = "3 lines read, 0 records of posts made, 3 there already, 0 refused.\n";
    assert_eq!(again, (true, told.to_owned()));
    let list = moved.list("posts");
    let titles: Vec<&Value> = list.iter().map(|post| &post["title"]).collect();
    assert_eq!(
        titles,
        ["Third", "Second", "First"],
        "in the order of their creation"
    );
    assert_eq!(list[2]["createdAt"], "2021-01-02T03:04:05.678Z");
    assert_eq!(list[1]["createdAt"], "2022-01-02T03:04:05.678Z");
    assert_eq!(list[2]["user_id"], moved.id("users", &old("ada")));
    assert_eq!(list[0].get("user_id"), None);
    assert_eq!(list[2]["id"], moved.id("posts", &old("p1")));

    // A comment points to a later one, and the last ones to nothing that is there.
    let head = "id,created,text,post,author,parent,likes\n";
    let row = |id: &str, text: &str, post: &str, author: &str, parent: &str| {
        format!(
            "{id},2023-01-15 12:34:56.789Z,{text},{},{},{parent},7\n",
            old(post),
            old(author)
        )
    };
    let rows = [
        row("c1", "\"Yes, \"\"really\"\"\"", "p1", "ada", "c2"),
        row("c2", "No", "p1", "bob", ""),
        row("c3", "Nobody", "p1", "eve", ""),
        row("c4", "Nowhere", "p9", "ada", ""),
        row("c5", "Nothing", "p1", "ada", "c9"),
        row("c6", "", "p1", "ada", ""),
    ];
    let file = moved
        .scraps
        .write("comments.csv", format!("{head}{}", rows.concat()));
    let refused = [
        (4, format!("`author` is {} of users, which", old("eve"))),
        (5, format!("`post` is {} of posts, which", old("p9"))),
        (6, "`parent` is c9 of comments, which".to_owned()),
        (7, "`text` is required.".to_owned()),
    ];
    for (more, counts) in [
        (
            &["--dry-run"][..],
            "2 records of comments could be made, 0 there already, 4 refused",
        ),
        (
            &[],
            "2 records of comments made, 0 there already, 4 refused",
        ),
        (
            &[],
            "0 records of comments made, 2 there already, 4 refused",
        ),
    ] {
        let (is_done, told) = moved.import("comments", &file, more);
        assert!(!is_done && told.contains(counts), "{told}");
        for (line, reason) in &refused {
            let reason = format!("line {line}: {reason}");
            assert!(told.contains(&reason), "{reason} in {told}");
        }
    }
    let list = moved.list("comments");
    let found = |text: &str| list.iter().find(|it| it["text"] == text).unwrap().clone();
    let (first, second) = (found("Yes, \"really\""), found("No"));
    assert_eq!((list.len(), &first["parent"]), (2, &second["id"]));
    assert_eq!(first["post"], moved.id("posts", &old("p1")));
    assert_eq!(first["author"], moved.id("users", &old("ada")));
    assert_eq!(
        (&first["likes"], &first["createdBy"]),
        (&json!(7), &json!(null))
    );
}

#[test]
fn a_record_is_checked_as_a_create_is() {
    let Some(moved) = Moved::new() else {
        return;
    };
    let unknown = "0197a3b0-0000-7000-8000-0000000000ff";
    let products = json!([
        { "id": "a", "name": "Lamp", "sku": "LAMP-1", "price": "19.50", "stock": "", "released": "2023-01-15 12:34:56.789012+00" },
        { "id": "b", "name": "Copy", "sku": "LAMP-1" },
        { "id": "c", "name": "Wrong", "sku": "no" },
        { "id": "d", "name": "More", "sku": "MORE-1", "color": "red" },
        { "id": "e", "sku": "NONE-1" },
        { "id": "f", "name": "Late", "sku": "LATE-1", "createdAt": "2999-01-01" },
        7,
        { "id": "a", "name": "Lamp", "sku": "LAMP-1", "price": "19.50", "stock": "", "released": "2023-01-15 12:34:56.789012+00" },
    ]);
    let file = moved.scraps.write("products.json", products.to_string());
    for more in [&["--dry-run"][..], &[]] {
        let (is_done, told) = moved.import("products", &file, more);
        let counts = "8 entries read, 1 records of products ";
        assert!(
            !is_done && told.contains(counts) && told.contains("1 there already, 6 refused"),
            "{told}"
        );
        for reason in [
            "entry 2: has the `sku` of entry 1.",
            "entry 3: `sku`",
            "entry 4: `color`",
            "entry 5: `name` is required.",
            "entry 6: `createdAt` must be a time that has been.",
            "entry 7: is not a JSON object",
        ] {
            assert!(told.contains(reason), "{reason} in {told}");
        }
    }
    let list = moved.list("products");
    assert_eq!(list.len(), 1);
    assert_eq!(
        (
            &list[0]["price"],
            &list[0]["stock"],
            &list[0]["status"],
            &list[0]["released"]
        ),
        (
            &json!(19.5),
            &json!(0),
            &json!("draft"),
            &json!("2023-01-15T12:34:56.789Z")
        )
    );
    // Another file meets what is there.
    let other = json!([{ "id": "z", "name": "Copy", "sku": "LAMP-1" }]).to_string();
    let other = moved.scraps.write("other.json", other);
    for more in [&["--dry-run"][..], &[]] {
        let (is_done, told) = moved.import("products", &other, more);
        assert!(
            !is_done && told.contains("entry 1: Another record has this value of `sku`."),
            "{told}"
        );
    }
    // A row of another file that has the id of the first one, and the same content or another.
    let lamp = json!({ "id": "a", "name": "Lamp", "sku": "LAMP-1", "price": "19.50", "stock": "",
        "released": "2023-01-15 12:34:56.789012+00" });
    let shade = json!({ "id": "a", "name": "Shade", "sku": "SHADE-1" });
    let other = moved
        .scraps
        .write("other.jsonl", format!("{shade}\n{lamp}\n"));
    for more in [&["--dry-run"][..], &[], &[]] {
        let (is_done, told) = moved.import("products", &other, more);
        assert!(
            !is_done && told.contains("1 there already, 1 refused"),
            "{told}"
        );
        assert!(
            told.contains("line 1: another row has this id, a, and its record is there"),
            "{told}"
        );
    }
    let orders = json!([{ "product": unknown }]).to_string();
    let orders = moved.scraps.write("orders.json", orders);
    for more in [&["--dry-run"][..], &[]] {
        let (is_done, told) = moved.import("orders", &orders, more);
        let reason = "entry 1: `product` names a record that does not exist.";
        assert!(!is_done && told.contains(reason), "{told}");
    }
}

#[test]
fn records_that_go_out_come_in_again() {
    let Some(one) = Moved::new() else {
        return;
    };
    let Some(inside) = stack().inside() else {
        return;
    };
    let posts: String = (0..300)
        .map(|number| {
            let at = format!("2021-01-02T03:{:02}:{:02}.000Z", number / 60, number % 60);
            let post = json!({ "id": number, "title": format!("Post {number}"), "user_id": old("ada"), "created_at": at });
            format!("{post}\n")
        })
        .collect();
    let file = one.scraps.write("posts.jsonl", posts);
    let told = one.import("posts", &file, &[]);
    assert!(
        told.0 && told.1.contains("300 records of posts made"),
        "{}",
        told.1
    );
    let out = one.scraps.at("out.jsonl");
    let told = one.place.run(&["records", "export", "posts", &out]);
    assert_eq!(
        told,
        (true, format!("300 records of posts written to {out}.\n"))
    );
    let (is_done, again) = one.place.run(&["records", "export", "posts", &out]);
    assert!(!is_done && again.contains("is there already"), "{again}");
    let (is_done, piped) = one.place.run(&["records", "export", "posts"]);
    assert!(is_done && piped.lines().count() == 301, "{piped}");

    let two = Place::new(inside);
    let users = one.scraps.at("out-users.jsonl");
    assert!(one.place.run(&["export", &users]).0);
    assert!(two.run(&["import", &users]).0);
    let map = one.scraps.at("none.jsonl");
    let told = two.run(&["records", "import", "posts", &out, "--map", &map]);
    assert!(
        told.0 && told.1.contains("300 records of posts made"),
        "{}",
        told.1
    );
    let list = two.apart.function("records-list", "moving", &[]);
    let event = Event::new("GET", "/api/posts?limit=100");
    let page = two.apart.ask(&list, &event).expect(200).json();
    let there = one.list("posts");
    for (here, there) in page["items"].as_array().unwrap().iter().zip(&there) {
        for name in ["id", "title", "user_id", "createdAt"] {
            assert_eq!(here[name], there[name], "{name}");
        }
    }
    assert!(
        !std::path::Path::new(&map).exists(),
        "ids that stay are not noted"
    );
}

/// A part of an export would look whole, and keep the next run from its name.
#[test]
fn an_export_that_fails_leaves_no_file() {
    let Some(moved) = Moved::new() else {
        return;
    };
    let engine = moved.place.apart.dynamo.engine();
    let broken = json!({ "shard": { "N": "0" }, "id": { "S": "0197a3b0-0000-7000-8000-000000000001" },
        "rev": { "S": "a" } });
    let put = json!({ "TableName": "local-posts", "Item": broken });
    let _ = engine.call("PutItem", &put).unwrap();
    let broken = json!({ "id": { "S": "0197a3b0-0000-7000-8000-000000000001" }, "kind": { "S": "user" },
        "auth_version": { "N": "1" } });
    let put = json!({ "TableName": "local-_users", "Item": broken });
    let _ = engine.call("PutItem", &put).unwrap();
    let out = moved.scraps.at("out.jsonl");
    for arguments in [&["records", "export", "posts", &out][..], &["export", &out]] {
        let (is_done, told) = moved.place.run(arguments);
        assert!(!is_done && !told.contains("is there already"), "{told}");
        assert!(!std::path::Path::new(&out).exists(), "{told}");
    }
    // A file of before is not of this command, and stays.
    std::fs::write(&out, "x").unwrap();
    let (is_done, told) = moved.place.run(&["export", &out]);
    assert!(!is_done && told.contains("is there already"), "{told}");
    assert_eq!(moved.scraps.read("out.jsonl"), "x");
}

/// The audit log and webhooks tell that the operator has made the records, now.
#[test]
fn an_imported_record_is_written_by_the_command_line() {
    let Some(moved) = Moved::new() else {
        return;
    };
    let file = moved.scraps.write(
        "posts.jsonl",
        "{\"id\":1,\"title\":\"A\",\"createdAt\":\"2021-01-02\"}",
    );
    assert!(moved.import("posts", &file, &[]).0);
    let engine = moved.place.apart.dynamo.engine();
    let found = engine
        .call("Scan", &json!({ "TableName": "local-posts" }))
        .unwrap();
    let items = found["Items"].as_array().unwrap();
    let item = items.iter().find(|item| item.get("rev").is_some()).unwrap();
    assert_eq!(item["actor"]["M"]["by"], json!({ "S": "cli" }), "{item}");
    assert_eq!(item["created_at"]["N"], "1609545600000");
    assert_ne!(item["updated_at"], item["created_at"]);
}
