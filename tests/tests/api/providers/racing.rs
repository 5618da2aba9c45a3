//! Twenty at once: one wins, and one way in is always left.

use std::thread;

use blackbox::stack;

use super::*;

fn all_at_once<T: Send>(count: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let acts: Vec<_> = (0..count)
            .map(|at| {
                let act = &act;
                scope.spawn(move || act(at))
            })
            .collect();
        acts.into_iter().map(|act| act.join().unwrap()).collect()
    })
}

#[test]
fn of_twenty_trades_of_one_code_one_signs_in() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for known in [false, true] {
        let code = stage.code("google", &google("raced", "raced@example.com"));
        let replies = all_at_once(20, |_| stage.exchange(&code, &json!({})));
        let (good, refused): (Vec<_>, Vec<_>) =
            replies.into_iter().partition(|it| it.status == 200);
        assert_eq!(good.len(), 1, "{known}");
        for reply in refused {
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (400, "auth/invalid-oauth-code"),
                "{}",
                reply.text()
            );
        }
        assert_eq!(good[0].json()["isNewUser"], json!(!known));
    }
}

#[test]
fn of_twenty_sign_ups_of_one_identity_one_makes_the_account() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let codes: Vec<String> = (0..20)
        .map(|_| stage.code("google", &google("many", "many@example.com")))
        .collect();
    let replies = all_at_once(20, |at| stage.exchange(&codes[at], &json!({})));
    let bodies: Vec<Value> = replies
        .into_iter()
        .map(|reply| reply.expect(200).json())
        .collect();
    let new = bodies
        .iter()
        .filter(|body| body["isNewUser"] == json!(true))
        .count();
    assert_eq!(new, 1);
    assert!(
        bodies
            .iter()
            .all(|body| body["user"]["id"] == bodies[0]["user"]["id"])
    );
}

#[test]
fn of_twenty_answers_with_one_state_one_is_taken() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let started = stage.start("google");
    let (code, state) = stage
        .provider
        .consent(&started.address, &google("a", "a@example.com"));
    let answer = [("code", code.as_str()), ("state", state.as_str())];
    let replies = all_at_once(20, |_| stage.answer(&started, &answer).status);
    assert_eq!(
        replies.iter().filter(|status| **status == 302).count(),
        1,
        "{replies:?}"
    );
    assert_eq!(
        replies.iter().filter(|status| **status == 400).count(),
        19,
        "{replies:?}"
    );
}

#[test]
fn the_last_two_ways_in_do_not_go_at_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    for round in 0..5 {
        let (_, made) = stage.proven();
        let code = stage.code("google", &google(&format!("race-{round}"), "a@b.example"));
        let event = Event::new("POST", ACCOUNTS).json(&trade(&code, &json!({})));
        let _ = stage.ask_as(&made, "accounts-link", event).expect(201);
        let ways = ["own", "google"];
        let replies = all_at_once(2, |at| stage.unlink(&made, ways[at]));
        let mut found: Vec<(u16, String)> = replies
            .iter()
            .map(|it| {
                (
                    it.status,
                    if it.status == 204 {
                        String::new()
                    } else {
                        it.code()
                    },
                )
            })
            .collect();
        found.sort();
        assert_eq!(
            found,
            [(204, String::new()), (409, "auth/last-method".to_owned())]
        );
        assert_eq!(stage.accounts(&made).len(), 1);
    }
}
