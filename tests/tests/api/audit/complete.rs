//! Every audited type after a real request, against a list that is written by hand: the log has these entries and no other.

mod factors;
mod passkeys;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use api::event::Kind;
use blackbox::provider::Provider;
use blackbox::{Event, PASSWORD, fresh_email, stack};
use local::mailbox::Mailbox;
use serde_json::{Value, json};

use crate::admin::{admin_on, said};
use crate::principals::service::{ACCOUNTS, path};
use crate::proofs::world::link_token;
use crate::providers::{google, traded};
use crate::webhooks::receiver::{Manner, OK, Receiver};
use crate::world::World;

const ADDRESS: &str = "203.0.113.9";
const AGENT: &str = "audit/1";
const OTHER: &str = "another horse battery staple";
const BROKEN: Manner = Manner::With("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
/// The failures of different events after which a webhook is failing.
const FAILURES: usize = 5;

/// The world with the ids of everybody who acts or is acted on, by name.
struct Scene<'a> {
    world: World<'a>,
    mailbox: Mailbox,
    ids: BTreeMap<&'static str, String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn at(method: &str, path: &str, body: Value) -> Event {
    let event = Event::new(method, path).source_ip(ADDRESS);
    let event = event.header("user-agent", AGENT);
    if body.is_null() {
        event
    } else {
        event.json(&body)
    }
}

fn login(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

impl Scene<'_> {
    fn admin(&self, function: &str, event: Event, status: u16) -> Value {
        self.world.ask(function, event, status)
    }

    /// With variables of its own for the function.
    fn with(&self, function: &str, variable: (&str, &str), event: &Event, status: u16) {
        let function = self.world.flow.function(function, &[variable]);
        let _ = self.world.flow.apart.ask(&function, event).expect(status);
    }

    /// The whole log.
    fn entries(&self) -> Vec<Value> {
        let (mut entries, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/admin/audit?limit=100{cursor}");
            let page = self.admin("audit-list", Event::new("GET", &path), 200);
            entries.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return entries,
            }
        }
    }

    /// A user registers, signs in and out, changes the password, leaves, comes back, and leaves for good.
    fn play_ada(&mut self) {
        let email = fresh_email();
        let send = |function: &str, event: &Event, status| self.world.send(function, event, status);
        let enter = |password: &str| at("POST", "/api/auth/login", login(&email, password));
        let register = at("POST", "/api/auth/register", login(&email, PASSWORD));
        let ada = send("register", &register, 201);
        let first = text(&ada["accessToken"]);
        let second = send("login", &enter(PASSWORD), 200);
        let look = || self.mailbox.messages_to(&email);
        let mail = self.world.until(look, |mails| !mails.is_empty()).remove(0);
        let body = json!({ "code": mail.code });
        let verify = at("POST", "/api/auth/verify-email", body).token(&first);
        let _ = send("verify-email", &verify, 200);
        let again = json!({ "password": PASSWORD });
        let again = at("POST", "/api/auth/reauthenticate", again);
        let second = send(
            "reauthenticate",
            &again.token(&text(&second["accessToken"])),
            200,
        );
        let logout = at("POST", "/api/auth/logout", json!({})).token(&text(&second["accessToken"]));
        let _ = send("logout", &logout, 204);

        let third = send("login", &enter(PASSWORD), 200);
        let refresh = json!({ "refreshToken": third["refreshToken"] });
        let refresh = || at("POST", "/api/auth/refresh", refresh.clone());
        let next = send("refresh", &refresh(), 200);
        let again = json!({ "refreshToken": next["refreshToken"] });
        let _ = send("refresh", &at("POST", "/api/auth/refresh", again), 200);
        let strict = ("BAKEND_AUTH_REFRESH_GRACE", "0s");
        self.with("refresh", strict, &refresh(), 401);

        let change = json!({ "currentPassword": PASSWORD, "newPassword": OTHER });
        let change = at("POST", "/api/auth/password/change", change).token(&first);
        let _ = send("password-change", &change, 204);
        let leave = |token: &str| {
            let body = json!({ "password": OTHER });
            at("DELETE", "/api/auth/me", body).token(token)
        };
        let _ = send("me-delete", &leave(&first), 204);
        let restore = at("POST", "/api/auth/me/restore", login(&email, OTHER));
        let back = send("me-restore", &restore, 200);
        let at_once = ("BAKEND_AUTH_DELETION_GRACE", "0s");
        let token = text(&back["accessToken"]);
        self.with("me-delete", at_once, &leave(&token), 204);
        self.ids.insert("ada", text(&ada["user"]["id"]));
    }

    /// Google is set up, signs eve in by the address, is unlinked by her, and is taken back.
    fn play_provider(&mut self, email: &str) {
        let path = "/api/admin/providers/google";
        let provider = Provider::start();
        let _ = self.admin(
            "providers-set",
            at("PUT", path, provider.settings("google")),
            200,
        );
        let ask = |name: &str, event: &Event| self.world.reply(name, event);
        let body = traded(&provider, &ask, &google("eve", email));
        let enter = at("POST", "/api/auth/oauth/exchange", body);
        let eve = self.world.send("oauth-exchange", &enter, 200);
        let leave = at("DELETE", "/api/auth/accounts/google", Value::Null);
        let leave = leave.token(&text(&eve["accessToken"]));
        let _ = self.world.send("accounts-unlink", &leave, 204);
        let _ = self.admin("providers-reset", at("DELETE", path, Value::Null), 204);
        self.ids.insert("provider", "provider#google".to_owned());
    }

    /// A user takes another address, which is returned.
    fn play_eve(&mut self) -> String {
        let (old, new) = (fresh_email(), fresh_email());
        let send = |function: &str, event: &Event, status| self.world.send(function, event, status);
        let register = at("POST", "/api/auth/register", login(&old, PASSWORD));
        let eve = send("register", &register, 201);
        let token = text(&eve["accessToken"]);
        let own = |path: &str, body: Value| at("POST", path, body).token(&token);
        let change = own("/api/auth/email/change", json!({ "newEmail": new }));
        let _ = send("email-change", &change, 202);
        let look = || self.mailbox.messages_to(&new);
        let mail = self.world.until(look, |mails| !mails.is_empty()).remove(0);
        let confirm = own(
            "/api/auth/email/change/confirm",
            json!({ "code": mail.code }),
        );
        let _ = send("email-change-confirm", &confirm, 200);
        self.ids.insert("eve", text(&eve["user"]["id"]));
        new
    }

    /// An admin makes a user, changes the role, ends a session, and switches the account off; an operator promotes it.
    fn play_sam(&mut self) {
        let email = fresh_email();
        let made = at("POST", "/api/users", login(&email, PASSWORD));
        let sam = text(&self.admin("users-create", made, 201)["id"]);
        let path = format!("/api/users/{sam}");
        let update = |body: Value| at("PATCH", &path, body);
        let _ = self.admin("users-update", update(json!({ "role": "editor" })), 200);
        let act = at(
            "POST",
            &format!("{path}/impersonate"),
            json!({ "reason": "curiosity" }),
        );
        let _ = self.admin("users-impersonate", act, 201);
        let enter = at("POST", "/api/auth/login", login(&email, PASSWORD));
        let _ = self.world.send("login", &enter, 200);
        let sessions = format!("{path}/sessions");
        let listed = self.admin(
            "users-sessions-list",
            at("GET", &sessions, Value::Null),
            200,
        );
        let session = format!("{sessions}/{}", text(&listed["items"][0]["id"]));
        let _ = self.admin(
            "users-session-end",
            at("DELETE", &session, Value::Null),
            204,
        );
        let _ = self.admin("users-update", update(json!({ "disabled": true })), 200);
        let _ = self.admin("users-update", update(json!({ "disabled": false })), 200);
        let endpoint = self.world.flow.apart.dynamo.endpoint();
        let (done, said) = said(&admin_on(
            stack().inside().unwrap(),
            &endpoint,
            &["promote", &email],
        ));
        assert!(done, "{said}");
        self.ids.insert("sam", sam);
    }

    /// An admin makes a service account, replaces its secret, and removes it.
    fn play_robot(&mut self) {
        let body = json!({ "name": "billing", "role": "editor" });
        let made = self.admin("service-accounts-create", at("POST", ACCOUNTS, body), 201);
        let rotate = at("POST", &path(&made, "/rotate"), json!({}));
        let _ = self.admin("service-accounts-rotate", rotate, 200);
        let delete = at("DELETE", &path(&made, ""), Value::Null);
        let _ = self.admin("service-accounts-delete", delete, 204);
        self.ids.insert("robot", text(&made["clientId"]));
    }

    /// A key is made, writes a record, is rotated and deleted.
    fn play_key(&mut self) {
        let keys = "/api/admin/api-keys";
        let body = json!({ "name": "importer", "type": "secret", "scopes": ["wiki:*"] });
        let made = self.admin("api-keys-create", at("POST", keys, body), 201);
        let (id, key) = (text(&made["id"]), text(&made["key"]));
        let page = at("POST", "/api/wiki", json!({ "title": "By a server" })).key(&key);
        let page = text(&self.world.send("records-create", &page, 201)["id"]);
        let own = format!("/api/wiki/{page}");
        let change = at("PATCH", &own, json!({ "title": "x", "body": "y" }));
        let _ = self.admin("records-update", change, 200);
        let _ = self.admin("records-delete", at("DELETE", &own, Value::Null), 204);
        let rotate = at("POST", &format!("{keys}/{id}/rotate"), json!({}));
        let _ = self.admin("api-keys-rotate", rotate, 200);
        let gone = at("DELETE", &format!("{keys}/{id}"), Value::Null);
        let _ = self.admin("api-keys-delete", gone, 204);
        // The log keeps no record of a collection that does not ask for it, and nothing that was refused.
        let post = at("POST", "/api/posts", json!({ "title": "x" }));
        let _ = self.admin("records-create", post, 201);
        let refused = at("POST", "/api/wiki", json!({ "title": 1 }));
        let _ = self.admin("records-create", refused, 400);
        self.ids.extend([("key", id), ("page", page)]);
    }

    /// A webhook fails, is moved to a receiver that answers, and is removed.
    fn play_webhook(&mut self) {
        let all = "/api/admin/webhooks";
        let (broken, well) = (Receiver::new(BROKEN), Receiver::new(OK));
        let body = json!({ "name": "a", "url": broken.url, "events": ["record.created"], "collections": ["posts"] });
        let made = self.admin("webhooks-create", at("POST", all, body), 201);
        let id = text(&made["id"]);
        let own = format!("{all}/{id}");
        for number in 0..FAILURES {
            let post = at("POST", "/api/posts", json!({ "title": number.to_string() }));
            let _ = self.admin("records-create", post, 201);
        }
        let failing =
            |entries: &Vec<Value>| entries.iter().any(|it| it["type"] == "webhook.failing");
        let _ = self.world.until(|| self.entries(), failing);
        let moved = at("PATCH", &own, json!({ "url": well.url }));
        let _ = self.admin("webhooks-update", moved, 200);
        let test = at("POST", &format!("{own}/test"), json!({}));
        let result = self.admin("webhooks-test", test, 200);
        assert_eq!(result["status"], 200, "{result}");
        let _ = self.admin("webhooks-delete", at("DELETE", &own, Value::Null), 204);
        self.ids.insert("webhook", id);
    }

    /// The template of a mail is replaced, and taken back.
    fn play_template(&mut self) {
        let path = "/api/admin/mail-templates/invitation/de";
        let body = json!({ "subject": "Hi {{ inviterName }}", "text": "x", "html": "y" });
        let _ = self.admin("mail-templates-set", at("PUT", path, body), 200);
        let _ = self.admin("mail-templates-reset", at("DELETE", path, Value::Null), 204);
        let id = "template#invitation#de".to_owned();
        self.ids.insert("template", id);
    }

    /// An operator publishes another key of access tokens.
    fn play_rotation(&mut self) {
        let endpoint = self.world.flow.apart.dynamo.endpoint();
        let inside = stack().inside().unwrap();
        let (done, said) = said(&admin_on(inside, &endpoint, &["keys", "rotate"]));
        assert!(done, "{said}");
        self.ids.insert("mark", "keys".to_owned());
    }

    /// An operator forgets the failed login of an address that nobody has.
    fn play_throttle(&mut self) {
        let nobody = fresh_email();
        let wrong = at("POST", "/api/auth/login", login(&nobody, PASSWORD));
        let _ = self.world.send("login", &wrong, 401);
        let endpoint = self.world.flow.apart.dynamo.endpoint();
        let inside = stack().inside().unwrap();
        let clear = ["throttle", "clear", &nobody];
        let (done, said) = said(&admin_on(inside, &endpoint, &clear));
        assert!(done && said.contains("1 failed login"), "{said}");
        self.ids.insert("attempts", "throttle".to_owned());
    }

    /// An invitation is sent twice and accepted by a new user, one is rejected, and one is taken back.
    fn play_invitations(&mut self) {
        let path = "/api/auth/invitations";
        for name in ["accepted", "rejected", "revoked"] {
            let email = fresh_email();
            let made = at("POST", path, json!({ "email": email }));
            let id = text(&self.admin("invitations-create", made, 201)["id"]);
            let own = format!("{path}/{id}");
            let deed = |deed: &str, body: Value| at("POST", &format!("{path}/{deed}"), body);
            let link = |mails: usize| {
                let look = || self.mailbox.messages_to(&email);
                let mail = self
                    .world
                    .until(look, |found| found.len() == mails)
                    .remove(0);
                link_token(&mail)
            };
            match name {
                "accepted" => {
                    let _ = link(1);
                    let again = at("POST", &format!("{own}/resend"), json!({}));
                    let _ = self.admin("invitations-resend", again, 202);
                    let body = json!({ "token": link(2), "password": PASSWORD });
                    let new = self
                        .world
                        .send("invitations-accept", &deed("accept", body), 201);
                    self.ids.insert("guest", text(&new["user"]["id"]));
                }
                "rejected" => {
                    let reject = deed("reject", json!({ "token": link(1) }));
                    let _ = self.world.send("invitations-reject", &reject, 200);
                }
                _ => {
                    let revoke = at("DELETE", &own, Value::Null);
                    let _ = self.admin("invitations-revoke", revoke, 204);
                }
            }
            self.ids.insert(name, id);
        }
    }

    /// An entry as the list below has it: the type, its subject and actor by name, and what was told beside them.
    fn told(&self, entry: &Value) -> String {
        let name = |id: &Value| {
            let mut names = self.ids.iter();
            let found = names.find(|(_, own)| Some(own.as_str()) == id.as_str());
            found.map_or_else(|| id.to_string(), |(name, _)| (*name).to_owned())
        };
        let (subject, actor) = (&entry["subject"], &entry["actor"]);
        let mut told = format!(
            "{} {}/{}",
            text(&entry["type"]),
            text(&subject["collection"]),
            name(&subject["id"])
        );
        let mut add = |label: &str, value: String| told.push_str(&format!(" {label} {value}"));
        if !subject["owner"].is_null() {
            add("of", name(&subject["owner"]));
        }
        match (&actor["type"], &actor["id"]) {
            (Value::Null, _) => {}
            (kind, Value::Null) => add("by", text(kind)),
            (kind, id) => add("by", format!("{} {}", text(kind), name(id))),
        }
        if !actor["keyId"].is_null() {
            add("with", name(&actor["keyId"]));
        }
        for (label, value) in [
            ("as", &actor["role"]),
            ("through", &actor["trigger"]),
            ("for", &actor["impersonator"]),
            ("because", &entry["reason"]),
        ] {
            if !value.is_null() {
                add(label, text(value));
            }
        }
        if entry["role"].is_object() {
            let role = &entry["role"];
            add(
                "from",
                format!("{} to {}", text(&role["from"]), text(&role["to"])),
            );
        }
        let changed = entry["changed"].as_array().unwrap();
        if !changed.is_empty() {
            add(
                "changed",
                changed.iter().map(text).collect::<Vec<_>>().join(","),
            );
        }
        if entry["requestId"].is_string() {
            add("in", "a request".to_owned());
        }
        let from = (&entry["ip"], &entry["userAgent"]);
        if from == (&json!(ADDRESS), &json!(AGENT)) {
            add("from", "there".to_owned());
        } else {
            assert_eq!(from, (&Value::Null, &Value::Null), "{entry}");
        }
        told
    }
}

/// The entries that follow from the play, in any order. A line has the type, the subject, its owner, and the
/// actor with key and role. Then come the reason, the change of a role, the names of what has changed, and the place of the
/// request.
const EXPECTED: &[&str] = &[
    "auth.register users/ada by user ada as authenticated in a request from there",
    "auth.login users/ada by user ada in a request from there",
    "auth.login users/ada by user ada in a request from there",
    "auth.login users/ada by user ada in a request from there",
    "auth.email.verified users/ada by user ada as authenticated in a request from there",
    "auth.reauthenticated users/ada by user ada in a request from there",
    "auth.logout users/ada by user ada in a request from there",
    "auth.refresh.reused users/ada by stranger in a request from there",
    "auth.password.changed users/ada by user ada as authenticated because password-change in a request from there",
    "auth.session.ended users/ada by user ada as authenticated because password-change in a request from there",
    "user.deleted users/ada by user ada as authenticated in a request from there",
    "auth.session.ended users/ada by user ada as authenticated because delete in a request from there",
    "user.restored users/ada by user ada as authenticated in a request from there",
    "user.deleted users/ada by user ada as authenticated in a request from there",
    "auth.session.ended users/ada by user ada as authenticated because delete in a request from there",
    "user.purged users/ada by system",
    "auth.register users/eve by user eve as authenticated in a request from there",
    "auth.email.verified users/eve by user eve as authenticated in a request from there",
    "auth.email.changed users/eve by user eve as authenticated in a request from there",
    "auth.session.ended users/eve by user eve as authenticated because email-change in a request from there",
    "provider.changed configuration/provider by user root as admin changed clientId,clientIds,endpoints,clientSecret in a request from there",
    "auth.account.linked users/eve by user eve as authenticated because google in a request from there",
    "auth.login users/eve by user eve in a request from there",
    "auth.account.unlinked users/eve by user eve as authenticated because google in a request from there",
    "auth.session.ended users/eve by user eve as authenticated because provider-unlinked in a request from there",
    "provider.changed configuration/provider by user root as admin changed deleted in a request from there",
    "auth.register users/mia by user mia as authenticated in a request from there",
    "auth.email.verified users/mia by user mia as authenticated in a request from there",
    "auth.mfa.changed users/mia by user mia as authenticated because mfa-enabled in a request from there",
    "auth.session.ended users/mia by user mia as authenticated because mfa-enabled in a request from there",
    "auth.login users/mia by user mia in a request from there",
    "auth.mfa.changed users/mia by user mia as authenticated because mfa-codes-renewed in a request from there",
    "auth.session.ended users/mia by user mia as authenticated because mfa-codes-renewed in a request from there",
    "auth.mfa.changed users/mia by user mia as authenticated because mfa-disabled in a request from there",
    "auth.session.ended users/mia by user mia as authenticated because mfa-disabled in a request from there",
    "auth.mfa.changed users/mia by user mia as authenticated because mfa-enabled in a request from there",
    "auth.session.ended users/mia by user mia as authenticated because mfa-enabled in a request from there",
    "auth.mfa.changed users/mia by user root as admin because mfa-disabled in a request from there",
    "auth.session.ended users/mia by user root as admin because mfa-disabled in a request from there",
    "auth.register users/ivy by user ivy as authenticated in a request from there",
    "auth.email.verified users/ivy by user ivy as authenticated in a request from there",
    "auth.passkey.changed users/ivy by user ivy as authenticated because added in a request from there",
    "auth.login users/ivy by user ivy in a request from there",
    "auth.passkey.changed users/ivy by user ivy as authenticated because removed in a request from there",
    "auth.session.ended users/ivy by user ivy as authenticated because passkey-removed in a request from there",
    "user.created users/sam by user root as admin in a request from there",
    "user.updated users/sam by user root as admin from authenticated to editor changed role in a request from there",
    "auth.impersonated users/sam by user root as admin because curiosity in a request from there",
    "auth.login users/sam by user sam in a request from there",
    "auth.session.ended users/sam by user root as admin because admin in a request from there",
    "user.updated users/sam by user root as admin changed disabled in a request from there",
    "auth.session.ended users/sam by user root as admin because update in a request from there",
    "user.updated users/sam by user root as admin changed disabled in a request from there",
    "user.updated users/sam by cli from editor to admin changed role",
    "user.created users/robot by user root as admin in a request from there",
    "user.updated users/robot by user root as admin changed serviceAccount in a request from there",
    "user.deleted users/robot by user root as admin in a request from there",
    "auth.session.ended users/robot by user root as admin because delete in a request from there",
    "user.purged users/robot by system",
    "key.created keys/key by user root as admin in a request from there",
    "record.created wiki/page by key with key changed title in a request",
    "record.updated wiki/page by user root as admin changed body,title in a request",
    "record.deleted wiki/page by user root as admin changed body,title in a request",
    "key.rotated keys/key by user root as admin in a request from there",
    "key.deleted keys/key by user root as admin in a request from there",
    "webhook.changed webhooks/webhook by user root as admin changed name,url,events,collections,timeout,concurrency,disabled,secret in a request from there",
    "webhook.failing webhooks/webhook by system changed state",
    "webhook.changed webhooks/webhook by user root as admin changed url in a request from there",
    "webhook.recovered webhooks/webhook by system changed state",
    "webhook.changed webhooks/webhook by user root as admin changed deleted in a request from there",
    "template.changed configuration/template by user root as admin changed subject,text,html in a request from there",
    "template.changed configuration/template by user root as admin changed deleted in a request from there",
    "keys.rotated configuration/mark by cli because published",
    "throttle.cleared configuration/attempts by cli",
    "table.recovered configuration/recovered by cli because to kept: 0 put back, 0 removed, 0 left alone",
    "table.repaired configuration/repaired by cli because 1 repaired",
    "invitation.created invitations/accepted by user root as admin in a request from there",
    "invitation.created invitations/rejected by user root as admin in a request from there",
    "invitation.created invitations/revoked by user root as admin in a request from there",
    "invitation.resent invitations/accepted by user root as admin in a request from there",
    "invitation.accepted invitations/accepted by user guest in a request from there",
    "invitation.rejected invitations/rejected by stranger in a request from there",
    "invitation.revoked invitations/revoked by user root as admin in a request from there",
    "auth.register users/guest by user guest as authenticated in a request from there",
];

#[test]
fn every_audited_type_has_its_entry_after_a_real_request_and_there_is_no_other() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailbox = Mailbox::start(0).unwrap();
    let endpoint = mailbox.endpoint();
    let mails = [
        ("BAKEND_MAIL_FROM", "mail@example.com"),
        ("BAKEND_AUTH_PUBLIC_URL", "http://localhost:8080"),
        ("AWS_ENDPOINT_URL_SESV2", endpoint.as_str()),
    ];
    let workers: [(&str, &[(&str, &str)]); 3] =
        [("webhooks-deliver", &[]), ("events", &[]), ("mail", &mails)];
    let world = World::with(inside, &workers, &mails[..2]);
    let root = text(&world.admin["user"]["id"]);
    let ids = BTreeMap::from([("root", root)]);
    let mut scene = Scene {
        world,
        mailbox,
        ids,
    };
    // The admin was there before the play, and from another place.
    let first = scene
        .world
        .until(|| scene.entries(), |entries| entries.len() == 1);
    scene.play_tables();
    scene.play_ada();
    let address = scene.play_eve();
    scene.play_provider(&address);
    scene.play_mia();
    scene.play_ivy();
    scene.play_sam();
    scene.play_robot();
    scene.play_key();
    scene.play_webhook();
    scene.play_template();
    scene.play_rotation();
    scene.play_throttle();
    scene.play_invitations();
    // The tombstones of users, keys and webhooks go; the user's alone is an event.
    std::thread::sleep(std::time::Duration::from_secs(1));
    scene.world.flow.apart.dynamo.expire().unwrap();

    let enough = |entries: &Vec<Value>| entries.len() > EXPECTED.len();
    let mut entries = scene.world.until(|| scene.entries(), enough);
    entries.retain(|entry| entry["id"] != first[0]["id"]);
    let mut told: Vec<String> = entries.iter().map(|entry| scene.told(entry)).collect();
    let mut expected: Vec<&str> = EXPECTED.to_vec();
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected, "{told:#?}");
    let log = serde_json::to_string(&entries).unwrap();
    for secret in [
        PASSWORD,
        OTHER,
        "@",
        "importer",
        "By a server",
        "whsec_",
        "sk_live_",
        "otpauth",
    ] {
        assert!(!log.contains(secret), "the log has {secret}");
    }
    assert_eq!(scene.world.flow.apart.proxy.denied(), []);
}

#[test]
fn every_audited_type_is_in_the_list() {
    // A record is audited where its collection says so.
    let listed: BTreeSet<&str> = EXPECTED
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let all: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(listed, all);
}
