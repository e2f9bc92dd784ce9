//! `If-Match`: a change only of what the client has read.

use axum::extract::FromRequestParts;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;

use crate::http::cache::Tag;
use crate::http::problem::{Code, Problem};

/// The tags of which one must be that of the thing; without the header, any will do.
#[derive(Debug, Clone)]
pub struct IfMatch(Option<Vec<String>>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut tags = None;
        for header in parts.headers.get_all(IF_MATCH) {
            let text = header.to_str().map_err(|_| Problem::malformed("If-Match is no list of tags."))?;
            let some: &mut Vec<String> = tags.get_or_insert_default();
            some.extend(text.split(',').map(|tag| tag.trim().to_owned()));
        }
        Ok(Self(tags))
    }
}

impl IfMatch {
    /// Lets whoever has read this `current` state pass.
    ///
    /// # Errors
    /// 412 for others.
    pub fn require(&self, current: &Tag) -> Result<(), Problem> {
        self.require_any(|tag| current.is_named(tag))
    }

    /// The same for a thing whose tags carry its revision, which is all that counts here.
    ///
    /// # Errors
    /// 412 for others.
    pub fn require_revision(&self, current: u64) -> Result<(), Problem> {
        self.require_any(|tag| Tag::is_of_revision(tag, current))
    }

    fn require_any(&self, fits: impl Fn(&str) -> bool) -> Result<(), Problem> {
        match &self.0 {
            Some(tags) if !tags.iter().any(|tag| fits(tag)) => {
                let detail = "It is not what you have read any more. Read it again, and send its ETag.";
                Err(Problem::new(Code::PreconditionFailed, detail))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    async fn if_match(headers: &[&str]) -> IfMatch {
        let request = headers
            .iter()
            .fold(axum::http::Request::builder(), |request, value| request.header(IF_MATCH, *value));
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        IfMatch::from_request_parts(&mut parts, &()).await.unwrap()
    }

    #[tokio::test]
    async fn whoever_names_the_state_may_change_it() {
        let (now, before) = (Tag::of(b"now"), Tag::of(b"before"));
        assert!(if_match(&[]).await.require(&now).is_ok());
        for named in ["*".to_owned(), now.to_string(), format!("{before}, {now}"), format!("W/{now}")] {
            assert!(if_match(&[&named]).await.require(&now).is_ok(), "{named}");
        }
        for other in [before.to_string(), "now".to_owned(), String::new()] {
            let refused = if_match(&[&other]).await.require(&now).unwrap_err();
            assert_eq!(refused.code(), Code::PreconditionFailed);
        }
    }

    #[tokio::test]
    async fn of_an_event_only_the_revision_counts() {
        let tag = Tag::of_revision(7, b"with forty seats left").to_string();
        assert!(if_match(&[&tag]).await.require_revision(7).is_ok());
        for other in [6, 70, 0] {
            assert!(if_match(&[&tag]).await.require_revision(other).is_err());
        }
        assert!(if_match(&["*"]).await.require_revision(7).is_ok());
    }
}
