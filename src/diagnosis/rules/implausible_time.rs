//! A time that cannot be: zero, long ago, in the future, or in another unit than nanoseconds.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::time::{EARLIEST_NS, LATEST_NS, date_time, duration};
use crate::model::{Key, Origin};
use crate::store::SpanIx;

/// The rule.
pub const RULE: Rule = Rule {
    id: "implausible-time",
    code: "D2",
    severity: Severity::Error,
    enabled: true,
    summary: "a span's start or end cannot be",
    explain: "\
Start or end is zero, lies before 2010, in 2116 or later, or more than an hour after the span arrived, or the span lasts
for longer than a week. Most often a number of seconds, milliseconds or microseconds was sent where nanoseconds belong.

Why it matters: back ends file the span under another day or drop it, and its trace seems to last for decades.

How it is found: by the numbers alone. Where multiplying by 1,000, 1,000,000 or 1,000,000,000 gives a time of these
years, the unit is named.

What looks alike and is fine: dumps of the past (they are not compared with the clock); commands, jobs and connections
that stay open for weeks; spans that are sent while they run, without an end, and again when they have ended: a hint,
until nothing more comes.",
    fix: "Send nanoseconds since 1970-01-01 UTC, and check the clock of the host.",
    code_fixes: &[
        ("python", "`start_time` and `end_time` take `time.time_ns()`, not `time.time()`"),
        ("nodejs", "`startTime` takes a Date, milliseconds since 1970, or `[seconds, nanoseconds]`; not `process.hrtime()`, which starts anywhere"),
        ("java", "`setStartTimestamp(instant)`, or a number with its TimeUnit; not `System.nanoTime()`, which starts anywhere"),
        ("go", "`trace.WithTimestamp(t)` takes a time.Time; a zero one is the year 1"),
        ("ruby", "`start_timestamp:` takes a Time or seconds as a Float"),
        ("php", "`setStartTimestamp()` takes nanoseconds; `microtime(true)` gives seconds"),
    ],
    references: &[
        "https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto",
    ],
    symptom_of: &[],
    on: On::Span(OnSpan { expects: None, watch: Watch::EVERY, check, excused_by: None, say }),
};

const HOUR_NS: u64 = 3_600_000_000_000;
const WEEK_NS: u64 = 7 * 24 * HOUR_NS;
const YEAR_NS: u64 = 365 * 24 * HOUR_NS;

/// The ways, as details of marks, the gravest first.
const PAST: u32 = 0;
const FUTURE: u32 = 1;
const YEARS: u32 = 2;
const WEEKS: u32 = 3;
/// No end yet, which is a fault only if none comes.
const RUNNING: u32 = 4;

fn check(span: &Seen<'_>) -> Option<Mark> {
    let (start, end) = (span.record.start_ns, span.record.end_ns);
    if span.record.is_running() && start >= EARLIEST_NS {
        return Some(span.mark_as(RUNNING));
    }
    if start.min(end) < EARLIEST_NS {
        return Some(span.mark_as(PAST));
    }
    // No record holds a later time than that.
    if start == LATEST_NS {
        return Some(span.mark_as(FUTURE));
    }
    let lasted = end.saturating_sub(start);
    if lasted > WEEK_NS {
        let stays_open = matches!(span.role, Role::Cli | Role::JobIn | Role::Pipeline)
            || span.scope.command_line
            || span.scope.jobs
            || span.has(Key::Websocket);
        return if lasted > YEAR_NS {
            Some(span.mark_as(YEARS))
        } else {
            (!stays_open).then(|| span.mark_as(WEEKS))
        };
    }
    match span.store.arrival(span.at)? {
        (_, Origin::Dump(_), _) => None,
        (_, _, arrived) => (start.max(end) > arrived.saturating_add(HOUR_NS)).then(|| span.mark_as(FUTURE)),
    }
}

fn say(case: &Case<'_>) -> Option<Said> {
    let cx = &case.cx;
    let n = case.n();
    let way = *case.tally.details.keys().next()?;
    let (have, last) = if n == 1 { ("has", "lasts") } else { ("have", "last") };
    let (what, severity, confidence) = match way {
        PAST => (format!("{have} a time that cannot be"), Severity::Error, 0.97),
        FUTURE => (format!("{have} a time in the future"), Severity::Error, 0.95),
        RUNNING if cx.ended => (format!("{have} no end"), Severity::Error, 0.97),
        RUNNING => {
            let was = if n == 1 { "was" } else { "were" };
            (format!("{was} sent without an end, and may still run"), Severity::Info, 0.50)
        }
        YEARS => (format!("{last} for more than a year"), Severity::Error, 0.95),
        _ => (format!("{last} for more than a week"), Severity::Warning, 0.60),
    };
    let mut said = Said::firm(severity, confidence, format!("{} {what}{}", count(n, "span"), case.by()));
    let example = case.held().find(|(_, sample)| sample.detail == way);
    let unit = example.filter(|_| way != RUNNING).and_then(|(at, _)| wrong_unit(case, at));
    if way == RUNNING && !cx.ended {
        said = said.provisional();
    }
    if let Some((at, _)) = example {
        let (record, name) = (cx.record(at), cx.store.name(at));
        said = said.because(match (way, unit) {
            (PAST, Some((field, raw, unit))) => {
                format!("`{name}` {field} at {raw}: that is {} if it is {unit}", date_time(raw * scale(unit)))
            }
            (PAST, None) => {
                let (field, raw) = earliest(record.start_ns, record.end_ns);
                format!("`{name}` {field} at {raw} ns: {}", date_time(raw))
            }
            (RUNNING, _) => {
                format!("`{name}` started at {} and has 0 for its end", date_time(record.start_ns))
            }
            (FUTURE, _) if record.start_ns == LATEST_NS => format!("`{name}` starts in 2116 or later"),
            (FUTURE, _) => {
                let arrived = cx.store.arrival(at).map_or(0, |(_, _, arrived)| arrived);
                let last = record.end_ns.max(record.start_ns);
                // A record holds no later time than that.
                let least = if last == LATEST_NS { "at least " } else { "" };
                format!(
                    "`{name}` ends {least}{} after it arrived here",
                    duration(last.saturating_sub(arrived))
                )
            }
            _ => format!("`{name}` lasts {}", duration(record.duration_ns())),
        });
    }
    Some(match (way, unit) {
        (_, Some((_, _, unit))) => said.remedy(format!("send nanoseconds: the number is in {unit}")),
        (FUTURE, _) => said.remedy("check the clock of the host that sends, and of this one"),
        (RUNNING, _) if !cx.ended => {
            said.remedy("nothing, if its SDK sends spans while they run; else end the span")
        }
        (RUNNING, _) => said.remedy("end the span, or set its end in nanoseconds since 1970"),
        (WEEKS, _) => said.remedy("end the span, or make one for each part of the work"),
        _ => said.remedy("set both times in nanoseconds since 1970, or none and let the SDK take them"),
    })
}

fn earliest(start_ns: u64, end_ns: u64) -> (&'static str, u64) {
    if start_ns <= end_ns { ("starts", start_ns) } else { ("ends", end_ns) }
}

/// Units that are taken for nanoseconds, and how many nanoseconds each has.
const UNITS: &[(&str, u64)] =
    &[("microseconds", 1_000), ("milliseconds", 1_000_000), ("seconds", 1_000_000_000)];

fn scale(unit: &str) -> u64 {
    UNITS.iter().find(|(name, _)| *name == unit).map_or(1, |(_, scale)| *scale)
}

/// Which of the times is in another unit, the number, and the unit: that which makes a time near the arrival of it, or
/// at least one of this century.
fn wrong_unit(case: &Case<'_>, at: SpanIx) -> Option<(&'static str, u64, &'static str)> {
    let record = case.cx.record(at);
    let (field, raw) = earliest(record.start_ns, record.end_ns);
    let plausible = |ns: u64| (EARLIEST_NS..EARLIEST_NS + 90 * YEAR_NS).contains(&ns);
    let unit = UNITS.iter().find(|(_, scale)| raw.checked_mul(*scale).is_some_and(plausible))?;
    Some((field, raw, unit.0))
}

#[cfg(test)]
mod tests {
    use super::YEAR_NS;
    use crate::diagnosis::Severity;
    use crate::model::{Batch, Origin};
    use crate::testkit::{Bench, EPOCH_NS, MS, batches, found, spans};

    const RULE: &str = "implausible-time";

    /// A span with these times, which arrives at the start of the sketch's clock.
    fn sent(start_ns: u64, end_ns: u64) -> Vec<Batch> {
        let mut groups = spans("work  s  internal  0..1");
        (groups[0].spans[0].start_ns, groups[0].spans[0].end_ns) = (start_ns, end_ns);
        let mut batches = batches(&groups);
        batches[0].arrived_ns = EPOCH_NS;
        batches
    }

    fn said(start_ns: u64, end_ns: u64) -> Vec<String> {
        let mut bench = Bench::default();
        bench.take(sent(start_ns, end_ns)).finish();
        let findings = bench.0.diagnosis.findings().iter().filter(|f| f.rule.id == RULE);
        findings.map(|f| format!("{} {} | {}", f.severity, f.message, f.remedy[0])).collect()
    }

    #[test]
    fn a_trace_is_as_bad_as_what_was_found_in_its_own_service() {
        let mut groups = spans("job  batch  internal  0..1\nfar  clock  internal  0..1  trace=2");
        groups[0].spans[0].end_ns += 2 * super::WEEK_NS;
        groups[1].spans[0].start_ns = 5;
        let mut bench = Bench::default();
        bench.take(batches(&groups)).finish();
        let (store, diagnosis) = (&bench.0.store, &bench.0.diagnosis);
        let worst: Vec<_> = store.traces().map(|trace| diagnosis.worst(store, trace)).collect();
        assert_eq!(worst, [Some(Severity::Warning), Some(Severity::Error)]);
    }

    #[test]
    fn fires_for_dumps_of_a_time_that_no_record_holds() {
        let from_dump = |start_ns: u64| {
            let mut batches = sent(start_ns, start_ns.saturating_add(5 * MS));
            batches[0].origin = Origin::Dump("otlp-json");
            let mut bench = Bench::default();
            bench.take(batches).finish().list(|finding| finding.rule.id == RULE)
        };
        assert_eq!(from_dump(u64::MAX - 9), ["error implausible-time firm ×1"]);
        assert_eq!(from_dump(EPOCH_NS + 20 * YEAR_NS), [""; 0], "dumps are not compared with the clock");
    }

    #[test]
    fn fires_and_names_the_unit() {
        for (unit, scale) in [("seconds", 1_000_000_000), ("milliseconds", MS), ("microseconds", 1_000)] {
            let said = said(EPOCH_NS / scale, EPOCH_NS);
            let remedy = format!("send nanoseconds: the number is in {unit}");
            assert_eq!(said, [format!("error 1 span has a time that cannot be | {remedy}")]);
        }
        assert_eq!(said(0, EPOCH_NS).len(), 1);
        assert_eq!(said(EPOCH_NS, 0).len(), 1);
    }

    #[test]
    fn fires_for_the_future_and_for_years() {
        let hour = 3_600_000 * MS;
        assert!(said(EPOCH_NS, EPOCH_NS + 2 * hour)[0].starts_with("error 1 span has a time in the future"));
        assert!(
            said(EPOCH_NS - 24 * 400 * hour, EPOCH_NS)[0]
                .starts_with("error 1 span lasts for more than a year")
        );
        assert!(
            said(EPOCH_NS - 24 * 8 * hour, EPOCH_NS)[0]
                .starts_with("warning 1 span lasts for more than a week")
        );
    }

    #[test]
    fn fires_for_a_span_that_never_ends_and_is_silent_once_it_has() {
        let groups =
            spans("job  s  server  0..5000  get=/a\n  query  s  client  10..20\n  query  s  client  30..40");
        let mut early = groups.clone();
        early[0].spans[0].end_ns = 0;
        let said = |bench: &Bench| bench.list(|finding| finding.rule.id != "low-entropy-ids");
        let fired = ["error implausible-time firm ×1"];
        let mut bench = Bench::default();
        bench.take(batches(&early)).advance(6_000);
        assert_eq!(said(&bench), ["info implausible-time provisional ×1"], "as long as it runs");
        bench.take(batches(&groups[..1])).advance(7_000);
        assert_eq!(said(&bench), [""; 0], "it has ended");
        bench.take(batches(&early[..1])).finish();
        assert_eq!(said(&bench), [""; 0], "the first word comes late");
        assert_eq!(bench.0.store.counters().repeated, 2);

        let mut bench = Bench::default();
        bench.take(batches(&early)).finish();
        assert_eq!(said(&bench), fired, "it never ended");
    }

    #[test]
    fn a_trace_is_not_marked_for_what_has_ended_in_it() {
        let groups = spans("job  s  server  0..50  get=/a\njob  s  server  100..150  get=/b trace=2");
        let mut early = groups.clone();
        early.iter_mut().for_each(|group| group.spans[0].end_ns = 0);
        let mut bench = Bench::default();
        bench.take(batches(&early)).take(batches(&groups[..1])).finish();
        let store = &bench.0.store;
        let worst: Vec<_> = store.traces().map(|trace| bench.0.diagnosis.worst(store, trace)).collect();
        assert_eq!(worst, [None, Some(crate::diagnosis::Severity::Error)]);
    }

    #[test]
    fn silent_for_ordinary_times_and_for_what_stays_open() {
        assert_eq!(said(EPOCH_NS, EPOCH_NS + 50 * MS), [""; 0]);
        assert_eq!(said(EPOCH_NS - 24 * 3_600_000 * MS, EPOCH_NS - 1), [""; 0], "a day old");
        assert_eq!(found(RULE, "run  s  internal  0..800000000  process.command_args=serve"), [""; 0]);
    }
}
