//! A node as a process: started on free ports, killed by its id when the test lets go of it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use super::Client;

pub const PASSWORD: &str = "operator of the tests";
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// How to start a node, beyond what every test wants.
#[derive(Clone, Default)]
pub struct NodeOptions {
    /// Settings for the environment.
    pub env: Vec<(&'static str, String)>,
    /// A command to run the node under, for example strace with its arguments.
    pub wrapper: Vec<String>,
    /// Further words of the command line.
    pub args: Vec<String>,
    /// The ports for clients, operators and other nodes; free ones unless given.
    pub ports: [u16; 3],
}

/// A running node.
pub struct Node {
    child: Child,
    /// The node itself; another process than `child` under a wrapper.
    pid: u32,
    data: PathBuf,
    _owned: Option<tempfile::TempDir>,
    http: String,
    admin: String,
    peer: String,
    log: Arc<Mutex<String>>,
}

/// How a node ended.
pub struct Exit {
    pub status: ExitStatus,
    pub log: String,
}

impl Node {
    /// A node on an empty directory that is deleted with it.
    pub fn start() -> Self {
        Self::start_with(&NodeOptions::default())
    }

    pub fn start_with(options: &NodeOptions) -> Self {
        let owned = tempfile::tempdir().expect("a temporary directory");
        let mut node = Self::start_in(owned.path(), options);
        node._owned = Some(owned);
        node
    }

    /// A node on `data`, which stays when it ends.
    pub fn start_in(data: &Path, options: &NodeOptions) -> Self {
        Self::try_start_in(data, options).unwrap_or_else(|exit| {
            panic!("the node did not start, but ended with {}:\n{}", exit.status, exit.log)
        })
    }

    /// The same for a node that may end instead of becoming ready.
    pub fn try_start_in(data: &Path, options: &NodeOptions) -> Result<Self, Exit> {
        let mut command = command(data, options);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (log, ready) = follow(&mut child);
        let line = match ready.recv_timeout(STARTS_WITHIN) {
            Ok(line) => line,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let status = child.wait().expect("the process ends");
                return Err(Exit { status, log: log.lock().expect("the log").clone() });
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                drop(child.kill());
                panic!("the node did not start:\n{}", log.lock().expect("the log"));
            }
        };
        let word = |name: &str| {
            let word = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            word.unwrap_or_else(|| panic!("no {name} in {line:?}"))
        };
        let address = |name: &str| format!("http://{}", word(name));
        let pid = if options.wrapper.is_empty() { child.id() } else { node_under(child.id()) };
        let (http, admin, peer) = (address("http="), address("admin="), word("peer=").to_owned());
        Ok(Self { child, pid, data: data.to_owned(), _owned: None, http, admin, peer, log })
    }

    pub fn http(&self) -> &str {
        &self.http
    }

    /// Where other nodes reach it.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// The process id of the node itself.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// A client without a login.
    pub fn client(&self) -> Client {
        Client::new(&self.http)
    }

    /// The same for the admin listener.
    pub fn admin(&self) -> Client {
        Client::new(&self.admin)
    }

    /// The operator, on both listeners.
    pub fn operator(&self) -> Client {
        self.client().login("operator", PASSWORD)
    }

    /// A new customer of this name.
    pub fn customer(&self, name: &str) -> Client {
        self.client().sign_up(name)
    }

    pub fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }

    /// `kill -9`: nothing is flushed, nothing is said.
    pub fn kill(mut self) -> Option<tempfile::TempDir> {
        signal(self.pid, libc::SIGKILL);
        self.child.wait().expect("the process ends");
        self._owned.take()
    }

    /// SIGTERM, and how it went.
    pub fn terminate(mut self) -> Exit {
        signal(self.pid, libc::SIGTERM);
        self.wait()
    }

    /// Waits until the node ends by itself.
    pub fn wait(&mut self) -> Exit {
        let status = self.child.wait().expect("the process ends");
        Exit { status, log: self.log() }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            signal(self.pid, libc::SIGKILL);
            drop(self.child.wait());
        }
    }
}

fn command(data: &Path, options: &NodeOptions) -> Command {
    let mut words = options.wrapper.clone();
    words.push(env!("CARGO_BIN_EXE_onsale").to_owned());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg("serve").arg("--data").arg(data);
    for (flag, port) in ["--http", "--admin", "--peer"].iter().zip(options.ports) {
        command.arg(flag).arg(format!("127.0.0.1:{port}"));
    }
    command.args(&options.args);
    command.env("ONSALE_AUTH__OPERATOR_PASSWORD", PASSWORD);
    command.envs(options.env.iter().map(|(name, value)| (*name, value.clone())));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Collects what the node says and tells the line in which it says that it is ready.
fn follow(child: &mut Child) -> (Arc<Mutex<String>>, mpsc::Receiver<String>) {
    let stderr = child.stderr.take().expect("stderr is piped");
    let log = Arc::new(Mutex::new(String::new()));
    let (tell, ready) = mpsc::sync_channel(1);
    let kept = log.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(at) = line.find("ready http=") {
                drop(tell.try_send(line[at..].to_owned()));
            }
            let mut kept = kept.lock().expect("the log");
            kept.push_str(&line);
            kept.push('\n');
        }
    });
    (log, ready)
}

/// A wrapper has the node as its only child, or has become it.
fn node_under(parent: u32) -> u32 {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = std::fs::read_to_string(&path).unwrap_or_default();
    children.split_whitespace().next().map_or(parent, |pid| pid.parse().expect("a process id"))
}

/// Sends `signal` to a process that the test has started.
#[allow(unsafe_code, reason = "kill(2) has no safe form in the standard library")]
pub fn signal(pid: u32, signal: i32) {
    let pid = i32::try_from(pid).expect("a process id");
    // SAFETY: `kill` takes two integers and touches no memory; the process is one that this test started.
    let sent = unsafe { libc::kill(pid, signal) };
    assert_eq!(sent, 0, "no process {pid}");
}
