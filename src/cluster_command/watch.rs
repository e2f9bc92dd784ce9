//! `onsale cluster watch`: the cluster, then every change of it, with the operations under way as bars.

use std::pin::pin;

use super::bars::Bars;
use super::changes::changes;
use super::follow::{self, EVERY};
use super::output::is_heard;
use super::session::Session;
use super::status;
use crate::fault::NodeFault;
use crate::http::admin::bodies::ClusterBody;
use crate::signals::told_to_end;

/// Until Ctrl-C, or until nobody reads any more; with `json` the raw state, one a line.
///
/// # Errors
/// No node answers any more.
pub(super) async fn watch(session: &mut Session, json: bool) -> Result<(), NodeFault> {
    let mut told = pin!(told_to_end());
    let mut bars = Bars::new();
    let mut before: Option<ClusterBody> = None;
    loop {
        let (raw, now) = tokio::select! {
            () = &mut told => return Ok(()),
            seen = session.cluster() => seen?,
        };
        let lines = match &before {
            _ if json => vec![raw],
            None => vec![status::text(&now)],
            Some(before) => {
                let mut lines = changes(before, &now);
                lines.extend(ended(session, before, &now).await);
                lines
            }
        };
        if !lines.iter().all(|line| bars.beside(|| is_heard(line))) {
            return Ok(());
        }
        if !json {
            bars.show(&now.operations);
        }
        before = Some(now);
        tokio::select! {
            () = &mut told => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// How the operations ended that are not under way any more.
async fn ended(session: &mut Session, before: &ClusterBody, now: &ClusterBody) -> Vec<String> {
    let is_over = |id: u64| now.operations.iter().all(|operation| operation.id != id);
    let mut lines = Vec::new();
    for id in before.operations.iter().map(|operation| operation.id).filter(|id| is_over(*id)) {
        let line = match session.operation(id).await {
            Ok(operation) => follow::text(&operation),
            // The next look says more.
            Err(fault) => format!("operation {id} is over; how it ended cannot be read: {fault}"),
        };
        lines.push(line);
    }
    lines
}
