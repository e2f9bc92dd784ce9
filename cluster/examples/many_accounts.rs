//! How much memory many accounts take: signs up ACCOUNTS people without hashing a password, changes and reads some of
//! them, and says what the process takes on the way, and after a start on what it has written:
//! `cargo run --release -p onsale-cluster --example many_accounts [-- ACCOUNTS]`.

#![allow(
    clippy::disallowed_methods,
    reason = "a measurement needs the real clock, and one number needs no clap"
)]

mod measure;

use std::sync::Arc;
use std::time::Instant;

use cluster::Cluster;
use domain::account::{Account, AccountFact, Login, Logins, PasswordHash, Role, Sealed};
use domain::ids::UserId;
use domain::ports::JournalFault;
use domain::time::UnixMillis;
use futures_util::{StreamExt, TryStreamExt, stream};

/// Sign-ups on their way at a time: as many share an entry as come together.
const AT_A_TIME: usize = 128;
/// What growth is allowed.
const MOST_MIB: u64 = 300;

fn login(number: u64, of: u64) -> Login {
    let scattered = (number ^ of << 60).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Login(((u128::from(scattered) << 64) | u128::from(number)).to_le_bytes())
}

/// As large as a real one.
fn account(number: u64) -> Account {
    Account {
        id: UserId::new(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        logins: Logins { username: login(number, 1), email: Some(login(number, 2)) },
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
        let known = cluster.with_accounts(|known| known.by_login(login(number, 2)).is_some())?;
        found += u64::from(known);
    }
    Ok(found)
}

#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
fn report(what: &str, started: Instant) -> std::io::Result<(u64, u64)> {
    let (resident, peak) = measure::memory_mib()?;
    println!("{what} after {:?}: memory {resident} MiB, at most {peak} MiB", started.elapsed());
    Ok((resident, peak))
}

#[allow(clippy::print_stdout, reason = "it reports to whoever started it")]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let accounts = std::env::args().nth(1).map_or(Ok(1_000_000), |argument| argument.parse::<u64>())?;
    let dir = measure::directory("many-accounts");
    let settings = || measure::config(dir.clone(), Arc::new(()));
    let started = Instant::now();
    let cluster = Cluster::open(settings()).await?;
    let (before, _) = report("nobody has an account", started)?;
    let cluster_ref = &cluster;
    let sign_ups = stream::iter(0..accounts).map(|number| sign_up(cluster_ref, number));
    sign_ups.buffer_unordered(AT_A_TIME).try_collect::<()>().await?;
    let (_, peak) = report(&format!("{accounts} have an account"), started)?;
    println!("{} of them are found", look_up(&cluster, accounts)?);
    let (after, _) = report("they were looked for", started)?;
    println!("on disk: {} MiB", measure::disk_bytes(&dir)? >> 20);
    cluster.shutdown().await;
    drop(cluster);
    let started = Instant::now();
    let cluster = Cluster::open(settings()).await?;
    report("ready again", started)?;
    println!("{} of them are found", look_up(&cluster, accounts)?);
    cluster.shutdown().await;
    std::fs::remove_dir_all(dir)?;
    let growth = peak.max(after).saturating_sub(before);
    let verdict = if growth <= MOST_MIB { "within" } else { "over" };
    println!("memory grew by {growth} MiB, {verdict} the {MOST_MIB} MiB that are allowed");
    if growth > MOST_MIB {
        std::process::exit(1);
    }
    Ok(())
}
