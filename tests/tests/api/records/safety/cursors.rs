//! Cursors.

use super::*;

#[test]
fn a_cursor_is_good_for_its_list_alone_and_says_nothing() {
    let (victim, attacker, admin) = (Victim::new(), stack().member(), stack().admin());
    for _ in 0..2 {
        let _ = order(&attacker, &victim.product, &json!({ "total": 1 }));
        let _ = order(
            &victim.member,
            &victim.product,
            &json!({ "total": 4711.25, "state": "paid" }),
        );
        let made = post(&attacker, "a post");
        let _ = comment(&attacker, &made, &json!({}));
    }
    let first = |caller: &Caller, path: &str| {
        let reply = caller.get(&format!(
            "/api/{path}{}limit=1",
            if path.contains('?') { '&' } else { '?' }
        ));
        page(&reply.expect(200)).1.expect("more")
    };
    for sort in ["-createdAt", "total", "-total", "state,-createdAt"] {
        settles(&3, sort, || {
            walk(&victim.member, "orders", &format!("sort={sort}"), 100).len()
        });
        settles(&2, sort, || {
            walk(&attacker, "orders", &format!("sort={sort}"), 100).len()
        });
        let (stolen, own) = (
            first(&victim.member, &format!("orders?sort={sort}")),
            first(&attacker, &format!("orders?sort={sort}")),
        );
        let everybodys = first(&admin, "orders");
        for cursor in [&stolen, &everybodys] {
            for asked in [
                "",
                "sort=total&",
                "sort=-createdAt&",
                &format!("sort={sort}&"),
            ] {
                let reply = attacker.get(&format!("/api/orders?{asked}cursor={cursor}"));
                refused(&reply, 400, "data/invalid-cursor");
            }
        }
        refused(
            &admin.get(&format!("/api/orders?cursor={own}")),
            400,
            "data/invalid-cursor",
        );
        // Its bytes are those of no id, value or name.
        let bytes = URL_SAFE_NO_PAD.decode(&stolen).expect("base64");
        let hex = |text: &str| -> Vec<u8> {
            let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
            let byte = |two: &[u8]| {
                u8::from_str_radix(std::str::from_utf8(two).unwrap_or_default(), 16).unwrap_or(0)
            };
            digits.chunks(2).map(byte).collect()
        };
        for record in walk(&victim.member, "orders", "", 100) {
            for part in [
                text(&record, "id").into_bytes(),
                hex(&text(&record, "id")),
                b"paid".to_vec(),
                b"orders".to_vec(),
            ] {
                assert!(
                    !bytes.windows(part.len()).any(|window| window == part),
                    "{sort}: {stolen}"
                );
            }
        }
        assert_ne!(
            first(&victim.member, &format!("orders?sort={sort}")),
            stolen,
            "sealed anew each time"
        );
        for at in (0..own.len()).step_by(7) {
            let mut forged = own.clone();
            forged.replace_range(at..=at, if &own[at..=at] == "A" { "B" } else { "A" });
            let reply = attacker.get(&format!("/api/orders?sort={sort}&cursor={forged}"));
            refused(&reply, 400, "data/invalid-cursor");
        }
    }
    // Bound to collection, order and filter; not to the page's size, the fields, or how the filter is written.
    let name = word();
    for n in 0..3 {
        let _ = product(
            &attacker,
            &json!({ "name": name, "price": n, "status": "active" }),
        );
    }
    let asked = format!("name={name}&status=active&sort=-price");
    settles(&3, &asked, || {
        walk(&attacker, "products", &asked, 100).len()
    });
    let cursor = first(&attacker, &format!("products?{asked}"));
    for other in [
        "sort=-price".to_owned(),
        format!("name={name}&sort=-price"),
        format!("name={name}&status=active&sort=price"),
        format!("name={name}&status=active"),
        format!("name={name}&status=draft&sort=-price"),
        format!("name={name}&status=active&sort=-price&search=a"),
        format!("name_startsWith={name}&status=active&sort=name,-price"),
    ] {
        refused(
            &attacker.get(&format!("/api/products?{other}&cursor={cursor}")),
            400,
            "data/invalid-cursor",
        );
    }
    let json = query(&[
        (
            "filter",
            &json!({ "status": "active", "name": name }).to_string(),
        ),
        ("sort", "price:desc"),
    ]);
    for same in [
        format!("{asked}&limit=2"),
        format!("{asked}&fields=id"),
        format!("status=active&{json}&name={name}"),
        json,
    ] {
        let reply = stack()
            .stranger()
            .get(&format!("/api/products?{same}&cursor={cursor}"));
        if same.starts_with("status") {
            // The same conditions twice over are another filter.
            refused(&reply, 400, "data/invalid-cursor");
        } else {
            assert_eq!(page(&reply.expect(200)).0.len(), 2, "{same}");
        }
    }
    for collection in ["posts", "comments"] {
        refused(
            &attacker.get(&format!("/api/{collection}?cursor={cursor}")),
            400,
            "data/invalid-cursor",
        );
        let other = if collection == "posts" {
            "comments"
        } else {
            "posts"
        };
        let foreign = first(&attacker, other);
        refused(
            &attacker.get(&format!("/api/{collection}?cursor={foreign}")),
            400,
            "data/invalid-cursor",
        );
    }
    // A record, a count and a definition take none.
    for path in ["/count", "/spec"] {
        let _ = refuses(
            &attacker.get(&format!("/api/products{path}?cursor={cursor}")),
            "cursor",
            &["unknown-parameter"],
        );
    }
}
