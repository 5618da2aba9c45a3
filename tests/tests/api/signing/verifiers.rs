//! Verifiers that share no line with the service: Node's cryptography, Python's `PyJWT`, and RSA by arithmetic alone. The first
//! two are the code that `docs/tokens.md` shows.

use std::env;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};

use blackbox::stack;
use serde_json::{Value, json};

use super::world::*;
use crate::auth::forge;

/// The Python that has `PyJWT`, where the machine has one.
const PYTHON: &str = "BAKEND_PYJWT";

/// Python's own arithmetic on the numbers of an RSA key (RFC 8017, section 8.2.2).
const RSA: &str = r#"
import base64, hashlib, json, sys

def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

def claims_of(token, keys):
    header, body, signature = token.split(".")
    of = json.loads(decoded(header))
    [key] = [key for key in keys if key["kid"] == of["kid"] and key["alg"] == of["alg"] == "RS256"]
    n, e = (int.from_bytes(decoded(key[name]), "big") for name in "ne")
    size = (n.bit_length() + 7) // 8
    opened = pow(int.from_bytes(decoded(signature), "big"), e, n).to_bytes(size, "big")
    digest = bytes.fromhex("3031300d060960864801650304020105000420")
    digest += hashlib.sha256(f"{header}.{body}".encode()).digest()
    padded = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    return json.loads(decoded(body)) if opened == padded else None

print(json.dumps([claims_of(it["token"], it["keys"]) for it in json.load(sys.stdin)]))
"#;

/// The only block of a language in the document.
fn block(language: &str) -> String {
    let page = fs::read_to_string(local::root().join("docs/tokens.md")).unwrap();
    let start = format!("\n```{language}\n");
    let mut blocks = page.split(&start).skip(1);
    let block = blocks.next().and_then(|rest| rest.split("\n```").next());
    assert_eq!(blocks.count(), 0, "two blocks of {language}");
    format!("{}\n", block.unwrap())
}

/// Runs code that reads cases as JSON and prints their claims as JSON; `None` where the language is not there.
fn run(program: &str, arguments: &[&str], cases: &Value) -> Option<Value> {
    let command = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match command {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        child => child.unwrap(),
    };
    let mut input = child.stdin.take().unwrap();
    input.write_all(cases.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} failed");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// A token of each of these algorithms with the public keys, and changed ones: the cases, and the claims of the good ones.
fn cases(inside: &blackbox::Inside, names: &[&'static str]) -> (Value, Value) {
    let (mut cases, mut expected) = (Vec::new(), Vec::new());
    for name in names {
        let world = World::new(inside, name);
        let mut member = world.registers(&world.start("register", &[]));
        if *name == "RS256" {
            let path = rsa_key().display().to_string();
            world.turn(PUBLISHED, &["--key", &path], "is published.");
            world.turn(PROMOTED, &[], "signs.");
            member = world.logs_in(&world.start("login", &[]), &member);
        }
        assert_eq!(algorithm(&member.access), *name);
        let keys = world.keys();
        let (message, signature) = member.access.rsplit_once('.').unwrap();
        let (header, body) = message.split_once('.').unwrap();
        let mut claims = forge::claims(&member.access);
        let good = claims.clone();
        claims["role"] = json!("admin");
        let flipped: String = signature.chars().rev().collect();
        let mut case = |token: String, claims: Value| {
            cases.push(json!({ "token": token, "keys": keys }));
            expected.push(claims);
        };
        case(member.access.clone(), good);
        case(
            format!("{header}.{}.{signature}", forge::part(&claims)),
            Value::Null,
        );
        case(format!("{header}.{body}.{flipped}"), Value::Null);
    }
    (json!(cases), json!(expected))
}

#[test]
fn pythons_arithmetic_verifies_what_rsa_signs() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (cases, expected) = cases(inside, &["RS256"]);
    let found = run("python3", &["-c", RSA], &cases);
    assert_eq!(found.expect("python3 is needed to build"), expected);
}

#[test]
fn the_javascript_block_verifies_every_algorithm() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (cases, expected) = cases(inside, &["ES256", "EdDSA", "RS256"]);
    let code = block("js")
        + r#"
import { readFileSync } from "node:fs";
const issuer = "https://api.example.com/api/auth";
const found = JSON.parse(readFileSync(0)).map(({ token, keys }) => {
  const claims = claimsOf(token, keys, issuer, issuer);
  const others = [
    claimsOf(token, keys, "https://other.example/api/auth", issuer),
    claimsOf(token, keys, issuer, "shop"),
    claimsOf(token, keys, issuer, issuer, Date.now() / 1000 + 86400),
    claimsOf(token, [], issuer, issuer),
    claimsOf(`${token}.x`, keys, issuer, issuer),
  ];
  if (others.some((other) => other !== null)) throw new Error(JSON.stringify(others));
  return claims;
});
console.log(JSON.stringify(found));
"#;
    let arguments = ["--input-type=module", "--eval", &code];
    match run("node", &arguments, &cases) {
        Some(found) => assert_eq!(found, expected),
        None => eprintln!("node is not here: the block was not run"),
    }
}

#[test]
fn the_python_block_verifies_every_algorithm() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let Ok(python) = env::var(PYTHON) else {
        eprintln!("{PYTHON} names no Python that has PyJWT: the block was not run");
        return;
    };
    let (cases, expected) = cases(inside, &["ES256", "EdDSA", "RS256"]);
    let code = block("python")
        + r#"
import json, sys

def attempt(token, keys):
    keyring = jwt.PyJWKSet.from_dict({"keys": keys})
    try:
        return claims_of(token, keyring[jwt.get_unverified_header(token)["kid"]])
    except jwt.InvalidTokenError:
        return None

print(json.dumps([attempt(it["token"], it["keys"]) for it in json.load(sys.stdin)]))
"#;
    let found = run(&python, &["-c", &code], &cases).expect("a Python");
    assert_eq!(found, expected);
}
