//! The building blocks of believable text.

use super::random::Random;

const KINDS: &[&str] = &[
    "Walnut",
    "Compact",
    "Folding",
    "Classic",
    "Linen",
    "Ceramic",
    "Brass",
    "Quiet",
    "Portable",
    "Recycled",
    "Nordic",
    "Adjustable",
    "Wireless",
    "Handmade",
    "Slim",
    "Outdoor",
    "Vintage",
    "Everyday",
    "Soft",
    "Tall",
];
const THINGS: &[&str] = &[
    "desk lamp",
    "kettle",
    "notebook",
    "backpack",
    "armchair",
    "water bottle",
    "keyboard",
    "rug",
    "coffee grinder",
    "headphones",
    "bookshelf",
    "umbrella",
    "blanket",
    "bicycle light",
    "cutting board",
    "clock",
    "planter",
    "tent",
    "mirror",
    "toolbox",
];
const FIRST: &[&str] = &[
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Radia",
    "Ken",
    "Frances",
    "Dennis",
    "Margaret",
    "Niklaus",
    "Hedy",
    "Linus",
    "Shafi",
    "Tony",
    "Katherine",
    "John",
    "Sophie",
    "Claude",
];
const LAST: &[&str] = &[
    "Lovelace",
    "Hopper",
    "Turing",
    "Dijkstra",
    "Liskov",
    "Knuth",
    "Perlman",
    "Thompson",
    "Allen",
    "Ritchie",
    "Hamilton",
    "Wirth",
    "Lamarr",
    "Kay",
    "Goldwasser",
    "Hoare",
    "Johnson",
    "Backus",
    "Wilson",
    "Shannon",
];
const PLACES: &[&str] = &[
    "Lisbon",
    "Tallinn",
    "Utrecht",
    "Kyoto",
    "Nairobi",
    "Montreal",
    "Porto",
    "Graz",
    "Ghent",
    "Wellington",
];
const COUNTRIES: &[&str] = &[
    "Portugal",
    "Estonia",
    "Netherlands",
    "Japan",
    "Kenya",
    "Canada",
    "Austria",
    "Belgium",
    "New Zealand",
    "Chile",
];
const SENTENCES: &[&str] = &[
    "Arrived two days early and well packed.",
    "The colour is a little darker than in the pictures.",
    "Please leave it with the neighbours on the second floor.",
    "Would buy it again without thinking twice.",
    "The manual is short, and that is all it needs.",
    "After a month of daily use it still looks new.",
    "One screw was missing; a new one came within the week.",
    "It does exactly what it says.",
    "The first version had a loose handle, this one is solid.",
    "Can we have this in green as well?",
    "Delivery to the back entrance, after ten in the morning.",
    "It was a present, and it was a good one.",
    "Lighter than expected, which is what I wanted.",
    "Made to be repaired: every part can be ordered.",
    "The size fits a small flat.",
    "Thanks for answering so quickly!",
    "Two of them side by side look best.",
    "It hums when it is warm, but one gets used to that.",
    "We compared five and stayed with this one.",
    "Half a year on, no complaints.",
];

fn one(random: &mut Random, of: &[&str]) -> String {
    random.pick(of).copied().unwrap_or_default().to_owned()
}

/// A text that a field of this name could hold.
pub(super) fn text(name: &str, random: &mut Random) -> String {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["mail"]) {
        email(random)
    } else if has(&["first"]) {
        one(random, FIRST)
    } else if has(&["last", "surname"]) {
        one(random, LAST)
    } else if has(&["author", "customer", "person", "contact"]) {
        format!("{} {}", one(random, FIRST), one(random, LAST))
    } else if has(&["city", "town", "place"]) {
        one(random, PLACES)
    } else if has(&["country"]) {
        one(random, COUNTRIES)
    } else if has(&["street", "address"]) {
        format!("{} Street {}", one(random, LAST), random.between(1, 140))
    } else if has(&["phone", "mobile"]) {
        format!(
            "+{} {} {}",
            random.between(20, 99),
            random.between(100, 999),
            random.between(100_000, 9_999_999)
        )
    } else if has(&["url", "link", "website", "homepage"]) {
        url(random)
    } else if has(&["code", "sku", "number"]) {
        format!(
            "{}-{:06}",
            one(random, KINDS).to_uppercase(),
            random.below(1_000_000)
        )
    } else if has(&[
        "text", "body", "descr", "message", "content", "note", "comment", "summary", "bio",
    ]) {
        sentences(random)
    } else if has(&["tag", "label", "category", "kind"]) {
        one(random, KINDS).to_lowercase()
    } else {
        title(random)
    }
}

pub(super) fn title(random: &mut Random) -> String {
    format!("{} {}", one(random, KINDS), one(random, THINGS))
}

/// One to three sentences.
pub(super) fn sentences(random: &mut Random) -> String {
    (0..random.between(1, 3))
        .map(|_| one(random, SENTENCES))
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn slug(random: &mut Random) -> String {
    format!(
        "{}-{}",
        title(random).to_lowercase().replace(' ', "-"),
        random.below(100_000)
    )
}

pub(super) fn email(random: &mut Random) -> String {
    let (first, last) = (
        one(random, FIRST).to_lowercase(),
        one(random, LAST).to_lowercase(),
    );
    format!("{first}.{last}{}@example.com", random.below(1_000_000))
}

pub(super) fn url(random: &mut Random) -> String {
    format!("https://www.example.com/{}", slug(random))
}

/// A text that a regular expression matches as a whole; its repetitions are kept short.
pub(super) fn matching(pattern: &str, random: &mut Random) -> Result<String, String> {
    let tree = regex_syntax::parse(pattern).map_err(|error| error.to_string())?;
    let mut text = String::new();
    grow(&tree, random, &mut text);
    Ok(text)
}

fn grow(tree: &regex_syntax::hir::Hir, random: &mut Random, text: &mut String) {
    use regex_syntax::hir::{Class, HirKind};
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            // Letters and digits where the class has any: it may hold all of Unicode.
            let plain: Vec<char> = (' '..='~').filter(|c| holds(class, *c)).collect();
            let usual: Vec<char> = plain
                .iter()
                .copied()
                .filter(char::is_ascii_alphanumeric)
                .collect();
            let of = if usual.is_empty() { &plain } else { &usual };
            text.extend(
                random
                    .pick(of)
                    .copied()
                    .or_else(|| class.ranges().first().map(|range| range.start())),
            );
        }
        HirKind::Repetition(repeated) => {
            let most = repeated
                .max
                .unwrap_or(u32::MAX)
                .min(repeated.min.saturating_add(12));
            for _ in 0..random.between(repeated.min.into(), most.into()) {
                grow(&repeated.sub, random, text);
            }
        }
        HirKind::Capture(capture) => grow(&capture.sub, random, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| grow(part, random, text)),
        HirKind::Alternation(parts) => {
            if let Some(part) = random.pick(parts) {
                grow(part, random, text);
            }
        }
    }
}

fn holds(class: &regex_syntax::hir::ClassUnicode, c: char) -> bool {
    class
        .ranges()
        .iter()
        .any(|range| (range.start()..=range.end()).contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_made_from_its_pattern() {
        let mut random = Random(1);
        for pattern in [
            "^[A-Z0-9-]{3,32}$",
            "^(a|bc)+\\d*$",
            "^[^a-z]{2}$",
            "x?y{3}",
            "^\\w+@\\w+\\.com$",
            "^é.$",
        ] {
            let fits = api::definition::Pattern::parse(pattern).unwrap();
            for _ in 0..200 {
                let text = matching(pattern, &mut random).unwrap();
                assert!(fits.matches(&text), "{pattern}: {text}");
            }
        }
    }
}
