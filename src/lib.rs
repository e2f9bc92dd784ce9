//! The onsale node: HTTP and JSON in front of the actors and the cluster, configuration, wiring, the demo.

#[cfg(feature = "count-allocations")]
mod allocations;
pub mod auth;
pub mod catalogue_command;
pub mod cli;
pub mod client;
pub mod clock;
pub mod cluster_command;
pub mod config;
pub mod demo;
pub mod dispatch;
#[cfg(debug_assertions)]
mod failpoints;
pub mod fault;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
pub mod gateway;
pub mod http;
pub mod limits;
pub mod listings;
pub mod logs;
pub mod metrics;
pub mod notify;
pub mod payments_command;
pub mod peer_answers;
pub mod people;
pub mod projections;
pub mod search;
pub mod secrets;
pub mod signals;
pub mod web;
pub mod wiring;

/// A hold allocates on one thread what another one frees, which the system's allocator is slow at.
#[cfg(not(feature = "count-allocations"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The allocator's settings: an arena a core instead of four, what was free for a second goes back to the system, and huge
/// pages are not asked for. A million accounts take half the memory by that.
#[allow(unsafe_code, reason = "the allocator finds its settings by this name, which nothing else has")]
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static ALLOCATOR_SETTINGS: &[u8; 90] =
    b"percpu_arena:percpu,background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,thp:never\0";
