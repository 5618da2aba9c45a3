//! The stack under test: one that this process starts, or the one that `BAKEND_TEST_URL` names.

use std::env;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::client::{Caller, Reply};
use crate::engine;
use crate::inbox::Inbox;
use crate::inside::Inside;
use crate::project;
use crate::seen;

/// The address whose registration makes the first admin.
pub const ADMIN_EMAIL: &str = "admin@example.com";

/// The version of the terms that a user of the suite may accept.
pub const TERMS: &str = "suite-terms-1";

/// The signing secret of the stack that this process starts.
pub const JWT_SECRET: &str = "a secret that only the tests know, 32 bytes and more";

/// The password of every caller of the harness.
pub const PASSWORD: &str = "correct horse battery staple";

/// Something to test, by its address.
#[derive(Debug)]
pub struct Stack {
    url: String,
    host: Option<String>,
    inside: Option<Inside>,
}

/// The stack of the owner's project: `BAKEND_PROJECT`, or the root of the checkout. It is the one that [`stack`] is in
/// this process, and has to be asked for first. `None` where `BAKEND_TEST_URL` names a stack, which is of the suite's
/// own project.
///
/// # Panics
/// It does not start, or the process tests the suite's own project already.
#[must_use]
pub fn owners_stack() -> Option<&'static Stack> {
    project::test_owners();
    stack().inside().map(|_| stack())
}

/// The stack of the project in `folder`, a path from the root of the checkout. In this process it is the one of [`stack`], which
/// has to be asked for later.
///
/// # Panics
/// It does not start, or the process tests another project already.
#[must_use]
pub fn stack_of(folder: &str) -> &'static Stack {
    project::test(local::root().join(folder));
    stack()
}

/// The stack under test, started at the first call; it ends with the process.
///
/// # Panics
/// It does not start.
#[must_use]
pub fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| {
        let (url, host, inside) = if let Ok(url) = env::var("BAKEND_TEST_URL") {
            (
                url.trim_end_matches('/').to_owned(),
                env::var("BAKEND_TEST_HOST").ok(),
                None,
            )
        } else {
            let inside =
                Inside::start().unwrap_or_else(|error| panic!("the stack does not start: {error}"));
            (inside.url(), None, Some(inside))
        };
        let stack = Stack { url, host, inside };
        // The address makes an admin where there has never been one: it is registered before a test makes another.
        let body = json!({ "email": ADMIN_EMAIL, "password": PASSWORD });
        let made = stack.stranger().post("/api/auth/register", &body);
        if let Some(inbox) = Inbox::told().filter(|_| made.status == 201) {
            // Where there is mail, the proof of the address makes the admin.
            stack.signed_in(ADMIN_EMAIL, &made).prove(&inbox);
        }
        stack
    })
}

impl Stack {
    /// Where it answers, such as `http://127.0.0.1:45123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The inside, if this process started the stack; else a line is printed and the test has to return.
    #[must_use]
    pub fn inside(&self) -> Option<&Inside> {
        if self.inside.is_none() {
            println!(
                "skipped: needs the inside of the stack, and BAKEND_TEST_URL names one from outside"
            );
            seen::aside();
        }
        self.inside.as_ref()
    }

    /// Whether the tables are in a DynamoDB that `BAKEND_TEST_DYNAMODB` names. Then a line is printed, and a test of costs
    /// has to return: DynamoDB Local charges a transaction's indexes otherwise than AWS.
    #[must_use]
    pub fn has_another_engine(&self) -> bool {
        let another = engine::is_another();
        if another {
            println!("skipped: the engine that BAKEND_TEST_DYNAMODB names has prices of its own");
            seen::aside();
        }
        another
    }

    /// The origin whose pages may call a deployment, which `BAKEND_TEST_ORIGIN` names; else a line is printed and the
    /// test has to return.
    #[must_use]
    pub fn allowed_origin(&self) -> Option<String> {
        let origin = env::var("BAKEND_TEST_ORIGIN").ok();
        if origin.is_none() {
            println!("skipped: BAKEND_TEST_ORIGIN names no origin that a deployment allows");
            seen::aside();
        }
        origin
    }

    /// The inbox of a deployment, which `BAKEND_TEST_INBOX` names by its address; else a line is printed and the test has to
    /// return. A stack that this process started has no sender: tests of its mails have a mailbox of their own.
    #[must_use]
    pub fn inbox(&self) -> Option<Inbox> {
        let inbox = Inbox::told();
        if inbox.is_none() {
            println!("skipped: BAKEND_TEST_INBOX names no inbox of a deployment");
            seen::aside();
        }
        inbox
    }

    /// A caller without an account.
    #[must_use]
    pub fn stranger(&self) -> Caller {
        Caller::stranger(&self.url, self.host.as_deref())
    }

    /// A caller with a fresh account.
    ///
    /// # Panics
    /// The registration fails.
    #[must_use]
    pub fn member(&self) -> Caller {
        self.register(&fresh_email())
    }

    /// The same; where there is mail, the address is proven.
    ///
    /// # Panics
    /// The registration or the proof fails.
    #[must_use]
    pub fn proven_member(&self) -> Caller {
        let member = self.member();
        if let Some(inbox) = Inbox::told() {
            member.prove(&inbox);
        }
        member
    }

    /// A new account with this address, signed in.
    ///
    /// # Panics
    /// The registration fails.
    #[must_use]
    pub fn register(&self, email: &str) -> Caller {
        let reply = self.stranger().post(
            "/api/auth/register",
            &json!({ "email": email, "password": PASSWORD }),
        );
        self.signed_in(email, &reply.expect(201))
    }

    /// A new anonymous account, signed in.
    ///
    /// # Panics
    /// It is refused.
    #[must_use]
    pub fn nobody(&self) -> Caller {
        let reply = self.stranger().post("/api/auth/anonymous", &json!({}));
        self.signed_in("", &reply.expect(201))
    }

    /// A new session of an account that the harness made.
    ///
    /// # Panics
    /// The login fails.
    #[must_use]
    pub fn login(&self, email: &str) -> Caller {
        let reply = self.stranger().post(
            "/api/auth/login",
            &json!({ "email": email, "password": PASSWORD }),
        );
        self.signed_in(email, &reply.expect(200))
    }

    /// An admin. Every test gets the same account with a session of its own.
    ///
    /// # Panics
    /// The account of the admin's address is not ours.
    #[must_use]
    pub fn admin(&self) -> Caller {
        self.login(ADMIN_EMAIL)
    }

    /// The caller that a reply of `register` or `login` describes.
    #[must_use]
    pub fn signed_in(&self, email: &str, reply: &Reply) -> Caller {
        let body = reply.json();
        Caller {
            token: body["accessToken"].as_str().map(str::to_owned),
            refresh_token: body["refreshToken"].as_str().unwrap_or_default().to_owned(),
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            user: body["user"].clone(),
            ..self.stranger()
        }
    }
}

/// How often the suite runs a race: 20 times, or as `BAKEND_ROUNDS` says.
///
/// # Panics
/// The variable is no number.
#[must_use]
pub fn rounds() -> usize {
    std::env::var("BAKEND_ROUNDS").map_or(20, |text| text.parse().unwrap())
}

/// An address that nobody has registered.
#[must_use]
pub fn fresh_email() -> String {
    format!("{}@example.com", unique("member"))
}

/// `prefix` with the process id, the time and a counter.
pub(crate) fn unique(prefix: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    format!(
        "{prefix}-{}-{now:x}-{}",
        process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    )
}
