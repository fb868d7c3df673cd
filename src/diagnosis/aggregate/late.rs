//! Work that starts after the request that it was recorded under had ended.

use crate::diagnosis::aggregate::emitters::EmitterIx;
use crate::diagnosis::group::insert_bounded;
use crate::diagnosis::seen::Seen;
use crate::model::{ParentLocality, SpanId, TraceId};
use crate::store::SpanIx;
use std::collections::BTreeMap;

/// How many kinds of late work, in how many traces, are remembered.
const SERIES: usize = 4096;
/// How many spans of each.
const SAMPLE: usize = 64;

/// Which work: its trace, scope and name.
pub(crate) type SeriesKey = (TraceId, EmitterIx, u32);

/// Spans of one scope and name in one trace that started after their parent had ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub(crate) n: u64,
    /// The earliest, by start and id.
    pub(crate) sample: BTreeMap<(u64, SpanId), SpanIx>,
    pub(crate) last_start_ns: u64,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Late {
    pub(crate) series: BTreeMap<SeriesKey, Series>,
}

impl Late {
    pub(super) fn pair(&mut self, child: &Seen<'_>, parent: &Seen<'_>) {
        let started = child.record.start_ns;
        if parent.record.is_running()
            || started <= parent.record.end_ns + child.of_process.epsilon_ns
            || child.process != parent.process
            || child.entry
            || child.locality() == ParentLocality::Remote
        {
            return;
        }
        let key = (child.store.trace(child.trace).id, child.emitter, child.record.name);
        if self.series.len() >= SERIES && !self.series.contains_key(&key) {
            return;
        }
        let series = self.series.entry(key).or_default();
        series.n += 1;
        series.last_start_ns = series.last_start_ns.max(started);
        insert_bounded(&mut series.sample, SAMPLE, (started, child.record.span_id), child.at);
    }

    pub(super) fn memory(&self) -> usize {
        let sample: usize = self.series.values().map(|series| series.sample.len()).sum();
        self.series.len() * (size_of::<SeriesKey>() + size_of::<Series>() + 16) + sample * 24
    }
}

impl Series {
    /// How regular it is: standard deviation of the gaps over their mean, small for a timer.
    pub(crate) fn irregularity(&self) -> f64 {
        let starts: Vec<u64> = self.sample.keys().map(|(start, _)| *start).collect();
        let gaps: Vec<f64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
        if mean == 0.0 {
            return f64::INFINITY;
        }
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        variance.sqrt() / mean
    }

    /// The mean gap, nanoseconds.
    pub(crate) fn period_ns(&self) -> u64 {
        let (first, last) = (self.sample.keys().next(), self.sample.keys().next_back());
        let over = last.map_or(0, |(start, _)| *start) - first.map_or(0, |(start, _)| *start);
        over / (self.sample.len().max(2) as u64 - 1)
    }
}
