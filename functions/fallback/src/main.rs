//! `$default`: answers every path and method that no endpoint has, in the one error shape.

mod handler;

use std::process::ExitCode;

use api::endpoints::Fallback;

fn main() -> ExitCode {
    runtime::serve(
        Fallback,
        collections::exists,
        async |_| Ok(()),
        handler::fallback,
    )
}
