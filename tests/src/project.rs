//! The project under test, with the plans that the generator draws for it.

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

use api::project::Project;
use infra::plans;
use infra::template::Yours;

/// A project and its plans. One process tests one project.
pub struct Tested {
    /// The folder with `bakend.json` and `collections/`.
    pub folder: PathBuf,
    /// Its settings and collections.
    pub project: Project,
    /// Additional variables of its functions, so that the harness works with any settings.
    pub(crate) variables: &'static [(&'static str, &'static str)],
    /// How many instances of each endpoint answer at the same time.
    pub(crate) instances: usize,
    /// Its `template.yaml`.
    pub template: String,
    /// Its `CargoLambda.toml`.
    pub routes: String,
    /// Its `docs/openapi.json`.
    pub document: String,
}

/// The sender of the mails of the functions that need one.
pub(crate) const MAIL_FROM: &str = "mail@example.com";

static TESTED: OnceLock<Tested> = OnceLock::new();

/// Overrides of the owner's settings that would refuse the harness. Its password is long, its addresses are of one domain,
/// it has no key and sends many requests.
const OPEN: &[(&str, &str)] = &[
    ("BAKEND_AUTH_REQUIRE_API_KEY", "false"),
    ("BAKEND_AUTH_REGISTRATION_ENABLED", "true"),
    ("BAKEND_AUTH_REGISTRATION_DOMAINS", "example.com"),
    (
        "BAKEND_AUTH_REGISTRATION_BLOCKED_DOMAINS",
        "blocked.example.com",
    ),
    ("BAKEND_AUTH_PASSWORD_MIN_LENGTH", "8"),
    ("BAKEND_AUTH_THROTTLE_ATTEMPTS", "1000000"),
    ("BAKEND_AUTH_THROTTLE_ACCOUNT_ATTEMPTS", "1000000"),
    ("BAKEND_AUTH_THROTTLE_SOURCE_ATTEMPTS", "1000000"),
    ("BAKEND_AUTH_THROTTLE_REGISTRATIONS", "1000000"),
    ("BAKEND_AUTH_THROTTLE_REFRESHES", "1000000"),
];

/// The project that this process tests: the suite's own, in `tests/`, unless [`owners_stack`](crate::owners_stack) was
/// asked for first.
///
/// # Panics
/// It is broken.
#[must_use]
pub fn tested() -> &'static Tested {
    TESTED.get_or_init(|| Tested::read(local::root().join("tests"), &[], 2))
}

/// Makes the owner's project the one that this process tests.
///
/// # Panics
/// It is broken, or the process tests the suite's own already.
pub(crate) fn test_owners() {
    test(plans::folder());
}

/// Makes the project of this folder the one that this process tests.
///
/// # Panics
/// It is broken, or the process tests another already.
pub(crate) fn test(folder: PathBuf) {
    let tested = TESTED.get_or_init(|| Tested::read(folder.clone(), OPEN, 1));
    assert_eq!(tested.folder, folder, "one process tests one project");
}

impl Tested {
    fn read(
        folder: PathBuf,
        variables: &'static [(&'static str, &'static str)],
        instances: usize,
    ) -> Self {
        let drawn = |folder| {
            let mut project = plans::read(folder)?;
            // The template has the function that sends mails, whether or not the settings have a sender.
            let sender = project.settings.mail.from.take();
            project.settings.mail.from = sender.or_else(|| Some(MAIL_FROM.to_owned()));
            Ok((plans::draw(&project, &Yours::default())?, project))
        };
        let (plans, project) =
            drawn(&folder).unwrap_or_else(|error: String| panic!("{}: {error}", folder.display()));
        let [template, routes, document, ..] = plans.map(|(_, content)| content);
        Self {
            folder,
            project,
            variables,
            instances,
            template,
            routes,
            document,
        }
    }
}

impl fmt::Debug for Tested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the project in {}", self.folder.display())
    }
}
