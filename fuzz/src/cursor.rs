//! Opening cursors.

use std::sync::LazyLock;

use api::{Id, Timestamp};
use auth::{Keys, Scope, cursor as cursors};

static KEYS: LazyLock<Option<Keys>> = LazyLock::new(|| Keys::new("local-", &[7; 32], None).ok());

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// Decoding: what was not sealed is refused, what was sealed comes back, and no change to it passes.
pub fn cursor(data: &[u8]) {
    let Some(keys) = KEYS.as_ref() else { return };
    let open = |text: &str, now| cursors::open(keys, "posts", &Scope::All, text, now).ok();
    assert_eq!(open(&String::from_utf8_lossy(data), NOW), None);
    let mut bytes = data.iter().copied();
    let mut byte = || bytes.next().unwrap_or_default();
    let nonce = [(); 12].map(|()| byte());
    let id = Id::new(Timestamp::from_millis(u64::from(byte()) << 30), [(); 10].map(|()| byte()));
    let Ok(mut sealed) = cursors::seal(keys, "posts", &Scope::All, id, NOW, nonce) else { return };
    assert_eq!(open(&sealed, NOW), Some(id));
    let (at, to) = (usize::from(byte()) % sealed.len(), char::from(byte() % 128));
    if !sealed[at..].starts_with(to) {
        sealed.replace_range(at..=at, to.encode_utf8(&mut [0; 4]));
        assert_eq!(open(&sealed, NOW), None, "{sealed}");
    }
}
