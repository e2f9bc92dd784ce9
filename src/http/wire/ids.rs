//! The ids of the contract by the names that bodies use them by. The derive macro of the API document reads the words of a
//! field's type and knows no ids of the core, hence an alias for each.

use domain::ids::{
    BookingId, EndpointId, EventId, HoldId, PaymentId, PerformerId, TicketId, UserId, VenueId,
};

use super::Id;

/// `evt_…`
pub type Event = Id<EventId>;
/// `ven_…`
pub type Venue = Id<VenueId>;
/// `prf_…`
pub type Performer = Id<PerformerId>;
/// `usr_…`
pub type User = Id<UserId>;
/// `tkt_…`
pub type Ticket = Id<TicketId>;
/// `hld_…`
pub type Hold = Id<HoldId>;
/// `bkg_…`
pub type Booking = Id<BookingId>;
/// `pay_…`
pub type Payment = Id<PaymentId>;
/// `whk_…`
pub type Endpoint = Id<EndpointId>;
