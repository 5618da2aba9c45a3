//! The whole way of a sign-in in a real browser, once for each kind of provider, by the code of the guide.

use blackbox::{browser, stack};

use super::app::App;
use super::*;
use crate::passkeys::devtools::Browser;

/// The two scripts of the guide: before the provider, and after it.
fn guides_code() -> [String; 2] {
    let guide = std::fs::read_to_string(local::root().join("docs/providers.md")).unwrap();
    let mut blocks = guide.split("```js\n").skip(1);
    let mut next = || {
        blocks
            .next()
            .unwrap()
            .split("```")
            .next()
            .unwrap()
            .to_owned()
    };
    [next(), next()]
}

/// The functions and names that the guide leaves to the app.
fn given(origin: &str) -> String {
    format!(
        "const API = '{origin}', APP = '{origin}'; const base64url = bytes =>
           btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');"
    )
}

#[test]
fn every_kind_of_provider_signs_in_in_a_real_browser_by_the_guides_code() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let Some(found) = browser() else {
        println!("No browser is installed here, so no provider was visited in one.");
        return;
    };
    let (app, origin) = App::serve(inside);
    let stage = &app.stage;
    let _ = stage.set("apple", &json!({})).expect(200);
    let tenant = "00000000-0000-0000-0000-0000000000aa";
    let microsoft = json!({ "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0"), "tid": tenant, "oid": "o" });
    let github = json!({ "user": { "id": 4711, "login": "ada" }, "emails": [] });
    let apple = json!({ "iss": "https://appleid.apple.com", "sub": "a" });
    let mut page = Browser::open(&found, &origin);
    let [before, after] = guides_code();
    let given = given(&origin);
    for (name, account) in [
        ("google", google("browsed", "browsed@example.com")),
        ("github", github),
        ("microsoft", microsoft),
        ("own", own("browsed", &json!({}))),
        ("apple", apple),
    ] {
        stage.provider.seat(name, &account);
        for is_by_cookie in [false, true] {
            let script = before.replace("google", name);
            let script = format!("(async () => {{ {given} {script}; return 'true'; }})()");
            let _ = page.run(&script);
            let address = page.wait_at(&format!("{origin}/done?"));
            assert!(address.contains("?code="), "{name}: {address}");
            let mode = match is_by_cookie {
                true => "\"x-refresh-token-mode\": \"cookie\", \"content-type\"",
                false => "\"content-type\"",
            };
            let script = after.replace("\"content-type\"", mode);
            let shown = "{ user, accessToken, refreshToken, isNewUser }";
            let script =
                format!("(async () => {{ {given} {script}; return JSON.stringify({shown}); }})()");
            let signed_in = page.run(&script);
            assert!(stage.stands(&signed_in), "{name}: {signed_in}");
            assert_eq!(signed_in["isNewUser"], json!(!is_by_cookie), "{name}");
            assert_eq!(
                signed_in["refreshToken"].is_string(),
                !is_by_cookie,
                "{name}"
            );
            let _ = page.run("location.href = '/again'; 'true'");
            let _ = page.wait_at(&format!("{origin}/again"));
        }
    }
    // Only codes were in the addresses that the browser saw.
    let asked = app.asked();
    for address in asked.iter().filter(|it| it.starts_with("/done?")) {
        assert!(
            address.starts_with("/done?code=") && !address.contains('&'),
            "{address}"
        );
    }
}
