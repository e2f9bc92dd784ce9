//! A way to a node that never lasts: every connection over it is cut after a moment, whatever is under way.

use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

const LASTS: Duration = Duration::from_millis(15);

/// A shaky way to the node at `url`; its address.
pub(crate) async fn start(url: &str) -> String {
    let node = url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let node = node.clone();
            tokio::spawn(async move {
                let Ok(mut server) = TcpStream::connect(node).await else { return };
                // Cut or ended by itself, it is over.
                let _over = tokio::time::timeout(LASTS, copy_bidirectional(&mut client, &mut server)).await;
            });
        }
    });
    format!("http://{address}")
}
