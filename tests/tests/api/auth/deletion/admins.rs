//! Admins who delete themselves.

use blackbox::Instance;

use super::*;

/// Two admins on tables of their own.
struct Admins<'a> {
    apart: Apart<'a>,
    tokens: [String; 2],
    emails: [String; 2],
}

fn admins(inside: &Inside) -> Admins<'_> {
    let apart = Apart::new(inside);
    let emails = [fresh_email(), fresh_email()];
    let register = apart.function("register", "admins", &[("BAKEND_ADMIN_EMAIL", &emails[0])]);
    let [create, login] = ["users-create", "login"].map(|name| apart.function(name, "admins", &[]));
    let credentials = |email: &str| json!({ "email": email, "password": PASSWORD });
    let signed_in = |function: &Instance<'_>, route: &str, email: &str, status: u16| {
        let event = Event::new("POST", route).json(&credentials(email));
        let reply = apart.ask(function, &event).expect(status).json();
        assert_eq!(reply["user"]["role"], "admin");
        reply["accessToken"].as_str().unwrap().to_owned()
    };
    let first = signed_in(&register, "/api/auth/register", &emails[0], 201);
    let mut second = credentials(&emails[1]);
    second["role"] = json!("admin");
    let event = Event::new("POST", "/api/users").json(&second).token(&first);
    let _ = apart.ask(&create, &event).expect(201);
    let second = signed_in(&login, "/api/auth/login", &emails[1], 200);
    let tokens = [first, second];
    Admins {
        apart,
        tokens,
        emails,
    }
}

fn deletion(token: &str) -> Event {
    Event::new("DELETE", me::ROUTE)
        .json(&json!({ "password": PASSWORD }))
        .token(token)
}

#[track_caller]
fn last(reply: &Reply) {
    refused(
        reply,
        409,
        "users/last-admin",
        "The last admin can be neither demoted, disabled nor deleted.",
    );
}

#[test]
fn the_last_admin_stays() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for grace in ["1d", "0s"] {
        let Admins {
            apart,
            tokens,
            emails,
        } = admins(inside);
        let delete = apart.function(
            "me-delete",
            "admins",
            &[("BAKEND_AUTH_DELETION_GRACE", grace)],
        );
        let me_get = apart.function("me-get", "admins", &[]);
        let restore = apart.function("me-restore", "admins", &[]);
        let _ = apart.ask(&delete, &deletion(&tokens[0])).expect(204);
        last(&apart.ask(&delete, &deletion(&tokens[1])));
        let _ = apart
            .ask(&me_get, &Event::new("GET", me::ROUTE).token(&tokens[1]))
            .expect(200);
        let body = json!({ "email": emails[0], "password": PASSWORD });
        let again = apart.ask(&restore, &Event::new("POST", RESTORE).json(&body));
        if grace == "0s" {
            wrong_credentials(&again);
            continue;
        }
        // One is back, so the other may go.
        let token = look::text(&again.expect(200), "accessToken");
        let _ = apart.ask(&delete, &deletion(&tokens[1])).expect(204);
        last(&apart.ask(&delete, &deletion(&token)));
    }
}

#[test]
fn of_two_admins_who_delete_themselves_at_once_one_stays() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for _ in 0..3 {
        let Admins { apart, tokens, .. } = admins(inside);
        let functions = tokens
            .each_ref()
            .map(|_| apart.function("me-delete", "admins", &[]));
        let replies: Vec<Reply> = thread::scope(|scope| {
            let apart = &apart;
            let one = |(function, token): (_, &String)| {
                let event = deletion(token);
                scope.spawn(move || apart.ask(function, &event))
            };
            let threads: Vec<_> = functions.iter().zip(&tokens).map(one).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(
            statuses.iter().filter(|status| **status == 204).count(),
            1,
            "{statuses:?}"
        );
        replies
            .iter()
            .filter(|reply| reply.status != 204)
            .for_each(last);
    }
}
