//! Programs that are started for a comparison, and end with it.
//!
//! Owns: finding them, their folders, users and ports, and their end. Not: what they are told.
//! Hazard: whatever happens, no server and no data may be left behind. [`Server::stop`] ends one in good order;
//! dropping it kills it first and removes its folder then.

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const LOG_FILE: &str = "server.log";
const READY_WITHIN: Duration = Duration::from_secs(60);
const ENDS_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
/// The end of a log tells why a server did not start.
const LAST_LINES: usize = 12;

/// Somebody to run a server as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    uid: u32,
    gid: u32,
}

/// The folder of a server, and who may write there.
pub(crate) struct Home {
    folder: TempDir,
    /// Nobody else than who runs this program, if not given.
    user: Option<User>,
}

/// A running server.
pub(crate) struct Server {
    what: &'static str,
    child: Child,
    home: Home,
}

/// Looks for a program in PATH, and then in `folders`.
pub(crate) fn find(program: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path);
    in_path.chain(folders.iter().cloned()).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The first line of what `program --version` says.
pub(crate) async fn version(program: &Path) -> anyhow::Result<String> {
    let output = Command::new(program).arg("--version").kill_on_drop(true).output().await;
    let output = output.with_context(|| format!("cannot run {}", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned())
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}

/// Writes out what anybody has left in the page cache, so that nobody pays for what another one wrote.
pub(crate) async fn sync_disks() -> anyhow::Result<()> {
    let synced = timeout(READY_WITHIN, Command::new("sync").kill_on_drop(true).status()).await;
    match synced.context("sync did not end in a minute")? {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("sync failed: {status}"),
        Err(fault) => Err(fault).context("cannot run sync"),
    }
}

impl Home {
    /// A folder in `parent`. Whoever runs this as root gets servers that run as the first of `users` there is.
    pub(crate) fn new(parent: &Path, users: &[&str]) -> anyhow::Result<Self> {
        let made = tempfile::Builder::new().prefix("onsale-peers-").tempdir_in(parent);
        let folder = made.with_context(|| format!("cannot make a folder in {}", parent.display()))?;
        if !rustix::process::geteuid().is_root() || users.is_empty() {
            return Ok(Self { folder, user: None });
        }
        let accounts = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let Some(user) = users.iter().find_map(|name| user_of(&accounts, name)) else {
            bail!("it must not run as root, and there is none of the users {}", users.join(", "));
        };
        let home = Self { folder, user: Some(user) };
        home.give(home.path())?;
        Ok(home)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file that only the server may read.
    pub(crate) fn write(&self, name: &str, content: &str) -> anyhow::Result<PathBuf> {
        let path = self.path().join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        self.give(&path)?;
        Ok(path)
    }

    fn give(&self, path: &Path) -> anyhow::Result<()> {
        let Some(user) = self.user else { return Ok(()) };
        chown(path, Some(user.uid), Some(user.gid))
            .with_context(|| format!("cannot give {} to the server's user", path.display()))
    }

    /// A command that runs here, as the server's user, deaf to the keys that are meant for this program.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).process_group(0).stdin(Stdio::null()).kill_on_drop(true);
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }
}

impl Server {
    /// Starts a server that says what it has to say into a log in its folder.
    pub(crate) fn spawn(what: &'static str, home: Home, mut command: Command) -> anyhow::Result<Self> {
        let log = File::create(home.path().join(LOG_FILE)).context("cannot write the server's log")?;
        let child = command.stdout(log.try_clone()?).stderr(log).spawn();
        Ok(Self { what, child: child.with_context(|| format!("cannot start {what}"))?, home })
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.home.path().join(LOG_FILE)).unwrap_or_default()
    }

    /// Asks again and again whether it is ready, until it is.
    pub(crate) async fn until<T>(
        &mut self,
        mut ready: impl AsyncFnMut(&str) -> Option<T>,
    ) -> anyhow::Result<T> {
        let asking = async {
            loop {
                if let Some(status) = self.child.try_wait()? {
                    bail!("{} ended by itself ({status}):\n{}", self.what, last_lines(&self.said()));
                }
                if let Some(is) = ready(&self.said()).await {
                    return Ok(is);
                }
                sleep(POLL).await;
            }
        };
        let asked = timeout(READY_WITHIN, asking).await;
        asked.unwrap_or_else(|_| {
            bail!("{} was not ready within a minute:\n{}", self.what, last_lines(&self.said()))
        })
    }

    /// Ends it by `signal` and removes its folder.
    pub(crate) async fn stop(mut self, signal: Signal) -> anyhow::Result<()> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(pid) = pid {
            kill_process(pid, signal).with_context(|| format!("cannot end {}", self.what))?;
            let ended = timeout(ENDS_WITHIN, self.child.wait()).await;
            ended.with_context(|| format!("{} did not end in time", self.what))??;
        }
        let folder = self.home.path().to_owned();
        self.home.folder.close().with_context(|| format!("cannot remove {}", folder.display()))
    }
}

/// A user of the table of accounts.
fn user_of(accounts: &str, name: &str) -> Option<User> {
    let mut fields = accounts.lines().map(|line| line.split(':')).find_map(|mut fields| {
        let found = fields.next()? == name;
        found.then_some(fields)
    })?;
    // Behind the name: password, user, group.
    fields.next()?;
    Some(User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

#[cfg(test)]
mod test {
    use super::{User, find, last_lines, user_of};

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104::/var:/bin/sh\n";
        assert_eq!(user_of(accounts, "postgres"), Some(User { uid: 101, gid: 104 }));
        assert_eq!(user_of(accounts, "post"), None);
    }

    #[test]
    fn a_program_is_found_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("peer-of-a-test"), "").unwrap();
        let folders = [folder.path().to_owned()];
        assert_eq!(find("peer-of-a-test", &folders), Some(folder.path().join("peer-of-a-test")));
        assert_eq!(find("no-such-peer-of-a-test", &folders), None);
    }

    #[test]
    fn the_end_of_a_log_is_its_last_lines() {
        let log: String = (0..20).map(|line| format!("{line}\n")).collect();
        assert!(last_lines(&log).starts_with("8\n9\n"), "{}", last_lines(&log));
        assert_eq!(last_lines("one"), "one");
    }
}
