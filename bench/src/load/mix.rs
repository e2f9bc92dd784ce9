//! What the generator asks for, and what an answer is worth.
//!
//! Owns: the mixes, and reading an answer as far as counting needs it: by its status alone, but for a sample.

use super::batch;
use crate::replay::wire::{Created, HoldAnswer, Problem, parse};
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};

/// What everybody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mix {
    /// Free exact seats that nobody else asks for: every request is a hold.
    Hold,
    /// Seats that are held already: every request is refused.
    Refused,
    /// Many holds in one body.
    Batch,
    /// A hold, and its booking paid in the same visit.
    HoldConfirm,
    /// Hold and payment in one call.
    Book,
}

/// What came of requests, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Whole answers.
    pub(crate) answers: u64,
    /// Acknowledged holds; where they are confirmed, only those that were also paid.
    pub(crate) holds: u64,
    /// Business noes.
    pub(crate) refusals: u64,
    /// "Too busy, come back": 503.
    pub(crate) overloaded: u64,
    /// Everything else.
    pub(crate) faults: u64,
}

impl Mix {
    /// What the command line and the report call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Refused => "refused",
            Self::Batch => "batch",
            Self::HoldConfirm => "hold-confirm",
            Self::Book => "book",
        }
    }

    /// Where it is asked for.
    pub(crate) fn path(self, event: &str) -> String {
        match self {
            Self::Batch => format!("/events/{event}/holds/batch"),
            Self::Hold | Self::Refused | Self::HoldConfirm => format!("/events/{event}/holds"),
            Self::Book => format!("/bookings/{event}"),
        }
    }

    /// What an answer to the first request of a visit is worth.
    pub(crate) fn outcome(self, status: u16, body: &Bytes) -> Outcome {
        let answered = Outcome { answers: 1, ..Outcome::default() };
        match status {
            200 if self == Self::Batch => batch::outcome(body),
            201 => Outcome { holds: 1, ..answered },
            409 => Outcome { refusals: 1, ..answered },
            503 => Outcome { overloaded: 1, ..answered },
            _ => Outcome { faults: 1, ..answered },
        }
    }

    /// Looks into one of many answers; what is wrong with it.
    pub(crate) fn check(self, status: u16, body: &Bytes) -> Result<(), String> {
        match (self, status) {
            (Self::Hold | Self::HoldConfirm, 201) => {
                let hold: HoldAnswer<'_> = parse(body)?;
                let is_right = hold.id.starts_with("hld_") && !hold.tickets.is_empty();
                if is_right { Ok(()) } else { Err("a hold without an id or tickets".into()) }
            }
            (Self::Book, 201) => {
                let booking: Created = parse(body)?;
                if booking.id.starts_with("bkg_") { Ok(()) } else { Err("a booking without an id".into()) }
            }
            (Self::Refused, 409) => {
                let problem: Problem = parse(body)?;
                if problem.code == "seat-unavailable" { Ok(()) } else { Err(problem.code) }
            }
            (Self::Batch, 200) => batch::check(body),
            (_, 503) => Ok(()),
            (mix, status) => {
                Err(format!("{} was answered {status}: {}", mix.name(), String::from_utf8_lossy(body)))
            }
        }
    }
}

impl std::ops::AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.answers += other.answers;
        self.holds += other.holds;
        self.refusals += other.refusals;
        self.overloaded += other.overloaded;
        self.faults += other.faults;
    }
}

#[cfg(test)]
mod test {
    use super::{Mix, Outcome};

    #[test]
    fn a_status_says_what_an_answer_is_worth() {
        let worth = |status| Mix::Hold.outcome(status, &"".into());
        let answered = Outcome { answers: 1, ..Outcome::default() };
        assert_eq!(worth(201), Outcome { holds: 1, ..answered });
        assert_eq!(worth(409), Outcome { refusals: 1, ..answered });
        assert_eq!(worth(503), Outcome { overloaded: 1, ..answered });
        for fault in [200, 400, 401, 404, 429, 500] {
            assert_eq!(worth(fault), Outcome { faults: 1, ..answered });
        }
    }

    #[test]
    fn a_sample_that_is_not_what_the_mix_expects_is_found() {
        let hold = r#"{"id":"hld_1","tickets":[{"id":"tkt_1"}]}"#;
        assert_eq!(Mix::Hold.check(201, &hold.into()), Ok(()));
        assert!(Mix::Hold.check(201, &r#"{"id":"hld_1","tickets":[]}"#.into()).is_err());
        assert!(Mix::Hold.check(409, &r#"{"code":"seat-unavailable"}"#.into()).is_err());
        assert_eq!(Mix::Refused.check(409, &r#"{"code":"seat-unavailable"}"#.into()), Ok(()));
        assert_eq!(Mix::Refused.check(409, &r#"{"code":"sold-out"}"#.into()), Err("sold-out".into()));
        assert!(Mix::Refused.check(201, &hold.into()).is_err());
    }
}
