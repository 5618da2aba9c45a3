//! Providers that have left `bakend.json`: an admin's settings of them stay, and sign nobody in.

use std::fs;
use std::sync::OnceLock;

use api::{fingerprint, project};
use blackbox::project::tested;
use blackbox::stack;

use super::native::native_event;
use super::*;

const NONCE: &str = "a-nonce-of-the-app-itself";

/// The folder of a copy of the suite's project whose file names no provider.
fn project_without_providers() -> &'static str {
    static FOLDER: OnceLock<String> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = local::root().join(format!(".bakend/tests/left-{}", std::process::id()));
        let collections = folder.join("collections");
        fs::create_dir_all(&collections).unwrap();
        let files = api::check::read_folder(&tested().folder.join("collections")).unwrap();
        for (name, text) in files {
            fs::write(collections.join(name), text).unwrap();
        }
        let text = fs::read_to_string(tested().folder.join("bakend.json")).unwrap();
        let mut settings: Value = serde_json::from_str(&text).unwrap();
        let removed = settings["auth"]
            .as_object_mut()
            .unwrap()
            .remove("providers");
        assert!(removed.unwrap()["own"].is_object());
        fs::write(folder.join("bakend.json"), settings.to_string()).unwrap();
        folder.display().to_string()
    })
}

/// Asks a function of the project without providers, over the same tables.
fn ask_later(stage: &Stage<'_>, folder: &str, function: &str, event: &Event) -> Reply {
    let later = [(project::VARIABLE, folder), (fingerprint::VARIABLE, "")];
    let function = stage.world.variant(function, &later);
    stage.world.flow.apart.ask(&function, event)
}

#[test]
fn a_provider_that_has_left_the_file_signs_nobody_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let folder = project_without_providers();
    let later = |function: &str, event: &Event| ask_later(&stage, folder, function, event);
    let unsupported = |reply: Reply| {
        let refusal = (reply.status, reply.code());
        assert_eq!(refusal, (404, "auth/unsupported-provider".to_owned()));
        assert_eq!(reply.header("location"), None);
        assert_eq!(reply.header("set-cookie"), None);
    };
    let started = stage.start("own");
    let query = format!(
        "redirectTo={}&codeChallenge={}",
        encoded(APP),
        challenge(VERIFIER)
    );
    let begin = |name: &str| Event::new("GET", &format!("/api/auth/oauth/{name}/start?{query}"));
    unsupported(later("oauth-start", &begin("own")));
    let body = json!({ "idToken": stage.id_token("own", "left", &json!({})), "nonce": NONCE });
    unsupported(later("oauth-token", &native_event("own", &body)));
    // A sign-in that has begun before ends at the page, and its code stays here.
    let account = own("left", &json!({}));
    let (code, state) = stage.provider.consent(&started.address, &account);
    let iss = encoded(&stage.provider.url);
    let path = format!("/api/auth/oauth/own/callback?code={code}&state={state}&iss={iss}");
    let back = later(
        "oauth-callback",
        &Event::new("GET", &path).cookie(&started.cookie),
    );
    assert_eq!((back.status, back.header("location")), (400, None));
    let requests = stage.provider.requests();
    assert!(
        !requests.iter().any(|it| it.contains(&code)),
        "the code has left"
    );
    let listed = later("oauth-providers", &Event::new("GET", "/api/auth/providers"));
    let listed = listed.expect(200).json()["items"].to_string();
    assert!(
        listed.contains("google") && !listed.contains("own"),
        "{listed}"
    );
    // The four that are known need no file.
    let _ = later("oauth-start", &begin("google")).expect(302);
    // With the file as it was, the settings hold as before.
    let made = stage.native("own", &body).expect(200).json();
    let entered = stage.sign_in("own", &account).expect(200).json();
    assert_eq!(entered["user"]["id"], made["user"]["id"]);
}

#[test]
fn the_settings_of_a_provider_that_has_left_the_file_are_forgotten_all_the_same() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let folder = project_without_providers();
    let token = stage.world.admin["accessToken"].as_str().unwrap();
    let later =
        |function: &str, event: Event| ask_later(&stage, folder, function, &event.token(token));
    let path = "/api/admin/providers/own";
    let set = Event::new("PUT", path).json(&stage.provider.settings("own"));
    assert_eq!(later("providers-set", set).code(), "providers/not-found");
    let kept = || {
        let items = stage.world.scan("local-_configuration").into_iter();
        let own = items.filter(|item| item["id"]["S"] == "provider#own");
        own.filter(|item| item["secret"].is_object()).count()
    };
    assert_eq!(kept(), 1);
    let _ = later("providers-reset", Event::new("DELETE", path)).expect(204);
    assert_eq!(kept(), 0);
    let again = later("providers-reset", Event::new("DELETE", path));
    assert_eq!(
        (again.status, again.code().as_str()),
        (404, "providers/not-found")
    );
    assert_eq!(stage.shown("own")["hasSecret"], json!(false));
}
