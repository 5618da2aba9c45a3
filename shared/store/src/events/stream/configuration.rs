//! Configuration that changes at run time: templates of mails, and settings of providers. The marks of operators are among
//! it. They tell of keys, of attempts that were cleared, and of tables that were taken back or repaired.

use std::collections::BTreeSet;

use api::event::{Envelope, Event, KeyStep, Kind, Subject, subjects};
use api::mail::template_of;
use api::settings::PROVIDER;
use serde_json::{Map, Value};

use super::draft::Write;
use super::image::Image;
use super::stamp::Stamp;
use super::world::Unfit;
use crate::accounts::clearing::CLEARED_USER;
use crate::key_pairs::{KID, STEP};
use crate::mail_templates::PARTS;
use crate::operator::deeds::{KIND, TOLD};

/// The events of a write to `_configuration`. The removal of an item, which no request makes, tells nothing.
pub(super) fn events_of(write: &Write<'_, '_>) -> Result<Vec<Envelope>, Unfit> {
    let id = write.needed("id", write.key().text("id"))?;
    if let (Some(name), Some(new)) = (id.strip_prefix(PROVIDER), write.after()) {
        return provider_changed(write, name, new);
    }
    if id == subjects::TOKEN_KEYS {
        return of_keys(write);
    }
    if id == subjects::THROTTLE {
        return of_throttle(write);
    }
    if let Some(table) = id.strip_prefix(subjects::TABLE) {
        return of_table(write, table);
    }
    let (Some((kind, locale)), Some(new)) = (template_of(id), write.after()) else {
        return Ok(Vec::new());
    };
    let changed = changed(write.before(), new);
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let change = write.needed("change", new.map("change"))?;
    let at = write.needed("change.at", change.time("at"))?;
    let event = Event::TemplateChanged {
        kind,
        locale: locale.to_owned(),
        changed,
    };
    let subject = Subject::template(kind, locale);
    Ok(vec![write.event(Stamp::read(&change, at), subject, event)])
}

/// The event of a provider's settings, which are one text, or of its secret. Other attributes tell nothing.
fn provider_changed(
    write: &Write<'_, '_>,
    name: &str,
    new: &Image,
) -> Result<Vec<Envelope>, Unfit> {
    let settings = |image: Option<&Image>| {
        let text = image?.text("settings")?;
        match api::value::parse(text).ok()? {
            Value::Object(settings) => Some(settings),
            _ => None,
        }
    };
    let changed = match (settings(write.before()), settings(Some(new))) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec!["deleted".to_owned()],
        (before, Some(after)) => {
            let before = before.unwrap_or_default();
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            let value = |of: &Map<String, Value>, name: &str| {
                let value = of.get(name).filter(|value| !value.is_null());
                value.cloned()
            };
            let differ = names.into_iter();
            let differ = differ.filter(|it| value(&before, it) != value(&after, it));
            let set_at = |image: Option<&Image>| image?.number("secret_at");
            let is_set = set_at(write.before()) != set_at(Some(new));
            let secret = is_set.then(|| "clientSecret".to_owned());
            let told_by = |image: Option<&Image>| image?.text("discovery").map(ToOwned::to_owned);
            let is_discovered = told_by(write.before()) != told_by(Some(new));
            let discovery = is_discovered.then(|| "discovery".to_owned());
            differ.cloned().chain(secret).chain(discovery).collect()
        }
    };
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let change = write.needed("change", new.map("change"))?;
    let at = write.needed("change.at", change.time("at"))?;
    let event = Event::ProviderChanged {
        provider: name.to_owned(),
        changed,
    };
    let subject = Subject::provider(name);
    Ok(vec![write.event(Stamp::read(&change, at), subject, event)])
}

/// The event of a step of the rotation of keys: the item is the mark of the newest one.
fn of_keys(write: &Write<'_, '_>) -> Result<Vec<Envelope>, Unfit> {
    let Some(new) = write.after() else {
        return Ok(Vec::new());
    };
    let change = write.needed("change", new.map("change"))?;
    let at = write.needed("change.at", change.time("at"))?;
    let step = new.text(STEP).and_then(KeyStep::parse);
    let event = Event::KeysRotated {
        kid: write.needed(KID, new.text(KID))?.to_owned(),
        step: write.needed(STEP, step)?,
    };
    let subject = Subject::token_keys();
    Ok(vec![write.event(Stamp::read(&change, at), subject, event)])
}

/// The event of attempts that an operator has cleared: the item is the mark of the newest clearing.
fn of_throttle(write: &Write<'_, '_>) -> Result<Vec<Envelope>, Unfit> {
    let Some(new) = write.after() else {
        return Ok(Vec::new());
    };
    let change = write.needed("change", new.map("change"))?;
    let at = write.needed("change.at", change.time("at"))?;
    let user_id = new.id(CLEARED_USER);
    let subject = user_id.map_or_else(Subject::throttle, Subject::user);
    let event = Event::ThrottleCleared { user_id };
    Ok(vec![write.event(Stamp::read(&change, at), subject, event)])
}

/// The event of a table that an operator has taken back or repaired: the item is the mark of the newest deed.
fn of_table(write: &Write<'_, '_>, table: &str) -> Result<Vec<Envelope>, Unfit> {
    let Some(new) = write.after() else {
        return Ok(Vec::new());
    };
    let change = write.needed("change", new.map("change"))?;
    let at = write.needed("change.at", change.time("at"))?;
    let kind = new.text(KIND).and_then(|kind| kind.parse::<Kind>().ok());
    let is_deed = |kind: &Kind| matches!(kind, Kind::TableRecovered | Kind::TableRepaired);
    let kind = write.needed(KIND, kind.filter(is_deed))?;
    let told = new.text(TOLD).and_then(|told| api::value::parse(told).ok());
    let told = write.needed(TOLD, told)?;
    let event = Event::read(kind, told).map_err(|problem| write.unfit(&problem))?;
    let subject = Subject::table(table);
    Ok(vec![write.event(Stamp::read(&change, at), subject, event)])
}

/// The names of the parts that differ; of a template that was taken back, `deleted`.
fn changed(old: Option<&Image>, new: &Image) -> Vec<String> {
    let is_there = |image: &Image| image.has(PARTS[0]);
    if !is_there(new) {
        let was_there = old.is_some_and(is_there);
        return was_there
            .then(|| "deleted".to_owned())
            .into_iter()
            .collect();
    }
    let changed = Image::changed(Some(new), old);
    let parts = PARTS.iter().filter(|part| changed.contains_key(**part));
    parts.map(|part| (*part).to_owned()).collect()
}
