//! The page of the mailbox. It has no script, and the HTML of a mail stays in a frame that has no rights.

use std::fmt::Write as _;

use super::message::{Message, is_address};

/// The policy of the page, which the frames of its mails inherit. Mails have styles in their elements.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Mailbox</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48em; margin: 2em auto; padding: 0 1em; }
article { border: 1px solid #999; border-radius: 4px; padding: 0 1em 1em; margin: 1em 0; }
h2 { font-size: 1.1em; margin-bottom: 0; }
code { font-size: 1.5em; letter-spacing: .1em; user-select: all; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
iframe { width: 100%; height: 32em; border: 1px solid #ccc; background: #fff; }
a { overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Mailbox</h1>
";

/// The page with these mails.
pub(super) fn page(messages: &[Message]) -> String {
    let mut page = HEAD.to_owned();
    let _ = writeln!(
        page,
        "<p>{} mails, newest first; <a href=\"/\">look again</a>, or <a href=\"/messages\">as JSON</a>.</p>",
        messages.len()
    );
    for message in messages {
        article(&mut page, message);
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn article(page: &mut String, message: &Message) {
    let shown = [&message.subject, &message.kind, &message.from, &message.to];
    let [subject, kind, from, to] = shown.map(|text| escaped(text));
    let _ = writeln!(
        page,
        "<article>\n<h2>{subject}</h2>\n<p>{kind} · {} · from {from} to {to}</p>",
        message.at
    );
    if let Some(code) = &message.code {
        let _ = writeln!(page, "<p><code>{}</code></p>", escaped(code));
    }
    if let Some(link) = message.link.as_deref().filter(|link| is_address(link)) {
        let link = escaped(link);
        let _ = writeln!(
            page,
            "<p><a href=\"{link}\" target=\"_blank\" rel=\"noopener noreferrer\">{link}</a></p>"
        );
    }
    let _ = writeln!(page, "<pre>{}</pre>", escaped(&message.text));
    if let Some(html) = &message.html {
        // A link of the mail opens beside this page, since no app lets itself be framed.
        let whole = format!("<base target=\"_blank\">{html}");
        let _ = writeln!(
            page,
            "<iframe title=\"HTML\" loading=\"lazy\" \
             sandbox=\"allow-popups allow-popups-to-escape-sandbox\" srcdoc=\"{}\"></iframe>",
            escaped(&whole)
        );
    }
    page.push_str("</article>\n");
}

/// A text that is no markup, in an element or an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
