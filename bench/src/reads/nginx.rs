//! The web server that a node's reads are compared with: nginx, serving files.
//!
//! Owns: its configuration and its process. It may use every core and `sendfile`, writes no log, and has the same bytes to
//! send as the node, deflated beforehand where they are to be.

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

const READY_WITHIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// A running nginx; dropping it ends it.
pub(super) struct Nginx {
    pub(super) authority: String,
    child: Child,
    _home: TempDir,
}

impl Nginx {
    /// Serves `plain` at `/plain`, and `deflated` at `/gzip`, as JSON.
    pub(super) async fn start(plain: &[u8], deflated: &[u8]) -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        std::fs::write(home.path().join("plain"), plain)?;
        std::fs::write(home.path().join("gzip"), deflated)?;
        // Free when it was looked at; nobody else asks for ports here meanwhile.
        let authority = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let folder = home.path().display();
        let config = format!(
            "worker_processes auto; daemon off; pid {folder}/pid; error_log stderr crit;\n\
             events {{ worker_connections 4096; }}\n\
             http {{\n  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;\n\
             default_type application/json;\n\
             client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;\n\
             uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
             server {{ listen {authority} reuseport; root {folder};\n\
             location = /gzip {{ add_header Content-Encoding gzip; }} }}\n}}\n"
        );
        let file: PathBuf = home.path().join("nginx.conf");
        std::fs::write(&file, config)?;
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&file).arg("-p").arg(home.path());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().context("nginx cannot be started; bench/peers/install brings it")?;
        let nginx = Self { authority, child, _home: home };
        for _ in 0..READY_WITHIN.as_millis() / PAUSE.as_millis() {
            if TcpStream::connect(&nginx.authority).await.is_ok() {
                return Ok(nginx);
            }
            sleep(PAUSE).await;
        }
        bail!("nginx does not listen")
    }
}

impl Drop for Nginx {
    /// Asks it to end: killed, it would leave its workers behind.
    fn drop(&mut self) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(pid) = pid {
            // Where it has gone already, there is nothing to end.
            let _gone = kill_process(pid, Signal::TERM).is_err();
        }
    }
}
