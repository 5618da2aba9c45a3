//! Opening cursors.

use std::sync::LazyLock;

use api::Timestamp;
use api::query::Filter;
use auth::cursor::{self as cursors, Binding};
use auth::{Keys, Scope};

static KEYS: LazyLock<Option<Keys>> = LazyLock::new(|| Keys::new("local-", &[7; 32], None).ok());

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// Decoding: what was not sealed is refused, what was sealed comes back, and no change to it passes.
pub fn cursor(data: &[u8]) {
    let Some(keys) = KEYS.as_ref() else { return };
    let binding = Binding::new("posts", &Scope::All, "-table", &Filter::everything());
    let open = |text: &str, now| cursors::open(keys, &binding, text, now).ok();
    assert_eq!(open(&String::from_utf8_lossy(data), NOW), None);
    let mut bytes = data.iter().copied();
    let mut byte = || bytes.next().unwrap_or_default();
    let nonce = [(); 12].map(|()| byte());
    let (at, to) = (usize::from(byte()), char::from(byte() % 128));
    let position: Vec<u8> = bytes.collect();
    let Ok(mut sealed) = cursors::seal(keys, &binding, &position, NOW, nonce) else { return };
    assert_eq!(open(&sealed, NOW), Some(position));
    let at = at % sealed.len();
    if !sealed[at..].starts_with(to) {
        sealed.replace_range(at..=at, to.encode_utf8(&mut [0; 4]));
        assert_eq!(open(&sealed, NOW), None, "{sealed}");
    }
}
