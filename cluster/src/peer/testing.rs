//! What the tests of several modules need: nodes that reach each other through memory, and wires that do harm.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use domain::ports::{BoxFuture, Clock, Random, StoppedClock};
use domain::time::{Reading, UnixMillis};
use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::*;

pub(super) const SECRET: &[u8] = b"a secret for the tests of peers";
pub(super) const CLUSTER: ClusterId = ClusterId(0xC1);
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
pub(super) const ECHO: Service = Service { name: "echo", lane: Lane::Commands };

/// Bytes that count up: no two nonces alike, and the same in every run.
#[derive(Default)]
pub(super) struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.copy_from_slice(&next[8 - chunk.len()..]);
        }
    }
}

pub(super) fn secret() -> PeerSecret {
    PeerSecret::new(SECRET).unwrap()
}

pub(super) fn stranger() -> Arc<Me> {
    Me::new(secret(), Arc::new(Counting::default()))
}

pub(super) fn node(id: NodeId) -> Arc<Me> {
    let me = stranger();
    me.belong(Membership { cluster: CLUSTER, node: id }).unwrap();
    me
}

pub(super) fn clock(monotonic_ms: u64) -> Arc<dyn Clock> {
    Arc::new(StoppedClock(Reading { wall: UnixMillis::new(0), monotonic_ms }))
}

/// Answers by the service's name.
#[derive(Default)]
pub(super) struct Servant {
    /// Rung when a call hangs.
    pub(super) hanging: Notify,
    /// Rung when a stream is over.
    pub(super) stream_over: Arc<Notify>,
    pub(super) calls: AtomicUsize,
}

/// Rings when it is dropped.
struct Ring(Arc<Notify>);

impl Drop for Ring {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Answers for Servant {
    fn call(&self, from: NodeId, service: &str, body: Bytes) -> BoxFuture<Result<Bytes, CallError>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let answer = match service {
            "echo" => Ok(body),
            "join" | "who" => Ok(Bytes::copy_from_slice(&from.to_le_bytes())),
            "large" => Ok(vec![7; (4 << 20) + 1].into()),
            "lost" => Err(CallError::Lost("gone".to_owned())),
            "hang" => {
                self.hanging.notify_one();
                return Box::pin(std::future::pending());
            }
            _ => Err(CallError::Declined(format!("“{service}” is not answered here"))),
        };
        Box::pin(async { answer })
    }

    fn stream(
        &self,
        _: NodeId,
        service: &str,
        mut input: Messages,
    ) -> BoxFuture<Result<Messages, CallError>> {
        let over = Ring(self.stream_over.clone());
        let output: Messages = match service {
            "echo" => input,
            // Takes all and says nothing.
            "sink" => Box::pin(futures_util::stream::once(async move {
                let _over = over;
                while let Some(Ok(_)) = input.next().await {}
                std::future::pending().await
            })),
            // Takes nothing.
            "stall" => Box::pin(futures_util::stream::once(async move {
                let _kept = input;
                std::future::pending().await
            })),
            _ => {
                let why = CallError::Declined("no such stream".to_owned());
                return Box::pin(async { Err(why) });
            }
        };
        Box::pin(async { Ok(output) })
    }
}

/// What is done to the bytes that the caller writes.
pub(super) type Harm = Arc<dyn Fn(&mut Vec<u8>) + Send + Sync>;

/// A node that is dialled through memory.
pub(super) struct Local {
    pub(super) me: Arc<Me>,
    pub(super) servant: Arc<Servant>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) dialled: AtomicUsize,
    /// Refuses connections.
    pub(super) is_down: AtomicBool,
    /// Connections that are open go dead: what is written vanishes, nothing comes.
    pub(super) is_mute: Arc<AtomicBool>,
    pub(super) to_server: Mutex<Option<Harm>>,
    pub(super) to_caller: Mutex<Option<Harm>>,
    running: Mutex<Vec<AbortHandle>>,
}

impl Local {
    pub(super) fn new(me: Arc<Me>) -> Arc<Self> {
        Arc::new(Self {
            me,
            servant: Arc::default(),
            clock: clock(1000),
            dialled: AtomicUsize::new(0),
            is_down: AtomicBool::new(false),
            is_mute: Arc::default(),
            to_server: Mutex::default(),
            to_caller: Mutex::default(),
            running: Mutex::default(),
        })
    }

    /// Dies: its connections break and it takes no more.
    pub(super) fn kill(&self) {
        self.is_down.store(true, Ordering::Relaxed);
        self.break_connections();
    }

    pub(super) fn break_connections(&self) {
        self.running.lock().unwrap().drain(..).for_each(|task| task.abort());
    }

    pub(super) fn dialled(&self) -> usize {
        self.dialled.load(Ordering::Relaxed)
    }
}

/// The address book and the way to one node.
pub(super) struct To(pub(super) Arc<Local>);

impl Dial for To {
    fn dial(&self, _: &str) -> BoxFuture<io::Result<Connection>> {
        let local = self.0.clone();
        Box::pin(async move {
            local.dialled.fetch_add(1, Ordering::Relaxed);
            if local.is_down.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (caller, server) = tokio::io::duplex(64 << 10);
            let server = Tap::new(Box::new(server), local.to_caller.lock().unwrap().clone(), None);
            let serving = serve(
                server,
                "a test".to_owned(),
                local.me.clone(),
                local.servant.clone(),
                local.clock.clone(),
            );
            local.running.lock().unwrap().push(tokio::spawn(serving).abort_handle());
            let harm = local.to_server.lock().unwrap().clone();
            Ok(Box::new(Tap::new(Box::new(caller), harm, Some(local.is_mute.clone()))) as Connection)
        })
    }
}

impl Addresses for To {
    fn address_of(&self, node: NodeId) -> Option<String> {
        (node < 100).then(|| format!("memory-{node}"))
    }
}

/// A channel of `me` to `local`, whichever node is asked for.
pub(super) fn channel(me: Arc<Me>, local: &Arc<Local>) -> Channel {
    Channel::new(me, Arc::new(To(local.clone())), Arc::new(To(local.clone())))
}

/// Messages from a list.
pub(super) fn messages(list: impl IntoIterator<Item = Bytes>) -> Messages {
    let list: VecDeque<Bytes> = list.into_iter().collect();
    Box::pin(futures_util::stream::iter(list).map(Ok))
}

/// A wire that alters what is written, or goes dead.
pub(super) struct Tap {
    inner: Connection,
    harm: Option<Harm>,
    is_mute: Option<Arc<AtomicBool>>,
}

impl Tap {
    pub(super) fn new(inner: Connection, harm: Option<Harm>, is_mute: Option<Arc<AtomicBool>>) -> Self {
        Self { inner, harm, is_mute }
    }

    fn is_mute(&self) -> bool {
        self.is_mute.as_ref().is_some_and(|mute| mute.load(Ordering::Relaxed))
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_mute() {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_mute() {
            return Poll::Ready(Ok(buf.len()));
        }
        let mut bytes = buf.to_vec();
        if let Some(harm) = &self.harm {
            harm(&mut bytes);
        }
        Pin::new(&mut self.inner).poll_write(cx, &bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// A harm that flips a bit of the first byte behind `mark`, wherever it is written.
pub(super) fn flip_after(mark: &'static [u8]) -> Harm {
    Arc::new(move |bytes| {
        if let Some(at) = bytes.windows(mark.len()).position(|window| window == mark)
            && let Some(byte) = bytes.get_mut(at + mark.len())
        {
            *byte ^= 1;
        }
    })
}
