//! What it takes to be compared: a seller who opens sales, and a desk for each client.

use super::Peer;
use super::plan::Party;
use serde::{Deserialize, Serialize};

/// Who a seller is, for the reader of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Which one.
    pub peer: Peer,
    /// The program and its version.
    pub version: String,
    /// What an answer promises about the disk.
    pub durability: String,
    /// How it is asked.
    pub access: String,
}

/// A seat that is not for sale any more, as the seller tells afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Taken {
    pub(super) seat: u32,
    /// For good, not only held.
    pub(super) sold: bool,
}

/// One that sells, running.
pub(super) trait Seller {
    type Desk: Desk;

    fn about(&self) -> &About;

    /// A desk for each of so many clients.
    async fn desks(&mut self, clients: u32) -> anyhow::Result<Vec<Self::Desk>>;

    /// Opens a sale of which nothing is taken.
    async fn open(&mut self) -> anyhow::Result<<Self::Desk as Desk>::Sale>;

    /// Everything that is held or sold.
    async fn taken(&mut self, sale: &<Self::Desk as Desk>::Sale) -> anyhow::Result<Vec<Taken>>;

    /// Ends the program and removes its data.
    async fn stop(self) -> anyhow::Result<()>;
}

/// Where one client asks.
pub(super) trait Desk: Send + 'static {
    type Sale: Send + Sync + 'static;
    type Hold: Send;

    /// All seats of the party, or nothing; an answer with a hold is durable as the seller promises.
    fn hold(
        &mut self,
        sale: &Self::Sale,
        party: Party,
    ) -> impl Future<Output = anyhow::Result<Option<Self::Hold>>> + Send;

    /// Sells what is held, for good.
    fn confirm(
        &mut self,
        sale: &Self::Sale,
        party: Party,
        hold: Self::Hold,
    ) -> impl Future<Output = anyhow::Result<()>> + Send;
}
