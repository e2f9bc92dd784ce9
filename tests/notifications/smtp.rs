//! A mail server of the test's own: takes every mail and remembers it, and says what it is told to say.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::eventually;

const WITHIN: Duration = Duration::from_secs(30);

/// What the server does once it has a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes it.
    Takes,
    /// Answers with this, which is no yes.
    Answers(&'static str),
    /// Has it and never says so.
    Silent,
}

/// A mail as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: String,
}

impl Received {
    /// A header; folded lines are put together.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let line = head.split("\r\n").find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
    }

    /// What it says, in both forms: where a form is quoted-printable, that is undone.
    pub(crate) fn words(&self) -> String {
        let text = self.text.replace("=\r\n", "");
        let mut parts = text.split('=');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            match part.get(..2).filter(|code| code.bytes().all(|digit| b"0123456789ABCDEF".contains(&digit)))
            {
                Some(code) => {
                    bytes.push(u8::from_str_radix(code, 16).expect("two digits"));
                    bytes.extend_from_slice(&part.as_bytes()[2..]);
                }
                None => {
                    bytes.push(b'=');
                    bytes.extend_from_slice(part.as_bytes());
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Runs until the test's process ends.
#[derive(Clone)]
pub(crate) struct SmtpSink {
    port: u16,
    manner: Arc<Mutex<Manner>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl SmtpSink {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let sink = Self { port, manner: Arc::new(Mutex::new(Manner::Takes)), received: Arc::default() };
        let serving = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let serving = serving.clone();
                // A client that goes in the middle of a mail is what some of the tests are about.
                std::thread::spawn(move || drop(serving.converse(stream)));
            }
        });
        sink
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// From now on it behaves like this.
    pub(crate) fn set(&self, manner: Manner) {
        *self.manner.lock().expect("nobody has panicked") = manner;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("nobody has panicked").clone()
    }

    /// The mails, once there are so many.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Received> {
        eventually(&format!("{count} mails"), WITHIN, || {
            Some(self.received()).filter(|received| received.len() >= count)
        })
    }

    fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut out = stream.try_clone()?;
        let mut lines = BufReader::new(stream);
        let (mut from, mut to) = (String::new(), String::new());
        out.write_all(b"220 sink ESMTP\r\n")?;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let word = line.trim_end().to_ascii_uppercase();
            let reply = match word.as_bytes() {
                [b'E' | b'H', ..] => "250 sink\r\n".to_owned(),
                _ if word.starts_with("MAIL FROM:") => {
                    from = address(&line);
                    "250 ok\r\n".to_owned()
                }
                _ if word.starts_with("RCPT TO:") => {
                    to = address(&line);
                    "250 ok\r\n".to_owned()
                }
                _ if word == "DATA" => {
                    out.write_all(b"354 go on\r\n")?;
                    let text = data(&mut lines)?;
                    let manner = *self.manner.lock().expect("nobody has panicked");
                    self.received.lock().expect("nobody has panicked").push(Received {
                        from: from.clone(),
                        to: to.clone(),
                        text,
                    });
                    match manner {
                        Manner::Takes => "250 taken\r\n".to_owned(),
                        Manner::Answers(answer) => format!("{answer}\r\n"),
                        Manner::Silent => continue,
                    }
                }
                _ if word == "QUIT" => return out.write_all(b"221 bye\r\n"),
                _ => "250 ok\r\n".to_owned(),
            };
            out.write_all(reply.as_bytes())?;
        }
    }
}

fn address(line: &str) -> String {
    let rest = line.split_once('<').map(|(_, rest)| rest).unwrap_or_default();
    rest.split('>').next().unwrap_or_default().to_owned()
}

fn data(lines: &mut impl BufRead) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
