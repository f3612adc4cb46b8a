//! Stores that are wrong on purpose, each in one way: what the checks are worth is shown by catching them.

use std::sync::Arc;

use parlor_core::event::{Appended, Draft, Event};
use parlor_core::model::Model;
use parlor_core::ports::Store;
use parlor_core::refusal::Fault;

use crate::executor::lock;
use crate::plan::Mutant;
use crate::store::Flaky;

impl Flaky {
    /// Appends as the plan's mutant does; one that is none appends at once and for good.
    pub(crate) async fn append_wrongly(&self, drafts: Vec<Draft>) -> Result<Vec<Appended>, Fault> {
        match self.plan.mutant {
            Mutant::None | Mutant::SkipOne => self.model().append(drafts).await,
            Mutant::AckEarly => {
                // What was answered before becomes durable sooner or later.
                if self.sim.dice(|dice| dice.chance(500)) {
                    self.flush();
                }
                self.model().append(drafts).await
            }
            Mutant::ShowEarly => {
                let outcomes = self.model().append(drafts).await?;
                let sync_ms = self.sim.dice(|dice| dice.between(1, 30));
                self.sim.sleep_ms(sync_ms).await;
                self.flush();
                Ok(outcomes)
            }
            Mutant::KeyOutside => self.append_with_an_early_look(drafts).await,
        }
    }

    /// What is left when the power goes: all of it, but for the mutants that lied about it.
    pub(crate) fn lose_power(&self) {
        if matches!(self.plan.mutant, Mutant::AckEarly | Mutant::ShowEarly) {
            let durable = lock(&self.durable).clone();
            *lock(&self.model) = Arc::new(Model::restore(durable));
        }
    }

    /// Drops the second of several events, if the store is the one that does.
    pub(crate) fn leave_out(&self, mut events: Vec<Event>) -> Vec<Event> {
        if self.plan.mutant == Mutant::SkipOne && events.len() > 2 && self.sim.dice(|dice| dice.chance(100)) {
            events.remove(1);
        }
        events
    }

    fn flush(&self) {
        *lock(&self.durable) = self.model().snapshot();
    }

    async fn append_with_an_early_look(&self, drafts: Vec<Draft>) -> Result<Vec<Appended>, Fault> {
        // Which keys are there is looked up first; the append itself then knows no keys.
        let known: Vec<Option<Appended>> = drafts.iter().map(|draft| self.oracle.answer_of_key(draft)).collect();
        let gap_ms = self.sim.dice(|dice| dice.below(20));
        self.sim.sleep_ms(gap_ms).await;
        let keyless = drafts.into_iter().zip(&known).filter(|(_, known)| known.is_none());
        let keyless = keyless.map(|(draft, _)| Draft { key: None, ..draft }).collect();
        let mut appended = self.model().append(keyless).await?.into_iter();
        known
            .into_iter()
            .map(|known| known.or_else(|| appended.next()).ok_or_else(|| Fault::Internal("one outcome a draft".into())))
            .collect()
    }
}
