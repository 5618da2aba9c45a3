//! Consumers by the names that admins call them: a webhook's id or a trigger's name.

use api::event::Consumer;
use api::{Code, Error};

/// The consumer of this id or name.
///
/// # Errors
/// `webhooks/not-found` for a text that is neither.
pub fn parse(text: &str) -> Result<Consumer, Error> {
    if let Ok(id) = text.parse() {
        return Ok(Consumer::Webhook(id));
    }
    if Consumer::is_name(text) {
        return Ok(Consumer::Trigger(text.to_owned()));
    }
    Err(Code::WebhookNotFound.into())
}

/// The refusal of a consumer that does not exist.
#[must_use]
pub const fn not_found(consumer: &Consumer) -> Code {
    match consumer {
        Consumer::Webhook(_) => Code::WebhookNotFound,
        Consumer::Trigger(_) => Code::TriggerNotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_is_told_by_its_form() {
        let id = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b";
        let webhook = parse(id).expect("a webhook");
        assert_eq!(webhook.to_string(), format!("webhook:{id}"));
        assert_eq!(not_found(&webhook), Code::WebhookNotFound);
        let trigger = parse("welcome-2").expect("a trigger");
        assert_eq!(trigger, Consumer::Trigger("welcome-2".to_owned()));
        assert_eq!(not_found(&trigger), Code::TriggerNotFound);
        for text in ["", "A", "2", "a:b", "webhook:1"] {
            let refused = parse(text).expect_err("refused");
            assert_eq!(refused.code, Code::WebhookNotFound, "{text}");
        }
    }
}
