//! A group: entries that hang from one culprit. What is known of them outlives their spans.
//!
//! Everything that a verdict is computed from is either a count, a bound, or a sample that does not depend on the
//! order of arrival (the earliest entries by start), so that any order of the same spans gives the same verdict.

use super::finding::CulpritClass;
use super::process::{ProcessIx, ServiceIx};
use crate::model::{Facts, SpanId, SpanKind, TraceId};
use crate::store::SpanIx;
use std::collections::{BTreeMap, BTreeSet};

/// How many of the earliest entries are looked at one by one.
const SAMPLE: usize = 256;
/// How many different values are told apart; no evidence asks for more.
const DISTINCT: usize = 8;

/// What holds the entries together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum GroupKey {
    /// A span that is no entry, or the placeholder of a parent that is not here.
    Span(SpanIx),
    /// Earlier requests of this process, whichever they are.
    Requests(ProcessIx),
    /// A span of another process, or of the same over a carrier; the placeholder of one that is not here.
    Caller(SpanIx),
}

/// How an edge was judged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Cut {
    /// Its parent, or the parent of an ancestor in its process, has not been received.
    Phantom,
    /// It hangs from a span that is no entry and under none.
    Hub,
    /// It started after its parent and the request above had ended.
    EndedParent,
    /// It came over another connection than the request above it.
    OtherConnection,
    /// It overlaps the tail of another request above it.
    Overlap,
    /// It names the same caller as other requests.
    Called,
}

/// One entry, as far as evidence needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampled {
    pub(crate) end_ns: u64,
    pub(crate) trace: TraceId,
    pub(crate) kind: SpanKind,
    pub(crate) scope: u32,
    /// Name, a string number of the store.
    pub(crate) name: u32,
    /// Scope number of the span that it was recorded under, where that was received.
    pub(crate) under: u32,
    pub(crate) wrong_kind: bool,
}

/// A set that keeps only the smallest few values: the same whatever the order of insertion.
#[derive(Clone, Debug, Default)]
pub(crate) struct Few(BTreeSet<u32>);

impl Few {
    fn insert(&mut self, value: u32) {
        let full = self.0.len() >= DISTINCT;
        if value == 0 || full && self.0.last().is_some_and(|last| *last <= value) {
            return;
        }
        if self.0.insert(value) && full {
            self.0.pop_last();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Inserts into a map that keeps only the smallest keys. Most that come late are too large: nothing is moved for them.
pub(crate) fn insert_bounded<K: Ord, V>(map: &mut BTreeMap<K, V>, most: usize, key: K, value: V) {
    let full = map.len() >= most;
    if full && map.last_key_value().is_some_and(|(last, _)| *last < key) {
        return;
    }
    map.insert(key, value);
    if map.len() > most {
        map.pop_last();
    }
}

/// A culprit that was received, as it was when it was last seen.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    pub(crate) name: String,
    pub(crate) kind: SpanKind,
    pub(crate) scope: String,
    pub(crate) scope_version: String,
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    pub(crate) command_line: bool,
    pub(crate) legitimate: Option<(&'static str, f64)>,
    /// Its class, but for what the process's first span decides.
    pub(crate) class: CulpritClass,
    /// Its name is that of a start-up, host or lifecycle span.
    pub(crate) startup_name: bool,
    /// Its name is that of a command that starts a server.
    pub(crate) command_name: bool,
}

/// How an entry whose kind is wrong came to be judged alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settled {
    /// Its parent was received, or it has none.
    pub(crate) received: bool,
    /// It ended so shortly before its process's last span that its parent may be about to come.
    pub(crate) tail: bool,
}

/// Entries that hang from one culprit.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) key: GroupKey,
    pub(crate) culprit_id: SpanId,
    pub(crate) process: ProcessIx,
    /// Entries that are held.
    pub(crate) members: BTreeSet<SpanIx>,
    /// All entries, those that were evicted too.
    pub(crate) n: u64,
    pub(crate) sample: BTreeMap<(u64, SpanId, TraceId), Sampled>,
    pub(crate) traces: BTreeSet<TraceId>,
    pub(crate) hub: Option<Hub>,
    /// Entries whose kind is wrong.
    pub(crate) wrong_kinds: u64,
    /// INTERNAL entries of scopes that choose INTERNAL when a span is current.
    pub(crate) conditional: u64,
    /// Entries whose flags say that their parent is local.
    pub(crate) local_by_flags: u64,
    /// Entries by how their edge was judged.
    pub(crate) ended: u64,
    pub(crate) other_connection: u64,
    pub(crate) overlaps: u64,
    /// Entries that came over loopback, that are messages or jobs.
    pub(crate) loopback: u64,
    pub(crate) messages: u64,
    /// Entries that handle HTTP requests.
    pub(crate) http: u64,
    /// Its entries are of several processes.
    pub(crate) mixed: bool,
    pub(crate) addresses: Few,
    pub(crate) agents: Few,
    pub(crate) sessions: Few,
    pub(crate) ports: Few,
    pub(crate) routes: Few,
    pub(crate) threads: Few,
    pub(crate) paths: Few,
    /// Services that handle them.
    pub(crate) services: Few,
    /// User agents of load and API tools.
    pub(crate) tools: u64,
    /// Entries that were sent again (resend count).
    pub(crate) resent: u64,
    /// Entries with links: what sent them is told by those.
    pub(crate) linked: u64,
    pub(crate) first_start_ns: u64,
    pub(crate) last_start_ns: u64,
    pub(crate) first_end_ns: u64,
    pub(crate) last_end_ns: u64,
    /// When the second entry arrived that does not overlap the first.
    pub(crate) second_arrived_ns: Option<u64>,
    /// When the last entry arrived.
    pub(crate) last_arrived_ns: u64,
    /// Cut on screen and listed.
    pub(crate) spoken: bool,
    /// Entries whose kind was judged by itself, since nothing is said of the group.
    pub(crate) alone: BTreeMap<SpanIx, Settled>,
    /// Tells it from every other group that ever was.
    pub(crate) serial: u64,
}

/// One entry about to join a group.
pub(crate) struct Joining<'a> {
    pub(crate) span: SpanIx,
    pub(crate) span_id: SpanId,
    pub(crate) start_ns: u64,
    pub(crate) sampled: Sampled,
    pub(crate) cut: Cut,
    pub(crate) local_by_flags: bool,
    pub(crate) conditional: bool,
    pub(crate) message: bool,
    pub(crate) http: bool,
    pub(crate) process: ProcessIx,
    pub(crate) service: ServiceIx,
    pub(crate) resent: bool,
    pub(crate) linked: bool,
    pub(crate) facts: Option<&'a Facts>,
    pub(crate) now_ns: u64,
}

impl Group {
    pub(crate) fn new(key: GroupKey, culprit_id: SpanId, process: ProcessIx, serial: u64) -> Self {
        Self {
            key,
            culprit_id,
            process,
            members: BTreeSet::new(),
            n: 0,
            sample: BTreeMap::new(),
            traces: BTreeSet::new(),
            hub: None,
            wrong_kinds: 0,
            conditional: 0,
            local_by_flags: 0,
            ended: 0,
            other_connection: 0,
            overlaps: 0,
            loopback: 0,
            messages: 0,
            http: 0,
            mixed: false,
            addresses: Few::default(),
            agents: Few::default(),
            sessions: Few::default(),
            ports: Few::default(),
            routes: Few::default(),
            threads: Few::default(),
            paths: Few::default(),
            services: Few::default(),
            tools: 0,
            resent: 0,
            linked: 0,
            first_start_ns: u64::MAX,
            last_start_ns: 0,
            first_end_ns: u64::MAX,
            last_end_ns: 0,
            second_arrived_ns: None,
            last_arrived_ns: 0,
            spoken: false,
            alone: BTreeMap::new(),
            serial,
        }
    }

    pub(crate) fn join(&mut self, entry: &Joining<'_>) {
        self.members.insert(entry.span);
        self.n += 1;
        self.wrong_kinds += u64::from(entry.sampled.wrong_kind);
        self.conditional += u64::from(entry.conditional);
        self.local_by_flags += u64::from(entry.local_by_flags);
        match entry.cut {
            Cut::EndedParent => self.ended += 1,
            Cut::OtherConnection => self.other_connection += 1,
            Cut::Overlap => self.overlaps += 1,
            Cut::Phantom | Cut::Hub | Cut::Called => {}
        }
        self.messages += u64::from(entry.message);
        self.http += u64::from(entry.http);
        self.mixed |= entry.process != self.process;
        self.traces.insert(entry.sampled.trace);
        if let Some(facts) = entry.facts {
            self.loopback += u64::from(facts.loopback);
            self.addresses.insert(facts.peer_address);
            self.agents.insert(facts.user_agent);
            self.sessions.insert(facts.session);
            self.ports.insert(u32::from(facts.peer_port));
            self.routes.insert(facts.route);
            self.threads.insert(facts.thread);
            self.paths.insert(facts.path[0]);
            self.tools += u64::from(facts.tool_agent);
        }
        self.services.insert(entry.service.0 + 1);
        self.resent += u64::from(entry.resent);
        self.linked += u64::from(entry.linked);
        let end_ns = entry.sampled.end_ns;
        self.first_start_ns = self.first_start_ns.min(entry.start_ns);
        self.last_start_ns = self.last_start_ns.max(entry.start_ns);
        self.first_end_ns = self.first_end_ns.min(end_ns);
        self.last_end_ns = self.last_end_ns.max(end_ns);
        if self.second_arrived_ns.is_none() && self.first_end_ns <= self.last_start_ns {
            self.second_arrived_ns = Some(entry.now_ns);
        }
        self.last_arrived_ns = self.last_arrived_ns.max(entry.now_ns);
        let key = (entry.start_ns, entry.span_id, entry.sampled.trace);
        insert_bounded(&mut self.sample, SAMPLE, key, entry.sampled);
    }

    /// Takes everything that another group knew.
    pub(crate) fn absorb(&mut self, mut other: Group) {
        self.members.append(&mut other.members);
        self.add(&other);
    }

    /// Adds what another group knew to what is known here, but for the entries that are held.
    pub(crate) fn add(&mut self, other: &Group) {
        self.n += other.n;
        self.wrong_kinds += other.wrong_kinds;
        self.conditional += other.conditional;
        self.local_by_flags += other.local_by_flags;
        self.ended += other.ended;
        self.other_connection += other.other_connection;
        self.overlaps += other.overlaps;
        self.loopback += other.loopback;
        self.messages += other.messages;
        self.http += other.http;
        self.tools += other.tools;
        self.resent += other.resent;
        self.linked += other.linked;
        self.mixed |= other.mixed || other.process != self.process;
        self.traces.extend(&other.traces);
        for (into, from) in [
            (&mut self.addresses, &other.addresses),
            (&mut self.agents, &other.agents),
            (&mut self.sessions, &other.sessions),
            (&mut self.ports, &other.ports),
            (&mut self.routes, &other.routes),
            (&mut self.threads, &other.threads),
            (&mut self.paths, &other.paths),
            (&mut self.services, &other.services),
        ] {
            from.0.iter().for_each(|value| into.insert(*value));
        }
        self.first_start_ns = self.first_start_ns.min(other.first_start_ns);
        self.last_start_ns = self.last_start_ns.max(other.last_start_ns);
        self.first_end_ns = self.first_end_ns.min(other.first_end_ns);
        self.last_end_ns = self.last_end_ns.max(other.last_end_ns);
        self.last_arrived_ns = self.last_arrived_ns.max(other.last_arrived_ns);
        let both = [self.second_arrived_ns, other.second_arrived_ns].into_iter().flatten().min();
        self.second_arrived_ns =
            both.or((self.first_end_ns <= self.last_start_ns).then_some(self.last_arrived_ns));
        for (key, sampled) in &other.sample {
            insert_bounded(&mut self.sample, SAMPLE, *key, *sampled);
        }
    }

    /// The scope of its earliest entry: the same in whichever order they arrived.
    pub(crate) fn scope(&self) -> u32 {
        self.sample.values().next().map_or(u32::MAX, |sampled| sampled.scope)
    }

    /// Whether it looks like one batch of messages or jobs: they follow one another without a pause, or say by links
    /// what sent them, or hang from the span that received them.
    pub(crate) fn is_like_a_batch(&self) -> bool {
        let received = self.hub.as_ref().is_some_and(|hub| hub.class == CulpritClass::ConsumerLoop);
        self.messages == self.n && (received || self.linked == self.n || self.envelope_over_busy() <= 3.0)
    }

    /// Whether it looks like a test that calls the app in its own process: a span that is no command and lasts as long
    /// as its entries, instrumentations that yield to a current span, and one client, as far as any is known.
    pub(crate) fn is_like_a_test(&self) -> bool {
        let known = [&self.ports, &self.addresses, &self.agents, &self.sessions].map(Few::len);
        let one_client = known.iter().all(|count| *count <= 1) && known.contains(&1);
        let beside =
            self.hub.as_ref().is_some_and(|hub| !hub.command_line && hub.end_ns >= self.first_start_ns);
        beside && one_client && self.conditional == self.n
    }

    /// Whether its entries name different clients: by address, user agent, or session.
    pub(crate) fn is_of_many(&self) -> bool {
        [&self.addresses, &self.agents, &self.sessions].iter().any(|known| known.len() > 1)
    }

    /// The widest silence between neighbouring sampled entries, nanoseconds.
    pub(crate) fn widest_gap_ns(&self) -> u64 {
        self.gaps_ns().max().unwrap_or(0).max(0) as u64
    }

    /// Whether its entries are known to come from more than one client, or nothing is known of clients.
    pub(crate) fn several_clients(&self) -> bool {
        let known = [&self.ports, &self.addresses, &self.agents, &self.sessions].map(Few::len);
        known.iter().any(|count| *count > 1) || known.iter().all(|count| *count == 0)
    }

    /// How many entries follow one another without overlap, counted among the sampled.
    pub(crate) fn in_a_row(&self) -> usize {
        let mut count = 0;
        let mut free_from = 0;
        let mut by_end: Vec<(u64, u64)> =
            self.sample.iter().map(|((start, ..), s)| (s.end_ns, *start)).collect();
        by_end.sort_unstable();
        for (end, start) in by_end {
            if start >= free_from {
                count += 1;
                free_from = end;
            }
        }
        count
    }

    /// The median duration of the sampled entries, nanoseconds.
    pub(crate) fn median_duration_ns(&self) -> u64 {
        let mut durations: Vec<u64> =
            self.sample.iter().map(|((start, ..), s)| s.end_ns.saturating_sub(*start)).collect();
        durations.sort_unstable();
        durations.get(durations.len() / 2).copied().unwrap_or(0)
    }

    /// The gaps between neighbouring sampled entries, nanoseconds; negative where they overlap.
    pub(crate) fn gaps_ns(&self) -> impl Iterator<Item = i64> {
        let ends = self.sample.values().map(|s| s.end_ns);
        ends.zip(self.sample.keys().skip(1)).map(|(end, (start, ..))| *start as i64 - end as i64)
    }

    /// From the first start to the last end of the sampled entries, over the time in which any of them ran.
    pub(crate) fn envelope_over_busy(&self) -> f64 {
        let (mut busy, mut reached) = (0, 0);
        for ((start, ..), sampled) in &self.sample {
            let from = reached.max(*start);
            busy += sampled.end_ns.saturating_sub(from);
            reached = reached.max(sampled.end_ns);
        }
        let first = self.sample.keys().next().map_or(0, |(start, ..)| *start);
        reached.saturating_sub(first) as f64 / (busy.max(1)) as f64
    }
}
