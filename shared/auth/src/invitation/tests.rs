//! Invitations as tables.

use api::Rule;
use api::settings::{Invitations, Span};
use api::wire::KeyType;

use super::*;
use crate::sample::{NOW, caller, sealing_keys, signed_in, with_key};
use crate::user::Deletion;

fn id(n: u8) -> Id {
    Id::new(NOW, [n; 10])
}

fn user(n: u8, role: &str) -> User {
    User {
        role: role.to_owned(),
        ..User::new(id(n), "a@b".into(), false, NOW)
    }
}

fn asks(role: Option<&str>) -> NewInvitation {
    NewInvitation {
        email: " A@b ".to_owned(),
        role: role.map(ToOwned::to_owned),
        resource: None,
        message: None,
        locale: None,
        redirect_to: None,
    }
}

fn settings(by: &str) -> Settings {
    let auth = Auth {
        roles: vec!["editor".to_owned(), "viewer".to_owned()],
        invitations: Invitations {
            by: Rule::parse(by).expect("a rule"),
            ..Invitations::default()
        },
        ..Auth::default()
    };
    Settings {
        auth,
        ..Settings::default()
    }
}

fn invitation(role: &str) -> Invitation {
    let admin = caller(1, true);
    let made = Invitation::new(asks(Some(role)), (&admin, None), &settings("admin"), id(9));
    made.expect("an invitation")
}

#[test]
fn admins_servers_and_those_whom_the_rule_lets_invite() {
    let editor = signed_in(&user(2, "editor"));
    let server = with_key(KeyType::Secret, &["users:create"]);
    let by = |rule: &str, caller: &Caller| may_invite(caller, &settings(rule).auth).is_ok();
    for (rule, expected) in [
        ("admin", [true, true, false, false]),
        ("role:editor", [true, true, true, false]),
        ("authenticated", [true, true, true, true]),
    ] {
        let callers = [&caller(1, true), &server, &editor, &caller(3, false)];
        assert_eq!(callers.map(|caller| by(rule, caller)), expected, "{rule}");
    }
    assert!(!by("authenticated", &Caller::stranger()));
}

#[test]
fn nobody_invites_above_themselves() {
    let give = |caller: &Caller, role: Option<&str>| {
        let made = Invitation::new(asks(role), (caller, None), &settings("admin"), id(9));
        made.map(|it| it.role).map_err(|error| error.code)
    };
    let editor = signed_in(&user(2, "editor"));
    let server = with_key(KeyType::Secret, &["users:create"]);
    assert_eq!(give(&editor, None), Ok(AUTHENTICATED.to_owned()));
    assert_eq!(give(&editor, Some("editor")), Ok("editor".to_owned()));
    for above in ["viewer", "admin"] {
        assert_eq!(give(&editor, Some(above)), Err(Code::Forbidden));
        for any in [&caller(1, true), &server] {
            assert_eq!(give(any, Some(above)), Ok(above.to_owned()));
        }
    }
    let unknown = give(&editor, Some("chief"));
    assert_eq!(unknown, Err(Code::ValidationFailed));
}

#[test]
fn an_invitation_is_of_its_inviter_and_of_admins() {
    let editor = signed_in(&user(2, "editor"));
    let server = with_key(KeyType::Secret, &["users:create"]);
    for (maker, others) in [(&editor, &server), (&server, &editor)] {
        let made = Invitation::new(asks(None), (maker, None), &settings("admin"), id(9));
        let made = made.expect("an invitation");
        assert_eq!(made.email, "a@b");
        assert_eq!(Some(made.invited_by), maker.identity());
        assert!(made.is_for(maker) && made.is_for(&caller(1, true)));
        assert!(!made.is_for(others) && !made.is_for(&Caller::stranger()));
    }
}

#[test]
fn a_mail_tells_the_inviter_the_thing_and_the_role() {
    let mut named = user(2, "editor");
    named.profile = Map::from_iter([("name".to_owned(), json!("Grace"))]);
    let caller = signed_in(&named);
    let resource = InvitedResource {
        r#type: "team".into(),
        id: "7".into(),
        name: Some("Blue".into()),
        role: Some("captain".into()),
    };
    let body = NewInvitation {
        resource: Some(resource),
        message: Some("Hi".into()),
        ..asks(Some("editor"))
    };
    let made = Invitation::new(body, (&caller, Some(&named)), &settings("admin"), id(9));
    let made = made.expect("an invitation");
    let keys = sealing_keys(&[1]);
    let settings = Auth::default();
    let posted = made.mail(&keys, "https://a".into(), [3; 40], (&settings, NOW));
    let posted = posted.expect("a mail");
    let values: Map<String, Value> = posted.open_values(&keys).expect("values");
    let expected = json!({ "inviterName": "Grace", "roleName": "captain", "resourceName": "Blue", "message": "Hi" });
    assert_eq!(Value::Object(values), expected);
    assert_eq!(invitation("editor").values()["roleName"], "editor");
    assert_eq!(invitation(AUTHENTICATED).values()["roleName"], Value::Null);
    let sent = made.with_mail(&posted);
    assert_eq!(sent.until.seconds() - NOW.seconds(), 7 * 86_400);
    let token = posted.link(&keys, "a@b", "en").expect("a token");
    let link = Link::parse(&keys, &token).expect("a link");
    assert_eq!((link.id(), &link.ticket.nonce), (sent.id, &sent.nonce));
}

#[test]
fn a_token_is_good_once_and_until_the_end() {
    let keys = sealing_keys(&[1]);
    let settings = Auth::default();
    let mail = |random: u8| {
        let posted =
            invitation("editor").mail(&keys, String::new(), [random; 40], (&settings, NOW));
        posted.expect("a mail")
    };
    let sent = invitation("editor").with_mail(&mail(1));
    let link = |posted: &Posted| {
        let token = posted.link(&keys, "a@b", "en").expect("a token");
        Link::parse(&keys, &token).expect("a link")
    };
    let judge = |invitation: &Invitation, posted: &Posted, seconds: u64| {
        let now = NOW.after(Span::seconds(seconds).duration());
        let judged = invitation.need_good(&link(posted), now);
        judged.map_err(|error| (error.code, error.message))
    };
    let week = 7 * 86_400;
    assert_eq!(judge(&sent, &mail(1), week - 1), Ok(()));
    let code = |result: Result<(), (Code, String)>| result.map_err(|(code, _)| code);
    assert_eq!(
        code(judge(&sent, &mail(1), week)),
        Err(Code::InvitationExpired)
    );
    assert_eq!(code(judge(&sent, &mail(2), 0)), Err(Code::InvalidCode));
    for status in [
        InvitationStatus::Accepted,
        InvitationStatus::Rejected,
        InvitationStatus::Revoked,
    ] {
        let closed = Invitation {
            status,
            ..sent.clone()
        };
        let expected = format!("This invitation was {}.", status.as_str());
        for seconds in [0, week] {
            let refused = judge(&closed, &mail(1), seconds);
            assert_eq!(refused, Err((Code::InvitationClosed, expected.clone())));
        }
        assert_eq!(code(judge(&closed, &mail(2), 0)), Err(Code::InvalidCode));
        assert_eq!(closed.to_wire(NOW).status, status);
    }
    let later = NOW.after(Span::seconds(week).duration());
    assert_eq!(sent.to_wire(later).status, InvitationStatus::Expired);
    assert_eq!(sent.to_wire(NOW).status, InvitationStatus::Pending);
}

#[test]
fn accepting_never_lowers_a_role() {
    for (has, gets, after) in [
        (AUTHENTICATED, AUTHENTICATED, AUTHENTICATED),
        (AUTHENTICATED, "editor", "editor"),
        (AUTHENTICATED, ADMIN, ADMIN),
        ("editor", AUTHENTICATED, "editor"),
        ("editor", "viewer", "editor"),
        ("editor", ADMIN, ADMIN),
        (ADMIN, "editor", ADMIN),
        (ADMIN, AUTHENTICATED, ADMIN),
    ] {
        let (invitation, user) = (invitation(gets), user(2, has));
        let signed_in = invitation.accepted_by(&user, &user, (false, NOW));
        let signed_in = signed_in.expect("accepted");
        assert_eq!(signed_in.role, after, "{has} {gets}");
        assert_eq!(
            (signed_in.email_verified_at, signed_in.auth_version),
            (Some(NOW), 1)
        );
        let taken = invitation.taken_over(&user, &user, (false, NOW), (Map::new(), None));
        let taken = taken.expect("taken over");
        assert_eq!(taken.role, after, "{has} {gets}");
        assert_eq!(
            (taken.email_verified_at, taken.auth_version),
            (Some(NOW), 2)
        );
    }
}

#[test]
fn an_account_that_changed_meanwhile_is_not_the_one() {
    let (invitation, seen) = (invitation("editor"), user(2, AUTHENTICATED));
    let raised = User {
        auth_version: 2,
        ..seen.clone()
    };
    let accepted = invitation.accepted_by(&seen, &raised, (false, NOW));
    assert_eq!(accepted.map_err(|it| it.code), Err(Code::SessionRevoked));
    let taken = invitation.taken_over(&seen, &raised, (false, NOW), (Map::new(), None));
    assert_eq!(taken.map_err(|it| it.code), Err(Code::InvalidCode));
}

#[test]
fn only_an_account_that_nobody_has_proven_is_taken_over() {
    let there = user(2, AUTHENTICATED);
    assert_eq!(may_take_over(&there), Ok(()));
    let disabled = User {
        disabled: true,
        ..there.clone()
    };
    let deleted = User {
        deleted: Some(Deletion::new(NOW, Span::seconds(9))),
        ..there.clone()
    };
    let proven = User {
        email_verified_at: Some(NOW),
        ..there
    };
    for (holder, code) in [
        (disabled, Code::AccountDisabled),
        (deleted, Code::AccountDeleted),
        (proven, Code::AuthenticationRequired),
    ] {
        let refused = may_take_over(&holder).map_err(|error| error.code);
        assert_eq!(refused, Err(code));
    }
}
