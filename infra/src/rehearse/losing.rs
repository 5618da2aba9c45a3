//! A table that loses items, and is brought back while requests run.

use std::fs::File;
use std::process::Child;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::Timestamp;

use super::lived::Stack;
use super::{STACK, documented};

/// The collection.
const TABLE: &str = "products";

/// How the documented commands of a recovery begin.
pub(super) const RECOVER: &str = "cargo admin --stack bakend recover";

/// Takes items out of a table, and brings them back while requests run.
pub(super) fn lose(stack: &mut Stack<'_>) -> Result<(), String> {
    let lines = documented(stack.aws.root, "docs/operations.md", RECOVER)?;
    let [plan, dry, yes] = lines.as_slice() else {
        return Err("docs/operations.md does not recover in three steps.".to_owned());
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let at = Timestamp::from_millis(now.as_secs().saturating_sub(1) * 1_000);
    let whole = format!("{STACK}-{TABLE}");
    // The emulator keeps no past. So the table of that moment is made while it is the present.
    let helper = format!("{whole}-recover-{}", at.seconds());
    stack.python(&["copy", &whole, &helper])?;
    let requests = Requests::start(stack, &whole)?;
    let of_now = |line: &String| {
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        for (option, value) in [("--table", TABLE.to_owned()), ("--at", at.to_string())] {
            let place = words.iter().position(|word| word == option);
            if let Some(word) = place.and_then(|place| words.get_mut(place + 1)) {
                *word = value;
            }
        }
        words.join(" ")
    };
    let (done, told) = stack.told(&of_now(plan))?;
    if done || !told.contains("nothing is done yet") {
        return Err(format!("The plan of the recovery did something: {told}"));
    }
    stack.line(&of_now(dry))?;
    let recovered = stack.line(&of_now(yes));
    requests.end(stack)?;
    recovered?;
    stack.people("kept", &[])
}

/// The requests of users beside a recovery.
struct Requests(Child);

impl Requests {
    /// Starts them, and waits until the items are lost.
    fn start(stack: &Stack<'_>, table: &str) -> Result<Self, String> {
        let mut python = stack.script(&["lose", &stack.aws.endpoint, &stack.host(), table]);
        let mut child = python
            .spawn()
            .map_err(|error| format!("Cannot run SAM's Python: {error}"))?;
        while !stack.aws.folder.join("lost").exists() {
            let ended = child.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() {
                return Err("The items could not be taken out; the reason is above.".to_owned());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(Self(child))
    }

    fn end(mut self, stack: &Stack<'_>) -> Result<(), String> {
        let enough = stack.aws.folder.join("enough");
        File::create(&enough)
            .map_err(|error| format!("Cannot make {}: {error}", enough.display()))?;
        let status = self.0.wait().map_err(|error| error.to_string())?;
        if status.success() {
            return Ok(());
        }
        Err("A request failed beside the recovery; the reason is above.".to_owned())
    }
}
