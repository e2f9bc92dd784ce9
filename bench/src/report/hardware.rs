//! What a run was measured on.
//!
//! Owns: reading the machine's description from /proc; where there is none, it says so.

use serde::{Deserialize, Serialize};
use std::fs;

/// The machine that the client, and usually the node, ran on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// The processor's name.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: u64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// The kernel's release.
    pub kernel: String,
}

impl Hardware {
    /// This machine.
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let memory_kib = field(&read("/proc/meminfo"), "MemTotal")
            .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".into()),
            cores: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64),
            memory_mib: memory_kib.unwrap_or_default() / 1_024,
            kernel: match read("/proc/sys/kernel/osrelease").trim() {
                "" => "unknown".into(),
                release => release.to_owned(),
            },
        }
    }
}

/// The value of the first line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(label, _)| label.trim() == name).map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod test {
    use super::field;

    #[test]
    fn fields_are_found_by_name() {
        let text = "processor\t: 0\nmodel name\t: A fast one\nmodel name\t: Another\n";
        assert_eq!(field(text, "model name").as_deref(), Some("A fast one"));
        assert_eq!(field(text, "model"), None);
    }
}
