//! `$default`: answers every path and method that no endpoint has, in the one error shape.

use std::process::ExitCode;

use api::endpoints::Fallback;
use api::{Code, Error};
use runtime::{Call, Reply};

fn main() -> ExitCode {
    runtime::serve(Fallback, fallback)
}

/// Never runs: the routing decision refuses every request that the page does not know.
async fn fallback((): &(), _: Call<Fallback>) -> Result<Reply<Fallback>, Error> {
    Err(Code::NotFound.into())
}
