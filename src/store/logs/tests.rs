use super::*;
use crate::model::{Batch, Span};
use crate::otlp::{encode, walk, walk_logs};
use crate::store::Arrived;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use opentelemetry_proto::tonic::logs::v1 as wire;
use prost::Message;

fn log(at_ns: u64, trace: u8, span: u64, body: &str) -> wire::LogRecord {
    wire::LogRecord {
        time_unix_nano: at_ns,
        body: Some(AnyValue { value: Some(any_value::Value::StringValue(body.into())) }),
        trace_id: vec![trace; 16],
        span_id: span.to_be_bytes().to_vec(),
        ..wire::LogRecord::default()
    }
}

fn logs(arrived_ns: u64, log_records: Vec<wire::LogRecord>) -> Batch {
    let scope_logs = vec![wire::ScopeLogs { log_records, ..Default::default() }];
    let resource_logs = vec![wire::ResourceLogs { scope_logs, ..Default::default() }];
    let bytes = ExportLogsServiceRequest { resource_logs }.encode_to_vec();
    walk_logs(bytes.into(), "t".into(), Origin::Grpc, arrived_ns).0
}

fn spans(arrived_ns: u64, trace: u8, ids: &[u64]) -> Batch {
    let span = |id: &u64| Span {
        trace_id: TraceId([trace; 16]),
        span_id: SpanId(*id),
        name: "x".into(),
        start_ns: arrived_ns,
        end_ns: arrived_ns + 1,
        ..Span::default()
    };
    let spans = ids.iter().map(span).collect();
    let bytes = encode::request(&[encode::Group { spans, ..Default::default() }]);
    walk(bytes, "t".into(), Origin::Grpc, arrived_ns).0
}

fn take(store: &mut Store, batch: Batch) {
    store.ingest(batch, &mut Arrived::default());
}

fn bodies(store: &Store, keys: impl Iterator<Item = LogKey>) -> Vec<String> {
    keys.map(|key| store.log(key).unwrap().decode().body.to_string()).collect()
}

#[test]
fn log_records_are_held_in_the_order_of_time_and_of_their_spans() {
    let mut store = Store::new();
    take(&mut store, logs(1, vec![log(30, 1, 7, "c"), log(10, 1, 7, "a"), log(20, 0, 0, "b")]));
    take(&mut store, spans(2, 1, &[7, 8]));
    take(&mut store, logs(3, vec![log(20, 1, 8, "b2"), log(0, 1, 0, "arrived")]));
    assert_eq!(bodies(&store, store.logs()), ["arrived", "a", "b", "b2", "c"]);
    assert_eq!(bodies(&store, store.logs_arrived_from(2)), ["b", "b2", "arrived"]);
    let trace = store.find_trace(TraceId([1; 16])).unwrap();
    let span = store.find_span(trace, SpanId(7)).unwrap();
    assert_eq!(bodies(&store, store.logs_of(span)), ["a", "c"]);
    let c = store.logs().next_back().unwrap();
    assert_eq!(store.span_of_log(store.log(c).unwrap().record), Some(span));
    assert_eq!(bodies(&store, store.logs_before(c).rev().take(1)), ["b2"]);
    assert_eq!(store.log(c).unwrap().key, c);
    assert_eq!((store.log_count(), store.counters().logs), (5, 5));
}

#[test]
fn a_trace_takes_its_logs_with_it_and_loose_ones_go_by_age() {
    let mut store = Store::new();
    take(&mut store, logs(1, vec![log(1, 0, 0, "loose, oldest"), log(1, 1, 7, "of the first trace")]));
    take(&mut store, spans(2, 1, &[7]));
    take(&mut store, logs(3, vec![log(3, 1, 7, "late"), log(3, 0, 0, "loose"), log(3, 9, 9, "of nobody")]));
    take(&mut store, spans(4, 2, &[8]));
    take(&mut store, logs(5, vec![log(5, 2, 8, "of the second trace"), log(5, 2, 0, "of that trace")]));
    let mut steps = Vec::new();
    loop {
        let freed = store.evict(1, &mut Vec::new());
        if freed == 0 {
            break;
        }
        steps.push((freed, bodies(&store, store.logs()).len(), store.span_count()));
    }
    // The oldest; the first trace with both of its own; the two that nobody takes; the second trace with its own.
    assert_eq!(steps, [(1, 6, 2), (3, 4, 1), (1, 3, 1), (1, 2, 1), (3, 0, 0)]);
    assert_eq!((store.counters().evicted_logs, store.counters().evicted_spans), (7, 2));
    let book = &store.logs;
    assert_eq!((book.payload, book.by_span.len(), book.by_arrival.len()), (0, 0, 0));
}

#[test]
fn what_stays_of_a_batch_is_packed_and_reads_the_same() {
    let mut store = Store::new();
    take(&mut store, spans(1, 1, &[7]));
    let mut batch: Vec<_> = (0..8).map(|n| log(n, 0, 0, &format!("loose {n} {}", "x".repeat(100)))).collect();
    batch.insert(3, log(3, 1, 7, "stays"));
    take(&mut store, logs(0, batch));
    let before = store.logs.payload;
    for _ in 0..8 {
        assert_eq!(store.evict(1, &mut Vec::new()), 1);
    }
    assert_eq!(bodies(&store, store.logs()), ["stays"]);
    assert!(store.logs.payload < before / 4, "{} of {before}", store.logs.payload);
    // Its place is never used again, though its slot is.
    let key = store.logs().next().unwrap();
    store.evict(1, &mut Vec::new());
    take(&mut store, logs(9, vec![log(3, 0, 0, "another")]));
    assert!(store.log(key).is_none());
    assert_eq!(bodies(&store, store.logs_from(key)), ["another"]);
}
