//! What people may call themselves: the rules of the fields of a sign-up.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::invalid::{Findings, Invalid};

/// Says what [`is_username`] checks.
pub const USERNAME_RULE: &str = "1 to 64 characters without control characters or spaces around";
/// Says what [`is_password`] checks.
pub const PASSWORD_RULE: &str = "8 to 128 characters";

const EMAIL_RULE: &str = "must be an e-mail address of at most 254 bytes";

/// Who somebody is: what is sealed in their account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// As they want to be called.
    pub name: String,
    /// Reaches them. The bootstrap operator has none.
    pub email: Option<String>,
    /// Logs in.
    pub username: String,
    /// Optional.
    pub phone: Option<String>,
}

/// Does not print itself: it would end in a log.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(..)")
    }
}

impl Person {
    /// Checks the fields, and a password with them so that one answer tells everything.
    ///
    /// # Errors
    /// Every field that breaks its rule.
    pub fn check(&self, password: Option<&str>) -> Result<(), Vec<Invalid>> {
        let mut findings = Findings::default();
        findings.check_text("/name", &self.name, 1, 200);
        if let Some(email) = &self.email {
            findings.check(is_email(email), "/email", EMAIL_RULE);
        }
        findings.check(is_username(&self.username), "/username", format!("must have {USERNAME_RULE}"));
        if let Some(password) = password {
            findings.check(is_password(password), "/password", format!("must have {PASSWORD_RULE}"));
        }
        if let Some(phone) = &self.phone {
            findings.check_text("/phone", phone, 1, 40);
        }
        findings.into_result()
    }
}

/// Who the tickets of a booking are for, and where what is told of it goes, where that is not the buyer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// As they want to be called.
    pub name: String,
    /// Reaches them.
    pub email: String,
}

/// Does not print itself: it would end in a log.
impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(..)")
    }
}

impl Contact {
    /// Checks the fields, which stand in the member `contact` of a request.
    ///
    /// # Errors
    /// Every field that breaks its rule.
    pub fn check(&self) -> Result<(), Vec<Invalid>> {
        let mut findings = Findings::default();
        findings.check_text("/contact/name", &self.name, 1, 200);
        findings.check(is_email(&self.email), "/contact/email", EMAIL_RULE);
        findings.into_result()
    }
}

/// The form in which user names and e-mail addresses are compared.
#[must_use]
pub fn fold(login: &str) -> String {
    login.trim().to_lowercase()
}

/// Whether somebody may be called so.
#[must_use]
pub fn is_username(text: &str) -> bool {
    (1..=64).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(char::is_control)
}

/// Whether it is long enough, and short enough to be hashed.
#[must_use]
pub fn is_password(text: &str) -> bool {
    (8..=128).contains(&text.chars().count())
}

/// Whether it looks like an address: something, one `@`, something with a dot or a host name. Mail itself finds the rest.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else { return false };
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>' | '"');
    let host_is_fine =
        !host.contains('@') && !host.starts_with('.') && !host.ends_with('.') && !host.contains("..");
    !local.is_empty() && !host.is_empty() && host_is_fine && text.len() <= 254 && !text.contains(odd)
}
