//! Files of every kind: each is taken, or refused in one line that says what to do.

use blackbox::stack;

use super::{Place, Scraps};

const ONE: &str = "{\"email\":\"ada@example.com\"}";

#[test]
fn users_are_read_from_every_form_of_text() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (place, scraps) = (Place::new(inside), Scraps::new());
    for (number, file) in [
        format!("{ONE}\n"),
        format!("\u{feff}{ONE}"),
        format!("[{ONE}]"),
        format!("{{\"users\":[{ONE}],\"total\":1}}"),
        "{\n  \"email\": \"ada@example.com\"\n}\n".to_owned(),
        "email,name,badge\nada@example.com,,\n".to_owned(),
        format!("{{\"success\":true,\"data\":{{\"items\":[{ONE}]}}}}"),
        format!("{{\"data\":{{\"users\":[{ONE}],\"total\":1}},\"error\":null}}"),
    ]
    .into_iter()
    .enumerate()
    {
        let path = scraps.write("users", &file);
        let (is_done, told) = place.run(&["import", &path]);
        // They are one and the same user.
        let counts = match number {
            0 => "1 users made, 0 there already",
            _ => "0 users made, 1 there already",
        };
        assert!(is_done && told.contains(counts), "{file}: {told}");
    }
    let typed = scraps.write(
        "typed.csv",
        "email,disabled,badge,name\nbob@example.com,true,7,Bob\n",
    );
    let (is_done, told) = place.run(&["import", &typed]);
    assert!(is_done && told.contains("1 users made"), "{told}");
    let one = scraps.write("one.CSV", "email\ncarl@example.com\n");
    let (is_done, told) = place.run(&["import", &one]);
    assert!(is_done && told.contains("1 users made"), "{told}");
    let exported = place.run(&["export"]).1;
    assert!(
        exported.contains("\"badge\":7") && exported.contains("\"disabled\":true"),
        "{exported}"
    );
}

#[test]
fn a_file_of_the_wrong_kind_is_one_line_that_says_what_to_do() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (place, scraps) = (Place::new(inside), Scraps::new());
    let wide: Vec<u8> = ONE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xff, 0xfe][..], &wide].concat();
    for (content, reason) in [
        (&b""[..], "is empty: export it again"),
        (b"\n \n", "is empty: export it again"),
        (&marked, "is UTF-16: make it UTF-8"),
        (&wide, "is UTF-16: make it UTF-8"),
        (
            b"\x7fELF\x02\x01\x01\0\0",
            "is binary: export JSON lines or CSV",
        ),
        (
            b"SQLite format 3\0\x10\0",
            "export the table with sqlite3 -json",
        ),
        (b"PK\x03\x04\x14\0", "unpack it and name the file in it"),
        (b"\x1f\x8b\x08\0", "unpack it with gunzip"),
        (
            b"--\n-- PostgreSQL database dump\n",
            "is SQL: export the table as CSV",
        ),
        (b"<users></users>", "is XML or HTML"),
        (
            b"email,name\rada@example.com,Ada\r",
            "ends its lines with CR alone: convert it, such as with tr",
        ),
        (b"ada@example.com\n{}\n", "is neither JSON nor CSV"),
        (
            b"email,email\na,b\n",
            "two columns of its first line have the name email",
        ),
    ] {
        let path = scraps.write("file", content);
        for arguments in [
            &["import", &path][..],
            &["import", "--from", "pocketbase", &path],
            &["records", "import", "posts", &path],
        ] {
            let (is_done, told) = place.run(arguments);
            let is_told = told.contains(reason) && told.contains(&path);
            assert!(
                !is_done && is_told && told.lines().count() == 1,
                "{reason}: {told}"
            );
        }
    }
    let folder = scraps.at("");
    for arguments in [
        &["import", &folder][..],
        &["records", "import", "posts", &folder],
    ] {
        let (is_done, told) = place.run(arguments);
        assert!(
            !is_done && told.contains("is a folder: name a file in it"),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    for (arguments, reason) in [
        (&["restore", &folder][..], "has no manifest.json"),
        (
            &["restore", "/nothing/there"],
            "/nothing/there: No such file",
        ),
        (
            &["export", "--all", "/nothing/there"],
            "/nothing/there: No such file",
        ),
        (&["export", "--all", &folder], "which no export writes"),
        (
            &["records", "import", "nothing", &folder],
            "there is no collection nothing; there are articles,",
        ),
        (
            &["records", "export", "nothing"],
            "there is no collection nothing",
        ),
    ] {
        let (is_done, told) = place.run(arguments);
        assert!(
            !is_done && told.contains(reason) && told.lines().count() == 1,
            "{told}"
        );
    }
}

#[test]
fn a_file_that_is_named_for_the_ids_or_the_report_by_mistake_stays_as_it_is() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (place, scraps) = (Place::new(inside), Scraps::new());
    let reply = "{\"items\":[{\"id\":\"1\",\"email\":\"ada@example.com\"}]}";
    let post = "{\"id\":1,\"title\":\"A\"}";
    let [users, posts, fields] = [
        scraps.write("users-1.json", reply),
        scraps.write("posts-1.json", post),
        scraps.write("map.json", "{}"),
    ];
    let (users, posts, fields) = (users.as_str(), posts.as_str(), fields.as_str());
    let ids = scraps.at("ids.jsonl");
    let ids = ids.as_str();
    let bkend = ["import", "--from", "bkend", users, "--ids"];
    let records = ["records", "import", "posts", posts, "--map"];
    let line = "line 1 is not of the form";
    let needed = "the import needs this file: name another one with --report";
    for (arguments, more, reason) in [
        (records, &[users][..], line),
        (records, &[users, "--dry-run"], line),
        (records, &[ids, "--report", posts], needed),
        (records, &[ids, "--report", ids], needed),
        (bkend, &[posts], line),
        (bkend, &[ids, "--report", users], needed),
        (bkend, &[ids, "--report", ids], needed),
        (
            bkend,
            &[ids, "--fields", fields, "--report", fields],
            needed,
        ),
    ] {
        let (is_done, told) = place.run(&[&arguments[..], more].concat());
        assert!(
            !is_done && told.contains(reason) && told.lines().count() == 1,
            "{told}"
        );
    }
    assert_eq!(scraps.read("users-1.json"), reply);
    assert_eq!(scraps.read("posts-1.json"), post);
    assert_eq!(scraps.read("map.json"), "{}");
}

#[test]
fn users_of_another_system_than_the_command_names_are_one_line() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (place, scraps) = (Place::new(inside), Scraps::new());
    let file =
        "id,email,encrypted_password\n1,ada@example.com,$2a$10$x\n2,bob@example.com,$2a$10$x\n";
    let file = scraps.write("users.csv", file);
    let (ids, report) = (scraps.at("ids.jsonl"), scraps.at("report"));
    for more in [&["--dry-run"][..], &[]] {
        let arguments = [
            "import",
            "--from",
            "pocketbase",
            &file,
            "--ids",
            &ids,
            "--report",
            &report,
        ];
        let (is_done, told) = place.run(&[&arguments[..], more].concat());
        let reason = "users.csv: line 2 has `encrypted_password`, as users of Supabase have: import it with --from supabase.";
        assert!(
            !is_done && told.contains(reason) && told.lines().count() == 1,
            "{told}"
        );
    }
    assert_eq!(place.run(&["export"]).1.lines().count(), 1, "nobody");
}
