//! How far operations are: a bar for each on a terminal, elsewhere a line for each step.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::output::tell;
use super::words::{count, deed, lack};
use crate::http::admin::bodies::OperationBody;

/// The operations that are shown.
pub(super) struct Bars {
    /// None where nobody looks at a terminal.
    terminal: Option<MultiProgress>,
    shown: BTreeMap<u64, Shown>,
}

struct Shown {
    bar: Option<ProgressBar>,
    line: String,
}

impl Bars {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { terminal: stderr().is_terminal().then(MultiProgress::new), shown: BTreeMap::new() }
    }

    /// Shows these operations and no others.
    pub(super) fn show<'a>(&mut self, operations: impl IntoIterator<Item = &'a OperationBody>) {
        let mut before = std::mem::take(&mut self.shown);
        for operation in operations {
            let known = before.remove(&operation.id);
            let mut shown = known.unwrap_or_else(|| self.begin());
            shown.update(operation);
            self.shown.insert(operation.id, shown);
        }
        before.into_values().for_each(Shown::end);
    }

    /// Writes something beside the bars without tearing them.
    pub(super) fn beside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.terminal {
            Some(terminal) => terminal.suspend(write),
            None => write(),
        }
    }

    fn begin(&self) -> Shown {
        let bar = self.terminal.as_ref().map(|terminal| {
            let style = ProgressStyle::with_template("{prefix} {elapsed:>4} [{bar:30}] {pos}/{len} {msg}");
            let bar = ProgressBar::no_length();
            bar.set_style(style.expect("the template is a constant that indicatif understands"));
            terminal.add(bar)
        });
        Shown { bar, line: String::new() }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.show([]);
    }
}

impl Shown {
    fn update(&mut self, operation: &OperationBody) {
        let next = operation.waiting_for.first().map(lack).unwrap_or_default();
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(format!("operation {}", operation.id));
                bar.set_length(operation.total as u64);
                bar.set_position(operation.done as u64);
                bar.set_message(next);
            }
            None => {
                let line = progress(operation);
                if line != self.line {
                    tell(&line);
                    self.line = line;
                }
            }
        }
    }

    fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// "operation 7 moves shard 3 from node 1 to node 4: 0 of 1 shard".
pub(super) fn progress(operation: &OperationBody) -> String {
    let (id, done, total) = (operation.id, operation.done, count(operation.total, "shard"));
    format!("operation {id} {}: {done} of {total}", deed(operation))
}
