//! What the tests of several modules make: facts, and proposals of them.

use domain::account::{Account, Login, Logins, PasswordHash, Role, Sealed};
use domain::event::{Cancellation, Fact, SaleTerms, Stamped};
use domain::ids::{EventId, SeatIndex, UserId};
use domain::money::Currency;
use domain::ports::{JournalFault, Proposal, Term};
use domain::time::UnixMillis;
use tokio::sync::oneshot;

/// The first fact of a sale of a thousand seats.
pub(crate) fn opened() -> Stamped {
    let terms = SaleTerms {
        organizer: UserId::new(1),
        currency: "EUR".parse::<Currency>().unwrap(),
        prices_minor: vec![1000],
        opens_at: None,
        starts_at: UnixMillis::new(1_800_000_000_000),
        hold_ms: 600_000,
        per_customer: None,
        cancellation: Cancellation { until: UnixMillis::new(1_800_000_000_000), fee_percent: 0 },
        charges: None,
        paused: false,
    };
    at(0, Fact::SaleOpened { terms, seats: 1000, revision: 1 })
}

/// The `number`-th fact of a sale: seats are blocked in turn.
pub(crate) fn blocked(number: u64) -> Stamped {
    let seat = SeatIndex::new(u32::try_from(number % 1000).unwrap());
    at(number, Fact::SeatsBlocked { seats: vec![seat] })
}

fn at(number: u64, fact: Fact) -> Stamped {
    Stamped { at: UnixMillis::new(1_700_000_000_000 + number), fact }
}

/// The facts of a sale from number `base` on, without a gap.
pub(crate) fn facts(base: u64, count: u64) -> Vec<Stamped> {
    (base..base + count).map(|number| if number == 0 { opened() } else { blocked(number) }).collect()
}

pub(crate) fn proposal(event: EventId, term: Term, base: u64, count: u64) -> Proposal {
    Proposal { event, term, base, facts: facts(base, count) }
}

/// The fate of a proposal.
pub(crate) type Fate = oneshot::Receiver<Result<(), JournalFault>>;

/// Proposes; gives where its fate will be told, or why it was not taken.
pub(crate) fn propose(
    journal: &dyn domain::ports::Journal,
    proposal: Proposal,
) -> Result<Fate, JournalFault> {
    let (sender, fate) = oneshot::channel();
    let place = journal.reserve(proposal.event)?;
    place(proposal, Box::new(move |outcome| sender.send(outcome).unwrap_or_default()));
    Ok(fate)
}

/// The account of the `number`-th person.
pub(crate) fn account(number: u64) -> Account {
    let login = |of: u64| Login((u128::from(number) << 64 | u128::from(of)).to_le_bytes());
    Account {
        id: UserId::new(number),
        logins: Logins { username: login(1), email: Some(login(2)) },
        key: Sealed::new(vec![7; 72]),
        person: Sealed::new(format!("Person {number}").into_bytes()),
        role: Role::Customer,
        password: PasswordHash::new("$argon2id$".to_owned()),
        created_at: UnixMillis::new(1_700_000_000_000),
        generation: 0,
        revoked: Vec::new(),
        reset: None,
    }
}
