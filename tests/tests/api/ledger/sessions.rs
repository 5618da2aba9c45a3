//! Sessions: refreshed, listed and ended.

use super::*;

pub(super) fn sessions(ledger: &mut Ledger<'_>, register: &Instance<'_>) {
    let someone = |ledger: &Ledger<'_>| {
        let body = post("/api/auth/register", &credentials(&fresh_email(), PASSWORD));
        member(&ledger.apart.ask(register, &body))
    };
    let refresh = ledger.function("refresh", &[]);
    let by = ("refresh", &refresh);
    let with = |token: &str| post("/api/auth/refresh", &json!({ "refreshToken": token }));
    let key = |event: Event| event.header("idempotency-key", "a-key-of-its-own-0");
    const DONE: &str = "GetItem _users ∥ UpdateItem _sessions";
    const REFUSED: &str = "GetItem _users ∥ UpdateItem _sessions (refused)";

    let first = someone(ledger);
    let right = (&with(&first.refresh), 200);
    let second = member(&ledger.row(
        by,
        "right",
        right,
        (DONE, 1, 1.0, 1.0),
        "(w ∥ r): 1 hop, 1 / 1",
    ));
    let again = (&with(&first.refresh), 401);
    let _ = ledger.row(
        by,
        "within the grace",
        again,
        (REFUSED, 1, 1.0, 1.0),
        "as a success: a refusal costs its WRU",
    );
    let _ = ledger
        .apart
        .ask(&refresh, &with(&second.refresh))
        .expect(200);
    let reused = format!("{REFUSED} → UpdateItem _sessions");
    let why = "w more: the session ends";
    let _ = ledger.row(
        by,
        "reuse",
        (&with(&first.refresh), 401),
        (&reused, 2, 1.0, 2.0),
        why,
    );
    let busy = someone(ledger);
    let busy = member(&ledger.apart.ask(&refresh, &with(&busy.refresh)));
    let why = "w more: counted within the minute";
    let again = (&with(&busy.refresh), 200);
    let busy = member(&ledger.row(
        by,
        "right, again within the minute",
        again,
        (&reused, 2, 1.0, 2.0),
        why,
    ));
    let strict = ledger.function("refresh", &[("BAKEND_AUTH_THROTTLE_REFRESHES", "2")]);
    let throttled = (&with(&busy.refresh), 429);
    let _ = ledger.row(
        ("refresh", &strict),
        "throttled",
        throttled,
        (REFUSED, 1, 1.0, 1.0),
        "refused w",
    );
    let one = someone(ledger);
    let _ = ledger
        .apart
        .ask(&refresh, &key(with(&one.refresh)))
        .expect(200);
    let lost = (&key(with(&one.refresh)), 200);
    let _ = ledger.row(
        by,
        "lost reply, with key",
        lost,
        (&reused, 2, 1.0, 2.0),
        "w more: it counts as a refresh",
    );
    let _ = ledger.row(
        by,
        "garbage",
        (&with("garbage"), 401),
        ("none", 0, 0.0, 0.0),
        "nothing: the tag tells",
    );

    let logout = ledger.function("logout", &[]);
    let by = ("logout", &logout);
    let with = |token: &str| post("/api/auth/logout", &json!({ "refreshToken": token }));
    let bearer = |token: &str| Event::new("POST", "/api/auth/logout").token(token);
    const END: Expected<'_> = ("UpdateItem _sessions", 1, 0.0, 1.0);
    let (one, two) = (someone(ledger), someone(ledger));
    let _ = ledger.row(
        by,
        "refresh token",
        (&with(&one.refresh), 204),
        END,
        "w: 1 hop, 0 / 1",
    );
    let _ = ledger.row(
        by,
        "access token",
        (&bearer(&two.access), 204),
        END,
        "w: 1 hop, 0 / 1",
    );
    let ended = ("UpdateItem _sessions (refused)", 1, 0.0, 1.0);
    let _ = ledger.row(
        by,
        "ended before",
        (&bearer(&two.access), 204),
        ended,
        "as a success: a refusal costs its WRU",
    );
    let _ = ledger.row(
        by,
        "garbage",
        (&with("garbage"), 204),
        ("none", 0, 0.0, 0.0),
        "nothing: the tag tells",
    );
    let _ = ledger.row(
        by,
        "garbage access token",
        (&bearer("a.b.c"), 401),
        ("none", 0, 0.0, 0.0),
        "nothing",
    );
}
