//! What the node counts, in Prometheus' words. Most figures are counted where they happen; seats and holds are counted
//! from the committed sales when somebody asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors::Observer;
use cluster::{Cluster, Flush, JournalObserver};
use domain::event::Counts;
use domain::ids::EventId;
use domain::ports::{BoxFuture, Done, Journal, JournalFault, Opened, Place, Proposal, Term};
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder, exponential_buckets,
};

use crate::clock::Stopwatch;
use crate::dispatch::edge::EdgeObserver;
use crate::http::live::LiveFigures;
use crate::projections::Figures;

/// The node's figures.
pub struct Metrics {
    registry: Registry,
    commands: IntCounterVec,
    mailbox_depth: IntGauge,
    facts_per_proposal: Histogram,
    commit_seconds: Histogram,
    writes_per_flush: Histogram,
    bytes_per_flush: Histogram,
    flush_seconds: Histogram,
    waits_for_space: IntGauge,
    open_holds: IntGauge,
    sales: IntGauge,
    seats: IntGaugeVec,
    groups: IntGaugeVec,
    refused_at_the_edge: IntCounter,
    feeds: IntGauge,
    feed_age: Gauge,
    streams: IntGauge,
    watched: IntGauge,
    slow_streams: IntCounter,
    outbox_open: IntGaugeVec,
    deliveries: IntCounterVec,
}

impl Metrics {
    /// All at zero.
    ///
    /// # Errors
    /// Only when two figures have one name, which a test excludes.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::for_self()))?;
        #[cfg(feature = "count-allocations")]
        registry.register(Box::new(crate::allocations::Allocations::new()?))?;
        let kept = Register(&registry);
        Ok(Self {
            commands: kept.counters("onsale_commands_total", "Commands decided", &["kind", "outcome"])?,
            mailbox_depth: kept.gauge("onsale_mailbox_depth", "Commands waiting for the owners of events")?,
            facts_per_proposal: kept.sizes("onsale_proposal_facts", "Facts in one proposal of an owner")?,
            commit_seconds: kept.seconds("onsale_commit_seconds", "From a proposal to its commit")?,
            writes_per_flush: kept.sizes("onsale_journal_flush_writes", "Writes that shared one flush")?,
            bytes_per_flush: kept.sizes("onsale_journal_flush_bytes", "Bytes written by one flush")?,
            flush_seconds: kept.seconds("onsale_journal_flush_seconds", "Writing and syncing one flush")?,
            waits_for_space: kept.gauge(
                "onsale_journal_waits_for_space",
                "1 while the disk is full and nothing is written or acknowledged",
            )?,
            open_holds: kept.gauge("onsale_open_holds", "Live holds")?,
            sales: kept.gauge("onsale_sales", "Events whose sale has begun")?,
            seats: kept.gauges("onsale_seats", "Seats of all sales that have begun", &["status"])?,
            groups: kept.gauges(
                "onsale_group_index",
                "Where a raft group's log stands: entries committed, applied, covered by a snapshot, purged",
                &["group", "at"],
            )?,
            refused_at_the_edge: kept.counter(
                "onsale_refused_at_the_edge_total",
                "Holds refused from the feed of seats, without asking the owner of the event",
            )?,
            feeds: kept
                .gauge("onsale_seat_feed_subscriptions", "Events whose seats are followed at other nodes")?,
            feed_age: kept.seconds_now("onsale_seat_feed_age_seconds", "Age of the oldest of them")?,
            streams: kept.gauge("onsale_live_streams", "Open streams of seats")?,
            watched: kept
                .gauge("onsale_live_events", "Events whose seats somebody watches, or has just watched")?,
            slow_streams: kept.counter(
                "onsale_live_slow_streams_total",
                "Streams of seats that were cut off because nobody took what they said",
            )?,
            outbox_open: kept.gauges(
                "onsale_outbox_open",
                "Mails, text messages and webhooks still to be sent for the sales that this node owns",
                &["kind"],
            )?,
            deliveries: kept.counters(
                "onsale_deliveries_total",
                "Attempts to send mails, text messages and webhooks, by what came of them",
                &["kind", "outcome"],
            )?,
            registry,
        })
    }

    /// A stream was cut off because its client did not keep up.
    pub fn dropped_a_slow_stream(&self) {
        self.slow_streams.inc();
    }

    /// The text that Prometheus reads, with seats and holds as `cluster` has them committed, and the feeds as they are.
    ///
    /// # Errors
    /// When the text cannot be encoded.
    pub fn render(
        &self,
        cluster: &Cluster,
        feeds: Figures,
        live: LiveFigures,
    ) -> Result<Vec<u8>, prometheus::Error> {
        let (mut seats, mut holds, mut sales) = (Counts::default(), 0, 0);
        cluster.for_each_sale(|_, sale| {
            let counts = sale.counts();
            seats.available += counts.available;
            seats.held += counts.held;
            seats.booked += counts.booked;
            seats.blocked += counts.blocked;
            holds += sale.open_holds();
            sales += 1;
        });
        self.open_holds.set(holds as i64);
        self.sales.set(sales);
        for (status, count) in [
            ("available", seats.available),
            ("held", seats.held),
            ("booked", seats.booked),
            ("blocked", seats.blocked),
        ] {
            self.seats.with_label_values(&[status]).set(i64::from(count));
        }
        self.count_outboxes(cluster);
        self.waits_for_space.set(cluster.waits_for_space().into());
        self.count_groups(cluster);
        self.feeds.set(feeds.subscriptions as i64);
        self.feed_age.set(feeds.oldest.as_secs_f64());
        self.streams.set(live.streams as i64);
        self.watched.set(live.boards as i64);
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// Proposes, and times the commit.
    fn time(self: Arc<Self>, place: Place, proposal: Proposal, done: Done) {
        // A barrier has nothing to commit: its time would only blur that of those that have.
        if proposal.facts.is_empty() {
            return place(proposal, done);
        }
        self.facts_per_proposal.observe(proposal.facts.len() as f64);
        let stopwatch = Stopwatch::start();
        let timed = Box::new(move |result: Result<(), JournalFault>| {
            if result.is_ok() {
                self.commit_seconds.observe(stopwatch.elapsed().as_secs_f64());
            }
            done(result);
        });
        place(proposal, timed);
    }

    fn count_outboxes(&self, cluster: &Cluster) {
        let mut open = BTreeMap::from(["mail", "sms", "webhook"].map(|kind| (kind, 0)));
        cluster.for_each_sale_owned(|_, sale| {
            for (_, delivery) in sale.outbox().open() {
                *open.entry(delivery.by.kind()).or_default() += 1;
            }
        });
        for (kind, count) in open {
            self.outbox_open.with_label_values(&[kind]).set(count);
        }
    }

    fn count_groups(&self, cluster: &Cluster) {
        for group in cluster.status() {
            let name = group.id.to_string();
            for (at, index) in [
                ("committed", group.committed),
                ("applied", group.applied),
                ("snapshot", group.snapshot),
                ("purged", group.purged),
            ] {
                let index = index.map_or(0, |index| i64::try_from(index).unwrap_or(i64::MAX));
                self.groups.with_label_values(&[name.as_str(), at]).set(index);
            }
        }
    }
}

impl Observer for Metrics {
    fn decided(&self, kind: &'static str, outcome: &'static str) {
        self.commands.with_label_values(&[kind, outcome]).inc();
    }

    fn entered_mailbox(&self, commands: usize) {
        self.mailbox_depth.add(commands as i64);
    }

    fn left_mailbox(&self, commands: usize) {
        self.mailbox_depth.sub(commands as i64);
    }

    fn delivered(&self, kind: &'static str, outcome: &'static str) {
        self.deliveries.with_label_values(&[kind, outcome]).inc();
    }
}

impl EdgeObserver for Metrics {
    fn refused_at_the_edge(&self) {
        self.refused_at_the_edge.inc();
    }
}

impl JournalObserver for Metrics {
    fn flushed(&self, flush: Flush) {
        self.writes_per_flush.observe(flush.writes as f64);
        self.bytes_per_flush.observe(flush.bytes as f64);
        self.flush_seconds.observe(flush.elapsed.as_secs_f64());
    }
}

/// A journal whose commits are timed.
pub struct TimedJournal {
    journal: Arc<dyn Journal>,
    metrics: Arc<Metrics>,
}

impl TimedJournal {
    /// Times the commits of `journal`.
    #[must_use]
    pub fn new(journal: Arc<dyn Journal>, metrics: Arc<Metrics>) -> Self {
        Self { journal, metrics }
    }
}

impl Journal for TimedJournal {
    fn reserve(&self, event: EventId) -> Result<Place, JournalFault> {
        let place = self.journal.reserve(event)?;
        let metrics = self.metrics.clone();
        Ok(Box::new(move |proposal, done| metrics.time(place, proposal, done)))
    }

    fn open(&self, event: EventId) -> BoxFuture<Result<Opened, JournalFault>> {
        self.journal.open(event)
    }

    fn term(&self, event: EventId) -> Option<Term> {
        self.journal.term(event)
    }

    fn busy(&self) -> Vec<EventId> {
        self.journal.busy()
    }
}

/// Makes figures that are registered.
struct Register<'a>(&'a Registry);

type Made<T> = Result<T, prometheus::Error>;

impl Register<'_> {
    fn keep<T: prometheus::core::Collector + Clone + 'static>(&self, figure: T) -> Made<T> {
        self.0.register(Box::new(figure.clone()))?;
        Ok(figure)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Made<IntCounterVec> {
        self.keep(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn counter(&self, name: &str, help: &str) -> Made<IntCounter> {
        self.keep(IntCounter::new(name, help)?)
    }

    fn seconds_now(&self, name: &str, help: &str) -> Made<Gauge> {
        self.keep(Gauge::new(name, help)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Made<IntGauge> {
        self.keep(IntGauge::new(name, help)?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Made<IntGaugeVec> {
        self.keep(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    /// From 100 µs to 6.5 s.
    fn seconds(&self, name: &str, help: &str) -> Made<Histogram> {
        let buckets = exponential_buckets(0.000_1, 2.0, 17)?;
        self.keep(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))?)
    }

    /// From 1 to a million.
    fn sizes(&self, name: &str, help: &str) -> Made<Histogram> {
        let buckets = exponential_buckets(1.0, 4.0, 11)?;
        self.keep(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))?)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_figure_has_a_name_of_its_own() {
        let metrics = Metrics::new().unwrap();
        metrics.decided("hold-exact", "ok");
        let names: Vec<_> = metrics.registry.gather().iter().map(|family| family.name().to_owned()).collect();
        assert!(names.iter().any(|name| name == "onsale_commands_total"), "{names:?}");
    }
}
