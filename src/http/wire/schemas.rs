//! What the API document says of the values in `wire`.

use std::borrow::Cow;

use domain::ids::{
    BookingId, EndpointId, EventId, HoldId, PaymentId, PerformerId, TicketId, UserId, VenueId,
};
use serde_json::json;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{CurrencyCode, Id, MoneyView, RoleName, Timestamp};

/// An id, to the document: its name there, and what it looks like.
pub trait Described {
    /// As in `EventId`.
    const NAME: &'static str;
    /// A regular expression.
    const PATTERN: &'static str;
    /// One that could be.
    const EXAMPLE: &'static str;
}

macro_rules! described {
    ($($id:ident = $prefix:literal $rest:literal, $example:literal;)*) => {$(
        impl Described for $id {
            const NAME: &'static str = stringify!($id);
            const PATTERN: &'static str = concat!("^", $prefix, "_[0-9a-hjkmnp-tv-z]{13}", $rest, "$");
            const EXAMPLE: &'static str = concat!($prefix, "_", $example);
        }
    )*};
}

described! {
    EventId = "evt" "", "05t8qm3x0c1fz";
    VenueId = "ven" "", "0ehr3kd5w2n8s";
    PerformerId = "prf" "", "01y6vb0j7gq4t";
    UserId = "usr" "", "0c9xkz2m6a5ph";
    EndpointId = "whk" "", "0a4sd81nq7w2e";
    TicketId = "tkt" "[0-9a-hjkmnp-tv-z]{1,7}", "05t8qm3x0c1fz1f";
    HoldId = "hld" "[0-9a-hjkmnp-tv-z]{1,7}", "05t8qm3x0c1fz7";
    BookingId = "bkg" "[0-9a-hjkmnp-tv-z]{1,7}", "05t8qm3x0c1fz3";
    PaymentId = "pay" "[0-9a-hjkmnp-tv-z]{1,7}", "05t8qm3x0c1fz3";
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn finished(schema: ObjectBuilder) -> RefOr<Schema> {
    RefOr::T(Schema::Object(schema.build()))
}

impl<T: Described> PartialSchema for Id<T> {
    fn schema() -> RefOr<Schema> {
        finished(text().pattern(Some(T::PATTERN)).examples([json!(T::EXAMPLE)]))
    }
}

impl<T: Described> ToSchema for Id<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(T::NAME)
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        let about = "RFC 3339; answers are in UTC with milliseconds.";
        let example = json!("2027-05-01T19:30:00.000Z");
        finished(text().format(Some(format)).description(Some(about)).examples([example]))
    }
}

impl ToSchema for Timestamp {}

impl PartialSchema for CurrencyCode {
    fn schema() -> RefOr<Schema> {
        finished(text().pattern(Some("^[A-Z]{3}$")).examples([json!("EUR")]))
    }
}

impl ToSchema for CurrencyCode {}

impl PartialSchema for RoleName {
    fn schema() -> RefOr<Schema> {
        let about = "Each has all rights of those before it.";
        finished(text().enum_values(Some(["customer", "organizer", "operator"])).description(Some(about)))
    }
}

impl ToSchema for RoleName {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Role")
    }
}

impl PartialSchema for MoneyView {
    fn schema() -> RefOr<Schema> {
        let amount = ObjectBuilder::new().schema_type(Type::Integer).description(Some("In minor units."));
        let money = ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("amount", finished(amount))
            .property("currency", Ref::from_schema_name(CurrencyCode::name()))
            .required("amount")
            .required("currency");
        finished(money.examples([json!({"amount": 12500, "currency": "EUR"})]))
    }
}

impl ToSchema for MoneyView {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Money")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((CurrencyCode::name().into(), CurrencyCode::schema()));
    }
}
