//! How much happened in a run, or in several.

/// How much happened: a run in which nothing does would prove nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) committed: u64,
    pub(crate) acknowledged: u64,
    pub(crate) duplicates: u64,
    pub(crate) conflicts: u64,
    pub(crate) delivered: u64,
    pub(crate) answered: u64,
    pub(crate) paged: u64,
    pub(crate) removed: u64,
    pub(crate) crashes: u64,
    pub(crate) faults: u64,
    pub(crate) whispered: u64,
}

impl Counts {
    pub(crate) fn all(&self) -> [u64; 11] {
        let Counts { committed, acknowledged, duplicates, conflicts, .. } = *self;
        let Counts { delivered, answered, paged, removed, crashes, faults, whispered, .. } = *self;
        [
            committed,
            acknowledged,
            duplicates,
            conflicts,
            delivered,
            answered,
            paged,
            removed,
            crashes,
            faults,
            whispered,
        ]
    }

    pub(crate) fn add(&mut self, other: &Counts) {
        self.committed += other.committed;
        self.acknowledged += other.acknowledged;
        self.duplicates += other.duplicates;
        self.conflicts += other.conflicts;
        self.delivered += other.delivered;
        self.answered += other.answered;
        self.paged += other.paged;
        self.removed += other.removed;
        self.crashes += other.crashes;
        self.faults += other.faults;
        self.whispered += other.whispered;
    }
}
