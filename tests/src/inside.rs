//! The inside of a stack that the suite itself started: its tables, the proxy, and every instance of every function.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use std::{fs, process};

use api::Code;
use api::consumers::WORKERS;
use api::endpoints::{Entry, PAGE};
use api::fingerprint;
use api::project::VARIABLE;
use local::dynamo::Dynamo;
use local::emulator::{Emulator, Function};
use local::invocation::Front;
use local::process::Process;
use local::proxy::{Call, Proxy};
use local::template::Template;
use local::tools::forget_package;

use crate::client::{Caller, Reply};
use crate::contract;
use crate::engine;
use crate::event::{Event, reply};
use crate::project::{MAIL_FROM, tested};
use crate::shown;
use crate::stack::{ADMIN_EMAIL, JWT_SECRET, TERMS};

/// A stack that this process started.
#[derive(Debug)]
pub struct Inside {
    // In the order in which they have to end.
    processes: Mutex<Vec<(String, Process)>>,
    front: Front,
    emulator: Emulator,
    /// The proxy between the functions and DynamoDB: policies, ledger, faults.
    pub proxy: Proxy,
    /// The DynamoDB.
    pub dynamo: Dynamo,
    /// The template that tables and policies come from.
    pub template: Template,
    binaries: PathBuf,
    variants: AtomicUsize,
}

/// Instances of one function in an environment of their own, reached through the Invoke API alone.
#[derive(Debug)]
pub struct Instance<'a> {
    inside: &'a Inside,
    slot: String,
    /// The access key id, such as `refresh~late-3`: what the proxy's rules and ledger know it by.
    pub key: String,
    processes: Vec<Process>,
}

impl Inside {
    pub(crate) fn start() -> Result<Self, String> {
        let root = local::root();
        let binaries = build(&root)?;
        let project = tested();
        let template = Template::parse(&project.template)?;
        let dynamo = engine::shared(&template)?;
        let proxy = Proxy::start(&dynamo.endpoint(), &template)?;
        let cargo_lambda = local::tools::cargo_lambda(&root)?;
        let folder = scratch(&root)?;
        let names: Vec<&str> = PAGE.iter().map(|entry| entry.name).collect();
        let workers = WORKERS.iter().map(|worker| worker.name);
        let served: Vec<&str> = names.iter().copied().chain(workers).collect();
        let routes = folder.join("routes.toml");
        fs::write(&routes, &project.routes)
            .map_err(|error| format!("Cannot write {}: {error}", routes.display()))?;
        let emulator = Emulator::start(&cargo_lambda, &folder, &routes, &served)?;
        // No worker is behind it: what is woken waits, and the tables stay as a test has written them.
        let front = Front::start(&emulator.url(), &template)?;
        front.need_alias();
        let inside = Self {
            processes: Mutex::default(),
            front,
            emulator,
            proxy,
            dynamo,
            template,
            binaries,
            variants: AtomicUsize::new(0),
        };
        for name in names {
            inside.start_instances(name, project.instances, &[])?;
        }
        Ok(inside)
    }

    /// Where the emulator listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.emulator.url()
    }

    /// The binary of a function.
    #[must_use]
    pub fn binary(&self, function: &str) -> PathBuf {
        // The suite's project has triggers of its own, and so code of its own.
        let own = function == "triggers" && tested().folder.ends_with("tests");
        self.binaries
            .join(if own { "suite-triggers" } else { function })
    }

    /// A command that runs a binary, a function's or a tool's, on the project under test.
    #[must_use]
    pub fn command(&self, binary: &str) -> Command {
        let mut command = Command::new(self.binary(binary));
        command.env(VARIABLE, &tested().folder);
        command
    }

    /// Starts `count` more instances of a function behind its route.
    ///
    /// # Panics
    /// They cannot be started.
    pub fn spawn(&self, function: &str, count: usize, env: &[(&str, &str)]) {
        self.start_instances(function, count, env).unwrap();
    }

    fn start_instances(
        &self,
        function: &str,
        count: usize,
        env: &[(&str, &str)],
    ) -> Result<(), String> {
        for _ in 0..count {
            let process = self.process(function, function, function, env)?;
            self.lock().push((function.to_owned(), process));
        }
        Ok(())
    }

    /// Starts `count` instances of a function with more or other variables, reached through the returned value alone;
    /// they end with it. Their access key id begins with `<function>~<label>` and is theirs alone.
    ///
    /// # Panics
    /// They cannot be started.
    #[must_use]
    pub fn variant(
        &self,
        function: &str,
        label: &str,
        count: usize,
        env: &[(&str, &str)],
    ) -> Instance<'_> {
        let number = self.variants.fetch_add(1, Ordering::Relaxed);
        let key = format!("{function}~{label}-{number}");
        let slot = self.emulator.slot().unwrap();
        let processes = (0..count)
            .map(|_| self.process(function, &slot, &key, env).unwrap())
            .collect();
        Instance {
            inside: self,
            slot,
            key,
            processes,
        }
    }

    fn process(
        &self,
        function: &str,
        name: &str,
        key: &str,
        env: &[(&str, &str)],
    ) -> Result<Process, String> {
        let project = tested().folder.display().to_string();
        let marks = &tested().project.fingerprints;
        let entry = PAGE.iter().find(|entry| entry.name == function);
        // A worker knows the definitions whole.
        let mark = entry.map_or(marks.records.as_str(), |entry| marks.for_guard(entry.guard));
        let lambda = self.front.endpoint();
        let mut all = vec![
            ("AWS_ENDPOINT_URL_LAMBDA", lambda.as_str()),
            (VARIABLE, project.as_str()),
            (fingerprint::VARIABLE, mark),
            ("BAKEND_AUTH_BCRYPT_COST", "4"),
            ("BAKEND_ADMIN_EMAIL", ADMIN_EMAIL),
            ("BAKEND_AUTH_JWT_SECRET", JWT_SECRET),
        ];
        // Functions that need mail have a sender; all others are as in a project without, where addresses are never proven.
        let lists = |entry: &Entry, code| entry.errors.contains(&code);
        let needs_mail = |entry: &Entry| {
            lists(entry, Code::MethodDisabled)
                && !lists(entry, Code::MfaAlreadyEnabled)
                && !lists(entry, Code::PasskeyLimit)
                && !lists(entry, Code::InvalidPasskey)
        };
        if entry.is_none_or(|entry| needs_mail(entry)) {
            all.push(("BAKEND_MAIL_FROM", MAIL_FROM));
        }
        // Terms bind new users, so the suite has some only where they are accepted later.
        if entry.is_some_and(|entry| entry.name == "me-terms") {
            all.push(("BAKEND_AUTH_TERMS_VERSION", TERMS));
        }
        all.extend_from_slice(tested().variables);
        all.extend_from_slice(env);
        let (binary, dynamodb) = (self.binary(function), self.proxy.endpoint());
        self.emulator.spawn(&Function {
            binary: &binary,
            name,
            key,
            dynamodb: &dynamodb,
            env: &all,
        })
    }

    /// Hands an event to a function, past the gateway.
    #[must_use]
    pub fn invoke(&self, function: &str, event: &Event) -> Reply {
        let reply = self.hand(function, event);
        shown::keep(&reply);
        contract::assert_event_documented(event, &reply);
        reply
    }

    fn hand(&self, function: &str, event: &Event) -> Reply {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let gateway = Caller::stranger(&self.url(), None);
        reply(&gateway.send(
            "POST",
            &path,
            &[("content-type", "application/json")],
            Some(event.as_json().to_string().as_bytes()),
        ))
    }

    /// The log so far of every instance behind the routes, of one function or of all.
    #[must_use]
    pub fn logs(&self, function: Option<&str>) -> String {
        let processes = self.lock();
        let wanted = processes
            .iter()
            .filter(|(name, _)| function.is_none_or(|function| function == name));
        wanted.map(|(_, process)| process.log()).collect()
    }

    /// The emulator's log so far.
    #[must_use]
    pub fn emulator_log(&self) -> String {
        self.emulator.log()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(String, Process)>> {
        self.processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Instance<'_> {
    /// Hands an event to one of the instances.
    #[must_use]
    pub fn invoke(&self, event: &Event) -> Reply {
        self.inside.invoke(&self.slot, event)
    }

    /// Hands one of the instances an event that goes around the distribution in front of it: the document describes no
    /// reply to that.
    #[must_use]
    pub fn invoke_around(&self, event: &Event) -> Reply {
        self.inside.hand(&self.slot, event)
    }

    /// The name that the emulator knows the instances by.
    #[must_use]
    pub fn slot(&self) -> &str {
        &self.slot
    }

    /// Takes the DynamoDB requests of these instances out of the ledger.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.inside.proxy.drain(&self.key)
    }

    /// Takes the requests of the start out of the ledger. Each instance reads the signing keys when it starts, on a busy
    /// machine after a while.
    pub fn settle(&self) {
        let patience = Instant::now() + Duration::from_secs(5);
        let mut seen = 0;
        loop {
            std::thread::sleep(Duration::from_millis(150));
            let new = self.calls().len();
            seen += new;
            let started = seen >= self.processes.len() || Instant::now() > patience;
            if new == 0 && started {
                return;
            }
        }
    }

    /// The instances' log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.processes.iter().map(Process::log).collect()
    }

    /// The instances' process ids.
    #[must_use]
    pub fn ids(&self) -> Vec<u32> {
        self.processes.iter().map(Process::id).collect()
    }
}

/// The target folder that this test was built into: a test is in `<target>/<profile>/deps`, a tool in
/// `<target>/<profile>`.
///
/// # Errors
/// One line: it was built elsewhere.
pub fn target() -> Result<PathBuf, String> {
    let test = env::current_exe().map_err(|error| error.to_string())?;
    let folder = test.parent().map(|folder| {
        folder
            .parent()
            .filter(|_| folder.ends_with("deps"))
            .unwrap_or(folder)
    });
    let target = folder.and_then(Path::parent);
    target
        .map(Path::to_path_buf)
        .ok_or_else(|| "the test binary is in no target folder".to_owned())
}

/// Builds every binary as `cargo dev` does and returns their folder: only with debug assertions they read the project
/// under test. Cargo has let go of its lock by now.
fn build(root: &Path) -> Result<PathBuf, String> {
    let target = target()?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--quiet", "--workspace", "--bins", "--target-dir"])
        .arg(&target)
        .current_dir(root)
        .env_remove(VARIABLE);
    forget_package(&mut cargo);
    let status = cargo
        .status()
        .map_err(|error| format!("Cannot run cargo: {error}"))?;
    if status.success() {
        Ok(target.join("debug"))
    } else {
        Err("The binaries do not build".to_owned())
    }
}

/// A folder for this run's logs; those of earlier days are removed.
fn scratch(root: &Path) -> Result<PathBuf, String> {
    let runs = root.join(".bakend/tests");
    let day = Duration::from_secs(24 * 60 * 60);
    for old in fs::read_dir(&runs).into_iter().flatten().flatten() {
        let modified = old
            .metadata()
            .and_then(|data| data.modified())
            .unwrap_or_else(|_| SystemTime::now());
        if modified.elapsed().is_ok_and(|age| age > day) {
            let _ = fs::remove_dir_all(old.path());
        }
    }
    let folder = runs.join(process::id().to_string());
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)
        .map_err(|error| format!("Cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}
