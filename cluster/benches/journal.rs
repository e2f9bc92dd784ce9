//! Facts a second through openraft and sled, synced to this machine's disk, 64 facts an entry; and the codec alone:
//! `cargo bench -p onsale-cluster`.
//!
//! `examples/journal_rate.rs` measures the same for longer, with percentiles and the restart.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bincode::Options;
use cluster::raft::types::{Entry, SaleBatch};
use cluster::{Cluster, ClusterConfig};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use domain::event::{Cancellation, Fact, PricedSeat, SaleTerms, Stamped};
use domain::ids::{EventId, HoldNumber, SeatIndex, UserId};
use domain::ports::{Journal, JournalFault, Opened, Proposal};
use domain::time::UnixMillis;
use tokio::sync::oneshot;

const FACTS: u64 = 64;
/// Entries that one iteration proposes for each event.
const ENTRIES: u64 = 16;
const EVENTS: u64 = 4;
const SEATS: u32 = 50_000;

fn stamped(number: u64, fact: Fact) -> Stamped {
    Stamped { at: UnixMillis::new(1_700_000_000_000 + number), fact }
}

fn opening() -> Fact {
    let far = UnixMillis::new(1_800_000_000_000);
    let terms = SaleTerms {
        organizer: UserId::new(1),
        currency: "EUR".parse().expect("three capital letters"),
        prices_minor: vec![1000],
        opens_at: None,
        starts_at: far,
        hold_ms: 600_000,
        per_customer: None,
        cancellation: Cancellation { until: far, fee_percent: 0 },
        charges: None,
        paused: false,
    };
    Fact::SaleOpened { terms, seats: SEATS, revision: 1 }
}

/// Two seats held in turn, and let go in turn, so that the state stays as large as it is.
fn fact(number: u64) -> Fact {
    let hold = HoldNumber::new((number / 2) as u32);
    if number % 2 == 1 {
        return Fact::HoldReleased { hold };
    }
    let seat = |seat| PricedSeat { seat: SeatIndex::new(seat), price_minor: 1000, price_type: 0 };
    let first = (number % u64::from(SEATS)) as u32;
    Fact::Held {
        hold,
        buyer: UserId::new(number % 1_000),
        tickets: [seat(first), seat(first + 1)].into(),
        expires_at: UnixMillis::new(1_800_000_000_000),
    }
}

fn config(data_dir: PathBuf) -> ClusterConfig {
    ClusterConfig::alone(data_dir, Arc::new(|message| panic!("the journal has failed: {message}")))
}

type Fate = oneshot::Receiver<Result<(), JournalFault>>;

/// An event's owner, as far as the journal sees one.
struct Seller {
    cluster: Arc<Cluster>,
    event: EventId,
    opened: Opened,
    base: u64,
}

impl Seller {
    async fn open(cluster: Arc<Cluster>, event: EventId) -> Self {
        let opened = cluster.open(event).await.expect("this node leads");
        let mut seller = Self { cluster, event, opened, base: 0 };
        let fate = seller.propose(vec![stamped(0, opening())]);
        assert_eq!(fate.await, Ok(Ok(())));
        seller
    }

    fn propose(&mut self, facts: Vec<Stamped>) -> Fate {
        let (sender, fate) = oneshot::channel();
        let (event, term, base) = (self.event, self.opened.term, self.base);
        self.base += facts.len() as u64;
        let done = Box::new(move |outcome| sender.send(outcome).unwrap_or_default());
        let place = self.cluster.reserve(event).expect("the queue has room");
        place(Proposal { event, term, base, facts }, done);
        fate
    }

    /// Sells as an actor does: decides the next batch while the one before is on its way.
    async fn sell(mut self) -> Self {
        let mut waiting = VecDeque::new();
        for _ in 0..ENTRIES {
            let batch = (self.base..self.base + FACTS).map(|number| stamped(number, fact(number - 1)));
            let batch = batch.collect();
            waiting.push_back(self.propose(batch));
            if waiting.len() == 2
                && let Some(fate) = waiting.pop_front()
            {
                assert_eq!(fate.await, Ok(Ok(())));
            }
        }
        for fate in waiting {
            assert_eq!(fate.await, Ok(Ok(())));
        }
        self
    }
}

fn journal(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let dir = tempfile::tempdir().expect("a directory can be made");
    let cluster = runtime.block_on(Cluster::open(config(dir.path().into()))).expect("the directory is empty");
    let cluster = Arc::new(cluster);
    let events = (0..EVENTS).map(|event| Seller::open(cluster.clone(), EventId::new(event * 7919)));
    let mut sellers: Vec<Seller> = events.map(|seller| runtime.block_on(seller)).collect();

    let mut group = criterion.benchmark_group("journal/synced");
    group.sample_size(10).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(EVENTS * ENTRIES * FACTS));
    group.bench_function("64_facts_an_entry", |bencher| {
        bencher.iter(|| {
            let selling: Vec<_> = sellers.drain(..).map(|seller| runtime.spawn(seller.sell())).collect();
            sellers.extend(selling.into_iter().map(|selling| runtime.block_on(selling).expect("it sells")));
        });
    });
    group.finish();
    runtime.block_on(cluster.shutdown());
}

/// The body of a stored entry, as the journal's codec has it, without frame and checksum.
fn codec(criterion: &mut Criterion) {
    let codec = || bincode::DefaultOptions::new().with_fixint_encoding().with_limit(1 << 20);
    let facts: Arc<[Stamped]> = (0..FACTS).map(|number| stamped(number, fact(2 * number))).collect();
    let entry = Entry::Sales([SaleBatch { event: EventId::new(7), base: 1, facts }].into());
    let bytes = codec().serialize(&entry).expect("it is small");
    let mut group = criterion.benchmark_group("codec/64_held");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group
        .bench_function("encode", |bencher| bencher.iter(|| codec().serialize(&entry).expect("it is small")));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| codec().deserialize::<Entry>(&bytes).expect("it was encoded"));
    });
    group.finish();
}

criterion_group!(benches, codec, journal);
criterion_main!(benches);
