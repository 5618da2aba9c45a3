//! The pages in a real browser. With `BAKEND_SCREENSHOTS` set, the pictures of the pages are kept in that folder.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use blackbox::{browser, stack};

use super::pages::{PAGES, keys, token};

/// The longest that a page may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// Opens a page; its messages on the console, and its picture.
fn open(browser: &Path, scratch: &Path, url: &str) -> (Vec<String>, Vec<u8>) {
    let (picture, log) = (scratch.join("page.png"), scratch.join("log"));
    let mut process = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .args(["--window-size=480,760", "--enable-logging=stderr"])
        .arg(format!(
            "--user-data-dir={}",
            scratch.join("profile").display()
        ))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(url)
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = process.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            process.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(50));
    };
    let log = fs::read_to_string(&log).unwrap();
    assert!(status.success(), "{url}: {status}\n{log}");
    let console = log.lines().filter(|line| line.contains(":CONSOLE"));
    // It misses a field with the username, which the link does not tell.
    let console = console.filter(|line| !line.contains("[DOM] Password forms"));
    (
        console.map(ToOwned::to_owned).collect(),
        fs::read(&picture).unwrap(),
    )
}

/// Serves one page that breaks its policy, to as many as ask.
fn broken_page() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let page = "<!doctype html><title>Broken</title><script>1</script>";
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-security-policy: default-src 'none'\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
    let _server = thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(reply.as_bytes());
        }
    });
    format!("http://127.0.0.1:{port}/")
}

#[test]
fn each_page_is_shown_without_a_complaint() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let Some(browser) = browser() else {
        println!("No browser is installed here, so the pages were not looked at.");
        return;
    };
    let scratch = std::env::temp_dir().join(format!("bakend-browser-{}", std::process::id()));
    fs::create_dir_all(&scratch).unwrap();
    let (complaints, _) = open(&browser, &scratch, &broken_page());
    assert!(
        complaints
            .iter()
            .any(|line| line.contains("Content Security Policy")),
        "a page that breaks its policy is noticed: {complaints:?}"
    );
    let (keys, base) = (keys(inside), stack().url());
    let kept = std::env::var_os("BAKEND_SCREENSHOTS").map(PathBuf::from);
    for (page, purpose, _) in PAGES {
        let redirect = Some("https://app.example.com/done");
        let token = token(&keys, purpose, "en", "a•••@example.com", redirect);
        let url = format!("{base}/api/auth/pages/{page}?token={token}");
        let (complaints, picture) = open(&browser, &scratch, &url);
        assert!(complaints.is_empty(), "{page}: {complaints:#?}");
        assert!(picture.len() > 5_000, "{page}: {} bytes", picture.len());
        if let Some(folder) = &kept {
            fs::write(folder.join(format!("{page}.png")), picture).unwrap();
        }
    }
    fs::remove_dir_all(&scratch).unwrap();
}
