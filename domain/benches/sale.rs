//! How fast one core decides and applies: `cargo bench -p onsale-domain`.

mod stage;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use domain::account::Role;
use domain::event::{BestWish, Caller, Command, Fact, PricedSeat, Sale, Stamped, decide};
use domain::ids::{HoldNumber, SeatIndex, UserId};
use domain::seat_map::SeatMap;
use stage::{HOLD_MS, Numbers, SEATS, START, context, end_due, flash_sale, hall, losers, opened, play};
use tikv_jemallocator::Jemalloc;

/// As in the node.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// A whole sale, from the first request to the last seat.
fn decide_and_apply(criterion: &mut Criterion) {
    let (map, sale) = (hall(), opened());
    let mut group = criterion.benchmark_group("decide_and_apply/64_percent_winners");
    for (name, keyed) in [("without_keys", false), ("with_keys", true)] {
        let (requests, winners) = flash_sale(keyed);
        group.throughput(Throughput::Elements(requests.len() as u64));
        group.bench_function(name, |bencher| {
            let run = |mut sale: Sale| {
                assert_eq!(play(&mut sale, &map, &requests), winners);
                sale
            };
            bencher.iter_batched(|| sale.clone(), run, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// A request for taken seats of a hall that is sold out.
fn decide_loser(criterion: &mut Criterion) {
    let (map, mut sale) = (hall(), opened());
    let (requests, _) = flash_sale(true);
    play(&mut sale, &map, &requests);
    let losers = losers(1_000);
    let mut group = criterion.benchmark_group("decide_loser");
    group.throughput(Throughput::Elements(losers.len() as u64));
    group.bench_function("with_keys", |bencher| {
        bencher.iter(|| {
            for loser in &losers {
                let context = context(&map, START.plus_ms(1_000), loser.caller, loser.key);
                assert!(std::hint::black_box(decide(&sale, &loser.command, &context)).is_err());
            }
        });
    });
    group.finish();
}

/// One seat a hold, all of them made in one second.
fn held() -> Vec<Stamped> {
    let mut numbers = Numbers::from(44);
    let held = |seat: u32| Stamped {
        at: START,
        fact: Fact::Held {
            hold: HoldNumber::new(seat),
            buyer: UserId::new(numbers.next()),
            tickets: [PricedSeat { seat: SeatIndex::new(seat), price_minor: 5_000, price_type: 0 }].into(),
            expires_at: START.plus_ms(HOLD_MS + u64::from(seat / 50)),
        },
    };
    (0..SEATS).map(held).collect()
}

/// What a follower does with a hold.
fn apply_held(criterion: &mut Criterion) {
    let (sale, facts) = (opened(), held());
    let mut group = criterion.benchmark_group("apply_held");
    group.throughput(Throughput::Elements(facts.len() as u64));
    group.bench_function("one_seat", |bencher| {
        let run = |mut sale: Sale| {
            facts.iter().for_each(|fact| sale.apply(fact));
            sale
        };
        bencher.iter_batched(|| sale.clone(), run, BatchSize::PerIteration);
    });
    group.finish();
}

/// Fifty thousand holds are due at once.
fn expire(criterion: &mut Criterion) {
    let mut sale = opened();
    held().iter().for_each(|fact| sale.apply(fact));
    let mut group = criterion.benchmark_group("expire");
    group.throughput(Throughput::Elements(u64::from(SEATS)));
    group.bench_function("50000_at_once", |bencher| {
        let run = |mut sale: Sale| {
            end_due(&mut sale, START.plus_ms(2 * HOLD_MS));
            assert_eq!(sale.counts().available, SEATS);
            sale
        };
        bencher.iter_batched(|| sale.clone(), run, BatchSize::PerIteration);
    });
    group.finish();
}

/// The opened sale, with these seats kept by the house.
fn blocked(seats: impl Iterator<Item = u32>) -> Sale {
    let mut sale = opened();
    let seats = seats.map(SeatIndex::new).collect();
    sale.apply(&Stamped { at: START, fact: Fact::SeatsBlocked { seats } });
    sale
}

fn best(sale: &Sale, map: &SeatMap, quantity: u32) {
    let wish = BestWish { quantity, ..BestWish::default() };
    let buyer = Caller { user: UserId::new(5), role: Role::Customer };
    let command = Command::HoldBest { wish, ttl_ms: None };
    let decision = decide(sale, &command, &context(map, START, buyer, None));
    assert!(std::hint::black_box(decision).is_ok());
}

fn best_available(criterion: &mut Criterion) {
    let map = hall();
    let mut numbers = Numbers::from(45);
    let scattered = blocked((0..SEATS).filter(|_| numbers.below(2) == 0));
    // Every 500th seat is left: no two of them in one row.
    let nearly_full = blocked((0..SEATS).filter(|seat| seat % 500 != 0));
    let mut group = criterion.benchmark_group("best_available");
    for (name, sale) in
        [("empty", opened()), ("half_full_scattered", scattered), ("nearly_full", nearly_full)]
    {
        for quantity in [2, 12] {
            group.bench_with_input(BenchmarkId::new(name, quantity), &quantity, |bencher, quantity| {
                bencher.iter(|| best(&sale, &map, *quantity));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, decide_and_apply, decide_loser, apply_held, expire, best_available);
criterion_main!(benches);
