//! `cargo fuzz-all`: libFuzzer over every target of `fuzz/`, on stable Rust.
//!
//! Coverage comes from LLVM's own pass, which needs no sanitizer and so no nightly compiler. The code is safe Rust, so
//! a memory sanitizer would find nothing beyond the panics.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use crate::tools;

/// The flags that make a binary tell libFuzzer which branches it took and which values it compared.
const INSTRUMENTED: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// How many targets run at the same time.
const TOGETHER: usize = 2;

/// The longest input that is kept: a short one is as good and runs faster.
const KEPT_LENGTH: &str = "-max_len=512";

/// Where a run keeps its builds and findings.
const FOLDER: &str = "target/fuzz";

/// Builds the targets and runs each of `chosen`, or all, for this many seconds. Returns the folder of the binaries.
///
/// # Errors
/// The failed build, or each target that broke, with the input and the command that reproduces it.
pub fn run(root: &Path, chosen: &[String], seconds: u32) -> Result<PathBuf, String> {
    let wanted = wanted(root, chosen)?;
    let binaries = build(root)?;
    println!("{} for {seconds} s each", wanted.join(", "));
    let (queue, failures) = (Mutex::new(wanted.into_iter()), Mutex::new(Vec::new()));
    let next = || queue.lock().ok()?.next();
    thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(|| {
                while let Some(target) = next() {
                    match fuzz(root, &binaries, &target, seconds) {
                        Ok(line) => println!("{line}"),
                        Err(trouble) => failures
                            .lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .push(trouble),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_default();
    if failures.is_empty() {
        Ok(binaries)
    } else {
        Err(failures.join("\n\n"))
    }
}

/// Adds to the kept corpus of each of `chosen`, or all, the inputs of earlier runs that reach code which no kept one
/// reaches.
///
/// # Errors
/// A target that broke on the way, or a folder that cannot be read or written.
pub fn keep(root: &Path, chosen: &[String], binaries: &Path) -> Result<(), String> {
    for target in wanted(root, chosen)? {
        let kept = root.join("fuzz/corpus").join(&target);
        let before = count(&kept)?;
        let merged = Command::new(binaries.join(&target))
            .current_dir(root)
            // By branches alone: counting how often each is taken would keep three times as many.
            .args(["-set_cover_merge=1", "-use_counters=0", KEPT_LENGTH])
            .arg(&kept)
            .arg(root.join(FOLDER).join("corpus").join(&target))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !merged.is_ok_and(|status| status.success()) {
            return Err(format!("The corpora of {target} could not be merged."));
        }
        println!(
            "{target}: {before} inputs kept before, {} now",
            count(&kept)?
        );
    }
    Ok(())
}

/// The targets of `chosen`, or all.
fn wanted(root: &Path, chosen: &[String]) -> Result<Vec<String>, String> {
    let mut all = targets(root)?;
    if let Some(unknown) = chosen.iter().find(|name| !all.contains(name)) {
        return Err(format!(
            "There is no target `{unknown}`; there are {}",
            all.join(", ")
        ));
    }
    all.retain(|name| chosen.is_empty() || chosen.contains(name));
    Ok(all)
}

/// How many files a folder has.
fn count(folder: &Path) -> Result<usize, String> {
    fs::read_dir(folder)
        .map(Iterator::count)
        .map_err(|error| format!("Cannot read {}: {error}", folder.display()))
}

/// Runs one target over one input, as in the run that found it.
///
/// # Errors
/// The failed build, or the target that broke again.
pub fn replay(root: &Path, target: &str, input: &Path) -> Result<(), String> {
    if !input.is_file() {
        return Err(format!("{} is not a file", input.display()));
    }
    let binary = build(root)?.join(target);
    let status = Command::new(&binary).current_dir(root).arg(input).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!(
            "{target} breaks on {}; the reason is above",
            input.display()
        )),
        Err(error) => Err(format!("Cannot run {}: {error}", binary.display())),
    }
}

/// The names of the targets: the files in `fuzz/targets`.
///
/// # Errors
/// The folder cannot be read.
pub fn targets(root: &Path) -> Result<Vec<String>, String> {
    let folder = root.join("fuzz/targets");
    let names = |entry: io::Result<fs::DirEntry>| {
        Some(
            entry
                .ok()?
                .path()
                .file_stem()?
                .to_string_lossy()
                .into_owned(),
        )
    };
    let entries = fs::read_dir(&folder)
        .map_err(|error| format!("Cannot read {}: {error}", folder.display()))?;
    let mut names: Vec<String> = entries.filter_map(names).collect();
    names.sort();
    Ok(names)
}

/// Builds all targets, instrumented, and returns their folder.
fn build(root: &Path) -> Result<PathBuf, String> {
    let host = host()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(root)
        .args(["build", "--profile", "fuzz", "--package", "fuzz", "--bins"]);
    // An explicit `--target` keeps these flags away from build scripts and procedural macros.
    cargo.args([
        "--features",
        "fuzz/engine",
        "--target",
        &host,
        "--target-dir",
        FOLDER,
    ]);
    cargo
        .env("RUSTFLAGS", INSTRUMENTED)
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    tools::forget_package(&mut cargo);
    match cargo.status() {
        Ok(status) if status.success() => Ok(root.join(FOLDER).join(host).join("fuzz")),
        Ok(_) => Err("The fuzz targets do not build; the reason is above. libFuzzer needs a C++ compiler (Debian and \
                      Ubuntu: apt install g++)"
            .to_owned()),
        Err(error) => Err(format!("Cannot run cargo: {error}")),
    }
}

/// This machine's name among Rust's targets.
fn host() -> Result<String, String> {
    let said = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|error| format!("Cannot run rustc: {error}"))?;
    let text = String::from_utf8_lossy(&said.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "rustc -vV names no host".to_owned())
}

/// Runs one target to its end and returns a line about it.
fn fuzz(root: &Path, binaries: &Path, target: &str, seconds: u32) -> Result<String, String> {
    let folder = root.join(FOLDER);
    let (found, broken) = (
        folder.join("corpus").join(target),
        folder.join("broken").join(target),
    );
    let log = folder.join(format!("{target}.log"));
    let trouble =
        |error: io::Error| format!("{target}: cannot be run in {}: {error}", folder.display());
    fs::create_dir_all(&found)
        .and_then(|()| fs::create_dir_all(&broken))
        .map_err(trouble)?;
    let output = File::create(&log).map_err(trouble)?;
    let mut command = Command::new(binaries.join(target));
    // New inputs go into the first folder; the seeds are only read.
    command
        .current_dir(root)
        .arg(&found)
        .arg(root.join("fuzz/corpus").join(target));
    command.arg(format!("-artifact_prefix={}/", broken.display()));
    command.arg(format!("-max_total_time={seconds}"));
    command.args([
        "-timeout=5",
        "-rss_limit_mb=1024",
        "-max_len=4096",
        "-print_final_stats=1",
    ]);
    let status = command
        .stdin(Stdio::null())
        .stdout(output.try_clone().map_err(trouble)?)
        .stderr(output)
        .status()
        .map_err(trouble)?;
    let said = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
    match status.success() {
        true => Ok(format!("{target}: {}", summary(&said))),
        false => Err(format!(
            "{}\nIt ended with {status}.",
            report(root, target, &said)
        )),
    }
}

/// The number of tried inputs, and how much of the code they reached.
fn summary(said: &str) -> String {
    let after = |mark: &str| {
        let rest = said
            .rsplit_once(mark)
            .map_or("", |(_, rest)| rest)
            .trim_start();
        rest.split(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let (runs, branches) = (after("stat::number_of_executed_units:"), after(" cov: "));
    format!("{runs} inputs, {branches} branches reached, nothing found")
}

/// The failure, the input, and how to reproduce it.
fn report(root: &Path, target: &str, said: &str) -> String {
    let reason: Vec<&str> = said
        .lines()
        .skip_while(|line| !line.contains("panicked at") && !line.contains("ERROR: libFuzzer"))
        .take_while(|line| !line.starts_with("stack backtrace") && !line.contains("deadly signal"))
        .take(12)
        .collect();
    let file = said
        .rsplit_once("Test unit written to ")
        .and_then(|(_, rest)| rest.lines().next())
        .map(Path::new);
    let Some(file) = file else {
        return format!(
            "{target} broke:\n{}",
            said.lines().rev().take(3).collect::<Vec<_>>().join("\n")
        );
    };
    let input = fs::read(file).unwrap_or_default();
    let shown = file.strip_prefix(root).unwrap_or(file).display();
    format!(
        "{target} broke:\n{}\nInput ({} bytes): \"{}\"\nAgain: cargo fuzz-all {target} --input {shown}\nKeep it: cp \
         {shown} fuzz/corpus/{target}/ and `cargo test -p fuzz` runs it from now on",
        reason.join("\n"),
        input.len(),
        input.escape_ascii()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans;

    #[test]
    fn every_target_is_declared_and_has_seeds() {
        let root = plans::root();
        let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).expect("the manifest");
        for target in targets(&root).expect("targets") {
            assert!(
                manifest.contains(&format!("path = \"targets/{target}.rs\"")),
                "{target} is not in fuzz/Cargo.toml"
            );
            let seeds = fs::read_dir(root.join("fuzz/corpus").join(&target))
                .expect("seeds")
                .count();
            assert!(seeds > 0, "{target} has no seeds");
        }
    }

    #[test]
    fn a_run_is_summed_up() {
        let said = "#2\tINITED cov: 10 ft: 12\n#9\tDONE   cov: 123 ft: 456 corp: 7/1Kb\n\
                    stat::number_of_executed_units: 4567\nstat::average_exec_per_sec:     99\n";
        assert_eq!(
            summary(said),
            "4567 inputs, 123 branches reached, nothing found"
        );
    }

    #[test]
    fn what_broke_is_told_with_its_input_and_how_to_see_it_again() {
        let root = std::env::temp_dir().join(format!("bakend-fuzz-{}", std::process::id()));
        fs::create_dir_all(root.join("broken")).expect("a folder");
        let file = root.join("broken/crash-1");
        fs::write(&file, b"a\"\xff").expect("a file");
        let said = format!(
            "INFO: Seed: 1\nthread '<unnamed>' panicked at shared/api/src/x.rs:1:2:\nno such thing\nnote: run with\n\
             ==9== ERROR: libFuzzer: deadly signal\nartifact_prefix='x'; Test unit written to {}\nBase64: YQ==\n",
            file.display()
        );
        let text = report(&root, "filter", &said);
        let _ = fs::remove_dir_all(&root);
        assert!(
            text.contains("no such thing\n") && text.contains("Input (3 bytes): \"a\\\"\\xff\"\n"),
            "{text}"
        );
        assert!(
            text.contains("cargo fuzz-all filter --input broken/crash-1\n"),
            "{text}"
        );
    }
}
