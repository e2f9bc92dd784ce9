//! How much memory many accounts take: signs up ACCOUNTS people without hashing a password, looks some of them up, and says
//! what the process takes on the way; then a new process does the same on what it has written:
//! `cargo run --release -p onsale-cluster --example many_accounts [-- ACCOUNTS]`.

#![allow(
    clippy::disallowed_methods,
    reason = "a measurement needs the real clock, and two arguments need no clap"
)]

mod measure;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use cluster::Cluster;
use domain::account::{Account, AccountFact, Login, Logins, PasswordHash, Role, Sealed};
use domain::ids::UserId;
use domain::ports::JournalFault;
use domain::time::UnixMillis;
use futures_util::{StreamExt, TryStreamExt, stream};

#[global_allocator]
static ALLOCATOR: measure::Counted = measure::Counted;

/// Sign-ups on their way at a time: as many share an entry as come together.
const AT_A_TIME: usize = 128;
/// What growth is allowed.
const MOST_MIB: u64 = 300;

type Failed = Box<dyn std::error::Error>;

/// Spread as hashes are.
fn login(number: u64, of: u64) -> Login {
    let mut scattered = number.wrapping_mul(2).wrapping_add(of).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    scattered = (scattered ^ scattered >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    scattered = (scattered ^ scattered >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    Login(((u128::from(number) << 64) | u128::from(scattered ^ scattered >> 31)).to_le_bytes())
}

/// As large as a real one.
fn account(number: u64) -> Account {
    Account {
        id: UserId::new(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        logins: Logins { username: login(number, 0), email: Some(login(number, 1)) },
        key: Sealed::new(vec![number as u8; 72]),
        person: Sealed::new(vec![number as u8; 160]),
        role: Role::Customer,
        password: PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$".repeat(3)),
        created_at: UnixMillis::new(1_700_000_000_000),
        generation: 0,
        revoked: Vec::new(),
        reset: None,
    }
}

async fn sign_up(cluster: &Cluster, number: u64) -> Result<(), JournalFault> {
    let signed_up = AccountFact::SignedUp { account: Arc::new(account(number)) };
    let made = cluster.update_accounts(move |_| Ok::<_, ()>((vec![signed_up], ()))).await?;
    made.map_err(|()| JournalFault::Closed)
}

/// Finds some people, all over the place.
fn look_up(cluster: &Cluster, accounts: u64) -> Result<u64, JournalFault> {
    let mut found = 0;
    for number in (0..accounts).step_by(97) {
        let known = cluster.with_accounts(|known| known.by_login(login(number, 1)).is_some())?;
        found += u64::from(known);
    }
    Ok(found)
}

#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
fn report(what: &str, started: Instant) -> std::io::Result<(u64, u64)> {
    let (resident, peak) = measure::memory_mib()?;
    let (used, most_used) = measure::allocated_mib();
    println!(
        "{what} after {:?}: memory {resident} MiB, at most {peak} MiB; allocated of it {used} MiB, at most {most_used} MiB",
        started.elapsed()
    );
    Ok((resident, peak))
}

/// From nobody to `accounts`, in `dir`; gives what memory grew from, and to at most.
#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
async fn fill(dir: &Path, accounts: u64) -> Result<(u64, u64), Failed> {
    let started = Instant::now();
    let cluster = &Cluster::open(measure::config(dir.to_owned(), Arc::new(()))).await?;
    let (before, _) = report("nobody has an account", started)?;
    let sign_ups = stream::iter(0..accounts).map(|number| sign_up(cluster, number));
    sign_ups.buffer_unordered(AT_A_TIME).try_collect::<()>().await?;
    report(&format!("{accounts} have an account"), started)?;
    println!("{} of them are found", look_up(cluster, accounts)?);
    let (_, peak) = report("they were looked for", started)?;
    println!("on disk: {} MiB", measure::disk_bytes(dir)? >> 20);
    cluster.shutdown().await;
    Ok((before, peak))
}

/// What memory is at most in a process that starts on what is in `dir`.
#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
async fn start_again(dir: &Path, accounts: u64) -> Result<u64, Failed> {
    let started = Instant::now();
    let cluster = Cluster::open(measure::config(dir.to_owned(), Arc::new(()))).await?;
    report("ready again", started)?;
    println!("{} of them are found", look_up(&cluster, accounts)?);
    let (_, peak) = report("they were looked for", started)?;
    cluster.shutdown().await;
    Ok(peak)
}

#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let accounts = arguments.next().map_or(Ok(1_000_000), |argument| argument.parse::<u64>())?;
    // A process that has the accounts from the disk only is told where they are, and what it may grow from.
    if let (Some(dir), Some(before)) = (arguments.next(), arguments.next()) {
        let peak = start_again(&PathBuf::from(dir), accounts).await?;
        return judge(before.parse()?, peak);
    }
    let dir = measure::directory("many-accounts");
    let (before, peak) = fill(&dir, accounts).await?;
    let filled = judge(before, peak);
    let mut again = Command::new(std::env::current_exe()?);
    again.arg(accounts.to_string()).arg(&dir).arg(before.to_string());
    let again = again.status()?;
    std::fs::remove_dir_all(dir)?;
    filled?;
    if again.success() { Ok(()) } else { Err("the second process failed".into()) }
}

#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
fn judge(before: u64, peak: u64) -> Result<(), Failed> {
    let growth = peak.saturating_sub(before);
    println!("memory grew by {growth} MiB at most; {MOST_MIB} MiB are allowed");
    if growth <= MOST_MIB { Ok(()) } else { Err("memory grew too much".into()) }
}
