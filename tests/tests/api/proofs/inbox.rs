//! Mails of a deployment: from a request through the stream of the table, the function and SES to an inbox, once each.

use std::time::{Duration, Instant};

use blackbox::{Caller, Inbox, PASSWORD, Reply, code_of, fresh_email, stack};
use serde_json::{Value, json};

use super::changing::{CHANGE, CONFIRM};
use super::signing_in::{LINK, VERIFY};
use crate::passkeys;

/// How long a mail may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The mails to one address, of which each is looked at once.
struct Post<'a> {
    inbox: &'a Inbox,
    to: String,
    seen: usize,
}

impl<'a> Post<'a> {
    fn of(inbox: &'a Inbox, to: &str) -> Self {
        Self {
            inbox,
            to: to.to_owned(),
            seen: 0,
        }
    }

    /// The texts of the next mails, as soon as all are there, by the first word of interest in their subject.
    fn next(&mut self, count: usize) -> Vec<String> {
        let started = Instant::now();
        loop {
            let mails = self.inbox.texts_to(&self.to);
            if mails.len() >= self.seen + count {
                assert_eq!(mails.len(), self.seen + count, "{mails:#?}");
                return mails[std::mem::replace(&mut self.seen, mails.len())..].to_vec();
            }
            assert!(started.elapsed() < PATIENCE, "{}: {mails:#?}", self.to);
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The text of the only new mail.
    fn one(&mut self) -> String {
        self.next(1).remove(0)
    }
}

/// The link of a text, and its token.
fn link(text: &str) -> (String, String) {
    let mut words = text.split_whitespace();
    let link = words.find(|word| word.contains("token="));
    let link = link.unwrap_or_else(|| panic!("no link: {text}"));
    let (_, token) = link.split_once("token=").unwrap();
    (link.to_owned(), token.to_owned())
}

/// A new user whose address the first mail has proven.
fn proven(inbox: &Inbox) -> (Caller, Post<'_>) {
    let user = stack().proven_member();
    let mut post = Post::of(inbox, &user.email);
    let _ = post.one();
    (user, post)
}

/// A page of the API, as the browser of a link gets it.
fn page(link: &str) {
    let at = link.find("/api/").unwrap_or_else(|| panic!("{link}"));
    let shown = stack().stranger().get(&link[at..]).expect(200);
    let kind = shown.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/html"), "{kind}");
}

/// Waits until the next mail to the same address may be asked for, which is a second in a rehearsal.
fn pace() {
    std::thread::sleep(Duration::from_millis(1200));
}

fn flow(reply: Reply) -> Value {
    reply.expect(202).json()["flow"].clone()
}

#[test]
fn a_user_proves_an_address_and_resets_a_password_by_mails_that_come_once() {
    let Some(inbox) = stack().inbox() else {
        return;
    };
    let user = stack().member();
    let mut post = Post::of(&inbox, &user.email);
    let first = post.one();
    pace();
    let resend = user.post("/api/auth/verify-email/resend", &json!({}));
    let _ = resend.expect(202);
    assert_eq!(code_of(&first), code_of(&post.one()), "the same code again");
    let (address, token) = link(&first);
    page(&address);
    let body = json!({ "token": token, "password": PASSWORD });
    let stranger = stack().stranger();
    let verified = stranger.post("/api/auth/verify-email", &body).expect(200);
    assert!(verified.json()["user"]["emailVerifiedAt"].is_string());

    pace();
    let forgot = json!({ "email": user.email });
    let flow = flow(stranger.post("/api/auth/password/forgot", &forgot));
    let mail = post.one();
    page(&link(&mail).0);
    let another = "another long password";
    let body = json!({ "flow": flow, "code": code_of(&mail), "newPassword": another });
    let reset = stranger.post("/api/auth/password/reset", &body);
    assert!(reset.status < 300, "{}", reset.text());
    // The notice of the reset.
    assert!(!post.one().contains("token="));
    let credentials = json!({ "email": user.email, "password": another });
    let _ = stranger.post("/api/auth/login", &credentials).expect(200);
}

#[test]
fn a_proven_user_signs_in_by_mail_and_changes_the_address() {
    let Some(inbox) = stack().inbox() else {
        return;
    };
    let (user, mut post) = proven(&inbox);
    let stranger = stack().stranger();
    pace();
    let flow = flow(stranger.post(LINK, &json!({ "email": user.email })));
    let body = json!({ "flow": flow, "code": code_of(&post.one()) });
    let entered = stranger.post(VERIFY, &body).expect(200).json();
    assert_eq!(entered["user"]["id"], user.id());

    pace();
    let new = fresh_email();
    let change = json!({ "newEmail": new });
    let _ = user.post(CHANGE, &change).expect(202);
    let _ = user.delete(CHANGE).expect(204);
    pace();
    let other = fresh_email();
    let _ = user.post(CHANGE, &json!({ "newEmail": other })).expect(202);
    let body = json!({ "code": code_of(&Post::of(&inbox, &other).one()) });
    let changed = user.post(CONFIRM, &body).expect(200).json();
    assert_eq!(changed["user"]["email"], other);
    // To the old address: the first request, of which a second one is not told so soon, and the change.
    let notices = post.next(2);
    assert!(
        !notices.iter().any(|it| it.contains("token=")),
        "{notices:#?}"
    );
}

#[test]
fn an_invited_address_has_an_account_and_a_second_one_declines() {
    let Some(inbox) = stack().inbox() else {
        return;
    };
    let admin = stack().admin();
    let stranger = stack().stranger();
    for deed in ["accept", "reject"] {
        let email = fresh_email();
        let body = json!({ "email": email, "role": "authenticated" });
        let path = "/api/auth/invitations";
        let _ = admin.post(path, &body).expect(201);
        let (address, token) = link(&Post::of(&inbox, &email).one());
        page(&address);
        let mut body = json!({ "token": token });
        if deed == "accept" {
            body["password"] = json!(PASSWORD);
        }
        let done = stranger.post(&format!("{path}/{deed}"), &body);
        assert!(done.status < 300, "{}", done.text());
    }
}

#[test]
fn a_user_with_a_proven_address_adds_a_passkey_and_hears_of_it() {
    let Some(inbox) = stack().inbox() else {
        return;
    };
    let (user, mut post) = proven(&inbox);
    passkeys::deployed::add_use_and_remove(&user);
    let texts = post.next(2);
    assert!(
        texts.iter().all(|text| text.contains("passkey")),
        "{texts:#?}"
    );
}
