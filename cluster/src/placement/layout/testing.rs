//! Layouts for tests: clusters grown by the decisions themselves.

use domain::time::UnixMillis;

use super::decide::{Begun, Decided, Forming, Joined, Joining, Order, form, join};
use super::{Addresses, Layout, LayoutFact};

pub(super) const NOW: UnixMillis = UnixMillis::new(1_000);
pub(super) const ORDER: Order<'static> = Order { by: "olga", now: NOW };

pub(super) fn addresses(number: u32) -> Addresses {
    let at = |port: u32| format!("127.0.0.1:{}", port + number);
    Addresses { http: at(8_000), admin: at(8_100), peer: at(8_200) }
}

pub(super) fn joining(number: u32) -> Joining {
    Joining { number, known_life: None, addresses: addresses(number), gateway: false, weight: 1 }
}

/// A cluster of node 1 alone.
pub(super) fn alone(shards: u16, replication: u16) -> Layout {
    let forming = Forming { shards, replication, number: 1, addresses: addresses(1), weight: 1 };
    let mut layout = Layout::default();
    take(&mut layout, &form(&Layout::default(), &forming, NOW));
    layout
}

/// A cluster of nodes 1 to `nodes`, with 16 shards in three replicas, as it is after `onsale cluster rebalance`.
pub(super) fn cluster(nodes: u32) -> Layout {
    let mut layout = alone(16, 3);
    for number in 2..=nodes {
        carry_out(&mut layout, |layout| join(layout, &joining(number), |_| false, false, NOW));
        let begun: Begun = carry_out(&mut layout, |layout| super::decide::rebalance(layout, ORDER));
        if let Some(id) = begun.operation {
            carry_out(&mut layout, |layout| super::decide::finish(layout, id, NOW));
        }
    }
    layout
}

pub(super) fn take(layout: &mut Layout, facts: &[LayoutFact]) {
    facts.iter().for_each(|fact| layout.apply(fact));
}

/// Decides and applies, and gives the answer.
pub(super) fn carry_out<A>(layout: &mut Layout, decide: impl FnOnce(&Layout) -> Decided<A>) -> A {
    let (facts, answer) = decide(layout).unwrap();
    take(layout, &facts);
    answer
}

pub(super) fn enter(layout: &mut Layout, joining: &Joining) -> Joined {
    carry_out(layout, |layout| join(layout, joining, |_| false, false, NOW))
}

/// The code of the refusal.
pub(super) fn refused<A: std::fmt::Debug>(decided: Decided<A>) -> String {
    let refused = decided.unwrap_err();
    assert!(refused.text.len() > 20 && refused.to_string() == refused.text, "{refused:?}");
    refused.code
}

/// How many replicas a node is to have, and how many of them as preferred leader.
pub(super) fn loads(layout: &Layout, number: u32) -> (usize, usize) {
    let has = layout.targets().values().filter(|target| target.contains(&number)).count();
    let leads = layout.targets().values().filter(|target| target.first() == Some(&number)).count();
    (has, leads)
}
