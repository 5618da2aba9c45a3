//! A browser that is driven by its DevTools protocol, through two pipes.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// A browser with one page open.
pub(crate) struct Browser {
    process: Child,
    scratch: PathBuf,
    commands: File,
    answers: BufReader<File>,
    /// The session of the page.
    page: Option<String>,
    sent: u64,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

impl Browser {
    /// Starts the browser of this path, and opens the first page of this origin.
    pub(crate) fn open(browser: &PathBuf, origin: &str) -> Self {
        let name = format!("bakend-devtools-{}", std::process::id());
        let scratch = std::env::temp_dir().join(name);
        fs::create_dir_all(&scratch).unwrap();
        let pipes = [scratch.join("commands"), scratch.join("answers")];
        let made = Command::new("mkfifo").args(&pipes).status().unwrap();
        assert!(made.success());
        // The browser reads commands at descriptor 3 and answers at 4.
        let process = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<commands 4>answers"])
            .arg(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu"])
            .args(["--remote-debugging-pipe", "--user-data-dir=profile"])
            .current_dir(&scratch)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = File::options().write(true).open(&pipes[0]).unwrap();
        let answers = BufReader::new(File::open(&pipes[1]).unwrap());
        let mut browser = Self {
            process,
            scratch,
            commands,
            answers,
            page: None,
            sent: 0,
        };
        let target = browser.call("Target.createTarget", &json!({ "url": origin }));
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &target);
        browser.page = attached["sessionId"].as_str().map(ToOwned::to_owned);
        // The target is there before its page is, and an empty page has no credentials.
        while browser.run("JSON.stringify(location.origin)") != json!(origin) {
            thread::sleep(Duration::from_millis(50));
        }
        browser
    }

    /// Asks for something, and waits for the answer.
    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        let answer = self.ask(method, parameters);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.sent += 1;
        let mut command = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(page) = &self.page {
            command["sessionId"] = json!(page);
        }
        let text = format!("{command}\0");
        self.commands.write_all(text.as_bytes()).unwrap();
        loop {
            let mut answer = Vec::new();
            let _ = self.answers.read_until(0, &mut answer).unwrap();
            assert_eq!(answer.pop(), Some(0), "the browser has gone: {method}");
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            if answer["id"] == self.sent {
                return answer;
            }
        }
    }

    /// The JSON that a script of the page gives.
    pub(crate) fn run(&mut self, script: &str) -> Value {
        let asked = json!({ "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let answer = self.call("Runtime.evaluate", &asked);
        let text = answer["result"]["value"].as_str();
        serde_json::from_str(text.unwrap_or_else(|| panic!("{script}: {answer}"))).unwrap()
    }

    /// The address of the page, once it begins so. A page that is left has none.
    pub(crate) fn wait_at(&mut self, start: &str) -> String {
        loop {
            let asked = json!({ "expression": "location.href", "returnByValue": true });
            let answer = self.ask("Runtime.evaluate", &asked);
            let address = answer["result"]["result"]["value"].as_str();
            if let Some(address) = address.filter(|address| address.starts_with(start)) {
                return address.to_owned();
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}
