use crate::rule::Rule;
use crate::value::Random;

#[test]
fn an_expression_has_one_normal_form() {
    for (text, normal) in [
        ("public", "public"),
        ("guest", "public"),
        (" user ", "authenticated"),
        ("self", "owner"),
        ("admin", "admin"),
        ("role:editor", "role:editor"),
        ("owner|role:editor", "owner | role:editor"),
        ("role:editor | owner", "owner | role:editor"),
        ("admin | owner", "owner"),
        ("admin & owner", "admin"),
        ("public | owner", "public"),
        ("public & owner", "owner"),
        ("user | owner", "authenticated | owner"),
        ("user & owner", "authenticated & owner"),
        ("role:a & role:b", "admin"),
        ("role:a & role:a", "role:a"),
        ("role:a & owner | role:a", "role:a"),
        ("role:a & owner | role:b", "owner & role:a | role:b"),
        (
            "role:a & (owner | role:b) | role:b & owner",
            "owner & role:a | owner & role:b",
        ),
        (
            "(role:a | role:b) & owner",
            "owner & role:a | owner & role:b",
        ),
        ("role:a | role:b & owner", "owner & role:b | role:a"),
        ("user & verified", "verified"),
        ("user | verified", "authenticated"),
        ("verified | owner & verified", "verified"),
        (
            "verified & (role:a | self)",
            "owner & verified | role:a & verified",
        ),
        ("public & verified | admin", "verified"),
        ("role:a & user & owner", "owner & role:a"),
        ("role:anonymous", "role:anonymous"),
        ("role:anonymous & user", "admin"),
        ("role:anonymous & verified", "admin"),
        ("role:anonymous | user", "authenticated | role:anonymous"),
        (
            "role:anonymous | user | owner | role:a & owner",
            "authenticated | role:anonymous",
        ),
        ("role:anonymous | user | public", "public"),
        ("user & owner | role:anonymous & owner", "owner"),
        ("user | role:anonymous & owner", "authenticated | owner"),
        ("user & owner | role:anonymous", "owner | role:anonymous"),
        (
            "role:anonymous & owner | verified",
            "owner & role:anonymous | verified",
        ),
    ] {
        let rule = Rule::parse(text).expect(text);
        assert_eq!(rule.to_string(), normal, "{text}");
        assert_eq!(Rule::parse(normal), Ok(rule), "{text}");
    }
}

#[test]
fn a_rule_may_say_less_than_another() {
    for (one, other, expected) in [
        ("admin", "role:a", true),
        ("role:a", "admin", false),
        ("owner", "authenticated", false),
        ("owner", "authenticated | role:anonymous", true),
        ("role:anonymous", "authenticated", false),
        ("role:a", "authenticated", true),
        ("authenticated", "owner", false),
        ("authenticated", "public", true),
        ("role:a & owner", "role:a | role:b", true),
        ("verified", "authenticated", true),
        ("authenticated", "verified", false),
        ("owner", "verified", false),
        ("owner & verified", "verified", true),
        ("role:a | owner", "role:a", false),
        ("role:a | role:b", "role:b | role:c | role:a", true),
    ] {
        let rule = |text: &str| Rule::parse(text).expect(text);
        assert_eq!(rule(one).implies(&rule(other)), expected, "{one} {other}");
    }
    for (rule, expected) in [
        ("owner", "authenticated"),
        ("owner & role:a | role:b", "role:a | role:b"),
        ("owner & verified", "verified"),
        ("public", "public"),
        ("owner | role:anonymous", "authenticated | role:anonymous"),
        ("owner & role:anonymous", "admin"),
    ] {
        assert_eq!(
            Rule::parse(rule).expect(rule).of_creator().to_string(),
            expected
        );
    }
}

#[test]
fn what_is_no_expression_is_told_with_its_place() {
    let long = "a".repeat(257);
    let deep = format!("{}owner{}", "(".repeat(9), ")".repeat(9));
    let wide = (0..6)
        .map(|n| format!("(role:a{n}&owner|role:b{n})"))
        .collect::<Vec<_>>()
        .join("|");
    assert!(Rule::parse(&wide).is_ok());
    for (text, expected) in [
        ("", "at character 1"),
        ("everyone", "at character 1 there must be `public`"),
        ("owner &", "at character 8"),
        ("owner | | admin", "at character 9"),
        (
            "owner admin",
            "at character 7 there must be `&`, `|` or the end",
        ),
        ("(owner", "at character 7 there must be `)`"),
        ("owner)", "at character 6"),
        ("role:", "`role:` must name a role"),
        ("role:*", "`role:*` must name a role"),
        ("role:Editor", "must name a role"),
        ("Owner", "at character 1"),
        ("Verified", "at character 1"),
        ("verified:yes", "at character 1"),
        ("öwner", "at character 1"),
        (&long, "at most 256 bytes"),
        (&deep, "nest deeper"),
    ] {
        let problem = Rule::parse(text).expect_err(text);
        assert!(problem.contains(expected), "{text}: {problem}");
    }
}

/// Every rule that is read has one normal form, and the parser fails with an error only.
#[test]
fn random_texts_are_read_again_as_they_are_written() {
    const WORDS: &[&str] = &[
        "public",
        "guest",
        "user",
        "authenticated",
        "verified",
        "self",
        "owner",
        "admin",
        "role:a",
        "role:b",
        "role:anonymous",
        "role:",
        "role:*",
        "&",
        "|",
        "&",
        "|",
        "&",
        "|",
        "(",
        ")",
        "(",
        ")",
        " ",
        "  ",
        "\t",
        "\u{a0}",
        "ö",
        "\0",
        ":",
        "A",
        "&&",
    ];
    let (mut dice, mut read) = (Random(0x5eed), 0);
    for _ in 0..200_000 {
        let text: String = (0..dice.below(12))
            .map(|_| WORDS[dice.below(WORDS.len())])
            .collect();
        let Ok(rule) = Rule::parse(&text) else {
            continue;
        };
        read += 1;
        let normal = rule.to_string();
        assert_eq!(Rule::parse(&normal), Ok(rule.clone()), "{text}");
        assert_eq!(
            serde_json::from_value::<Rule>(serde_json::json!(rule)).ok(),
            Some(rule),
            "{text}"
        );
    }
    assert!(read > 5_000, "{read}");
}

/// The slowest expression of the allowed length takes a short time.
#[expect(clippy::disallowed_methods, reason = "it is timed")]
#[test]
fn no_expression_takes_long() {
    let product = |count: usize, wide: usize| {
        let sum = |n: usize| {
            (0..wide)
                .map(|m| format!("role:{n}{m}&self"))
                .collect::<Vec<_>>()
                .join("|")
        };
        (0..count)
            .map(|n| format!("({})", sum(n)))
            .collect::<Vec<_>>()
            .join("&")
    };
    let mut texts = vec![
        "(".repeat(256),
        "owner&".repeat(42),
        "owner|".repeat(42),
        "((((((((self))))))))|".repeat(12),
    ];
    texts.extend((1..8).flat_map(|count| (1..16).map(move |wide| product(count, wide))));
    let letters = "abcdefghijklmnopqrstuvwxyz";
    texts.push(
        letters
            .chars()
            .map(|letter| format!("role:{letter}"))
            .collect::<Vec<_>>()
            .join("|"),
    );
    let start = std::time::Instant::now();
    for text in &texts {
        let _ = Rule::parse(text);
    }
    let took = start.elapsed() / u32::try_from(texts.len()).unwrap_or(1);
    assert!(took < std::time::Duration::from_millis(20), "{took:?} each");
}
