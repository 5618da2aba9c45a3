//! Asynchronous invocations of workers.

use api::{Error, Timestamp};
use serde_json::Value;

use crate::signed::{Services, Unsigned};

/// The status of an accepted invocation.
const ACCEPTED: u16 = 202;

impl Services {
    /// Asks Lambda to run a function, by its deployed name, and does not wait for it.
    ///
    /// # Errors
    /// `common/unavailable` when Lambda is away or refuses, which the sweep makes up for.
    pub async fn invoke(
        &self,
        function: &str,
        payload: &Value,
        now: Timestamp,
    ) -> Result<(), Error> {
        let request = Unsigned {
            service: "lambda",
            url: format!(
                "{}/2015-03-31/functions/{function}/invocations",
                self.lambda
            ),
            headers: &[
                ("content-type", "application/json"),
                ("x-amz-invocation-type", "Event"),
            ],
            body: payload.to_string(),
        };
        match self.send(request, now).await?.status {
            ACCEPTED => Ok(()),
            status => Err(Error::unavailable(format!(
                "Lambda has refused to run {function}: {status}"
            ))),
        }
    }
}
