//! What makes the messages of one connection its own: a key made from the shared secret and both sides' nonces, a MAC
//! over every message, and a memory of the numbers that were used. Owns no bytes on the way; `hello` agrees on the key.
//!
//! The MAC covers the direction, what kind of message it is, the number of the call, the number within the call, the
//! service and the body. So a message that is replayed, altered, reflected, moved to another call or taken from another
//! connection is not accepted. Nothing is encrypted: who must hide the traffic puts it on a network of its own.
//!
//! Hazard: a message that is not authentic is not answered. An answer "nothing has happened" to a replayed call could be
//! handed to the caller of the first, which has happened. The session ends instead.

use std::sync::atomic::{AtomicBool, Ordering};

use hmac::Mac as _;
use tokio::sync::Notify;

use super::me::{Mac, keyed};

/// Bytes of a MAC on the wire: half of what SHA-256 gives, which nobody guesses.
pub(crate) const TAG_BYTES: usize = 16;
/// A MAC on the wire.
pub(crate) type Tag = [u8; TAG_BYTES];

/// What a message is. The number says the direction too: the caller's are even, the answering side's odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A call and its body.
    Call = 0,
    /// The opening of a stream.
    Open = 2,
    /// A message of a stream, from the caller.
    Up = 4,
    /// The end of what the caller has to say.
    UpEnd = 6,
    /// The caller's input failed; the body says why.
    UpFailed = 8,
    /// The answer.
    Answer = 1,
    /// A stream is open.
    Opened = 3,
    /// A message of a stream, to the caller.
    Down = 5,
    /// The end of a stream.
    DownEnd = 7,
    /// The stream failed, after it may have had effects; the body says why.
    DownFailed = 9,
    /// The call or stream was declined, without effect; the body says why.
    Declined = 11,
    /// The call or stream failed, after it may have had effects; the body says why.
    Failed = 13,
    /// The stream was declined; the body says why.
    DownDeclined = 15,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::Call,
        Self::Open,
        Self::Up,
        Self::UpEnd,
        Self::UpFailed,
        Self::Answer,
        Self::Opened,
        Self::Down,
        Self::DownEnd,
        Self::DownFailed,
        Self::Declined,
        Self::Failed,
        Self::DownDeclined,
    ];

    pub(crate) fn from_wire(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What a MAC is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) kind: Kind,
    /// The number of the call or stream in the session.
    pub(crate) call: u64,
    /// In an answer the clock of who answers; in a stream which message it is.
    pub(crate) number: u64,
    /// The service.
    pub(crate) name: &'a str,
    pub(crate) body: &'a [u8],
}

/// One authenticated connection.
pub(crate) struct Session {
    keyed: Mac,
    /// The protocol version that both speak.
    pub(crate) version: u16,
    over: AtomicBool,
    ending: Notify,
}

impl Session {
    pub(crate) fn new(key: &[u8], version: u16) -> Self {
        Self { keyed: keyed(key), version, over: AtomicBool::new(false), ending: Notify::new() }
    }

    fn mac(&self, said: &Said<'_>) -> Mac {
        let mut head = [0; 18];
        head[0] = said.kind as u8;
        head[1..9].copy_from_slice(&said.call.to_le_bytes());
        head[9..17].copy_from_slice(&said.number.to_le_bytes());
        // Whoever checks has bounded the name; a longer one of ours would only fail to verify.
        head[17] = u8::try_from(said.name.len()).unwrap_or(u8::MAX);
        let mut mac = self.keyed.clone();
        mac.update(&head);
        mac.update(said.name.as_bytes());
        mac.update(said.body);
        mac
    }

    /// The MAC that goes with `said`.
    pub(crate) fn tag(&self, said: &Said<'_>) -> Tag {
        let whole = self.mac(said).finalize().into_bytes();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&whole[..TAG_BYTES]);
        tag
    }

    /// Whether `tag` goes with `said`; takes as long for every wrong one.
    pub(crate) fn proves(&self, said: &Said<'_>, tag: &Tag) -> bool {
        self.mac(said).verify_truncated_left(tag).is_ok()
    }

    /// Ends the session and its connection.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.ending.notify_one();
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Returns when the session was ended. One task waits here: the one that has the connection.
    pub(crate) async fn ended(&self) {
        while !self.is_over() {
            self.ending.notified().await;
        }
    }
}

/// How many numbers back a call may come and be told from one that came before: more than are under way at a time, by
/// far, for calls run side by side and a large one may be passed by many.
const WINDOW: u64 = 1 << 16;

/// The numbers of calls that were used.
pub(crate) struct Used {
    top: u64,
    bits: Box<[u64]>,
}

impl Used {
    pub(crate) fn new() -> Self {
        Self { top: 0, bits: vec![0; (WINDOW / 64) as usize].into_boxed_slice() }
    }

    /// Whether `number` may be used, which it may once. Numbers begin with 1.
    pub(crate) fn admit(&mut self, number: u64) -> bool {
        if number == 0 || self.top.saturating_sub(number) >= WINDOW {
            return false;
        }
        if number > self.top {
            self.forget_up_to(number);
        }
        let (word, bit) = Self::place(number);
        let fresh = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        fresh
    }

    fn forget_up_to(&mut self, number: u64) {
        if number - self.top >= WINDOW {
            self.bits.fill(0);
        } else {
            for passed in self.top + 1..=number {
                let (word, bit) = Self::place(passed);
                self.bits[word] &= !bit;
            }
        }
        self.top = number;
    }

    fn place(number: u64) -> (usize, u64) {
        let slot = number % WINDOW;
        ((slot / 64) as usize, 1 << (slot % 64))
    }
}

#[cfg(test)]
#[path = "session_test.rs"]
mod test;
