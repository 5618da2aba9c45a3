//! The keys of a provider: where they are kept, for how long, and how often it is asked.

use blackbox::provider::Manner;
use blackbox::{Instance, stack};

use super::native::{hashed, native_event};
use super::*;

const NONCE: &str = "a-nonce-of-the-app-itself";

impl Stage<'_> {
    /// A sign-in at an instance, some seconds after now.
    fn at(&self, instance: &Instance<'_>, subject: &str, kid: &str, after: u64) -> Reply {
        let header = json!({ "alg": "ES256", "kid": kid });
        let now = seconds() + after;
        let more = json!({ "iat": now, "exp": now + 300, "nonce": hashed(NONCE) });
        let token = self
            .provider
            .sign(&header, &self.claims("google", subject, &more));
        let body = json!({ "idToken": token, "nonce": NONCE });
        self.world
            .flow
            .apart
            .ask(instance, &native_event("google", &body))
    }

    fn instance(&self, offset: &str) -> Instance<'_> {
        self.world
            .variant("oauth-token", &[("BAKEND_CLOCK_OFFSET", offset)])
    }
}

#[test]
fn keys_are_read_once_and_serve_every_instance_for_their_time() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let kid = stage.provider.kid("ES256");
    let first = stage.instance("0s");
    for number in 0..3 {
        let _ = stage.at(&first, &format!("a{number}"), &kid, 0).expect(200);
    }
    let _ = stage.at(&stage.instance("0s"), "b", &kid, 0).expect(200);
    let _ = stage
        .at(&stage.instance("3500s"), "c", &kid, 3500)
        .expect(200);
    assert_eq!(stage.provider.keys_asked(), 1);
    // Their time is over, and the provider is away.
    stage.provider.turn(Manner::Status(500));
    let late = stage.instance("3601s");
    let away = stage.at(&late, "d", &kid, 3601);
    assert_eq!(
        (away.status, away.code().as_str()),
        (503, "auth/provider-unavailable")
    );
    assert_eq!(away.header("retry-after"), Some("1"));
    stage.provider.turn(Manner::Right);
    // It is asked again after a pause.
    let later = stage.instance("3610s");
    let _ = stage.at(&later, "e", &kid, 3610).expect(200);
    assert_eq!(stage.provider.keys_asked(), 3);
}

#[test]
fn a_key_that_is_not_known_is_asked_for_once_a_minute() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let old = stage.provider.kid("ES256");
    let now = stage.instance("0s");
    let _ = stage.at(&now, "a", &old, 0).expect(200);
    stage.provider.rotate();
    let new = stage.provider.kid("ES256");
    // Just asked: not again, whoever names which key.
    for kid in [new.as_str(), "unknown", "unheard-of"] {
        assert_eq!(stage.at(&now, "b", kid, 0).code(), "auth/invalid-id-token");
    }
    assert_eq!(stage.provider.keys_asked(), 1);
    let later: Vec<Instance<'_>> = (0..5).map(|_| stage.instance("61s")).collect();
    let replies = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..20)
            .map(|at| {
                let (stage, later) = (&stage, &later);
                scope.spawn(move || stage.at(&later[at % 5], "c", &format!("unknown-{at}"), 61))
            })
            .collect();
        asked
            .into_iter()
            .map(|it| it.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(
        replies
            .iter()
            .all(|it| it.code() == "auth/invalid-id-token")
    );
    assert_eq!(stage.provider.keys_asked(), 2);
    // The new keys have come with that.
    let _ = stage.at(&later[0], "d", &new, 61).expect(200);
    assert_eq!(stage.provider.keys_asked(), 2);
}

#[test]
fn keys_that_are_none_sign_nobody_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let kid = stage.provider.kid("ES256");
    // Each is asked after the pause of the one before.
    let after = |number: u64| number * 60;
    let instance = |number: u64| stage.instance(&format!("{}s", after(number)));
    let manners = [
        Manner::Status(500),
        Manner::Status(404),
        Manner::Redirect,
        Manner::Huge,
        Manner::Type("text/html"),
        Manner::Garbage,
        Manner::Slow,
        Manner::Cut,
    ];
    for (number, manner) in (0..).zip(&manners) {
        stage.provider.turn(manner.clone());
        let reply = stage.at(&instance(number), "a", &kid, after(number));
        let refusal = (reply.status, reply.code());
        assert_eq!(
            refusal,
            (503, "auth/provider-unavailable".to_owned()),
            "{manner:?}"
        );
    }
    assert_eq!(stage.provider.keys_asked(), manners.len());
    stage.provider.turn(Manner::Right);
    let _ = stage.at(&instance(9), "a", &kid, after(9)).expect(200);
}

#[test]
fn a_burst_of_garbage_asks_a_provider_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let instances = stage.world.instances("oauth-token", 4);
    let kid = stage.provider.kid("ES256");
    let garbage = |at: usize| {
        let claims = stage.claims("google", "burst", &json!({ "jti": at }));
        let unknown = json!({ "alg": "ES256", "kid": format!("unknown-{at}") });
        let known = json!({ "alg": "ES256", "kid": kid });
        let token = match at % 2 {
            0 => stage.provider.sign(&unknown, &claims),
            // Signed, and by nobody.
            _ => {
                let token = stage.provider.sign(&known, &claims);
                format!("{}.{}", token.rsplit_once('.').unwrap().0, "A".repeat(86))
            }
        };
        native_event("google", &json!({ "idToken": token, "nonce": NONCE }))
    };
    let all: Vec<(&Instance<'_>, Event)> = (0..20)
        .map(|at| (&instances[at % instances.len()], garbage(at)))
        .collect();
    for reply in stage.world.at_once(&all) {
        let refusal = (reply.status, reply.code());
        assert_eq!(refusal, (401, "auth/invalid-id-token".to_owned()));
    }
    assert_eq!(stage.provider.keys_asked(), 1);
    let good = stage.id_token("google", "burst", &json!({}));
    let _ = stage.by_token("google", &good).expect(200);
    assert_eq!(stage.provider.keys_asked(), 1);
}

#[test]
fn a_token_whose_claims_do_not_fit_asks_for_no_key() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let now = seconds();
    for more in [
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": null }),
        json!({ "aud": "another-app" }),
        json!({ "aud": null }),
        json!({ "exp": now - 61 }),
        json!({ "exp": null }),
        json!({ "iat": now - 700 }),
        json!({ "nonce": hashed("another nonce of the app") }),
    ] {
        for name in ["google", "own"] {
            let token = stage.id_token(name, "unfit", &more);
            let refused = stage.by_token(name, &token);
            let refusal = (refused.status, refused.code());
            assert_eq!(refusal, (401, "auth/invalid-id-token".to_owned()), "{more}");
        }
    }
    assert_eq!(stage.provider.keys_asked(), 0);
    let good = stage.id_token("google", "fits", &json!({}));
    let _ = stage.by_token("google", &good).expect(200);
    assert_eq!(stage.provider.keys_asked(), 1);
}
