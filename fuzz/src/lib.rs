//! The functions that the fuzzer drives: each takes any bytes and must neither panic nor break a promise.
//!
//! `cargo fuzz-all` looks for such bytes; `cargo test` runs these functions over the corpora, which hold the seeds and
//! every input that once broke a function.

mod changes;
mod cursor;
mod definition;
mod filter;
mod index;

pub use changes::changes;
pub use cursor::cursor;
pub use definition::definition;
pub use filter::filter;
pub use index::index;

/// The text that bytes stand for. An ASCII byte stands for itself and any other for one of `words`, so a mutation of
/// one byte may insert a whole word.
fn text(data: &[u8], words: &[&str]) -> String {
    let mut text = String::new();
    for byte in data {
        match byte.checked_sub(128) {
            None => text.push(char::from(*byte)),
            Some(number) => text.push_str(
                words
                    .get(usize::from(number) % words.len())
                    .copied()
                    .unwrap_or_default(),
            ),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    fn replay(target: &str, run: fn(&[u8])) {
        // Cargo runs tests in their package's folder.
        let folder = Path::new("corpus").join(target);
        for entry in fs::read_dir(folder).expect("a corpus") {
            let path = entry.expect("an entry").path();
            println!("{}", path.display());
            run(&fs::read(&path).expect("a file"));
        }
    }

    #[test]
    fn the_corpora_break_nothing() {
        replay("cursor", super::cursor);
        replay("definition", super::definition);
        replay("changes", super::changes);
        replay("filter", super::filter);
        replay("index", super::index);
    }
}
