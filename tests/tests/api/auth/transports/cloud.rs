//! Cookies in the cloud, and how events carry them.

use super::*;

#[test]
fn an_event_may_list_its_cookies_or_have_them_in_a_header() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let refresh = |event: Event| inside.invoke("refresh", &event.header("origin", OURS));
    let event = || Event::new("POST", REFRESH);
    let listed = event()
        .cookie("theme=dark")
        .cookie(&format!("refresh={}", session()))
        .cookie("a=b");
    let _ = kept(&refresh(listed).expect(200));
    let _ = kept(
        &refresh(event().header("cookie", &format!("a=b; refresh={}", session()))).expect(200),
    );
    let token = session();
    let both = event()
        .cookie(&format!("refresh={token}"))
        .header("cookie", &format!("refresh={token}"));
    let _ = kept(&refresh(both).expect(200));
}

/// The deployed setting: `__Host-refresh`, and the origins that the template's parameter names.
struct Cloud<'a> {
    apart: Apart<'a>,
    login: Instance<'a>,
}

impl<'a> Cloud<'a> {
    fn new() -> Option<Self> {
        let apart = Apart::new(stack().inside()?);
        let register = apart.function("register", "cloud", &[]);
        let login = apart.function("login", "cloud", &CLOUD);
        let _ = apart.ask(
            &register,
            &Event::new("POST", "/api/auth/register").json(&credentials("a@example.com")),
        );
        Some(Self { apart, login })
    }

    /// A new session's `Set-Cookie` header.
    fn begin(&self, login: &Instance<'_>) -> String {
        let event = Event::new("POST", LOGIN).json(&credentials("a@example.com"));
        let reply = self
            .apart
            .ask(login, &event.header("x-refresh-token-mode", "cookie"))
            .expect(200);
        assert_eq!(reply.json().get("refreshToken"), None);
        reply.header("set-cookie").unwrap_or_default().to_owned()
    }
}

fn value(cookie: &str) -> &str {
    cookie
        .strip_prefix("__Host-refresh=")
        .and_then(|rest| rest.split_once(';'))
        .map_or("", |(value, _)| value)
}

#[test]
fn in_the_cloud_the_cookie_is_tied_to_its_host_and_to_named_origins() {
    let Some(cloud) = Cloud::new() else { return };
    let refresh = |origins: &str| {
        let env = [&CLOUD[..], &[("BAKEND_CORS_ALLOWED_ORIGINS", origins)]].concat();
        cloud.apart.function("refresh", "cloud", &env)
    };
    let set = cloud.begin(&cloud.login);
    let shown = set.replacen(value(&set), "<token>", 1);
    let (before, after) = shown.split_once("Max-Age=").unwrap();
    let (age, after) = after.split_once(';').unwrap();
    assert_eq!(
        (before, after),
        (
            "__Host-refresh=<token>; ",
            " Path=/; HttpOnly; Secure; SameSite=Lax"
        )
    );
    assert!(WEEK.contains(&age.parse().unwrap()), "{age}");

    let event = |origin: &str, cookie: &str| {
        Event::new("POST", REFRESH)
            .header("origin", origin)
            .cookie(cookie)
    };
    let pair = format!("__Host-refresh={}", value(&set));
    let app = "https://app.example.com";
    // A star allows no origin by name; an unset variable does not even allow localhost.
    for (origins, origin) in [
        ("*", app),
        ("*", "*"),
        ("", "http://localhost:3000"),
        ("https://other.example.com", app),
    ] {
        of_no_origin_of_ours(&refresh(origins).invoke(&event(origin, &pair)));
    }
    let ours = refresh("https://other.example.com,https://app.example.com");
    invalid(
        &ours.invoke(&event(app, &pair.replace("__Host-", ""))),
        &[("refreshToken", "required")],
    );
    let reply = ours.invoke(&event(app, &pair)).expect(200);
    assert!(
        reply
            .header("set-cookie")
            .is_some_and(|set| set.starts_with("__Host-refresh=") && value(set).len() > 43)
    );
    // In the cloud the gateway adds the CORS headers.
    assert_eq!(reply.header("access-control-allow-origin"), None);
    let reply = ours.invoke(&event(app, "__Host-refresh=garbage"));
    wrong_refresh_token(&reply);
    let end = "__Host-refresh=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax";
    assert_eq!(reply.header("set-cookie"), Some(end));
}

#[test]
fn for_apps_on_another_site_the_cookie_goes_everywhere() {
    let Some(cloud) = Cloud::new() else { return };
    let elsewhere = [&CLOUD[..], &[("BAKEND_AUTH_COOKIE_SAME_SITE", "none")]].concat();
    let set = cloud.begin(&cloud.apart.function("login", "none", &elsewhere));
    assert!(
        set.starts_with("__Host-refresh=") && set.ends_with("; HttpOnly; Secure; SameSite=None"),
        "{set}"
    );
    let with_origins = [
        &elsewhere[..],
        &[("BAKEND_CORS_ALLOWED_ORIGINS", "https://app.example.org")],
    ]
    .concat();
    let refresh = cloud.apart.function("refresh", "none", &with_origins);
    let event = Event::new("POST", REFRESH).cookie(&format!("__Host-refresh={}", value(&set)));
    of_no_origin_of_ours(&refresh.invoke(&event.clone().header("origin", EVIL)));
    of_no_origin_of_ours(&refresh.invoke(&event));
    let reply = refresh
        .invoke(&event.header("origin", "https://app.example.org"))
        .expect(200);
    assert!(
        reply
            .header("set-cookie")
            .is_some_and(|set| set.ends_with("SameSite=None"))
    );
}

#[test]
fn a_page_sees_replies_with_its_cookie_where_its_origin_is_named() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let event = |origin: &str| {
        Event::new("POST", REFRESH)
            .header("origin", origin)
            .cookie("refresh=garbage")
    };
    let headers = |reply: &Reply| {
        [
            "access-control-allow-origin",
            "access-control-allow-credentials",
        ]
        .map(|name| reply.header(name).map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    let named = inside.variant(
        "refresh",
        "named",
        1,
        &[("BAKEND_CORS_ALLOWED_ORIGINS", "https://app.example.com")],
    );
    let app = "https://app.example.com";
    assert_eq!(
        headers(&named.invoke(&event(app))),
        [some(app), some("true")]
    );
    assert_eq!(headers(&named.invoke(&event(EVIL))), [None, None]);
    let star = inside.variant(
        "refresh",
        "star",
        1,
        &[("BAKEND_CORS_ALLOWED_ORIGINS", "*")],
    );
    let reply = star.invoke(&event(EVIL));
    of_no_origin_of_ours(&reply);
    assert_eq!(headers(&reply), [some("*"), None]);
}
