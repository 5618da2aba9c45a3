//! `GET /api/auth/pages/{page}`: shows the page that the link of a mail leads to. It changes nothing.

mod fill;
mod page;
mod words;

use std::iter;
use std::process::ExitCode;

use api::endpoints::Pages;
use api::{Code, Error};
use auth::proof::Link;
use auth::sealing;
use runtime::{Call, Reply};
use store::Store;

use page::Page;
use words::Language;

/// The most bytes of a token.
const MAX_TOKEN: usize = 512;

fn main() -> ExitCode {
    runtime::serve(Pages, show)
}

/// Opens the token of the link, and shows the page of its purpose with the masked address. Garbage makes no request.
async fn show(store: &Store, call: Call<Pages>) -> Result<Reply<Pages>, Error> {
    let page = Page::parse(call.segment("{page}")).ok_or(Code::NotFound)?;
    let settings = call.settings;
    let parameters = call.query(&["token"]).unwrap_or_default();
    let token: Option<&str> = parameters.get("token").map(AsRef::as_ref);
    let token = token.filter(|it| it.len() <= MAX_TOKEN && sealing::number(it).is_some());
    let link = match token {
        Some(token) => {
            let keys = store.sealing_keys(iter::once(token)).await?;
            let link = Link::for_purpose(&keys, page.purpose(), token, call.now);
            link.map(|link| (token, link.page))
        }
        None => None,
    };
    Ok(match link {
        Some((token, link)) => Reply::page(page::show(page, token, &link, settings)?),
        None => {
            let language = Language::of(&settings.mail.locale);
            Reply::refusing(Code::InvalidCode, page::refuse(language, settings))
        }
    })
}
