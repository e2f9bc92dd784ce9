//! The proof of the sale: a scene to play commands in, an independent twin that plays them too, and properties over
//! random plays. The tests of single decisions stand beside those, in `decide/*_test.rs`.

pub(in crate::event) mod scene;
