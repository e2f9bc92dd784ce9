//! What a hold costs at the edge of a node, step by step: reading its token, the fingerprint of its key, and its tickets
//! in JSON: `cargo bench -p onsale`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::Request;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use domain::event::SeatStatus;
use domain::ids::{EventId, SeatIndex, TicketId, UserId};
use domain::ports::Random;
use domain::seat_map::{Plan, PlanLayout, PlanRow, PlanSeats, PlanSection, SeatMap};
use domain::time::UnixMillis;
use futures_util::FutureExt;
use onsale::auth::Tokens;
use onsale::config::Secret;
use onsale::http::extract::IdempotencyKey;
use onsale::http::ticket::{Scene, Told};

const EVENT: EventId = EventId::new(0x0123_4567_89ab_cdef);
const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);

struct Ones;

impl Random for Ones {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(1);
    }
}

fn token(criterion: &mut Criterion) {
    let secret = Secret::new("a secret of thirty-two bytes or more".into());
    let tokens = Tokens::new(&secret, &[], Duration::from_secs(3600));
    let issued = tokens.issue(UserId::new(42), 0, NOW, &Ones);
    criterion.bench_function("token/read", |bencher| {
        bencher.iter(|| tokens.read(black_box(&issued.text), NOW).expect("it is good"));
    });
}

fn four_seats() -> impl Iterator<Item = SeatIndex> {
    (20_000..20_004).map(SeatIndex::new)
}

fn fingerprint(criterion: &mut Criterion) {
    let ids: Vec<_> = four_seats().map(|seat| format!("\"{}\"", TicketId::new(EVENT, seat))).collect();
    let body = format!("{{\"ticketIds\": [{}], \"ttlSeconds\": 600}}", ids.join(", "));
    let request = Request::post(format!("/events/{EVENT}/holds")).header("idempotency-key", "4711-0815");
    let (mut parts, ()) = request.body(()).expect("a right request").into_parts();
    criterion.bench_function("key/fingerprint", |bencher| {
        bencher.iter(|| {
            let key = IdempotencyKey::from_request_parts(&mut parts, &()).now_or_never();
            let key = key.expect("it waits for nothing").expect("a right key");
            key.of_body(black_box(body.as_bytes())).expect("there is a key")
        });
    });
}

fn scene() -> Scene {
    let rows = (1..=100).map(|row| PlanRow { name: row.to_string(), seats: PlanSeats::Count(25) });
    let rows: Vec<_> = rows.collect();
    let sections = (0..20).map(|section| PlanSection {
        name: format!("Block {section}"),
        category: format!("level {}", section / 4),
        layout: PlanLayout::Rows(rows.clone()),
    });
    let map = SeatMap::build(Plan { sections: sections.collect() }).expect("the plan is right");
    Scene::new(EVENT, "EUR".parse().expect("three capital letters"), Arc::new(map))
}

fn tickets(criterion: &mut Criterion) {
    let scene = scene();
    let mut group = criterion.benchmark_group("tickets");
    group.throughput(Throughput::Elements(4));
    group.bench_function("render_held", |bencher| {
        bencher.iter(|| {
            let held = |seat| scene.held_ticket(seat, 5_000, SeatStatus::Held, Told::Mine, None);
            let held: Vec<_> = four_seats().map(held).collect();
            serde_json::to_vec(&held).expect("it is JSON")
        });
    });
    group.finish();
}

criterion_group!(benches, token, fingerprint, tickets);
criterion_main!(benches);
