//! What is to be read once all is healed: the seats and bookings of every event, as its owner has committed them, until
//! no hold can still be alive and no payment is under way.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bench::checker::{Limits, settled_at_us};
use bench::history::{
    Account, Audit, BookingRead, History, ListRead, MapRead, Outcome, Owner, SeatRead, SeatStatus,
};
use cluster::GroupId;
use domain::event::{self, BookingStatus, Claim, Sale};
use domain::ids::{BookingId, EventId, SeatIndex, UserId};
use tokio::time::sleep;

use crate::client::{Client, booking};
use crate::clock;
use crate::machine::SimCluster;
use crate::stage::Stage;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(700);
/// Open work that is not done by then will never be.
const PATIENCE_US: u64 = 60_000_000;
/// A shard's time may be so far beside the right one.
const BESIDE_MS: u64 = 1_500;

/// Looks again and again until all is settled, and puts down what it sees; gives what is still open then.
pub(crate) async fn until_settled(client: &Client, limits: &Limits, is_last: bool) -> Vec<String> {
    let history = &client.history;
    let give_up_us = clock::now_us() + PATIENCE_US;
    loop {
        sleep(PAUSE).await;
        let settled = clock::now_us() > settled_at_us(&history.borrow(), limits);
        let open = open_work(client);
        let over = clock::now_us() > give_up_us;
        match read(client, is_last && (settled && open.is_empty() || over)) {
            Ok(audit) => history.borrow_mut().audits.push(audit),
            Err(why) if over => return vec![why],
            Err(_) => continue,
        }
        if over || settled && open.is_empty() {
            return open;
        }
    }
}

/// Looks at the seats of every event that has an owner now and then, until dropped.
pub(crate) async fn watch(client: Rc<Client>) {
    loop {
        sleep(PAUSE).await;
        let audit = glance(&client);
        client.history.borrow_mut().audits.push(audit);
    }
}

/// While all is not as it should be nobody promises that what has ended is cleared away at once: such seats are passed
/// over.
fn glance(client: &Client) -> Audit {
    let now_us = clock::now_us();
    let calm = client.machines.iter().all(|machine| machine.is_calm());
    let soon = clock::unix_at(clock::elapsed()).plus_ms(BESIDE_MS);
    let mut audit = Audit::default();
    for event in &client.stage.events {
        let Some(cluster) = owner(client, *event) else { continue };
        let seats = cluster.with_sale(*event, |sale| {
            let mut seats = map(&client.stage, *event, sale);
            if let Some(sale) = sale.filter(|_| !calm) {
                let ends = |hold| sale.hold(hold).is_none_or(|hold| hold.expires_at < soon);
                seats.retain(|read| match sale.claim(client.stage.seat(read.ticket)) {
                    Some(Claim::Hold(hold)) => !ends(hold),
                    Some(Claim::Booking(number)) => {
                        sale.booking(number).is_none_or(|booking| booking.status != BookingStatus::Pending)
                    }
                    _ => true,
                });
            }
            seats
        });
        audit.maps.push(MapRead { invoked_us: now_us, ended_us: now_us, seats });
    }
    audit
}

/// The replica that owns `event`, once it knows all that was committed before: until then it answers no consistent read.
pub(crate) fn owner(client: &Client, event: EventId) -> Option<Arc<SimCluster>> {
    let cluster = client.machines.iter().find(|machine| machine.owns(event))?.cluster()?;
    let shard = GroupId::shard(cluster.shard_of(event));
    let status = cluster.status().into_iter().find(|group| group.id == shard)?;
    (status.applied_term == Some(status.term)).then_some(cluster)
}

fn open_work(client: &Client) -> Vec<String> {
    let busy = |event: &EventId| {
        let cluster = owner(client, *event)?;
        cluster
            .with_sale(*event, |sale| sale.filter(|sale| sale.is_busy()).map(|sale| describe(*event, sale)))
    };
    client.stage.events.iter().filter_map(busy).collect()
}

fn describe(event: EventId, sale: &Sale) -> String {
    let working: Vec<_> =
        sale.working().map(|number| (number, sale.booking(number).map(event::Booking::open_work))).collect();
    format!("{event} is never done: {} open holds, work {working:?}", sale.open_holds())
}

fn read(client: &Client, is_final: bool) -> Result<Audit, String> {
    let now_us = clock::now_us();
    let mut audit = Audit::default();
    for event in &client.stage.events {
        let cluster = owner(client, *event).ok_or_else(|| nobody(client, *event))?;
        let seats = cluster.with_sale(*event, |sale| map(&client.stage, *event, sale));
        audit.maps.push(MapRead { invoked_us: now_us, ended_us: now_us, seats });
        if is_final {
            cluster.with_sale(*event, |sale| lists(client, *event, sale, &mut audit, now_us));
        }
    }
    Ok(audit)
}

fn nobody(client: &Client, event: EventId) -> String {
    let mut text = format!("nobody owns {event}");
    for machine in &client.machines {
        let Some(cluster) = machine.cluster() else {
            let _ = write!(text, "; {} does not run", machine.name());
            continue;
        };
        let shard = cluster.shard_of(event);
        let status = cluster.status().into_iter().find(|group| group.id == GroupId::shard(shard));
        let _ = write!(text, "; {}: {status:?}", machine.name());
    }
    text
}

fn map(stage: &Stage, event: EventId, sale: Option<&Sale>) -> Vec<SeatRead> {
    let place = stage.place_of(event);
    let seat = |number| {
        let seat = SeatIndex::new(number);
        let (status, owner) =
            sale.map_or((SeatStatus::Available, Owner::Untold), |sale| status(stage, sale, seat));
        SeatRead { ticket: stage.ticket(place, seat), status, owner }
    };
    (0..stage.seats()).map(seat).collect()
}

fn status(stage: &Stage, sale: &Sale, seat: SeatIndex) -> (SeatStatus, Owner) {
    let owner =
        |user: Option<UserId>| user.map_or(Owner::Stranger("nobody".into()), |user| stage.owner(user));
    match sale.claim(seat) {
        Some(Claim::Hold(number)) => (SeatStatus::Held, owner(sale.hold(number).map(|hold| hold.buyer))),
        Some(Claim::Booking(number)) => {
            (SeatStatus::Booked, owner(sale.booking(number).map(|booking| booking.buyer)))
        }
        Some(Claim::Blocked) => (SeatStatus::Blocked, Owner::Untold),
        Some(Claim::Free) | None => (SeatStatus::Available, Owner::Untold),
    }
}

/// Everybody's bookings of one event, and each that was acknowledged.
fn lists(client: &Client, event: EventId, sale: Option<&Sale>, audit: &mut Audit, now_us: u64) {
    let stage = &client.stage;
    let all = sale.into_iter().flat_map(Sale::bookings);
    let shown: Vec<_> = all
        // One that was never paid is not a booking to anybody but the one who was told of it.
        .map(|(number, found)| booking(stage, BookingId::new(event, number), found))
        .collect();
    for account in (0..stage.accounts).map(Account) {
        let own = shown.iter().filter(|booking| booking.owner == Owner::Buyer(account)).cloned();
        match audit.lists.iter_mut().find(|list| list.account == account) {
            Some(list) => list.bookings.extend(own),
            None => audit.lists.push(ListRead { account, ended_us: now_us, bookings: own.collect() }),
        }
    }
    for op in &client.history.borrow().operations {
        let Outcome::Booked(acknowledged) = &op.outcome else { continue };
        let Ok(id) = acknowledged.id.parse::<BookingId>() else { continue };
        if id.event == event {
            let booking = shown.iter().find(|booking| booking.id == acknowledged.id).cloned();
            audit.bookings.push(BookingRead {
                account: op.account,
                id: acknowledged.id.clone(),
                ended_us: now_us,
                booking,
            });
        }
    }
}

/// What became of every booking in the end, by its owner's word.
pub(crate) fn bookings(client: &Client) -> Vec<(BookingId, event::Booking)> {
    let of = |event: &EventId| {
        let event = *event;
        let cluster = owner(client, event);
        let read = |sale: Option<&Sale>| {
            let all = sale.into_iter().flat_map(Sale::bookings);
            all.map(|(number, found)| (BookingId::new(event, number), found.clone())).collect::<Vec<_>>()
        };
        cluster.map(|cluster| cluster.with_sale(event, read)).unwrap_or_default()
    };
    client.stage.events.iter().flat_map(of).collect()
}

/// A sale that is booked.
pub(crate) fn is_good(booking: &event::Booking) -> bool {
    booking.status == BookingStatus::Booked
}

/// The history, shared by all who write it.
pub(crate) fn new_history(stage: &Stage) -> Rc<RefCell<History>> {
    let accounts =
        (0..stage.accounts).map(|account| stage.caller(Account(account)).user.to_string()).collect();
    Rc::new(RefCell::new(History { tickets: stage.tickets(), accounts, ..History::default() }))
}
