//! Step ①, told: what every route takes and answers, as an OpenAPI 3.1 document at `GET /openapi.json` and as a page to
//! browse at `GET /docs`.
//!
//! Owns the way to route a call, which is also the way to describe it, so that there is none without a description:
//!
//! ```text
//! Routes::of(Part::Accounts).route(
//!     "/users/{id}/role",
//!     put(set_role, "Change what somebody may do").gives::<UserBody<'_>>(StatusCode::OK).refuses(&[Code::NotFound]),
//! )
//! ```
//!
//! Parameters, bodies, who may call and most problems follow from the types of the handler's arguments (`inputs`); left to
//! say are what a call is for, what it gives, and the refusals of its own. docs/OPENAPI.md is the manual.
//! Hazard: what a handler reads out of a whole `Request` is told by nobody but its author.

mod call;
mod document;
mod inputs;
mod outline;
mod pages;
mod routes;

pub(in crate::http) use call::{Call, delete, get, patch, post, put};
pub(in crate::http) use pages::routes as pages;
pub(in crate::http) use routes::{Part, Routes};

#[cfg(test)]
mod contract_test;
