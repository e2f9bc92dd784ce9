//! The signals that ask the program to end: SIGTERM and Ctrl-C.

use tokio::signal::unix::{SignalKind, signal};

/// Until either comes. From its first poll on they do not kill the process any more.
pub async fn told_to_end() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without signals the program runs until it is killed, which loses nothing.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
