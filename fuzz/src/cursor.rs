//! Opening cursors.

use std::sync::LazyLock;

use api::Timestamp;
use api::query::Filter;
use auth::cursor::{Binding, Pager};
use auth::{Keys, Scope};

static KEYS: LazyLock<Option<Keys>> = LazyLock::new(|| Keys::new("local-", &[7; 32], None).ok());

/// Keys that have sealed nothing: with the other keys libFuzzer finds whole cursors in the values that it sees
/// compared.
static UNUSED: LazyLock<Option<Keys>> = LazyLock::new(|| Keys::new("local-", &[8; 32], None).ok());

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// Decoding: a text that was not sealed is refused, a sealed position comes back, and no change to its text passes.
pub fn cursor(data: &[u8]) {
    let (Some(keys), Some(unused)) = (KEYS.as_ref(), UNUSED.as_ref()) else {
        return;
    };
    let binding = Binding::new("posts", &Scope::All, "-table", &Filter::everything());
    let pager = Pager::new(keys, binding.clone(), NOW);
    let unused = Pager::new(unused, binding, NOW);
    assert!(unused.open(Some(&String::from_utf8_lossy(data))).is_err());
    let mut bytes = data.iter().copied();
    let mut byte = || bytes.next().unwrap_or_default();
    let nonce = [(); 12].map(|()| byte());
    let (at, how, to) = (usize::from(byte()), byte(), char::from(byte() % 128));
    let position: Vec<u8> = bytes.collect();
    let Ok(Some(sealed)) = pager.seal(Some(&position), nonce) else {
        return;
    };
    assert_eq!(pager.open(Some(&sealed)), Ok(Some(position)));
    let mut forged = sealed.clone();
    match how % 3 {
        0 => forged.insert(at % (sealed.len() + 1), to),
        1 => drop(forged.remove(at % sealed.len())),
        _ => forged.replace_range(
            at % sealed.len()..=at % sealed.len(),
            to.encode_utf8(&mut [0; 4]),
        ),
    }
    assert!(
        forged == sealed || pager.open(Some(&forged)).is_err(),
        "{forged}"
    );
}
