//! Payment providers behind `domain::ports::PaymentGateway`. One for now: the built-in test provider.

mod test_provider;

pub use test_provider::TestProvider;
