//! What an order changes, for people.

use super::ClusterCommand;
use super::words::count;
use crate::http::admin::bodies::OrderedBody;

/// What `what` would change, or is changing.
pub(super) fn text(what: &ClusterCommand, ordered: &OrderedBody) -> String {
    let mut text = String::new();
    if ordered.changes_nothing() {
        text.push_str(&nothing(what, ordered.dry_run));
    } else {
        let (replicas, leaders) = (ordered.moves.len(), ordered.leaders.len());
        let (moves, get) = if ordered.dry_run { ("would move", "would get") } else { ("to move", "to get") };
        text.push_str(&format!(
            "{} {moves}, {} {get} another preferred leader:\n",
            count(replicas, "replica"),
            count(leaders, "shard")
        ));
    }
    for step in &ordered.moves {
        text.push_str(&match step.from {
            Some(from) => format!("  shard {}: replica from node {from} to node {}\n", step.shard, step.to),
            None => format!("  shard {}: one replica more, on node {}\n", step.shard, step.to),
        });
    }
    for change in &ordered.leaders {
        text.push_str(&match change.from {
            Some(from) => {
                format!("  shard {}: led by node {} instead of node {from}\n", change.shard, change.to)
            }
            None => format!("  shard {}: led by node {}\n", change.shard, change.to),
        });
    }
    if !ordered.note.is_empty() {
        text.push_str(&format!("{}\n", ordered.note));
    }
    text.push_str(&next(what, ordered));
    text
}

fn nothing(what: &ClusterCommand, dry_run: bool) -> String {
    match what {
        ClusterCommand::Plan | ClusterCommand::Rebalance => {
            "Nothing to do: replicas and leaderships are as even as they can be.\n".to_owned()
        }
        ClusterCommand::Remove { node } if !dry_run => format!("Node {node} is out of the cluster.\n"),
        _ => "No replica has to move.\n".to_owned(),
    }
}

fn next(what: &ClusterCommand, ordered: &OrderedBody) -> String {
    match (what, ordered.operation_id) {
        (ClusterCommand::Plan, _) if ordered.changes_nothing() => String::new(),
        (ClusterCommand::Plan, _) => "Nothing was done. To do it: onsale cluster rebalance\n".to_owned(),
        _ if ordered.dry_run => "Nothing was done. To do it, leave --dry-run out.\n".to_owned(),
        (ClusterCommand::Abort { operation }, _) => format!("Operation {operation} is aborted.\n"),
        (_, Some(id)) => format!("Operation {id} has begun.\n"),
        (_, None) => String::new(),
    }
}

#[cfg(test)]
mod test {
    use cluster::placement::layout::plan::{LeaderChange, Move};

    use super::*;

    fn ordered(dry_run: bool, operation_id: Option<u64>) -> OrderedBody {
        OrderedBody {
            dry_run,
            operation_id,
            moves: vec![Move { shard: 3, from: Some(1), to: 4 }, Move { shard: 5, from: None, to: 4 }],
            leaders: vec![LeaderChange { shard: 3, from: Some(1), to: 4 }],
            note: String::new(),
        }
    }

    #[test]
    fn a_plan_says_what_would_change_and_how_to_do_it() {
        let expected = "\
2 replicas would move, 1 shard would get another preferred leader:
  shard 3: replica from node 1 to node 4
  shard 5: one replica more, on node 4
  shard 3: led by node 4 instead of node 1
Nothing was done. To do it: onsale cluster rebalance
";
        assert_eq!(text(&ClusterCommand::Plan, &ordered(true, None)), expected);
        let drain = text(&ClusterCommand::Drain { node: 1 }, &ordered(true, None));
        assert!(drain.ends_with("Nothing was done. To do it, leave --dry-run out.\n"), "{drain}");
    }

    #[test]
    fn a_deed_names_its_operation() {
        let text = text(&ClusterCommand::Rebalance, &ordered(false, Some(7)));
        assert!(text.starts_with("2 replicas to move, 1 shard to get"), "{text}");
        assert!(text.ends_with("Operation 7 has begun.\n"), "{text}");
    }

    #[test]
    fn nothing_to_do_is_said_for_each_command() {
        let nothing = |dry_run| OrderedBody {
            moves: Vec::new(),
            leaders: Vec::new(),
            note: "2 shards stay as they are".to_owned(),
            ..ordered(dry_run, None)
        };
        let plan = text(&ClusterCommand::Plan, &nothing(true));
        assert_eq!(
            plan,
            "Nothing to do: replicas and leaderships are as even as they can be.\n2 shards stay as they are\n"
        );
        let remove = ClusterCommand::Remove { node: 3 };
        assert!(text(&remove, &nothing(false)).starts_with("Node 3 is out of the cluster.\n"));
        let planned = text(&remove, &nothing(true));
        assert!(
            planned.starts_with("No replica has to move.\n") && planned.contains("--dry-run"),
            "{planned}"
        );
        let abort = text(&ClusterCommand::Abort { operation: 7 }, &nothing(false));
        assert!(abort.ends_with("Operation 7 is aborted.\n"), "{abort}");
    }
}
