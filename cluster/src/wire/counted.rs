//! A list whose length has bounds, checked while it is read and before it is believed.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A list of `MIN` to `MAX` elements; read from any format. Where the format announces a length out of bounds, no
/// element is read; where it does not, none beyond `MAX`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Counted<T, const MIN: usize, const MAX: usize>(Vec<T>);

impl<T, const MIN: usize, const MAX: usize> Counted<T, MIN, MAX> {
    /// The list, if its length is within bounds.
    #[must_use]
    pub fn new(list: Vec<T>) -> Option<Self> {
        (MIN..=MAX).contains(&list.len()).then_some(Self(list))
    }

    /// Its elements.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// The list.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MAX: usize> Default for Counted<T, 0, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Deserialize<'de> for Counted<T, MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Reader(PhantomData))
    }
}

struct Reader<T, const MIN: usize, const MAX: usize>(PhantomData<T>);

impl<T, const MIN: usize, const MAX: usize> Reader<T, MIN, MAX> {
    fn check<E: Error>(&self, length: usize) -> Result<(), E> {
        if (MIN..=MAX).contains(&length) {
            return Ok(());
        }
        Err(E::custom(format_args!("must have {MIN} to {MAX} elements")))
    }
}

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Visitor<'de> for Reader<T, MIN, MAX> {
    type Value = Counted<T, MIN, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {MIN} to {MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let announced = elements.size_hint();
        announced.map_or(Ok(()), |length| self.check(length))?;
        let mut list = Vec::with_capacity(announced.unwrap_or(0));
        while let Some(element) = elements.next_element()? {
            self.check(list.len() + 1)?;
            list.push(element);
        }
        self.check(list.len())?;
        Ok(Counted(list))
    }
}

#[cfg(test)]
mod test {
    use serde::de::value::{Error, SeqDeserializer};

    use super::*;

    fn read(values: impl Iterator<Item = u32>) -> Result<Vec<u32>, Error> {
        Counted::<u32, 1, 3>::deserialize(SeqDeserializer::new(values)).map(Counted::into_vec)
    }

    #[test]
    fn a_list_out_of_bounds_is_refused_whether_its_length_is_announced_or_not() {
        for length in 0..=5 {
            // A filtered iterator does not know how many it will have.
            for values in [read(0..length), read((0..length).filter(|_| true))] {
                assert_eq!(values.is_ok(), (1..=3).contains(&length), "{length}: {values:?}");
            }
        }
        assert_eq!(read(0..3).unwrap(), [0, 1, 2]);
        let message = read(0..4).unwrap_err().to_string();
        assert_eq!(message, "must have 1 to 3 elements");
        assert!(Counted::<u32, 1, 3>::new(Vec::new()).is_none());
        assert!(Counted::<u32, 1, 3>::new(vec![7]).is_some());
    }

    #[test]
    fn nothing_is_read_beyond_the_last_element_that_is_allowed() {
        let mut read_so_far = 0;
        let endless = std::iter::from_fn(|| {
            read_so_far += 1;
            Some(1_u32)
        });
        assert!(read(endless).is_err());
        assert_eq!(read_so_far, 4);
    }
}
