//! A rotation while clients call: none of them hears a 401, whichever instance answers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use blackbox::{Instance, stack};

use super::world::*;

const CLIENTS: usize = 6;

/// The requests of a kind, at least.
const REQUESTS: usize = 1500;

/// The clients' work so far.
#[derive(Default)]
struct Work {
    ends: AtomicBool,
    requests: AtomicUsize,
    /// How often each client has a new token.
    rounds: [AtomicUsize; CLIENTS],
    refused: Mutex<Vec<String>>,
}

impl Work {
    /// Waits until every client has another token than now, twice: the one in use is then by the key of now.
    fn pass(&self) {
        let before = self.rounds.each_ref().map(|it| it.load(Ordering::Relaxed));
        for (rounds, before) in self.rounds.iter().zip(before) {
            while rounds.load(Ordering::Relaxed) < before + 2 && self.is_well() {
                thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn is_well(&self) -> bool {
        self.refused.lock().unwrap().is_empty()
    }
}

/// A client that calls with its token for a while, and takes another before that expires.
fn call(
    world: &World<'_>,
    (me, refresh): (&Instance<'_>, &Instance<'_>),
    mut member: Member,
    (work, place): (&Work, usize),
) {
    while !work.ends.load(Ordering::Relaxed) && work.is_well() {
        for _ in 0..9 {
            let reply = world.ask(me, &get_me(&member.access));
            work.requests.fetch_add(1, Ordering::Relaxed);
            if reply.status != 200 {
                let header = member.access.split('.').next().unwrap_or_default();
                let told = format!("{} {} for {header}", reply.status, reply.text());
                work.refused.lock().unwrap().push(told);
                return;
            }
        }
        member = world.refreshes(refresh, &member);
        work.requests.fetch_add(1, Ordering::Relaxed);
        work.rounds[place].fetch_add(1, Ordering::Relaxed);
    }
}

fn rotate_under_load(name: &'static str) {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = &World::new(inside, name);
    let register = world.start("register", &[]);
    let pair = || {
        (
            world.start("me-get", &[AGE]),
            world.start("refresh", &[AGE]),
        )
    };
    let (instances, work) = ([pair(), pair(), pair()], &Work::default());
    // They come back after each step with a refresh token from before the first.
    let absent = [(); 3].map(|()| world.registers(&register));
    thread::scope(|scope| {
        for place in 0..CLIENTS {
            let member = world.registers(&register);
            let (me, refresh) = &instances[place % instances.len()];
            scope.spawn(move || call(world, (me, refresh), member, (work, place)));
        }
        work.pass();
        let steps = [
            (PUBLISHED, "published"),
            (PROMOTED, "signs"),
            (DROPPED, "dropped"),
        ];
        for ((offset, told), absent) in steps.into_iter().zip(&absent) {
            world.turn(offset, &[], told);
            let (me, refresh) = &instances[0];
            let back = world.refreshes(refresh, absent);
            assert_eq!(world.status(me, &back.access), 200, "{name}, {told}");
            // Everybody looks at the keys within their age, and has then a token of them.
            thread::sleep(Duration::from_millis(1500));
            work.pass();
        }
        while work.requests.load(Ordering::Relaxed) < REQUESTS && work.is_well() {
            thread::sleep(Duration::from_millis(20));
        }
        work.ends.store(true, Ordering::Relaxed);
    });
    let refused = work.refused.lock().unwrap();
    assert_eq!(*refused, Vec::<String>::new(), "{name}");
    assert!(work.requests.load(Ordering::Relaxed) >= REQUESTS);
}

#[test]
fn no_client_hears_a_401_while_a_secret_is_rotated() {
    rotate_under_load("HS256");
}

#[test]
fn no_client_hears_a_401_while_a_key_pair_is_rotated() {
    rotate_under_load("ES256");
}
