//! Sessions without a user: no damage, and ended by a repair.

use super::*;

const NOBODY: &str = "01940000-0000-7000-8000-000000000001";

#[test]
fn sessions_of_a_user_who_is_gone_are_told_and_end_with_a_repair() {
    let Some(scene) = Scene::open() else { return };
    let user = id(&scene.user(&json!({})));
    let sessions = scene.items("local-_sessions");
    let session = sessions
        .iter()
        .find(|it| it["user_id"]["S"] == user.as_str());
    let mut orphan = session.unwrap().clone();
    orphan["user_id"] = json!({ "S": NOBODY });
    scene.put("local-_sessions", &orphan);
    let line = format!(
        "_sessions {NOBODY}/{}: has no user: it opens nothing, and expires",
        text(&orphan["id"]["S"])
    );
    let (done, lines) = scene.check(&[]);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(done && lines[0] == line, "{lines:#?}");
    let end = " 1 sessions without a user do no harm; --repair ends them.";
    assert!(
        lines[1].starts_with("No contradiction in ") && lines[1].ends_with(end),
        "{lines:#?}"
    );

    let (done, lines) = scene.check(&["--repair"]);
    assert!(
        done && lines[0] == format!("{line}; repaired"),
        "{lines:#?}"
    );
    let ended = |user: &str| {
        let items = scene.items("local-_sessions");
        let found = items.iter().find(|it| it["user_id"]["S"] == user);
        found.unwrap()["revoked_at"].is_object()
    };
    assert_eq!([NOBODY, user.as_str()].map(ended), [true, false]);
    scene.assert_clean(&["--repair"]);
}
