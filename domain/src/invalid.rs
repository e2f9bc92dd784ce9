//! What is wrong with a field, as a value: where, and what is allowed instead.

/// One field that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// JSON pointer into the request, for example `/prices/floor`.
    pub pointer: String,
    /// What is wrong there and what is allowed.
    pub message: String,
}

impl Invalid {
    /// The field at `pointer` is wrong; `message` says what is allowed.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// Collects what is wrong with a request, so that a client hears of everything at once.
#[derive(Debug, Default)]
pub struct Findings(Vec<Invalid>);

impl Findings {
    /// Notes the field unless `fine`.
    pub fn check(&mut self, fine: bool, pointer: &str, message: impl Into<String>) {
        if !fine {
            self.0.push(Invalid::new(pointer, message));
        }
    }

    /// Notes the text unless it has `min` to `max` characters, none of them a control character but line breaks.
    pub fn check_text(&mut self, pointer: &str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        self.check((min..=max).contains(&length), pointer, format!("must have {min} to {max} characters"));
        let printable = !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
        self.check(printable, pointer, "must not contain control characters");
    }

    /// Adds what was found elsewhere.
    pub fn extend(&mut self, found: impl IntoIterator<Item = Invalid>) {
        self.0.extend(found);
    }

    /// `Ok` when nothing was found.
    ///
    /// # Errors
    /// Everything that was found.
    pub fn into_result(self) -> Result<(), Vec<Invalid>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
