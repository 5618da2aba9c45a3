//! Refreshes at once, and replies that are lost.

use super::*;

#[test]
fn of_twenty_refreshes_of_one_token_at_most_one_wins() {
    if let Some(inside) = stack().inside() {
        inside.spawn("refresh", 4, &[]);
    }
    let member = stack().member();
    for _ in 0..3 {
        let caller = stack().login(&member.email);
        let token = &caller.refresh_token;
        let replies: Vec<Reply> = thread::scope(|scope| {
            let all: Vec<_> = (0..20)
                .map(|_| scope.spawn(move || refresh(token)))
                .collect();
            all.into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let (won, lost): (Vec<&Reply>, Vec<&Reply>) =
            replies.iter().partition(|reply| reply.status == 200);
        lost.iter().for_each(|reply| wrong_refresh_token(reply));
        assert_eq!(won.len(), 1, "nothing failed, so somebody has to win");
        lives(&caller);
        lives(&caller.with_token(Some(&text(won[0], "accessToken"))));
        let _ = refresh(&text(won[0], "refreshToken")).expect(200);
    }
}

#[test]
fn twenty_tries_with_one_key_all_get_the_same_token() {
    let member = stack().member();
    let token = &member.refresh_token;
    let replies: Vec<Reply> = thread::scope(|scope| {
        let all: Vec<_> = (0..20)
            .map(|_| scope.spawn(move || refresh_with(token, KEY)))
            .collect();
        all.into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut tokens: Vec<String> = replies
        .iter()
        .map(|reply| text(&reply.clone().expect(200), "refreshToken"))
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    let _ = refresh(&tokens[0]).expect(200);
}

#[test]
fn a_refresh_and_a_logout_at_once_leave_nothing() {
    let caller = stack().member();
    let token = &caller.refresh_token;
    let refreshed = thread::scope(|scope| {
        let logout = scope.spawn(|| {
            stack()
                .stranger()
                .post("/api/auth/logout", &json!({ "refreshToken": token }))
        });
        let refreshed = refresh(token);
        let _ = logout.join().unwrap().expect(204);
        refreshed
    });
    let mut tokens = vec![token.clone()];
    if refreshed.status == 200 {
        tokens.push(text(&refreshed, "refreshToken"));
        look::revoked(
            &caller
                .with_token(Some(&text(&refreshed, "accessToken")))
                .get("/api/notes"),
        );
    }
    is_over(
        &caller,
        &tokens.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

/// The reply to the rotation is lost on its way back from the table, so often.
fn losing(inside: &Inside, times: usize) -> Instance<'_> {
    let variant = inside.variant("refresh", "lossy", 1, &[]);
    variant.settle();
    inside.proxy.fault(
        Rule::new(Fault::LoseReply)
            .key(&variant.key)
            .action("UpdateItem")
            .times(times),
    );
    variant
}

#[test]
fn a_reply_of_the_table_that_is_lost_logs_nobody_out() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for key in [None, Some(KEY)] {
        let member = stack().member();
        let mut event = event(&member.refresh_token);
        if let Some(key) = key {
            event = event.header("idempotency-key", key);
        }
        let reply = losing(inside, 1).invoke(&event).expect(200);
        assert_eq!(masked(&reply.json()), look::pair());
        lives(&member.with_token(Some(&text(&reply, "accessToken"))));
        let _ = refresh(&text(&reply, "refreshToken")).expect(200);
    }
}

#[test]
fn when_every_reply_is_lost_a_later_try_with_the_key_converges() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = losing(inside, 20);
    let lost = variant.invoke(&event(&member.refresh_token).header("idempotency-key", KEY));
    look::refused(
        &lost,
        503,
        "common/unavailable",
        "The service is busy; try again in a moment.",
    );
    assert!(lost.header("retry-after").is_some());
    inside.proxy.clear(&variant.key);
    let again = refresh_with(&member.refresh_token, KEY).expect(200);
    lives(&member.with_token(Some(&text(&again, "accessToken"))));
    let _ = refresh(&text(&again, "refreshToken")).expect(200);
}

#[test]
fn a_refresh_that_never_reached_the_table_can_be_tried_again() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = inside.variant("refresh", "throttled", 1, &[]);
    variant.settle();
    inside.proxy.fault(
        Rule::new(Fault::Throttle)
            .key(&variant.key)
            .action("UpdateItem"),
    );
    let refused = variant.invoke(&event(&member.refresh_token));
    look::refused(
        &refused,
        503,
        "common/unavailable",
        "The service is busy; try again in a moment.",
    );
    let _ = refresh(&member.refresh_token).expect(200);
}

#[test]
fn a_slow_rotation_that_another_overtakes_is_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    let variant = inside.variant("refresh", "slow", 1, &[]);
    variant.settle();
    let held = inside
        .proxy
        .hold(|rule| rule.key(&variant.key).action("UpdateItem").times(1));
    let (slow, fast) = thread::scope(|scope| {
        let slow = scope.spawn(|| variant.invoke(&event(&member.refresh_token)));
        assert!(
            held.wait_for(1, Duration::from_secs(20)),
            "the rotation is written"
        );
        let fast = refresh(&member.refresh_token).expect(200);
        held.release();
        (slow.join().unwrap(), fast)
    });
    wrong_refresh_token(&slow);
    lives(&member);
    let _ = refresh(&text(&fast, "refreshToken")).expect(200);
}
