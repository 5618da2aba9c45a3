//! `cargo admin logs`: every line of the log about one request.

use std::time::Duration;

use api::Timestamp;
use clap::Args;
use serde::Deserialize;

use super::{Place, ask};
use crate::now;
use crate::printable::printable;

const DAY: Duration = Duration::from_secs(86_400);

/// The request, and how far back to look.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The id of the request, as `x-request-id` of the reply has it.
    #[arg(value_parser = request)]
    request: String,
    /// How many days back to look.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3653))]
    days: u32,
}

/// A line of the log.
#[derive(Debug, Deserialize)]
struct Line {
    /// In milliseconds.
    at: u64,
    message: String,
}

/// An id that is safe in the pattern of a search.
fn request(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=:.".contains(&byte);
    if !text.is_empty() && text.len() <= 128 && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(
            "a request id has letters, digits and hyphens; it is in x-request-id of the reply"
                .to_owned(),
        )
    }
}

/// Looks for the lines of all functions, and reports them in the order of time.
pub(crate) fn run(place: &Place, arguments: &Arguments) -> Result<String, String> {
    let Arguments { request, days } = arguments;
    let Place::Deployed(stack, region) = place else {
        return Ok(format!(
            "`cargo dev` writes the functions' log to its own terminal and keeps none: look for {request} there."
        ));
    };
    let since = now().before(DAY * *days).millis().to_string();
    let lines: Vec<Line> = ask("logs", (stack, region), &[request, &since])?;
    shown(&lines).ok_or_else(|| {
        format!(
            "no line of /bakend/{stack}/functions in the last {days} days names {request}: it may come a minute later, be \
             older (--days), or beyond the log's retention; refusals of the gateway reach no function"
        )
    })
}

/// The lines with their times; `None` without any.
fn shown(lines: &[Line]) -> Option<String> {
    let shown = lines.iter().map(|line| {
        let at = Timestamp::from_millis(line.at);
        format!("{at} {}", printable(&line.message))
    });
    let shown: Vec<String> = shown.collect();
    (!shown.is_empty()).then(|| shown.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_no_part_of_a_pattern() {
        for id in [
            "6f1f4b5c-2f6b-4e3b-9f5e-7d0c8f9b1a2e",
            "JKJaXmPLvHcESHA=",
            "a_b.c:d",
        ] {
            assert_eq!(request(id).as_deref(), Ok(id));
        }
        let long = "a".repeat(129);
        for id in ["", "a b", "a\"b", "{a}", "é", long.as_str()] {
            assert!(request(id).is_err(), "{id}");
        }
    }

    #[test]
    fn lines_have_their_times_and_do_not_move_the_terminal() {
        let lines = serde_json::from_str::<Vec<Line>>(
            r#"[{ "at": 1790000000000, "message": "{\"endpoint\":\"login\"}" }, { "at": 1790000000001, "message": "\u001b[2J" }]"#,
        );
        let shown = shown(&lines.expect("lines"));
        let expected = "2026-09-21T14:13:20.000Z {\"endpoint\":\"login\"}\n2026-09-21T14:13:20.001Z \\u{1b}[2J";
        assert_eq!(shown.as_deref(), Some(expected));
        assert_eq!(super::shown(&[]), None);
    }

    #[test]
    fn the_local_stack_says_where_to_look() {
        let arguments = Arguments {
            request: "r-1".to_owned(),
            days: 7,
        };
        let told = run(&Place::Local, &arguments).expect("a line");
        assert!(
            told.contains("its own terminal") && told.contains("look for r-1 there"),
            "{told}"
        );
    }
}
