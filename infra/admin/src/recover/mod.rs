//! `cargo admin recover`: takes a table of a running stack back to a point in time.

mod aws;
mod plan;

use api::Timestamp;
use api::settings::Settings;
use api::tables::{SESSIONS, USERS};
use clap::Args;
use store::{Copied, Recovery, Step, Store};

use self::aws::Aws;
use self::plan::{Plan, Source};
use crate::user::writer;
use crate::{check, now, say, words};

/// The table, and where its items come from.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The table, as `status` names it: a collection, or such as `_users`.
    #[arg(long)]
    table: String,
    /// The time to go back to, such as 2026-11-29T12:00:00Z, within the last 35 days.
    #[arg(long, value_name = "TIME", value_parser = time, required_unless_present = "from")]
    at: Option<Timestamp>,
    /// Instead, a table in the same region that has the items, by its whole name: one restored from a backup of yours.
    #[arg(long, value_name = "TABLE", conflicts_with = "at")]
    from: Option<String>,
    /// Do it. Without this the plan is printed, and nothing else.
    #[arg(long)]
    yes: bool,
    /// Have the other table made and the items compared, and write nothing.
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

/// The stack that the command works on: its region, and whether it is the local one.
#[derive(Clone, Copy)]
pub(crate) struct Where<'a> {
    pub(crate) region: &'a str,
    pub(crate) is_local: bool,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| {
        "a time is written as 2026-11-29T12:00:00Z, or as 2026-11-29, which begins in UTC"
            .to_owned()
    })
}

/// Runs the command, and reports the result in a sentence.
pub(crate) async fn run(
    store: &Store,
    settings: &Settings,
    place: Where<'_>,
    arguments: &Arguments,
) -> Result<String, String> {
    let plan = planned(store, place, arguments)?;
    for line in plan.lines() {
        say(&line);
    }
    if !arguments.yes && !arguments.dry_run {
        return Err(
            "nothing is done yet: say --yes to do this, or --dry-run to count the items first"
                .to_owned(),
        );
    }
    let stack = Aws {
        stack: &plan.stack,
        region: place.region,
    };
    if let Source::At(at) = plan.source {
        refuse_another(store, &plan, at).await?;
        let made = stack.make(&plan.whole(), &plan.helper(), at.seconds())?;
        if made.made {
            refuse_ended(store, (&plan, stack), at).await?;
        } else {
            say(&format!("{} is there from an earlier run.", plan.helper()));
        }
    }
    let copied = copy(store, &plan, arguments.yes).await?;
    if !arguments.yes {
        let told = told(copied, "to be put back", "to be removed");
        return Ok(format!(
            "{told} Nothing is written, and {} stays.",
            plan.helper()
        ));
    }
    end(store, settings, (&plan, stack), copied).await
}

/// The plan that the arguments ask for. Whether this table can go back is known before anything is made.
fn planned(store: &Store, place: Where<'_>, arguments: &Arguments) -> Result<Plan, String> {
    let source = match (&arguments.from, arguments.at) {
        (Some(table), _) => Source::Table(table.clone()),
        (None, Some(_)) if place.is_local => {
            return Err(
                "the local stack has no point-in-time recovery: name a table with --from"
                    .to_owned(),
            );
        }
        (None, Some(at)) => Source::At(at),
        (None, None) => return Err("name a time with --at, or a table with --from".to_owned()),
    };
    let plan = Plan {
        table: arguments.table.clone(),
        stack: store.name().to_owned(),
        source,
    };
    let is_collection = |name: &str| collections::all().any(|it| it.name == name);
    plan.check(now(), &is_collection)?;
    Recovery::allows(&plan.table)?;
    Ok(plan)
}

/// Refuses to begin a recovery anew that has ended: it would take back what was written since.
async fn refuse_another(store: &Store, plan: &Plan, at: Timestamp) -> Result<(), String> {
    let ended = store.recovered_at(&plan.table, at).await;
    let Some(ended) = ended.map_err(|error| words(&error))? else {
        return Ok(());
    };
    let helper = store.table_state(&plan.helper_of(at)).await;
    let helper = helper.map_err(|error| words(&error))?;
    // One that is there may have been left by a run that could not remove it.
    if helper.is_some_and(|it| it.status != "DELETING") {
        return Ok(());
    }
    Err(has_ended(plan, at, ended))
}

/// Refuses the same where a run has ended while this one made its table anew, and removes that: it would let the next run pass.
async fn refuse_ended(
    store: &Store,
    (plan, stack): (&Plan, Aws<'_>),
    at: Timestamp,
) -> Result<(), String> {
    let ended = store.recovered_at(&plan.table, at).await;
    let Some(ended) = ended.map_err(|error| words(&error))? else {
        return Ok(());
    };
    stack.remove(&plan.helper())?;
    Err(has_ended(plan, at, ended))
}

fn has_ended(plan: &Plan, at: Timestamp, ended: Timestamp) -> String {
    format!(
        "{} went back to {at} by a run that ended at {ended}; another would take back what was written since. Where you mean \
         that, name the second before or after",
        plan.whole()
    )
}

/// Takes all steps. A run that is repeated finds what is done.
async fn copy(store: &Store, plan: &Plan, writes: bool) -> Result<Copied, String> {
    let helper = plan.helper();
    let recovery = store.recovery(&plan.table, &helper).await;
    let recovery = recovery.map_err(|error| words(&error))?;
    let recovery = recovery.ok_or_else(|| format!("there is no table {helper}"))?;
    say(&format!("{helper} was made at {}.", recovery.began()));
    // Nothing is written yet.
    let alone = store.leaves_no_admin(&recovery, now()).await;
    if alone.map_err(|error| words(&error))? {
        return Err(format!(
            "afterwards there would be no admin: {helper} has none who goes back. Run `cargo admin promote` for somebody now, and \
             then this again: users who were changed since it was made are left alone"
        ));
    }
    let mut all = Copied::default();
    for step in recovery.steps() {
        let copied = pages(store, &recovery, *step, writes).await;
        let copied =
            copied.map_err(|reason| format!("{reason}; what is done is done: run it again"))?;
        all.add(copied);
    }
    Ok(all)
}

/// Sets the settings of the table, looks it over, leaves the mark that the audit log follows, and removes the helper last.
async fn end(
    store: &Store,
    settings: &Settings,
    (plan, stack): (&Plan, Aws<'_>),
    copied: Copied,
) -> Result<String, String> {
    let by_time = matches!(plan.source, Source::At(_));
    if by_time {
        set(stack, &plan.whole())?;
    }
    let is_meant =
        |table: &str| table == plan.table || (plan.table == USERS.name && table == SESSIONS.name);
    let checked = match plan.is_checked() {
        true => Some(check::look(store, settings, true, &is_meant).await?),
        false => None,
    };
    let (deed, writer) = (plan.event(copied), writer()?);
    let marked = store.mark_table(&plan.table, &deed, &writer).await;
    marked.map_err(|error| words(&error))?;
    if by_time {
        stack.remove(&plan.helper())?;
    }
    let told = told(copied, "put back", "removed");
    match checked.map(check::Sum::told) {
        None => Ok(told),
        Some(Ok(clean)) => Ok(format!("{told} {clean}")),
        Some(Err(left)) => Err(format!("{told} {left}")),
    }
}

/// Sets the settings of the table as the template has them, and tells those that it cannot set.
fn set(stack: Aws<'_>, table: &str) -> Result<(), String> {
    let set = stack.settings(table)?;
    for setting in &set.changed {
        say(&format!("{table}: {setting} is set again"));
    }
    for setting in &set.differs {
        say(&format!(
            "{table}: {setting} is not as the template has it, and a deployment does not set it: see docs/operations.md"
        ));
    }
    Ok(())
}

async fn pages(
    store: &Store,
    recovery: &Recovery,
    step: Step,
    writes: bool,
) -> Result<Copied, String> {
    let (mut from, mut all) = (None, Copied::default());
    loop {
        let page = store.recover(recovery, (step, writes), from, now()).await;
        let (copied, next) = page.map_err(|error| words(&error))?;
        all.add(copied);
        from = next;
        if from.is_none() {
            return Ok(all);
        }
    }
}

/// The results in a sentence.
fn told(copied: Copied, put_back: &str, removed: &str) -> String {
    let mut told = format!(
        "{} items {put_back}, {} {removed}, {} left alone, which were written since",
        copied.put_back, copied.removed, copied.left
    );
    if copied.signed_out > 0 {
        told.push_str(&format!(
            "; the sessions of {} users end",
            copied.signed_out
        ));
    }
    told.push('.');
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_counts_what_was_done() {
        let copied = Copied {
            read: 9,
            put_back: 3,
            removed: 2,
            left: 1,
            signed_out: 0,
        };
        let line = "3 items put back, 2 removed, 1 left alone, which were written since.";
        assert_eq!(told(copied, "put back", "removed"), line);
        let users = Copied {
            signed_out: 4,
            ..copied
        };
        let line = "3 items put back, 2 removed, 1 left alone, which were written since; the sessions of 4 users end.";
        assert_eq!(told(users, "put back", "removed"), line);
    }
}
