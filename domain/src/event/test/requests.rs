//! Turns the acts of a random play into requests about what is there at that moment.

use super::plays::{Act, Step};
use super::scene::{ANNA, PAYMENT_WORKER, payment, seats};
use super::stage::{Request, Stage};
use crate::account::Role;
use crate::event::{
    Booking, BookingStatus, Caller, Claim, Command, Dispute, Key, NextAction, PaymentOutcome, ProviderNews,
    Work,
};
use crate::ids::{BookingNumber, HoldNumber, SeatIndex};
use crate::money::Money;

impl Stage {
    /// What is asked in this step; nothing, where nothing fits it.
    pub(super) fn request(&self, step: &Step) -> Option<Request> {
        let worker =
            |booking, outcome| Some((PAYMENT_WORKER, None, Command::SettlePayment { booking, outcome }));
        let (hold, booking) = (|back| self.hold(back), |back| self.booking(back));
        let command = match &step.act {
            Act::ChangeOwner | Act::WindUp { .. } | Act::Forget => return None,
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
            Act::AuthorizeAs { back } => {
                return worker(booking(*back), PaymentOutcome::AuthorizedAs("ch_1".into()));
            }
            Act::FindLate { back } => {
                return worker(booking(*back), PaymentOutcome::FoundLate(Some("ch_1".into())));
            }
            Act::RequireAction { back } => return worker(booking(*back), required()),
            Act::Lose { back } => return worker(booking(*back), PaymentOutcome::Lost),
            Act::Hear { back, word, attempt } => {
                let (booking, attempt, reference) = (booking(*back), *attempt, "ch_2".to_owned());
                let news = self.news(booking, *word);
                return Some((
                    PAYMENT_WORKER,
                    None,
                    Command::HearProvider { booking, attempt, reference, news },
                ));
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
            Act::Reserve { backs } => {
                Command::Reserve { holds: backs.iter().map(|back| hold(*back)).collect() }
            }
            Act::BookTogether { backs } => {
                let holds = backs.iter().map(|back| hold(*back)).collect();
                Command::BookTogether { holds, payment: payment() }
            }
            Act::Pay { back } => Command::Pay { booking: self.unpaid(*back), payment: payment() },
            Act::NameContact { back } => {
                Command::NameContact { booking: booking(*back), contact: vec![*back; 3] }
            }
            Act::KeepMetadata { back } => {
                let metadata = [("order".to_owned(), back.to_string())].into();
                Command::KeepMetadata { booking: booking(*back), metadata }
            }
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
            Act::Kill { seats } => Command::Kill { seats: self.seats(seats) },
            Act::Restore { seats } => {
                let killed: Vec<_> = self.scene.sale().killed().collect();
                Command::Restore { seats: self.own_seats(&killed, seats) }
            }
            Act::Comp { seats, to } => Command::Comp { seats: self.seats(seats), to: *to },
            Act::Move { back, from, to } => {
                let booking = self.sold(*back);
                let has = self.twin.bookings.get(booking.number() as usize);
                let has = has.iter().flat_map(|booking| booking.tickets.iter().map(|ticket| ticket.seat));
                let from = self.own_seats(&has.collect::<Vec<_>>(), &[*from])[0];
                Command::MoveTicket { booking, from, to: self.seats(&[*to])[0] }
            }
            Act::Close { unsold } => Command::Close { unsold: *unsold },
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

    /// The same for those that wait to be paid.
    fn unpaid(&self, back: u8) -> BookingNumber {
        let open = self
            .scene
            .sale()
            .bookings()
            .filter(|(_, booking)| booking.status == BookingStatus::Pending && booking.payment.is_open());
        let open: Vec<_> = open.map(|(number, _)| number).collect();
        open.iter().rev().nth(back.into()).copied().unwrap_or(self.booking(back))
    }

    /// Something that a provider may tell of this booking, mostly with the right amount.
    fn news(&self, booking: BookingNumber, word: u8) -> ProviderNews {
        let owed = self.twin.bookings.get(booking.number() as usize).map_or(0, Booking::total_minor);
        let minor = if word > 240 { owed + 1 } else { owed };
        let money = Money { minor, currency: self.scene.sale().terms().currency };
        match word % 4 {
            0 => ProviderNews::Authorized(money),
            1 => ProviderNews::Captured(money),
            2 => ProviderNews::Cancelled,
            _ => ProviderNews::Disputed(Dispute {
                id: format!("dp_{}", word % 3),
                amount_minor: owed,
                reason: "fraudulent".to_owned(),
                status: if word > 100 { "lost" } else { "needs_response" }.to_owned(),
            }),
        }
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
            Command::Reserve { holds } | Command::BookTogether { holds, .. } => {
                holds.first().and_then(|hold| sale.hold(*hold)).map(|hold| hold.buyer)
            }
            Command::Cancel { booking, .. }
            | Command::Pay { booking, .. }
            | Command::NameContact { booking, .. }
            | Command::KeepMetadata { booking, .. } => sale.booking(*booking).map(|booking| booking.buyer),
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
            Work::Authorize | Work::Await => PaymentOutcome::Authorized,
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

fn required() -> PaymentOutcome {
    let action = NextAction {
        kind: "redirect_to_url".to_owned(),
        url: Some("https://bank.example/3ds".to_owned()),
        client_secret: None,
    };
    PaymentOutcome::ActionRequired { action, reference: "ch_1".to_owned() }
}

/// FNV-1a: the same request has the same fingerprint.
fn fingerprint(command: &Command) -> [u8; 16] {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = format!("{command:?}").bytes().fold(0xcbf2_9ce4_8422_2325, step);
    core::array::from_fn(|at| hash.to_le_bytes()[at % 8])
}
