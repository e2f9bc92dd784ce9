//! A call of the API: a method, the handler that answers it, and what is told of it.

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::routing::{MethodFilter, MethodRouter, on};
use utoipa::ToSchema;
use utoipa::openapi::HttpMethod;

use super::inputs::Inputs;
use super::outline::{Answer, Outline};
use crate::http::App;
use crate::http::problem::Code;

/// To be given to [`Routes::route`](super::Routes::route).
pub(in crate::http) struct Call {
    pub(super) methods: MethodRouter<App>,
    pub(super) method: HttpMethod,
    pub(super) outline: Outline,
}

macro_rules! methods {
    ($($name:ident = $filter:ident, $method:ident;)*) => {$(
        /// A call with this method; `about` says in a few words what it is for.
        pub(in crate::http) fn $name<H, T>(handler: H, about: &'static str) -> Call
        where
            H: Handler<T, App>,
            T: Inputs + 'static,
        {
            let mut outline = Outline::new(about);
            T::tell(&mut outline);
            Call { methods: on(MethodFilter::$filter, handler), method: HttpMethod::$method, outline }
        }
    )*};
}

methods! {
    get = GET, Get;
    post = POST, Post;
    put = PUT, Put;
    patch = PATCH, Patch;
    delete = DELETE, Delete;
}

impl Call {
    /// It may answer `status` with a `T` in JSON.
    pub(in crate::http) fn gives<T: ToSchema>(mut self, status: StatusCode) -> Self {
        let schema = self.outline.named::<T>();
        self.outline.answers.push(Answer::json(status, schema));
        self
    }

    /// It answers a page of `T`s.
    pub(in crate::http) fn gives_page<T: ToSchema>(mut self) -> Self {
        let items = self.outline.named::<T>();
        self.outline.answers.push(Answer::page(items, None));
        self
    }

    /// It answers a page of `T`s with the members of an `M` beside them.
    pub(in crate::http) fn gives_page_with<T: ToSchema, M: ToSchema>(mut self) -> Self {
        let items = self.outline.named::<T>();
        let members = self.outline.named::<M>();
        self.outline.answers.push(Answer::page(items, Some(members)));
        self
    }

    /// It may answer `status` without a body.
    pub(in crate::http) fn gives_nothing(mut self, status: StatusCode) -> Self {
        self.outline.answers.push(Answer::empty(status));
        self
    }

    /// It may answer with a body of another media type, beside what else it gives.
    pub(in crate::http) fn gives_bytes(mut self, status: StatusCode, media_type: &'static str) -> Self {
        self.outline.answers.push(Answer::bytes(status, media_type));
        self
    }

    /// It takes a `T` in JSON, which its handler reads out of the whole request.
    pub(in crate::http) fn takes<T: ToSchema>(mut self) -> Self {
        self.outline.takes_json::<T>(true);
        self
    }

    /// It takes a body of another media type, beside what else it takes.
    pub(in crate::http) fn takes_bytes(mut self, media_type: &'static str) -> Self {
        self.outline.takes_bytes(media_type);
        self
    }

    /// It may refuse for these reasons, beside those that follow from what its handler takes.
    pub(in crate::http) fn refuses(mut self, codes: &[Code]) -> Self {
        codes.iter().for_each(|code| self.outline.refuses(*code));
        self
    }

    /// More about it than what it is for: Markdown.
    pub(in crate::http) fn says(mut self, text: &'static str) -> Self {
        self.outline.description = Some(text);
        self
    }

    /// Its body may have so many bytes, in place of what is usual.
    pub(in crate::http) fn body_limit(mut self, bytes: usize) -> Self {
        self.methods = self.methods.layer(DefaultBodyLimit::max(bytes));
        self
    }
}
