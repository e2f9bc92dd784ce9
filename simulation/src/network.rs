//! The network between nodes: how a node listens and dials. Who loses, delays and cuts is turmoil, as `faults` says.

use std::io;
use std::sync::Arc;

use cluster::peer::{Connection, Dial};
use domain::ports::BoxFuture;
use tokio::task::JoinSet;
use turmoil::net::{TcpListener, TcpStream};

use crate::machine::{self, SimCluster};

/// Where every node listens for its peers.
const PORT: u16 = 7_000;

/// Where the peer listener of a machine is.
pub(crate) fn address_of(number: u64) -> String {
    format!("{}:{PORT}", machine::name(number))
}

/// Opens connections over the simulated network.
pub(crate) struct SimDial;

impl Dial for SimDial {
    fn dial(&self, address: &str) -> BoxFuture<io::Result<Connection>> {
        let address = address.to_owned();
        Box::pin(async move { Ok(Box::new(TcpStream::connect(address).await?) as Connection) })
    }
}

/// The listener of this host.
///
/// # Errors
/// When there is one already.
pub(crate) async fn listen() -> io::Result<TcpListener> {
    TcpListener::bind(("0.0.0.0", PORT)).await
}

/// Serves every node that connects.
pub(crate) async fn serve_peers(listener: TcpListener, cluster: Arc<SimCluster>) {
    let mut serving = JoinSet::new();
    while let Ok((stream, remote)) = listener.accept().await {
        while serving.try_join_next().is_some() {}
        serving.spawn(cluster.serve_peer(Box::new(stream), remote.to_string()));
    }
}
