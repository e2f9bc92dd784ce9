//! `POST /catalogue/batch`: many venues, performers and events at once, for operators who bring another catalogue in.
//!
//! One change of the directory, however many there are. Each entry carries what it is called where it comes from, and its
//! id is made of that, so that sending a batch again adds nothing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::catalogue::{
    Author, Batch, BatchOutcome, Catalogue, Imported, PerformerDraft, VenueDraft, add_batch,
};
use domain::ids::{EventId, PerformerId, VenueId};
use domain::invalid::Invalid;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::App;
use super::auth::Operator;
use super::extract::ApiJson;
use super::new_event::BatchEvent;
use super::openapi::{Part, Routes, post};
use super::problem::Problem;
use super::seat_plan::SeatPlan;
use super::venues::Location;

/// Entries of each kind in one batch.
const MAX_ENTRIES: usize = 1_000;
const MAX_EXTERNAL_BYTES: usize = 200;

/// The route of this module; batches may have `limit_bytes`.
pub(super) fn routes(limit_bytes: usize) -> Routes {
    Routes::of(Part::Catalogue).route(
        "/catalogue/batch",
        post(add, "Add many venues, performers and events at once")
            .says("Ids are made of `externalId`: what is there already stays as it is.")
            .gives::<OutcomesBody>(StatusCode::OK)
            .body_limit(limit_bytes),
    )
}

/// What events refer to by an id.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A venue.
    Venue,
    /// A performer.
    Performer,
}

/// The id of what is called `external` where it comes from.
pub(crate) fn id_of(kind: Kind, external: &str) -> String {
    match kind {
        Kind::Venue => VenueId::new(number_of("venue", external)).to_string(),
        Kind::Performer => PerformerId::new(number_of("performer", external)).to_string(),
    }
}

/// The first eight bytes of the SHA-256 of the kind and the name, so that nobody meets another's.
fn number_of(kind: &str, external: &str) -> u64 {
    let hash = Sha256::digest(format!("{kind}/{external}"));
    hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CatalogueBatch)]
struct Entries {
    #[serde(default)]
    venues: Vec<BatchVenue>,
    #[serde(default)]
    performers: Vec<BatchPerformer>,
    #[serde(default)]
    events: Vec<BatchEvent>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BatchVenue {
    external_id: String,
    name: String,
    address: String,
    city: String,
    country: String,
    location: Location,
    timezone: String,
    seat_map: SeatPlan,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BatchPerformer {
    external_id: String,
    name: String,
    genre: String,
    bio: String,
}

/// What came of one entry.
#[derive(Serialize, ToSchema)]
#[schema(as = CatalogueOutcome)]
struct OutcomeBody {
    id: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorBody>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CatalogueError)]
struct ErrorBody {
    pointer: String,
    message: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CatalogueOutcomes)]
struct OutcomesBody {
    venues: Vec<OutcomeBody>,
    performers: Vec<OutcomeBody>,
    events: Vec<OutcomeBody>,
}

async fn add(
    State(app): State<App>,
    Operator(caller): Operator,
    body: ApiJson<Entries>,
) -> Result<Json<OutcomesBody>, Problem> {
    let batch = tokio::task::spawn_blocking(move || batch(body.value)).await.map_err(Problem::internal)??;
    let author = Author { organizer: caller.user, at: app.now() };
    let ids = Ids::of(&batch);
    let added = app.cluster.update_catalogue(move |catalogue: &Catalogue| {
        Ok::<_, Problem>(add_batch(catalogue, &batch, author))
    });
    let outcome = added.await??;
    tracing::info!(user = %caller.user, events = outcome.events.len(), "a batch of the catalogue is added");
    Ok(Json(ids.outcomes(outcome)))
}

fn batch(entries: Entries) -> Result<Batch, Vec<Invalid>> {
    let counts = [
        ("/venues", entries.venues.len()),
        ("/performers", entries.performers.len()),
        ("/events", entries.events.len()),
    ];
    let too_many =
        |(pointer, _): &(&str, usize)| Invalid::new(*pointer, format!("must have at most {MAX_ENTRIES}"));
    let found: Vec<Invalid> = counts.iter().filter(|(_, count)| *count > MAX_ENTRIES).map(too_many).collect();
    if !found.is_empty() {
        return Err(found);
    }
    let mut batch = Batch::default();
    for (at, venue) in entries.venues.into_iter().enumerate() {
        let pointer = format!("/venues/{at}");
        check_external(&pointer, &venue.external_id)?;
        batch.venues.push((VenueId::new(number_of("venue", &venue.external_id)), venue.draft(&pointer)?));
    }
    for (at, performer) in entries.performers.into_iter().enumerate() {
        check_external(&format!("/performers/{at}"), &performer.external_id)?;
        let BatchPerformer { external_id, name, genre, bio } = performer;
        let id = PerformerId::new(number_of("performer", &external_id));
        batch.performers.push((id, PerformerDraft { name, genre, bio, external_id: Some(external_id) }));
    }
    for (at, event) in entries.events.into_iter().enumerate() {
        let (external, draft) = event.draft();
        check_external(&format!("/events/{at}"), &external)?;
        batch.events.push((EventId::new(number_of("event", &external)), draft));
    }
    Ok(batch)
}

fn check_external(pointer: &str, external: &str) -> Result<(), Vec<Invalid>> {
    let fine = (1..=MAX_EXTERNAL_BYTES).contains(&external.len()) && !external.contains(char::is_control);
    let rule = "must be 1 to 200 bytes, without control characters";
    if fine { Ok(()) } else { Err(vec![Invalid::new(format!("{pointer}/externalId"), rule)]) }
}

impl BatchVenue {
    fn draft(self, pointer: &str) -> Result<VenueDraft, Vec<Invalid>> {
        Ok(VenueDraft {
            name: self.name,
            address: self.address,
            city: self.city,
            country: self.country,
            lat: self.location.lat,
            lon: self.location.lon,
            timezone: self.timezone,
            seat_map: self.seat_map.build(&format!("{pointer}/seatMap"))?,
            external_id: Some(self.external_id),
        })
    }
}

/// The ids of a batch, which itself goes where it is decided.
struct Ids {
    venues: Vec<String>,
    performers: Vec<String>,
    events: Vec<String>,
}

impl Ids {
    fn of(batch: &Batch) -> Self {
        Self {
            venues: batch.venues.iter().map(|(id, _)| id.to_string()).collect(),
            performers: batch.performers.iter().map(|(id, _)| id.to_string()).collect(),
            events: batch.events.iter().map(|(id, _)| id.to_string()).collect(),
        }
    }

    fn outcomes(self, outcome: BatchOutcome) -> OutcomesBody {
        let bodies =
            |ids: Vec<String>, outcomes: Vec<Imported>| ids.into_iter().zip(outcomes).map(body).collect();
        OutcomesBody {
            venues: bodies(self.venues, outcome.venues),
            performers: bodies(self.performers, outcome.performers),
            events: bodies(self.events, outcome.events),
        }
    }
}

fn body((id, imported): (String, Imported)) -> OutcomeBody {
    let (outcome, found) = match imported {
        Imported::Added => ("added", Vec::new()),
        Imported::Known => ("known", Vec::new()),
        Imported::Refused(found) => ("refused", found),
    };
    let errors = found.into_iter().map(|Invalid { pointer, message }| ErrorBody { pointer, message });
    OutcomeBody { id, outcome, errors: errors.collect() }
}
