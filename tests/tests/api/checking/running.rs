//! A check beside requests: it tells nothing that was only under way, and harms nothing.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use super::*;

#[test]
fn requests_that_run_meanwhile_are_no_contradictions() {
    let Some(scene) = Scene::open() else { return };
    let delete = scene.apart.function("records-delete", "checking", &[]);
    let (ends, made) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        let writer = |at: u32| {
            let (scene, ends, made, delete) = (&scene, &ends, &made, &delete);
            move || {
                let token = text(&scene.admin["accessToken"]);
                // Bounded, so that a check that fails ends the test.
                for n in 0_u32..200 {
                    if ends.load(Ordering::Relaxed) {
                        return;
                    }
                    let _ = scene.user(&json!({ "badge": n * 2 + at + 1 }));
                    let product = scene.product(&format!("W{at}-{n}"), n);
                    if n % 2 == 0 {
                        let path = format!("/api/products/{product}");
                        let event = Event::new("DELETE", &path).token(&token);
                        let _ = scene.apart.ask(delete, &event).expect(204);
                    }
                    made.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let writers = [0, 1].map(|at| scope.spawn(writer(at)));
        let mut looks = Vec::new();
        while looks.len() < 6 || made.load(Ordering::Relaxed) < 12 {
            let repairs: &[&str] = if looks.len() % 2 == 0 {
                &[]
            } else {
                &["--repair"]
            };
            looks.push(scene.check(repairs));
        }
        ends.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        for (done, lines) in looks {
            assert!(done && lines.len() == 1, "{lines:#?}");
        }
    });
    scene.assert_clean(&[]);
}
