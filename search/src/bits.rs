//! A set of documents of one segment.

/// One bit a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// Nothing of `docs` documents.
    pub(crate) fn none(docs: u32) -> Self {
        Self(vec![0; (docs as usize).div_ceil(64)])
    }

    pub(crate) fn insert(&mut self, doc: u32) {
        self.0[doc as usize / 64] |= 1 << (doc % 64);
    }

    pub(crate) fn contains(&self, doc: u32) -> bool {
        self.0[doc as usize / 64] & 1 << (doc % 64) != 0
    }

    /// Leaves what is in `other` too.
    pub(crate) fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own &= other);
    }

    /// Adds what is in `other`.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own |= other);
    }

    /// Leaves what `fits`.
    pub(crate) fn retain(&mut self, mut fits: impl FnMut(u32) -> bool) {
        for (word, bits) in self.0.iter_mut().enumerate() {
            let mut rest = *bits;
            while rest != 0 {
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                if !fits(word as u32 * 64 + bit) {
                    *bits &= !(1 << bit);
                }
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    /// Its documents, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            let mut rest = *bits;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(word as u32 * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn it_is_a_set() {
        let mut bits = Bits::none(200);
        [3, 64, 199, 3].into_iter().for_each(|doc| bits.insert(doc));
        assert_eq!(bits.iter().collect::<Vec<_>>(), [3, 64, 199]);
        let mut other = Bits::none(200);
        [64, 65].into_iter().for_each(|doc| other.insert(doc));
        other.add(&bits);
        assert_eq!(other.len(), 4);
        other.keep(&bits);
        assert_eq!(other, bits);
        other.retain(|doc| doc > 60);
        assert!(other.contains(199) && !other.contains(3) && other.len() == 2);
    }
}
