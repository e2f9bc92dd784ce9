//! Step ②: which shard an event belongs to. (Which nodes have a shard's replicas is the directory's to say.)

mod ring;

pub use ring::ShardRing;
