//! Which URLs are fit, by their text.

use crate::{MAX_URL, Reach, Target, Unfit};

#[test]
fn a_url_is_judged_by_its_text() {
    use Unfit::{Fragment, Malformed, Port, Scheme, TooLong, UserInfo};
    let long = |length: usize| format!("https://a.example/{}", "x".repeat(length - 18));
    let both = |unfit: Option<Unfit>| (unfit, unfit);
    let cases = [
        ("https://a.example", both(None)),
        ("https://a.example/hook?key=1&a=b", both(None)),
        ("HTTPS://A.example/", both(None)),
        ("https://a.example:443/", both(None)),
        ("https://a.example:1024/", both(None)),
        ("https://a.example:65535/", both(None)),
        ("https://8.8.8.8/", both(None)),
        ("https://[2606:4700::1111]:8443/", both(None)),
        ("https://m\u{fc}nchen.example/", both(None)),
        ("https://a.example:80/", (Some(Port), None)),
        ("https://a.example:22/", both(Some(Port))),
        ("https://a.example:1023/", both(Some(Port))),
        ("https://a.example:0/", both(Some(Port))),
        ("https://a.example:65536/", both(Some(Malformed))),
        ("http://a.example/", (Some(Scheme), None)),
        ("http://a.example:8080/", (Some(Scheme), None)),
        ("http://a.example:25/", (Some(Scheme), Some(Port))),
        ("ftp://a.example/", both(Some(Scheme))),
        ("file:///etc/passwd", both(Some(Scheme))),
        ("gopher://a.example/", both(Some(Scheme))),
        ("javascript:alert(1)", both(Some(Malformed))),
        ("https:a.example", both(Some(Malformed))),
        ("https:/a.example", both(Some(Malformed))),
        ("https:///a.example", both(Some(Malformed))),
        ("https:\\\\a.example", both(Some(Malformed))),
        ("https://a.example\\@b.example/", both(Some(Malformed))),
        ("https://", both(Some(Malformed))),
        ("https://?a", both(Some(Malformed))),
        ("", both(Some(Malformed))),
        ("a.example", both(Some(Malformed))),
        ("//a.example", both(Some(Malformed))),
        (" https://a.example", both(Some(Malformed))),
        ("https://a.example/\r\nx: y", both(Some(Malformed))),
        ("https://a.exam\tple/", both(Some(Malformed))),
        ("https://a.example/\0", both(Some(Malformed))),
        ("https://a b.example/", both(Some(Malformed))),
        ("https://user@a.example/", both(Some(UserInfo))),
        ("https://user:pass@a.example/", both(Some(UserInfo))),
        ("https://@a.example/", both(Some(UserInfo))),
        ("https://8.8.8.8@127.0.0.1/", both(Some(UserInfo))),
        ("https://a.example/#", both(Some(Fragment))),
        ("https://a.example/#x", both(Some(Fragment))),
    ]
    .into_iter()
    .map(|(text, expected)| (text.to_owned(), expected))
    .chain([
        (long(MAX_URL), both(None)),
        (long(MAX_URL + 1), both(Some(TooLong))),
    ]);
    for (text, (public, anywhere)) in cases {
        for (reach, expected) in [(Reach::Public, public), (Reach::Anywhere, anywhere)] {
            let parsed = Target::parse(&text, reach);
            assert_eq!(parsed.as_ref().err(), expected.as_ref(), "{text} {reach:?}");
            if let Ok(target) = parsed {
                assert_eq!(target.as_str(), text);
            }
        }
    }
}

#[test]
fn what_is_sent_names_host_and_path() {
    for (text, authority, path) in [
        ("https://A.Example", "a.example", "/"),
        ("https://a.example:443/x?y=%0d", "a.example", "/x?y=%0d"),
        ("https://a.example:8443/?", "a.example:8443", "/?"),
        (
            "https://[::1]:8443/a b".trim_end_matches(" b"),
            "[::1]:8443",
            "/a",
        ),
    ] {
        let target = Target::parse(text, Reach::Public).expect(text);
        assert_eq!(
            (target.authority(), target.path()),
            (authority.into(), path.into())
        );
    }
}
