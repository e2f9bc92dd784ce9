//! ⑧ The one thread that writes the search index: takes what has changed in the committed catalogue, a bounded number at a time,
//! and has it found within a second.
//!
//! What it was told lies with the directory, which remembers the latest changes; after a start, or when that was too many,
//! every event is compared with its fingerprint in the index. So an index is resumed wherever it is, and mends itself.
//! The thread runs with low priority, and rests while the disk is full. Hazard: the catalogue is read under the lock
//! that its commits need, so a few events at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cluster::{Cluster, Mark, Touched};
use domain::catalogue::{Catalogue, Event};
use domain::ids::{EventId, PerformerId, VenueId};
use domain::ports::Clock;
use domain::time::UnixMillis;
use search::{Entry, Opened, SearchFault, Searcher, Writer};
use tokio::sync::watch;

use super::{Progress, Signals};

/// How often it looks for changes.
const LOOK: Duration = Duration::from_millis(25);
/// Each commit writes a few small files, which should not go on all the time.
const AFTER_COMMIT: Duration = Duration::from_millis(100);
/// How long it rests after a fault.
const AFTER_FAULT: Duration = Duration::from_secs(3);
/// Events read under one lock.
const CHUNK: usize = 256;
/// While an index is being made, so many events are searched at once.
const FIRST_COMMIT: usize = 20_000;
/// Yielded to whoever sells.
const NICE: i32 = 10;

/// Follows the catalogue.
pub(super) struct Follower {
    pub(super) cluster: Arc<Cluster>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) searcher: Searcher,
    pub(super) dir: PathBuf,
    pub(super) tell: watch::Sender<Progress>,
    pub(super) signals: Arc<Signals>,
}

/// Why it does not go on.
enum Halt {
    /// The node stops.
    Stopped,
    Fault(SearchFault),
}

impl From<SearchFault> for Halt {
    fn from(fault: SearchFault) -> Self {
        Self::Fault(fault)
    }
}

impl Follower {
    /// Runs until the node stops.
    pub(super) fn spawn(self) {
        let spawned = thread::Builder::new().name("search".into()).spawn(move || self.run());
        if let Err(error) = spawned {
            tracing::error!("nothing can be searched: there is no thread for the index: {error}");
        }
    }

    fn run(self) {
        // Of this thread and those that it starts; without it, it is only less polite.
        let _unheard = rustix::process::setpriority_process(None, NICE);
        loop {
            match self.follow() {
                Err(Halt::Fault(fault)) => {
                    tracing::error!("{fault}; what is found is as old as this until that is over");
                    if self.rest(AFTER_FAULT).is_err() {
                        return;
                    }
                }
                Ok(()) | Err(Halt::Stopped) => return,
            }
        }
    }

    /// Until the node stops or something breaks; then the index is opened, and checked, anew.
    fn follow(&self) -> Result<(), Halt> {
        self.wait_for_space()?;
        let (mut writer, opened) = Writer::open(&self.dir, &self.searcher)?;
        if opened == Opened::Anew {
            tracing::info!("the search index is made anew");
        }
        let mut known = self.compare(&mut writer)?;
        loop {
            let (touched, mark, applied) = self.cluster.catalogue_changes(Some(&known));
            known = match touched {
                Some(touched) => {
                    if !touched.is_empty() {
                        self.wait_for_space()?;
                        self.take(&mut writer, &touched)?;
                        writer.commit(applied)?;
                    }
                    self.tell.send_replace(Progress { applied, complete: true });
                    if !touched.is_empty() {
                        self.rest(AFTER_COMMIT)?;
                    }
                    mark
                }
                None => self.compare(&mut writer)?,
            };
            if self.signals.takes_damage() {
                return Err(SearchFault::new(&"it could not be read").into());
            }
            self.rest(LOOK)?;
        }
    }

    /// Brings the index to where the catalogue is, whatever it has.
    fn compare(&self, writer: &mut Writer) -> Result<Mark, Halt> {
        let (_, mark, applied) = self.cluster.catalogue_changes(None);
        let mut indexed: BTreeMap<u64, u64> = self.searcher.fingerprints().into_iter().collect();
        let now = self.clock.read().wall;
        let mut written = 0;
        // Those to come first, as an index that is not whole yet is searched as well.
        for (first, end) in [(now, None), (UnixMillis::new(0), Some(now))] {
            let mut next = Some((first, EventId::new(0)));
            while let Some(from) = next {
                let (chunk, after) = self.chunk(from, end);
                next = after;
                for entry in chunk {
                    let known = indexed.remove(&entry.number);
                    if known != Some(entry.fingerprint()) {
                        writer.put(&entry)?;
                        written += 1;
                        if written % FIRST_COMMIT == 0 {
                            self.wait_for_space()?;
                            writer.commit(0)?;
                        }
                    }
                }
                if self.signals.stops() {
                    return Err(Halt::Stopped);
                }
            }
        }
        let gone: Vec<u64> = indexed.into_keys().filter(|number| self.entry(*number).is_none()).collect();
        gone.iter().for_each(|number| writer.remove(*number));
        if written > 0 || !gone.is_empty() {
            self.wait_for_space()?;
            writer.commit(applied)?;
            tracing::info!("the search index had missed {written} events, and had {} too many", gone.len());
        }
        self.tell.send_replace(Progress { applied, complete: true });
        Ok(mark)
    }

    /// Some events from `from` on, before `end`, and where to go on.
    fn chunk(
        &self,
        from: (UnixMillis, EventId),
        end: Option<UnixMillis>,
    ) -> (Vec<Entry>, Option<(UnixMillis, EventId)>) {
        self.cluster.with_catalogue(|catalogue| {
            let before_end = |event: &&Arc<Event>| end.is_none_or(|end| event.terms.starts_at < end);
            let events = catalogue.events_from(from).take_while(before_end).take(CHUNK);
            let events: Vec<&Arc<Event>> = events.collect();
            let last = events.last().filter(|_| events.len() == CHUNK);
            let after =
                last.map(|last| (last.terms.starts_at, EventId::new(last.id.number().saturating_add(1))));
            (events.into_iter().filter_map(|event| entry(catalogue, event)).collect(), after)
        })
    }

    /// Takes what was touched as it is now.
    fn take(&self, writer: &mut Writer, touched: &[Touched]) -> Result<(), Halt> {
        let mut numbers = BTreeSet::new();
        for touched in touched {
            match touched {
                Touched::Event(event) => drop(numbers.insert(event.number())),
                // An event that is new there has been touched itself.
                Touched::Venue(venue) => numbers.extend(self.searcher.events_at(VenueId::number(*venue))?),
                Touched::Performer(performer) => {
                    numbers.extend(self.searcher.events_of(PerformerId::number(*performer))?);
                }
            }
        }
        for number in numbers {
            match self.entry(number) {
                Some(entry) => writer.put(&entry)?,
                None => writer.remove(number),
            }
        }
        Ok(())
    }

    fn entry(&self, number: u64) -> Option<Entry> {
        self.cluster.with_catalogue(|catalogue| entry(catalogue, catalogue.event(EventId::new(number))?))
    }

    /// The disk is the journal's first.
    fn wait_for_space(&self) -> Result<(), Halt> {
        while self.cluster.waits_for_space() {
            self.rest(AFTER_FAULT)?;
        }
        Ok(())
    }

    fn rest(&self, time: Duration) -> Result<(), Halt> {
        let mut left = time;
        while !left.is_zero() && !self.signals.stops() {
            let step = left.min(LOOK);
            thread::sleep(step);
            left -= step;
        }
        if self.signals.stops() { Err(Halt::Stopped) } else { Ok(()) }
    }
}

/// What is indexed of `event`; `None` where the catalogue lacks anything that it names.
fn entry(catalogue: &Catalogue, event: &Event) -> Option<Entry> {
    let venue = catalogue.venue(event.venue)?;
    let performers = event.performers.iter().map(|id| catalogue.performer(*id).cloned());
    Some(Entry::of(event, venue, &performers.collect::<Option<Vec<_>>>()?))
}
