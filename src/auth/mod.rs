//! Who is asking: passwords, access tokens, and who they are. Knows neither HTTP nor where accounts are kept.

mod argon;
mod passwords;
mod sealing;
mod tokens;

pub use passwords::{Busy, Passwords};
pub use sealing::Sealer;
pub use tokens::{Issued, Token, TokenFault, Tokens};
