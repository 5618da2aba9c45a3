//! The run book as a text: its commands with the answers below them, and the commands that its sentences mention.

use api::Id;

const TEXT: &str = include_str!("../../../../docs/operations.md");

/// The programs whose commands are looked for in sentences.
const PROGRAMS: [&str; 5] = ["cargo ", "sam ", "aws ", "curl ", "git "];

/// A command, and the lines that the document shows as its answer.
pub(super) struct Command {
    pub(super) line: String,
    pub(super) shown: Vec<String>,
}

/// The commands in their order. An answer is below its command: indented, or in a block of its own.
pub(super) fn commands() -> Vec<Command> {
    let mut all: Vec<Command> = Vec::new();
    for block in TEXT.split("```").skip(1).step_by(2) {
        let (language, lines) = block.split_once('\n').unwrap();
        match language {
            "" | "sh" => lines.lines().for_each(|line| read(&mut all, line)),
            "text" => answer(&mut all).extend(lines.lines().map(ToOwned::to_owned)),
            // Queries of CloudWatch Logs Insights, and examples of files.
            "insights" | "json" => {}
            other => panic!("{other} is no language of the run book"),
        }
    }
    all
}

/// Reads a line of a block of commands.
fn read(all: &mut Vec<Command>, line: &str) {
    if let Some(open) = all.last_mut().filter(|it| it.line.ends_with('\\')) {
        open.line = format!(
            "{} {}",
            open.line.trim_end_matches(['\\', ' ']),
            line.trim()
        );
    } else if let Some(shown) = line.strip_prefix("  ") {
        answer(all).push(shown.to_owned());
    } else {
        let line = line.split(" #").next().unwrap_or_default().trim_end();
        all.push(Command {
            line: line.replace("--stack bakend ", ""),
            shown: Vec::new(),
        });
    }
}

fn answer(all: &mut [Command]) -> &mut Vec<String> {
    &mut all.last_mut().expect("a command above its answer").shown
}

/// The commands that stand in sentences and tables.
pub(super) fn mentions() -> Vec<String> {
    let prose = TEXT.split("```").step_by(2);
    let codes = prose.flat_map(|part| part.split('`').skip(1).step_by(2));
    let codes = codes.map(|code| code.split_whitespace().collect::<Vec<_>>().join(" "));
    codes
        .filter(|code| PROGRAMS.iter().any(|program| code.starts_with(program)))
        .map(|code| code.replace("--stack bakend ", ""))
        .collect()
}

/// Whether a line is a command with these words first.
pub(super) fn begins(line: &str, words: &str) -> bool {
    line.strip_prefix(words)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Whether a line of an answer is the shown one, but for ids, numbers and blanks. A `…` stands for anything.
pub(super) fn fits(shown: &str, answered: &str) -> bool {
    let (shown, answered) = (shape(shown), shape(answered));
    let mut parts = shown.split('…').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = answered.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A line whose ids are one sign, whose numbers are zero, and whose blanks are single.
fn shape(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(masked).collect();
    words.join(" ")
}

fn masked(word: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let parts = word.split_inclusive(|c: char| !is_part(c));
    let mask = |part: &str| {
        let bare = part.trim_end_matches(|c: char| !is_part(c));
        match bare.parse::<Id>() {
            Ok(_) => format!("#{}", &part[bare.len()..]),
            Err(_) => without_numbers(part),
        }
    };
    parts.map(mask).collect()
}

fn without_numbers(text: &str) -> String {
    let mut shape = String::new();
    for c in text.chars() {
        match c.is_ascii_digit() {
            true if shape.ends_with('0') => {}
            true => shape.push('0'),
            false => shape.push(c),
        }
    }
    shape
}

#[test]
fn answers_are_compared_but_for_what_differs() {
    let id = "0197a3b0-1234-7000-8000-0000000000aa";
    let other = "0197a3b0-9999-7abc-9def-0123456789ab";
    for (shown, answered, expected) in [
        ("2 admins act.", "17 admins act.", true),
        ("2 admins act.", "17 admins act. No", false),
        ("2 admins act.", "no admin acts.", false),
        (&format!("ci ({id}); a"), &format!("ci ({other}); a"), true),
        (&format!("ci ({id}); a"), "ci (a); a", false),
        ("webhook:0 …, b … c", "webhook:7 x, b y c", true),
        ("The key … signs", "The key k-1 is dropped", false),
        ("a    1  …", "a 20", true),
    ] {
        assert_eq!(fits(shown, answered), expected, "{shown} {answered}");
    }
    assert!(begins("cargo admin keys add", "cargo admin keys"));
    assert!(!begins("cargo admin keys", "cargo admin key"));
}
