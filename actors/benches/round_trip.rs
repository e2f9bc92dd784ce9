//! How many commands a second go through an event's actor and back to those who asked, with a journal that takes no
//! time: `cargo bench -p onsale-actors`.

mod shell;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::SystemRunner;
use actors::{Answer, Arbiters, Owners};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use domain::account::Role;
use domain::event::{Caller, Command, Refusal, Reply};
use domain::ids::{SeatIndex, UserId};
use shell::{EVENT, shell};
use tikv_jemallocator::Jemalloc;

/// As in the node.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

const CALLERS: u32 = 64;
/// Commands in one message, where there are many.
const COMMANDS: u32 = 64;
/// Each caller holds a seat and lets it go so often.
const TURNS: u32 = 8;

/// A seat of the caller's own.
async fn hold_and_release(owners: &Owners, number: u32) {
    let caller = Caller { user: UserId::new(u64::from(number)), role: Role::Customer };
    let seats = vec![SeatIndex::new(number)];
    let held = owners.ask(EVENT, Command::HoldExact { seats, ttl_ms: None }, caller, None).await;
    let Ok(Answer::Reply(Reply::Hold(view))) = held else { panic!("no hold: {held:?}") };
    let released = owners.ask(EVENT, Command::ReleaseHold { hold: view.hold }, caller, None).await;
    assert!(matches!(released, Ok(Answer::Reply(Reply::Released))), "{released:?}");
}

/// A seat that somebody else has.
async fn lose(owners: &Owners, number: u32) {
    let caller = Caller { user: UserId::new(u64::from(number)), role: Role::Customer };
    let seats = vec![SeatIndex::new(CALLERS)];
    let refused = owners.ask(EVENT, Command::HoldExact { seats, ttl_ms: None }, caller, None).await;
    assert!(matches!(refused, Ok(Answer::Refused(Refusal::SeatUnavailable(_)))), "{refused:?}");
}

/// Many seats that somebody else has, in one message.
async fn lose_many(owners: &Owners, number: u32) {
    let caller = Caller { user: UserId::new(u64::from(number)), role: Role::Customer };
    let command = || Command::HoldExact { seats: vec![SeatIndex::new(CALLERS)], ttl_ms: None };
    let answers = owners.ask_many(EVENT, caller, (0..COMMANDS).map(|_| (command(), None)).collect()).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Answer::Refused(Refusal::SeatUnavailable(_))))));
}

/// Many seats of the caller's own, held in one message and let go in another.
async fn hold_and_release_many(owners: &Owners, number: u32) {
    let caller = Caller { user: UserId::new(u64::from(number)), role: Role::Customer };
    let first = CALLERS + 1 + number * COMMANDS;
    let holds = (first..first + COMMANDS)
        .map(|seat| (Command::HoldExact { seats: vec![SeatIndex::new(seat)], ttl_ms: None }, None));
    let held = owners.ask_many(EVENT, caller, holds.collect()).await;
    let releases = held.into_iter().map(|held| {
        let Ok(Answer::Reply(Reply::Hold(view))) = held else { panic!("no hold: {held:?}") };
        (Command::ReleaseHold { hold: view.hold }, None)
    });
    let released = owners.ask_many(EVENT, caller, releases.collect()).await;
    assert!(released.iter().all(|answer| matches!(answer, Ok(Answer::Reply(Reply::Released)))));
}

/// Has every caller take its turns, all callers at once, on the thread of `system`.
fn all_at_once<F>(
    system: &SystemRunner,
    owners: &Rc<Owners>,
    turn: impl Fn(Rc<Owners>, u32) -> F + Copy + 'static,
) where
    F: Future<Output = ()> + 'static,
{
    system.block_on(async {
        let callers = (0..CALLERS).map(|number| {
            let owners = owners.clone();
            actix_rt::spawn(async move {
                for _ in 0..TURNS {
                    turn(owners.clone(), number).await;
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.expect("no caller panics");
        }
    });
}

/// The actor on a thread of its own, all callers on another.
fn round_trips(criterion: &mut Criterion) {
    let system = actix_rt::System::new();
    let owners = system.block_on(async { Rc::new(Owners::new(shell(), Arc::new(Arbiters::start(1)))) });
    let taken = Command::HoldExact { seats: vec![SeatIndex::new(CALLERS)], ttl_ms: None };
    let house = Caller { user: UserId::new(99), role: Role::Customer };
    system.block_on(owners.ask(EVENT, taken, house, None)).expect("the seat is free");

    let mut group = criterion.benchmark_group("round_trip/64_callers");
    group.sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    group.throughput(Throughput::Elements(u64::from(2 * CALLERS * TURNS)));
    group.bench_function("hold_and_release", |bencher| {
        let turn = |owners: Rc<Owners>, number| async move { hold_and_release(&owners, number).await };
        bencher.iter(|| all_at_once(&system, &owners, turn));
    });
    group.throughput(Throughput::Elements(u64::from(CALLERS * TURNS)));
    group.bench_function("refused", |bencher| {
        let turn = |owners: Rc<Owners>, number| async move { lose(&owners, number).await };
        bencher.iter(|| all_at_once(&system, &owners, turn));
    });
    group.finish();

    let mut group = criterion.benchmark_group("round_trip/64_commands_a_message");
    group.sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    group.throughput(Throughput::Elements(u64::from(CALLERS * TURNS * COMMANDS)));
    group.bench_function("refused", |bencher| {
        let turn = |owners: Rc<Owners>, number| async move { lose_many(&owners, number).await };
        bencher.iter(|| all_at_once(&system, &owners, turn));
    });
    group.throughput(Throughput::Elements(u64::from(2 * CALLERS * TURNS * COMMANDS)));
    group.bench_function("hold_and_release", |bencher| {
        let turn = |owners: Rc<Owners>, number| async move { hold_and_release_many(&owners, number).await };
        bencher.iter(|| all_at_once(&system, &owners, turn));
    });
    group.finish();
}

criterion_group!(benches, round_trips);
criterion_main!(benches);
