//! The way to other nodes of a cluster of one: there is none.

use std::time::Duration;

use domain::ports::BoxFuture;

use super::{Bytes, CallError, Calls, Messages, Service};
use crate::raft::types::NodeId;

/// Reaches nobody.
pub struct NoPeers;

fn nobody<T: 'static>() -> BoxFuture<Result<T, CallError>> {
    Box::pin(async { Err(CallError::Unreachable("this node has no peers".to_owned())) })
}

impl Calls for NoPeers {
    fn call(
        &self,
        _to: NodeId,
        _service: Service,
        _body: Bytes,
        _within: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        nobody()
    }

    fn stream(
        &self,
        _to: NodeId,
        _service: Service,
        _input: Messages,
        _within: Duration,
    ) -> BoxFuture<Result<Messages, CallError>> {
        nobody()
    }

    fn clock_of(&self, _to: NodeId) -> Option<u64> {
        None
    }
}
