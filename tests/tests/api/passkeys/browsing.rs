//! Passkeys in a real browser, with its own virtual authenticators.

use blackbox::stack;

use super::devtools::Browser;
use super::*;
use crate::auth::browser::browser;

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

fn create(page: &mut Browser, begun: &Value) -> Value {
    let script = format!(
        "navigator.credentials.create({{ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON({}) }})\
         .then(made => JSON.stringify(made.toJSON()))",
        begun["options"]
    );
    let credential = page.run(&script);
    json!({ "challengeToken": begun["challengeToken"], "credential": credential })
}

fn sign(page: &mut Browser, begun: &Value) -> Value {
    let script = format!(
        "navigator.credentials.get({{ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON({}) }})\
         .then(made => JSON.stringify(made.toJSON()))",
        begun["options"]
    );
    let credential = page.run(&script);
    json!({ "challengeToken": begun["challengeToken"], "credential": credential })
}

#[test]
fn a_real_browser_adds_passkeys_on_two_devices_and_signs_in_with_each() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let Some(found) = browser() else {
        println!("No browser is installed here, so no passkey was made in one.");
        return;
    };
    let stage = Stage::new(inside, &[]);
    let account = stage.register();
    let (mut page, _) = Browser::open(&found);
    let _ = page.call("WebAuthn.enable", &json!({}));
    let mut device = None;
    for devices in 1..=2 {
        device = Some(plug(&mut page, device.as_ref()));
        let body = create(&mut page, &stage.begin(&account));
        let made = stage.create(&account.token, &body).expect(201).json();
        assert_eq!(made["transports"], json!(["internal"]));
        assert_eq!(stage.list(&account.token).len(), devices);
        for _ in 0..2 {
            let body = sign(&mut page, &stage.challenge());
            let signed_in = stage.post("passkeys-login", LOGIN, &body).expect(200);
            assert_eq!(signed_in.json()["user"]["id"], account.id);
            invalid(stage.post("passkeys-login", LOGIN, &body));
        }
    }
}
