//! How well and how fast events are found: by the index that a node has, without the node.
//!
//! Owns: real catalogues that are asked for what is in them ([`quality`]), and how long searches take among a million made-up
//! events, beside PostgreSQL ([`speed`]); and what a node makes of searches that many make ([`cached`]).
//! Not: what a search means, which is the index's own.

pub mod asking;
pub mod cached;
pub mod catalogue;
pub mod misspelling;
mod postgres;
pub mod quality;
pub mod speed;
pub mod town;
