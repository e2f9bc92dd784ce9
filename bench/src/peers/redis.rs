//! Redis as a seller: one Lua script a hold, one a confirmation, each a single round trip.
//!
//! Owns: the scripts, the server's settings, and the connections. A sale is one hash: `<seat>` is its deadline in
//! microseconds and its hold, `h<hold>` is its buyer and seats. So a hold is two reads and one write, and one command
//! in the append-only file; a key a seat with an expiry of its own took the server a fifth more time a hold here.

use super::plan::Party;
use super::process::{Home, Server, find, free_port, version};
use super::seller::{About, Desk, Seller, Taken};
use super::{HOLD_SECONDS, Options, Peer};
use crate::ambient::unique_prefix;
use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, ToRedisArgs,
    cmd,
};
use anyhow::{Context, bail};
use rustix::process::Signal;
use std::collections::HashMap;
use std::time::Duration;

const PROGRAM: &str = "redis-server";
const USERS: [&str; 2] = ["redis", "nobody"];
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// A deadline that no clock reaches: sold.
const SOLD: &str = "9999999999999999";

/// Sale; hold, buyer, seconds, seats. 1 when all were free, or free again, and are held now.
const HOLD: &str = "
local seats = redis.call('HMGET', KEYS[1], unpack(ARGV, 4))
local time = redis.call('TIME')
local now = string.format('%d%06d', time[1], time[2])
for i = 1, #seats do
  if seats[i] and seats[i] > now then return 0 end
end
local held = string.format('%d%06d:%s', time[1] + ARGV[3], time[2], ARGV[1])
local set = { 'h' .. ARGV[1], ARGV[2] .. ':' .. table.concat(ARGV, ',', 4) }
for i = 4, #ARGV do
  set[#set + 1] = ARGV[i]
  set[#set + 1] = held
end
redis.call('HSET', KEYS[1], unpack(set))
return 1";

/// Sale; hold, buyer, what a sold seat's deadline is, seats. 1 when the buyer's hold was alive, and its seats are sold.
const CONFIRM: &str = "
local found = redis.call('HMGET', KEYS[1], 'h' .. ARGV[1], unpack(ARGV, 4))
if found[1] ~= ARGV[2] .. ':' .. table.concat(ARGV, ',', 4) then return 0 end
local time = redis.call('TIME')
local now = string.format('%d%06d', time[1], time[2])
local sold = ARGV[3] .. ':' .. ARGV[1]
local set = { 'h' .. ARGV[1], 'sold:' .. found[1] }
for i = 2, #found do
  if not found[i] or found[i] <= now or string.sub(found[i], 18) ~= ARGV[1] then return 0 end
  set[#set + 1] = ARGV[i + 2]
  set[#set + 1] = sold
end
redis.call('HSET', KEYS[1], unpack(set))
return 1";

pub(super) struct Redis {
    about: About,
    server: Server,
    client: Client,
    connection: MultiplexedConnection,
    connections: u32,
    hold_sha: String,
    confirm_sha: String,
    sales: u32,
}

/// The name of a sale's hash.
pub(super) struct Hash(String);

/// A client, on a connection that it may share.
pub(super) struct Buyer {
    connection: MultiplexedConnection,
    hold_sha: String,
    confirm_sha: String,
    number: u32,
    holds: u64,
}

/// Why Redis cannot take part.
pub(super) fn missing() -> Option<&'static str> {
    let hint = "there is no redis-server: run bench/peers/install, or apt-get install redis-server";
    find(PROGRAM, &[]).is_none().then_some(hint)
}

impl Redis {
    pub(super) async fn start(peer: Peer, options: &Options) -> anyhow::Result<Self> {
        let program = find(PROGRAM, &[]).context("there is no redis-server")?;
        let always = peer == Peer::RedisAlways;
        let connections = options.redis_connections.min(options.clients);
        let about = About {
            peer,
            version: short(&version(&program).await?),
            durability: if always {
                "appendfsync always: fdatasync before the answer".into()
            } else {
                "appendfsync everysec: the last second may be lost".into()
            },
            access: format!("a Lua script a call, {connections} pipelined connections for all clients"),
        };
        let home = Home::new(&options.data, &USERS)?;
        let (port, password) = (free_port()?, unique_prefix()? + &unique_prefix()? + &unique_prefix()?);
        // A rewrite of the file would run on a core that the clients need, at a moment of its own choice.
        let settings = format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {}\nsave \"\"\nappendonly yes\nappendfsync {}\n\
             auto-aof-rewrite-percentage 0\nlatency-tracking no\n",
            home.path().display(),
            if always { "always" } else { "everysec" }
        );
        let settings = home.write("redis.conf", &settings)?;
        let mut command = home.command(&program);
        command.arg(settings);
        let mut server = Server::spawn("Redis", home, command)?;
        let login = RedisConnectionInfo::default().set_password(password);
        let address = ConnectionAddr::Tcp("127.0.0.1".into(), port).into_connection_info()?;
        let client = Client::open(address.set_redis_settings(login))?;
        let mut connection = server.until(async |_| connect(&client).await.ok()).await?;
        let hold_sha = load(&mut connection, HOLD).await?;
        let confirm_sha = load(&mut connection, CONFIRM).await?;
        Ok(Self { about, server, client, connection, connections, hold_sha, confirm_sha, sales: 0 })
    }
}

async fn connect(client: &Client) -> ::redis::RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(ANSWERS_WITHIN));
    client.get_multiplexed_async_connection_with_config(&config).await
}

async fn load(connection: &mut MultiplexedConnection, script: &str) -> anyhow::Result<String> {
    Ok(cmd("SCRIPT").arg("LOAD").arg(script).query_async(connection).await?)
}

/// Name and number out of a long line.
fn short(version: &str) -> String {
    let number = version.split_whitespace().find_map(|word| word.strip_prefix("v="));
    number.map_or_else(|| version.to_owned(), |number| format!("Redis {number}"))
}

impl Seller for Redis {
    type Desk = Buyer;

    fn about(&self) -> &About {
        &self.about
    }

    async fn desks(&mut self, clients: u32) -> anyhow::Result<Vec<Buyer>> {
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(connect(&self.client).await.context("cannot connect")?);
        }
        let connections = connections.iter().cycle();
        let buyer = |(connection, number): (&MultiplexedConnection, u32)| Buyer {
            connection: connection.clone(),
            hold_sha: self.hold_sha.clone(),
            confirm_sha: self.confirm_sha.clone(),
            number,
            holds: 0,
        };
        Ok(connections.zip(0..clients).map(buyer).collect())
    }

    async fn open(&mut self) -> anyhow::Result<Hash> {
        // The one before has been audited.
        let () = cmd("UNLINK").arg(format!("sale:{}", self.sales)).query_async(&mut self.connection).await?;
        self.sales += 1;
        Ok(Hash(format!("sale:{}", self.sales)))
    }

    async fn taken(&mut self, sale: &Hash) -> anyhow::Result<Vec<Taken>> {
        let fields: HashMap<String, String> =
            cmd("HGETALL").arg(&sale.0).query_async(&mut self.connection).await?;
        let seats = fields.iter().filter(|(name, _)| !name.starts_with('h'));
        seats.map(|(seat, state)| Ok(Taken { seat: seat.parse()?, sold: state.starts_with(SOLD) })).collect()
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.server.stop(Signal::TERM).await
    }
}

impl Buyer {
    /// A call of a script for a hold; `extra` is what it takes between buyer and seats.
    fn call(&self, sha: &str, sale: &Hash, hold: u64, extra: impl ToRedisArgs, party: Party) -> Cmd {
        let mut call = cmd("EVALSHA");
        call.arg(sha).arg(1).arg(&sale.0).arg(hold).arg(self.number).arg(extra);
        for seat in party.seats() {
            call.arg(seat);
        }
        call
    }
}

impl Desk for Buyer {
    type Sale = Hash;
    type Hold = u64;

    async fn hold(&mut self, sale: &Hash, party: Party) -> anyhow::Result<Option<u64>> {
        self.holds += 1;
        let hold = (u64::from(self.number) << 32) | self.holds;
        let call = self.call(&self.hold_sha, sale, hold, HOLD_SECONDS, party);
        let held: bool = call.query_async(&mut self.connection).await?;
        Ok(held.then_some(hold))
    }

    async fn confirm(&mut self, sale: &Hash, party: Party, hold: u64) -> anyhow::Result<()> {
        let call = self.call(&self.confirm_sha, sale, hold, SOLD, party);
        let sold: bool = call.query_async(&mut self.connection).await?;
        if !sold {
            bail!("hold {hold} could not be confirmed");
        }
        Ok(())
    }
}
