//! What makes up a total beside the plain prices of seats: price types, fees and taxes, and how they add up.
//!
//! Owns the arithmetic and its rounding: minor units are whole, and each percentage is rounded half up, once where it is
//! taken: per ticket, per fee, per tax. What costs nothing bears no fee and no tax, so a total of zero stays zero. Hazard:
//! more tickets must never cost less, or giving one back would cost the buyer money.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hold::PricedSeat;

/// The price type of whoever asks for no other.
pub const ADULT: &str = "adult";

/// Hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Percent(u32);

impl Percent {
    /// The whole.
    pub const ALL: Self = Self(10_000);

    /// So many hundredths of a percent; none beyond the whole.
    #[must_use]
    pub const fn hundredths(hundredths: u32) -> Option<Self> {
        if hundredths <= Self::ALL.0 { Some(Self(hundredths)) } else { None }
    }

    /// In hundredths of a percent.
    #[must_use]
    pub const fn in_hundredths(self) -> u32 {
        self.0
    }

    /// So much of `amount`, rounded half up.
    #[must_use]
    pub fn of(self, amount: i64) -> i64 {
        rounded(i128::from(amount) * i128::from(self.0), i128::from(Self::ALL.0))
    }
}

/// A quotient of what is not negative, rounded half up.
fn rounded(dividend: i128, divisor: i128) -> i64 {
    i64::try_from((2 * dividend + divisor) / (2 * divisor)).unwrap_or(i64::MAX)
}

/// Who pays what for a seat: adults its price, children half of it, say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceType {
    /// Unique in the event.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it costs.
    pub price: PriceRule,
}

/// How a price type has its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PriceRule {
    /// So much of the adult's.
    Percent(Percent),
    /// Its own, in minor units by category.
    Prices(Vec<i64>),
}

/// What is paid beside the tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    /// For people.
    pub name: String,
    /// How much.
    pub amount: FeeAmount,
    /// How often.
    pub per: Per,
}

/// How much a fee is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FeeAmount {
    /// Minor units.
    Fixed(i64),
    /// A part of the ticket's price, or of all tickets' of the booking.
    Percent(Percent),
}

/// How often a fee is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Per {
    /// For each ticket that costs something.
    Ticket,
    /// Once, if any ticket costs something.
    Booking,
}

/// A tax on tickets and fees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// For people.
    pub name: String,
    /// Its rate.
    pub percent: Percent,
    /// The prices contain it, so that it adds nothing to the total.
    pub included: bool,
}

/// Price types, fees and taxes of a sale. An event without any has none of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charges {
    /// The first is that of adults, who pay the plain prices.
    pub types: Vec<PriceType>,
    /// In the order in which they are shown.
    pub fees: Vec<Fee>,
    /// In the order in which they are shown.
    pub taxes: Vec<Tax>,
}

/// A part of a total. All the parts of a total add up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// What it is.
    pub kind: LineKind<'a>,
    /// Its name, for people.
    pub name: &'a str,
    /// Minor units.
    pub amount_minor: i64,
}

/// What a part of a total is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind<'a> {
    /// So many tickets of one price type at one price.
    Tickets {
        /// The id of the price type.
        price_type: &'a str,
        /// How many.
        quantity: u32,
        /// Each, minor units.
        price_minor: i64,
    },
    /// A fee.
    Fee,
    /// A tax that the prices do not contain.
    Tax,
}

/// What is asked of tickets: the price type and the price of each.
pub type Priced = (u8, i64);

impl Charges {
    /// The number of the price type with this id.
    #[must_use]
    pub fn type_named(&self, id: &str) -> Option<u8> {
        self.types.iter().position(|known| known.id == id).and_then(|at| u8::try_from(at).ok())
    }

    /// What a seat costs that costs an adult `adult_minor`.
    #[must_use]
    pub fn price_minor(&self, price_type: u8, category: u16, adult_minor: i64) -> i64 {
        match self.types.get(usize::from(price_type)).map(|known| &known.price) {
            Some(PriceRule::Percent(percent)) => percent.of(adult_minor),
            Some(PriceRule::Prices(prices)) => {
                prices.get(usize::from(category)).copied().unwrap_or(adult_minor)
            }
            None => adult_minor,
        }
    }

    /// What these tickets cost with everything, minor units.
    #[must_use]
    pub fn total_minor(&self, prices: &(impl Iterator<Item = i64> + Clone)) -> i64 {
        let tickets: i64 = prices.clone().sum();
        if tickets == 0 {
            return 0;
        }
        let base = tickets + self.fees.iter().map(|fee| fee.minor(prices.clone())).sum::<i64>();
        base + self.added_taxes().map(|tax| tax.percent.of(base)).sum::<i64>()
    }

    /// The parts of what these tickets cost: tickets, fees, and taxes that come on top.
    #[must_use]
    pub fn lines(&self, tickets: &[Priced]) -> Vec<Line<'_>> {
        let prices = tickets.iter().map(|(_, price)| *price);
        let mut lines = self.ticket_lines(tickets);
        if prices.clone().sum::<i64>() == 0 {
            return lines;
        }
        for fee in &self.fees {
            let amount_minor = fee.minor(prices.clone());
            lines.push(Line { kind: LineKind::Fee, name: &fee.name, amount_minor });
        }
        let base = lines.iter().map(|line| line.amount_minor).sum();
        for tax in self.added_taxes() {
            lines.push(Line { kind: LineKind::Tax, name: &tax.name, amount_minor: tax.percent.of(base) });
        }
        lines
    }

    /// The taxes that the prices contain, and how much of the total each is.
    pub fn included(&self, tickets: &[Priced]) -> impl Iterator<Item = (&Tax, i64)> {
        let prices = tickets.iter().map(|(_, price)| *price);
        let tickets: i64 = prices.clone().sum();
        let fees: i64 =
            if tickets == 0 { 0 } else { self.fees.iter().map(|fee| fee.minor(prices.clone())).sum() };
        let included = self.taxes.iter().filter(|tax| tax.included);
        let rates: u32 = included.clone().map(|tax| tax.percent.0).sum();
        let whole = i128::from(Percent::ALL.0 + rates);
        included.map(move |tax| (tax, rounded(i128::from(tickets + fees) * i128::from(tax.percent.0), whole)))
    }

    fn ticket_lines(&self, tickets: &[Priced]) -> Vec<Line<'_>> {
        let mut counted = BTreeMap::<Priced, u32>::new();
        tickets.iter().for_each(|ticket| *counted.entry(*ticket).or_default() += 1);
        let line = |((price_type, price_minor), quantity): (Priced, u32)| {
            let known = self.types.get(usize::from(price_type));
            let (id, name) = known.map_or((ADULT, ADULT), |known| (&known.id, &known.name));
            let kind = LineKind::Tickets { price_type: id, quantity, price_minor };
            Line { kind, name, amount_minor: price_minor * i64::from(quantity) }
        };
        counted.into_iter().map(line).collect()
    }

    fn added_taxes(&self) -> impl Iterator<Item = &Tax> {
        self.taxes.iter().filter(|tax| !tax.included)
    }
}

impl Fee {
    /// What it comes to for tickets of these prices, of which one is not free.
    fn minor(&self, prices: impl Iterator<Item = i64>) -> i64 {
        match (self.amount, self.per) {
            (FeeAmount::Fixed(amount), Per::Booking) => amount,
            (FeeAmount::Fixed(amount), Per::Ticket) => {
                amount * prices.filter(|price| *price > 0).count() as i64
            }
            (FeeAmount::Percent(percent), Per::Booking) => percent.of(prices.sum()),
            (FeeAmount::Percent(percent), Per::Ticket) => prices.map(|price| percent.of(price)).sum(),
        }
    }
}

/// What tickets of these prices cost with everything, where there is more than prices.
#[must_use]
pub(super) fn total_minor(charges: Option<&Charges>, prices: impl Iterator<Item = i64> + Clone) -> i64 {
    match charges {
        None => prices.sum(),
        Some(charges) => charges.total_minor(&prices),
    }
}

/// Price type and price of each ticket.
#[must_use]
pub(super) fn priced(tickets: &[PricedSeat]) -> Vec<Priced> {
    tickets.iter().map(|ticket| (ticket.price_type, ticket.price_minor)).collect()
}

#[cfg(test)]
#[path = "charges_test.rs"]
mod test;
