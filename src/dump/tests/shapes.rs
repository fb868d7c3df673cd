//! Every format in every shape; one bad record among good ones.

use super::*;

#[test]
fn otlp_json_in_every_shape() {
    let (a, b) = (otlp(&[otlp_span(1, "a")]), otlp(&[otlp_span(2, "b"), otlp_span(3, "c")]));
    let logs = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{}]}]}]}"#;
    let metrics = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{}]}]}]}"#;
    for text in [
        format!("{a}\n{b}\n"),
        format!("{a}{b}"),
        format!("{}\n{}", pretty(&a), pretty(&b)),
        format!("{}{}\n\n", pretty(&a), pretty(&b)),
        format!("\u{feff}{a}\r\n\r\n{b}"),
        format!("[{a},\n{b}]"),
        format!("[\n{}\n]", [pretty(&a), pretty(&b)].join(",\n")),
        format!("{logs}\n{a}\n\n{metrics}\n{b}\n{logs}"),
    ] {
        let outcome = dump(&text);
        assert_eq!(outcome.names(), ["a", "b", "c"], "{text}");
        assert_eq!(outcome.rejections(), []);
        assert_eq!(outcome.batches[0].origin, Origin::Dump("otlp-json"));
        assert_eq!(outcome.result.unwrap().bytes, text.len() as u64);
    }
    let mixed = dump(format!("{logs}\n{a}\n{metrics}\n")).result.unwrap();
    assert_eq!((mixed.logs, mixed.metrics, mixed.batches, mixed.spans), (2, 1, 3, 1));
    let lines = dump(format!("{b}\n{a}"));
    let arrived: Vec<_> = lines.batches.iter().map(|b| b.arrived_ns).collect();
    assert_eq!(arrived, [1_003, 1_001], "when each was sent");
}

/// What APIs answer, UIs download and older versions wrote: the spans are there, and what is odd is said.
#[test]
fn otlp_json_as_it_is_seen_in_the_wild() {
    let span = otlp_span(1, "a");
    let inside = otlp(std::slice::from_ref(&span));
    let one = inside.strip_prefix(r#"{"resourceSpans":["#).unwrap().strip_suffix("]}").unwrap();
    let base64 = span
        .replace("841af2000000000000000000000000ff", "hBryAAAAAAAAAAAAAAAA/w==")
        .replace("0000000000000001", "AAAAAAAAAAE=")
        .replace(r#""kind":2"#, r#""kind":"SPAN_KIND_SERVER","parentSpanId":null,"attributes":null"#);
    let snake = span
        .replace("traceId", "trace_id")
        .replace("spanId", "span_id")
        .replace("startTimeUnixNano", "start_time_unix_nano");
    for (text, remark) in [
        (format!(r#"{{"batches":[{one}]}}"#), ""),
        (format!(r#"{{"trace":{{"batches":[{one}]}}}}"#), "inside of another object"),
        (format!(r#"{{"trace":{{"resourceSpans":[{one}]}},"metrics":{{}}}}"#), "inside of another object"),
        (format!(r#"{{"result":{{"resourceSpans":[{one}]}}}}"#), "inside of another object"),
        (format!("[{one}]"), "stand alone"),
        (format!("{}\n", one.replace(r#"{"scopeSpans""#, r#"{"resource":{},"scopeSpans""#)), "stand alone"),
        (inside.replace("scopeSpans", "instrumentationLibrarySpans"), "before 1.0"),
        (otlp(&[base64]), "base64"),
        // As Python's console has its ids.
        (
            otlp(&[snake.replace("\"841af2", "\"0x841af2")])
                .replace("resourceSpans", "resource_spans")
                .replace("scopeSpans", "scope_spans"),
            "snake_case",
        ),
        (
            otlp(&[snake]).replace("resourceSpans", "resource_spans").replace("scopeSpans", "scope_spans"),
            "snake_case",
        ),
        (inside.replace(r#"{"scopeSpans""#, r#"{"resource":null,"scopeSpans""#), ""),
    ] {
        let outcome = dump(&text);
        assert_eq!(outcome.names(), ["a"], "{text}");
        assert_eq!(outcome.rejections(), [], "{text}");
        let batch = &outcome.batches[0];
        assert_eq!(batch.trace_ids[0].to_string(), "841af2000000000000000000000000ff", "{text}");
        assert_eq!(batch.records[0].kind(), SpanKind::Server, "{text}");
        let said = outcome.batches.iter().flat_map(|batch| &batch.remarks).any(|said| said.contains(remark));
        assert!(remark.is_empty() || said, "{text}");
    }
}

#[test]
fn one_bad_otlp_record_among_good_ones() {
    let (a, b) = (otlp(&[otlp_span(1, "a")]), otlp(&[otlp_span(2, "b")]));
    let bad = otlp(&[otlp_span(3, "c"), r#"{"traceId":"7"}"#.to_owned()]);
    let (start, _) = bad.split_at(bad.len() - 10);
    for (record, rejection, names) in [
        ("hello\nworld".to_owned(), ("d:2", "2 lines that are not JSON"), vec!["a", "b"]),
        (
            "{\"level\":1}".to_owned(),
            ("d:2", "an object without `resourceSpans`; its keys are `level`"),
            vec!["a", "b"],
        ),
        (
            bad.clone(),
            ("d:2", "resourceSpans[0].scopeSpans[0].spans[1]: traceId is not 32 hex digits: \"7\""),
            vec!["a", "c", "b"],
        ),
        (
            start[..start.len() - 8].to_owned(),
            ("d:2", "the text ends in the middle at column 194; the span before it was kept"),
            vec!["a", "c", "b"],
        ),
        (
            start.replace("},{", "},{!"),
            ("d:2", "a key without quotes at column 192; the span before it was kept"),
            vec!["a", "c", "b"],
        ),
    ] {
        let outcome = dump(format!("{a}\n{record}\n{b}\n"));
        assert_eq!(outcome.names(), names, "{record}");
        assert_eq!(outcome.rejections(), [rejection], "{record}");
        assert_eq!(outcome.result.unwrap().rejected, 1);
    }
    let rotated = dump(format!("{}\n{b}\n", &a[40..]));
    assert_eq!(
        (rotated.names(), rotated.rejections()),
        (vec!["b".into()], vec![("d:1", "a line that is not JSON")])
    );
    // The lines of a span in a pretty-printed document, and documents after one that was cut off.
    let two = otlp(&[otlp_span(1, "a"), r#"{"traceId":"7"}"#.to_owned()]);
    assert_eq!(dump(pretty(&two)).rejections()[0].0, "d:15");
    let text = pretty(&a);
    let cut = dump(format!("{}\n{}", &text[..text.len() - 20], pretty(&b)));
    assert_eq!((cut.names(), cut.rejections().len()), (vec!["a".to_owned(), "b".to_owned()], 1));
}

#[test]
fn otlp_protobuf_in_every_shape() {
    let (a, b) = (protobuf(&["a"]), protobuf(&["b", "c"]));
    let fixed: Vec<u8> =
        [&a, &b].iter().flat_map(|r| [&(r.len() as u32).to_be_bytes()[..], r].concat()).collect();
    for bytes in [[a.clone(), b.clone()].concat(), delimited(&[a.clone(), b.clone()]), fixed] {
        for bytes in [gzip(&bytes), zstd::encode_all(&bytes[..], 1).unwrap(), bytes] {
            let outcome = dump(&bytes);
            assert_eq!(outcome.names(), ["a", "b", "c"]);
            assert_eq!(outcome.rejections(), []);
        }
    }
    let mut broken = b.clone();
    broken[0] = 0x0e;
    let at = delimited(std::slice::from_ref(&a)).len() + prost::encode_length_delimiter(&b).len();
    let outcome = dump(delimited(&[a.clone(), broken, b.clone()]));
    assert_eq!(outcome.names(), ["a", "b", "c"]);
    assert_eq!(
        outcome.rejections(),
        [(format!("d: byte {}", at + 1).as_str(), "not OTLP protobuf: an unknown wire type")]
    );
    let mut bad_span = protobuf(&["x"]);
    let id = bad_span.windows(2).position(|w| w == [0x12, 8]).unwrap();
    bad_span[id + 2..id + 10].fill(0);
    let outcome = dump(delimited(&[a, bad_span, b]));
    assert_eq!(outcome.names(), ["a", "b", "c"]);
    assert_eq!(outcome.rejections()[0].1, "span_id is all zeros");
}

#[test]
fn zipkin_in_every_shape() {
    let (a, b, c) = (zipkin_span(1, "a"), zipkin_span(2, "b"), zipkin_span(3, "c"));
    let array = format!("[{a},{b},{c}]");
    for text in [
        array.clone(),
        pretty(&array),
        format!("[[{a},{b}],[{c}]]"),
        format!("[{a}]\n[{b},{c}]\n"),
        format!("{a}\n{b}\n{c}\n"),
        format!("[\n{a},\n{b},\n{c}\n]"),
    ] {
        let outcome = dump(&text);
        assert_eq!(outcome.names(), ["a", "b", "c"], "{text}");
        assert_eq!(outcome.rejections(), []);
        assert_eq!(outcome.batches[0].origin, Origin::Dump("zipkin-v2"));
    }
    let posted = dump(format!("[{a}]\n[{b},{c}]\n")).result.unwrap();
    assert_eq!(posted.batches, 2, "what was posted together stays together");
    let bad = r#"{"traceId":"1","id":"zz"}"#;
    for (text, rejections) in [
        (format!("[{a},\n{bad},{b},\n{c}]"), vec![("d:2", "id is not up to 16 hex digits: \"zz\"")]),
        (
            format!("[{a},\n{}\n,{b},{c}]", "{\"traceId\":1,,}"),
            vec![("d:2", "not JSON: a key without quotes at line 2, column 14")],
        ),
        (format!("[{a}]\n[{}\n[{b},{c}]", &b[..40]), vec![("d:2", "the span is cut off")]),
        (
            format!("[{a}]\n<html>\n[{b},{c}]"),
            vec![("d:2", "text that is not JSON, left out to the line's end")],
        ),
    ] {
        let outcome = dump(&text);
        assert_eq!(
            (outcome.names(), outcome.rejections()),
            (vec!["a".into(), "b".into(), "c".into()], rejections),
            "{text}"
        );
    }
}

#[test]
fn many_zipkin_spans_are_cut_into_batches() {
    let spans: Vec<_> = (0..2_500).map(|i| zipkin_span((i % 200) as u8 + 1, "x")).collect();
    let outcome = dump(format!("[{}]", spans.join(",")));
    let sizes: Vec<_> = outcome.batches.iter().map(|b| b.records.len()).collect();
    assert_eq!(sizes, [1_024, 1_024, 452]);
}

#[test]
fn console_text_in_every_shape() {
    let (a, b) = (console_span(1, "a"), console_span(2, "b"));
    let one_line = |text: &str| text.replace("\n    ", "").replace('\n', "");
    let each_line =
        |text: &str, f: &dyn Fn(&str) -> String| text.lines().map(f).collect::<Vec<_>>().join("\n");
    let noise = " * Running on http://127.0.0.1:8080\n\x1b[33mPress CTRL+C\x1b[0m\n127.0.0.1 - - \"GET / HTTP/1.1\" 200 -";
    let wrapped = |text: &str| {
        let line = |line: &str| match line.char_indices().nth(40) {
            Some((at, _)) if line.contains("trace_id") => format!("{}\n{}", &line[..at], &line[at..]),
            _ => line.to_owned(),
        };
        each_line(text, &line)
    };
    let journal = |text: &str| {
        let number = std::cell::Cell::new(10);
        each_line(text, &|line| {
            number.set(number.get() + 1);
            format!("Nov 23 06:53:{} host app[77]: {line}", number.get())
        })
    };
    for text in [
        format!("{a}\n{b}\n"),
        format!("{a}{b}"),
        format!("{noise}\n{a}\n{noise}\n{b}\n{noise}"),
        format!("{a}\r\n{b}").replace('\n', "\r\n"),
        format!("{}\n{}\n", one_line(&a), one_line(&b)),
        format!("INFO: {} done\n{}\n", one_line(&a), one_line(&b)),
        each_line(&format!("{a}\n{noise}\n{b}"), &|line| format!("    {line}")),
        each_line(&format!("{a}\n{noise}\n{b}"), &|line| format!("web-1  | {line}")),
        format!("started {a}\n$ {b}"),
        format!("{}\n{}", wrapped(&a), wrapped(&b)),
        format!("function () {{\n  nothing\n}}\n{{\"level\": \"info\"}}\n{a}\n{b}"),
        format!("{}\n{b}", a.replace("\"kind\"", "INFO something\n[2026-11-23] [7] x\n    \"kind\"")),
        journal(&format!("{a}\n{b}")),
    ] {
        let outcome = dump(&text);
        assert_eq!(outcome.names(), ["a", "b"], "{text}");
        assert_eq!(outcome.rejections(), [], "{text}");
    }
    let two_processes: String =
        a.lines().zip(b.lines()).map(|(a, b)| format!("web-1 | {a}\ndb-1  | {b}\n")).collect();
    assert_eq!(dump(two_processes).names(), ["a", "b"]);
    let outcome = dump(&a);
    let record = outcome.batches[0].records[0];
    assert_eq!((record.kind(), record.flags.0), (SpanKind::Server, 0));
    assert!(record.keys.has(Key::HttpMethodOld));
    assert_eq!(outcome.batches[0].remarks.len(), 1, "neither scopes nor flags");
    assert_eq!(outcome.batches[0].arrived_ns, record.end_ns);
}

#[test]
fn one_bad_console_object_among_good_ones() {
    let (a, b) = (console_span(1, "a"), console_span(2, "b"));
    let lines: Vec<_> = b.lines().collect();
    let bad_id = b.replace("0x841af2", "0xnothex");
    let broken = b.replace("\"kind\":", "\"kind\"");
    for (bad, reason) in [
        (lines[..8].join("\n"), "the span is cut off"),
        (bad_id, "trace_id is not 32 hex digits"),
        (broken, "not JSON: no colon after a key"),
    ] {
        let outcome = dump(format!("{a}\nnoise\n{bad}\n{}\n", console_span(3, "c")));
        assert_eq!(outcome.names(), ["a", "c"], "{bad}");
        let line = a.lines().count() + 2;
        assert_eq!(outcome.rejections().len(), 1, "{bad}");
        assert_eq!(outcome.rejections()[0].0, format!("d:{line}"));
        assert!(outcome.rejections()[0].1.starts_with(reason), "{:?}", outcome.rejections());
    }
    assert_eq!(dump(format!("{a}\n{}", &b[..b.len() - 5])).rejections()[0].1, "the span is cut off");
}
