//! The password of a registration.

use super::*;

#[test]
fn a_password_has_8_to_128_characters() {
    for (password, code) in [
        (String::new(), "too-short"),
        ("1234567".to_owned(), "too-short"),
        ("🔑".repeat(7), "too-short"),
        ("x".repeat(129), "too-long"),
        ("🔑".repeat(129), "too-long"),
        ("x".repeat(100_000), "too-long"),
    ] {
        invalid(&register(&fresh_email(), &password), &[("password", code)]);
    }
    for password in [
        "12345678".to_owned(),
        "🔑".repeat(8),
        "x".repeat(128),
        "🔑".repeat(128),
    ] {
        let email = fresh_email();
        let _ = register(&email, &password).expect(201);
        let _ = login(&email, &password).expect(200);
    }
}

#[test]
fn there_are_no_composition_rules() {
    for password in [
        "aaaaaaaa",
        "12345678",
        "        ",
        "password",
        "пароль пароль",
        "\u{1}\u{2}\u{3}\u{4}\t\n\r\u{7f}",
    ] {
        let email = fresh_email();
        let _ = register(&email, password).expect(201);
        let _ = login(&email, password).expect(200);
    }
}

#[test]
fn every_byte_of_a_password_is_significant() {
    let bytes = |count: usize| "x".repeat(count);
    let cases: [(String, Vec<String>); 9] = [
        (bytes(71), vec![bytes(70), bytes(72), bytes(70) + "y"]),
        (bytes(72), vec![bytes(71), bytes(73), bytes(71) + "y"]),
        (bytes(73), vec![bytes(72), bytes(74), bytes(72) + "y"]),
        (
            bytes(127) + "a",
            vec![bytes(127) + "b", bytes(127), bytes(72), bytes(71)],
        ),
        (
            "password\0one".to_owned(),
            vec![
                "password\0two".to_owned(),
                "password".to_owned(),
                "password\0".to_owned(),
            ],
        ),
        (
            "\0\0\0\0\0\0\0\0".to_owned(),
            vec![String::new(), "\0".to_owned(), "\0".repeat(9)],
        ),
        (
            "password ".to_owned(),
            vec![
                "password".to_owned(),
                " password ".to_owned(),
                "Password ".to_owned(),
            ],
        ),
        ("café noir".to_owned(), vec!["cafe\u{301} noir".to_owned()]),
        (
            format!("{}\0", bytes(20)),
            vec![bytes(20), format!("{}\0\0", bytes(20))],
        ),
    ];
    for (password, others) in cases {
        let email = fresh_email();
        let _ = register(&email, &password).expect(201);
        for other in others {
            look::wrong_credentials(&login(&email, &other));
        }
        let _ = login(&email, &password).expect(200);
    }
}

#[test]
fn the_stored_value_says_how_it_was_hashed() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for (password, form) in [
        ("x".repeat(71), "$2b$04$"),
        ("x".repeat(72), "sha256:$2b$04$"),
        ("with\0a NUL".to_owned(), "sha256:$2b$04$"),
        ("🔑".repeat(18), "sha256:$2b$04$"),
    ] {
        let email = fresh_email();
        let _ = register(&email, &password).expect(201);
        let stored = items::stored_hash(inside, &email);
        assert!(
            stored.starts_with(form) && stored.len() == form.len() + 53,
            "{stored}"
        );
    }
}

#[test]
fn the_same_password_is_never_stored_alike() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let [one, other] = [stack().member(), stack().member()];
    assert_ne!(
        items::stored_hash(inside, &one.email),
        items::stored_hash(inside, &other.email)
    );
}
