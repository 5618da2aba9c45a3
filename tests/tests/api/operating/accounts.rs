//! `cargo admin user` and `admins`.

use super::*;

/// The value of a line of an account that is shown.
fn part(shown: &str, name: &str) -> String {
    let mut lines = shown.lines();
    let line = lines.find_map(|line| line.strip_prefix(name));
    line.unwrap_or_default().trim().to_owned()
}

#[test]
fn an_account_is_found_by_address_and_by_id_and_shown_as_it_is() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[]);
    let member = Member::new(&world, "editor");
    for _ in 0..2 {
        let _ = member.signs_in(&world);
    }
    let shouted = format!(" {} ", member.email.to_uppercase());
    let (done, shown) = admin(&world, &["user", &shouted]);
    assert!(done, "{shown}");
    assert_eq!(admin(&world, &["user", &member.id]), (true, shown.clone()));
    for (name, expected) in [
        ("id", member.id.as_str()),
        ("address", &format!("{}, not proven", member.email)),
        ("role", "editor"),
        ("state", "active"),
        ("password", "set"),
        ("factor", "none"),
        ("passkeys", "none"),
        ("providers", "none"),
        ("throttle", "none"),
    ] {
        assert_eq!(part(&shown, name), expected, "{shown}");
    }
    let sessions = part(&shown, "sessions");
    assert!(sessions.starts_with("2, the last one used 2"), "{shown}");
    // The hash of the password is on no line.
    assert!(!shown.contains("$2"), "{shown}");

    let nobody = fresh_email();
    let expected = format!("nobody has registered {nobody}");
    assert_refused(&world, &["user", &nobody], &expected);
    let unknown = "0197a3b0-1234-7000-8000-0000000000ff";
    let expected = format!("there is no user {unknown}");
    assert_refused(&world, &["user", unknown], &expected);
    let expected = "ada: name a user by an email address or by an id";
    assert_refused(&world, &["user", "ada"], expected);
}

#[test]
fn sessions_are_listed_and_ended_one_or_all() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[("events", &[])]);
    let member = Member::new(&world, "authenticated");
    let user = |arguments: &[&str]| {
        let all = [&["user", member.email.as_str()], arguments].concat();
        admin(&world, &all)
    };
    let none = (true, format!("{} has no session.\n", member.email));
    assert_eq!(user(&["sessions"]), none);
    let tokens: Vec<String> = (0..3).map(|_| member.signs_in(&world)).collect();
    let (done, listed) = user(&["sessions"]);
    assert!(done && listed.contains(", from "), "{listed}");
    let path = format!("/api/users/{}/sessions", member.id);
    let page = world.ask("users-sessions-list", Event::new("GET", &path), 200);
    let items = page["items"].as_array().unwrap();
    let shown: BTreeSet<String> = items.iter().map(|item| text(&item["id"])).collect();
    assert_eq!((ids(&listed), shown.len()), (shown, 3));

    let newest = text(&items[0]["id"]);
    let ended = format!("The session {newest} has ended; it holds on the next request.\n");
    assert_eq!(user(&["end-sessions", &newest]), (true, ended));
    let stand: Vec<bool> = tokens.iter().map(|token| world.stands(token)).collect();
    assert_eq!(stand, [true, true, false]);
    let again = format!(
        "cargo admin: {} has no session {newest} that stands; `sessions` lists those that do\n",
        member.email
    );
    assert_eq!(user(&["end-sessions", &newest]), (false, again));

    let all = format!(
        "Every session of {} has ended; it holds on the next request.\n",
        member.email
    );
    assert_eq!(user(&["end-sessions"]), (true, all));
    assert!(!tokens.iter().any(|token| world.stands(token)));
    assert_eq!(user(&["sessions"]), none);
    let told = told_by_cli(&world, &member.id, 2);
    assert_eq!(
        told,
        [
            "auth.session.ended admin",
            "auth.session.ended sessions-end"
        ]
    );
}

#[test]
fn an_account_is_switched_off_and_on() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[("events", &[])]);
    let member = Member::new(&world, "authenticated");
    let token = member.signs_in(&world);
    let (id, email) = (member.id.as_str(), &member.email);
    assert_says(
        &world,
        &["user", id, "enable"],
        &format!("{email} was enabled already."),
    );
    let off = format!("{email} is disabled, and every session has ended.");
    assert_says(&world, &["user", id, "disable"], &off);
    assert!(!world.stands(&token));
    let refused = world.send("login", &member.login(), 403);
    assert_eq!(refused["error"]["code"], "auth/account-disabled");
    assert_says(
        &world,
        &["user", id, "disable"],
        &format!("{email} was disabled already."),
    );
    let (_, shown) = admin(&world, &["user", id]);
    assert!(shown.contains("\nstate     disabled\n"), "{shown}");

    let on = format!("{email} is enabled; the sessions of before stay ended.");
    assert_says(&world, &["user", id, "enable"], &on);
    assert!(!world.stands(&token));
    let _ = member.signs_in(&world);
    let told = told_by_cli(&world, id, 3);
    let expected = ["auth.session.ended update", "user.updated", "user.updated"];
    let mut sorted = told.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected, "{told:?}");
}

#[test]
fn an_admin_is_demoted_but_not_the_last_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[("events", &[])]);
    let root = text(&world.admin["user"]["email"]);
    let last = "The last admin can be neither demoted, disabled nor deleted.";
    for action in ["demote", "disable"] {
        assert_refused(&world, &["user", &root, action], last);
    }
    let (done, one) = admin(&world, &["admins"]);
    assert!(
        done && one.contains(&root) && one.contains("\n1 admin acts;"),
        "{one}"
    );

    let member = Member::new(&world, "admin");
    let token = member.signs_in(&world);
    let (_, two) = admin(&world, &["admins"]);
    assert!(
        two.contains(&member.email) && two.ends_with("\n2 admins act.\n"),
        "{two}"
    );
    let key = json!({ "name": "ci", "type": "secret", "scopes": ["posts:read"] });
    let make = Event::new("POST", "/api/admin/api-keys")
        .json(&key)
        .token(&token);
    let key = text(&world.send("api-keys-create", &make, 201)["id"]);

    let demote = |more: &[&str]| {
        let all = [&["user", member.email.as_str(), "demote"], more].concat();
        admin(&world, &all)
    };
    let standing = format!(
        "cargo admin: This admin has made API keys: ci ({key}); say --api-keys keep or --api-keys delete.\n"
    );
    assert_eq!(demote(&[]), (false, standing));
    let (done, unknown) = demote(&["--role", "chief"]);
    assert!(
        !done && unknown.contains("`role` must be one of: "),
        "{unknown}"
    );
    let none = "cargo admin: --role admin takes no rights away; name another role\n".to_owned();
    assert_eq!(demote(&["--role", "admin"]), (false, none));
    let done = format!(
        "{} has the role editor now; it holds on the next request.\n",
        member.email
    );
    assert_eq!(
        demote(&["--role", "editor", "--api-keys", "delete"]),
        (true, done)
    );
    // The session goes on, without the rights.
    assert!(world.stands(&token));
    let list = Event::new("GET", "/api/users").token(&token);
    let _ = world.send("users-list", &list, 403);
    assert_says(&world, &["api-keys"], "There is no API key.");
    let again = format!("{} is no admin; the role is editor.\n", member.email);
    assert_eq!(demote(&[]), (true, again));
    assert_eq!(told_by_cli(&world, &member.id, 1), ["user.updated"]);
    assert_eq!(told_by_cli(&world, &key, 1), ["key.deleted"]);
}

#[test]
fn keys_that_stood_are_deleted_also_where_their_admin_left_before() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, &[]);
    let makes = |member: &Member| {
        let token = member.signs_in(&world);
        let key = json!({ "name": "ci", "type": "secret", "scopes": ["posts:read"] });
        let make = Event::new("POST", "/api/admin/api-keys")
            .json(&key)
            .token(&token);
        let _ = world.send("api-keys-create", &make, 201);
    };
    let [off, demoted] = ["admin", "admin"].map(|role| Member::new(&world, role));
    for (member, action, before) in [
        (&off, "disable", "was disabled already."),
        (
            &demoted,
            "demote",
            "is no admin; the role is authenticated.",
        ),
    ] {
        makes(member);
        let left = ["user", member.email.as_str(), action, "--api-keys", "keep"];
        let (done, told) = admin(&world, &left);
        assert!(done, "{told}");
        let email = &member.email;
        let one = format!("{email} {before} 1 API key is deleted.");
        assert_says(
            &world,
            &["user", email, action, "--api-keys", "delete"],
            &one,
        );
        assert_says(&world, &["api-keys"], "There is no API key.");
        let none = format!("{email} {before}");
        assert_says(
            &world,
            &["user", email, action, "--api-keys", "delete"],
            &none,
        );
    }
}
