//! What follows for the document from the types of a handler's arguments.

use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderMap, StatusCode};
use domain::account::Role;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, Required};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::outline::{Access, Answer, Outline};
use crate::http::App;
use crate::http::auth::{Customer, Operator, Organizer, Visitor};
use crate::http::extract::{ApiJson, ApiPath, ApiQuery, IdempotencyKey, IfMatch, OptionalJson};
use crate::http::live::EventReader;
use crate::http::problem::Code;
use crate::http::wire::{Described, Id};

/// An argument of a handler.
pub(in crate::http) trait Input {
    /// Tells what it means for the call.
    fn tell(outline: &mut Outline);
}

/// All arguments of a handler: the marker that its implementation of `Handler` is told by.
pub(in crate::http) trait Inputs {
    /// Tells what they mean for the call.
    fn tell(outline: &mut Outline);
}

impl Inputs for ((),) {
    fn tell(_: &mut Outline) {}
}

macro_rules! inputs {
    ($($argument:ident)*) => {
        impl<M, $($argument: Input),*> Inputs for (M, $($argument,)*) {
            fn tell(outline: &mut Outline) {
                $($argument::tell(outline);)*
            }
        }
    };
}

inputs!(A);
inputs!(A B);
inputs!(A B C);
inputs!(A B C D);
inputs!(A B C D E);
inputs!(A B C D E F);
inputs!(A B C D E F G);

impl Input for State<App> {
    fn tell(_: &mut Outline) {}
}

impl Input for OriginalUri {
    fn tell(_: &mut Outline) {}
}

/// The handler reads the body itself: [`Call::takes`](super::call::Call::takes) says what.
impl Input for Request {
    fn tell(_: &mut Outline) {}
}

/// A handler that looks at the headers of a read answers through [`cache`](crate::http::cache).
impl Input for HeaderMap {
    fn tell(outline: &mut Outline) {
        outline
            .parameters
            .push(header("If-None-Match", "The `ETag` of what you have: 304 where it is still so."));
        outline.answers.push(Answer::empty(StatusCode::NOT_MODIFIED));
    }
}

impl Input for EventReader {
    fn tell(outline: &mut Outline) {
        let about = "The `id` of the last event that you have: what came after it is sent, or a snapshot.";
        outline.parameters.push(header("Last-Event-ID", about));
    }
}

impl Input for IfMatch {
    fn tell(outline: &mut Outline) {
        let about = "The `ETag` of what you have: nothing is changed where it is not so any more.";
        outline.parameters.push(header("If-Match", about));
        outline.refuses(Code::PreconditionFailed);
    }
}

impl Input for IdempotencyKey {
    fn tell(outline: &mut Outline) {
        let about = "1 to 255 bytes. The same request with the same key has one effect and one answer.";
        outline.parameters.push(header("Idempotency-Key", about));
        [Code::IdempotencyInFlight, Code::IdempotencyKeyReused]
            .into_iter()
            .for_each(|code| outline.refuses(code));
    }
}

fn header(name: &str, about: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

impl Input for Visitor {
    fn tell(outline: &mut Outline) {
        knows(outline, Access::Visitor);
    }
}

impl Input for Customer {
    fn tell(outline: &mut Outline) {
        knows(outline, Access::Role(Role::Customer));
    }
}

impl Input for Organizer {
    fn tell(outline: &mut Outline) {
        knows(outline, Access::Role(Role::Organizer));
        outline.refuses(Code::Forbidden);
    }
}

impl Input for Operator {
    fn tell(outline: &mut Outline) {
        knows(outline, Access::Role(Role::Operator));
        outline.refuses(Code::Forbidden);
    }
}

fn knows(outline: &mut Outline, access: Access) {
    outline.access = access;
    [Code::Unauthenticated, Code::TokenExpired].into_iter().for_each(|code| outline.refuses(code));
}

impl<T: ToSchema> Input for ApiJson<T> {
    fn tell(outline: &mut Outline) {
        outline.takes_json::<T>(true);
    }
}

impl<T: ToSchema> Input for OptionalJson<T> {
    fn tell(outline: &mut Outline) {
        outline.takes_json::<T>(false);
    }
}

impl<T: IntoParams> Input for ApiQuery<T> {
    fn tell(outline: &mut Outline) {
        outline.parameters.extend(T::into_params(|| Some(ParameterIn::Query)));
    }
}

impl<T: PathParts> Input for ApiPath<T> {
    fn tell(outline: &mut Outline) {
        outline.path_parts.extend(T::schemas());
        outline.refuses(Code::NotFound);
    }
}

/// One name in a path, or several.
pub(in crate::http) trait PathParts {
    /// What each looks like.
    fn schemas() -> Vec<RefOr<Schema>>;
}

/// One name in a path.
pub(in crate::http) trait PathPart {
    /// What it looks like.
    fn schema() -> RefOr<Schema>;
}

impl<T: PathPart> PathParts for T {
    fn schemas() -> Vec<RefOr<Schema>> {
        vec![T::schema()]
    }
}

impl<A: PathPart, B: PathPart> PathParts for (A, B) {
    fn schemas() -> Vec<RefOr<Schema>> {
        vec![A::schema(), B::schema()]
    }
}

impl<T: Described> PathPart for Id<T> {
    fn schema() -> RefOr<Schema> {
        <Self as PartialSchema>::schema()
    }
}

macro_rules! path_part {
    ($($part:ty)*) => {$(
        impl PathPart for $part {
            fn schema() -> RefOr<Schema> {
                <Self as PartialSchema>::schema()
            }
        }
    )*};
}

path_part!(u16 u32 u64 String);
