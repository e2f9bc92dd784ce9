//! Several nodes of one cluster as processes, each on ports and data of its own, and what tests do to them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, Exit, Node, NodeOptions, PASSWORD, Sale, SmallDisk, eventually, signal};

pub const SECRET: &str = "the secret of all clusters of the tests";
/// An election takes two seconds at most; the rest is for machines that have more to do.
pub const SETTLES_WITHIN: Duration = Duration::from_secs(40);

/// When nodes give up a payment; soon, for a hold may live on for so long.
pub const PAYMENT_MS: u64 = 3_000;

/// Nodes by their numbers, alive or not. All of them end with it.
pub struct Cluster {
    home: tempfile::TempDir,
    slots: BTreeMap<u32, Slot>,
    operator: Client,
    env: Vec<(&'static str, String)>,
}

/// What a node is started with, again and again.
struct Slot {
    options: NodeOptions,
    data: PathBuf,
    gateway: bool,
    node: Option<Node>,
}

impl Cluster {
    /// Nodes 1 to `count`, each shard with as many voters as there can be.
    pub fn of(count: u32) -> Self {
        Self::with(count, &[])
    }

    /// The same, with these settings beside.
    pub fn with(count: u32, env: &[(&'static str, &str)]) -> Self {
        let mut cluster = Self::alone();
        let env: Vec<_> = env.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        cluster.options(1).env.extend_from_slice(&env);
        if !env.is_empty() {
            cluster.kill(1);
            cluster.start(1);
            // A token may be none any more by these settings.
            cluster.operator = cluster.node(1).operator().patient();
        }
        cluster.env = env;
        cluster.join_all(2..=count);
        cluster.settle();
        cluster
    }

    /// Node 1.
    pub fn alone() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let mut slot = Slot::new(1, home.path());
        slot.start();
        let operator = slot.running().operator().patient();
        Self { home, slots: BTreeMap::from([(1, slot)]), operator, env: Vec::new() }
    }

    /// Lets storage nodes in, all at once.
    pub fn join_all(&mut self, numbers: impl Iterator<Item = u32>) {
        self.enter(numbers.map(|number| (number, self.newcomer(number, &[]))).collect());
    }

    /// The same for nodes whose clocks are off, with what their environments need for that.
    pub fn join_with(&mut self, clocks: &[(u32, &str)], env: impl Fn(&str) -> Vec<(&'static str, String)>) {
        let newcomer = |&(number, offset): &(u32, &str)| {
            let mut slot = self.newcomer(number, &[]);
            slot.options.env.extend(env(offset));
            (number, slot)
        };
        self.enter(clocks.iter().map(newcomer).collect());
    }

    /// The same for a node whose data lies on a disk of its own, with what its environment needs for that.
    pub fn join_on(&mut self, number: u32, disk: &SmallDisk, env: &[(&'static str, &str)]) {
        let mut slot = self.newcomer(number, &[]);
        slot.data = disk.inside("data");
        slot.options.wrapper = disk.wrapper();
        slot.options.env.extend(env.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.enter(vec![(number, slot)]);
    }

    fn enter(&mut self, mut joining: Vec<(u32, Slot)>) {
        std::thread::scope(|scope| {
            for (_, slot) in &mut joining {
                scope.spawn(|| slot.start());
            }
        });
        self.slots.extend(joining);
    }

    /// Lets a gateway in.
    pub fn join_gateway(&mut self, number: u32) {
        let mut slot = self.newcomer(number, &["--gateway"]);
        slot.gateway = true;
        slot.start();
        self.slots.insert(number, slot);
    }

    fn newcomer(&self, number: u32, args: &[&str]) -> Slot {
        let mut slot = Slot::new(number, self.home.path());
        slot.options.args.extend(args.iter().map(|word| (*word).to_owned()));
        slot.options.env.extend_from_slice(&self.env);
        for seed in self.slots.values().filter(|slot| !slot.gateway) {
            slot.options.args.extend(["--join".to_owned(), seed.peer()]);
        }
        slot
    }

    /// How a further node would be started, for those that are to be refused.
    pub fn options_of_another(&self, number: u32) -> NodeOptions {
        self.newcomer(number, &[]).options
    }

    /// Changes what a node is started with from now on.
    pub fn options(&mut self, number: u32) -> &mut NodeOptions {
        &mut self.slot(number).options
    }

    fn slot(&mut self, number: u32) -> &mut Slot {
        self.slots.get_mut(&number).expect("a known node")
    }

    pub fn node(&self, number: u32) -> &Node {
        self.slots[&number].running()
    }

    pub fn data(&self, number: u32) -> &Path {
        &self.slots[&number].data
    }

    /// Where other nodes reach it.
    pub fn peer(&self, number: u32) -> String {
        self.slots[&number].peer()
    }

    /// The running nodes that are no gateways.
    pub fn living(&self) -> Vec<u32> {
        let living = self.slots.iter().filter(|(_, slot)| slot.node.is_some() && !slot.gateway);
        living.map(|(number, _)| *number).collect()
    }

    /// Some living node other than this one.
    pub fn other_than(&self, number: u32) -> u32 {
        self.living().into_iter().find(|other| *other != number).expect("another node")
    }

    /// Where clients reach the nodes, dead ones too.
    pub fn targets(&self) -> Vec<String> {
        let storage = self.slots.values().filter(|slot| !slot.gateway);
        storage.map(|slot| format!("http://127.0.0.1:{}", slot.options.ports[0])).collect()
    }

    /// Somebody without a login.
    pub fn client(&self, number: u32) -> Client {
        self.node(number).client().patient()
    }

    /// The operator at a node.
    pub fn operator(&self, number: u32) -> Client {
        self.operator.at(&self.client(number))
    }

    /// The operator at a node's admin listener.
    pub fn admin(&self, number: u32) -> Client {
        self.operator.at(&self.node(number).admin())
    }

    /// `kill -9`.
    pub fn kill(&mut self, number: u32) {
        drop(self.slot(number).node.take().expect("a running node").kill());
    }

    /// SIGTERM, and how it went.
    pub fn terminate(&mut self, number: u32) -> Exit {
        self.slot(number).node.take().expect("a running node").terminate()
    }

    pub fn pause(&self, number: u32) {
        signal(self.node(number).pid(), libc::SIGSTOP);
    }

    pub fn resume(&self, number: u32) {
        signal(self.node(number).pid(), libc::SIGCONT);
    }

    /// Starts a node again on what data it has, and waits until it can serve.
    pub fn start(&mut self, number: u32) {
        self.slot(number).start();
    }

    /// Starts several again at once, as after a power cut: one alone may have to wait for another.
    pub fn start_all(&mut self, numbers: &[u32]) {
        std::thread::scope(|scope| {
            for (_, slot) in self.slots.iter_mut().filter(|(number, _)| numbers.contains(number)) {
                scope.spawn(|| slot.start());
            }
        });
    }

    /// The same for a node that is expected to end by itself.
    pub fn fail_to_start(&mut self, number: u32) -> Exit {
        let slot = self.slot(number);
        match Node::try_start_in(&slot.data, &slot.options) {
            Ok(node) => panic!("node {number} started:\n{}", node.log()),
            Err(exit) => exit,
        }
    }

    /// Loses the data of a node that does not run.
    pub fn erase(&mut self, number: u32) {
        let slot = self.slot(number);
        assert!(slot.node.is_none(), "it runs");
        std::fs::remove_dir_all(&slot.data).expect("its data directory");
    }

    /// The cluster as a node sees it.
    pub fn status(&self, number: u32) -> Value {
        self.admin(number).get("/admin/cluster").expect(200)
    }

    /// The same for a node that has forgotten all accounts but the operator's.
    pub fn status_as_stranger(&self, number: u32) -> Value {
        let operator = self.node(number).operator().at(&self.node(number).admin());
        operator.get("/admin/cluster").expect(200)
    }

    /// Waits until all living nodes see every group led, by voters as the layout wants them, and nobody catching up.
    #[track_caller]
    pub fn settle(&self) {
        let living = self.living();
        let mut seen = Vec::new();
        let mut settled = || {
            seen = living.iter().map(|number| self.status(*number)).collect::<Vec<_>>();
            seen.iter().all(|status| is_settled(status, &living)).then_some(())
        };
        let tries = SETTLES_WITHIN.as_millis() / 100;
        for _ in 0..tries {
            if settled().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the cluster of {living:?} does not settle: {:#}", seen[0]);
    }

    /// An event on sale, known at all nodes, and its sale begun.
    pub fn sale(&self, seats: u32, extra: &Value) -> Sale {
        let living = self.living();
        let operator = self.operator(living[0]);
        let sale = Sale::open_as(&operator, seats, extra);
        for number in living {
            let path = format!("/events/{}?tickets=false", sale.event);
            let known = || (self.client(number).get(&path).status == 200).then_some(());
            eventually("every node knows the event", SETTLES_WITHIN, known);
        }
        let hold = sale.hold(&operator, &[0]).expect(201);
        operator.delete(&format!("/holds/{}", hold["id"].as_str().expect("an id"))).expect(204);
        sale
    }

    /// The shard of the only event, and who leads it, as a node sees it.
    pub fn owner_seen_by(&self, number: u32) -> (u64, u32) {
        eventually("the event's shard has a leader", SETTLES_WITHIN, || {
            let status = self.status(number);
            let shard = list(&status, "shards").iter().find(|shard| shard["events"] == 1)?.clone();
            Some((shard["id"].as_u64()?, u32::try_from(shard["leader"].as_u64()?).ok()?))
        })
    }

    /// The node that owns the only event.
    pub fn owner(&self) -> u32 {
        self.owner_seen_by(self.living()[0]).1
    }

    /// Waits until the only event is owned by the node that is to own it, so that it stays there; which.
    pub fn owner_at_home(&self) -> u32 {
        let asked = self.living()[0];
        eventually("the event's shard is led as it is to be", SETTLES_WITHIN, || {
            let status = self.status(asked);
            let shard = list(&status, "shards").iter().find(|shard| shard["events"] == 1)?.clone();
            let leader = shard["leader"].as_u64().filter(|_| shard["leader"] == shard["wanted"][0])?;
            u32::try_from(leader).ok()
        })
    }

    /// Waits until somebody else than `number` is seen to own the only event; who.
    pub fn owner_after(&self, number: u32) -> u32 {
        let asked = self.other_than(number);
        eventually("another node takes over", SETTLES_WITHIN, || {
            Some(self.owner_seen_by(asked).1).filter(|owner| *owner != number)
        })
    }

    /// `onsale cluster` with these words, asking a node.
    pub fn command(&self, number: u32, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onsale"));
        command.arg("cluster").args(words.split_whitespace());
        command.args(["--admin", self.node(number).admin().address()]);
        command.env("ONSALE_AUTH__OPERATOR_PASSWORD", PASSWORD).stdin(std::process::Stdio::null());
        command
    }

    /// Everything that all nodes have said, for a test that fails.
    pub fn logs(&self) -> String {
        let running = self.slots.iter().filter_map(|(number, slot)| Some((number, slot.node.as_ref()?)));
        running.map(|(number, node)| format!("node {number}:\n{}\n", node.log())).collect()
    }
}

impl Slot {
    fn new(number: u32, home: &Path) -> Self {
        let env = vec![
            ("ONSALE_CLUSTER__SECRET", SECRET.to_owned()),
            ("ONSALE_CLUSTER__SHARDS", "4".to_owned()),
            ("ONSALE_PAYMENTS__TIMEOUT_MS", PAYMENT_MS.to_string()),
            // Good for an hour by clocks that are an hour off, too.
            ("ONSALE_AUTH__TOKEN_TTL_SECONDS", (4 * 3_600).to_string()),
            // Hashing of passwords on one thread leaves the other core to the sale.
            ("ONSALE_AUTH__HASH_CONCURRENCY", "1".to_owned()),
        ];
        let args = vec!["--node".to_owned(), number.to_string()];
        let options = NodeOptions { env, args, ports: free_ports(), ..NodeOptions::default() };
        Self { options, data: home.join(format!("node-{number}")), gateway: false, node: None }
    }

    fn start(&mut self) {
        assert!(self.node.is_none(), "it runs already");
        self.node = Some(Node::start_in(&self.data, &self.options));
    }

    fn running(&self) -> &Node {
        self.node.as_ref().expect("a running node")
    }

    fn peer(&self) -> String {
        format!("127.0.0.1:{}", self.options.ports[2])
    }
}

/// The entries of a list in a document.
pub fn list<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    document[name].as_array().unwrap_or_else(|| panic!("no {name} in {document}"))
}

fn is_settled(status: &Value, living: &[u32]) -> bool {
    let set = |value: &Value| -> BTreeSet<u64> {
        value.as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
    };
    let led = |group: &Value| {
        let leader = group["leader"].as_u64().and_then(|leader| u32::try_from(leader).ok());
        leader.is_some_and(|leader| living.contains(&leader))
    };
    let whole =
        |shard: &Value| set(&shard["voters"]) == set(&shard["wanted"]) && set(&shard["learners"]).is_empty();
    let wide = |group: &Value| living.len() < 3 || set(&group["voters"]).len() >= 3;
    let all_alive = list(status, "nodes").iter().all(|node| {
        let number = node["id"].as_u64().and_then(|number| u32::try_from(number).ok());
        node["alive"] == json!(number.is_some_and(|number| living.contains(&number)))
            || node["gateway"] == true
    });
    let shards = list(status, "shards");
    let groups = [&status["directory"], &status["accounts"]];
    all_alive
        && shards.iter().all(|shard| led(shard) && whole(shard) && wide(shard))
        && groups.into_iter().all(|group| led(group) && wide(group))
}

/// Ports that nobody has and that the system gives to nobody who asks for any: those begin at 32768.
fn free_ports() -> [u16; 3] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    std::array::from_fn(|_| {
        let first = u16::try_from(std::process::id() % 11_000).expect("below 11,000") + 20_000;
        (0..1_000)
            .map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed))
            .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
            .expect("one of many ports is free")
    })
}
