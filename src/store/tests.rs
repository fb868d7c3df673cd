//! Every received span is drawn exactly once, in an order that does not depend on the order of arrival.

use super::{Arrived, SpanIx, Store, View};
use crate::model::{Batch, SpanId, TraceId};
use crate::testkit::{again, batches, by_end, spans};

fn filled(batches: impl IntoIterator<Item = Batch>) -> Store {
    let mut store = Store::new();
    for batch in batches {
        store.ingest(batch, &mut Arrived::default());
    }
    store
}

/// The rows of every trace: depth and id, placeholders in brackets.
fn rows(store: &Store, view: View) -> Vec<String> {
    let mut traces: Vec<_> = store.traces().collect();
    traces.sort_by_key(|t| store.trace(*t).id);
    let mut out = Vec::new();
    for trace in traces {
        let mut at = store.first_row(trace, view);
        let mut forward = Vec::new();
        while let Some(row) = at {
            forward.push(row);
            let id = store.record(row).span_id.0 - 0x1000;
            let indent = " ".repeat(store.depth(row, view));
            out.push(if store.slot(row).is_held() {
                format!("{indent}{id}")
            } else {
                format!("{indent}[{id}]")
            });
            at = store.next_row(row, view, &|_| false);
        }
        let mut backward: Vec<_> = std::iter::successors(store.last_row(trace, view, &|_| false), |r| {
            store.prev_row(*r, view, &|_| false)
        })
        .collect();
        backward.reverse();
        assert_eq!(forward, backward, "up is the reverse of down");
    }
    out
}

const SHOP: &str = "
    run  shop  internal  0..900
      GET /a  shop  internal  10..20
        query  shop  client  12..14
      GET /b  shop  internal  15..40
        render  shop  internal  16..30
          deep  shop  internal  17..18
      GET /c  shop  internal  50..60
    other  shop  server  5..9  trace=2
";

#[test]
fn a_tree_is_drawn_in_order_of_start() {
    let store = filled(by_end(SHOP));
    assert_eq!(rows(&store, View::Recorded), ["0", " 1", "  2", " 3", "  4", "   5", " 6", "7"]);
    assert_eq!((store.span_count(), store.trace_count()), (8, 2));
}

#[test]
fn any_order_and_any_repetition_give_the_same_rows() {
    let expected = rows(&filled(by_end(SHOP)), View::Recorded);
    let mut rng = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        let mut batches = by_end(SHOP);
        batches.extend(by_end(SHOP).into_iter().take(rng.usize(0..8)));
        rng.shuffle(&mut batches);
        let repeats = batches.len() as u64 - 8;
        let store = filled(batches);
        assert_eq!(rows(&store, View::Recorded), expected);
        assert_eq!(store.counters().repeated, repeats);
    }
}

#[test]
fn a_missing_parent_is_a_row_and_gives_way_when_it_arrives() {
    let lost = SHOP.replace("0..900", "0..900  lost");
    assert_eq!(rows(&filled(by_end(&lost)), View::Recorded)[..2], ["[0]".to_owned(), " 1".to_owned()]);
    let mut all = by_end(SHOP);
    let hub = all.pop().unwrap();
    let mut store = filled(all);
    assert_eq!(rows(&store, View::Recorded)[0], "[0]");
    store.ingest(hub, &mut Arrived::default());
    assert_eq!(rows(&store, View::Recorded)[0], "0");
}

#[test]
fn cut_edges_show_only_in_the_unmerged_view() {
    let recorded = rows(&filled(by_end(SHOP)), View::Recorded);
    let mut rng = fastrand::Rng::with_seed(3);
    for _ in 0..50 {
        let mut batches = by_end(SHOP);
        rng.shuffle(&mut batches);
        let mut store = Store::new();
        let cut = [1_u64, 3, 6];
        for batch in batches {
            let mut arrived = Arrived::default();
            store.ingest(batch, &mut arrived);
            for at in arrived.spans {
                let cut = cut.contains(&(store.record(at).span_id.0 - 0x1000));
                store.set_cut(at, cut);
            }
        }
        assert_eq!(rows(&store, View::Unmerged), ["0", "1", " 2", "3", " 4", "  5", "6", "7"]);
        assert_eq!(rows(&store, View::Recorded), recorded);
        let trace = store.find_trace(TraceId([1; 16])).unwrap();
        for id in cut {
            let at = store.find_span(trace, SpanId(0x1000 + id)).unwrap();
            store.set_cut(at, false);
        }
        assert_eq!(rows(&store, View::Unmerged), recorded);
    }
}

#[test]
fn ids_that_contradict_a_tree_lose_nothing() {
    let mut groups =
        spans("a  s  internal  0..9\n  b  s  internal  1..8\n    c  s  internal  2..7\nd  s  internal  3..4");
    groups[0].spans[0].parent_id = SpanId(0x1002);
    groups[3].spans[0].parent_id = SpanId(0x1003);
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..20 {
        let mut batches = batches(&groups);
        rng.shuffle(&mut batches);
        let store = filled(batches);
        let mut ids: Vec<String> = rows(&store, View::Recorded).iter().map(|r| r.trim().to_owned()).collect();
        ids.sort();
        assert_eq!(ids, ["0", "1", "2", "3"]);
        assert_eq!((0..4).filter(|i| store.slot(SpanIx(*i)).cyclic).count(), 2);
    }
}

#[test]
fn two_spans_with_one_id_are_both_drawn() {
    let mut groups = spans("a  s  internal  0..9\n  b  s  internal  1..2\n  c  s  internal  3..4");
    groups[2].spans[0].span_id = groups[1].spans[0].span_id;
    let store = filled(batches(&groups).into_iter().chain(batches(&groups)));
    assert_eq!(rows(&store, View::Recorded), ["0", " 1", " 1"]);
    assert_eq!(store.counters().repeated, 3);
}

#[test]
fn thousands_of_siblings_in_any_order() {
    let sketch: String = std::iter::once("hub  s  internal  0..9000\n".to_owned())
        .chain((1..2_000).map(|i| format!("  r{i}  s  internal  {i}..{}\n", i + 1)))
        .collect();
    let expected: Vec<String> =
        std::iter::once("0".to_owned()).chain((1..2_000).map(|i| format!(" {i}"))).collect();
    let mut rng = fastrand::Rng::with_seed(5);
    let mut batches = by_end(&sketch);
    for _ in 0..3 {
        rng.shuffle(&mut batches);
        let mut store = filled(batches.clone());
        assert_eq!(rows(&store, View::Recorded), expected);
        let hub = store.find_trace(TraceId([1; 16])).unwrap();
        let cut: Vec<SpanIx> =
            store.children(store.first_row(hub, View::Recorded).unwrap()).filter(|_| rng.bool()).collect();
        for at in &cut {
            store.set_cut(*at, true);
        }
        assert_eq!(rows(&store, View::Recorded), expected);
        assert_eq!(rows(&store, View::Unmerged).len(), 2_000);
    }
}

#[test]
fn eviction_takes_the_oldest_request_and_counts_it() {
    let mut store = filled(by_end(SHOP));
    let trace = store.find_trace(TraceId([1; 16])).unwrap();
    for id in [1, 3, 6] {
        let at = store.find_span(trace, SpanId(0x1000 + id)).unwrap();
        store.set_cut(at, true);
    }
    let before = store.memory();
    let mut gone = Vec::new();
    store.evict(1, &mut gone);
    assert_eq!(
        rows(&store, View::Unmerged),
        ["[0]", "1", " 2", "3", " 4", "  5", "6", "7"],
        "the hub started first"
    );
    store.evict(1, &mut gone);
    assert_eq!(
        rows(&store, View::Unmerged),
        ["[0]", "1", " 2", "3", " 4", "  5", "6"],
        "then the other trace"
    );
    store.evict(100, &mut gone);
    assert_eq!(rows(&store, View::Unmerged), Vec::<String>::new());
    assert_eq!((store.span_count(), store.trace_count()), (0, 0));
    assert_eq!((store.counters().evicted_spans, store.counters().received), (8, 8));
    assert!(store.memory() < before);
    store.evict(100, &mut gone);
    let again = by_end(SHOP);
    for batch in again {
        store.ingest(batch, &mut Arrived::default());
    }
    assert_eq!(rows(&store, View::Recorded).len(), 8, "freed places are used again");
}

#[test]
fn of_one_request_the_first_traces_are_evicted_first() {
    let mut store = Store::new();
    let mut sent = 0_u64;
    for _ in 0..20 {
        let mut groups = Vec::new();
        for _ in 0..10 {
            sent += 1;
            let mut group = spans("e  s  internal  0..1").remove(0);
            group.spans[0].trace_id = TraceId(u128::from(sent).to_be_bytes());
            groups.push(group);
        }
        let request = crate::otlp::encode::request(&groups);
        let (batch, _) = crate::otlp::walk(request, "t".into(), crate::model::Origin::Grpc, sent);
        store.ingest(batch, &mut Arrived::default());
        // Places of the evicted are used again, the last of them first.
        while store.span_count() > 13 {
            store.evict(1, &mut Vec::new());
        }
        let held: Vec<u64> = store.traces().map(|trace| store.trace(trace).id.low()).collect();
        let from = sent + 1 - held.len() as u64;
        assert_eq!(held, (from..=sent).collect::<Vec<_>>());
    }
}

#[test]
fn spans_that_arrive_while_others_are_evicted_find_their_places() {
    let sketch = "
        a  s  server  0..900  lost
          b  s  internal  1..9
        c  s  server  10..900  lost  trace=2
          d  s  internal  11..19
    ";
    let whole = sketch.replace("  lost", "");
    let mut store = filled(by_end(sketch));
    store.evict(1, &mut Vec::new());
    for batch in by_end(&whole) {
        store.ingest(batch, &mut Arrived::default());
    }
    assert_eq!(rows(&store, View::Recorded), ["0", " 1", "2", " 3"]);
}

#[test]
fn what_is_left_of_a_batch_is_repacked() {
    let mut groups = spans(
        "a  s  server  0..9\nb  s  server  1..9  trace=2\nc  s  server  2..9  trace=3\nd  s  server  3..9  trace=4",
    );
    let all = crate::otlp::encode::request(&std::mem::take(&mut groups));
    let (batch, _) = crate::otlp::walk(all, "t".into(), crate::model::Origin::Grpc, 5);
    let mut store = filled([batch]);
    let before = store.memory();
    for _ in 0..3 {
        store.evict(1, &mut Vec::new());
    }
    assert_eq!(store.span_count(), 1);
    assert!(store.memory() < before);
    let last = store.traces().next().and_then(|t| store.first_row(t, View::Recorded)).unwrap();
    assert_eq!(store.decode(last).unwrap().name, "d");
}

/// The same spans, each told while it still runs, too.
fn running(groups: &[crate::otlp::encode::Group]) -> Vec<crate::otlp::encode::Group> {
    let mut running = groups.to_vec();
    running.iter_mut().flat_map(|group| &mut group.spans).for_each(|span| span.end_ns = 0);
    running
}

#[test]
fn a_span_that_was_told_while_it_ran_is_one_span_and_has_ended() {
    let groups = spans(SHOP);
    let expected = rows(&filled(batches(&groups)), View::Recorded);
    let whole = filled(batches(&groups));
    let mut rng = fastrand::Rng::with_seed(5);
    for round in 0..50 {
        let mut all = [running(&groups), groups.clone()].concat();
        if round > 0 {
            rng.shuffle(&mut all);
        }
        let sent = match round % 2 {
            0 => batches(&all),
            // All in one request.
            _ => vec![
                crate::otlp::walk(
                    crate::otlp::encode::request(&all),
                    "t".into(),
                    crate::model::Origin::Grpc,
                    5,
                )
                .0,
            ],
        };
        let mut store = filled(sent);
        assert_eq!(rows(&store, View::Recorded), expected);
        assert_eq!((store.counters().received, store.counters().repeated, store.span_count()), (16, 8, 8));
        let (trace, of) = (whole.traces().next().unwrap(), store.traces());
        let same = of.map(|trace| store.trace(trace)).find(|held| held.id == whole.trace(trace).id).unwrap();
        assert_eq!((same.spans, same.duration_ns()), (7, whole.trace(trace).duration_ns()));
        let mut at = store.first_row(store.find_trace(same.id).unwrap(), View::Recorded);
        while let Some(row) = at {
            let span = store.decode(row).unwrap();
            assert!(span.end_ns > 0 && !store.slot(row).twin && store.record(row).end_ns == span.end_ns);
            at = store.next_row(row, View::Recorded, &|_| false);
        }
        store.evict(usize::MAX, &mut Vec::new());
        assert_eq!((store.payload, store.span_count()), (0, 0));
    }
}

#[test]
fn a_staircase_is_one_chain_in_whatever_order_it_comes() {
    const LEVELS: u64 = 6_000;
    let mut group = spans("job  s  internal  0..9").remove(0);
    let first = group.spans.remove(0);
    let mut all: Vec<_> = (0..LEVELS)
        .map(|n| crate::model::Span {
            span_id: SpanId(0x1000 + n),
            parent_id: SpanId(if n == 0 { 0 } else { 0xfff + n }),
            start_ns: first.start_ns + n,
            ..first.clone()
        })
        .collect();
    fastrand::Rng::with_seed(5).shuffle(&mut all);
    let groups: Vec<_> = all
        .into_iter()
        .map(|span| crate::otlp::encode::Group { spans: vec![span], ..group.clone() })
        .collect();
    let store = filled(batches(&groups));
    let trace = store.traces().next().unwrap();
    assert_eq!(store.roots(trace).count(), 1);
    let last = store.last_row(trace, View::Recorded, &|_| false).unwrap();
    assert_eq!(store.depth(last, View::Recorded) as u64, LEVELS - 1);
}

#[test]
fn who_repeats_ids_repeats_whole_requests() {
    let once = spans(
        "
        GET /cart  shop  server  0..50  get=/cart
          GET  shop  client  5..30
            GET /price  prices  server  10..25  get=/price
              query  prices  client  12..20
          late  mailer  internal  60..70
    ",
    );
    let all: Vec<_> = (0..4).flat_map(|times| again(&once, times * 200)).collect();
    let one = ["0", " 1", "  2", "   3", " 4"];
    let mut rng = fastrand::Rng::with_seed(11);
    for _ in 0..100 {
        let mut sent = batches(&all);
        rng.shuffle(&mut sent);
        let mut store = filled(sent);
        assert_eq!(rows(&store, View::Recorded), one.repeat(4));
        let trace = store.traces().next().unwrap();
        let root = store.first_row(trace, View::Recorded).unwrap();
        let starts: Vec<u64> = store.same_ids(root).map(|at| store.record(at).start_ns).collect();
        assert_eq!((starts.len(), store.count_same_ids(root)), (4, 4));
        assert!(starts.is_sorted());
        let repeated = batches(&all);
        repeated.into_iter().for_each(|batch| store.ingest(batch, &mut Arrived::default()));
        assert_eq!((store.span_count(), store.counters().repeated), (20, 20));
        let id = store.trace(trace).id;
        store.pin(id, rng.bool());
        store.clear();
        while store.is_deleting() {
            store.free_deleted(3, &mut Vec::new());
        }
        assert!(store.pinned().all(|trace| store.trace(trace).spans == 20));
        store.pin(id, false);
        store.evict(usize::MAX, &mut Vec::new());
        assert!(store.span_count() == 0 && store.twins.is_empty(), "nothing of them is left");
    }
}

#[test]
fn of_spans_with_one_id_none_takes_what_it_is_below() {
    let mut groups = spans(
        "a  s  internal  0..9\n  b  s  internal  5..9\na  s  internal  4..9  trace=1\nb  t  internal  1..2",
    );
    let (a, b) = (groups[0].spans[0].span_id, groups[1].spans[0].span_id);
    for (group, (id, parent)) in groups.iter_mut().zip([(a, SpanId::NONE), (b, a), (a, b), (b, a)]) {
        (group.spans[0].trace_id, group.spans[0].span_id, group.spans[0].parent_id) =
            (TraceId([7; 16]), id, parent);
    }
    let mut rng = fastrand::Rng::with_seed(12);
    for _ in 0..100 {
        let mut sent = batches(&groups);
        rng.shuffle(&mut sent);
        let drawn = rows(&filled(sent), View::Recorded).iter().filter(|row| !row.contains('[')).count();
        assert_eq!(drawn, 4);
    }
}

#[test]
fn what_is_told_while_it_runs_is_not_taken_for_another_span() {
    let groups = spans("job  s  internal  0..50");
    let told = |change: &dyn Fn(&mut crate::otlp::encode::Group)| {
        let mut early = running(&groups);
        change(&mut early[0]);
        let store = filled([batches(&early), batches(&groups)].concat());
        (store.span_count(), store.counters().repeated)
    };
    assert_eq!(told(&|_| ()), (1, 1));
    let mut store = filled(batches(&running(&groups)));
    store.part_resources();
    batches(&groups).into_iter().for_each(|batch| store.ingest(batch, &mut Arrived::default()));
    assert_eq!((store.span_count(), store.counters().repeated), (1, 1), "another process was started again");
    assert_eq!(told(&|early| early.spans[0].name = "job, named later".to_owned()), (1, 1));
    assert_eq!(told(&|early| early.spans[0].start_ns += 1), (2, 0));
    assert_eq!(told(&|early| early.spans[0].parent_id = SpanId(7)), (2, 0));
    assert_eq!(told(&|early| early.resource.attributes.clear()), (2, 0));
    assert_eq!(told(&|early| early.spans[0].end_ns = early.spans[0].start_ns + 1), (2, 0), "two ends");
}
