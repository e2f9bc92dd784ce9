//! What is known of a call while it is being described, and the operation of the document that it comes to.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use domain::account::Role;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{AllOfBuilder, Array, ObjectBuilder, Schema, Type};
use utoipa::openapi::{
    Content, Ref, RefOr, Required, Response, ResponseBuilder, ResponsesBuilder, SecurityRequirement,
};

use crate::http::problem::Code;
use crate::http::wire::RoleName;

/// What the document calls our tokens.
pub(super) const BEARER: &str = "bearer";
/// The schema of every problem.
pub(super) const PROBLEM: &str = "Problem";

/// A schema under its name.
pub(in crate::http) type Named = (String, RefOr<Schema>);

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Access {
    /// Anybody; nobody asks who it is.
    Anyone,
    /// Anybody; who has a token may be told more.
    Visitor,
    /// Whoever has this role or more.
    Role(Role),
}

/// What is known so far.
pub(in crate::http) struct Outline {
    about: &'static str,
    pub(super) description: Option<&'static str>,
    pub(super) access: Access,
    /// In the order of the path's names.
    pub(super) path_parts: Vec<RefOr<Schema>>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) schemas: Vec<Named>,
    pub(super) answers: Vec<Answer>,
    body: Option<RequestBody>,
    /// In the order of the table of codes.
    codes: BTreeSet<usize>,
}

/// One way in which a call may end well.
pub(in crate::http) struct Answer {
    status: StatusCode,
    content: Option<(&'static str, Content)>,
    is_page: bool,
}

impl Answer {
    pub(super) fn json(status: StatusCode, schema: RefOr<Schema>) -> Self {
        Self { status, content: Some((JSON, Content::new(Some(schema)))), is_page: false }
    }

    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, content: None, is_page: false }
    }

    pub(super) fn bytes(status: StatusCode, media_type: &'static str) -> Self {
        Self { status, content: Some((media_type, Content::default())), is_page: false }
    }

    /// A page of `items`, and the `members` beside them.
    pub(super) fn page(items: RefOr<Schema>, members: Option<RefOr<Schema>>) -> Self {
        let whole = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        let page = ["page", "pageSize", "total"].into_iter().fold(
            ObjectBuilder::new().property("items", Array::new(items)).required("items"),
            |page, name| page.property(name, whole()).required(name),
        );
        let page: RefOr<Schema> = match members {
            None => page.into(),
            Some(members) => AllOfBuilder::new().item(page).item(members).into(),
        };
        Self { is_page: true, ..Self::json(StatusCode::OK, page) }
    }
}

const JSON: &str = "application/json";

impl Outline {
    pub(super) fn new(about: &'static str) -> Self {
        let mut outline = Self {
            about,
            description: None,
            access: Access::Anyone,
            path_parts: Vec::new(),
            parameters: Vec::new(),
            schemas: Vec::new(),
            answers: Vec::new(),
            body: None,
            codes: BTreeSet::new(),
        };
        // Whatever it does: its query or a header may be broken, somebody may ask too often, and nodes fail.
        let everywhere = [
            Code::MalformedRequest,
            Code::RateLimited,
            Code::Internal,
            Code::OwnerUnavailable,
            Code::Overloaded,
        ];
        everywhere.into_iter().for_each(|code| outline.refuses(code));
        outline
    }

    pub(super) fn refuses(&mut self, code: Code) {
        self.codes.extend(Code::ALL.iter().position(|known| *known == code));
    }

    /// The schema of `T` by its name, which is kept for the document with all that it is made of.
    pub(super) fn named<T: ToSchema>(&mut self) -> RefOr<Schema> {
        self.schemas.push((T::name().into(), T::schema()));
        T::schemas(&mut self.schemas);
        RefOr::Ref(Ref::from_schema_name(T::name()))
    }

    pub(super) fn takes_json<T: ToSchema>(&mut self, required: bool) {
        let schema = self.named::<T>();
        self.takes(JSON, Content::new(Some(schema)), required);
        self.refuses(Code::ValidationFailed);
    }

    pub(super) fn takes_bytes(&mut self, media_type: &'static str) {
        self.takes(media_type, Content::default(), true);
    }

    fn takes(&mut self, media_type: &'static str, content: Content, required: bool) {
        let required = if required { Required::True } else { Required::False };
        let builder = self.body.take().map_or_else(RequestBodyBuilder::new, RequestBodyBuilder::from);
        self.body = Some(builder.content(media_type, content).required(Some(required)).build());
        [Code::BodyTooLarge, Code::UnsupportedMediaType].into_iter().for_each(|code| self.refuses(code));
    }

    /// All of it.
    pub(super) fn operation(self, id: String, tag: &'static str) -> Operation {
        let access = self.access;
        let mut responses = BTreeMap::<u16, Response>::new();
        for answer in self.answers {
            let response = responses.remove(&answer.status.as_u16());
            responses.insert(answer.status.as_u16(), with_answer(response, answer));
        }
        for (status, codes) in by_status(&self.codes) {
            responses.insert(status.as_u16(), problems(status, &codes));
        }
        let responses = responses.into_iter().map(|(status, response)| (status.to_string(), response));
        let mut operation = OperationBuilder::new()
            .tag(tag)
            .operation_id(Some(id))
            .summary(Some(self.about))
            .description(self.description)
            .request_body(self.body)
            .responses(ResponsesBuilder::new().responses_from_iter(responses).build());
        for parameter in self.parameters {
            operation = operation.parameter(parameter);
        }
        secured(operation, access).build()
    }
}

fn secured(operation: OperationBuilder, access: Access) -> OperationBuilder {
    let bearer = || SecurityRequirement::new(BEARER, Vec::<String>::new());
    match access {
        Access::Anyone => operation.securities(Some([])),
        Access::Visitor => operation.security(SecurityRequirement::default()).security(bearer()),
        Access::Role(role) => {
            let role = json!(RoleName(role).to_string());
            operation.security(bearer()).extensions(Some(Extensions::from_iter([("x-role", role)])))
        }
    }
}

fn with_answer(response: Option<Response>, answer: Answer) -> Response {
    let reason = answer.status.canonical_reason().unwrap_or_default();
    let mut builder = match response {
        Some(response) => ResponseBuilder::from(response),
        None => ResponseBuilder::new().description(reason),
    };
    if let Some((media_type, content)) = answer.content {
        builder = builder.content(media_type, content);
    }
    let text = |about: &str| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        Header::builder().schema(Some(text)).description(Some(about)).build()
    };
    if answer.status == StatusCode::CREATED {
        builder = builder.header("Location", text("Where it is, if it can be read again."));
    }
    if answer.is_page {
        builder = builder.header("Link", text("`rel=\"next\"`: the next page, if there is one."));
    }
    builder.build()
}

fn by_status(codes: &BTreeSet<usize>) -> BTreeMap<StatusCode, Vec<Code>> {
    let mut grouped = BTreeMap::<StatusCode, Vec<Code>>::new();
    for code in codes.iter().map(|at| Code::ALL[*at]) {
        grouped.entry(code.status()).or_default().push(code);
    }
    grouped
}

fn problems(status: StatusCode, codes: &[Code]) -> Response {
    let named: Vec<String> = codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
    let code = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(codes.iter().map(|code| code.as_str())));
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name(PROBLEM))
        .item(ObjectBuilder::new().property("code", code));
    let mut response = ResponseBuilder::new()
        .description(named.join(", "))
        .content("application/problem+json", Content::new(Some(schema)));
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        let header = Header::builder().schema(Some(seconds)).description(Some("In seconds."));
        response = response.header("Retry-After", header.build());
    }
    response.build()
}
