//! Waits for an operation and shows how far it is. The operation does not need anybody to wait for it.

use std::pin::pin;
use std::time::Duration;

use super::bars::Bars;
use super::session::Session;
use super::words::{deed, took};
use crate::fault::NodeFault;
use crate::http::admin::bodies::{OperationBody, OperationStateBody};
use crate::signals::told_to_end;

/// Between two looks.
pub(super) const EVERY: Duration = Duration::from_millis(500);

/// Waits until operation `id` is done.
///
/// # Errors
/// It was aborted, the user has waited enough, or no node answers any more.
pub(super) async fn until_over(session: &mut Session, id: u64) -> Result<OperationBody, NodeFault> {
    let mut told = pin!(told_to_end());
    let mut bars = Bars::new();
    loop {
        let look = async {
            let operation = session.operation(id).await;
            if operation.as_ref().is_ok_and(is_running) {
                bars.show(operation.as_ref().ok());
                tokio::time::sleep(EVERY).await;
            }
            operation
        };
        let operation = tokio::select! {
            () = &mut told => {
                return Err(NodeFault::failed(left(id)));
            }
            operation = look => operation?,
        };
        match operation.state {
            OperationStateBody::Running => {}
            OperationStateBody::Done => return Ok(operation),
            OperationStateBody::Aborted => return Err(NodeFault::failed(text(&operation))),
        }
    }
}

/// How an operation ended, and what may be done next.
pub(super) fn text(operation: &OperationBody) -> String {
    let (id, deed) = (operation.id, deed(operation));
    let took = operation.ended_at.map(|end| took(operation.started_at, end)).unwrap_or_default();
    match operation.state {
        OperationStateBody::Running => format!("operation {id} {deed}"),
        OperationStateBody::Aborted => format!("operation {id} ({deed}) was aborted after {took}"),
        OperationStateBody::Done => {
            let next = match (&*operation.kind, operation.node) {
                ("drain", Some(node)) => format!(
                    "; stop node {node} whenever you like, then take it out with `onsale cluster remove {node}`"
                ),
                _ => String::new(),
            };
            format!("operation {id} ({deed}) is done after {took}{next}")
        }
    }
}

fn is_running(operation: &OperationBody) -> bool {
    operation.state == OperationStateBody::Running
}

fn left(id: u64) -> String {
    format!(
        "operation {id} goes on in the cluster; `onsale cluster watch` shows how far it is, and \
         `onsale cluster abort {id}` sets it back"
    )
}
