#![allow(missing_docs, clippy::unwrap_used)]
use blackbox::{stack, Event};
use local::proxy::hops;
use serde_json::json;
use std::time::{Duration,Instant};

#[test]
fn smoke() {
    let t = Instant::now();
    let stack = stack();
    println!("stack {:?}", t.elapsed());
    println!("{:?}", stack.stranger().get("/api/health"));
    println!("{:?}", stack.stranger().send("TRACE", "/api/health", &[], None));
    println!("{:?}", stack.stranger().send("DELETE", "/api/health", &[], Some(b"{}")));
    let email = blackbox::fresh_email();
    let r = stack.stranger().post("/api/auth/register", &json!({"email": email, "password": blackbox::PASSWORD}));
    println!("{} {}", r.status, r.text());
    let inside = stack.inside().unwrap();
    println!("denied {:?}", inside.proxy.denied());
    println!("{}", inside.logs(Some("register")));
    let v = inside.variant("register", "cost", 1, &[]);
    v.settle();
    inside.proxy.delay(&v.key, Duration::from_millis(40));
    let r = v.invoke(&Event::new("POST", "/api/auth/register").json(&json!({"email": blackbox::fresh_email(), "password": "12345678"})));
    println!("{} {}", r.status, r.text());
    let calls = v.calls();
    for c in &calls { println!("{} {} {} {} {:?}", c.operation, c.read, c.write, c.status, c.parts); }
    println!("hops {} log {}", hops(&calls), v.log());
    let m = stack.member();
    let r = m.post("/api/posts", &json!({"title":"x"}));
    println!("{} {}", r.status, r.text());
    let r = m.get("/api/posts"); println!("{} {}", r.status, r.text());
    println!("admin {}", stack.admin().user);
    println!("unused {:#?}", inside.proxy.unused_grants());
    println!("total {:?}", t.elapsed());
}
