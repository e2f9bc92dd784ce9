//! Bugs on purpose: each breaks one promise at the place where a program of this kind tends to break it, so that it can
//! be shown that the simulation would find it.
//!
//! Owns: the list, and which one of them this process has. Only with the feature `planted` can there be one; without it
//! [`is`] is a constant `false` and its places cost nothing. Hazard: with it, the choice is the one state of this crate.

macro_rules! bugs {
    ($($(#[$doc:meta])* $bug:ident $name:literal,)*) => {
        /// One way to break a promise.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Bug {
            $($(#[$doc])* $bug,)*
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug,)*];

            /// What it is called on a command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => $name,)*
                }
            }
        }
    };
}

bugs! {
    /// An answer leaves when its facts are proposed, not when they are committed.
    AnswerBeforeCommit "answer-before-commit",
    /// An answer without facts of its own, such as that to a repeated key, does not wait for the facts before it.
    AnswerAheadOfFacts "answer-ahead-of-facts",
    /// The log says that entries are durable when they are only written.
    CountUnsynced "count-unsynced",
    /// A restart cuts the last entries off a log that is whole.
    LoseTail "lose-tail",
    /// The vote is kept in memory only.
    ForgetVote "forget-vote",
    /// A replica applies the facts of a batch twice.
    ApplyTwice "apply-twice",
    /// Nothing asks in which term an owner was made, or on which state its facts were decided: one that was replaced goes
    /// on when its node leads again.
    ProposeUnderLaterTerm "propose-under-later-term",
    /// A new owner does not know the keys that its predecessor has answered.
    ForgetKeys "forget-keys",
    /// A new owner counts holds from those that are open.
    ReuseHoldNumbers "reuse-hold-numbers",
    /// Holds end by the wall clock.
    ExpireByWallClock "expire-by-wall-clock",
    /// A new owner arms no timer for the deadlines that it finds.
    ForgetDeadlines "forget-deadlines",
    /// A new owner does not go on with open payments.
    ForgetPayments "forget-payments",
    /// Money is asked for before the fact that asks for it is on disk.
    ChargeBeforeCommit "charge-before-commit",
    /// Money that was set aside too late is never let go of.
    ForgetVoid "forget-void",
    /// A snapshot has no open holds.
    SnapshotWithoutHolds "snapshot-without-holds",
    /// A snapshot does not say when holds end.
    SnapshotWithoutDeadlines "snapshot-without-deadlines",
    /// A snapshot has no keys.
    SnapshotWithoutKeys "snapshot-without-keys",
    /// A leader serves for as long as it has not heard of another one.
    ServeWithoutLease "serve-without-lease",
    /// A leader serves while it gives its leadership away.
    ServeWhileYielding "serve-while-yielding",
    /// A new owner opens a sale before it knows that everything committed is applied.
    OpenWithoutWaiting "open-without-waiting",
    /// A new owner begins with what its wall clock says.
    TimeFromWallClock "time-from-wall-clock",
    /// A node that has just started and owns a shard before it has heard the time of it begins with its own clock.
    AskNobodyTheTime "ask-nobody-the-time",
    /// What is forwarded leaves its key behind.
    ForwardWithoutKey "forward-without-key",
    /// A node speaks the newest protocol version that it knows, whoever asks.
    SpeakNewest "speak-newest",
    /// A node that lost its disk is taken for the one that it was.
    SameLife "same-life",
}

#[cfg(feature = "planted")]
static CHOSEN: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(u8::MAX);

/// Gives this process `bug`, and no other.
#[cfg(feature = "planted")]
pub fn choose(bug: Bug) {
    CHOSEN.store(bug as u8, std::sync::atomic::Ordering::Relaxed);
}

/// Whether this process has `bug`.
#[cfg(feature = "planted")]
#[must_use]
pub fn is(bug: Bug) -> bool {
    CHOSEN.load(std::sync::atomic::Ordering::Relaxed) == bug as u8
}

/// Whether this process has `bug`: no.
#[cfg(not(feature = "planted"))]
#[inline(always)]
#[must_use]
pub const fn is(_bug: Bug) -> bool {
    false
}

/// Does to what a new owner begins with what `bug` is about, where this process has it.
#[cfg(feature = "planted")]
pub fn spoil(bug: Bug, sale: &mut crate::event::Sale) {
    if is(bug) {
        sale.spoil(bug);
    }
}

/// Does nothing.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn spoil(_bug: Bug, _sale: &mut crate::event::Sale) {}
