//! `expand`: relations as records, two hops far, each as far as the caller may read.

use blackbox::{Caller, stack};
use serde_json::{Value, json};

use super::look::{now, page, path, post, text};
use super::shop::{comment, order, product, refuses, settles};

/// The comment as this caller sees it with relations inlined.
#[track_caller]
fn seen(caller: &Caller, comment: &Value, expand: &str) -> Value {
    let one = caller
        .get(&format!("{}?expand={expand}", path("comments", comment)))
        .expect(200)
        .json();
    let list = caller
        .get(&format!(
            "/api/comments?id={}&expand={expand}",
            text(comment, "id")
        ))
        .expect(200);
    assert_eq!(
        page(&list).0,
        std::slice::from_ref(&one),
        "a list and a get say the same"
    );
    one
}

#[test]
fn every_hop_applies_the_rules_of_its_target() {
    let (member, other, admin, stranger) = (
        stack().member(),
        stack().member(),
        stack().admin(),
        stack().stranger(),
    );
    let post = post(&other, "the post");
    let product = product(&member, &json!({ "price": 5 }));
    let order = order(
        &member,
        &product,
        &json!({ "note": "a secret", "total": 4711 }),
    );
    let first = comment(&member, &post, &json!({ "order": order["id"] }));
    let answer = comment(&other, &post, &json!({ "parent": first["id"] }));
    let with = |record: &Value, field: &str, value: &Value| {
        let mut record = record.clone();
        record[field] = value.clone();
        record
    };
    // Records that every caller may read.
    for caller in [&member, &other, &admin, &stranger] {
        assert_eq!(seen(caller, &first, "post"), with(&first, "post", &post));
        assert_eq!(
            seen(caller, &answer, "parent"),
            with(&answer, "parent", &first)
        );
        let twice = with(&answer, "parent", &with(&first, "post", &post));
        assert_eq!(seen(caller, &answer, "parent.post"), twice);
        assert_eq!(
            seen(caller, &answer, "post,parent,parent.post"),
            with(&twice, "post", &post)
        );
    }
    // Records that the owner and admins may read.
    let whole = with(&order, "product", &product);
    for caller in [&member, &admin] {
        assert_eq!(seen(caller, &first, "order"), with(&first, "order", &order));
        assert_eq!(
            seen(caller, &first, "order.product"),
            with(&first, "order", &whole)
        );
        let inner = with(&answer, "parent", &with(&first, "order", &order));
        assert_eq!(seen(caller, &answer, "parent.order"), inner);
    }
    for caller in [&other, &stranger] {
        assert_eq!(seen(caller, &first, "order"), first);
        assert_eq!(seen(caller, &first, "order.product"), first);
        assert_eq!(
            seen(caller, &answer, "parent.order"),
            with(&answer, "parent", &first)
        );
    }
    // A user sees its own account, an admin every account; never more than a user sees of itself.
    let shown = |caller: &Caller| seen(caller, &first, "author")["author"].clone();
    assert_eq!(shown(&member), member.user);
    assert_eq!(shown(&admin), member.user);
    assert_eq!(
        [shown(&other), shown(&stranger)],
        [member.id(), member.id()]
    );
    let parents =
        |caller: &Caller| seen(caller, &answer, "parent.author")["parent"]["author"].clone();
    assert_eq!(parents(&member), member.user);
    assert_eq!(parents(&other), member.id());
}

#[test]
fn missing_deleted_and_unreadable_stay_an_id_alike() {
    let (member, other, stranger) = (stack().member(), stack().member(), stack().stranger());
    let post = post(&member, "a post");
    let product = product(&member, &json!({}));
    let [kept, deleted] = [(); 2].map(|()| order(&member, &product, &json!({ "note": "hidden" })));
    let parent = comment(&member, &post, &json!({}));
    let [to_kept, to_deleted] = [&kept, &deleted].map(|order| {
        comment(
            &member,
            &post,
            &json!({ "order": order["id"], "parent": parent["id"] }),
        )
    });
    let _ = member.delete(&path("orders", &deleted)).expect(204);
    let _ = member.delete(&path("comments", &parent)).expect(204);
    for caller in [&other, &stranger] {
        for comment in [&to_kept, &to_deleted] {
            for expand in [
                "order",
                "order.product",
                "parent",
                "parent.post",
                "parent.order",
                "order,parent",
            ] {
                assert_eq!(seen(caller, comment, expand), *comment, "{expand}");
            }
        }
    }
    // For the owner the deleted one stays an id as well.
    assert_eq!(seen(&member, &to_deleted, "order,parent"), to_deleted);
    assert_eq!(seen(&member, &to_kept, "order")["order"]["note"], "hidden");
    assert_eq!(now(&stranger, "comments", &to_kept), to_kept);
}

#[test]
fn a_path_is_one_or_two_relations() {
    let member = stack().member();
    for (expand, code) in [
        ("text", "type"),
        ("createdBy", "type"),
        ("id", "type"),
        ("nope", "unknown-field"),
        ("post.title", "not-a-relation"),
        ("post.nope", "not-a-relation"),
        ("post.user_id", "not-a-relation"),
        ("author.email", "not-a-relation"),
        ("author.sessions", "not-a-relation"),
        ("order.product.name", "depth"),
        ("parent.parent.parent", "depth"),
        ("parent.", "depth"),
        (".post", "unknown-field"),
        ("*", "unknown-field"),
        ("post%20", "unknown-field"),
    ] {
        let _ = refuses(
            &member.get(&format!("/api/comments?expand={expand}")),
            "expand",
            &[code],
        );
    }
    let post = post(&member, "a post");
    let made = comment(&member, &post, &json!({ "author": member.id() }));
    // A relation outside `fields` is not inlined, and an inlined record is whole.
    let reply = member
        .get(&format!(
            "{}?expand=post,author&fields=post",
            path("comments", &made)
        ))
        .expect(200);
    assert_eq!(reply.json(), json!({ "id": made["id"], "post": post }));
    assert_eq!(
        reply.header("etag"),
        None,
        "what is inlined changes by itself"
    );
}

#[test]
fn a_large_record_of_another_user_fails_no_page() {
    let (attacker, member, stranger) = (stack().member(), stack().member(), stack().stranger());
    let large = post(&attacker, &"x".repeat(250_000));
    let parent = comment(&member, &post(&member, "small"), &json!({}));
    let parent_id = &json!({ "parent": parent["id"] });
    let first = comment(&attacker, &large, parent_id);
    for _ in 0..12 {
        let _ = comment(&attacker, &large, parent_id);
    }
    // Alone it fits.
    assert_eq!(seen(&stranger, &first, "post")["post"], large);
    let asked = format!(
        "/api/comments?post={}&expand=post,parent",
        text(&large, "id")
    );
    settles(&13, &asked, || {
        page(&stranger.get(&asked).expect(200)).0.len()
    });
    let reply = stranger.get(&asked).expect(200);
    assert_eq!(reply.header("x-expand-truncated"), Some("post"));
    let (items, _) = page(&reply);
    assert!(
        items[..12]
            .iter()
            .all(|item| item["post"]["id"] == large["id"])
    );
    assert_eq!(items[12]["post"], large["id"]);
    assert!(items.iter().all(|item| item["parent"] == parent));
    let one = stranger.get(&format!("{}?expand=parent", path("comments", &first)));
    assert_eq!(one.expect(200).header("x-expand-truncated"), None);
}

#[test]
fn a_hop_reads_100_records() {
    let member = stack().member();
    let mut parent = Value::Null;
    for n in 0..52 {
        let post = post(&member, &n.to_string());
        let fields = if parent.is_null() {
            json!({})
        } else {
            json!({ "parent": parent["id"] })
        };
        parent = comment(&member, &post, &fields);
    }
    let ask = |limit: usize, expand: &str| {
        member.get(&format!(
            "/api/comments?author={}&limit={limit}&expand={expand}",
            member.id()
        ))
    };
    // 50 posts and 50 parents.
    let (items, _) = page(&ask(50, "post,parent").expect(200));
    assert_eq!(items.len(), 50);
    assert!(
        items
            .iter()
            .all(|item| item["post"]["title"].is_string() && item["parent"]["text"].is_string())
    );
    // 51 posts, and the parents of the first 49 comments: no page is refused.
    let reply = ask(51, "post,parent").expect(200);
    assert_eq!(reply.header("x-expand-truncated"), Some("parent"));
    let (items, _) = page(&reply);
    let inlined = |field: &str| items.iter().filter(|item| item[field].is_object()).count();
    assert_eq!((inlined("post"), inlined("parent")), (51, 49));
    assert!(items[49]["parent"].is_string() && items[50]["parent"].is_string());
    let reply = ask(51, "parent,post,parent.post").expect(200);
    assert_eq!(reply.header("x-expand-truncated"), Some("post"));
    // Each hop by itself.
    let (items, _) = page(&ask(51, "parent.post").expect(200));
    assert!(
        items
            .iter()
            .all(|item| item["parent"]["post"]["title"].is_string())
    );
}
