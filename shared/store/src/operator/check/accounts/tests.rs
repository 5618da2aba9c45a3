use api::settings::Users;
use auth::factor::{Numbers, Recovery};
use auth::provider::Federated;
use auth::user::{Deletion, SignInMethod};
use serde_json::json;

use super::*;
use crate::accounts::factor_items::factor_item;
use crate::accounts::providers::federated_item;
use crate::accounts::users::user_item;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn declared() -> Vec<ProfileField> {
    let users: Users = serde_json::from_value(json!({ "fields": [
        { "name": "username", "type": "string", "unique": true },
        { "name": "badge", "type": "string", "unique": true },
        { "name": "city", "type": "string" },
    ] }))
    .expect("settings");
    users.fields
}

fn user(n: u8) -> User {
    User::new(
        Id::new(NOW, [n; 10]),
        format!("u{n}@example.com"),
        false,
        NOW,
    )
}

/// A user with everything that a user can have, and the items that belong to it.
fn whole() -> (User, Vec<Item>) {
    let mut user = user(1);
    let profile = json!({ "username": "Ada", "badge": "7", "city": "Bern" });
    user.profile = profile.as_object().cloned().expect("an object");
    user.mfa = Some(NOW);
    let method = SignInMethod {
        added_at: NOW,
        label: "one".to_owned(),
    };
    let (passkey, provider) = (format!("{PASSKEY}p"), format!("{PROVIDER}google#1"));
    user.methods.insert(passkey.clone(), method.clone());
    user.methods.insert(provider.clone(), method);
    let factor = Factor {
        user: user.id,
        secret: "sealed".to_owned(),
        pending_until: None,
        last_step: 0,
        recovery: Some(Recovery {
            generation: 1,
            key: 1,
            used: Numbers::new(),
        }),
    };
    let federated = Federated {
        key: provider,
        user: user.id,
        issuer: "https://accounts.google.com".to_owned(),
        email: None,
        linked_at: NOW,
    };
    let email = user.email.clone().unwrap_or_default();
    let mut items = vec![
        user_item(&user),
        identity_item(&user, &email, Some("hash")),
        factor_item(&factor),
        federated_item(&federated),
        owned(&passkey, &user),
    ];
    let keys = reserved(&declared(), Some(&user)).into_keys();
    items.extend(keys.map(|key| owned(&key, &user)));
    (user, items)
}

fn owned(key: &str, user: &User) -> Item {
    Item::from([
        ("id".to_owned(), text(key)),
        ("user_id".to_owned(), id(user.id)),
    ])
}

/// The troubles of all items, each with whether a repair needs no choice.
fn told(items: &[Item]) -> Vec<(String, bool)> {
    let (declared, found) = (declared(), keyed(items.to_vec()));
    let judged = items
        .iter()
        .flat_map(|it| judge(&declared, it, &found, NOW));
    let mut told: Vec<_> = judged
        .map(|it| (it.what.clone(), it.is_repairable()))
        .collect();
    told.sort();
    told
}

/// The troubles where the item of a key, and everything that it names, is as given or missing.
fn without(key: &str) -> Vec<(String, bool)> {
    let (_, mut items) = whole();
    items.retain(|item| said(item, "id").is_some_and(|it| !it.starts_with(key)));
    told(&items)
}

#[test]
fn a_whole_user_has_no_contradiction_and_names_everything_that_it_has() {
    let (user, items) = whole();
    assert_eq!(told(&items), []);
    assert_eq!(needs(&declared(), &user_item(&user)).len(), items.len() - 1);
    for item in &items[1..] {
        assert_eq!(needs(&declared(), item), [user.id.to_string()]);
    }
}

#[test]
fn a_user_without_what_it_names_is_told_and_only_what_is_lost_for_good_waits_for_a_choice() {
    for (key, what, is_repairable) in [
        ("email#", "has an address without an identity", true),
        (
            "username#",
            "has a value of `username` that is not reserved",
            true,
        ),
        (
            "unique#badge#",
            "has a value of `badge` that is not reserved",
            true,
        ),
        ("totp#", "has a second factor that is not there", false),
        (PASSKEY, "names passkey#p, which is not there", false),
        (
            PROVIDER,
            "names provider#google#1, which is not there",
            false,
        ),
    ] {
        let told = without(key);
        assert!(
            matches!(told.as_slice(), [(one, repair)]
            if one.starts_with(what) && *repair == is_repairable),
            "{key}: {told:?}"
        );
    }
}

#[test]
fn items_of_a_user_who_is_gone_or_buried_are_orphans() {
    let (user, items) = whole();
    let gone = format!("belongs to user {}, who is gone", user.id);
    let expected = vec![(gone, true); items.len() - 1];
    assert_eq!(told(&items[1..]), expected);
    let tombstone = Item::from([
        ("id".to_owned(), id(user.id)),
        ("deleted_at".to_owned(), crate::item::number(1)),
    ]);
    assert_eq!(told(&[&[tombstone], &items[1..]].concat()), expected);
}

#[test]
fn items_that_their_user_does_not_have_are_told() {
    let (had, items) = whole();
    let bare = User {
        email: Some("other@example.com".to_owned()),
        mfa: None,
        profile: serde_json::Map::new(),
        methods: std::collections::BTreeMap::new(),
        ..had.clone()
    };
    let identity = identity_item(&bare, "other@example.com", None);
    let all = [&[user_item(&bare), identity], &items[1..]].concat();
    let unnamed = format!("belongs to user {}, who does not have it", had.id);
    let factor = format!("is a second factor that user {} does not know of", had.id);
    let mut expected = vec![(unnamed, true); items.len() - 2];
    expected.push((factor, false));
    assert_eq!(told(&all), expected);
}

#[test]
fn an_item_of_another_user_waits_for_a_choice_but_for_a_provider_of_another_issuer() {
    let (user, mut items) = whole();
    let other = self::user(2);
    for item in &mut items[1..] {
        item.insert("user_id".to_owned(), id(other.id));
    }
    let found = keyed(items.clone());
    let told: Vec<String> = judge(&declared(), &user_item(&user), &found, NOW)
        .into_iter()
        .map(|it| {
            assert!(!it.is_repairable(), "{}", it.what);
            it.what
        })
        .collect();
    let reserved = |what: &str| format!("has another user where {what} is reserved: {}", other.id);
    let expected = [
        reserved("its address"),
        reserved("its value of `badge`"),
        reserved("its value of `username`"),
        "names passkey#p, which belongs to another user".to_owned(),
    ];
    let mut told = told;
    told.sort();
    assert_eq!(told, expected);
}

#[test]
fn an_identity_of_another_version_or_deletion_is_told() {
    let (user, items) = whole();
    let with = |change: User| {
        let mut items = items.clone();
        items[0] = user_item(&change);
        told(&items)
            .into_iter()
            .map(|(what, _)| what)
            .collect::<Vec<_>>()
    };
    let raised = User {
        auth_version: 2,
        ..user.clone()
    };
    let version = "has another version than its identity: its password signs nobody in";
    assert_eq!(with(raised), [version]);
    let mut deleted = items.clone();
    let until = NOW.seconds() + 1;
    deleted[0].extend(ending_attributes(&User {
        deleted: Some(Deletion { at: NOW, until }),
        ..user
    }));
    let says = "is deleted, or is not, and its identity says otherwise";
    assert_eq!(told(&deleted), [(says.to_owned(), false)]);
    // After its time the account is as good as removed.
    deleted[0].insert("expires_at".to_owned(), crate::item::number(NOW.seconds()));
    assert_eq!(told(&deleted[..1]), []);
}

#[test]
fn a_value_of_a_field_that_is_not_declared_is_nobodys_contradiction() {
    let (user, _) = whole();
    let item = owned("unique#shoe#x", &user);
    let (_, mut items) = whole();
    items.push(item);
    assert_eq!(told(&items), []);
    let broken = Item::from([("id".to_owned(), id(self::user(3).id))]);
    items.push(broken);
    items.push(Item::from([("id".to_owned(), text("email#x@y"))]));
    let told = told(&items);
    assert_eq!(told.len(), 2);
    assert!(told[0].0.starts_with("cannot be read: "), "{told:?}");
    assert_eq!(told[1], ("names no user".to_owned(), false));
}
