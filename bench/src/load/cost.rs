//! What an answer costs the process that gives it: its CPU time from /proc, and what it counts itself in /metrics.

use super::servers::Server;
use crate::replay::http::{Ask, Client};
use anyhow::{Context, bail};
use hyper::Method;
use std::fs;
use std::time::Duration;
use tokio::time::timeout;

/// Linux counts CPU time for user space in hundredths of a second, whatever its own clock.
const TICK_US: u64 = 10_000;
const METRICS_WITHIN: Duration = Duration::from_secs(5);
const ALLOCATIONS: &str = "onsale_allocations_total";

/// What a process has used since it was started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    pub(crate) cpu_us: u64,
    /// Only of a node that counts them.
    pub(crate) allocations: Option<f64>,
}

/// Reads what a process has used.
pub(crate) struct Meter {
    pid: u32,
    admin: Option<Client>,
    /// Asking costs the server time, so it is only asked when it has an answer.
    counts_allocations: bool,
}

impl Meter {
    pub(crate) async fn of(server: &Server) -> anyhow::Result<Self> {
        let admin = server.admin.as_ref().map(|url| Client::new(std::slice::from_ref(url), 1)).transpose()?;
        let mut meter = Self { pid: server.pid, admin, counts_allocations: false };
        if meter.admin.is_some() {
            meter.counts_allocations = value(&meter.metrics().await?, ALLOCATIONS).is_some();
        }
        Ok(meter)
    }

    pub(crate) async fn usage(&self) -> anyhow::Result<Usage> {
        let allocations =
            if self.counts_allocations { value(&self.metrics().await?, ALLOCATIONS) } else { None };
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).context("the server has ended")?;
        let ticks = cpu_ticks(&stat).context("/proc/PID/stat is not what Linux writes")?;
        Ok(Usage { cpu_us: ticks * TICK_US, allocations })
    }

    /// The text of `GET /metrics`.
    pub(crate) async fn metrics(&self) -> anyhow::Result<String> {
        let client = self.admin.as_ref().context("this server has no metrics")?;
        let ask = Ask::new(Method::GET, "/metrics");
        let asked = timeout(METRICS_WITHIN, async { client.lane().await.send(&ask).await }).await;
        let answer = asked.context("the node did not show its metrics in time")??;
        if answer.status != 200 {
            bail!("GET /metrics was answered {}", answer.status);
        }
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }
}

/// User and system time. The program's name, which may hold anything, is in parentheses before them.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u64>().ok()?, fields.next()?.parse::<u64>().ok()?);
    Some(user + system)
}

/// The value of a figure without labels.
pub(crate) fn value(metrics: &str, name: &str) -> Option<f64> {
    let mut lines = metrics.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(label, _)| *label == name).and_then(|(_, value)| value.trim().parse().ok())
}

#[cfg(test)]
mod test {
    use super::{cpu_ticks, value};

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 321 45 0 0 20 0 4 0 99 1 1";
        assert_eq!(cpu_ticks(stat), Some(366));
        assert_eq!(cpu_ticks("7 (a"), None);
    }

    #[test]
    fn a_figure_is_found_by_its_whole_name() {
        let text = "# TYPE onsale_mailbox_depth gauge\nonsale_mailbox_depth_x 1\nonsale_mailbox_depth 17\n";
        assert_eq!(value(text, "onsale_mailbox_depth"), Some(17.0));
        assert_eq!(value(text, "onsale"), None);
    }
}
