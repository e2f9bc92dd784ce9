//! Step ②: decisions on the layout: who may join, and what an operator may change. Pure: a layout and an order give facts
//! and an answer, or a refusal that says what to do instead. A dry run is the answer without the facts.
//!
//! Hazard: the facts of a decision hold only for the layout that it was made on. They are proposed together, with no
//! other decision in between.

mod join;
mod operate;
mod place;
mod retire;

use std::fmt;

use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};

pub use self::join::{Forming, Joined, Joining, form, join};
pub use self::operate::{Aborted, abort, finish, move_shard, plan_rebalance, rebalance};
pub use self::retire::{drain, remove, replace_dead};
use super::plan::Plan;
use super::{LayoutFact, Member};

/// Who the audit log names for what the cluster does on its own.
pub const CLUSTER: &str = "(cluster)";

/// Who orders something, and when.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The user's name, or [`CLUSTER`].
    pub by: &'a str,
    /// When.
    pub now: UnixMillis,
}

impl Order<'_> {
    fn audit(&self, what: &str, detail: impl Into<String>) -> LayoutFact {
        let (who, what) = (self.by.to_owned(), what.to_owned());
        LayoutFact::Audited { at: self.now, who, what, detail: detail.into() }
    }
}

/// The facts of a decision and what to answer; or why not.
pub type Decided<A> = Result<(Vec<LayoutFact>, A), Refused>;

/// An order that is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Stable, for programs.
    pub code: String,
    /// For people: why, and what to do.
    pub text: String,
}

impl Refused {
    fn new(code: &str, text: impl Into<String>) -> Self {
        Self { code: code.to_owned(), text: text.into() }
    }

    fn unknown_node(number: u32) -> Self {
        Self::new(
            "unknown-node",
            format!("there is no node {number}; `onsale cluster status` lists the nodes"),
        )
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Refused {}

/// What an order set going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// The operation to wait for; none where there is nothing to do.
    pub operation: Option<u64>,
    /// What changes.
    pub plan: Plan,
}

/// The member with this number that may be acted on: known, and not removed.
fn member(layout: &super::Layout, number: u32) -> Result<&Member, Refused> {
    let known = layout.members.get(&number).filter(|member| member.state != super::MemberState::Removed);
    known.ok_or_else(|| Refused::unknown_node(number))
}
