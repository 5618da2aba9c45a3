//! Release builds, and the processor time they take.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use local::tools::forget_package;

/// A clock tick of `/proc`, the same on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Runs `cargo` in the project's root.
///
/// # Errors
/// One line: cargo cannot be run or has failed; its reason is above.
pub(crate) fn cargo(arguments: &[&str]) -> Result<(), String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(local::root()).args(arguments);
    forget_package(&mut command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!(
            "`cargo {}` failed; its reason is above",
            arguments.join(" ")
        )),
        Err(error) => Err(format!("Cannot run cargo: {error}")),
    }
}

/// Runs `work` and returns the processor time of the programs it ran.
///
/// # Errors
/// That of `work`, or no `/proc`.
pub(crate) fn processor_time(
    work: impl FnOnce() -> Result<(), String>,
) -> Result<Duration, String> {
    let before = children()?;
    work()?;
    Ok(children()?.saturating_sub(before))
}

/// The processor time of all programs that this process has waited for, and of their children.
fn children() -> Result<Duration, String> {
    let path = Path::new("/proc/self/stat");
    let stat = fs::read_to_string(path)
        .map_err(|error| format!("Cannot read {}: {error}", path.display()))?;
    // After the program's name in brackets: state is field 3, cutime and cstime are 16 and 17 (proc_pid_stat(5)).
    let fields = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace().skip(13).take(2));
    let ticks: f64 = fields
        .into_iter()
        .flatten()
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    Ok(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_child_counts() {
        let spin = || {
            let status = Command::new("sh")
                .args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"])
                .status();
            status.map(|_| ()).map_err(|error| error.to_string())
        };
        assert!(processor_time(spin).unwrap() >= Duration::from_millis(20));
        assert!(processor_time(|| Err("no".to_owned())).is_err());
    }
}
