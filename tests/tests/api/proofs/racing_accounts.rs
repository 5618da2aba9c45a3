//! Races of registrations, verifications and resets: the transaction that does the work has one winner.

use blackbox::{Event, Instance, PASSWORD, Reply, fresh_email, rounds, stack};
use serde_json::{Value, json};

use super::racing::{RACERS, count};
use super::world::{MailWorld, code, link_token, token};

const REQUIRED: (&str, &str) = ("BAKEND_AUTH_EMAIL_VERIFICATION", "required");
const NEW: &str = "another long password";

/// The same request to each of these instances at once; what they said.
fn all_at_once(
    world: &MailWorld<'_>,
    of: &[Instance<'_>],
    event: impl Fn(usize) -> Event,
) -> Vec<Reply> {
    let asked: Vec<(&Instance<'_>, Event)> = of
        .iter()
        .enumerate()
        .map(|(at, instance)| (instance, event(at)))
        .collect();
    world.at_once(&asked)
}

fn post(path: &str, body: &Value) -> Event {
    Event::new("POST", path).json(body)
}

/// Opens a flow of this address.
fn open(world: &MailWorld<'_>, (function, path): (&str, &str), body: &Value) -> Value {
    world.post(function, path, body).expect(202).json()["flow"].clone()
}

/// The codes of the newest mails to an address, the oldest first.
fn codes(world: &MailWorld<'_>, email: &str, kind: &str, wanted: usize) -> Vec<String> {
    let look = || {
        let mails = world.mailbox.messages_to(email).into_iter();
        let mut codes: Vec<String> = mails
            .filter(|it| it.kind == kind)
            .map(|it| code(&it))
            .collect();
        codes.reverse();
        codes
    };
    world.until(look, |codes| codes.len() == wanted)
}

#[test]
fn one_confirmation_of_many_makes_the_account() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[REQUIRED]);
    let confirming = world.instances("register-confirm", RACERS);
    for round in 0..rounds() {
        let body = json!({ "email": fresh_email(), "password": PASSWORD });
        let flow = open(&world, ("register", "/api/auth/register"), &body);
        let mail = world.mail(body["email"].as_str().unwrap(), 1);
        let replies = all_at_once(&world, &confirming, |at| {
            let shown = match at % 2 {
                0 => json!({ "flow": flow, "code": code(&mail) }),
                _ => json!({ "token": link_token(&mail), "password": PASSWORD }),
            };
            post("/api/auth/register/confirm", &shown)
        });
        let said: Vec<String> = replies.iter().map(Reply::text).collect();
        assert_eq!(count(&replies, 201), 1, "round {round}: {said:?}");
        let lost = count(&replies, 400) + count(&replies, 409);
        assert_eq!(lost, RACERS - 1, "round {round}: {said:?}");
    }
}

#[test]
fn two_registrations_of_an_address_make_one_account() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[REQUIRED]);
    let confirming = &world.instances("register-confirm", RACERS)[..2];
    for round in 0..rounds() {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD });
        let register = ("register", "/api/auth/register");
        let flows = [(); 2].map(|()| open(&world, register, &body));
        let codes = codes(&world, &email, "registration", 2);
        let replies = all_at_once(&world, confirming, |at| {
            let shown = json!({ "flow": flows[at], "code": codes[at] });
            post("/api/auth/register/confirm", &shown)
        });
        let said: Vec<String> = replies.iter().map(Reply::text).collect();
        let won = [201, 409].map(|status| count(&replies, status));
        assert_eq!(won, [1, 1], "round {round}: {said:?}");
    }
}

#[test]
fn one_verification_of_many_is_told() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let verifying = world.instances("verify-email", RACERS);
    for round in 0..rounds() {
        let email = fresh_email();
        let access = token(&world.register(&email));
        let right = json!({ "code": code(&world.mail(&email, 1)) });
        let replies = all_at_once(&world, &verifying, |_| {
            post("/api/auth/verify-email", &right).token(&access)
        });
        let said: Vec<String> = replies.iter().map(Reply::text).collect();
        assert_eq!(count(&replies, 200), 1, "round {round}: {said:?}");
        let lost = count(&replies, 400) + count(&replies, 409);
        assert_eq!(lost, RACERS - 1, "round {round}: {said:?}");
    }
}

#[test]
fn one_reset_of_many_sets_the_password_also_by_two_flows() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let resetting = world.instances("password-reset", RACERS);
    let email = fresh_email();
    let _ = world.register(&email);
    let forgot = ("password-forgot", "/api/auth/password/forgot");
    for round in 0..rounds() {
        let flows = [(); 2].map(|()| open(&world, forgot, &json!({ "email": email })));
        let codes = codes(&world, &email, "password-reset", 2);
        let replies = all_at_once(&world, &resetting, |at| {
            let new = format!("{NEW} {round}.{at}");
            let shown = json!({ "flow": flows[at % 2], "code": codes[at % 2], "newPassword": new });
            post("/api/auth/password/reset", &shown)
        });
        let said: Vec<String> = replies.iter().map(Reply::text).collect();
        assert_eq!(count(&replies, 204), 1, "round {round}: {said:?}");
        assert_eq!(count(&replies, 400), RACERS - 1, "round {round}: {said:?}");
        let winner = replies.iter().position(|it| it.status == 204).unwrap();
        let _ = world
            .login(&email, &format!("{NEW} {round}.{winner}"))
            .expect(200);
        world.mailbox.empty();
    }
}

#[test]
fn a_login_beside_a_reset_is_refused_or_void() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let (reset, login) = (
        world.variant("password-reset", &[]),
        world.variant("login", &[]),
    );
    let change = world.variant("password-change", &[]);
    let forgot = ("password-forgot", "/api/auth/password/forgot");
    for round in 0..rounds() {
        let email = fresh_email();
        let access = token(&world.register(&email));
        let flow = open(&world, forgot, &json!({ "email": email }));
        let codes = codes(&world, &email, "password-reset", 1);
        let shown = json!({ "flow": flow, "code": codes[0], "newPassword": NEW });
        let resetting = post("/api/auth/password/reset", &shown);
        let body = json!({ "email": email, "password": PASSWORD });
        let entering = post("/api/auth/login", &body);
        let body = json!({ "currentPassword": PASSWORD, "newPassword": "a third long password" });
        let changing = post("/api/auth/password/change", &body).token(&access);
        let all = [(&reset, resetting), (&login, entering), (&change, changing)];
        let replies = world.at_once(&all);
        let said: Vec<String> = replies.iter().map(Reply::text).collect();
        let [was_reset, was_changed] = [0, 2].map(|at| replies[at].status == 204);
        assert_ne!(was_reset, was_changed, "round {round}: {said:?}");
        // A login by the old password before either is ended by it, unless the change has spared its own session alone.
        if replies[1].status == 200 {
            let entered = token(&replies[1].json());
            assert!(!world.stands(&entered), "round {round}: {said:?}");
        }
        assert_eq!(
            world.stands(&access),
            was_changed,
            "round {round}: {said:?}"
        );
        let now = if was_reset {
            NEW
        } else {
            "a third long password"
        };
        let _ = world.login(&email, now).expect(200);
        let _ = world.login(&email, PASSWORD).expect(401);
    }
}

#[test]
fn of_two_bootstraps_one_is_the_first_admin() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[REQUIRED]);
    let emails = [(); 2].map(|()| fresh_email());
    let confirming = emails
        .clone()
        .map(|email| world.variant("register-confirm", &[("BAKEND_ADMIN_EMAIL", &email)]));
    let dynamo = world.flow.apart.dynamo.engine();
    for round in 0..rounds() {
        // As if there had never been an admin, nor these accounts.
        for key in ["#admins".to_owned()]
            .into_iter()
            .chain(emails.each_ref().map(|it| format!("email#{it}")))
        {
            let item = json!({ "TableName": "local-_users", "Key": { "id": { "S": key } } });
            let _ = dynamo.call("DeleteItem", &item).unwrap();
        }
        let shown = emails.each_ref().map(|email| {
            let body = json!({ "email": email, "password": PASSWORD });
            let flow = open(&world, ("register", "/api/auth/register"), &body);
            let codes = codes(&world, email, "registration", 1);
            json!({ "flow": flow, "code": codes[0] })
        });
        let replies = all_at_once(&world, &confirming, |at| {
            post("/api/auth/register/confirm", &shown[at])
        });
        let mut roles: Vec<String> = replies
            .into_iter()
            .map(|it| {
                it.expect(201).json()["user"]["role"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        roles.sort();
        assert_eq!(roles, ["admin", "authenticated"], "round {round}");
        world.mailbox.empty();
    }
}
