//! Mail, against a connector that answers as SES does.

use std::sync::{Arc, Mutex};

use api::deployment::Aws;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use super::*;

/// Gives one answer, and keeps what it was asked.
#[derive(Clone, Debug, Default)]
struct Fake {
    status: u16,
    error: Option<&'static str>,
    body: &'static str,
    asked: Arc<Mutex<Vec<(String, String, Value)>>>,
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let authorization = request.headers().get("authorization").unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let asked = (
            request.uri().to_owned(),
            authorization.to_owned(),
            serde_json::from_slice(body).expect("JSON"),
        );
        self.asked.lock().expect("a lock").push(asked);
        if self.status == 0 {
            let away = ConnectorError::io("nobody listens".into());
            return HttpConnectorFuture::ready(Err(away));
        }
        let status = self.status.try_into().expect("a status");
        let mut reply = HttpResponse::new(status, SdkBody::from(self.body));
        if let Some(error) = self.error {
            reply.headers_mut().insert("x-amzn-errortype", error);
        }
        HttpConnectorFuture::ready(Ok(reply))
    }
}

fn letter<'a>() -> Letter<'a> {
    Letter {
        kind: Kind::VerifyEmail,
        from: "hello@example.com",
        from_name: None,
        reply_to: None,
        to: "ada@example.com",
        subject: "Grüße",
        text: "12345678",
        html: None,
        configuration_set: None,
    }
}

async fn send(fake: &Fake, letter: &Letter<'_>, ses: Option<&str>) -> Result<(), SendFault> {
    let aws = Aws {
        region: "eu-central-1".to_owned(),
        access_key_id: "id".to_owned(),
        secret_access_key: "key".to_owned(),
        session_token: None,
        endpoint: None,
        lambda: None,
        event_bridge: None,
        ses: ses.map(str::to_owned),
    };
    let services = Services::new(&aws, SharedHttpConnector::new(fake.clone()));
    services
        .send_mail(letter, Timestamp::from_millis(1_790_000_000_000))
        .await
}

/// The body of the only request.
async fn sent(letter: &Letter<'_>) -> Value {
    let fake = Fake {
        status: 200,
        body: "{\"MessageId\":\"1\"}",
        ..Fake::default()
    };
    assert_eq!(send(&fake, letter, None).await, Ok(()));
    let asked = fake.asked.lock().expect("a lock");
    assert_eq!(asked.len(), 1);
    let (url, authorization, body) = &asked[0];
    assert_eq!(
        url,
        "https://email.eu-central-1.amazonaws.com/v2/email/outbound-emails"
    );
    assert!(
        authorization.contains("/eu-central-1/ses/aws4_request"),
        "{authorization}"
    );
    body.clone()
}

#[tokio::test]
async fn a_mail_is_one_signed_request() {
    let part = |data: &str| json!({ "Data": data, "Charset": "UTF-8" });
    let content =
        json!({ "Simple": { "Subject": part("Grüße"), "Body": { "Text": part("12345678") } } });
    let mut expected = json!({
        "FromEmailAddress": "hello@example.com",
        "Destination": { "ToAddresses": ["ada@example.com"] },
        "ReplyToAddresses": [],
        "Content": content,
        "EmailTags": [{ "Name": "kind", "Value": "verify-email" }],
    });
    assert_eq!(sent(&letter()).await, expected);
    let full = Letter {
        from_name: Some("The Shop"),
        reply_to: Some("help@example.com"),
        html: Some("<p>"),
        configuration_set: Some("shop-mail"),
        ..letter()
    };
    expected["FromEmailAddress"] = json!("\"The Shop\" <hello@example.com>");
    expected["ReplyToAddresses"] = json!(["help@example.com"]);
    expected["Content"]["Simple"]["Body"]["Html"] = part("<p>");
    expected["ConfigurationSetName"] = json!("shop-mail");
    assert_eq!(sent(&full).await, expected);
}

#[tokio::test]
async fn an_endpoint_of_the_environment_takes_the_place_of_ses() {
    let fake = Fake {
        status: 200,
        ..Fake::default()
    };
    assert_eq!(
        send(&fake, &letter(), Some("http://127.0.0.1:8081/")).await,
        Ok(())
    );
    let asked = fake.asked.lock().expect("a lock");
    assert_eq!(asked[0].0, "http://127.0.0.1:8081/v2/email/outbound-emails");
}

#[test]
fn a_senders_name_is_quoted_or_encoded_and_never_ends_a_line() {
    let shown = |name: &str| sender("a@x.io", Some(name));
    for (name, expected) in [
        ("", "a@x.io"),
        (" \r\n ", "a@x.io"),
        (
            "The \"Shop\" \\ <b@x.io>",
            r#""The \"Shop\" \\ <b@x.io>" <a@x.io>"#,
        ),
        ("A\r\nBcc: b@x.io", r#""ABcc: b@x.io" <a@x.io>"#),
        ("Café", "=?UTF-8?B?Q2Fmw6k=?= <a@x.io>"),
    ] {
        assert_eq!(shown(name), expected, "{name}");
    }
    let long = shown(&"ä€".repeat(40));
    let words: Vec<&str> = long.split(' ').collect();
    assert_eq!(words.len(), 6, "{long}");
    let mut text = String::new();
    for word in words.iter().filter(|word| word.starts_with("=?")) {
        assert!(word.len() <= 75, "{word}");
        let inner = word.trim_start_matches("=?UTF-8?B?").trim_end_matches("?=");
        let bytes = STANDARD.decode(inner).expect("base64");
        text.push_str(&String::from_utf8(bytes).expect("whole characters"));
    }
    assert_eq!(text, "ä€".repeat(40));
}

#[tokio::test]
async fn an_address_that_is_none_is_not_sent_to() {
    let fake = Fake {
        status: 200,
        ..Fake::default()
    };
    for odd in [
        "ada@example.com\r\nBcc: b@x.io",
        "ada@example.com, b@x.io",
        "",
        "ada",
    ] {
        for letter in [
            Letter {
                to: odd,
                ..letter()
            },
            Letter {
                from: odd,
                ..letter()
            },
            Letter {
                reply_to: Some(odd),
                ..letter()
            },
        ] {
            let fault = send(&fake, &letter, None).await;
            assert!(
                matches!(fault, Err(SendFault::Never(_))),
                "{odd:?} {fault:?}"
            );
        }
    }
    assert!(fake.asked.lock().expect("a lock").is_empty());
}

#[tokio::test]
async fn a_refusal_is_for_now_or_for_ever() {
    for (status, error, body, later) in [
        (429, Some("TooManyRequestsException"), "{}", true),
        (400, Some("TooManyRequestsException:http://x/"), "", true),
        (400, None, r#"{"__type":"LimitExceededException"}"#, true),
        (
            400,
            None,
            r#"{"__type":"com.amazonaws#SendingPausedException"}"#,
            true,
        ),
        (500, None, "no JSON", true),
        (503, Some("MessageRejected"), "{}", true),
        (0, None, "", true),
        (400, Some("MessageRejected"), "{}", false),
        (400, Some("BadRequestException"), "{}", false),
        (400, Some("MailFromDomainNotVerifiedException"), "{}", false),
        (404, Some("NotFoundException"), "{}", false),
        (400, Some("AccountSuspendedException"), "{}", false),
        (403, Some("AccessDeniedException"), "{}", false),
        (400, None, "", false),
        (301, None, "", false),
    ] {
        let fake = Fake {
            status,
            error,
            body,
            ..Fake::default()
        };
        let fault = send(&fake, &letter(), None).await.expect_err("a refusal");
        assert_eq!(
            matches!(fault, SendFault::Later(_)),
            later,
            "{status} {error:?} {body}"
        );
    }
}

#[tokio::test]
async fn a_reason_names_the_error_and_not_the_recipient() {
    let fake = Fake {
        status: 400,
        error: Some("MessageRejected"),
        body: r#"{"message":"Email address is not verified:\n ada@example.com"}"#,
        ..Fake::default()
    };
    let fault = send(&fake, &letter(), None).await.expect_err("a refusal");
    let expected = "SES: 400 MessageRejected Email address is not verified: <recipient>";
    assert_eq!(fault.to_string(), expected);
}
