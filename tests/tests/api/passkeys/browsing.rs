//! Passkeys in a real browser, with its own virtual authenticators.

use blackbox::{browser, stack};

use super::app::App;
use super::devtools::Browser;
use super::*;

/// Plugs a virtual authenticator in, in the place of the one that was there.
fn plug(page: &mut Browser, old: Option<&Value>) -> Value {
    if let Some(old) = old {
        let old = json!({ "authenticatorId": old });
        let _ = page.call("WebAuthn.removeVirtualAuthenticator", &old);
    }
    let options = json!({ "options": { "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
        "hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true } });
    let added = page.call("WebAuthn.addVirtualAuthenticator", &options);
    added["authenticatorId"].clone()
}

/// The code of the guide, as a script of a page.
fn guides_code() -> String {
    let guide = std::fs::read_to_string(local::root().join("docs/passkeys.md")).unwrap();
    let (_, code) = guide.split_once("```js\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();
    assert!(code.lines().count() <= 25, "the guide says twenty lines");
    code.replace("export ", "")
}

#[test]
fn the_guides_code_adds_passkeys_on_two_devices_and_signs_in_with_each_in_a_real_browser() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let Some(found) = browser() else {
        println!("No browser is installed here, so no passkey was made in one.");
        return;
    };
    let (app, origin) = App::serve(Stage::new(inside, &[]));
    let stage = app.stage();
    let account = stage.register();
    let mut page = Browser::open(&found, &origin);
    let code = guides_code();
    let run = |page: &mut Browser, call: &str| {
        let script = format!("(async () => {{ {code}; return JSON.stringify(await {call}); }})()");
        page.run(&script)
    };
    let _ = page.call("WebAuthn.enable", &json!({}));
    let mut device = None;
    for devices in 1..=2 {
        device = Some(plug(&mut page, device.as_ref()));
        let call = format!("addPasskey('{}', 'Device {devices}')", account.token);
        let made = run(&mut page, &call);
        assert_eq!(made["transports"], json!(["internal"]));
        assert_eq!(made["name"], format!("Device {devices}"));
        assert_eq!(stage.list(&account.token).len(), devices);
        for _ in 0..2 {
            let signed_in = run(&mut page, "signIn()");
            assert_eq!(signed_in["user"]["id"], account.id);
            assert!(stage.stands(&text(&signed_in["accessToken"])));
            invalid(stage.post("passkeys-login", LOGIN, &app.last(LOGIN)));
        }
    }
}
