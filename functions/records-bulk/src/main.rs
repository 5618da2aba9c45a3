//! `POST /api/{collection}/bulk`: writes several records, all or nothing.

use std::collections::BTreeSet;
use std::process::ExitCode;

use api::endpoints::RecordsBulk;
use api::record::{self, Write};
use api::wire::{BulkItems, BulkOperation, RecordView};
use api::{Code, Detail, Error, Id, Operation};
use auth::Visibility;
use auth::permission::{may_change, may_create};
use auth::precondition::Precondition;
use auth::terms::{OwnerChange, Terms, columns, may_set, owner_change, owner_of_new, related};
use runtime::{Call, Reply};
use store::{Act, Change, NewRecord, Store, Writer};

fn main() -> ExitCode {
    runtime::serve(RecordsBulk, bulk)
}

/// Checks the caller and every operation as its own endpoint would, and writes everything in one transaction. The
/// records are read beside the session, but for a server after its key: whoever invents one must not have them read.
async fn bulk(store: &Store, mut call: Call<RecordsBulk>) -> Result<Reply<RecordsBulk>, Error> {
    let definition = call.definition;
    let credentials = call.credentials(store).await?;
    let operations = std::mem::take(&mut call.body).operations();
    let ids = operations
        .as_ref()
        .map(|all| all.iter().filter_map(BulkOperation::id).collect())
        .unwrap_or_default();
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let found = store.records(definition, &ids);
    let (caller, found) = if credentials.is_server() {
        (caller.await?, found.await?)
    } else {
        tokio::try_join!(caller, found)?
    };

    let writer = Writer::new(
        caller.id(),
        call.request_id.clone(),
        call.now,
        call.random()?,
    )
    .with_key(caller.key());
    let visibility = Visibility::new(definition, &caller);
    let mut prepared = Vec::new();
    let mut once = BTreeSet::new();
    for (at, operation) in operations?.into_iter().enumerate() {
        let prepare = Prepare {
            visibility: &visibility,
            writer: &writer,
            random: call.random()?,
        };
        let operation = prepare
            .operation(operation)
            .map_err(|error| error.within(&format!("operations[{at}]")))?;
        if !once.insert(operation.act.id()) {
            let message =
                format!("`operations[{at}].id` is there twice; a record has one operation.");
            return Err(Error::invalid(vec![Detail::new(
                format!("operations[{at}].id"),
                "repeated",
                message,
            )]));
        }
        prepared.push(operation);
    }
    let written = store.bulk(definition, &prepared, found, &writer).await?;
    let views = prepared
        .iter()
        .zip(written)
        .map(|(operation, record)| match record {
            Some(record) => visibility.of(record.wire(definition)).view(None),
            None => RecordView::deleted(operation.act.id()),
        });
    Ok(Reply::of(BulkItems {
        items: views.collect(),
    }))
}

/// What every operation of a request is prepared with.
struct Prepare<'a> {
    visibility: &'a Visibility<'a>,
    writer: &'a Writer,
    random: [u8; 10],
}

impl<'a> Prepare<'a> {
    /// An operation that the caller may ask for, and what it depends on.
    fn operation(self, operation: BulkOperation) -> Result<store::Operation<'a>, Error> {
        let Self {
            visibility,
            writer,
            random,
        } = self;
        let (definition, caller) = (visibility.definition, visibility.caller);
        let terms = |operation| {
            let requirement = may_change(definition, operation, caller)?;
            let (owner, precondition) = (OwnerChange::Keep, Precondition::Any);
            Ok::<_, Error>(Terms {
                visibility,
                requirement,
                fields: Vec::new(),
                owner,
                precondition,
            })
        };
        let missing = |id: &str| {
            id.parse::<Id>()
                .map_err(|_| Error::from(Code::RecordNotFound))
        };
        match operation {
            BulkOperation::Create(body) => {
                may_create(definition, caller)?;
                may_set(definition, caller, &body)?;
                let input = record::check(definition, body, Write::Create)?;
                let owner = owner_of_new(definition, caller, input.owner.clone())?;
                let related = related(definition, &input, caller, collections::get);
                let id = Id::in_shard(writer.now, random, random[9] % definition.shards);
                let record = NewRecord {
                    id,
                    owner,
                    created_by: caller.id(),
                    fields: input.fields,
                };
                Ok(store::Operation {
                    act: Act::create(record, writer),
                    related,
                })
            }
            BulkOperation::Update(id, body) => {
                let terms = terms(Operation::Update)?;
                let fields = columns(definition, caller, &body, false, &terms.requirement)?.written;
                let input = record::check(definition, body, Write::Merge)?;
                let related = related(definition, &input, caller, collections::get);
                let terms = Terms {
                    fields,
                    owner: owner_change(definition, caller, input.owner)?,
                    ..terms
                };
                let (fields, removed) = (input.fields, input.removed);
                let change = Change {
                    fields,
                    removed,
                    replace: false,
                    kept: Vec::new(),
                };
                Ok(store::Operation {
                    act: Act::Update(missing(&id)?, terms, change),
                    related,
                })
            }
            BulkOperation::Delete(id) => {
                let terms = terms(Operation::Delete)?;
                Ok(store::Operation {
                    act: Act::Delete(missing(&id)?, terms),
                    related: Vec::new(),
                })
            }
        }
    }
}
