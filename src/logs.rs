//! The log of the process: lines on stderr, for people or for machines.
//!
//! Hazard: what is logged is read by many. Secrets have no `Debug` that shows them, and nothing here makes up for one that
//! is put into a message.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::config::LogFormat;
use crate::fault::NodeFault;

/// Logs what `level` lets through from now on, in the form of `format`.
///
/// # Errors
/// Where `level` is not understood.
pub fn start(level: &str, format: LogFormat) -> Result<(), NodeFault> {
    let filter = EnvFilter::try_new(level).map_err(NodeFault::failed)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => {
            lines.with_ansi(false).event_format(JsonLines).init();
            std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a thread panicked")));
        }
    }
    // Whoever starts the log twice has failed above.
    let _first = FORMAT.set(format);
    Ok(())
}

/// As the log was started.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Tells whoever started the program, whatever the log lets through: as it is, or as a line of the log where machines read
/// that.
pub fn say(level: Level, line: &str) {
    let mut stderr = std::io::stderr();
    // Whoever started us may have closed stderr; that is no reason to end.
    let _unheard = match FORMAT.get() {
        Some(LogFormat::Json) => {
            // Whoever looks for a word up to the next space finds the last one too.
            let said = Map::from_iter([("message".to_owned(), Value::from(format!("{line} ")))]);
            writeln!(stderr, "{}", object(said, level, module_path!()))
        }
        Some(LogFormat::Text) | None => writeln!(stderr, "{line}"),
    };
}

/// An object of the log, of now.
fn object(mut fields: Map<String, Value>, level: Level, module: &str) -> Value {
    let mut at = String::new();
    // Texts take whatever is written to them.
    let _written = SystemTime.format_time(&mut Writer::new(&mut at));
    for (name, value) in [("at", at), ("level", level.to_string()), ("module", module.to_owned())] {
        fields.insert(name.to_owned(), Value::String(value));
    }
    Value::Object(fields)
}

/// An object a line: `at`, `level`, `module`, `message`, and every field under its name.
struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let about = event.metadata();
        writeln!(line, "{}", object(fields.0, *about.level(), about.target()))
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, json!(value));
    }
}

#[cfg(test)]
mod test {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_an_object_whatever_is_logged() {
        let kept = Kept::default();
        let writer = kept.clone();
        let lines = tracing_subscriber::fmt().event_format(JsonLines).with_writer(move || writer.clone());
        tracing::subscriber::with_default(lines.finish(), || {
            tracing::warn!(request_id = "req_1", status = 503_u16, ok = false, "a \"line\"\nwith a break");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1);
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&line["level"], &line["request_id"]), (&json!("WARN"), &json!("req_1")));
        assert_eq!((&line["status"], &line["ok"]), (&json!(503), &json!(false)));
        assert_eq!(line["message"], "a \"line\"\nwith a break");
        assert!(line["at"].as_str().unwrap().ends_with('Z'));
    }
}
