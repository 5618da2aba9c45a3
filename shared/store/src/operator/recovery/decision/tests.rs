use api::Id;
use auth::User;
use serde_json::json;

use super::super::table::Times;
use super::*;
use crate::accounts::users::{identity_item, user_item};
use crate::item::{number, text, time};

const BEGAN: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const BEFORE: Timestamp = Timestamp::from_millis(1_780_000_000_000);

fn recovery(kind: Kind) -> Recovery {
    Recovery {
        kind,
        table: "t".to_owned(),
        helper: "h".to_owned(),
        keys: vec!["id".to_owned()],
        times: Times::new(BEGAN, kind == Kind::ApiKeys),
    }
}

/// An item of these attributes, numbers and texts.
fn item(attributes: &serde_json::Value) -> Item {
    let attributes = attributes.as_object().expect("an object").iter();
    let value = |value: &serde_json::Value| match value.as_str() {
        Some(said) => text(said),
        None => number(value),
    };
    attributes
        .map(|(name, it)| (name.clone(), value(it)))
        .collect()
}

fn record(rev: &str, at: Timestamp) -> Item {
    item(&json!({ "id": "r", "rev": rev, "updated_at": at.millis(), "by.a": rev }))
}

#[test]
fn a_record_goes_back_unless_it_was_written_since() {
    let all = recovery(Kind::Records);
    let fate = |then: &Item, there: Option<&Item>| act(&all, (then, there), [None; 2], BEGAN);
    let then = record("1", BEFORE);
    let back = Act::PutBack(then.clone());
    assert_eq!(fate(&then, None), back);
    assert_eq!(fate(&then, Some(&record("2", BEFORE))), back);
    assert_eq!(fate(&then, Some(&record("2", BEGAN))), Act::Left);
    // A fill that came after the copy has changed the place in an index.
    let mut filled = then.clone();
    filled.insert("by.a".to_owned(), text("x"));
    filled.insert(
        INDEXED.to_owned(),
        AttributeValue::Ss(vec!["by.a".to_owned()]),
    );
    assert_eq!(fate(&then, Some(&filled)), Act::Same);
    let buried = item(&json!({ "id": "r", "rev": "2", "deleted_at": BEFORE.millis() }));
    assert_eq!(fate(&then, Some(&buried)), back);
    assert_eq!(fate(&buried, None), Act::Same);
    let kept = item(&json!({ "id": "#kept" }));
    assert_eq!(fate(&kept, Some(&then)), Act::Same);
    assert_eq!(fate(&kept, None), Act::PutBack(kept.clone()));
}

#[test]
fn an_item_that_a_restore_has_brought_makes_events_when_it_goes_back() {
    for kind in [Kind::Records, Kind::ApiKeys, Kind::Others, Kind::Deliveries] {
        let all = recovery(kind);
        let fate = |then: &Item, there: Option<&Item>| act(&all, (then, there), [None; 2], BEGAN);
        let bare = record("1", BEFORE);
        let mut restored = bare.clone();
        restored.insert(RESTORED.to_owned(), AttributeValue::Bool(true));
        assert_eq!(fate(&restored, None), Act::PutBack(bare.clone()));
        // A repeated run finds it done.
        assert_eq!(fate(&restored, Some(&bare)), Act::Same);
        assert_eq!(fate(&restored, Some(&restored)), Act::Same);
        let other = record("2", BEFORE);
        assert_eq!(fate(&restored, Some(&other)), Act::PutBack(bare));
    }
}

#[test]
fn a_record_that_the_point_does_not_have_is_removed_unless_it_was_written_since() {
    let all = recovery(Kind::Records);
    let fate = |there: &Item| removal(&all, there, None, BEGAN);
    assert_eq!(fate(&record("1", BEFORE)), Act::Remove);
    assert_eq!(fate(&record("1", BEGAN)), Act::Left);
    let reserved = |at: Timestamp| {
        item(&json!({ "id": "unique#a#x", "record": Id::new(at, [1; 10]).to_string() }))
    };
    assert_eq!(fate(&reserved(BEFORE)), Act::Remove);
    assert_eq!(fate(&reserved(BEGAN)), Act::Left);
    for beside in [
        json!({ "id": "#kept" }),
        json!({ "id": "r", "deleted_at": 1 }),
        json!({ "id": "r", "expires_at": BEGAN.seconds() }),
    ] {
        assert_eq!(fate(&item(&beside)), Act::Same, "{beside}");
    }
}

#[test]
fn items_whose_time_is_over_do_not_come_back() {
    let session = |until: u64| item(&json!({ "id": "s", "expires_at": until }));
    let sessions = recovery(Kind::Sessions);
    let over = session(BEGAN.seconds());
    assert_eq!(act(&sessions, (&over, None), [None; 2], BEGAN), Act::Same);
    let stands = session(BEGAN.seconds() + 1);
    let back = Act::PutBack(stands.clone());
    assert_eq!(act(&sessions, (&stands, None), [None; 2], BEGAN), back);
    // The end of an API key is in milliseconds, and that of its tombstone in another attribute.
    let keys = recovery(Kind::ApiKeys);
    let key = item(&json!({ "id": "k", "expires_at": 1 }));
    assert_eq!(
        act(&keys, (&key, None), [None; 2], BEGAN),
        Act::PutBack(key.clone())
    );
    let buried = item(&json!({ "id": "k", "gone_at": BEGAN.seconds() + 9 }));
    assert_eq!(act(&keys, (&buried, None), [None; 2], BEGAN), Act::Same);
    assert_eq!(removal(&keys, &buried, None, BEGAN), Act::Same);
    // Nothing takes the place of an entry of the log.
    let audit = recovery(Kind::Audit);
    let entry = item(&json!({ "id": "e" }));
    assert_eq!(
        act(&audit, (&entry, Some(&buried)), [None; 2], BEGAN),
        Act::Same
    );
    assert_eq!(
        act(&audit, (&entry, None), [None; 2], BEGAN),
        Act::PutBack(entry)
    );
}

fn changed(user: &User, at: Timestamp) -> Item {
    let mut item = user_item(user);
    let change = Item::from([("at".to_owned(), time(at))]);
    item.insert(CHANGE.to_owned(), AttributeValue::M(change));
    item
}

#[test]
fn a_user_goes_back_once_and_takes_along_what_belongs_to_it() {
    let users = recovery(Kind::Users);
    let ada = User::new(
        Id::new(BEFORE, [1; 10]),
        "ada@example.com".to_owned(),
        false,
        BEFORE,
    );
    let then = changed(&ada, BEFORE);
    let fate = |there: Option<&Item>| user(&users, (&then, there), BEGAN);
    let back = Act::PutBack(then.clone());
    assert_eq!(fate(None), back);
    let raised = User {
        auth_version: 4,
        ..ada.clone()
    };
    assert_eq!(fate(Some(&changed(&raised, BEFORE))), back);
    assert_eq!(fate(Some(&changed(&raised, BEGAN))), Act::Left);
    let mut done = user_item(&raised);
    done.insert(CHANGE.to_owned(), users.stamp());
    assert_eq!(fate(Some(&done)), Act::Same);

    let identity = identity_item(&ada, "ada@example.com", Some("old"));
    let owned = |there: Option<&Item>, owner: Option<&Item>| {
        act(&users, (&identity, there), [owner, None], BEGAN)
    };
    let expected = identity_item(&raised, "ada@example.com", Some("old"));
    assert_eq!(owned(None, Some(&done)), Act::PutBack(expected.clone()));
    assert_eq!(owned(Some(&expected), Some(&done)), Act::Same);
    assert_eq!(owned(None, Some(&changed(&raised, BEGAN))), Act::Left);
    assert_eq!(owned(None, None), Act::Same);
    // Another user has the address by now: one who went on working keeps it.
    let eve = User::new(
        Id::new(BEFORE, [2; 10]),
        "ada@example.com".to_owned(),
        false,
        BEFORE,
    );
    let taken = identity_item(&eve, "ada@example.com", None);
    for (at, fate) in [(BEFORE, Act::PutBack(expected.clone())), (BEGAN, Act::Left)] {
        let taker = changed(&eve, at);
        let items = (&identity, Some(&taken));
        assert_eq!(act(&users, items, [Some(&done), Some(&taker)], BEGAN), fate);
    }
    let buried = item(&json!({ "id": ada.id.to_string(), "deleted_at": 1 }));
    assert_eq!(owned(None, Some(&buried)), Act::Same);
    assert_eq!(user(&users, (&buried, None), BEGAN), Act::Same);
}

#[test]
fn newer_users_are_removed_with_what_belongs_to_them() {
    let users = recovery(Kind::Users);
    let eve = User::new(
        Id::new(BEFORE, [2; 10]),
        "eve@example.com".to_owned(),
        false,
        BEFORE,
    );
    let identity = identity_item(&eve, "eve@example.com", None);
    let fate = |there: &Item, owner: Option<&Item>| removal(&users, there, owner, BEGAN);
    let (before, since) = (changed(&eve, BEFORE), changed(&eve, BEGAN));
    assert_eq!(fate(&before, None), Act::Remove);
    assert_eq!(fate(&since, None), Act::Left);
    assert_eq!(fate(&identity, Some(&before)), Act::Remove);
    assert_eq!(fate(&identity, Some(&since)), Act::Left);
    assert_eq!(fate(&identity, None), Act::Remove);
    assert_eq!(fate(&item(&json!({ "id": "#admins" })), None), Act::Same);
}

#[test]
fn a_condition_names_every_attribute_and_no_text_of_it() {
    let one = item(&json!({ "id": "r", "rev": "1" }));
    let Unchanged {
        condition,
        names,
        values,
    } = Unchanged::of(&one, None);
    assert_eq!(condition, "#c0 = :c0 AND #c1 = :c1");
    for (place, name) in names {
        let value = values.get(&place.replace('#', ":"));
        assert_eq!(value, one.get(&name));
    }
}

#[test]
fn an_attribute_that_is_put_back_was_not_added_meanwhile() {
    let before = item(&json!({ "id": "r" }));
    let after = item(&json!({ "id": "r", "used": "1" }));
    let unchanged = Unchanged::of(&before, Some(&after));
    let condition = "#c0 = :c0 AND attribute_not_exists(#a0)";
    assert_eq!(unchanged.condition, condition);
    assert_eq!(unchanged.names.get("#a0").map(String::as_str), Some("used"));
}

#[test]
fn a_record_that_was_written_since_keeps_its_values() {
    let all = recovery(Kind::Records);
    let holder = Id::new(BEFORE, [1; 10]).to_string();
    let reserved = item(&json!({ "id": "unique#a#x", "record": holder }));
    let (before, since) = (record("2", BEFORE), record("2", BEGAN));
    // A value that it took since is not taken from it.
    let fate = |owner: &Item| removal(&all, &reserved, Some(owner), BEGAN);
    assert_eq!(fate(&since), Act::Left);
    assert_eq!(fate(&before), Act::Remove);
    // One that it gave up since is not reserved again, and neither is one that it has from another.
    let fate = |there: Option<&Item>, records| act(&all, (&reserved, there), records, BEGAN);
    let back = Act::PutBack(reserved.clone());
    assert_eq!(fate(None, [Some(&since), None]), Act::Left);
    assert_eq!(fate(None, [Some(&before), None]), back);
    let other = Id::new(BEFORE, [2; 10]).to_string();
    let taken = item(&json!({ "id": "unique#a#x", "record": other }));
    let taken = Some(&taken);
    assert_eq!(fate(taken, [Some(&before), Some(&since)]), Act::Left);
    assert_eq!(fate(taken, [Some(&before), Some(&before)]), back);
}

#[test]
fn what_was_used_since_stays_used() {
    let users = recovery(Kind::Users);
    let ada = User::new(
        Id::new(BEFORE, [1; 10]),
        "ada@example.com".to_owned(),
        false,
        BEFORE,
    );
    let owner = changed(&ada, BEFORE);
    let factor = |last: u64, generation: u64, used: &[&str]| {
        let mut factor = item(&json!({ "id": "mfa#1", "user_id": ada.id.to_string(),
            "last_step": last, "generation": generation, "secret": "s" }));
        let used: Vec<String> = used.iter().map(|it| (*it).to_owned()).collect();
        if !used.is_empty() {
            factor.insert("used".to_owned(), AttributeValue::Ns(used));
        }
        factor
    };
    let fate =
        |then: &Item, there: &Item| act(&users, (then, Some(there)), [Some(&owner), None], BEGAN);
    // Nothing else differs, so there is nothing to do.
    let there = factor(9, 1, &["3", "4"]);
    assert_eq!(fate(&factor(5, 1, &["3"]), &there), Act::Same);
    assert_eq!(fate(&factor(5, 1, &[]), &there), Act::Same);
    let both = factor(9, 1, &["2", "3", "4"]);
    assert_eq!(fate(&factor(5, 1, &["2"]), &there), Act::PutBack(both));
    // Other recovery codes go back with those of them that were used.
    let back = factor(9, 2, &["2"]);
    assert_eq!(fate(&factor(5, 2, &["2"]), &there), Act::PutBack(back));
    let passkey = |count: u64, name: &str| {
        item(
            &json!({ "id": "passkey#1", "user_id": ada.id.to_string(), "name": name,
            "sign_count": count, "used_at": count }),
        )
    };
    assert_eq!(fate(&passkey(1, "a"), &passkey(7, "a")), Act::Same);
    let back = Act::PutBack(passkey(7, "a"));
    assert_eq!(fate(&passkey(1, "a"), &passkey(7, "b")), back);
    // One that is being enrolled is nobody's loss.
    let mut pending = factor(0, 1, &[]);
    pending.insert("pending_until".to_owned(), time(BEGAN));
    assert_eq!(removal(&users, &pending, Some(&owner), BEGAN), Act::Same);
}

#[test]
fn an_admin_is_one_afterwards_by_the_user_who_is_there_then() {
    let users = recovery(Kind::Users);
    let person = |role: &str, at: Timestamp| {
        let ada = User::new(
            Id::new(BEFORE, [1; 10]),
            "ada@example.com".to_owned(),
            false,
            BEFORE,
        );
        let ada = User {
            role: role.to_owned(),
            ..ada
        };
        changed(&ada, at)
    };
    let (admin, member) = (person("admin", BEFORE), person("editor", BEFORE));
    let promoted = person("admin", BEGAN);
    let after =
        |then: Option<&Item>, there: Option<&Item>| is_admin_after(&users, (then, there), BEGAN);
    assert!(after(Some(&admin), None) && after(Some(&admin), Some(&member)));
    // Admins of since are none any more, unless they were promoted after the recovery began.
    assert!(!after(Some(&member), Some(&admin)) && !after(None, Some(&admin)));
    assert!(after(Some(&member), Some(&promoted)) && after(None, Some(&promoted)));
    assert!(!after(None, None));
}

#[test]
fn a_change_of_then_is_told_as_one_of_the_recovery() {
    for kind in [Kind::Others, Kind::Deliveries, Kind::ApiKeys] {
        let all = recovery(kind);
        let mut then = item(&json!({ "id": "provider#a", "secret": "old" }));
        let by = Item::from([("at".to_owned(), time(BEFORE))]);
        then.insert(CHANGE.to_owned(), AttributeValue::M(by));
        let mut expected = then.clone();
        expected.insert(CHANGE.to_owned(), all.stamp());
        let fate = |there: Option<&Item>| act(&all, (&then, there), [None; 2], BEGAN);
        assert_eq!(fate(None), Act::PutBack(expected.clone()));
        // A repeated run finds it done.
        assert_eq!(fate(Some(&expected)), Act::Same);
        let bare = item(&json!({ "id": "x" }));
        let back = act(&all, (&bare, None), [None; 2], BEGAN);
        assert_eq!(back, Act::PutBack(bare));
    }
}
