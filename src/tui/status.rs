//! What the screen is told about the world outside the session, and what it counts of the batches that pass.

use crate::model::{Batch, Form, Origin};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

/// Where spans come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Listening on these addresses; both take every protocol.
    Live {
        /// The address whose port is usually for gRPC.
        grpc: Option<SocketAddr>,
        /// The address whose port is usually for HTTP.
        http: Option<SocketAddr>,
    },
    /// Reading a dump.
    Replay {
        /// Its name.
        name: String,
        /// Whether all of it has been read.
        done: bool,
    },
}

/// How a replay goes, which can be held and stepped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Playback {
    /// Nothing comes until it is told to go on.
    pub paused: bool,
    /// How fast it is, as it is typed: `10x`, `max`.
    pub speed: String,
    /// How far it has come, by the times of the dump.
    pub position_ns: u64,
}

/// What whoever runs the screen knows better than the session.
#[derive(Clone, Debug)]
pub struct Status {
    /// Where spans come from.
    pub feed: Feed,
    /// Now, nanoseconds since the Unix epoch; in a replay, the time of what is replayed.
    pub now_ns: u64,
    /// Requests turned away for lack of room; their senders were told to send them again.
    pub refused_requests: u64,
    /// Spans in these requests.
    pub refused_spans: u64,
    /// Log records in these requests.
    pub refused_log_records: u64,
    /// Requests that were refused: no OTLP, too large or of an unknown type.
    pub bad_requests: u64,
    /// Requests that came to the port of another protocol, and were served all the same.
    pub wrong_port_requests: u64,
    /// Connections open now.
    pub open_connections: u64,
    /// How the replay goes, while there is one.
    pub playback: Option<Playback>,
    /// The dump grows, and is read on as it does.
    pub following: bool,
    /// How much of a dump has been read.
    pub read: Option<Read>,
}

/// How much of a dump has been read, as it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Read {
    /// Bytes read.
    pub bytes: u64,
    /// Bytes of all of it, where that is known.
    pub of: Option<u64>,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            feed: Feed::Live { grpc: None, http: None },
            now_ns: 0,
            refused_requests: 0,
            refused_spans: 0,
            refused_log_records: 0,
            bad_requests: 0,
            wrong_port_requests: 0,
            open_connections: 0,
            playback: None,
            following: false,
            read: None,
        }
    }
}

/// What one sender sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Batches.
    pub batches: u64,
    /// Spans.
    pub spans: u64,
    /// Spans that could not be taken.
    pub rejected: u64,
    /// Requests of which nothing could be read, among the batches.
    pub bad_requests: u64,
    /// Bytes of requests, unpacked.
    pub bytes: u64,
    /// The largest request, bytes.
    pub largest: u64,
    /// How long after the end of its latest span the last batch with one that has ended came, nanoseconds: what the exporter waited, the way, and
    /// how far two clocks are apart. Nothing where it came before.
    pub delay_ns: Option<u64>,
    /// When the last batch arrived, nanoseconds since the Unix epoch; zero where no time is known.
    pub last_ns: u64,
}

/// Seconds whose spans are remembered.
const HISTORY: usize = 120;

/// Senders that are told apart; beyond them, all others are one.
const MAX_SENDERS: usize = 200;

/// Who sent what, and how fast spans come in.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    senders: BTreeMap<(String, Origin, Form), Sent>,
    spans: u64,
    at_last_tick: Option<(u64, u64)>,
    ticks: u64,
    history: VecDeque<u64>,
    /// Spans a second.
    pub rate: f64,
}

impl Traffic {
    /// Counts a batch.
    pub fn note(&mut self, batch: &Batch) {
        // A client that connects anew for every export has a port for each: its address is what is the same.
        let who = match batch.source.parse::<SocketAddr>() {
            Ok(address) => address.ip().to_string(),
            Err(_) => batch.source.to_string(),
        };
        let mut key = (who, batch.origin, batch.form.clone());
        if self.senders.len() >= MAX_SENDERS && !self.senders.contains_key(&key) {
            key = ("(all others)".to_owned(), batch.origin, Form::default());
        }
        let sent = self.senders.entry(key).or_default();
        sent.batches += 1;
        sent.spans += batch.records.len() as u64;
        let (rejected, bad_requests) = batch.rejected();
        sent.rejected += rejected;
        sent.bad_requests += bad_requests;
        sent.bytes += batch.size as u64;
        sent.largest = sent.largest.max(batch.size as u64);
        // What lies in a dump has no arrival of its own.
        if let (Some(end), false) = (batch.last_end_ns(), matches!(batch.origin, Origin::Dump(_))) {
            sent.delay_ns = batch.arrived_ns.checked_sub(end);
        }
        sent.last_ns = sent.last_ns.max(batch.arrived_ns);
        self.spans += batch.records.len() as u64;
    }

    /// Tells the time, to know the rate.
    pub fn tick(&mut self, now_ns: u64) {
        self.ticks += 1;
        if let Some((then_ns, spans)) = self.at_last_tick
            && now_ns > then_ns
        {
            let now = (self.spans - spans) as f64 / ((now_ns - then_ns) as f64 / 1e9);
            // Exporters send every few seconds: a plain rate would flicker between nothing and too much.
            self.rate = if self.rate == 0.0 { now } else { self.rate * 0.7 + now * 0.3 };
            if self.rate < 0.05 {
                self.rate = 0.0;
            }
            self.history.push_back(self.spans - spans);
            if self.history.len() > HISTORY {
                self.history.pop_front();
            }
        }
        self.at_last_tick = Some((now_ns, self.spans));
    }

    /// How often the time was told: once a second of the user's, also where the time of a dump stands still.
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// How many spans came in each of the last seconds, the latest last.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator {
        self.history.iter().copied()
    }

    /// Each sender, how it sends, and what it sent.
    pub fn senders(&self) -> impl Iterator<Item = (&str, Origin, &Form, Sent)> {
        self.senders.iter().map(|((who, origin, form), sent)| (who.as_str(), *origin, form, *sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Rejection, SpanId, SpanRecord};

    #[test]
    fn a_client_is_one_sender_however_often_it_connects() {
        let mut traffic = Traffic::default();
        for port in [50_000, 50_001] {
            let source = format!("127.0.0.1:{port}").into();
            traffic.note(&Batch::empty(source, Origin::Grpc, 7));
        }
        traffic.note(&Batch::empty("a.jsonl".into(), Origin::Dump("otlp-json"), 9));
        let senders: Vec<_> = traffic.senders().map(|(who, .., sent)| (who, sent.batches)).collect();
        assert_eq!(senders, [("127.0.0.1", 2), ("a.jsonl", 1)]);
    }

    #[test]
    fn what_a_client_sends_in_different_ways_is_told_apart() {
        let mut traffic = Traffic::default();
        for encoding in ["", "gzip", "gzip"] {
            let form = Form { content_type: "application/json".into(), encoding: encoding.into() };
            traffic.note(&Batch { form, ..Batch::empty("127.0.0.1:5".into(), Origin::HttpJson, 7) });
        }
        let forms: Vec<_> =
            traffic.senders().map(|(.., form, sent)| (form.to_string(), sent.batches)).collect();
        assert_eq!(forms, [("application/json".to_owned(), 1), ("application/json, gzip".to_owned(), 2)]);
    }

    #[test]
    fn a_request_that_could_not_be_read_is_no_span() {
        let mut traffic = Traffic::default();
        let rejections =
            vec![Rejection::new("byte 3", "cut off"), Rejection::of_request("/v1/traces", "no JSON")];
        traffic.note(&Batch { rejections, ..Batch::empty("127.0.0.1:5".into(), Origin::HttpJson, 7) });
        let sent =
            traffic.senders().next().map(|(.., sent)| (sent.batches, sent.rejected, sent.bad_requests));
        assert_eq!(sent, Some((1, 1, 1)));
    }

    #[test]
    fn a_request_is_as_large_as_it_came() {
        let mut traffic = Traffic::default();
        let body = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]}"#;
        for origin in [Origin::HttpJson, Origin::Dump("otlp-json")] {
            traffic.note(&crate::otlp::walk_json(body, "127.0.0.1:5".into(), origin, 7).unwrap());
        }
        let sizes: Vec<_> = traffic.senders().map(|(.., sent)| (sent.bytes, sent.largest)).collect();
        assert_eq!(sizes, [(body.len() as u64, body.len() as u64); 2]);
    }

    #[test]
    fn a_span_that_still_runs_has_no_delay() {
        let mut traffic = Traffic::default();
        let mut sent = |ends: &[u64]| {
            let mut batch = Batch::empty("127.0.0.1:5".into(), Origin::HttpJson, 1_000);
            batch.records = vec![SpanRecord::new(SpanId(1), SpanId::NONE); ends.len()];
            batch.records.iter_mut().zip(ends).for_each(|(record, end_ns)| record.end_ns = *end_ns);
            traffic.note(&batch);
            traffic.senders().next().and_then(|(.., sent)| sent.delay_ns)
        };
        assert_eq!(sent(&[0]), None);
        assert_eq!(sent(&[0, 700, 0]), Some(300));
        assert_eq!(sent(&[0]), Some(300), "what is known stays known");
    }

    #[test]
    fn the_last_seconds_are_remembered() {
        let mut traffic = Traffic::default();
        for second in 0..HISTORY as u64 + 10 {
            traffic.spans += second;
            traffic.tick((second + 1) * 1_000_000_000);
        }
        assert_eq!(traffic.history().len(), HISTORY);
        assert_eq!(traffic.history().next_back(), Some(HISTORY as u64 + 9));
    }

    #[test]
    fn senders_are_bounded() {
        let mut traffic = Traffic::default();
        for n in 0..1_000 {
            traffic.note(&Batch::empty(format!("file{n}").into(), Origin::Grpc, 0));
        }
        assert_eq!(traffic.senders().count(), MAX_SENDERS + 1);
        assert_eq!(traffic.senders().map(|(.., sent)| sent.batches).sum::<u64>(), 1_000);
    }
}
