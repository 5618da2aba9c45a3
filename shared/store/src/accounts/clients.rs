//! Wrong secrets of service accounts, counted by source.

use api::Error;
use auth::proof::Asking;
use auth::throttle::{Refused, place, source};

use super::tally::Counter;
use super::throttle::Counted;
use crate::tables::Store;

impl Store {
    /// Counts a wrong secret of a service account by its source, and returns the refusal to tell: this one, or that one has to
    /// wait. A good secret is never refused, since 256 bits cannot be guessed. 1 WRU, and as much again and a hop for a source
    /// that has failed of late.
    pub async fn refuse_client(&self, asking: &Asking<'_>, refusal: Error) -> Error {
        match self.count_client(asking).await {
            Ok(Ok(_)) => refusal,
            Ok(Err(refused)) => refused.error(asking.now),
            Err(fault) => fault,
        }
    }

    async fn count_client(&self, asking: &Asking<'_>) -> Result<Result<Counted, Refused>, Error> {
        let from = self
            .keys()
            .await?
            .pseudonym("source", &place(asking.source));
        let counter = Counter {
            key: format!("client#{from}"),
            source: String::new(),
            limits: source(&asking.settings.throttle),
            mark: asking.mark,
            note: None,
        };
        self.count_attempt(counter, None, asking.now).await
    }
}
