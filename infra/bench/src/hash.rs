//! The time of a password's hash in a login, beside the plain call of the library.

use std::time::Instant;

use crate::figures::{median, ms, ratio, table};
use crate::world::{COST, Function, MEMBER, World, answering};

/// The cost whose hash is measured: the default.
const DEAR: &str = "10";

/// How many logins and calls are measured, and how many go before them: the first renews the stored hash.
const COUNTED: usize = 21;
const BEFORE: usize = 3;

/// Measures both, and writes the table. The rest of a login is taken away: it costs the same with a cheap hash.
///
/// # Errors
/// One line: a login fails.
pub(crate) fn report(world: &World) -> Result<String, String> {
    let [login, plain] = [
        logins(world, DEAR)? - logins(world, COST)?,
        calls(DEAR)? - calls(COST)?,
    ];
    let cell = |value: f64| format!("{value:.2}");
    let head = [
        "a hash at cost 10 less one at cost 4, ms",
        "in a login",
        "the library's call",
        "ratio",
    ];
    let row = vec![
        format!("median of {COUNTED}"),
        cell(login),
        cell(plain),
        ratio(Some(login), Some(plain)),
    ];
    Ok(table(&[head.map(str::to_owned).to_vec(), row]))
}

/// The milliseconds of a login at this cost.
fn logins(world: &World, cost: &str) -> Result<f64, String> {
    let variables = [("BAKEND_AUTH_BCRYPT_COST", cost)];
    let name = answering("POST", "/api/auth/login")?;
    let function = Function::start(world, name, &[], &variables)?;
    function.api.polled()?;
    let mut times = Vec::new();
    for _ in 0..BEFORE + COUNTED {
        times.push(ms(function.ask(&world.login(), 200)?.time));
    }
    typical(times)
}

/// The milliseconds of a verification at this cost.
fn calls(cost: &str) -> Result<f64, String> {
    let said = |error: &dyn std::fmt::Display| format!("bcrypt: {error}");
    let cost = cost.parse().map_err(|error| said(&error))?;
    let stored = bcrypt::hash_with_salt(MEMBER[1], cost, [7; 16])
        .map_err(|error| said(&error))?
        .to_string();
    let mut times = Vec::new();
    for _ in 0..BEFORE + COUNTED {
        let started = Instant::now();
        if !bcrypt::verify(MEMBER[1], &stored).map_err(|error| said(&error))? {
            return Err("bcrypt refuses its own hash".to_owned());
        }
        times.push(ms(started.elapsed()));
    }
    typical(times)
}

fn typical(mut times: Vec<f64>) -> Result<f64, String> {
    median(times.split_off(BEFORE)).ok_or_else(|| "nothing was measured".to_owned())
}
