//! How a byte stream to another node is made, and where nodes are: what the channel needs from its surroundings.

use std::io;

use domain::ports::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::raft::types::NodeId;

/// Bytes both ways.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Wire for T {}

/// An open byte stream to a peer.
pub type Connection = Box<dyn Wire>;

/// Opens byte streams.
pub trait Dial: Send + Sync + 'static {
    /// Opens one to `address`. Need not give up by itself: who dials does.
    fn dial(&self, address: &str) -> BoxFuture<io::Result<Connection>>;
}

/// Over TCP.
#[derive(Debug, Clone, Copy)]
pub struct TcpDial;

impl Dial for TcpDial {
    fn dial(&self, address: &str) -> BoxFuture<io::Result<Connection>> {
        let address = address.to_owned();
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            // A small message must not wait for the acknowledgement of the one before it.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Connection)
        })
    }
}

/// Where nodes can be reached.
pub trait Addresses: Send + Sync + 'static {
    /// The address of `node`, while it is a node of the cluster.
    fn address_of(&self, node: NodeId) -> Option<String>;
}
