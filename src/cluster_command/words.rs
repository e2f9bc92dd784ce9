//! The words for operations, plans and times that several outputs share.

use crate::http::admin::bodies::{OperationBody, WaitingBody};
use crate::http::wire::Timestamp;

/// What an operation does: "moves shard 3 from node 1 to node 4".
pub(super) fn deed(operation: &OperationBody) -> String {
    let node = operation.node.unwrap_or_default();
    match (&*operation.kind, operation.shard, operation.from, operation.to) {
        ("rebalance", ..) => "evens out replicas and leaderships".to_owned(),
        ("drain", ..) => format!("moves everything off node {node}"),
        ("remove", ..) => format!("takes node {node} out"),
        ("replace", ..) => format!("places the replicas of node {node} anew"),
        (_, Some(shard), Some(from), Some(to)) => {
            format!("moves shard {shard} from node {from} to node {to}")
        }
        (other, ..) => other.to_owned(),
    }
}

/// What a shard lacks: "shard 3: node 4 joins, node 1 leaves".
pub(super) fn lack(waiting: &WaitingBody) -> String {
    let mut lacks = Vec::new();
    let each = |nodes: &[u32], does: &str, do_: &str| match nodes {
        [] => None,
        [one] => Some(format!("node {one} {does}")),
        several => Some(format!("nodes {} {do_}", list(several))),
    };
    lacks.extend(each(&waiting.joining, "joins", "join"));
    lacks.extend(each(&waiting.leaving, "leaves", "leave"));
    lacks.extend(waiting.to_lead.map(|node| format!("node {node} is to lead")));
    format!("shard {}: {}", waiting.shard, lacks.join(", "))
}

/// "1, 2, 4".
pub(super) fn list(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

/// "1 node", "3 nodes".
pub(super) fn count(many: usize, what: &str) -> String {
    if many == 1 { format!("1 {what}") } else { format!("{many} {what}s") }
}

/// "node 4", "nodes 1, 2".
pub(super) fn nodes(numbers: &[u32]) -> String {
    let word = if numbers.len() == 1 { "node" } else { "nodes" };
    format!("{word} {}", list(numbers))
}

/// "shard 4", "shards 0-3, 7"; `numbers` are in order.
pub(super) fn shards(numbers: &[u16]) -> String {
    let mut runs: Vec<(u16, u16)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let run = |(first, last): &(u16, u16)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    let word = if numbers.len() == 1 { "shard" } else { "shards" };
    format!("{word} {}", runs.iter().map(run).collect::<Vec<_>>().join(", "))
}

/// How long it was from `start` to `end`.
pub(super) fn took(start: Timestamp, end: Timestamp) -> String {
    let millis = end.0.millis().saturating_sub(start.0.millis());
    match millis {
        0..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("{} min {} s", millis / 60_000, millis / 1000 % 60),
    }
}

#[cfg(test)]
mod test {
    use domain::time::UnixMillis;

    use super::*;

    #[test]
    fn shards_in_a_row_are_one_range() {
        for (numbers, text) in [
            (&[4][..], "shard 4"),
            (&[0, 1, 2, 3, 7], "shards 0-3, 7"),
            (&[0, 2], "shards 0, 2"),
            (&[65_534, 65_535], "shards 65534-65535"),
        ] {
            assert_eq!(shards(numbers), text);
        }
    }

    #[test]
    fn a_lack_says_who_comes_goes_and_leads() {
        let waiting = WaitingBody { shard: 3, joining: vec![4], leaving: vec![1, 2], to_lead: Some(4) };
        assert_eq!(lack(&waiting), "shard 3: node 4 joins, nodes 1, 2 leave, node 4 is to lead");
    }

    #[test]
    fn times_are_as_exact_as_people_want_them() {
        let at = |millis| Timestamp(UnixMillis::new(millis));
        for (millis, text) in [
            (0, "0.0 s"),
            (3_249, "3.2 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min 0 s"),
            (3_725_000, "62 min 5 s"),
        ] {
            assert_eq!(took(at(5), at(5 + millis)), text);
        }
        assert_eq!(took(at(9), at(5)), "0.0 s", "clocks of two nodes may differ");
    }
}
