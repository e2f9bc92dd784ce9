//! Routes with what is told of them.

use axum::Router;
use axum::middleware::from_fn;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{HttpMethod, RefOr, Required};

use super::call::Call;
use super::outline::{Named, Outline};
use crate::http::App;
use crate::http::extract::require_json;
use crate::http::problem::Code;

/// A part of the API, as the document is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Part {
    /// Who people are.
    Accounts,
    /// Venues, performers, events.
    Catalogue,
    /// Holds, bookings, payments.
    Selling,
    /// The same under the names of the classic write-ups.
    Shorthand,
    /// Seats as they change.
    Live,
    /// What is there for machines and for whoever reads this.
    Service,
    /// The admin listener.
    Operators,
}

impl Part {
    pub(super) const ALL: [Self; 7] = [
        Self::Accounts,
        Self::Catalogue,
        Self::Selling,
        Self::Shorthand,
        Self::Live,
        Self::Service,
        Self::Operators,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "Accounts",
            Self::Catalogue => "Catalogue",
            Self::Selling => "Selling",
            Self::Shorthand => "Short-hand",
            Self::Live => "Live",
            Self::Service => "Service",
            Self::Operators => "Operators",
        }
    }
}

/// A call where it is routed.
struct Routed {
    path: &'static str,
    method: HttpMethod,
    part: Part,
    outline: Outline,
}

/// A router of which every route is described.
pub(in crate::http) struct Routes {
    part: Part,
    router: Router<App>,
    routed: Vec<Routed>,
}

/// A call as the document has it.
pub(super) struct Told {
    pub(super) path: &'static str,
    pub(super) method: HttpMethod,
    pub(super) part: Part,
    pub(super) schemas: Vec<Named>,
    pub(super) operation: Operation,
}

impl Routes {
    /// None yet; what is added belongs to `part`.
    pub(in crate::http) fn of(part: Part) -> Self {
        Self { part, router: Router::new(), routed: Vec::new() }
    }

    /// Adds `call` at `path`.
    pub(in crate::http) fn route(mut self, path: &'static str, call: Call) -> Self {
        let Call { methods, method, mut outline } = call;
        let parts: Vec<RefOr<Schema>> = outline.path_parts.drain(..).collect();
        let mut parts = parts.into_iter();
        let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters: Vec<Parameter> = named.map(|name| path_parameter(name, parts.next())).collect();
        outline.parameters.splice(0..0, parameters);
        self.router = self.router.route(path, methods);
        self.routed.push(Routed { path, method, part: self.part, outline });
        self
    }

    /// Adds the routes of `other`, which keep their part.
    pub(in crate::http) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.routed.extend(other.routed);
        self
    }

    /// They answer JSON and nothing else: who accepts none is refused.
    pub(in crate::http) fn json_only(mut self) -> Self {
        self.router = self.router.route_layer(from_fn(require_json));
        self.routed.iter_mut().for_each(|routed| routed.outline.refuses(Code::NotAcceptable));
        self
    }

    /// The routes alone.
    pub(in crate::http) fn into_router(self) -> Router<App> {
        self.router
    }

    /// What is told of them.
    pub(super) fn told(self) -> Vec<Told> {
        let told = |routed: Routed| {
            let Routed { path, method, part, mut outline } = routed;
            let schemas = std::mem::take(&mut outline.schemas);
            let operation = outline.operation(operation_id(&method, path), part.name());
            Told { path, method, part, schemas, operation }
        };
        self.routed.into_iter().map(told).collect()
    }
}

fn path_parameter(name: &str, schema: Option<RefOr<Schema>>) -> Parameter {
    let text = || ObjectBuilder::new().schema_type(Type::String).into();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema.unwrap_or_else(text)))
        .build()
}

/// `getUsersIdRole` for `GET /users/{id}/role`.
fn operation_id(method: &HttpMethod, path: &str) -> String {
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method_name(method).to_owned(), |mut id, word| {
        let mut letters = word.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
        id
    })
}

pub(super) const fn method_name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "get",
        HttpMethod::Post => "post",
        HttpMethod::Put => "put",
        HttpMethod::Delete => "delete",
        HttpMethod::Options => "options",
        HttpMethod::Head => "head",
        HttpMethod::Patch => "patch",
        HttpMethod::Trace => "trace",
    }
}
