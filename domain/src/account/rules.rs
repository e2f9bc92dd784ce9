//! What people may call themselves: the rules of the fields of a sign-up.

use crate::invalid::{Findings, Invalid};

/// Says what [`is_username`] checks.
pub const USERNAME_RULE: &str = "1 to 64 characters without control characters or spaces around";
/// Says what [`is_password`] checks.
pub const PASSWORD_RULE: &str = "8 to 128 characters";

/// The fields of a sign-up that become part of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUp {
    /// As they want to be called.
    pub name: String,
    /// Reaches them.
    pub email: String,
    /// Logs in.
    pub username: String,
    /// Optional.
    pub phone: Option<String>,
}

impl SignUp {
    /// Checks the fields, and the password with them so that one answer tells everything.
    ///
    /// # Errors
    /// Every field that breaks its rule.
    pub fn check(&self, password: &str) -> Result<(), Vec<Invalid>> {
        let mut findings = Findings::default();
        findings.check_text("/name", &self.name, 1, 200);
        findings.check(is_email(&self.email), "/email", "must be an e-mail address of at most 254 bytes");
        findings.check(is_username(&self.username), "/username", format!("must have {USERNAME_RULE}"));
        findings.check(is_password(password), "/password", format!("must have {PASSWORD_RULE}"));
        if let Some(phone) = &self.phone {
            findings.check_text("/phone", phone, 1, 40);
        }
        findings.into_result()
    }
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
