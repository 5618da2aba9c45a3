use std::collections::BTreeSet;

use api::endpoints::RecordsBulk;
use api::record::{self, Write};
use api::wire::{BulkItems, BulkOperation, RecordView};
use api::{Code, Definition, Detail, Error, Id, Operation, Rule};
use auth::Caller;
use auth::permission::{
    OwnerChange, Terms, may_change, may_create, need_credentials, owner_change, owner_of_new, related,
};
use auth::precondition::Precondition;
use runtime::{Call, Reply};
use store::{Act, Change, NewRecord, Store, Writer};

/// Checks the caller and every operation as its own endpoint would, and writes everything in one transaction. The
/// records are read beside the session.
pub(crate) async fn bulk(store: &Store, mut call: Call<RecordsBulk>) -> Result<Reply<RecordsBulk>, Error> {
    let definition = collections::get(call.collection()).ok_or(Code::NotFound)?;
    let writes = [Operation::Create, Operation::Update, Operation::Delete].map(|write| definition.rule(write));
    if !writes.iter().any(|rule| rule.is_public()) {
        need_credentials(&Rule::authenticated(), call.has_credentials())?;
    }
    let credentials =
        if call.has_credentials() { call.credentials(store.keys().await?)? } else { call.without_token() };
    let operations = std::mem::take(&mut call.body).operations();
    let ids = operations.as_ref().map(|all| all.iter().filter_map(BulkOperation::id).collect()).unwrap_or_default();
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let (caller, found) = tokio::try_join!(caller, store.records(definition, &ids))?;

    let writer = Writer::new(caller.id(), call.request_id.clone(), call.now, call.random()?).with_key(caller.key());
    let mut prepared = Vec::new();
    let mut once = BTreeSet::new();
    for (at, operation) in operations?.into_iter().enumerate() {
        let prepare = Prepare { definition, caller: &caller, writer: &writer, random: call.random()? };
        let operation = prepare.operation(operation).map_err(|error| error.within(&format!("operations[{at}]")))?;
        if !once.insert(operation.act.id()) {
            let message = format!("`operations[{at}].id` is there twice; a record has one operation.");
            return Err(Error::invalid(vec![Detail::new(format!("operations[{at}].id"), "repeated", message)]));
        }
        prepared.push(operation);
    }
    let written = store.bulk(definition, &prepared, found, &writer).await?;
    let views = prepared.iter().zip(written).map(|(operation, record)| match record {
        Some(record) => record.wire(definition).view(None),
        None => RecordView::deleted(operation.act.id()),
    });
    Ok(Reply::of(BulkItems { items: views.collect() }))
}

/// What every operation of a request is prepared with.
struct Prepare<'a> {
    definition: &'a Definition,
    caller: &'a Caller,
    writer: &'a Writer,
    random: [u8; 10],
}

impl<'a> Prepare<'a> {
    /// An operation that the caller may ask for, and what it depends on.
    fn operation(self, operation: BulkOperation) -> Result<store::Operation<'a>, Error> {
        let Self { definition, caller, writer, random } = self;
        let terms = |operation, owner| {
            let requirement = may_change(definition, operation, caller)?;
            Ok::<_, Error>(Terms { definition, caller, requirement, owner, precondition: Precondition::Any })
        };
        let missing = |id: &str| id.parse::<Id>().map_err(|_| Error::from(Code::RecordNotFound));
        match operation {
            BulkOperation::Create(body) => {
                may_create(definition, caller)?;
                let input = record::check(definition, body, Write::Create)?;
                let owner = owner_of_new(definition, caller, input.owner.clone())?;
                let related = related(definition, &input, caller, collections::get);
                let id = Id::in_shard(writer.now, random, random[9] % definition.shards);
                let record = NewRecord { id, owner, created_by: caller.id(), fields: input.fields };
                Ok(store::Operation { act: Act::create(record, writer), related })
            }
            BulkOperation::Update(id, body) => {
                let terms = terms(Operation::Update, OwnerChange::Keep)?;
                let input = record::check(definition, body, Write::Merge)?;
                let related = related(definition, &input, caller, collections::get);
                let terms = Terms { owner: owner_change(definition, caller, input.owner)?, ..terms };
                let change = Change { fields: input.fields, removed: input.removed, replace: false };
                Ok(store::Operation { act: Act::Update(missing(&id)?, terms, change), related })
            }
            BulkOperation::Delete(id) => {
                let terms = terms(Operation::Delete, OwnerChange::Keep)?;
                Ok(store::Operation { act: Act::Delete(missing(&id)?, terms), related: Vec::new() })
            }
        }
    }
}
