//! What surrounds the actors in these tests.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::account::Role;
use domain::event::{
    BookingView, Caller, Cancellation, Command, HoldView, Key, PaymentMethod, PaymentTerms, Reply, SaleTerms,
    SeatStatus,
};
use domain::ids::{EventId, HoldNumber, SeatIndex, UserId};
use domain::ports::{
    Authorization, BoxFuture, Capture, Charge, Clock, JournalFault, Listing, Listings, PaymentGateway, Random,
};
use domain::seat_map::{Plan, PlanLayout, PlanSection, SeatMap};
use domain::time::{Reading, UnixMillis};

use super::journal::ManualJournal;
use super::telling::TestCourier;
use crate::{Answer, Answered, CurrentThread, Executor, Fault, Observer, Owners, Shell, Start};

pub(super) const EVENT: EventId = EventId::new(7);
/// The seat that the scenes are about.
pub(super) const SEAT: SeatIndex = SeatIndex::new(3);
pub(super) const HOLD_MS: u64 = 60_000;
const START_MS: u64 = 1_000_000;

/// Tokio's paused time, as both clocks; the wall clock jumps when told to, and timers may be late.
pub(super) struct TestClock {
    started: tokio::time::Instant,
    timers_late_ms: AtomicU64,
    jumped_ms: AtomicU64,
}

impl Clock for TestClock {
    fn read(&self) -> Reading {
        #[allow(clippy::disallowed_methods, reason = "tokio's paused clock is the test's clock")]
        let passed = tokio::time::Instant::now().duration_since(self.started).as_millis() as u64;
        let passed = passed + self.timers_late_ms.load(Ordering::SeqCst);
        let wall = UnixMillis::new(START_MS + passed + self.jumped_ms.load(Ordering::SeqCst));
        Reading { wall, monotonic_ms: passed }
    }
}

/// Panics once when told to, which is how these tests kill an actor.
#[derive(Default)]
pub(super) struct Bomb(AtomicBool);

impl Observer for Bomb {
    fn decided(&self, kind: &'static str, _outcome: &'static str) {
        assert!(!(kind == "show-hold" && self.0.swap(false, Ordering::SeqCst)), "the bomb in the actor");
    }

    fn entered_mailbox(&self, _commands: usize) {}

    fn left_mailbox(&self, _commands: usize) {}
}

/// Runs actors on the test's thread and counts them.
#[derive(Default)]
pub(super) struct Counted(AtomicU64);

impl Executor for Counted {
    fn spawn(&self, event: EventId, start: Start) {
        self.0.fetch_add(1, Ordering::SeqCst);
        CurrentThread.spawn(event, start);
    }
}

#[derive(Default)]
pub(super) struct CountingRandom(AtomicU64);

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes();
        bytes.iter_mut().zip(next.iter().cycle()).for_each(|(to, from)| *to = *from);
    }
}

/// What the directory says of the one event.
struct OneEvent(Mutex<Listing>);

impl Default for OneEvent {
    fn default() -> Self {
        Self(Mutex::new(Listing { terms: terms(), map: Arc::new(map()), revision: 1, cancelled: false }))
    }
}

impl Listings for OneEvent {
    fn listing(&self, event: EventId) -> BoxFuture<Result<Option<Listing>, JournalFault>> {
        let found = (event == EVENT).then(|| self.0.lock().unwrap().clone());
        Box::pin(std::future::ready(Ok(found)))
    }

    fn revision(&self, event: EventId) -> Option<u64> {
        (event == EVENT).then(|| self.0.lock().unwrap().revision)
    }
}

fn terms() -> SaleTerms {
    let far = UnixMillis::new(START_MS + 1_000_000_000);
    SaleTerms {
        organizer: UserId::new(1),
        currency: "EUR".parse().expect("a currency"),
        prices_minor: vec![2_500],
        opens_at: None,
        starts_at: far,
        hold_ms: HOLD_MS,
        per_customer: None,
        cancellation: Cancellation { until: far, fee_percent: 10 },
        charges: None,
        paused: false,
    }
}

fn map() -> SeatMap {
    let section =
        PlanSection { name: "Pit".into(), category: "standing".into(), layout: PlanLayout::Standing(20) };
    SeatMap::build(Plan { sections: vec![section] }).expect("a right plan")
}

/// How long the late tokens take.
pub(super) const LATE_MS: u64 = 25_000;

/// Grants `tok_visa`, declines `tok_declined`, each also late, and takes its time to capture `tok_slow_capture`; takes
/// for ever over anything else. Remembers what it was asked.
#[derive(Default)]
pub(super) struct TestGateway {
    calls: Mutex<Vec<String>>,
    /// Held by every authorization that takes for ever.
    asked: Arc<()>,
}

impl TestGateway {
    fn note(&self, what: String) {
        self.calls.lock().unwrap().push(what);
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// How many authorizations somebody still waits for without end.
    pub(super) fn waited_for(&self) -> usize {
        Arc::strong_count(&self.asked) - 1
    }
}

impl PaymentGateway for TestGateway {
    fn authorize(&self, charge: Charge) -> BoxFuture<Authorization> {
        self.note(format!("authorize {}", charge.amount_minor));
        let asked = self.asked.clone();
        Box::pin(async move {
            match charge.method.token.as_str() {
                "tok_visa" | "tok_slow_capture" => Authorization::Granted,
                "tok_declined" => Authorization::Declined,
                "tok_visa_late" => {
                    tokio::time::sleep(Duration::from_millis(LATE_MS)).await;
                    Authorization::Granted
                }
                "tok_declined_late" => {
                    tokio::time::sleep(Duration::from_millis(LATE_MS)).await;
                    Authorization::Declined
                }
                _ => {
                    let _asked = asked;
                    std::future::pending().await
                }
            }
        })
    }

    fn set_aside_late(&self, charge: Charge) -> BoxFuture<Option<Authorization>> {
        let late = charge.method.token == "tok_found_late";
        Box::pin(std::future::ready(late.then_some(Authorization::Granted)))
    }

    fn capture(&self, charge: Charge) -> BoxFuture<Capture> {
        self.note(format!("capture {}", charge.amount_minor));
        Box::pin(async move {
            if charge.method.token == "tok_slow_capture" {
                tokio::time::sleep(Duration::from_millis(LATE_MS)).await;
            }
            Capture::Taken
        })
    }

    fn void(&self, _charge: Charge) -> BoxFuture<()> {
        self.note("void".into());
        Box::pin(std::future::ready(()))
    }

    fn refund(&self, _charge: Charge, amount_minor: i64, attempt: u32) -> BoxFuture<()> {
        self.note(format!("refund {amount_minor} #{attempt}"));
        Box::pin(std::future::ready(()))
    }
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) journal: ManualJournal,
    pub(super) gateway: Arc<TestGateway>,
    pub(super) courier: Arc<TestCourier>,
    pub(super) owners: Rc<Owners>,
    clock: Arc<TestClock>,
    actors: Arc<Counted>,
    bomb: Arc<Bomb>,
    listings: Arc<OneEvent>,
}

/// Runs a scene in a world of its own, with its supervisor, in paused time.
pub(super) fn scene<F: Future<Output = ()>>(mailbox_capacity: usize, play: impl FnOnce(World) -> F) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let bomb = Arc::<Bomb>::default();
        #[allow(clippy::disallowed_methods, reason = "tokio's paused clock is the test's clock")]
        let started = tokio::time::Instant::now();
        let clock =
            Arc::new(TestClock { started, timers_late_ms: AtomicU64::new(0), jumped_ms: AtomicU64::new(0) });
        let (journal, gateway) = (ManualJournal::new(clock.read()), Arc::<TestGateway>::default());
        let courier = Arc::<TestCourier>::default();
        let listings = Arc::<OneEvent>::default();
        let shell = Shell {
            journal: Arc::new(journal.clone()),
            listings: listings.clone(),
            gateway: gateway.clone(),
            courier: courier.clone(),
            clock: clock.clone(),
            random: Arc::new(CountingRandom::default()),
            observer: bomb.clone(),
            mailbox_capacity,
        };
        let actors = Arc::<Counted>::default();
        let owners = Rc::new(Owners::new(shell, actors.clone()));
        let supervised = owners.clone();
        let supervisor = tokio::task::spawn_local(async move { supervised.supervise().await });
        let world = World { journal, gateway, courier, owners, clock, actors, bomb, listings };
        tokio::time::timeout(Duration::from_secs(3_600), play(world)).await.expect("the scene ends");
        supervisor.abort();
    });
}

impl World {
    pub(super) async fn ask(&self, user: u64, command: Command) -> Answered {
        self.ask_with(user, command, None).await
    }

    pub(super) async fn ask_with(&self, user: u64, command: Command, key: Option<Key>) -> Answered {
        let caller = Caller { user: UserId::new(user), role: Role::Customer };
        self.owners.ask(EVENT, command, caller, key).await
    }

    /// The same, under way: its answer appears in the cell.
    pub(super) fn begin(&self, user: u64, command: Command) -> Rc<RefCell<Option<Answered>>> {
        let (world, cell) = (self.clone(), Rc::<RefCell<Option<Answered>>>::default());
        let answer = cell.clone();
        tokio::task::spawn_local(async move {
            let answered = world.ask(user, command).await;
            *answer.borrow_mut() = Some(answered);
        });
        cell
    }

    /// The directory says otherwise from now on; the owner hears of it when it is told.
    pub(super) fn list(&self, change: impl FnOnce(&mut Listing)) {
        let mut listing = self.listings.0.lock().unwrap();
        listing.revision += 1;
        change(&mut listing);
    }

    /// Somebody sets the wall clock, so much ahead.
    pub(super) fn jump(&self, ahead_ms: u64) {
        self.clock.jumped_ms.store(ahead_ms, Ordering::SeqCst);
    }

    /// So much time passes before any timer fires.
    pub(super) fn pass_unnoticed(&self, millis: u64) {
        self.clock.timers_late_ms.fetch_add(millis, Ordering::SeqCst);
    }

    /// How many actors were ever made.
    pub(super) fn actors(&self) -> u64 {
        self.actors.0.load(Ordering::SeqCst)
    }

    /// Makes the actor panic at its next look at a hold.
    pub(super) async fn kill_actor(&self) {
        self.bomb.0.store(true, Ordering::SeqCst);
        let looked = self.ask(1, Command::ShowHold { hold: HoldNumber::new(0) }).await;
        assert!(matches!(looked, Err(Fault::OwnerUnavailable)), "{looked:?}");
    }
}

pub(super) fn hold(seats: &[u32]) -> Command {
    Command::HoldExact { seats: seats.iter().map(|seat| SeatIndex::new(*seat)).collect(), ttl_ms: None }
}

pub(super) fn book(hold: HoldNumber, token: &str) -> Command {
    Command::Book { hold, payment: pay(token) }
}

/// The committed status of [`SEAT`].
pub(super) fn status(world: &World) -> SeatStatus {
    world.journal.committed(EVENT, |sale| sale.status(SEAT)).expect("a seat of the map")
}

pub(super) fn pay(token: &str) -> PaymentTerms {
    let method = PaymentMethod { provider: "test".into(), token: token.into() };
    PaymentTerms { method, timeout_ms: 30_000 }
}

pub(super) fn held(answered: Answered) -> HoldView {
    match answered {
        Ok(Answer::Reply(Reply::Hold(view))) => view,
        other => panic!("a hold was expected: {other:?}"),
    }
}

pub(super) async fn settled(answered: Answered) -> Reply {
    match answered {
        Ok(Answer::Settling { settled, .. }) => settled.await.expect("the owner lives"),
        other => panic!("a payment under way was expected: {other:?}"),
    }
}

pub(super) fn booked(reply: Reply) -> BookingView {
    match reply {
        Reply::Booking(view) => view,
        other => panic!("a booking was expected: {other:?}"),
    }
}

/// Lets everything run that can, without time passing.
pub(super) async fn settle_down() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
