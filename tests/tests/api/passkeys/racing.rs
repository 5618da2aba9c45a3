//! Races: each ceremony has one winner.

use blackbox::{rounds, stack};

use super::*;

const RACERS: usize = 20;

#[test]
fn one_ceremony_twenty_times_begins_one_session() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let logins = stage.instances("passkeys-login", 4);
    for round in 0..rounds() {
        let mut account = stage.enrolled();
        if round % 2 == 1 {
            account.device = Device::counting();
            let _ = stage.add(&mut account);
        }
        let body = stage.signed(&mut account.device, &Manners::on(PAGE));
        let event = Event::new("POST", LOGIN).json(&body);
        let all: Vec<_> = (0..RACERS)
            .map(|at| (&logins[at % logins.len()], event.clone()))
            .collect();
        let replies = stage.at_once(&all);
        let (won, lost) = (count(&replies, 200), count(&replies, 401));
        assert_eq!((won, lost), (1, RACERS - 1));
        for lost in replies.iter().filter(|it| it.status == 401) {
            assert_eq!(lost.code(), "auth/invalid-passkey");
            assert!(!lost.text().contains("accessToken"));
        }
    }
}

#[test]
fn a_sign_in_and_a_further_proof_share_one_ceremony() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let logins = stage.instances("passkeys-login", 1);
    let agains = stage.instances("reauthenticate", 1);
    for _ in 0..rounds() {
        let mut account = stage.enrolled();
        let body = stage.signed(&mut account.device, &Manners::on(PAGE));
        let again = Event::new("POST", AGAIN).json(&body).token(&account.token);
        let all = [
            (&logins[0], Event::new("POST", LOGIN).json(&body)),
            (&agains[0], again),
        ];
        let replies = stage.at_once(&all);
        assert_eq!((count(&replies, 200), count(&replies, 401)), (1, 1));
    }
}

#[test]
fn one_registration_twenty_times_adds_one_passkey() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let creates = stage.instances("passkeys-create", 4);
    for _ in 0..rounds() {
        let mut account = stage.register();
        let body = stage.made(&mut account, &Manners::on(PAGE));
        let event = Event::new("POST", PASSKEYS).json(&body);
        let event = event.token(&account.token);
        let all: Vec<_> = (0..RACERS)
            .map(|at| (&creates[at % creates.len()], event.clone()))
            .collect();
        let replies = stage.at_once(&all);
        let (won, lost) = (count(&replies, 201), count(&replies, 401));
        assert_eq!((won, lost), (1, RACERS - 1));
        assert_eq!(stage.list(&account.token).len(), 1);
    }
}

#[test]
fn ten_at_once_on_top_of_nine_add_one() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let creates = stage.instances("passkeys-create", 4);
    let mut account = stage.register();
    for _ in 0..9 {
        let _ = stage.add(&mut account);
    }
    let bodies: Vec<_> = (0..4)
        .map(|_| stage.made(&mut account, &Manners::on(PAGE)))
        .collect();
    let all: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(at, body)| {
            let event = Event::new("POST", PASSKEYS).json(body);
            (&creates[at], event.token(&account.token))
        })
        .collect();
    let replies = stage.at_once(&all);
    let (won, lost) = (count(&replies, 201), count(&replies, 409));
    assert_eq!((won, lost), (1, 3));
    assert_eq!(stage.list(&account.token).len(), 10);
}

#[test]
fn of_the_last_two_ways_in_one_stays() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let deletes = stage.instances("passkeys-delete", 2);
    for _ in 0..rounds() {
        let mut account = stage.enrolled();
        let _ = stage.add(&mut account);
        stage.forget_password(&account);
        let items = stage.list(&account.token);
        let event = |at: usize| {
            let path = format!("{PASSKEYS}/{}", text(&items[at]["id"]));
            Event::new("DELETE", &path).token(&account.token)
        };
        let all = [(&deletes[0], event(0)), (&deletes[1], event(1))];
        let replies = stage.at_once(&all);
        assert_eq!(count(&replies, 204), 1);
        assert_eq!(count(&replies, 409), 1);
        assert_eq!(stage.list(&account.token).len(), 1);
    }
}
