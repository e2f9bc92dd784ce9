//! Fields of a change: left out means as it is.

use serde::{Deserialize, Deserializer};

/// A field that was given. One that is left out is `None` by `#[serde(default)]`; one that is null is a wrong type, unless
/// `T` is an option itself, and then it takes the value away.
///
/// # Errors
/// What `T` gives.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// Sets `field` to what was given for it, if anything was.
pub fn set<T>(field: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *field = given;
    }
}
