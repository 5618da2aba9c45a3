//! Requests of programs, as OAuth 2.0 has them.

use api::Error;
use api::endpoints::{Endpoint, SpeaksOAuth};
use api::wire::ClientGrant;
use auth::service::{self, Presented};

use super::Call;
use super::arrival::Arrival;

impl<E: SpeaksOAuth + Endpoint<Guard: Arrival, Body = ClientGrant>> Call<E> {
    /// The credentials that the program shows. Its secret stands in no address.
    ///
    /// # Errors
    /// Those of [`service::presented`]; `common/validation-failed` for a query parameter.
    pub fn presented(&self) -> Result<Presented, Error> {
        let _ = self.query(&[])?;
        let header = self.event.header("authorization");
        service::presented(&self.body, header, decoded)
    }
}

/// A text that was encoded as a value of a form; `None` where that makes more than one parameter.
fn decoded(text: &str) -> Option<String> {
    // An ampersand parts parameters, and an equals sign a name from its value.
    let whole = format!("={}", text.replace('=', "%3D"));
    let mut pairs = form_urlencoded::parse(whole.as_bytes());
    let (name, value) = pairs.next()?;
    (name.is_empty() && pairs.next().is_none()).then(|| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_header_is_decoded_as_a_value_of_a_form() {
        for (text, expected) in [
            ("abc", Some("abc")),
            ("a%3Ab%25+c", Some("a:b% c")),
            ("a=b", Some("a=b")),
            ("", Some("")),
            ("a&b", None),
            ("%", Some("%")),
        ] {
            assert_eq!(decoded(text).as_deref(), expected, "{text}");
        }
    }
}
