//! The same against a mail server that is not ours: aiosmtpd, in a Python of the test's own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Node, NodeOptions, Sale, eventually, is_required};
use crate::{WITHIN, buy};

/// Where `.ci/run` installs it.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/python/bin/python3");

/// Prints the port, and then every mail as one line of JSON, read by Python's own parser.
const SERVER: &str = r#"
import email, email.policy, json, socket, sys
from aiosmtpd.controller import Controller

class Handler:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.iter_parts()}
        headers = {name: str(mail[name]) for name in ("From", "To", "Subject", "Message-ID", "Date")}
        print(json.dumps({"to": envelope.rcpt_tos, "headers": headers, "parts": parts}), flush=True)
        return "250 taken"

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
Controller(Handler(), hostname="127.0.0.1", port=port).start()
print(port, flush=True)
sys.stdin.read()
"#;

/// Ends with the test.
pub(crate) struct MailServer {
    child: Child,
    port: String,
    mails: Arc<Mutex<Vec<Value>>>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl MailServer {
    /// Runs; nothing where there is no Python that has it, and none is required.
    pub(crate) fn start() -> Option<Self> {
        let mut command = Command::new(python()?);
        command.args(["-u", "-c", SERVER]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python runs");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let port = lines.next().expect("a line").expect("text");
        let mails = Arc::<Mutex<Vec<Value>>>::default();
        let taken = mails.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mail = serde_json::from_str(&line).expect("JSON");
                taken.lock().expect("nobody has panicked").push(mail);
            }
        });
        Some(Self { child, port, mails })
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The mails, once there are so many.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Value> {
        let mails = || self.mails.lock().expect("nobody has panicked").clone();
        eventually(&format!("{count} mails"), WITHIN, || Some(mails()).filter(|mails| mails.len() >= count))
    }
}

/// A Python that has it, or nothing where that is not required.
fn python() -> Option<PathBuf> {
    let tries = [PathBuf::from(PYTHON), PathBuf::from("python3")];
    let found = tries.into_iter().find(|python| {
        let asked = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    });
    if found.is_none() {
        assert!(
            !is_required(),
            "aiosmtpd is required here: python3 -m venv target/python; target/python/bin/pip install aiosmtpd"
        );
        eprintln!(
            "skipped: this test needs aiosmtpd (python3 -m venv target/python; target/python/bin/pip install aiosmtpd)"
        );
    }
    found
}

#[test]
fn a_mail_server_of_others_takes_and_understands_the_mails() {
    let Some(server) = MailServer::start() else { return };
    let mut options = NodeOptions::default();
    options.env.push(("ONSALE_MAIL__SMTP_URL", server.url()));
    options.env.push(("ONSALE_MAIL__FROM", "Kartenbüro <tickets@example.org>".to_owned()));
    let node = Node::start_with(&options);
    let sale = Sale::open(&node, 4, &json!({"name": "Füchse «live»"}));
    let booking = buy(&sale, &node.customer("anna"), &[2]);

    let mail = server.wait_for(1).remove(0);
    assert_eq!(mail["to"], json!(["anna@example.org"]));
    assert_eq!(mail["headers"]["Subject"], "Your tickets for Füchse «live»");
    assert!(mail["headers"]["From"].as_str().expect("a header").contains("Kartenbüro"), "{mail}");
    assert!(mail["headers"]["Message-ID"].as_str().expect("a header").starts_with("<msg_"), "{mail}");
    let (text, html) = (&mail["parts"]["text/plain"], &mail["parts"]["text/html"]);
    let code = booking["tickets"][0]["code"].as_str().expect("a code");
    for part in [text, html] {
        let part = part.as_str().expect("a part");
        assert!(part.contains("Füchse «live»") && part.contains(code), "{part}");
    }
}
