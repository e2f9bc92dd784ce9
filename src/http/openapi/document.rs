//! The document: every call of both listeners, every schema once.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::path::{PathItem, PathsBuilder};
use utoipa::openapi::schema::{ComponentsBuilder, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    InfoBuilder, License, OpenApi, OpenApiBuilder, RefOr, ServerBuilder, ServerVariableBuilder,
};

use super::outline::{BEARER, Named, PROBLEM};
use super::routes::{Part, Routes, Told};

const ABOUT: &str = "\
Holds and bookings of seats, on any node of a cluster. Every answer carries `X-Request-Id`, every \"no\" is a problem \
of RFC 9457 with a stable `code`. Reads carry an `ETag`. An `Idempotency-Key` makes a change safe to send again.";

/// What a client reads instead of the answer it wanted (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
struct ProblemSchema {
    /// `urn:onsale:problem:` and the code.
    #[schema(pattern = "^urn:onsale:problem:[a-z-]+$")]
    r#type: String,
    /// The same for people, without the particulars.
    title: String,
    /// As of the answer.
    status: u16,
    /// What is wrong here, and what to do next.
    detail: String,
    /// Stable, never renamed.
    code: String,
    /// As in the header `X-Request-Id`; missing where the problem is one result of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// The document of `routes`.
pub(super) fn document(routes: Routes) -> OpenApi {
    let mut schemas = vec![(PROBLEM.to_owned(), schema_of::<ProblemSchema>())];
    let mut paths = PathsBuilder::new();
    for Told { path, method, part, schemas: own, operation } in routes.told() {
        schemas.extend(own);
        let mut item = PathItem::new(method, operation);
        if part == Part::Operators {
            item.servers = Some(vec![admin_listener()]);
        }
        paths = paths.path(path, item);
    }
    let about = InfoBuilder::new()
        .title("onsale")
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(License::new(env!("CARGO_PKG_LICENSE"))))
        .description(Some(ABOUT));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(Some(
        "The `accessToken` of `POST /users/login`. `x-role` of a call says who may do it.",
    ));
    let components = ComponentsBuilder::new()
        .schemas_from_iter(once_each(schemas))
        .security_scheme(BEARER, SecurityScheme::Http(bearer.build()));
    OpenApiBuilder::new()
        .info(about.build())
        .paths(paths.build())
        .components(Some(components.build()))
        .tags(Some(Part::ALL.map(|part| TagBuilder::new().name(part.name()).build())))
        .build()
}

fn schema_of<T: ToSchema>() -> RefOr<Schema> {
    T::schema()
}

/// Where operators connect, which is no address that clients are told.
fn admin_listener() -> utoipa::openapi::Server {
    let variable = |default: &str| ServerVariableBuilder::new().default_value(default).build();
    ServerBuilder::new()
        .url("http://{host}:{port}")
        .description(Some("The admin listener"))
        .parameter("host", variable("127.0.0.1"))
        .parameter("port", variable("8081"))
        .build()
}

/// # Panics
/// Where two schemas have one name, as a test makes sure that they have not.
fn once_each(schemas: Vec<Named>) -> BTreeMap<String, RefOr<Schema>> {
    let mut once = BTreeMap::new();
    for (name, schema) in schemas {
        if let Some(known) = once.insert(name.clone(), schema.clone()) {
            assert!(known == schema, "two schemas are called {name}: give one of them #[schema(as = ...)]");
        }
    }
    once
}
