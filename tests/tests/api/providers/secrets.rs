//! Secrets of providers: one that is kept goes to the server that it was set for, and the newest is never lost.

use blackbox::provider::SECRET;
use blackbox::{Instance, rounds, stack};

use super::*;

/// The settings of a provider that is played here, without its secret.
fn without_secret(provider: &Provider, name: &str) -> Value {
    let mut settings = provider.settings(name);
    let members = settings.as_object_mut().unwrap();
    assert!(members.remove("clientSecret").is_some());
    settings
}

/// The event by which the admin sets Google up.
fn setting(stage: &Stage<'_>, settings: &Value) -> Event {
    let token = stage.world.admin["accessToken"].as_str().unwrap();
    let event = Event::new("PUT", "/api/admin/providers/google");
    event.json(settings).token(token)
}

/// The event by which the admin forgets a provider.
fn forgetting(stage: &Stage<'_>, name: &str) -> Event {
    let token = stage.world.admin["accessToken"].as_str().unwrap();
    Event::new("DELETE", &format!("/api/admin/providers/{name}")).token(token)
}

/// The secret that Google gets at a sign-in.
fn sent(stage: &Stage<'_>) -> String {
    let started = stage.start("google");
    let account = google("secrets", "secrets@example.com");
    let _ = stage.consent(&started, &account).expect(302);
    let requests = stage.provider.requests();
    let mut all = requests.iter();
    let trade = all.rfind(|it| it.starts_with("POST /token ")).unwrap();
    pairs(trade.rsplit_once("\r\n\r\n").unwrap().1)["client_secret"].clone()
}

/// Refused, since the secret would go elsewhere; the provider shows as before.
#[track_caller]
fn needs_secret(stage: &Stage<'_>, name: &str, settings: &Value) {
    let before = stage.shown(name);
    let refused = stage.put(name, settings);
    let refusal = (refused.status, refused.code());
    assert_eq!(
        refusal,
        (400, "common/validation-failed".to_owned()),
        "{settings}"
    );
    let details = refused.json()["error"]["details"].clone();
    assert_eq!(details[0]["field"], "clientSecret", "{details}");
    assert_eq!(stage.shown(name), before, "{settings}");
}

#[test]
fn a_kept_secret_goes_to_no_other_issuer() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (stage, other) = (Stage::new(inside, &[]), Provider::start());
    let elsewhere = without_secret(&other, "own");
    needs_secret(&stage, "own", &elsewhere);
    let mut beside = without_secret(&stage.provider, "own");
    beside["endpoints"] = json!({ "token": format!("{}/token", other.url) });
    needs_secret(&stage, "own", &beside);
    let account = own("still-here", &json!({}));
    let _ = stage.sign_in("own", &account).expect(200);
    assert!(!other.requests().iter().any(|it| it.contains("/token")));
    // With the secret of the other one it is another provider.
    let _ = stage.put("own", &other.settings("own")).expect(200);
    assert_eq!(stage.shown("own")["issuer"], json!(other.url));
    // Without any secret there is nothing to send.
    let forget = forgetting(&stage, "own");
    let _ = stage.world.reply("providers-reset", &forget).expect(204);
    let set = stage.put("own", &elsewhere).expect(200).json();
    assert_eq!(set["hasSecret"], json!(false));
}

#[test]
fn a_kept_secret_goes_to_no_other_token_address() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (stage, other) = (Stage::new(inside, &[]), Provider::start());
    for name in ["google", "github", "microsoft"] {
        let mut moved = without_secret(&stage.provider, name);
        moved["endpoints"]["token"] = json!(format!("{}/token", other.url));
        needs_secret(&stage, name, &moved);
        let mut bare = without_secret(&stage.provider, name);
        let _ = bare.as_object_mut().unwrap().remove("endpoints");
        needs_secret(&stage, name, &bare);
        moved["clientSecret"] = json!(SECRET);
        let set = stage.put(name, &moved).expect(200).json();
        assert_eq!(set["endpoints"], moved["endpoints"]);
        assert_eq!(set["hasSecret"], json!(true));
    }
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[test]
fn a_secret_stays_beside_all_other_settings() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (stage, other) = (Stage::new(inside, &[]), Provider::start());
    for (name, value) in [
        ("clientIds", json!(["com.example.other"])),
        ("scopes", json!(["openid"])),
        ("trustEmail", json!(true)),
        ("enabled", json!(false)),
        ("profile", json!({ "name": "name", "picture": null })),
    ] {
        for provider in ["google", "own"] {
            let mut settings = without_secret(&stage.provider, provider);
            settings[name] = value.clone();
            let set = stage.put(provider, &settings).expect(200).json();
            let shown = (&set[name], &set["hasSecret"]);
            assert_eq!(shown, (&value, &json!(true)), "{provider}");
        }
    }
    let mut settings = without_secret(&stage.provider, "google");
    settings["endpoints"]["jwks"] = json!(format!("{}/keys", other.url));
    let set = stage.put("google", &settings).expect(200).json();
    assert_eq!(set["hasSecret"], json!(true));
    assert_eq!(sent(&stage), SECRET);
}

#[test]
fn apples_key_goes_nowhere_and_so_its_addresses_may_change() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (stage, other) = (Stage::new(inside, &[]), Provider::start());
    let _ = stage.set("apple", &json!({})).expect(200);
    let mut moved = without_secret(&stage.provider, "apple");
    moved["endpoints"]["token"] = json!(format!("{}/token", other.url));
    let set = stage.put("apple", &moved).expect(200).json();
    assert_eq!(set["endpoints"], moved["endpoints"]);
    assert_eq!(set["hasSecret"], json!(true));
}

#[test]
fn settings_without_a_secret_bring_no_older_one_back() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let instances = stage.world.instances("providers-set", 4);
    for round in 0..rounds() {
        let secret = format!("the-secret-of-round-{round}");
        let of = |at: usize| {
            let mut settings = without_secret(&stage.provider, "google");
            settings["scopes"] = json!(["openid", format!("scope-{at}")]);
            if at == round % instances.len() {
                settings["clientSecret"] = json!(secret);
            }
            setting(&stage, &settings)
        };
        let each = instances.iter().enumerate();
        let all: Vec<(&Instance<'_>, Event)> = each.map(|(at, it)| (it, of(at))).collect();
        for reply in stage.world.at_once(&all) {
            let _ = reply.expect(200);
        }
        assert_eq!(sent(&stage), secret, "round {round}");
    }
}

#[test]
fn settings_without_a_secret_bring_no_forgotten_one_back() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let sets = stage.world.instances("providers-set", 3);
    let resets = stage.world.instances("providers-reset", 1);
    let settings = without_secret(&stage.provider, "google");
    for round in 0..rounds() {
        let _ = stage.set("google", &json!({})).expect(200);
        let each = sets.iter().map(|it| (it, setting(&stage, &settings)));
        let forget = (&resets[0], forgetting(&stage, "google"));
        let all: Vec<(&Instance<'_>, Event)> = each.chain([forget]).collect();
        let replies = stage.world.at_once(&all);
        let statuses: Vec<u16> = replies.iter().map(|it| it.status).collect();
        assert_eq!(statuses, [200, 200, 200, 204], "round {round}");
        let shown = stage.shown("google");
        assert_eq!(shown["hasSecret"], json!(false), "round {round}");
    }
}
