//! Factors: what a typed code proves, and what the writes make of it.

use std::collections::BTreeMap;

use api::settings::Auth;
use totp_rs::{Algorithm, Builder};

use super::*;
use crate::keys::Stored;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const SECRET: [u8; 20] = [7; 20];

fn keys(numbers: &[u8]) -> Keys {
    let sealing: BTreeMap<u32, [u8; 32]> = numbers
        .iter()
        .map(|number| (u32::from(*number), [*number; 32]))
        .collect();
    let stored = Stored {
        current: vec![7; 32],
        sealing,
        ..Stored::default()
    };
    Keys::of("a-", stored).expect("keys")
}

/// The code of the step that is this many away from now.
fn code(steps: i64) -> String {
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_secret(SECRET.to_vec().into_boxed_slice())
        .build_noncompliant();
    let seconds = NOW.seconds().checked_add_signed(steps * 30);
    totp.generate(seconds.expect("a time")).to_string()
}

fn id() -> Id {
    Id::new(NOW, [1; 10])
}

fn pending(keys: &Keys) -> Factor {
    let random = (SECRET, [9; 12]);
    let made = Factor::pending(keys, (id(), "ada@example.com"), "My: App", random, NOW);
    let (factor, enrolment) = made.expect("pending");
    assert!(
        enrolment.uri.starts_with("otpauth://totp/My"),
        "{}",
        enrolment.uri
    );
    assert!(
        enrolment.uri.contains(&enrolment.secret),
        "{}",
        enrolment.uri
    );
    assert_eq!(enrolment.secret.len(), 32, "160 bits");
    assert!(!factor.secret.contains(&enrolment.secret));
    factor
}

fn confirmed(keys: &Keys) -> (Factor, Vec<String>) {
    let confirmed = pending(keys).confirmed(keys, &code(0), (&Auth::default(), NOW), [8; 12]);
    confirmed.expect("confirmed")
}

#[test]
fn a_pending_factor_is_confirmed_by_its_code_in_time_and_proves_nothing_before() {
    let keys = keys(&[1]);
    let (waiting, settings) = (pending(&keys), Auth::default());
    let judged = waiting.judge(&keys, Typed::Code(&code(0)), &settings, NOW);
    assert_eq!(judged, None);
    let refusal = |code: &str, now| {
        let confirmed = waiting.confirmed(&keys, code, (&settings, now), [8; 12]);
        confirmed.err().map(|error| error.code)
    };
    assert_eq!(refusal("000000", NOW), Some(Code::InvalidMfaCode));
    let late = Some(Code::MfaSetupExpired);
    assert_eq!(refusal(&code(20), NOW.after(SETUP)), late);
    let (done, codes) = confirmed(&keys);
    assert!(done.is_confirmed() && done.recovery_left() == 10);
    let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
    assert_eq!(distinct.len(), 10);
    let again = done.confirmed(&keys, &code(0), (&settings, NOW), [8; 12]);
    assert_eq!(again.err().map(|error| error.code), late);
}

#[test]
fn a_code_is_good_within_a_step_and_once() {
    let keys = keys(&[1]);
    let (factor, _) = confirmed(&keys);
    let judge = |steps, last_step, skew| {
        let factor = Factor {
            last_step,
            ..factor.clone()
        };
        let settings = Auth {
            totp_skew: skew,
            ..Auth::default()
        };
        factor.judge(&keys, Typed::Code(&code(steps)), &settings, NOW)
    };
    let step = NOW.seconds() / 30;
    for (steps, skew, used) in [
        (-2, 1, None),
        (-1, 1, Some(step - 1)),
        (0, 1, Some(step)),
        (1, 1, Some(step + 1)),
        (2, 1, None),
        (-1, 0, None),
        (0, 0, Some(step)),
        (1, 0, None),
    ] {
        assert_eq!(
            judge(steps, 0, skew),
            used.map(Used::Step),
            "{steps} {skew}"
        );
    }
    // The code that has enrolled is used up.
    assert_eq!(factor.last_step, step);
    assert_eq!(judge(0, factor.last_step, 1), None);
    assert_eq!(judge(-1, factor.last_step, 1), None);
    assert_eq!(judge(1, factor.last_step, 1), Some(Used::Step(step + 1)));
}

#[test]
fn a_recovery_code_is_good_once_in_any_case_and_dead_after_a_renewal() {
    let keys = keys(&[1]);
    let (mut factor, codes) = confirmed(&keys);
    let judge = |factor: &Factor, typed: &str| {
        factor.judge(&keys, Typed::Recovery(typed), &Auth::default(), NOW)
    };
    for (number, code) in (0..10).zip(&codes) {
        let used = Used::Recovery {
            generation: NOW.millis(),
            number,
            left: 9,
        };
        for typed in [code.clone(), code.to_lowercase(), code.replace('-', "")] {
            assert_eq!(judge(&factor, &typed), Some(used), "{typed}");
        }
    }
    let used = judge(&factor, &codes[3]).expect("used");
    let (renewed, new) = factor
        .renewed(&keys, used, ([8; 12], NOW))
        .expect("renewed");
    assert!(codes.iter().all(|code| judge(&renewed, code).is_none()));
    assert!(judge(&renewed, &new[0]).is_some());
    if let Some(recovery) = &mut factor.recovery {
        let _ = recovery.used.insert(3);
    }
    assert_eq!(
        (judge(&factor, &codes[3]), factor.recovery_left()),
        (None, 9)
    );
    let other = Factor {
        user: Id::new(NOW, [2; 10]),
        ..factor
    };
    assert!(
        codes.iter().all(|code| judge(&other, code).is_none()),
        "another user's"
    );
}

#[test]
fn another_sealing_key_loses_nothing() {
    let (old, both) = (keys(&[1]), keys(&[1, 2]));
    let (factor, codes) = confirmed(&old);
    let settings = Auth::default();
    let by_code = factor.judge(&both, Typed::Code(&code(1)), &settings, NOW);
    assert!(by_code.is_some());
    let by_recovery = factor.judge(&both, Typed::Recovery(&codes[0]), &settings, NOW);
    assert!(by_recovery.is_some());
}

#[test]
fn a_challenge_opens_at_its_stage_until_it_ends_and_for_the_account_as_it_was() {
    use crate::authentication::{Authentication, Method};
    let keys = keys(&[1]);
    let mut user = User::new(id(), "ada@example.com".into(), false, NOW);
    let proof = Authentication::by(Method::Password, NOW);
    let challenge = Challenge::of(&user, Id::new(NOW, [2; 10]), &proof);
    let token = challenge
        .seal(&keys, Stage::Factor, [9; 12])
        .expect("sealed");
    assert!(token.len() <= 2048, "{}", token.len());
    let open = |stage, seconds| {
        let now = NOW.after(std::time::Duration::from_secs(seconds));
        Challenge::open(&keys, stage, &token, now)
    };
    assert_eq!(open(Stage::Factor, 299), Some(challenge.clone()));
    assert_eq!(
        (open(Stage::Factor, 300), open(Stage::Enrolment, 0)),
        (None, None)
    );
    assert!(challenge.is_of(&user, NOW));
    user.disabled = true;
    assert!(!challenge.is_of(&user, NOW));
    user.disabled = false;
    user.auth_version += 1;
    assert!(!challenge.is_of(&user, NOW));
}

#[test]
fn one_of_two_fields_is_typed() {
    fn refused(code: Option<&str>, recovery: Option<&str>) -> Vec<String> {
        let error = Typed::needed(("code", code), recovery).err();
        let details = error.into_iter().flat_map(|error| error.details);
        details.map(|it| it.field).collect()
    }
    assert_eq!(refused(None, None), ["code", "recoveryCode"]);
    assert_eq!(refused(Some("1"), Some("2")), ["code", "recoveryCode"]);
    assert_eq!(refused(Some(&"1".repeat(17)), None), ["code"]);
    assert_eq!(refused(None, Some(&"1".repeat(65))), ["recoveryCode"]);
    assert!(refused(Some("1"), None).is_empty() && refused(None, Some("1")).is_empty());
}

#[test]
fn a_factor_that_is_made_anew_has_other_recovery_codes() {
    let keys = keys(&[1]);
    let (_, first) = confirmed(&keys);
    let later = NOW.after(std::time::Duration::from_millis(1));
    let again = pending(&keys).confirmed(&keys, &code(0), (&Auth::default(), later), [8; 12]);
    let (again, second) = again.expect("confirmed");
    assert!(first.iter().all(|code| !second.contains(code)));
    let judge = |code: &str| again.judge(&keys, Typed::Recovery(code), &Auth::default(), NOW);
    assert!(first.iter().all(|code| judge(code).is_none()));
}
