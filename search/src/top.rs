//! The first ones of many, without sorting the rest.

/// Where an event comes: by the order that is asked for, then the sooner one, then by its number, so that no two are equal; and
/// where it is.
pub(crate) type Rank = (u64, u64, u64, At);
/// A segment, and a document of it.
pub(crate) type At = (u32, u32);

/// Keeps the smallest ranks.
pub(crate) struct Top {
    keep: usize,
    ranks: Vec<Rank>,
    /// Whatever is larger is not kept.
    limit: Option<Rank>,
}

/// So many more are taken before they are sorted out again.
const SLACK: usize = 1_024;

impl Top {
    /// Of which `keep` are wanted.
    pub(crate) fn new(keep: usize) -> Self {
        Self { keep, ranks: Vec::new(), limit: None }
    }

    /// Adds one; `rest` tells the rest of its rank where it matters.
    pub(crate) fn add(&mut self, first: u64, rest: impl FnOnce() -> (u64, u64, At)) {
        if self.keep == 0 || self.limit.is_some_and(|limit| first > limit.0) {
            return;
        }
        let (starts_at, number, at) = rest();
        let rank = (first, starts_at, number, at);
        if self.limit.is_some_and(|limit| rank > limit) {
            return;
        }
        self.ranks.push(rank);
        if self.ranks.len() >= self.keep.saturating_mul(2).saturating_add(SLACK) {
            self.cut();
        }
    }

    /// Adds what another one kept.
    pub(crate) fn join(&mut self, other: Self) {
        for (first, starts_at, number, at) in other.ranks {
            self.add(first, || (starts_at, number, at));
        }
    }

    /// Those that are wanted, in order.
    pub(crate) fn sorted(mut self) -> Vec<Rank> {
        self.ranks.sort_unstable();
        self.ranks.truncate(self.keep);
        self.ranks
    }

    fn cut(&mut self) {
        let (_, last, _) = self.ranks.select_nth_unstable(self.keep - 1);
        self.limit = Some(*last);
        self.ranks.truncate(self.keep);
    }
}

#[cfg(test)]
mod test {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_ones_are_those_of_a_sort(
            mut ranks in prop::collection::vec((0..5_u64, 0..5_u64, 0..1_000_u64, Just((0, 0))), 0..3_000),
            keep in 0..40_usize,
        ) {
            let mut top = Top::new(keep);
            let (some, others) = (&ranks[..ranks.len() / 3], &ranks[ranks.len() / 3..]);
            let mut other = Top::new(keep);
            some.iter().for_each(|rank| top.add(rank.0, || (rank.1, rank.2, rank.3)));
            others.iter().for_each(|rank| other.add(rank.0, || (rank.1, rank.2, rank.3)));
            top.join(other);
            let found = top.sorted();
            ranks.sort_unstable();
            ranks.truncate(keep);
            prop_assert_eq!(found, ranks);
        }
    }
}
