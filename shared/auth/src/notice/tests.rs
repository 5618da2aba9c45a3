//! Notices: which events make one, for whom, and what is kept.

use api::event::example;
use api::event::{Actor, Kind as EventKind};

use super::*;
use crate::sample::sealing_keys;
use crate::user::MailFailure;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn keys() -> Keys {
    sealing_keys(&[1])
}

fn user() -> User {
    User::new(Id::new(NOW, [1; 10]), "a@b".into(), false, NOW)
}

#[test]
fn an_event_of_the_list_makes_the_notice_of_its_kind() {
    for kind in EventKind::ALL {
        let notice = Notice::of(&example::of(*kind), address(Some("old@example.com")));
        let expected = match kind {
            EventKind::PasswordChanged => Some(Kind::PasswordChanged),
            EventKind::MfaChanged => Some(Kind::MfaEnabled),
            EventKind::PasskeyChanged => Some(Kind::PasskeyAdded),
            EventKind::AccountLinked => Some(Kind::AccountLinked),
            EventKind::AccountUnlinked => Some(Kind::AccountUnlinked),
            EventKind::EmailChanged => Some(Kind::EmailChanged),
            EventKind::Impersonated => Some(Kind::Impersonated),
            EventKind::RefreshReused => Some(Kind::SessionReuse),
            EventKind::UserDeleted => Some(Kind::AccountDeleted),
            EventKind::UserUpdated => Some(Kind::AdminChangedAccount),
            _ => None,
        };
        assert_eq!(notice.map(|it| it.kind), expected, "{kind}");
    }
    let mut reset = example::of(EventKind::PasswordChanged);
    if let Event::PasswordChanged { reason, .. } = &mut reset.event {
        *reason = Reason::PasswordReset;
    }
    let notice = Notice::of(&reset, Before::default()).expect("a notice");
    assert_eq!(notice.kind, Kind::PasswordWasReset);
    let Content::Facts { when, place, .. } = notice.content else {
        panic!("facts");
    };
    assert_eq!((when, place.as_deref()), (reset.at, Some("203.0.0.0/16")));
}

#[test]
fn the_old_address_reads_of_a_change_and_of_a_deletion() {
    let reader = |kind, old| Notice::of(&example::of(kind), address(old)).map(|it| it.reader);
    let address = |text: &str| Some(Reader::Address(text.to_owned()));
    let moved = reader(EventKind::EmailChanged, None);
    assert_eq!(moved, address("ada@example.org"));
    let gone = reader(EventKind::UserDeleted, Some("ada@example.com"));
    assert_eq!(gone, address("ada@example.com"));
    assert_eq!(reader(EventKind::UserDeleted, None), None);
}

#[test]
fn a_change_by_the_user_or_by_nobody_known_tells_nobody() {
    let by = |actor: Option<Actor>| {
        let event = Envelope {
            actor,
            ..example::of(EventKind::UserUpdated)
        };
        Notice::of(&event, Before::default()).map(|it| it.kind)
    };
    let Event::UserUpdated { user, .. } = example::of(EventKind::UserUpdated).event else {
        panic!("an update");
    };
    let own = Actor {
        id: Some(user.id),
        ..Actor::of(ActorType::User)
    };
    assert_eq!(by(Some(own)), None);
    assert_eq!(by(Some(Actor::of(ActorType::Stranger))), None);
    assert_eq!(by(None), None);
    for kind in [ActorType::Key, ActorType::Cli, ActorType::User] {
        let told = by(Some(Actor::of(kind)));
        assert_eq!(told, Some(Kind::AdminChangedAccount), "{kind:?}");
    }
}

#[test]
fn nothing_of_a_notice_is_kept_in_clear() {
    let notice =
        Notice::of(&example::of(EventKind::EmailChanged), Before::default()).expect("a notice");
    let sealed = notice.seal(&keys(), &[3; 24]).expect("sealed");
    assert!(sealed.sealed().all(|text| !text.contains('@')));
    assert_eq!(sealed.open(&keys()).as_ref(), Some(&notice.content));
    assert_eq!(sealed.open_reader(&keys()).as_ref(), Some(&notice.reader));
    let moved = Sealed {
        id: Id::new(NOW, [9; 10]),
        ..sealed
    };
    assert_eq!(
        (moved.open(&keys()), moved.open_reader(&keys())),
        (None, None)
    );
}

#[test]
fn a_user_who_is_gone_or_whose_mail_fails_gets_none() {
    let there = user();
    let deleted = User {
        deleted: Some(crate::user::Deletion { at: NOW, until: 9 }),
        ..user()
    };
    let failed = User {
        mail_failed: Some(MailFailure {
            complaint: true,
            at: NOW,
        }),
        ..user()
    };
    let (own, address) = (Reader::User(there.id), Reader::Address("a@b".into()));
    for (reader, user, expected) in [
        (&own, Some(&there), Fate::Sent),
        (&own, Some(&deleted), Fate::Dropped),
        (&own, Some(&failed), Fate::Dropped),
        (&own, None, Fate::Dropped),
        (&address, None, Fate::Sent),
        (&address, Some(&deleted), Fate::Sent),
        (&address, Some(&failed), Fate::Dropped),
    ] {
        assert_eq!(fate(reader, user, NOW), expected, "{reader:?} {user:?}");
    }
}

#[test]
fn a_place_is_a_network() {
    for (ip, expected) in [
        ("203.0.113.7", Some("203.0.0.0/16")),
        ("::ffff:203.0.113.7", Some("203.0.0.0/16")),
        ("2001:db8:1:2::3", Some("2001:db8::/32")),
        ("", None),
        ("unknown", None),
    ] {
        assert_eq!(place(ip).as_deref(), expected, "{ip}");
    }
}

#[test]
fn a_sign_in_by_a_recovery_code_makes_one_with_what_is_left() {
    for kind in [EventKind::LoggedIn, EventKind::Reauthenticated] {
        let event = example::of(kind);
        assert_eq!(Notice::of(&event, Before::default()), None);
        let by_code = Before {
            recovery_left: Some("9"),
            ..Before::default()
        };
        let notice = Notice::of(&event, by_code).expect("a notice");
        assert_eq!(notice.kind, Kind::RecoveryCodeUsed);
        assert!(matches!(notice.content, Content::Facts { what, .. } if what == "9"));
    }
}

fn address(old: Option<&str>) -> Before<'_> {
    Before {
        address: old,
        ..Before::default()
    }
}
