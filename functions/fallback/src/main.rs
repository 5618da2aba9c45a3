//! `$default`: answers every path and method that no endpoint has, in the one error shape.

use std::process::ExitCode;

use api::endpoints::Fallback;
use api::{Code, Error};
use runtime::{Call, Reply};

fn main() -> ExitCode {
    runtime::serve(Fallback, fallback)
}

/// Never reached but by a request that the page does not know: the routing decision has refused it by then.
async fn fallback((): &(), _: Call<Fallback>) -> Result<Reply<Fallback>, Error> {
    Err(Code::NotFound.into())
}
