//! Queries both ways: what they match and what they leave, and what is said of those that are none.

use super::*;
use crate::model::{Event, Link, SpanId, StatusCode, TraceId, Value};
use crate::otlp::encode::Group;
use crate::testkit::{Bench, batches, spans};

mod logs;

const SHOP: &str = "
GET /users/{id}  shop  server  0..120  noflags http.request.method=GET http.response.status_code=500 error
  validate       shop  internal  5..15  cart.items=3
  GET            shop  client  20..100  call=http://users/7 server.port=9000
    /users       users  server  30..90  http.route=/users/:id retries=\"2\" resource.host.name=box-7
      SELECT     users  client  40..80  db.system=sqlite scope=sqlx@0.8
poll             worker  consumer  10..12  trace=2
  tick           worker  internal  11..12  trace=2";

fn bench() -> Bench {
    let mut groups: Vec<Group> = spans(SHOP);
    let span = &mut groups[3].spans[0];
    span.status = StatusCode::Error;
    span.status_message = "no such user".into();
    span.events.push(Event {
        name: "exception".into(),
        time_ns: span.start_ns + 5_000_000,
        attributes: vec![("exception.type".into(), Value::Str("NotFound".into()))],
        ..Event::default()
    });
    span.links.push(Link { trace_id: TraceId([2; 16]), span_id: SpanId(0x1005), ..Link::default() });
    let list = vec![Value::Str("a".into()), Value::Int(7)];
    span.attributes.push(("tags".into(), Value::Array(list)));
    span.attributes.push(("flag".into(), Value::Bool(true)));
    span.attributes.push(("key with blanks".into(), Value::Double(0.5)));
    let mut bench = Bench::default();
    bench.take(batches(&groups)).finish();
    bench
}

/// The names of all matching spans of matching traces.
fn found(bench: &Bench, query: &str) -> Vec<String> {
    let query = Query::parse(query).unwrap_or_else(|e| panic!("{query}: {e} at {}", e.at));
    let (store, diagnosis) = (&bench.0.store, &bench.0.diagnosis);
    let spans = store.traces().flat_map(|trace| query.spans_of(store, diagnosis, trace));
    spans.map(|at| store.name(at).into_owned()).collect()
}

const ALL: &[&str] = &["GET /users/{id}", "validate", "GET", "/users", "SELECT", "poll", "tick"];

#[test]
fn conditions_of_one_span() {
    let bench = bench();
    for (query, expected) in [
        ("", ALL),
        ("{ }", ALL),
        ("kind=server", &["GET /users/{id}", "/users"]),
        ("kind = SERVER && service != users", &["GET /users/{id}"]),
        ("span:kind!=server trace=0101", &["validate", "GET", "SELECT"]),
        ("status=error", &["GET /users/{id}", "/users"]),
        ("dur>=100ms", &["GET /users/{id}"]),
        ("duration < 11ms duration>1.5ms", &["validate", "poll"]),
        ("duration > 0.08s", &["GET /users/{id}"]),
        ("name=GET", &["GET"]),
        ("name=GET*", &["GET /users/{id}", "GET"]),
        ("name=\"GET*\"", &[]),
        ("name=~\"GET.*\"", &["GET /users/{id}", "GET"]),
        ("name=~GE", &[]),
        ("name!~GET.*", &["validate", "/users", "SELECT", "poll", "tick"]),
        ("name~user", &["GET /users/{id}", "/users"]),
        ("statusMessage~USER", &["/users"]),
        ("service=users", &["/users", "SELECT"]),
        ("resource.service.name = \"worker\"", &["poll", "tick"]),
        (".service.name=worker", &["poll", "tick"]),
        ("span.service.name=worker", &[]),
        ("resource.host.name=box*", &["/users"]),
        ("http.response.status_code>=500", &["GET /users/{id}"]),
        ("{ span.http.response.status_code >= 500 && duration > 100ms }", &["GET /users/{id}"]),
        ("{ span.http.response.status_code >= 500 && duration > 200ms }", &[]),
        ("http.response.status_code=500", &["GET /users/{id}"]),
        ("http.response.status_code=\"500\"", &[]),
        ("http.route~users", &["/users"]),
        ("http.route = nil trace=02", &["poll", "tick"]),
        ("http.route != nil", &["/users"]),
        ("http.route != /x", &["/users"]),
        ("-http.route=/x kind=server", &["GET /users/{id}", "/users"]),
        ("retries>1", &["/users"]),
        ("retries=2", &["/users"]),
        ("retries=\"2\"", &["/users"]),
        ("tags=a tags=7", &["/users"]),
        ("tags!=a", &[]),
        ("flag=true", &["/users"]),
        ("flag=false", &[]),
        (".\"key with blanks\">0.4", &["/users"]),
        ("server.port=9kb", &[]),
        ("server.port<9KiB", &["GET"]),
        ("event=exception", &["/users"]),
        ("event:timeSinceStart=5ms", &["/users"]),
        ("event.exception.type=NotFound", &["/users"]),
        ("exception.type=NotFound", &[]),
        ("link:traceID=0202020202020202", &["/users"]),
        ("link:spanID=0000000000001005", &["/users"]),
        ("instrumentation:name=sqlx", &["SELECT"]),
        ("instrumentation:version=0.8", &["SELECT"]),
        ("span=0000000000001006", &["tick"]),
        ("span:parentID=0000000000001005", &["tick"]),
        ("parent=nil", &["GET /users/{id}", "poll"]),
        ("parent=root", &["GET /users/{id}", "poll"]),
        ("parent!=nil trace:spans<3", &["tick"]),
        ("parent=remote", &["/users"]),
        ("parent.server.port=9000", &["/users"]),
        ("children>1", &["GET /users/{id}"]),
        ("trace:errors=2 kind=client", &["GET", "SELECT"]),
        ("traceDuration<100ms", &["poll", "tick"]),
        ("rootName=poll", &["poll", "tick"]),
        ("rootServiceName=worker", &["poll", "tick"]),
        ("(kind=server || kind=client) -service=users", &["GET /users/{id}", "GET"]),
        ("!(kind=server || kind=client) service=shop", &["validate"]),
    ] {
        assert_eq!(found(&bench, query), expected, "{query}");
    }
}

#[test]
fn a_word_occurs_somewhere() {
    let bench = bench();
    for (query, expected) in [
        ("select", &["SELECT"][..]),
        ("worker", &["poll", "tick"]),
        ("notfound", &["/users"]),
        ("\"no such\"", &["/users"]),
        ("sqlite", &["SELECT"]),
        ("9000", &["GET"]),
        ("true", &["/users"]),
        ("0202", &["poll", "tick"]),
        ("u*7", &["GET"]),
        ("\"u*7\"", &[]),
        ("GET /users/{id}", &["GET /users/{id}"]),
        ("get -500", &["GET"]),
        ("http.route", &[]),
    ] {
        assert_eq!(found(&bench, query), expected, "{query}");
    }
}

#[test]
fn spans_and_what_is_around_them() {
    let bench = bench();
    for (query, expected) in [
        ("{ kind=server } > { kind=client }", &["GET", "SELECT"][..]),
        ("{ kind=client } > { kind=client }", &[]),
        ("{ service=shop } >> { name=\"SELECT\" }", &["SELECT"]),
        ("{ service=shop } > { kind=client } > { kind=server }", &["/users"]),
        ("{ service=shop } > { name=\"SELECT\" }", &[]),
        ("{ kind=client } ~ { kind=internal }", &["validate"]),
        ("{ kind=internal } ~ { kind=internal }", &[]),
        ("{ kind=server } && { kind=consumer }", &[]),
        ("{ name=poll } && { name=tick }", &["poll", "tick"]),
        ("{ name=poll } || { name=SELECT }", &["SELECT", "poll"]),
        ("{ name=tick } && ({ name=nothing } || { name=poll })", &["poll", "tick"]),
        ("({ service=shop } || { service=users }) > { kind=server }", &["/users"]),
    ] {
        assert_eq!(found(&bench, query), expected, "{query}");
    }
}

#[test]
fn findings_are_asked_for_by_their_rules() {
    let mut bench = Bench::default();
    let merged = "
        run  shop  internal  0..900  lost
          GET /a  shop  internal  100..120  get=/a
            query  shop  client  105..109
          GET /b  shop  internal  200..220  get=/b
          GET /c  shop  internal  300..320  get=/c
        GET /own  shop  server  500..510  get=/own trace=2";
    bench.take(crate::testkit::by_end(merged)).finish();
    let entries = ["GET /a", "GET /b", "GET /c"];
    assert_eq!(found(&bench, "finding=merged*"), entries);
    assert_eq!(found(&bench, "finding=merged-under-local-span finding:severity!=info"), entries);
    assert_eq!(found(&bench, "finding finding:severity=error"), entries);
    assert_eq!(found(&bench, "finding=clock-skew"), [""; 0]);
    assert_eq!(found(&bench, "parent=missing"), entries);
    assert_eq!(found(&bench, "{ finding=merged* } > { }"), ["query"]);
}

#[test]
fn an_error_points_at_the_character() {
    for (query, at, message) in [
        ("kind=servr", 5, "kind is never servr; did you mean server?"),
        ("kind=x", 5, "kind is one of server, client, producer, consumer, internal, unspecified"),
        ("kind>server", 4, "kind is compared with = or !="),
        ("dur>100", 4, "100 is not a duration; write 100ms, 1.5s or 2m; did you mean 100ms?"),
        ("dur~1s", 3, "duration is compared with > < >= <= = or !="),
        ("kidn=server", 0, "no field \"kidn\"; did you mean kind? write .kidn for an attribute"),
        (
            "dur>1s sttaus=error",
            7,
            "no field \"sttaus\"; did you mean status? write .sttaus for an attribute",
        ),
        ("-duraton>1s", 1, "no field \"duraton\"; did you mean duration? write .duraton for an attribute"),
        ("serv=shop", 0, "no field \"serv\"; did you mean service? write .serv for an attribute"),
        ("{ kidn = server }", 2, "no field \"kidn\"; did you mean kind? write .kidn for an attribute"),
        (
            "severty>=warn",
            0,
            "no field \"severty\"; log records have severity; write .severty for an attribute",
        ),
        ("a body~x", 2, "a span has no body, which is a field of log records; write .body for an attribute"),
        ("a span:nam=x", 2, "no field \"span:nam\"; did you mean span:name?"),
        ("finding=mergd*", 8, "there is no rule mergd*; did you mean merged-under-local-span?"),
        ("trace=xyz", 6, "xyz is not an id; write its hexadecimal digits, or the first of them"),
        ("name=~\"(\"", 6, "not a regular expression: unclosed group"),
        ("name=~\"\\\\w{999}{999}\"", 6, "the regular expression is too large"),
        ("name=", 5, "a value is missing after ="),
        ("ü name=", 7, "a value is missing after ="),
        ("=5", 0, "a field is missing before =: duration > 100ms"),
        ("(a b", 0, "this ( is not closed"),
        ("a)", 1, "this ) closes nothing"),
        ("a || ", 5, "a condition is missing here: duration > 100ms"),
        ("\"abc", 0, "this text does not end: a quote is missing"),
        ("{ kind=server", 13, "a } is missing"),
        ("{ kind=server } kind=client", 16, "conditions stand within the braces"),
        ("{ } | count() > 2", 4, "pipelines such as | count() are not understood"),
        ("dur>1s { }", 7, "braces stand around all conditions: { kind = server && … }"),
        ("{ } { }", 4, "spansets are joined with && || > >> or ~"),
        ("{ } && dur>1s", 7, "a spanset is expected here: { … }"),
        ("{ } < { }", 4, "of two spansets the upper one stands on the left: {above} > {below}"),
        ("{ .a = .b }", 7, "fields are not compared with each other; text stands in quotes"),
        ("({ } && { }) > { }", 13, "what && joins is a trace, and no spans to stand above or below others"),
        ("name>nil", 4, "nil goes with = and !=, not with >"),
        ("span.=1", 0, "a key is missing after span."),
        ("\"name\"=x", 0, "a field has no quotes; did you mean .\"name\"?"),
    ] {
        let error = Query::parse(query).expect_err(query);
        assert_eq!((error.at, error.to_string().as_str()), (at, message), "{query}");
    }
    let error = Query::parse("kind=servr").unwrap_err();
    assert_eq!(error.pointing("kind=servr"), "kind=servr\n     ^");
    let wide = "日本\tname=";
    assert_eq!(Query::parse(wide).unwrap_err().pointing(wide), "日本 name=\n          ^");
    let deep = "(".repeat(100);
    assert_eq!(Query::parse(&deep).unwrap_err().message, "this is nested too deeply");
    assert!(Query::parse(&"a ".repeat(5_000)).is_err());
    assert!(Query::parse(&vec!["{ }"; 33].join(" && ")).is_err());
    assert!(Query::parse(&vec!["{ }"; 400].join(" > ")).is_ok());
}

#[test]
fn an_attribute_is_one_whatever_it_is_nearly_called() {
    let mut bench = Bench::default();
    bench.take(batches(&spans("GET  shop  server  0..1  kidn=7 state=open room=12 severity=high"))).finish();
    // With a dot always; without one what is no field's neighbour, and what was seen.
    for query in [".kidn=7", "span.kidn=7", "state=open", "-kid=7", ".room=12", ".severity=high"] {
        assert_eq!(found(&bench, query), ["GET"], "{query}");
    }
    let mut seen = Seen::default();
    let said = |query: &str, seen: &Seen| Query::parse_for(query, seen).map(|query| query.to_string());
    assert!(said("room=12", &seen).is_err() && said("severity=high", &seen).is_err());
    seen.look(&bench.0.store, 100);
    assert_eq!(said("kidn=7", &seen).unwrap(), ".kidn = 7");
    assert!(said("room=12 severity=high", &seen).is_ok());
    assert!(said("knid=7", &seen).is_err());
    let offered = complete("kid", 3, &seen);
    assert_eq!(offered.iter().map(|offer| offer.text.as_str()).collect::<Vec<_>>(), ["kidn"]);
}

const PIECES: &[&str] = &[
    "kind",
    "=",
    "server",
    " ",
    "&&",
    "||",
    "(",
    ")",
    "{",
    "}",
    "!",
    "-",
    ">",
    ">>",
    "~",
    "=~",
    "!~",
    "!=",
    "\"",
    "`",
    "dur",
    "100ms",
    ".a",
    "span.",
    "nil",
    "*",
    "a.b",
    "7",
    "0.5",
    "ü",
    "\\",
    "finding",
    "\n",
    "<=",
    "|",
    "{ }",
    "true",
    "name=\"a b\"",
    "{ name=x }",
    "&",
    "trace:id",
    "1kb",
    "severity>=warn",
    "body",
];

#[test]
fn what_is_printed_is_read_back_as_the_same_and_nothing_panics() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut read = 0;
    for round in 0..4_000 {
        let text: String = if round % 4 == 0 {
            let bytes: Vec<u8> = (0..rng.usize(0..40)).map(|_| rng.u8(..)).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            (0..rng.usize(1..14)).map(|_| PIECES[rng.usize(..PIECES.len())]).collect()
        };
        let seen = Seen::of(if round % 2 == 0 { Asked::Spans } else { Asked::Logs });
        let cursor = text.char_indices().map(|(at, _)| at).nth(rng.usize(0..20)).unwrap_or(text.len());
        let _ = complete(&text, cursor, &seen);
        match Query::parse_for(&text, &seen) {
            Ok(query) => {
                read += 1;
                let printed = query.to_string();
                let again = Query::parse_for(&printed, &seen)
                    .unwrap_or_else(|e| panic!("{text:?} → {printed:?}: {e}"));
                assert_eq!(again, query, "{text:?} → {printed:?}");
            }
            Err(error) => assert!(error.at <= text.chars().count() && !error.message.is_empty(), "{text:?}"),
        }
    }
    assert!(read > 300, "{read}");
}

#[test]
fn completion_offers_what_was_seen() {
    let bench = bench();
    let mut seen = Seen::default();
    (0..10).for_each(|_| seen.look(&bench.0.store, 3));
    let offered = |text: &str| -> Vec<String> {
        complete(text, text.len(), &seen).into_iter().map(|offer| offer.text).collect()
    };
    assert_eq!(offered("ki"), ["kind"]);
    assert_eq!(offered("kind"), ["=", "!="]);
    let named = offered("name");
    assert_eq!(named[0], "=", "before what only contains it: {named:?}");
    assert!(named.iter().any(|name| name.contains("host.name")), "{named:?}");
    assert_eq!(offered("kind="), ["server", "client", "producer", "consumer", "internal", "unspecified"]);
    assert_eq!(offered("kind=s"), ["server", "consumer", "unspecified"]);
    assert_eq!(offered("{ kind = server && service = u"), ["users"]);
    assert_eq!(offered("name=\"GET /"), ["\"GET /users/{id}\""]);
    assert_eq!(offered("http.ro"), ["http.route"]);
    assert_eq!(offered("span.http.ro"), ["span.http.route"]);
    assert_eq!(offered("resource.h"), ["resource.host.name"]);
    assert_eq!(offered("http.response.status_code>="), ["500"]);
    assert_eq!(offered(".key"), [".\"key with blanks\""]);
    assert_eq!(offered("finding=merged"), ["merged-under-local-span"]);
    assert_eq!(offered("event=ex"), ["exception"]);
    assert_eq!(offered("dur "), ["=", "!=", ">", ">=", "<", "<="]);
    assert_eq!(offered("name=\"a\" ser")[0], "service");
    assert!(offered("x \"open").is_empty());
    let whole = complete("a kind=ser", 10, &seen);
    assert_eq!(whole[0].replaces, 7..10);
    for (level, key) in
        [(Level::Own, "http.route"), (Level::Resource, "host.name"), (Level::Event, "exception.type")]
    {
        assert!(seen.keys(level).any(|known| known == key), "{key}");
    }
    for offer in offered("").iter().filter(|offer| !offer.ends_with('.')) {
        assert!(Query::parse_for(&format!("{offer} != nil"), &seen).is_ok(), "{offer}");
    }
}

#[test]
fn what_still_runs_has_no_duration_yet() {
    let mut groups = spans("ran  s  internal  0..5\nruns  s  internal  0..5  trace=2");
    groups[1].spans[0].end_ns = 0;
    let mut bench = Bench::default();
    bench.take(batches(&groups));
    assert_eq!(found(&bench, "dur<1s"), ["ran"]);
    assert_eq!(found(&bench, "dur>=0s"), ["ran"]);
    assert_eq!(found(&bench, "name=runs"), ["runs"]);
}
