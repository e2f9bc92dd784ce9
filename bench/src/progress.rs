//! Tells a person how far a run has come.
//!
//! Owns: the bar on a terminal, plain lines elsewhere, and silence. Not: what is told.

use crate::report::whole;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;

/// Listens to the progress of a run.
pub trait Progress: Send + Sync {
    /// A phase of `total` steps begins.
    fn begin(&self, phase: &str, total: u64);
    /// `done` steps of the phase are done; `message` says how it goes.
    fn at(&self, done: u64, message: &str);
    /// The phase is over.
    fn end(&self, message: &str);
    /// Something worth a line of its own.
    fn note(&self, line: &str);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _phase: &str, _total: u64) {}
    fn at(&self, _done: u64, _message: &str) {}
    fn end(&self, _message: &str) {}
    fn note(&self, _line: &str) {}
}

/// A bar on standard error where that is a terminal, else a line for every tenth of a phase.
pub struct Terminal {
    bar: Option<ProgressBar>,
    plain: Mutex<Plain>,
}

#[derive(Default)]
struct Plain {
    phase: String,
    total: u64,
    tenths: u64,
}

impl Terminal {
    /// Looks at standard error to see what it is.
    pub fn new() -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            let style = ProgressStyle::with_template(
                "{prefix:>10} {elapsed:>4} [{bar:30}] {human_pos}/{human_len} {msg}",
            );
            bar.set_style(style.expect("the template is a constant that indicatif understands"));
            bar
        });
        Self { bar, plain: Mutex::default() }
    }

    fn line(text: &str) {
        // Nobody may be listening; that is no reason to stop a run.
        let _ = writeln!(stderr(), "{text}");
    }

    fn plain(&self) -> std::sync::MutexGuard<'_, Plain> {
        self.plain.lock().expect("no holder of this lock panics")
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Terminal {
    fn begin(&self, phase: &str, total: u64) {
        match &self.bar {
            Some(bar) => {
                bar.reset();
                bar.set_prefix(phase.to_owned());
                bar.set_message("");
                bar.set_length(total);
            }
            None => {
                *self.plain() = Plain { phase: phase.to_owned(), total, tenths: 0 };
                Self::line(&format!("{phase}: {}", whole(total)));
            }
        }
    }

    fn at(&self, done: u64, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(message.to_owned());
            return;
        }
        let mut plain = self.plain();
        let tenths = done * 10 / plain.total.max(1);
        if tenths > plain.tenths && tenths < 10 {
            plain.tenths = tenths;
            let (done, total) = (whole(done), whole(plain.total));
            Self::line(format!("{}: {done} of {total} {message}", plain.phase).trim_end());
        }
    }

    fn end(&self, message: &str) {
        match &self.bar {
            Some(bar) => {
                let (phase, total) = (bar.prefix(), bar.length().unwrap_or_default());
                bar.println(format!("{phase:>10} {} {message}", whole(total)).trim_end());
            }
            None => {
                let plain = self.plain();
                Self::line(format!("{}: done {message}", plain.phase).trim_end());
            }
        }
    }

    fn note(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => Self::line(line),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
