//! `template.yaml`: the hand-written base, one function per endpoint and one table per collection.

mod dashboard;
mod function;
mod http_api;
mod mail;
mod resource;
mod table;
mod worker;
mod yours;

use std::fmt::{self, Display, Formatter};

use api::consumers::{Source, WORKERS, Worker};
use api::endpoints::{Entry, PAGE, Variable};
use api::fingerprint::Fingerprints;
use api::project::Project;
use api::trigger::Trigger;
use api::{Definition, origin, tables};
use serde_yaml_ng::{Mapping, Value};

use self::resource::Resources;
pub use self::yours::Yours;
use crate::names;

/// The parts that the template has once, for any endpoints and collections.
const BASE: &str = include_str!("../base.yaml");

/// CloudFormation allows 500; the rest is for what a project adds by hand.
const MAX_RESOURCES: usize = 450;
const LIMIT: usize = 500;

/// How many collections the other limits leave room for.
const MAX_COLLECTIONS: usize = 110;

/// The sender of the plan with default settings.
const SENDER: &str = "mail@example.com";

/// Everything that a template is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The endpoints.
    pub page: &'a [&'a Entry],
    /// The workers.
    pub workers: &'a [&'static Worker],
    /// The collections.
    pub collections: &'a [&'a Definition],
    /// The triggers.
    pub triggers: &'a [Trigger],
    /// The marks of definitions and settings.
    pub fingerprints: &'a Fingerprints,
    /// Whether a rule asks workers to look for what is due.
    pub sweeps: bool,
    /// The address that mails come from, if there is mail.
    pub mail_from: Option<&'a str>,
    /// The owner's parts.
    pub yours: Option<&'a Yours>,
}

impl<'a> Plan<'a> {
    /// The plan of a project, with these collections of it.
    #[must_use]
    pub fn of(project: &'a Project, collections: &'a [&'a Definition]) -> Self {
        Self {
            sweeps: project.settings.events.consumers,
            mail_from: project.settings.mail.from.as_deref(),
            triggers: &project.triggers,
            ..Self::whole(collections, &project.fingerprints)
        }
    }

    /// The workers that the stack has: none sends mails where there is no sender.
    fn standing(&self) -> impl Iterator<Item = &'static Worker> {
        let has_mail = self.mail_from.is_some();
        let workers = self.workers.iter().copied();
        workers.filter(move |worker| has_mail || !worker.source.needs_mail())
    }

    /// The plan of every endpoint and worker, with default settings.
    #[must_use]
    pub fn whole(collections: &'a [&'a Definition], fingerprints: &'a Fingerprints) -> Self {
        Self {
            page: PAGE,
            workers: WORKERS,
            collections,
            triggers: &[],
            fingerprints,
            sweeps: true,
            mail_from: Some(SENDER),
            yours: None,
        }
    }
}

/// How many resources the deployed stack has, by the part that needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    functions: usize,
    collections: usize,
    streams: usize,
    fixed: usize,
    yours: usize,
}

impl Count {
    /// The resources of a stack.
    ///
    /// # Errors
    /// `infra/base.yaml` is not understood.
    pub fn of(plan: &Plan<'_>) -> Result<Self, String> {
        let mut base = base()?;
        let written_by_hand = Resources::of(&mut base)?.len();
        let extras = plan
            .standing()
            .map(|worker| worker::extras(worker, plan.sweeps));
        let mail = plan.mail_from.map_or(0, |_| mail::RESOURCES);
        let reading = plan.standing().filter(|it| it.source == Source::Streams);
        Ok(Self {
            functions: plan.page.len() + plan.standing().count(),
            collections: plan.collections.len(),
            streams: reading.count() * worker::streams(plan.collections).len(),
            // SAM makes the API's stage.
            fixed: written_by_hand
                + tables::ALL.len()
                + extras.sum::<usize>()
                + mail
                + dashboard::RESOURCES
                + 1,
            yours: plan.yours.map_or(0, Yours::len),
        })
    }

    /// All of them but the owner's: SAM makes a role for every function.
    #[must_use]
    pub fn total(self) -> usize {
        self.functions * 2 + self.collections + self.streams + self.fixed
    }
}

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} functions × 2 + {} collections × 1 + {} streams × 1 + {} fixed = {} resources",
            self.functions,
            self.collections,
            self.streams,
            self.fixed,
            self.total()
        )
    }
}

/// The resources of the stack and how many more it may have, as a line.
///
/// # Errors
/// One line: there are too many.
pub fn usage(plan: &Plan<'_>) -> Result<String, String> {
    let count = Count::of(plan)?;
    let all = count.total() + count.yours;
    if count.yours > 0 && all > LIMIT {
        return Err(format!(
            "The stack would have {all} resources, {} of them of {}; CloudFormation allows {LIMIT}.",
            count.yours,
            yours::FILE
        ));
    }
    match MAX_RESOURCES.checked_sub(count.total()) {
        Some(left) => Ok(format!(
            "The stack: {count}; {left} of {MAX_RESOURCES} are left."
        )),
        None => Err(format!(
            "The stack would have too many resources: {count}. CloudFormation allows 500, of which {MAX_RESOURCES} are \
             for the generated ones: remove collections or endpoints, or split them over two stacks."
        )),
    }
}

/// The file's text.
///
/// # Errors
/// One line: the limit of CloudFormation or IAM that is exceeded, and the remedy.
pub fn draw(plan: &Plan<'_>) -> Result<String, String> {
    let collections = plan.collections;
    if collections.len() > MAX_COLLECTIONS {
        return Err(format!(
            "There are {} collections, one stack has room for {MAX_COLLECTIONS}: split them over two stacks.",
            collections.len()
        ));
    }
    usage(plan)?;
    let mut template = base()?;
    add_pattern(&mut template)?;
    let mut resources = Resources::of(&mut template)?;
    for entry in plan.page {
        resources.add(
            names::function(entry.name),
            &function::function(entry, collections, plan.fingerprints)?,
        )?;
    }
    http_api::add_routes(resources.api()?, plan.page)?;
    for worker in plan.standing() {
        worker::add(&mut resources, worker, plan)?;
    }
    if let Some(from) = plan.mail_from {
        mail::add(&mut resources, from)?;
    }
    dashboard::add(&mut resources, plan)?;
    for system in tables::ALL {
        resources.add(
            names::system_table(system.name),
            &table::system_table(system),
        )?;
    }
    for collection in collections {
        resources.add(
            names::collection(&collection.name),
            &table::collection_table(collection),
        )?;
    }
    if let Some(from) = plan.mail_from {
        mail::add_choice(&mut template, from)?;
    }
    if let Some(yours) = plan.yours {
        yours.add_to(&mut template)?;
    }
    let text = write(&Value::Mapping(template))?;
    Ok(format!(
        "# Generated by cargo generate; edit infra/base.yaml, shared/api/src/endpoints.rs, shared/api/src/consumers.rs or\n\
         # collections/ instead.\n{text}"
    ))
}

/// Adds the grammar of origins to the parameter that takes them.
fn add_pattern(template: &mut Mapping) -> Result<(), String> {
    let parameter = Variable::AllowedOrigins.parameter();
    let parameter = template
        .get_mut("Parameters")
        .and_then(|parameters| parameters.get_mut(parameter))
        .and_then(Value::as_mapping_mut)
        .ok_or_else(|| format!("infra/base.yaml has no Parameters.{parameter}."))?;
    parameter.insert("AllowedPattern".into(), origin::parameter_pattern().into());
    Ok(())
}

fn base() -> Result<Mapping, String> {
    serde_yaml_ng::from_str(BASE).map_err(|error| format!("infra/base.yaml is not YAML: {error}"))
}

/// A template's text.
///
/// # Errors
/// It cannot be written as YAML.
pub(crate) fn write(template: &Value) -> Result<String, String> {
    let mut text = serde_yaml_ng::to_string(template)
        .map_err(|error| format!("Cannot write a template: {error}"))?;
    // Readers of YAML 1.1 read an unquoted version as a date.
    for version in ["2010-09-09", "2012-10-17"] {
        text = text.replace(
            &format!("Version: {version}\n"),
            &format!("Version: '{version}'\n"),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
