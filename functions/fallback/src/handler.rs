use api::endpoints::Fallback;
use api::{Code, Error};
use runtime::{Call, Reply};

/// Never reached but by a request that the page does not know: the routing decision has refused it by then.
pub(crate) async fn fallback((): &(), _: Call<Fallback>) -> Result<Reply<Fallback>, Error> {
    Err(Code::NotFound.into())
}
