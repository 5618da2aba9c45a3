//! Indexes that are declared after records were made, once or again.

use api::Code;
use api::query::Filter;
use auth::Scope;
use store::plan::Source;
use store::{Store, plan};

use crate::dataset::{Dataset, deployment};

impl Dataset<'_> {
    /// Makes the first records, a part of them before an index is declared. Sometimes it is removed and declared again.
    pub(crate) async fn fill_late(&mut self, count: usize) {
        let late = self.dice.below(self.definition.indexes.len());
        self.declare_late(late, count / 2).await;
        if self.dice.chance(50) {
            self.declare_late(late, 2).await;
            self.tally.again += 1;
        }
        self.create(count - count / 2).await;
    }

    /// Makes records with code that does not know an index, then deploys code that does, and fills the index. Its lists
    /// are refused before that, if records were made without it.
    async fn declare_late(&mut self, late: usize, count: usize) {
        let whole = self.definition.clone();
        self.deploy();
        self.definition.indexes.remove(late);
        self.create(count).await;
        self.delete_some().await;
        self.definition = whole.clone();
        self.deploy();
        self.now += 10;
        // An update does not make them records of the index.
        for _ in 0..self.dice.below(3) {
            self.update().await;
        }
        let index = whole.indexes[late].clone();
        let scope = if index.per_owner && whole.has_owner_index() {
            Scope::OwnedBy(self.users[0])
        } else {
            Scope::All
        };
        let (sort, all): (Vec<_>, _) = (index.order().collect(), Filter::everything());
        if let Ok(plan) = plan(&whole, &scope, Some(&sort), &all)
            && plan.source == Source::Declared(index.clone())
        {
            let listed = self.page(&plan, &all, None, 5).await;
            let is_building = listed.is_err_and(|error| error.code == Code::IndexBuilding);
            assert_eq!(
                is_building,
                count > 0,
                "LISTS_SEED={}: {index:?} after {count} records without it",
                self.seed
            );
            self.tally.building += usize::from(is_building);
        }
        let names = store::index::names(&whole);
        let found = self.store.backfill(&whole, names).fill().await.unwrap();
        assert_eq!(found, store::backfill::Found::default());
    }

    /// Replaces all instances by new ones, which have asked nothing yet.
    fn deploy(&mut self) {
        self.store = Store::connect(&deployment(self.dynamo));
    }
}
