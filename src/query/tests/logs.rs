//! Queries of log records.

use super::*;
use crate::model::Origin;
use crate::otlp::walk_json;
use crate::store::{Arrived, Store};

const LOGS: &str = r#"{"resourceLogs":[{"resource":{"attributes":[
    {"key":"service.name","value":{"stringValue":"Shop"}},{"key":"host.name","value":{"stringValue":"box-7"}}]},
  "scopeLogs":[{"scope":{"name":"app.orders","version":"1.2"},"logRecords":[
    {"timeUnixNano":"1","severityNumber":17,"severityText":"ERROR","body":{"stringValue":"No Stock for tea"},
     "traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"a1a2a3a4a5a6a7a8",
     "attributes":[{"key":"http.route","value":{"stringValue":"/x"}},{"key":"event.name","value":{"stringValue":"old"}}]},
    {"timeUnixNano":"2","severityNumber":14,"body":{"stringValue":"slow: timeout"},
     "attributes":[{"key":"db.rows","value":{"intValue":"4711"}},{"key":"q","value":{"stringValue":"Größe"}}]},
    {"timeUnixNano":"3","severityNumber":9,"body":{"kvlistValue":{"values":[
     {"key":"user","value":{"stringValue":"tea lover"}},{"key":"n","value":{"intValue":"42"}}]}}},
    {"timeUnixNano":"4","eventName":"session.start","body":{}}]}]}]}"#;

fn store() -> Store {
    let batch = walk_json(LOGS.as_bytes(), "t".into(), Origin::HttpJson, 0).unwrap();
    let mut store = Store::new();
    store.ingest(batch, &mut Arrived::default());
    store
}

/// The times of those that match.
fn found(store: &Store, query: &str, seen: &Seen) -> String {
    let parsed = Query::parse_for(query, seen).unwrap_or_else(|e| panic!("{query}: {e} at {}", e.at));
    let again = Query::parse_for(&parsed.to_string(), seen).unwrap_or_else(|e| panic!("{parsed}: {e}"));
    assert_eq!(again, parsed, "{query}");
    let held = store.logs().filter_map(|key| store.log(key)).filter(|log| parsed.matches_log(log));
    held.map(|log| log.key.at_ns.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn conditions_of_one_log_record() {
    let (store, seen) = (store(), Seen::of(Asked::Logs));
    for (query, expected) in [
        ("", "1 2 3 4"),
        ("{ }", "1 2 3 4"),
        ("severity>=warn", "1 2"),
        ("severity>warn", "1"),
        ("severity=warn", "2"),
        ("severity=WARNING", "2"),
        ("severity=warn2", "2"),
        ("severity=warn3", ""),
        ("severity!=error", "2 3"),
        ("severity<=info", "3"),
        ("sev>=14", "1 2"),
        ("severity=13", ""),
        ("severity=nil", "4"),
        ("severityText=ERROR", "1"),
        ("service=Shop", "1 2 3 4"),
        ("service~shop tea", "1 3"),
        ("service=other", ""),
        ("body~timeout", "2"),
        ("body=\"slow: timeout\"", "2"),
        ("body=~\"slow: .*\"", "2"),
        ("body!~\"slow: .*\"", "1 3"),
        ("body=*stock*", ""),
        ("body=*Stock*", "1"),
        ("body=42", "3"),
        ("body>41 body<43", "3"),
        ("body=nil", "4"),
        ("http.route=/x", "1"),
        (".http.route!=nil", "1"),
        ("db.rows>4000", "2"),
        ("resource.host.name=box-7 -severity=nil", "1 2 3"),
        ("resource.http.route=/x", ""),
        (".event.name=old", "1"),
        ("traceId=0102", "1"),
        ("trace:id=0102 span=a1a2", "1"),
        ("span=nil", "2 3 4"),
        ("name=session*", "4"),
        ("event_name=session.start", "4"),
        ("event:name!=nil", "4"),
        ("scope=app.orders instrumentation:version=1.2", "1 2 3 4"),
        ("scope=other", ""),
        ("severity=error || body~timeout", "1 2"),
        ("!(severity=error || body~timeout)", "3 4"),
        ("{ severity >= warn && .db.rows = 4711 }", "2"),
        ("{ severity = error } || { name = session.start }", "1 4"),
        ("tea", "1 3"),
        ("TEA stock", "1"),
        ("4711", "2"),
        ("größe", "2"),
        ("session", "4"),
        ("shop", "1 2 3 4"),
        ("a1a2a3", "1"),
        ("finding", ""),
        ("db.rows", ""),
        ("x=y", ""),
    ] {
        assert_eq!(found(&store, query, &seen), expected, "{query}");
    }
}

#[test]
fn what_a_log_record_does_not_have_is_said_at_the_character() {
    let seen = Seen::of(Asked::Logs);
    for (query, at, message) in [
        (
            "tea duration>1s",
            4,
            "a log record has no duration, which is a field of spans; write .duration for an attribute",
        ),
        (
            "kind=server",
            0,
            "a log record has no kind, which is a field of spans; write .kind for an attribute",
        ),
        (
            "finding=x",
            0,
            "a log record has no finding, which is a field of spans; write .finding for an attribute",
        ),
        ("kidn=server", 0, "no field \"kidn\"; spans have kind; write .kidn for an attribute"),
        (
            "x severty>=warn",
            2,
            "no field \"severty\"; did you mean severity? write .severty for an attribute",
        ),
        (
            "{ severty >= warn }",
            2,
            "no field \"severty\"; did you mean severity? write .severty for an attribute",
        ),
        (
            "severity>=loud",
            10,
            "severity is one of trace, debug, info, warn, error, fatal, or a number from 1 to 24",
        ),
        ("severity>=wran", 10, "severity is never wran; did you mean warn?"),
        (
            "severity=99",
            9,
            "severity is one of trace, debug, info, warn, error, fatal, or a number from 1 to 24",
        ),
        ("severity~warn", 8, "severity is compared with > < >= <= = or !="),
        (
            "span.http.route=/x",
            0,
            "a log record has no span.…, which is for spans; write .span.http.route for an attribute",
        ),
        ("link.\"a b\"=1", 0, "a log record has no link.…, which is for spans"),
        (
            "{ body = a } && { body = b }",
            13,
            "&& is for spans of a trace; a log record stands alone: write both conditions within one pair of braces",
        ),
        ("{ body = a } > { body = b }", 13, "> is for spans of a trace; a log record stands alone"),
        ("{ } >> { }", 4, ">> is for spans of a trace; a log record stands alone"),
        ("{ } ~ { }", 4, "~ is for spans of a trace; a log record stands alone"),
        ("{ } { }", 4, "braces are joined with ||; what must hold too stands within them"),
        ("trace:idd=1", 0, "no field \"trace:idd\"; did you mean trace:id?"),
    ] {
        let error = Query::parse_for(query, &seen).expect_err(query);
        assert_eq!((error.at, error.to_string().as_str()), (at, message), "{query}");
    }
}

#[test]
fn keys_and_values_of_log_records_are_offered() {
    let store = store();
    let mut seen = Seen::of(Asked::Logs);
    (0..4).for_each(|_| seen.look(&store, 1));
    let offered = |text: &str| -> Vec<String> {
        complete(text, text.len(), &seen).into_iter().map(|offer| offer.text).collect()
    };
    assert_eq!(offered("sever"), ["severity", "severityText"]);
    assert_eq!(offered("severity>="), ["fatal", "error", "warn", "info", "debug", "trace"]);
    assert_eq!(offered("severity "), ["=", "!=", ">", ">=", "<", "<="]);
    assert_eq!(offered("severityText="), ["ERROR"]);
    assert_eq!(offered("tea serv"), ["service", "service.name"]);
    assert_eq!(offered("service="), ["Shop"]);
    assert_eq!(offered("http"), ["http.route"]);
    assert_eq!(offered("http.route="), ["/x"]);
    assert_eq!(offered("resource.h"), ["resource.host.name"]);
    assert_eq!(offered("name="), ["session.start"]);
    assert_eq!(offered("scope="), ["app.orders"]);
    // What only spans have is not.
    assert_eq!(offered("dur"), [""; 0]);
    assert!(offered("").iter().all(|offer| offer != "kind" && offer != "finding"));
    // And an attribute that was seen is one.
    assert_eq!(found(&store, "event.name=old", &seen), "1");
}
