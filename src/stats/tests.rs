//! What is counted depends neither on the order of arrival nor on how often a span is delivered.

use super::{Calls, Example, KINDS, LOCALITIES, ServiceIx};
use crate::model::{Batch, SpanId, SpanKind, TraceId};
use crate::otlp::encode::Group;
use crate::session::{Clock, Session};
use crate::testkit::{EPOCH_NS, MS, again, batches, by_end, spans};

fn session(batches: impl IntoIterator<Item = Batch>) -> Session {
    let mut session = Session::new(1 << 30, Clock::Stream);
    batches.into_iter().for_each(|batch| session.take(batch));
    session.finish();
    session
}

fn calls(calls: &Calls) -> String {
    let ms = |share| calls.durations.quantile(share).map_or(0, |ns| (ns + MS / 2) / MS);
    format!("{} calls {} errors {}..{} ms", calls.count(), calls.errors, ms(0.0), ms(1.0))
}

/// Everything that is told, a line each, in an order of its own.
fn told(session: &Session) -> Vec<String> {
    let (stats, store) = (&session.stats, &session.store);
    let name = |at: ServiceIx| stats.service(at).unwrap().name.clone().unwrap_or("(other)".to_owned());
    let text = |number: Option<u32>| number.and_then(|number| store.text(number)).unwrap_or("?").to_owned();
    let mut lines = Vec::new();
    for (at, service) in stats.services() {
        let name = name(at);
        lines.push(format!("{name}: {} spans {} errors", service.spans, service.errors));
        lines.push(format!("{name}: entries {}", calls(&service.entries)));
        for (kind, row) in KINDS.iter().zip(&service.matrix) {
            for (locality, n) in LOCALITIES.iter().zip(row).filter(|(_, n)| **n > 0) {
                lines.push(format!("{name}: {kind} {locality:?} {n}"));
            }
        }
        for operation in service.operations.iter().map(|at| stats.operation(*at).unwrap()) {
            let (kind, id) = (operation.kind, |example: Example| example.span.0 & 0xfff);
            let examples = (operation.slowest.map(id), operation.latest_error.map(id));
            let operation_name = text(operation.name);
            lines.push(format!("{name}: {kind} {operation_name} {} {examples:?}", calls(&operation.calls)));
        }
        for scope in &service.scopes {
            let (scope_name, version) = scope.scope.clone().unwrap();
            lines.push(format!("{name}: {scope_name}@{version} {} spans", scope.spans()));
        }
    }
    for (_, edge) in stats.edges() {
        lines.push(format!("{} → {} {}", name(edge.caller), name(edge.callee), calls(&edge.calls)));
    }
    for (_, edge, peer) in stats.unanswered() {
        let peer = peer.map_or("nobody".to_owned(), |peer| {
            let system = peer.system.map(|system| format!("{} ", text(Some(system)))).unwrap_or_default();
            let port = if peer.port == 0 { String::new() } else { format!(":{}", peer.port) };
            format!("{:?} {system}{}{port}", peer.sort, text(peer.name))
        });
        lines.push(format!("{} → [{peer}] {}", name(edge.caller), calls(&edge.calls)));
    }
    lines.sort();
    lines
}

const SHOP: &str = "
GET /cart  shop  server  0..100  remote
  GET  shop  client  5..60  call=http://price:9000/price/7
    GET /price/7  price  server  10..50  scope=fastapi@0.50b0
      SELECT  price  client  20..30  db.system=postgresql db.name=prices error
  GET  shop  client  62..70  call=http://mail.example.com/send
  orders publish  shop  producer  71..75  messaging.system=kafka messaging.destination.name=orders
  audit publish  shop  producer  76..77  messaging.system=kafka messaging.destination.name=audit
  S3.Get  shop  client  80..90  rpc.system=aws-api rpc.service=S3
    GET  shop  client  81..89  call=http://s3.local:9000/k
  think  shop  internal  91..92
orders process  worker  consumer  200..210  trace=2 messaging.destination.name=orders messaging.system=kafka
";

fn has(lines: &[String], wanted: &str) {
    assert!(lines.iter().any(|line| line == wanted), "no {wanted} in\n{}", lines.join("\n"));
}

#[test]
fn a_shop_is_counted() {
    let lines = told(&session(by_end(SHOP)));
    for wanted in [
        "shop: 8 spans 0 errors",
        "price: 2 spans 1 errors",
        "shop: CLIENT Local 4",
        "price: SERVER Remote 1",
        "price: entries 1 calls 0 errors 40..40 ms",
        "shop: entries 1 calls 0 errors 100..100 ms",
        "price: fastapi@0.50b0 1 spans",
        "shop → price 1 calls 0 errors 40..40 ms",
        "price → [Database postgresql prices] 1 calls 1 errors 10..10 ms",
        "shop → [Host mail.example.com] 1 calls 0 errors 8..8 ms",
        "shop → [Destination audit] 1 calls 0 errors 1..1 ms",
        "shop → [Host s3.local:9000] 1 calls 0 errors 8..8 ms",
    ] {
        has(&lines, wanted);
    }
    let unanswered = lines.iter().filter(|line| line.contains("→ [")).count();
    assert_eq!(unanswered, 4, "who answers, and who is only a layer of a call, is no peer: {lines:#?}");
}

#[test]
fn the_order_of_arrival_and_repeated_deliveries_do_not_show() {
    let groups = spans(SHOP);
    let expected = told(&session(batches(&groups)));
    let mut rng = fastrand::Rng::with_seed(3);
    for round in 0..60 {
        let mut shuffled = groups.clone();
        if round % 2 == 0 {
            shuffled.extend(groups.iter().filter(|_| rng.bool()).cloned());
        }
        rng.shuffle(&mut shuffled);
        let batches = if round % 3 == 0 {
            vec![
                crate::otlp::walk(
                    crate::otlp::encode::request(&shuffled),
                    "all".into(),
                    crate::model::Origin::Grpc,
                    0,
                )
                .0,
            ]
        } else {
            batches(&shuffled)
        };
        assert_eq!(told(&session(batches)), expected, "round {round}");
    }
}

#[test]
fn a_peer_that_answers_is_no_longer_one_that_is_only_called() {
    let sketch = "
call  shop  client  0..100  call=http://price:9000/a trace=1
  answer  price  server  10..50
call  shop  client  0..100  call=http://price:9000/a trace=2
call  till  client  0..100  call=http://price:9000/a trace=3
";
    let mut groups = spans(sketch);
    let answer = groups.remove(1);
    let mut session = session(batches(&groups));
    has(&told(&session), "shop → [Host price:9000] 2 calls 0 errors 100..100 ms");
    has(&told(&session), "till → [Host price:9000] 1 calls 0 errors 100..100 ms");
    batches(&[answer]).into_iter().for_each(|batch| session.take(batch));
    let lines = told(&session);
    has(&lines, "shop → price 1 calls 0 errors 40..40 ms");
    assert!(
        !lines.iter().any(|line| line.contains('[')),
        "one that answers once is instrumented: {lines:#?}"
    );
}

#[test]
fn what_diagnosis_cuts_is_no_call_and_starts_a_request() {
    let mut sketch =
        "run  shop  internal  0..9000  scope=opentelemetry.instrumentation.click@0.50b0\n".to_owned();
    for n in 0..24 {
        let at = 100 + n * 300;
        sketch += &format!("  GET /a  shop  internal  {at}..{}  get=/a/{n}\n", at + 20);
    }
    let lines = told(&session(by_end(&sketch)));
    has(&lines, "shop: entries 25 calls 0 errors 20..9000 ms");
    let mut session = Session::new(1 << 30, Clock::Stream);
    let remote = "
call  front  client  0..10  call=http://shop/a
  GET /a  shop  server  2..8
";
    by_end(remote).into_iter().for_each(|batch| session.take(batch));
    has(&told(&session), "front → shop 1 calls 0 errors 6..6 ms");
    let before = told(&session);
    let trace = session.store.traces().next().unwrap();
    let at = session.store.find_span(trace, SpanId(0x1001)).unwrap();
    for (cut, edges) in [(true, 0), (false, 1), (true, 0), (false, 1)] {
        session.store.set_cut(at, cut);
        session.stats.cut(&session.store, at, cut);
        assert_eq!(session.stats.edges().count(), edges, "cut: {cut}");
        has(&told(&session), "shop: entries 1 calls 0 errors 6..6 ms");
    }
    assert_eq!(told(&session), before);
}

#[test]
fn two_sides_of_a_call_with_one_id_keep_their_children_apart() {
    let sketch = "
GET /  shop  server  0..100  remote
  get  shop  client  10..90  noflags server.address=price
  get  price  server  20..80  noflags same=1
";
    let mut groups = spans(sketch);
    let mut inner = groups[2].clone();
    inner.spans[0].span_id = SpanId(0x2000);
    inner.spans[0].parent_id = SpanId(0x1001);
    inner.spans[0].kind = SpanKind::Internal;
    groups.push(inner);
    let expected = told(&session(batches(&groups)));
    has(&expected, "shop → price 1 calls 0 errors 60..60 ms");
    assert!(!expected.iter().any(|line| line.contains('[')), "{expected:#?}");
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..24 {
        rng.shuffle(&mut groups);
        assert_eq!(told(&session(batches(&groups))), expected);
    }
}

#[test]
fn who_repeats_ids_repeats_whole_requests() {
    let once = spans(
        "
        GET /cart  shop  server  0..90  get=/cart
          GET  shop  client  5..80  call=http://prices/price
            GET /price  prices  server  20..60  get=/price
              SELECT  prices  client  30..40  db.system=postgresql
              GET  prices  client  42..50  call=http://rates/rate
                GET /rate  rates  server  43..49  get=/rate
        ",
    );
    let all: Vec<Group> = (0..12).flat_map(|times| again(&once, times * 200)).collect();
    let expected = told(&session(batches(&all)));
    has(&expected, "shop → prices 12 calls 0 errors 40..40 ms");
    has(&expected, "prices → rates 12 calls 0 errors 6..6 ms");
    let mut rng = fastrand::Rng::with_seed(13);
    for _ in 0..50 {
        let mut sent = batches(&all);
        rng.shuffle(&mut sent);
        assert_eq!(told(&session(sent)), expected);
    }
}

#[test]
fn a_hub_that_comes_last_finds_all_of_its_callees() {
    let mut groups = spans("hub  shop  client  0..100\n  answer  price  server  10..50\n");
    let answer = groups.pop().unwrap();
    let mut all: Vec<Group> = (0..3_000_u64)
        .map(|n| {
            let mut group = answer.clone();
            group.spans[0].span_id = SpanId(0x9000 + n);
            group
        })
        .collect();
    all.append(&mut groups);
    let counted = session(batches(&all)).stats.edges().map(|(_, edge)| edge.calls.count()).sum::<u64>();
    assert_eq!(counted, 3_000);
}

#[test]
fn what_is_evicted_stays_counted() {
    let mut session = Session::new(3 << 20, Clock::Stream);
    for n in 0..6_000_u64 {
        let mut groups = spans("call  shop  client  0..100\n  answer  price  server  10..50\n");
        for span in groups.iter_mut().flat_map(|group| &mut group.spans) {
            span.trace_id = TraceId(u128::from(n + 1).to_be_bytes());
            span.start_ns = EPOCH_NS + n * MS;
            span.end_ns = span.start_ns + 7 * MS;
        }
        batches(&groups).into_iter().for_each(|batch| session.take(batch));
    }
    assert!(session.store.counters().evicted_spans > 0);
    let call = session.stats.services().next().unwrap().1.operations[0];
    let call = session.stats.operation(call).unwrap();
    assert_eq!(call.calls.durations.longest_ns(), 7 * MS);
    assert!(call.slowest.unwrap().is_held(&session.store), "an example that can still be shown");
    let edges: Vec<String> = told(&session).into_iter().filter(|line| line.contains('→')).collect();
    assert_eq!(edges, ["shop → price 6000 calls 0 errors 7..7 ms"]);
}

#[test]
fn there_are_never_more_rows_than_can_be_kept() {
    let template = spans("name  shop  internal  0..1\n").remove(0);
    let mut groups = Vec::new();
    for n in 0..40_000_u64 {
        let mut group = template.clone();
        group.spans[0].name = format!("name {n}");
        group.spans[0].span_id = SpanId(n + 1);
        groups.push(group);
    }
    for n in 0..3_000_u64 {
        let mut group = template.clone();
        group.resource.attributes[0].1 = crate::model::Value::Str(format!("service {n}"));
        group.scope.name = format!("scope {n}");
        group.spans[0].span_id = SpanId(100_000 + n);
        groups.push(group);
    }
    let bytes = crate::otlp::encode::request(&groups);
    let session = session([crate::otlp::walk(bytes, "many".into(), crate::model::Origin::Grpc, 0).0]);
    let stats = &session.stats;
    assert!(stats.services().count() <= 1_001, "{}", stats.services().count());
    let operations: usize = stats.services().map(|(_, service)| service.operations.len()).sum();
    assert!(operations <= 9_000, "{operations}");
    let of = |sum: fn(&super::Service) -> u64| stats.services().map(|(_, service)| sum(service)).sum::<u64>();
    assert_eq!(of(|service| service.spans), 43_000);
    assert_eq!(of(|service| service.scopes.iter().map(super::ScopeCount::spans).sum()), 43_000);
    let shop = stats.services().next().unwrap().1;
    let counted: u64 = shop.operations.iter().map(|at| stats.operation(*at).unwrap().calls.count()).sum();
    let other = shop.operations.iter().map(|at| stats.operation(*at).unwrap()).find(|o| o.name.is_none());
    assert_eq!((counted, other.unwrap().calls.count()), (40_000, 39_000));
    assert!(stats.memory() < 8 << 20, "{}", stats.memory());
}

#[test]
fn a_span_that_was_told_while_it_ran_is_counted_once() {
    let groups = spans(
        "GET /a  shop  server  0..90  get=/a\n  call  shop  client  1..80  call=http://price/\n    answer  price  server  10..50\n  db  shop  client  82..85  call=http://db/\n",
    );
    let expected = told(&session(batches(&groups)));
    let mut running = groups.clone();
    running.iter_mut().flat_map(|group| &mut group.spans).for_each(|span| span.end_ns = 0);
    let mut rng = fastrand::Rng::with_seed(2);
    for round in 0..50 {
        let mut all = [running.clone(), groups.clone()].concat();
        if round > 0 {
            rng.shuffle(&mut all);
        }
        assert_eq!(told(&session(batches(&all))), expected);
        // Several in one request.
        let requests = all.chunks(rng.usize(2..=all.len())).map(|some| {
            let request = crate::otlp::encode::request(some);
            crate::otlp::walk(request, "some".into(), crate::model::Origin::Grpc, 0).0
        });
        assert_eq!(told(&session(requests)), expected, "round {round}");
    }
}

#[test]
fn an_end_that_comes_with_its_caller_is_counted_once() {
    let groups = spans("GET /a  shop  client  0..90\n  call  price  server  10..80\n");
    let expected = told(&session(batches(&groups)));
    let mut running = groups.clone();
    running.iter_mut().flat_map(|group| &mut group.spans).for_each(|span| span.end_ns = 0);
    let request = |some: &[Group]| {
        let request = crate::otlp::encode::request(some);
        crate::otlp::walk(request, "some".into(), crate::model::Origin::Grpc, 0).0
    };
    for first in [&running[..1], &running[1..], &running] {
        assert_eq!(told(&session([request(first), request(&groups)])), expected);
    }
}
