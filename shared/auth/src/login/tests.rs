use api::Id;
use api::settings::Span;

use super::*;
use crate::user::Deletion;

#[test]
fn a_login_takes_the_right_password_of_a_standing_account() {
    let now = Timestamp::from_millis(1_790_000_000_000);
    let user = User::new(Id::new(now, [1; 10]), "a@b".into(), false, now);
    let identity = Identity {
        user: user.id,
        password_hash: Some(String::new()),
        auth_version: 1,
        deleted: None,
    };
    let without = Identity {
        password_hash: None,
        ..identity.clone()
    };
    let disabled = User {
        disabled: true,
        ..user.clone()
    };
    let changed = User {
        auth_version: 2,
        ..user.clone()
    };
    let deleted = User {
        deleted: Some(Deletion::new(now, Span::seconds(10))),
        ..user.clone()
    };
    let other = User {
        id: Id::new(now, [2; 10]),
        ..user.clone()
    };
    let decide = |identity: Option<&Identity>, verdict, user: Option<&User>| {
        super::decide(identity.cloned(), verdict, user.cloned())
            .map(|_| ())
            .map_err(|error| error.code)
    };
    let (known, wrong) = (Some(&identity), Err(Code::InvalidCredentials));
    for verdict in [Verdict::Right, Verdict::RightButOutdated] {
        assert_eq!(decide(known, verdict, Some(&user)), Ok(()));
        assert_eq!(
            decide(known, verdict, Some(&disabled)),
            Err(Code::AccountDisabled)
        );
        assert_eq!(
            decide(known, verdict, Some(&changed)),
            wrong,
            "overtaken by a password change"
        );
        assert_eq!(decide(known, verdict, Some(&other)), wrong);
        assert_eq!(
            decide(known, verdict, Some(&deleted)),
            wrong,
            "a deleted account is an unknown one"
        );
        assert_eq!(decide(known, verdict, None), wrong);
        assert_eq!(decide(None, verdict, Some(&user)), wrong);
        assert_eq!(
            decide(Some(&without), verdict, Some(&user)),
            wrong,
            "nobody has set a password"
        );
    }
    assert_eq!(decide(known, Verdict::Wrong, Some(&user)), wrong);
    assert_eq!(
        decide(known, Verdict::Wrong, Some(&disabled)),
        wrong,
        "disabled is told to its owner alone"
    );
}

#[test]
fn a_deleted_account_is_brought_back_in_time_with_its_password() {
    let now = Timestamp::from_millis(1_790_000_000_000);
    let user = User::new(Id::new(now, [1; 10]), "a@b".into(), false, now);
    let deleted = User {
        deleted: Some(Deletion::new(now, Span::seconds(10))),
        auth_version: 2,
        ..user.clone()
    };
    let password_hash = Some(String::new());
    let identity = Identity {
        user: user.id,
        password_hash,
        auth_version: 2,
        deleted: deleted.deleted,
    };
    let restore = |verdict, user: &User, seconds: u64| {
        let at = Timestamp::from_millis(now.millis() + seconds * 1000);
        let restored = super::restore(Some(identity.clone()), verdict, Some(user.clone()), at);
        restored.map(|_| ()).map_err(|error| error.code)
    };
    let wrong = Err(Code::InvalidCredentials);
    assert_eq!(restore(Verdict::Right, &deleted, 9), Ok(()));
    assert_eq!(restore(Verdict::Right, &deleted, 10), wrong, "too late");
    assert_eq!(restore(Verdict::Wrong, &deleted, 9), wrong);
    assert_eq!(
        restore(
            Verdict::Right,
            &User {
                auth_version: 2,
                ..user
            },
            9
        ),
        wrong,
        "not deleted"
    );
    let disabled = User {
        disabled: true,
        ..deleted
    };
    assert_eq!(
        restore(Verdict::Right, &disabled, 9),
        Err(Code::AccountDisabled)
    );
}
