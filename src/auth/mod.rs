//! Who is asking: passwords and access tokens. Knows neither HTTP nor where accounts are kept.

mod passwords;
mod tokens;

pub use passwords::{Busy, Passwords};
pub use tokens::{Issued, Token, TokenFault, Tokens};
