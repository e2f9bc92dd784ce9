//! The addresses of a node: taken first of all, listened at once the node is ready, and served until it stops.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use actors::Arbiters;
use cluster::placement::layout::Addresses as NodeAddresses;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use crate::cli::Serve;
use crate::config::ConfigError;
use crate::fault::NodeFault;
use crate::http::{self, App, Front};
use crate::limits::Connections;

/// Connections that may wait to be accepted; more are dropped by the kernel, and their clients wait a second.
const BACKLOG: u32 = 4_096;

/// The addresses of a node, taken before anything else so that one that cannot be had is found at once. Nobody listens
/// there until the node is ready: who connects before is refused, and tries again sooner than one who waits unheard.
pub(super) struct Addresses {
    pub(super) http: TcpSocket,
    admin: TcpSocket,
    /// Gone when it listens.
    peer: Option<TcpSocket>,
}

/// The listeners of a node that is ready.
pub(super) struct Listeners {
    pub(super) http: TcpListener,
    pub(super) admin: TcpListener,
}

impl Addresses {
    pub(super) fn take(options: &Serve) -> Result<Self, NodeFault> {
        Ok(Self {
            http: bind("--http", options.http)?,
            admin: bind("--admin", options.admin)?,
            peer: Some(bind("--peer", options.peer)?),
        })
    }

    /// Where others reach this node: on `host`, or where it listens.
    pub(super) fn known_as(&self, host: Option<&str>) -> Result<NodeAddresses, NodeFault> {
        let known_as = |flag: &str, socket: &TcpSocket| {
            let address = socket.local_addr()?;
            match host {
                Some(host) => Ok(format!("{host}:{}", address.port())),
                None if address.ip().is_unspecified() && flag == "--peer" => {
                    Err(NodeFault::Config(ConfigError::new(format!(
                        "{flag} {address} is every address of this machine, so other nodes cannot know which one to \
                         use; say it with cluster.advertised_host (ONSALE_CLUSTER__ADVERTISED_HOST)"
                    ))))
                }
                None => Ok(address.to_string()),
            }
        };
        Ok(NodeAddresses {
            http: known_as("--http", &self.http)?,
            admin: known_as("--admin", &self.admin)?,
            peer: self.peer.as_ref().map_or(Ok(String::new()), |peer| known_as("--peer", peer))?,
        })
    }

    /// Other nodes have to be heard before this one can be ready.
    pub(super) fn listen_for_peers(&mut self) -> Result<(SocketAddr, TcpListener), NodeFault> {
        let socket = self.peer.take().ok_or_else(|| NodeFault::failed("the peer listener is gone"))?;
        let listener = listen("--peer", socket)?;
        Ok((listener.local_addr()?, listener))
    }

    pub(super) fn listen(self) -> Result<Listeners, NodeFault> {
        Ok(Listeners { http: listen("--http", self.http)?, admin: listen("--admin", self.admin)? })
    }
}

fn listen(flag: &str, socket: TcpSocket) -> Result<TcpListener, NodeFault> {
    let address = socket.local_addr()?;
    socket.listen(BACKLOG).map_err(|error| cannot_listen(flag, address, &error))
}

fn bind(flag: &str, address: SocketAddr) -> Result<TcpSocket, NodeFault> {
    let bound = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // What a node that was killed leaves behind in the kernel must not keep the next one out.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    };
    bound().map_err(|error| cannot_listen(flag, address, &error))
}

fn cannot_listen(flag: &str, address: SocketAddr, error: &io::Error) -> NodeFault {
    NodeFault::failed(format!(
        "cannot listen on {flag} {address}: {error}; give another address, or port 0 for any free one"
    ))
}

impl Listeners {
    /// Until `stop` completes and the running requests are done.
    pub(super) async fn serve(self, app: &App, threads: &Arbiters, stop: impl Future<Output = ()>) {
        let (tell, told) = watch::channel(false);
        let stopped = || {
            let mut told = told.clone();
            async move {
                // A sender that is gone means the same.
                let _ended = told.wait_for(|stopping| *stopping).await;
            }
        };
        let config = &app.config.http;
        let limits = &app.config.limits;
        let own_places = || Connections::new(limits.address_connections, limits.uncounted());
        let stopping = async {
            stop.await;
            tell.send_replace(true);
        };
        tokio::join!(
            stopping,
            http::serve(
                self.http,
                (Front::public(app), own_places()),
                config,
                |serving| threads.run(serving),
                stopped()
            ),
            http::serve(
                self.admin,
                (Front::admin(app), own_places()),
                config,
                |serving| threads.run(serving),
                stopped()
            ),
        );
    }
}
