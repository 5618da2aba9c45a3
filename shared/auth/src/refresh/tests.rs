use api::Id;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn later(millis: u64) -> Timestamp {
    START.after(Duration::from_millis(millis))
}

/// A session that was begun at `START` and rotated then as often as there are successions.
fn rotated(successions: &[Succession]) -> (Session, RefreshToken) {
    let user = Id::new(START, [1; 10]);
    let (mut session, first) = Session::begin(
        user,
        Id::new(START, [2; 10]),
        1,
        [3; 32],
        &Auth::default(),
        crate::authentication::Authentication::by(crate::authentication::Method::Password, START),
    );
    let newest = successions
        .iter()
        .fold(first.clone(), |token, succession| succession.next(&token));
    session.refresh_token_hash = newest.hash();
    session.generation = newest.generation;
    (session, first)
}

#[test]
fn the_previous_token_is_forgiven_within_the_grace_and_a_copy_after_it() {
    let fresh = |n| Succession::Fresh([n; 32]);
    let (session, first) = rotated(&[fresh(1)]);
    let settings = Auth::default();
    for (at, expected) in [
        (0, Verdict::Forgive),
        (10_000, Verdict::Forgive),
        (10_001, Verdict::Revoke),
    ] {
        assert_eq!(
            judge(Some(&session), &first, &fresh(2), &settings, later(at)),
            expected,
            "{at}"
        );
    }
    let (session, first) = rotated(&[fresh(1), fresh(2)]);
    assert_eq!(
        judge(Some(&session), &first, &fresh(3), &settings, later(0)),
        Verdict::Revoke
    );
}

#[test]
fn the_same_key_gets_the_same_successor_for_a_while_and_another_key_does_not() {
    let key = |text: &str| Succession::Retryable(text.to_owned());
    let (session, first) = rotated(&[key("a")]);
    let settings = Auth::default();
    let day = 86_400_000;
    let counted = |at| {
        let (since, count) = (later(at), 1);
        Verdict::Again(Some(Refreshes { since, count }))
    };
    for (succession, at, expected) in [
        (key("a"), 0, Verdict::Again(None)),
        (key("a"), day, counted(day)),
        (key("a"), day + 1, Verdict::Revoke),
        (key("b"), 0, Verdict::Forgive),
        (key("b"), 10_001, Verdict::Revoke),
        (Succession::Fresh([9; 32]), 10_001, Verdict::Revoke),
    ] {
        assert_eq!(
            judge(Some(&session), &first, &succession, &settings, later(at)),
            expected,
            "{succession:?} {at}"
        );
    }
    let (used, first) = rotated(&[key("a"), key("c")]);
    assert_eq!(
        judge(Some(&used), &first, &key("a"), &settings, later(0)),
        Verdict::Revoke,
        "successor used"
    );
}

#[test]
fn the_time_for_the_same_key_is_a_setting_and_each_answer_counts() {
    let key = Succession::Retryable("a".to_owned());
    let (mut session, first) = rotated(std::slice::from_ref(&key));
    let mut settings = Auth {
        refresh_retry: api::settings::Span::seconds(60),
        ..Auth::default()
    };
    let at = |session: &Session, settings: &Auth, millis| {
        judge(Some(session), &first, &key, settings, later(millis))
    };
    assert!(matches!(
        at(&session, &settings, 60_000),
        Verdict::Again(Some(_))
    ));
    assert_eq!(at(&session, &settings, 60_001), Verdict::Revoke);
    session.refreshes = Refreshes {
        since: START,
        count: 29,
    };
    let (since, count) = (START, 30);
    assert_eq!(
        at(&session, &settings, 1),
        Verdict::Again(Some(Refreshes { since, count }))
    );
    session.refreshes.count = 30;
    let until = later(60_000);
    assert_eq!(
        at(&session, &settings, 1),
        Verdict::Throttle(Refused {
            until,
            by_total: true,
        })
    );
    settings.refresh_retry = api::settings::Span::seconds(0);
    assert_eq!(at(&session, &settings, 0), Verdict::Again(None));
    assert_eq!(at(&session, &settings, 1), Verdict::Forgive);
}

#[test]
fn converging_gives_the_same_successor_within_the_grace() {
    let settings = Auth {
        refresh_reuse: RefreshReuse::Converge,
        ..Auth::default()
    };
    let (session, first) = rotated(&[Succession::Converging]);
    for (at, expected) in [(10_000, Verdict::Again(None)), (10_001, Verdict::Revoke)] {
        assert_eq!(
            judge(
                Some(&session),
                &first,
                &Succession::Converging,
                &settings,
                later(at)
            ),
            expected
        );
    }
    assert_eq!(
        Succession::of(None, &settings, [0; 32]),
        Ok(Succession::Converging)
    );
}

#[test]
fn the_rotation_itself_is_recognised_when_the_table_lost_the_reply() {
    let succession = Succession::Fresh([1; 32]);
    let (session, first) = rotated(std::slice::from_ref(&succession));
    assert_eq!(
        judge(Some(&session), &first, &succession, &Auth::default(), START),
        Verdict::Again(None)
    );
}

#[test]
fn an_ended_session_is_refused_and_not_ended_again() {
    let fresh = Succession::Fresh([1; 32]);
    let (session, first) = rotated(&[fresh.clone(), fresh.clone()]);
    let ended = Session {
        revoked_at: Some(START),
        ..session.clone()
    };
    let expired = Session {
        expires_at: START.seconds(),
        ..session.clone()
    };
    for found in [None, Some(&ended), Some(&expired)] {
        assert_eq!(
            judge(found, &first, &fresh, &Auth::default(), START),
            Verdict::Refuse
        );
    }
    let ahead = (0..5).fold(first, |token, _| fresh.next(&token));
    assert_eq!(
        judge(Some(&session), &ahead, &fresh, &Auth::default(), START),
        Verdict::Refuse
    );
}

#[test]
fn the_newest_token_is_refused_for_the_rest_of_the_minute_after_thirty_refreshes() {
    let fresh = Succession::Fresh([1; 32]);
    let (mut session, newest) = rotated(&[]);
    for (count, at, allowed) in [
        (1, 0, true),
        (29, 59_999, true),
        (30, 0, false),
        (30, 59_999, false),
        (30, 60_000, true),
        (31, 0, false),
    ] {
        session.refreshes = Refreshes {
            since: START,
            count,
        };
        let verdict = judge(Some(&session), &newest, &fresh, &Auth::default(), later(at));
        let refused = Verdict::Throttle(Refused {
            until: later(60_000),
            by_total: true,
        });
        assert_eq!(
            verdict,
            if allowed {
                Verdict::Count(session.refreshes)
            } else {
                refused
            },
            "{count} {at}"
        );
    }
    // A token with the newest's number and another secret is not the newest.
    session.refresh_token_hash = String::new();
    assert_eq!(
        judge(Some(&session), &newest, &fresh, &Auth::default(), START),
        Verdict::Refuse
    );
}

#[test]
fn a_key_is_16_to_128_visible_characters() {
    let of = |key: &str| Succession::of(Some(key), &Auth::default(), [0; 32]);
    for key in [
        "x".repeat(15),
        "x".repeat(129),
        "x".repeat(20) + " ",
        "ä".repeat(20),
        String::new(),
    ] {
        assert!(of(&key).is_err(), "{key:?}");
    }
    assert!(of(&"~".repeat(16)).is_ok() && of(&"!".repeat(128)).is_ok());
}

/// The table and the clock of a model: it does the work of `rotate` and the handler, without a table.
struct Model {
    session: Session,
    now: Timestamp,
    random: u64,
}

impl Model {
    fn new(seed: u64) -> (Self, RefreshToken) {
        let (session, first) = rotated(&[]);
        (
            Self {
                session,
                now: START,
                random: seed,
            },
            first,
        )
    }

    /// A xorshift: every seed has a walk of its own, the same on every run.
    fn next(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    fn wait(&mut self, below: u64) {
        let millis = self.next(below);
        self.now = self.now.after(Duration::from_millis(millis));
    }

    fn refresh(&mut self, presented: &RefreshToken, key: Option<&str>) -> Option<RefreshToken> {
        let fresh = [self.next(256) as u8; 32];
        let succession = key.map_or(Succession::Fresh(fresh), |key| {
            Succession::Retryable(key.to_owned())
        });
        let successor = succession.next(presented);
        let newest = self.session.refresh_token_hash == presented.hash();
        if newest && self.session.is_alive(self.now) {
            self.session.refresh_token_hash = successor.hash();
            self.session.generation = successor.generation;
            self.session.last_used_at = self.now;
            return Some(successor);
        }
        match judge(
            Some(&self.session),
            presented,
            &succession,
            &Auth::default(),
            self.now,
        ) {
            Verdict::Again(_) => {
                assert_eq!(
                    successor.hash(),
                    self.session.refresh_token_hash,
                    "only the newest is given again"
                );
                Some(successor)
            }
            Verdict::Refuse | Verdict::Forgive => None,
            Verdict::Count(_) | Verdict::Throttle(_) => {
                panic!("the newest token was taken above")
            }
            Verdict::Revoke => {
                self.session.revoked_at = Some(self.now);
                None
            }
        }
    }
}

#[test]
fn a_client_that_retries_with_its_key_is_never_logged_out_by_lost_replies() {
    for seed in 1..500 {
        let (mut model, mut token) = Model::new(seed);
        for step in 0..50 {
            let key = format!("key-of-step-{step:08}");
            loop {
                let reply = model.refresh(&token, Some(&key)).expect("a pair");
                let lost = model.next(3) == 0;
                if !lost {
                    token = reply;
                    break;
                }
                // The client's timeout: retries come well within the window, which starts with the first.
                model.wait(500);
            }
            model.wait(900_000);
        }
        assert!(model.session.is_alive(model.now), "seed {seed}");
    }
}

#[test]
fn a_copied_token_never_serves_two_for_longer_than_the_grace() {
    for seed in 1..2000 {
        let (mut model, mut victim) = Model::new(seed);
        for _ in 0..model.next(5) {
            victim = model.refresh(&victim, None).expect("a pair");
            model.wait(900_000);
        }
        let mut thief = victim.clone();
        let (mut served_victim, mut served_thief) = (0, 0);
        for _ in 0..20 {
            model.wait(30_000);
            let (who, served) = if model.next(2) == 0 {
                (&mut victim, &mut served_victim)
            } else {
                (&mut thief, &mut served_thief)
            };
            if let Some(next) = model.refresh(who, None) {
                *who = next;
                *served += 1;
            }
        }
        assert!(
            served_victim == 0 || served_thief == 0,
            "seed {seed}: both were served from one token"
        );
        let loser = if served_victim == 0 { victim } else { thief };
        model.now = model.now.after(Duration::from_millis(10_001));
        assert!(
            model.session.generation == loser.generation || model.refresh(&loser, None).is_none()
        );
        let untouched = model.session.generation == loser.generation;
        assert!(
            untouched || !model.session.is_alive(model.now),
            "seed {seed}: the copy was not noticed"
        );
    }
}
