//! Links that race: an identity is one user's, and a user has one account of a provider.

use blackbox::{Instance, rounds, stack};

use super::*;

/// The event that links an account to a user.
fn linking(stage: &Stage<'_>, signed_in: &Value, account: &Value) -> Event {
    let body = trade(&stage.code("google", account), &json!({}));
    let token = signed_in["accessToken"].as_str().unwrap();
    Event::new("POST", ACCOUNTS).json(&body).token(token)
}

/// Of two links one is made, and the other one hears that there is one.
#[track_caller]
fn one_is_made(mut replies: Vec<Reply>) {
    replies.sort_by_key(|it| it.status);
    assert_eq!(replies[0].status, 201, "{}", replies[0].text());
    let lost = (replies[1].status, replies[1].code());
    assert_eq!(lost, (409, "auth/account-already-linked".to_owned()));
}

fn has_google(stage: &Stage<'_>, signed_in: &Value) -> bool {
    stage.accounts(signed_in).iter().any(|it| it == "google")
}

#[test]
fn an_identity_that_two_users_link_at_once_is_of_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let links = stage.world.instances("accounts-link", 2);
    for round in 0..rounds() {
        let account = google(&format!("shared-{round}"), "shared@example.com");
        let users = [stage.register().1, stage.register().1];
        let events = users.iter().map(|user| linking(&stage, user, &account));
        let all: Vec<(&Instance<'_>, Event)> = links.iter().zip(events).collect();
        one_is_made(stage.world.at_once(&all));
        let holders = users.iter().filter(|user| has_google(&stage, user));
        let holders: Vec<&Value> = holders.collect();
        assert_eq!(holders.len(), 1, "round {round}");
        let entered = stage.sign_in("google", &account).expect(200).json();
        assert_eq!(entered["user"]["id"], holders[0]["user"]["id"]);
    }
}

#[test]
fn of_two_accounts_of_a_provider_that_a_user_links_at_once_one_is_linked() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let links = stage.world.instances("accounts-link", 2);
    for round in 0..rounds() {
        let (_, user) = stage.register();
        let of = |at: usize| {
            let mut account = google(&format!("{round}-{at}"), "two@example.com");
            // The one that is not linked makes an account without an address.
            account["email_verified"] = json!(false);
            account
        };
        let accounts = [of(0), of(1)];
        let events = accounts.iter().map(|it| linking(&stage, &user, it));
        let all: Vec<(&Instance<'_>, Event)> = links.iter().zip(events).collect();
        one_is_made(stage.world.at_once(&all));
        assert_eq!(stage.accounts(&user), ["password", "google"]);
        let entered = accounts.iter().filter(|account| {
            let entered = stage.sign_in("google", account).expect(200).json();
            entered["user"]["id"] == user["user"]["id"]
        });
        assert_eq!(entered.count(), 1, "round {round}");
    }
}

#[test]
fn an_identity_that_is_linked_and_signs_up_at_once_is_of_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let links = stage.world.instances("accounts-link", 1);
    let exchanges = stage.world.instances("oauth-exchange", 1);
    for round in 0..rounds() {
        let (_, user) = stage.register();
        let account = google(&format!("fresh-{round}"), &fresh_email());
        let link = linking(&stage, &user, &account);
        let body = trade(&stage.code("google", &account), &json!({}));
        let exchange = Event::new("POST", EXCHANGE).json(&body);
        let all: [(&Instance<'_>, Event); 2] = [(&links[0], link), (&exchanges[0], exchange)];
        let replies = stage.world.at_once(&all);
        let entered = replies[1].clone().expect(200).json();
        let is_linked = entered["user"]["id"] == user["user"]["id"];
        assert_eq!(entered["isNewUser"], json!(!is_linked), "round {round}");
        match is_linked {
            true => assert_eq!(replies[0].status, 201, "{}", replies[0].text()),
            false => assert_eq!(replies[0].code(), "auth/account-already-linked"),
        }
        assert_eq!(has_google(&stage, &user), is_linked, "round {round}");
        let again = stage.sign_in("google", &account).expect(200).json();
        assert_eq!(again["user"]["id"], entered["user"]["id"]);
    }
}
