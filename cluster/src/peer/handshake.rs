//! The first thing on every connection: both sides prove that they have the secret, say who they are, agree on a
//! protocol version and make the key of the session. Only then does h2 begin, so a stranger's bytes never reach it.
//!
//! Three records: hello (the caller's nonce), reply (the other's nonce, under a MAC over both), proof (the caller's MAC
//! with the session's key). A hello alone could be one that somebody has recorded; the proof cannot.
//!
//! Hazard: a refusal is read by whoever sends a copied hello. It names nodes and versions, never a secret or an address.

use std::io;

use domain::planted::{self, Bug};
use domain::ports::Clock;
use hmac::Mac as _;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Lane;
use super::hello::{self, Hello, Record, Reply, Welcome};
use super::me::{Mac, Me, Membership, STRANGER, keyed, named};
use super::session::Session;
use crate::raft::types::NodeId;

/// What a node is told of a peer that has another secret. No later try will end otherwise.
pub(crate) const OTHER_SECRET: &str =
    "its cluster secret is another; give all nodes of a cluster the same one";

const HELLO: &str = "onsale peer hello";
const REPLY: &str = "onsale peer reply";
const KEY: &str = "onsale peer session key";
const PROOF: &str = "onsale peer proof";

/// A session as the dialling side has it.
pub(crate) struct Reached {
    pub(crate) session: Session,
    pub(crate) node: NodeId,
    /// Which process of the node.
    pub(crate) process: u64,
    /// Its clock when it answered.
    pub(crate) clock_ms: u64,
}

/// A session as the answering side has it.
pub(crate) struct Admitted {
    pub(crate) session: Session,
    /// Who has come; `None` is a node that has not joined yet.
    pub(crate) from: Option<NodeId>,
    pub(crate) lane: Lane,
}

fn session_key(me: &Me, hello: &[u8], reply: &[u8]) -> Vec<u8> {
    me.secret().mac(KEY, &[hello, reply]).finalize().into_bytes().to_vec()
}

fn proof_of(key: &[u8]) -> Mac {
    keyed(key).chain_update(PROOF)
}

fn broke(error: &io::Error) -> String {
    format!("the connection ended during the handshake: {error}")
}

/// Says hello as `me` on a connection for `lane` to the node that is wanted, if one is.
///
/// # Errors
/// Why there is no session, for people.
pub(crate) async fn reach<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    me: &Me,
    lane: Lane,
    wants: Option<NodeId>,
) -> Result<Reached, String> {
    let membership = me.membership();
    let hello = hello::body(&Hello {
        oldest: *me.spoken().start(),
        newest: *me.spoken().end(),
        nonce: me.nonce(),
        lane: lane.to_wire(),
        member: membership.map(|Membership { cluster, node }| (cluster.0, node)),
        wants,
    });
    let bytes = hello::envelope(&hello, me.secret().mac(HELLO, &[&hello]));
    hello::send(stream, &bytes).await.map_err(|error| broke(&error))?;
    let reply = hello::receive(stream)
        .await
        .map_err(|error| broke(&error))?
        .ok_or("it is not a node's port for peers; check the address")?;
    let welcome = judge_reply(me, &hello, &reply)?;
    check_reached(me, membership, wants, &welcome)?;
    let key = session_key(me, &hello, &reply.body);
    let proof = hello::envelope(&[], proof_of(&key));
    hello::send(stream, &proof).await.map_err(|error| broke(&error))?;
    Ok(Reached {
        session: Session::new(&key, welcome.version),
        node: welcome.node,
        process: welcome.process,
        clock_ms: welcome.clock_ms,
    })
}

fn judge_reply(me: &Me, hello: &[u8], reply: &Record) -> Result<Welcome, String> {
    if !reply.is_proved_by(me.secret().mac(REPLY, &[hello, &reply.body])) {
        return Err(OTHER_SECRET.to_owned());
    }
    match reply.read() {
        Some(Reply::Welcome(welcome)) => Ok(welcome),
        Some(Reply::Refused(why)) => Err(format!("it refused this node: {why}")),
        None => Err("its reply is not understood; update the older node".to_owned()),
    }
}

/// The other side has checked this too. It is checked here because a wrong node would act on what is sent to it.
fn check_reached(
    me: &Me,
    membership: Option<Membership>,
    wants: Option<NodeId>,
    welcome: &Welcome,
) -> Result<(), String> {
    if !me.spoken().contains(&welcome.version) {
        return Err(format!(
            "it chose protocol version {}, which is not spoken here; update the older node",
            welcome.version
        ));
    }
    if membership.is_some_and(|membership| membership.cluster.0 != welcome.cluster) {
        return Err("it belongs to another cluster; check the address".to_owned());
    }
    match wants {
        Some(wanted) if wanted != welcome.node => {
            Err(format!("you reached {}, not {}", named(welcome.node), named(wanted)))
        }
        _ => Ok(()),
    }
}

/// Hears who comes, and answers.
///
/// # Errors
/// Why there is no session, for people.
pub(crate) async fn admit<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    me: &Me,
    clock: &dyn Clock,
) -> Result<Admitted, String> {
    let record = hello::receive(stream)
        .await
        .map_err(|error| broke(&error))?
        .ok_or("what came is not from a node; only nodes may use the port for peers")?;
    let judged = judge_hello(me, &record);
    let reply = match &judged {
        Ok(greeted) => Reply::Welcome(greeted.welcome(me, clock)),
        Err(why) => Reply::Refused(why.clone()),
    };
    let body = hello::body(&reply);
    let bytes = hello::envelope(&body, me.secret().mac(REPLY, &[&record.body, &body]));
    hello::send(stream, &bytes).await.map_err(|error| broke(&error))?;
    let Greeted { version, from, lane, .. } = judged?;
    let key = session_key(me, &record.body, &body);
    let proof = hello::receive(stream).await.map_err(|error| broke(&error))?;
    if !proof.is_some_and(|proof| proof.is_proved_by(proof_of(&key))) {
        return Err("the caller did not prove that it has the secret; its hello was a copy".to_owned());
    }
    Ok(Admitted { session: Session::new(&key, version), from, lane })
}

/// A hello without objection.
struct Greeted {
    version: u16,
    here: Membership,
    from: Option<NodeId>,
    lane: Lane,
}

impl Greeted {
    fn welcome(&self, me: &Me, clock: &dyn Clock) -> Welcome {
        Welcome {
            version: self.version,
            nonce: me.nonce(),
            cluster: self.here.cluster.0,
            node: self.here.node,
            process: me.process(),
            clock_ms: clock.read().monotonic_ms,
        }
    }
}

fn judge_hello(me: &Me, record: &Record) -> Result<Greeted, String> {
    if !record.is_proved_by(me.secret().mac(HELLO, &[&record.body])) {
        return Err("the cluster secrets differ; give all nodes of a cluster the same one".to_owned());
    }
    let hello: Hello = record.read().ok_or("the hello is not understood; update the older node")?;
    let lane = Lane::from_wire(hello.lane).ok_or("the lane is not known here; update the older node")?;
    let version = common_version(me, &hello)?;
    let here = me.membership().ok_or("this node has not joined a cluster yet; try again when it has")?;
    let from = judge_caller(here, &hello)?;
    if let Some(wanted) = hello.wants.filter(|wanted| *wanted != here.node) {
        return Err(format!("you reached {}, not {}", named(here.node), named(wanted)));
    }
    Ok(Greeted { version, here, from, lane })
}

/// The newest version that both speak.
fn common_version(me: &Me, hello: &Hello) -> Result<u16, String> {
    let newest = *me.spoken().end();
    let version = if planted::is(Bug::SpeakNewest) { newest } else { hello.newest.min(newest) };
    if version >= hello.oldest && me.spoken().contains(&version) {
        return Ok(version);
    }
    Err(format!(
        "the caller speaks the protocol versions {} to {}, this node {} to {}; update the older node",
        hello.oldest,
        hello.newest,
        me.spoken().start(),
        me.spoken().end()
    ))
}

fn judge_caller(here: Membership, hello: &Hello) -> Result<Option<NodeId>, String> {
    match hello.member {
        None => Ok(None),
        Some((cluster, _)) if cluster != here.cluster.0 => Err(
            "the caller belongs to another cluster; check its peer addresses, or start it with an empty directory"
                .to_owned(),
        ),
        Some((_, node)) if node == here.node => Err(format!(
            "the caller is {} too, as this node is; stop one of the two, which have the same data directory",
            named(node)
        )),
        Some((_, STRANGER)) => Err("the caller's node id is none; update the older node".to_owned()),
        Some((_, node)) => Ok(Some(node)),
    }
}

#[cfg(test)]
#[path = "handshake_test.rs"]
mod test;
