//! Owners that die or pause in the middle of a burst.

use std::time::Duration;

use serde_json::json;

use crate::support::cluster::SETTLES_WITHIN;
use crate::support::{Cluster, Load, eventually, replicas_agree};

const WINDOW: Duration = Duration::from_secs(6);
const BUYERS: u32 = 240;
const SEATS: u32 = 400;

#[test]
fn an_owner_killed_in_a_burst_has_a_successor_that_knows_all() {
    let mut cluster = Cluster::of(3);
    let sale = cluster.sale(SEATS, &json!({}));
    let owner = cluster.owner();
    let ann = cluster.node(owner).customer("ann");
    let path = format!("/events/{}/holds", sale.event);
    let body = json!({"bestAvailable": {"quantity": 2}});
    // Before the others, who are told what to take for granted.
    let first = ann.post_keyed(&path, "once", &body).expect(201);
    let load = Load::start(&cluster, &sale, BUYERS, WINDOW);
    load.at_ms(1_500);
    let killed = load.now_ms();
    cluster.kill(owner);
    let other = cluster.other_than(owner);
    let there = ann.at(&cluster.client(other));
    let mut refusals = 0;
    let again = eventually("the same key has an answer", SETTLES_WITHIN, || {
        let answer = there.post_keyed(&path, "once", &body);
        if answer.status == 503 {
            refusals += 1;
            assert!(answer.header("retry-after").is_some(), "it says when to come again");
            return None;
        }
        Some(answer.expect(201))
    });
    assert_eq!(again, first, "the first success");
    assert_ne!(cluster.owner_after(owner), owner);
    load.at_ms(5_000);
    cluster.start(owner);
    let outcome = load.finish(&cluster);
    let pause = outcome.first_success_after(killed);
    println!("kill -9 of the owner: first success after {pause} ms, {refusals} refusals; {}", outcome.line());
    assert!(pause < 20_000, "{}", outcome.text());
    assert_eq!(outcome.unknown(), 0, "{}", outcome.text());
    cluster.settle();
    replicas_agree(&cluster, &sale);
}

#[test]
fn a_paused_owner_acknowledges_nothing_stale_and_serves_no_stale_hold() {
    let cluster = Cluster::of(3);
    let sale = cluster.sale(SEATS, &json!({}));
    let owner = cluster.owner();
    let ann = cluster.node(owner).customer("ann");
    let hold = sale.hold_with(&ann, &[0], &json!({"ttlSeconds": 600})).expect(201);
    let hold = format!("/holds/{}", hold["id"].as_str().unwrap());
    let living = cluster.living().into_iter().filter(|number| *number != owner);
    let others: Vec<u32> = living.collect();
    let targets = others.iter().map(|number| cluster.client(*number).url()).collect();
    let load = Load::start_at(targets, &cluster, &sale, BUYERS, WINDOW);
    load.at_ms(1_000);
    cluster.pause(owner);
    let paused = load.now_ms();
    let successor = eventually("another node takes over", SETTLES_WITHIN, || {
        Some(cluster.owner_seen_by(others[0]).1).filter(|now| *now != owner)
    });
    let there = ann.at(&cluster.client(successor));
    eventually("the hold is given back", SETTLES_WITHIN, || {
        let answer = there.delete(&hold);
        if answer.status == 503 { None } else { Some(answer.expect(204)) }
    });
    let bob = cluster.client(others[0]);
    let bob = ann.at(&bob);
    eventually("the seat is sold on", SETTLES_WITHIN, || {
        let answer = sale.hold_with(&bob, &[0], &json!({"ttlSeconds": 600}));
        if answer.status == 503 { None } else { Some(answer.expect(201)) }
    });

    cluster.resume(owner);
    // Whatever it says from here on, it must not say that the old hold is there, nor sell the seat again.
    let mut answers = std::collections::BTreeMap::<u16, u32>::new();
    for _ in 0..100 {
        let read = ann.get(&hold).status;
        let sold = sale.hold(&ann, &[0]).status;
        assert!([410, 503].contains(&read), "GET {hold}: {read}");
        assert!([409, 503].contains(&sold), "the seat again: {sold}");
        for status in [read, sold] {
            *answers.entry(status).or_default() += 1;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(answers.contains_key(&410) && answers.contains_key(&409), "it finds the new owner: {answers:?}");
    let outcome = load.finish(&cluster);
    let pause = outcome.first_success_after(paused);
    println!("SIGSTOP of the owner: first success after {pause} ms, then {answers:?}; {}", outcome.line());
    assert_eq!(outcome.unknown(), 0, "{}", outcome.text());
    cluster.settle();
    replicas_agree(&cluster, &sale);
}

#[test]
fn an_owner_that_is_back_before_it_is_missed_forgets_nothing() {
    let mut cluster = Cluster::of(3);
    let sale = cluster.sale(SEATS, &json!({}));
    let load = Load::start(&cluster, &sale, BUYERS, WINDOW);
    for kill in 0..3 {
        load.at_ms(500 + 1_800 * kill);
        let owner = cluster.owner();
        cluster.kill(owner);
        // The process is there again within a part of the second that an election waits at least.
        cluster.start(owner);
    }
    let outcome = load.finish(&cluster);
    println!("killed and restarted at once, three times: {}", outcome.line());
    assert_eq!(outcome.unknown(), 0, "{}", outcome.text());
    cluster.settle();
    replicas_agree(&cluster, &sale);
}

#[test]
fn all_nodes_restarted_one_by_one_lose_no_request() {
    let mut cluster = Cluster::of(3);
    let sale = cluster.sale(SEATS, &json!({}));
    let load = Load::start(&cluster, &sale, BUYERS, Duration::from_secs(9));
    load.at_ms(500);
    for number in 1..=3 {
        let exit = cluster.terminate(number);
        assert_eq!(exit.status.code(), Some(0), "{}", exit.log);
        cluster.start(number);
        cluster.settle();
    }
    let end = load.now_ms();
    let outcome = load.finish(&cluster);
    let gap = outcome.longest_gap(500, end);
    println!("rolling restart in {end} ms, longest gap {gap} ms: {}", outcome.line());
    assert_eq!(outcome.unknown(), 0, "{}", outcome.text());
    replicas_agree(&cluster, &sale);
}
