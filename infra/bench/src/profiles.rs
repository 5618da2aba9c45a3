//! The comparison of release profiles.

use std::path::PathBuf;
use std::time::Duration;

use crate::build::{cargo, processor_time};
use crate::cold::typical;
use crate::figures::{ms, shown, table};
use crate::size;
use crate::trial::{Bench, Contestant};

/// A release profile; the rest is as in Cargo.toml.
struct Profile {
    lto: &'static str,
    opt_level: &'static str,
}

const PROFILES: [Profile; 6] = [
    Profile {
        lto: "off",
        opt_level: "z",
    },
    Profile {
        lto: "off",
        opt_level: "s",
    },
    Profile {
        lto: "off",
        opt_level: "3",
    },
    Profile {
        lto: "thin",
        opt_level: "z",
    },
    Profile {
        lto: "thin",
        opt_level: "s",
    },
    Profile {
        lto: "thin",
        opt_level: "3",
    },
];

impl Profile {
    fn name(&self) -> String {
        format!("{}-{}", self.lto, self.opt_level)
    }

    /// Where its binaries are.
    fn folder(&self) -> PathBuf {
        local::root().join("target/profiles").join(self.name())
    }

    /// Builds the contestants; returns the processor time of one more binary.
    fn build(&self, contestants: &[Contestant]) -> Result<Duration, String> {
        let folder = self.folder().display().to_string();
        let lto = format!("profile.release.lto=\"{}\"", self.lto);
        let level = match self.opt_level.parse::<u8>() {
            Ok(number) => number.to_string(),
            Err(_) => format!("\"{}\"", self.opt_level),
        };
        let level = format!("profile.release.opt-level={level}");
        let place = [
            "--release",
            "--target-dir",
            &folder,
            "--config",
            &lto,
            "--config",
            &level,
        ];
        let packages = contestants
            .iter()
            .flat_map(|contestant| ["--package", contestant.name]);
        cargo(
            &["build"]
                .into_iter()
                .chain(place)
                .chain(packages)
                .collect::<Vec<_>>(),
        )?;
        let name = further(contestants);
        let further = |verb| {
            [verb]
                .into_iter()
                .chain(place)
                .chain(["--package", name])
                .collect::<Vec<_>>()
        };
        cargo(&further("clean"))?;
        processor_time(|| cargo(&further("build")))
    }
}

/// Builds the contestants with every profile, starts them `rounds` times each in turn, and writes the table.
///
/// # Errors
/// One line: something does not build or does not start.
pub(crate) fn report(rounds: usize, build: bool) -> Result<String, String> {
    let mut times = Vec::new();
    let mut contestants = Vec::new();
    for profile in &PROFILES {
        let of_profile = Contestant::all(|name| profile.folder().join("release").join(name))?;
        times.push(if build {
            Some(profile.build(&of_profile)?)
        } else {
            None
        });
        contestants.extend(of_profile);
    }
    let binaries: Vec<PathBuf> = contestants
        .iter()
        .map(|contestant| contestant.binary.clone())
        .collect();
    let named = further(&contestants);
    let sizes = size::of(&binaries)?;
    let trials = Bench::start()?.rounds(&contestants, rounds)?;
    let head = [
        "binary, LTO and level",
        "MB",
        "zipped MB",
        "connecting, ms",
        "first poll, ms",
        "first request, ms",
        "second, ms",
        "peak MB",
        "build, CPU s",
    ];
    let mut rows = Vec::new();
    for (at, contestant) in contestants.iter().enumerate() {
        let profile = at * PROFILES.len() / contestants.len();
        let (trials, name) = (&trials[at], contestant.name);
        let cpu = times[profile]
            .filter(|_| name == named)
            .map(|time| time.as_secs_f64());
        let cells = vec![
            format!(
                "{name}, {} {}",
                PROFILES[profile].lto, PROFILES[profile].opt_level
            ),
            shown(Some(sizes[at].plain)),
            shown(Some(sizes[at].zipped)),
            shown(typical(trials, |trial| trial.connecting.map(ms))),
            shown(typical(trials, |trial| Some(ms(trial.first_poll)))),
            shown(typical(trials, |trial| Some(ms(trial.first_request)))),
            shown(typical(trials, |trial| Some(ms(trial.second_request)))),
            shown(typical(trials, |trial| Some(trial.peak))),
            shown(cpu),
        ];
        rows.push((order(&contestants, name), cells));
    }
    // Binary by binary, so that the compared rows stand together.
    rows.sort_by_key(|(order, _)| *order);
    let rows: Vec<Vec<String>> = [head.map(str::to_owned).to_vec()]
        .into_iter()
        .chain(rows.into_iter().map(|(_, cells)| cells))
        .collect();
    let said = format!(
        "Medians of {rounds} cold starts each, taken in turn; MB are millions of bytes.\n\n"
    );
    Ok(said + &table(&rows))
}

/// The function that is built again with everything it needs in place, to measure the cost of one more: the first after
/// the bare function.
fn further(contestants: &[Contestant]) -> &'static str {
    contestants.get(1).map_or("", |contestant| contestant.name)
}

/// A name's place among the contestants.
fn order(contestants: &[Contestant], name: &str) -> usize {
    contestants
        .iter()
        .position(|contestant| contestant.name == name)
        .unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_have_folders_of_their_own() {
        let mut folders: Vec<PathBuf> = PROFILES.iter().map(Profile::folder).collect();
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), PROFILES.len());
        assert!(
            folders
                .iter()
                .all(|folder| folder.starts_with(local::root().join("target/profiles")))
        );
    }
}
