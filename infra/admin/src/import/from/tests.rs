//! Users as the four systems write them.

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const HASH: &str = "$2a$10$JkRVk2mZ5VJ3kbm3ZQpTWuRz7h3dN2jCmJrtkH7y6lT0mJj5cY2mG";

fn declared() -> Vec<ProfileField> {
    let declared = json!([{ "name": "name", "type": "string" }, { "name": "username", "type": "string" },
        { "name": "badge", "type": "integer" } ]);
    serde_json::from_value(declared).expect("fields")
}

fn brought(system: System, user: Value) -> Result<Brought, String> {
    let Value::Object(fields) = user else {
        panic!("an object")
    };
    translate(system, fields, (&declared(), &FieldMap::default()), NOW)
}

fn assert_brought(system: System, user: Value, old: &str, line: Value, left: &[&str]) {
    let brought = brought(system, user).expect("a line");
    assert_eq!(brought.old, old);
    assert_eq!(Value::Object(brought.line), line);
    assert_eq!(brought.left, left);
}

#[test]
fn a_row_of_pocketbase_is_a_line() {
    let accounts = r#"[{"provider":"google","providerId":"1103","created":"2023-02-01 00:00:00.000Z"},{"provider":"discord","providerId":"9"}]"#;
    let user = json!({ "id": "r4nd0m1d5abcdef", "collectionId": "_pb_users_auth_", "collectionName": "users",
        "email": "ada@example.com", "emailVisibility": 0, "verified": 1, "password": HASH, "tokenKey": "t",
        "name": "Ada", "avatar": "a.png", "created": "2023-01-15 12:34:56.789Z", "updated": "2023-01-16 12:34:56.789Z",
        "badge": "7", "externalAuths": accounts });
    let at = "2023-01-15T12:34:56.789Z";
    let google = json!({ "provider": "google", "issuer": "https://accounts.google.com", "subject": "1103",
        "linkedAt": "2023-02-01T00:00:00.000Z" });
    let line = json!({ "email": "ada@example.com", "passwordHash": HASH, "emailVerifiedAt": at, "createdAt": at,
        "name": "Ada", "badge": 7, "identities": [google] });
    assert_brought(
        System::Pocketbase,
        user,
        "r4nd0m1d5abcdef",
        line,
        &["account at discord", "avatar"],
    );
    // As its API lists users, and as versions before 0.23 had them.
    let user = json!({ "id": "r4nd0m1d5abcdef", "email": "", "username": "ada", "verified": false, "passwordHash": HASH,
        "created": "2023-01-15 12:34:56.789Z", "lastResetSentAt": "" });
    let line = json!({ "passwordHash": HASH, "createdAt": at, "username": "ada" });
    assert_brought(System::Pocketbase, user, "r4nd0m1d5abcdef", line, &[]);
}

#[test]
fn a_row_of_supabase_is_a_line() {
    let id = "550e8400-e29b-41d4-a716-446655440000";
    let github = json!({ "provider": "github", "provider_id": "583231", "id": "x", "created_at": "2023-01-15 12:34:56+00",
        "identity_data": { "sub": "583231", "email": "ada@example.com" } });
    let user = json!({ "instance_id": "0", "id": id, "aud": "authenticated", "role": "authenticated",
        "email": "ada@example.com", "encrypted_password": HASH, "email_confirmed_at": "2023-01-16 00:00:00+00",
        "created_at": "2023-01-15 12:34:56.789012+00", "banned_until": "2999-01-01 00:00:00+00", "phone": null,
        "raw_app_meta_data": { "provider": "email" }, "raw_user_meta_data": { "name": "Ada", "email": "x", "sub": "y" },
        "is_anonymous": false, "deleted_at": null, "identities": [{ "provider": "email", "id": id }, github] });
    let identity = json!({ "provider": "github", "issuer": "https://api.github.com", "subject": "583231",
        "email": "ada@example.com", "linkedAt": "2023-01-15T12:34:56.000Z" });
    let line = json!({ "email": "ada@example.com", "passwordHash": HASH, "createdAt": "2023-01-15T12:34:56.789Z",
        "emailVerifiedAt": "2023-01-16T00:00:00.000Z", "disabled": true, "name": "Ada", "identities": [identity] });
    assert_brought(System::Supabase, user, id, line, &[]);
    // A row of CSV, where everything is text.
    let user = json!({ "id": id, "email": "ada@example.com", "encrypted_password": HASH, "is_anonymous": "f",
        "raw_user_meta_data": "{\"name\": \"Ada\"}", "created_at": "2023-01-15 12:34:56.789012+00",
        "banned_until": "2020-01-01 00:00:00+00" });
    let line = json!({ "email": "ada@example.com", "passwordHash": HASH, "createdAt": "2023-01-15T12:34:56.789Z",
        "name": "Ada" });
    assert_brought(System::Supabase, user, id, line, &[]);
}

#[test]
fn a_document_of_urbackend_is_a_line() {
    let id = "63c3f2f0a1b2c3d4e5f60718";
    let at = "2023-01-15T12:34:56.789Z";
    let user = json!({ "_id": { "$oid": id }, "email": "ada@example.com", "password": HASH, "username": "ada",
        "isVerified": true, "role": "admin", "githubId": "583231", "authProviders": ["github"], "__v": 0,
        "createdAt": { "$date": at }, "updatedAt": { "$date": { "$numberLong": "1673786096789" } } });
    // Users write these members themselves there, so they prove nothing.
    let line = json!({ "email": "ada@example.com", "passwordHash": HASH, "username": "ada", "createdAt": at });
    let left = ["githubId", "isVerified", "role"];
    assert_brought(System::Urbackend, user, id, line, &left);
    // The id tells the time where the document does not.
    let line = json!({ "email": "ada@example.com", "createdAt": "2023-01-15T12:34:56.000Z" });
    let user = json!({ "_id": id, "email": "ada@example.com", "emailVerified": true });
    assert_brought(System::Urbackend, user, id, line, &["emailVerified"]);
}

#[test]
fn an_item_of_bkend_is_a_line() {
    let at = "2023-01-15T12:34:56.789Z";
    let user = json!({ "id": "u_1", "role": "user", "name": "Ada", "nickname": "ada", "email": "ada@example.com",
        "emailVerified": "2023-01-16T00:00:00.000Z", "image": null, "onboardingStatus": "done", "createdAt": at,
        "accounts": [{ "provider": "google", "providerAccountId": "1103", "connectedAt": at }] });
    let google = json!({ "provider": "google", "issuer": "https://accounts.google.com", "subject": "1103", "linkedAt": at });
    let line = json!({ "email": "ada@example.com", "name": "Ada", "createdAt": at,
        "emailVerifiedAt": "2023-01-16T00:00:00.000Z", "identities": [google] });
    assert_brought(System::Bkend, user, "u_1", line, &["nickname"]);
    let user = json!({ "id": 7, "role": "editor", "email": "a@b", "emailVerified": null, "createdAt": at });
    let line = json!({ "email": "a@b", "role": "editor", "createdAt": at });
    assert_brought(System::Bkend, user, "7", line, &[]);
}

#[test]
fn a_map_gives_members_of_the_user_and_of_its_metadata_other_names() {
    let names = json!({ "full_name": "name", "raw_user_meta_data.level": "badge", "username": null, "raw_app_meta_data.role": "role" });
    let user = json!({ "id": "1", "email": "a@b", "raw_app_meta_data": { "role": "editor" },
        "raw_user_meta_data": { "full_name": "Ada", "level": "7", "username": "ada", "avatar_url": "x" } });
    let brought = mapped(System::Supabase, names, user);
    let line = json!({ "email": "a@b", "name": "Ada", "badge": 7, "role": "editor" });
    assert_eq!(Value::Object(brought.line), line);
    assert_eq!(brought.left, ["avatar_url"]);
}

fn mapped(system: System, names: Value, user: Value) -> Brought {
    let (Value::Object(names), Value::Object(user)) = (names, user) else {
        panic!("objects")
    };
    let map = FieldMap::read(names, &declared()).expect("a map");
    translate(system, user, (&declared(), &map), NOW).expect("a line")
}

/// Users of Supabase write `raw_user_meta_data` themselves.
#[test]
fn a_user_cannot_supply_what_the_map_takes_from_the_system() {
    let names = json!({ "raw_app_meta_data.role": "role", "app_metadata.plan": "badge", "phone": "username",
        "is_super_admin": "name" });
    let own = json!({ "raw_app_meta_data.role": "admin", "app_metadata.plan": 9, "phone": "1", "is_super_admin": "yes",
        "role": "admin", "raw_app_meta_data": { "role": "admin" }, "app_metadata": { "plan": 9 } });
    let app = json!({ "role": "editor" });
    for (of_system, role) in [
        // The name with the dot is a member of the user's metadata.
        (app.clone(), Some("editor")),
        (json!(app.to_string()), Some("editor")),
        // Nothing of the system is there, and the user's metadata has the object.
        (json!({}), None),
        (json!(null), None),
    ] {
        for own in [own.clone(), json!(own.to_string())] {
            let user = json!({ "id": "1", "email": "a@b", "raw_app_meta_data": of_system, "app_metadata": null,
                "raw_user_meta_data": own });
            let mut line = json!({ "email": "a@b" });
            if let Some(role) = role {
                line["role"] = json!(role);
            }
            let brought = mapped(System::Supabase, names.clone(), user);
            assert_eq!(Value::Object(brought.line), line, "{of_system}");
        }
    }
    // Nor under the name of the field, or of a column that is empty.
    let names = json!({ "raw_app_meta_data.plan": "name", "full_name": "username" });
    let user = json!({ "id": "1", "email": "a@b", "raw_app_meta_data": {}, "phone": null,
        "raw_user_meta_data": { "name": "pro", "username": "ada", "phone": "1", "badge": 7 } });
    let brought = mapped(System::Supabase, names, user.clone());
    let line = json!({ "email": "a@b", "badge": 7 });
    assert_eq!(Value::Object(brought.line), line);
    let declared = json!([{ "name": "phone", "type": "string" }]);
    let declared: Vec<ProfileField> = serde_json::from_value(declared).expect("fields");
    let Value::Object(fields) = user else {
        panic!("an object")
    };
    let map = (&declared[..], &FieldMap::default());
    let brought = translate(System::Supabase, fields, map, NOW).expect("a line");
    assert_eq!(Value::Object(brought.line), json!({ "email": "a@b" }));
    // Nor a role by a name of its own.
    let user = json!({ "id": "1", "email": "a@b", "raw_user_meta_data": { "level": "admin" } });
    let brought = mapped(System::Supabase, json!({ "level": "role" }), user);
    assert_eq!(Value::Object(brought.line), json!({ "email": "a@b" }));
}

#[test]
fn a_member_with_null_in_the_map_is_left_out_also_where_the_system_gives_it_a_meaning() {
    let names = json!({ "id": null, "encrypted_password": null, "email_confirmed_at": null, "identities": null,
        "banned_until": null, "created_at": null, "raw_user_meta_data.name": null });
    let github = json!({ "provider": "github", "provider_id": "583231" });
    let user = json!({ "id": "1", "email": "a@b", "encrypted_password": HASH, "email_confirmed_at": "2023-01-16 00:00:00+00",
        "created_at": "2023-01-15 12:34:56+00", "banned_until": "2999-01-01 00:00:00+00", "identities": [github],
        "raw_user_meta_data": { "name": "Ada", "username": "ada" } });
    let brought = mapped(System::Supabase, names, user);
    assert_eq!(brought.old, "1");
    assert_eq!(
        Value::Object(brought.line),
        json!({ "email": "a@b", "username": "ada" })
    );
    assert_eq!(brought.left, Vec::<String>::new());
}

#[test]
fn a_ban_without_an_end_shuts_out_and_one_that_cannot_be_read_is_a_problem() {
    let line = |until: &str| {
        let user = json!({ "id": "1", "email": "a@b", "banned_until": until });
        brought(System::Supabase, user).map(|brought| brought.line.contains_key("disabled"))
    };
    assert_eq!(line("infinity"), Ok(true));
    assert_eq!(line("-infinity"), Ok(false));
    assert_eq!(line("2999-01-01 00:00:00+00"), Ok(true));
    assert_eq!(line("2020-01-01 00:00:00+00"), Ok(false));
    let told = "`banned_until` must be a time or infinity.".to_owned();
    assert_eq!(line("for ever"), Err(told));
}

#[test]
fn what_cannot_move_says_why_and_never_repeats_a_hash() {
    let argon = "$argon2id$v=19$m=65536,t=3,p=4$c2VjcmV0";
    for (system, user, reason) in [
        (
            System::Pocketbase,
            json!({ "email": "a@b" }),
            "`id` is required: the id of the user in PocketBase.",
        ),
        (
            System::Urbackend,
            json!({ "email": "a@b" }),
            "`_id` is required",
        ),
        (
            System::Bkend,
            json!({ "id": "1", "password": argon }),
            "the hash of the password is argon2 and cannot move",
        ),
        (
            System::Supabase,
            json!({ "id": "1", "encrypted_password": "$fbscrypt$v=1$secret" }),
            "Firebase's scrypt",
        ),
        (
            System::Supabase,
            json!({ "id": "1", "encrypted_password": "secret" }),
            "of another kind than bcrypt",
        ),
        (
            System::Supabase,
            json!({ "id": "1", "deleted_at": "2023-01-15 12:34:56+00" }),
            "was deleted there.",
        ),
        (
            System::Supabase,
            json!({ "id": "1", "is_anonymous": "t" }),
            "an anonymous user",
        ),
        (
            System::Supabase,
            json!({ "id": "1", "created_at": "soon" }),
            "`created_at` must be a time that has been.",
        ),
        (
            System::Pocketbase,
            json!({ "id": "1", "created": "2999-01-15 12:34:56Z" }),
            "`created` must be",
        ),
        (
            System::Bkend,
            json!({ "id": "1", "emailVerified": "perhaps" }),
            "`emailVerified` must be",
        ),
        (
            System::Bkend,
            json!({ "id": "1", "email": ["a@b"] }),
            "`email` must be a string.",
        ),
    ] {
        let refused = brought(system, user.clone()).expect_err("refused");
        assert!(
            refused.contains(reason) && !refused.contains("secret") && !refused.contains("c2Vj"),
            "{user}: {refused}"
        );
    }
}

#[test]
fn a_user_of_another_system_is_told_by_what_only_that_has() {
    let users = [
        (System::Pocketbase, json!({ "id": "1", "tokenKey": "t" })),
        (
            System::Pocketbase,
            json!({ "id": "1", "emailVisibility": false }),
        ),
        (
            System::Supabase,
            json!({ "id": "1", "encrypted_password": HASH }),
        ),
        (
            System::Supabase,
            json!({ "id": "1", "raw_user_meta_data": "{}" }),
        ),
        (
            System::Urbackend,
            json!({ "_id": "1", "__v": 0, "password": HASH }),
        ),
        (
            System::Bkend,
            json!({ "id": "1", "onboardingStatus": null }),
        ),
    ];
    for (of, user) in users {
        for system in System::value_variants() {
            let told = brought(*system, user.clone());
            if *system == of {
                assert!(told.is_ok(), "{user}: {told:?}");
                continue;
            }
            let option = format!("import it with --from {}.", of.name().to_lowercase());
            let refused = told.expect_err("refused");
            assert!(refused.ends_with(&option), "{system:?}: {refused}");
        }
    }
    // A field of the app's own.
    for (system, user) in [
        (
            System::Urbackend,
            json!({ "_id": "1", "__v": 0, "onboardingStatus": "done" }),
        ),
        (
            System::Pocketbase,
            json!({ "id": "1", "tokenKey": "t", "onboardingStatus": "done" }),
        ),
        (System::Bkend, json!({ "_id": "1", "email": "a@b" })),
    ] {
        assert!(brought(system, user.clone()).is_ok(), "{user}");
    }
}
