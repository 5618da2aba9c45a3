//! Addresses of which a page or a mail shows a part alone.

/// The most bytes of a masked address: the link of a mail carries it.
const MOST: usize = 40;

/// The address with its first character and its domain, cut to 40 bytes.
#[must_use]
pub fn mask(email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let first = local.chars().next().map_or(String::new(), String::from);
    let mut masked = format!("{first}***@{domain}");
    if masked.len() > MOST {
        let end = (0..=MOST).rev().find(|at| masked.is_char_boundary(*at));
        masked.truncate(end.unwrap_or(0));
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_first_character_and_its_domain() {
        assert_eq!(mask("ada@example.com"), "a***@example.com");
        assert_eq!(mask("a@b"), "a***@b");
        assert_eq!(mask(&format!("a@{}.com", "x".repeat(200))).len(), MOST);
    }
}
