//! Where the command writes: answers to standard output, what is only told on the way to standard error.

use std::io::{ErrorKind, Write, stderr, stdout};

use crate::fault::NodeFault;

/// Prints `text`, which may have a line end or not.
///
/// # Errors
/// Standard output cannot be written to. A reader that has read enough is no error.
pub(crate) fn say(text: impl AsRef<str>) -> Result<(), NodeFault> {
    match print(text.as_ref()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(NodeFault::failed(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// The same, and whether anybody may still be reading.
pub(super) fn is_heard(text: &str) -> bool {
    print(text).is_ok()
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{}", text.trim_end())?;
    out.flush()
}

/// Tells a line that is no part of the answer.
pub(crate) fn tell(line: &str) {
    // Nobody may be listening; that is no reason to stop.
    let _unheard = writeln!(stderr(), "{line}");
}
