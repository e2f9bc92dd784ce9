//! Turns the acts of a random play into requests about what is there at that moment.

use super::plays::{Act, Step};
use super::scene::{ANNA, PAYMENT_WORKER, payment, seats};
use super::stage::{Request, Stage};
use crate::account::Role;
use crate::event::{BookingStatus, Caller, Claim, Command, Key, PaymentOutcome, Work};
use crate::ids::{BookingNumber, HoldNumber, SeatIndex};

impl Stage {
    /// What is asked in this step; nothing, where nothing fits it.
    pub(super) fn request(&self, step: &Step) -> Option<Request> {
        let worker =
            |booking, outcome| Some((PAYMENT_WORKER, None, Command::SettlePayment { booking, outcome }));
        let (hold, booking) = (|back| self.hold(back), |back| self.booking(back));
        let command = match &step.act {
            Act::ChangeOwner => return None,
            Act::Again { back } => {
                let at = self.requests.len().checked_sub(1 + usize::from(*back))?;
                return Some(self.requests[at].clone());
            }
            Act::Progress { back } => {
                let booking = self.scene.sale().working().nth(usize::from(*back))?;
                return worker(booking, self.progress(booking)?);
            }
            Act::Authorize { back } => return worker(booking(*back), PaymentOutcome::Authorized),
            Act::Decline { back } => return worker(booking(*back), PaymentOutcome::Declined),
            Act::Capture { back } => return worker(booking(*back), PaymentOutcome::Captured),
            Act::Void { back } => return worker(booking(*back), PaymentOutcome::Voided),
            Act::Refund { back, amount_minor, attempt } => {
                let (amount_minor, attempt) = (*amount_minor, *attempt);
                return worker(booking(*back), PaymentOutcome::Refunded { amount_minor, attempt });
            }
            Act::AnswerPending { back } => return Some(self.answer_pending(step.caller, booking(*back))),
            Act::ShowHold { back } => {
                return Some((step.caller, None, Command::ShowHold { hold: hold(*back) }));
            }
            Act::HoldExact { seats, ttl_ms } => {
                Command::HoldExact { seats: self.seats(seats), ttl_ms: *ttl_ms }
            }
            Act::HoldBest { wish, ttl_ms } => Command::HoldBest { wish: wish.clone(), ttl_ms: *ttl_ms },
            Act::ChangeHold { back, add, remove } => {
                let has = self.twin.holds.get(hold(*back).number() as usize);
                let has = has.iter().flat_map(|held| held.hold.tickets.iter().map(|ticket| ticket.seat));
                let remove = self.own_seats(&has.collect::<Vec<_>>(), remove);
                Command::ChangeHold { hold: hold(*back), add: self.seats(add), remove }
            }
            Act::ExtendHold { back, ttl_ms } => Command::ExtendHold { hold: hold(*back), ttl_ms: *ttl_ms },
            Act::ReleaseHold { back } => Command::ReleaseHold { hold: hold(*back) },
            Act::Book { back } => Command::Book { hold: hold(*back), payment: payment() },
            Act::BookHeldSeat { seat } => {
                Command::BookHeldSeat { seat: self.seats(&[*seat])[0], payment: payment() }
            }
            Act::HoldAndBook { seats } => {
                Command::HoldAndBook { seats: self.seats(seats), payment: payment() }
            }
            Act::Cancel { back, seats } => {
                let has = self.twin.bookings.get(self.sold(*back).number() as usize);
                let has = has.iter().flat_map(|booking| booking.tickets.iter().map(|ticket| ticket.seat));
                let has: Vec<_> = has.collect();
                let seats = seats.as_ref().map(|seats| self.own_seats(&has, seats));
                Command::Cancel { booking: self.sold(*back), seats }
            }
            Act::Block { seats } => Command::Block { seats: self.seats(seats) },
            Act::Unblock { seats } => {
                let all = (0..self.scene.sale().seats()).map(SeatIndex::new);
                let blocked: Vec<_> = all.filter(|seat| self.twin.claim(*seat) == Claim::Blocked).collect();
                Command::Unblock { seats: self.own_seats(&blocked, seats) }
            }
        };
        let caller = self.caller(step.caller, &command);
        let key = |hash| Key { caller: caller.user, hash: [hash; 16], fingerprint: fingerprint(&command) };
        let key = step.key.map(key);
        Some((caller, key, command))
    }

    /// A live hold counted back from the newest; where there are not so many, any that was, or one that never was.
    fn hold(&self, back: u8) -> HoldNumber {
        let alive = self.scene.sale().holds().map(|(number, _)| number).collect::<Vec<_>>();
        let any = HoldNumber::new((self.twin.holds.len() as u32).wrapping_sub(1 + u32::from(back)));
        alive.iter().rev().nth(back.into()).copied().unwrap_or(any)
    }

    /// The same for bookings, of which those alive are sold.
    fn sold(&self, back: u8) -> BookingNumber {
        let sold =
            self.scene.sale().bookings().filter(|(_, booking)| booking.status == BookingStatus::Booked);
        let sold: Vec<_> = sold.map(|(number, _)| number).collect();
        sold.iter().rev().nth(back.into()).copied().unwrap_or(self.booking(back))
    }

    fn booking(&self, back: u8) -> BookingNumber {
        BookingNumber::new((self.twin.bookings.len() as u32).wrapping_sub(1 + u32::from(back)))
    }

    fn caller(&self, caller: Caller, command: &Command) -> Caller {
        let sale = self.scene.sale();
        let buyer = match command {
            Command::ChangeHold { hold, .. }
            | Command::ExtendHold { hold, .. }
            | Command::ReleaseHold { hold }
            | Command::Book { hold, .. } => sale.hold(*hold).map(|hold| hold.buyer),
            Command::Cancel { booking, .. } => sale.booking(*booking).map(|booking| booking.buyer),
            _ => None,
        };
        buyer.filter(|_| caller == ANNA).map_or(caller, |user| Caller { user, role: Role::Customer })
    }

    /// Seats of the map, and sometimes the one after the last.
    fn seats(&self, wild: &[u8]) -> Vec<SeatIndex> {
        let tame = |wild: &u8| {
            if *wild == 255 {
                self.scene.sale().seats()
            } else {
                u32::from(*wild) % self.scene.sale().seats()
            }
        };
        seats(&wild.iter().map(tame).collect::<Vec<_>>())
    }

    /// Mostly seats that are there to be given back.
    fn own_seats(&self, own: &[SeatIndex], wild: &[u8]) -> Vec<SeatIndex> {
        wild.iter()
            .map(|at| own.get(usize::from(*at)).copied().unwrap_or(SeatIndex::new(u32::from(*at))))
            .collect()
    }

    fn progress(&self, booking: BookingNumber) -> Option<PaymentOutcome> {
        Some(match self.scene.sale().booking(booking)?.open_work()? {
            Work::Authorize => PaymentOutcome::Authorized,
            Work::Capture => PaymentOutcome::Captured,
            Work::Void => PaymentOutcome::Voided,
            Work::Refund { amount_minor, attempt } => PaymentOutcome::Refunded { amount_minor, attempt },
        })
    }

    /// Asked by the request that waits for the booking, with its key; else by anyone, without.
    fn answer_pending(&self, caller: Caller, booking: BookingNumber) -> Request {
        let owed = self.twin.bookings.get(booking.number() as usize).and_then(|booking| booking.owed.first());
        let caller = owed.map_or(caller, |key| Caller { user: key.caller, role: caller.role });
        (caller, owed.copied(), Command::AnswerPending { booking })
    }
}

/// FNV-1a: the same request has the same fingerprint.
fn fingerprint(command: &Command) -> [u8; 16] {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = format!("{command:?}").bytes().fold(0xcbf2_9ce4_8422_2325, step);
    core::array::from_fn(|at| hash.to_le_bytes()[at % 8])
}
