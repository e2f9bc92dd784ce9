//! What asks the program to end: SIGTERM, Ctrl-C, and where it was told so, the end of its standard input.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// What a node takes at most to stop.
const STOPS_WITHIN: Duration = Duration::from_secs(10);

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

/// Until standard input ends, which it does with the process that holds its other end. Begins to listen at once; a node
/// that is then not done within ten seconds (it may still be waiting to be let into a cluster) is ended as by a kill.
pub fn stdin_ended() -> impl Future<Output = ()> {
    let (tell, told) = oneshot::channel();
    // Reading blocks, and nothing can end it but what it waits for: so it has a thread that nobody waits for.
    std::thread::spawn(move || {
        // A fault means as well that nobody is there any more.
        let _over = io::copy(&mut io::stdin(), &mut io::sink());
        // A node that is still starting does not listen yet.
        let _unheard = tell.send(());
        std::thread::sleep(STOPS_WITHIN);
        std::process::exit(1);
    });
    async move {
        // A thread that is gone without a word means the same.
        let _ended = told.await;
    }
}
