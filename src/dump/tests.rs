//! Every format in every shape; one bad record among good ones; cut at every byte; what is no dump.

use super::*;
use crate::model::{Key, Origin, Rejection, SpanKind};
use crate::otlp::decode;
use std::io::{self, Cursor, Write};

/// Everything that came out of a dump.
struct Outcome {
    batches: Vec<Batch>,
    result: Result<Summary, DumpError>,
}

impl Outcome {
    fn names(&self) -> Vec<String> {
        self.spans().into_iter().map(|span| span.name).collect()
    }

    fn spans(&self) -> Vec<crate::model::Span> {
        let of = |batch: &Batch| {
            let span = |r: &crate::model::SpanRecord| {
                decode::span(&batch.bytes[r.offset as usize..][..r.len as usize])
            };
            batch.records.iter().map(span).collect::<Vec<_>>()
        };
        self.batches.iter().flat_map(of).collect()
    }

    fn rejections(&self) -> Vec<(&str, &str)> {
        let all = self.batches.iter().flat_map(|batch| &batch.rejections);
        all.map(|Rejection { position, reason }| (position.as_str(), reason.as_str())).collect()
    }

    fn error(&self) -> String {
        self.result.as_ref().unwrap_err().to_string()
    }
}

fn outcome(input: impl Read, name: &str, from: Option<&'static Format>) -> Outcome {
    let mut batches = Vec::new();
    let result = read(input, name, from, &mut |batch| {
        batches.push(batch);
        ControlFlow::Continue(())
    });
    Outcome { batches, result }
}

fn dump(bytes: impl AsRef<[u8]>) -> Outcome {
    outcome(bytes.as_ref(), "d", None)
}

fn otlp_span(id: u8, name: &str) -> String {
    let end = 1_000 + u64::from(id);
    format!(
        r#"{{"traceId":"841af2000000000000000000000000ff","spanId":"00000000000000{id:02x}","name":"{name}","kind":2,"startTimeUnixNano":"1000","endTimeUnixNano":"{end}"}}"#
    )
}

fn otlp(spans: &[String]) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, spans.join(","))
}

fn pretty(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

fn zipkin_span(id: u8, name: &str) -> String {
    format!(
        r#"{{"traceId":"841af200000000ff","id":"{id:02x}","name":"{name}","timestamp":1,"duration":2,"localEndpoint":{{"serviceName":"shop"}}}}"#
    )
}

fn console_span(id: u8, name: &str) -> String {
    format!(
        r#"{{
    "name": "{name}",
    "context": {{
        "trace_id": "0x841af2000000000000000000000000ff",
        "span_id": "0x00000000000000{id:02x}",
        "trace_state": "[]"
    }},
    "kind": "SpanKind.SERVER",
    "parent_id": null,
    "start_time": "2026-11-23T06:53:42.000000Z",
    "end_time": "2026-11-23T06:53:42.000100Z",
    "status": {{
        "status_code": "UNSET"
    }},
    "attributes": {{
        "http.method": "GET",
        "list": [
            1,
            2
        ]
    }},
    "events": [],
    "links": [],
    "resource": {{
        "attributes": {{
            "service.name": "shop"
        }},
        "schema_url": ""
    }}
}}"#
    )
}

fn protobuf(names: &[&str]) -> Vec<u8> {
    let spans: Vec<_> = names.iter().zip(1..).map(|(name, id)| otlp_span(id, name)).collect();
    dump(otlp(&spans)).batches[0].bytes.to_vec()
}

fn delimited(records: &[Vec<u8>]) -> Vec<u8> {
    records.iter().flat_map(|r| [prost::encode_length_delimiter(r), r.clone()].concat()).collect()
}

mod prost {
    pub(super) fn encode_length_delimiter(record: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        ::prost::encode_length_delimiter(record.len(), &mut out).unwrap();
        out
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

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
    assert_eq!((mixed.log_records, mixed.metrics, mixed.batches, mixed.spans), (2, 1, 3, 1));
    let lines = dump(format!("{b}\n{a}"));
    let arrived: Vec<_> = lines.batches.iter().map(|b| b.arrived_ns).collect();
    assert_eq!(arrived, [1_003, 1_001], "when each was sent");
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
            ("d:2", "the text ends in the middle at column 194; 1 spans before it were kept"),
            vec!["a", "c", "b"],
        ),
        (
            start.replace("},{", "},{!"),
            ("d:2", "a key without quotes at column 192; 1 spans before it were kept"),
            vec!["a", "c", "b"],
        ),
    ] {
        let outcome = dump(format!("{a}\n{record}\n{b}\n"));
        assert_eq!(outcome.names(), names, "{record}");
        assert_eq!(outcome.rejections(), [rejection], "{record}");
        assert_eq!(outcome.result.unwrap().rejected, 1);
    }
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
    broken[0] = 0x0b;
    let at = delimited(&[a.clone()]).len() + prost::encode_length_delimiter(&b).len();
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
    let one_line = |text: &str| text.replace("\n    ", "").replace("\n", "");
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

/// A small dump in every format, and how many bytes of it hold each span.
fn small_dumps() -> Vec<(&'static str, Vec<u8>)> {
    let (a, b) = (otlp(&[otlp_span(1, "a")]), otlp(&[otlp_span(2, "b")]));
    vec![
        ("otlp-json", format!("{a}\n{b}\n").into()),
        ("otlp-json", format!("{}\n{}\n", pretty(&a), pretty(&b)).into()),
        ("otlp-protobuf", protobuf(&["a", "b"])),
        ("otlp-protobuf", delimited(&[protobuf(&["a"]), protobuf(&["b"])])),
        ("zipkin-v2", format!("[{},{}]", zipkin_span(1, "a"), zipkin_span(2, "b")).into()),
        ("python-console", format!("x\n{}\n{}\n", console_span(1, "a"), console_span(2, "b")).into()),
    ]
}

/// Cut anywhere, nothing panics and the spans before the cut are there: the more bytes, the more spans.
#[test]
fn cut_at_every_byte() {
    for (name, bytes) in small_dumps() {
        let mut most = 0;
        for cut in 1..=bytes.len() {
            let outcome = outcome(&bytes[..cut], "d", format(name));
            let names = outcome.names();
            assert!(
                names.len() >= most
                    && ["a", "b"].starts_with(&names.iter().map(String::as_str).collect::<Vec<_>>()),
                "{name} {cut} {names:?}"
            );
            most = names.len();
            if cut == bytes.len() {
                assert_eq!((most, outcome.rejections()), (2, vec![]), "{name}");
            }
        }
        let half = &bytes[..bytes.len() * 3 / 4];
        assert_eq!(dump(half).names(), ["a"], "{name}");
        assert_eq!(dump(half).result.unwrap().rejected, 1, "{name}");
    }
}

#[test]
fn a_cut_gzip_file_gives_what_can_be_inflated() {
    let lines: String = (1..200)
        .map(|i| otlp(&[otlp_span(i, &format!("{:x}", fastrand::Rng::with_seed(i.into()).u64(..)))]) + "\n")
        .collect();
    let whole = gzip(lines.as_bytes());
    let outcome = outcome(&whole[..whole.len() - 200], "a.jsonl.gz", None);
    assert!(outcome.names().len() > 50, "{}", outcome.names().len());
    let (position, reason) = *outcome.rejections().last().unwrap();
    assert!(
        position.starts_with("a.jsonl.gz") && reason.contains("cannot be read further"),
        "{position} {reason}"
    );
    assert_eq!(dump(gzip(lines.as_bytes())).names().len(), 199);
}

#[test]
fn what_is_no_dump_is_named() {
    for (bytes, error) in [
        (&b""[..], "d is empty."),
        (b"\x89PNG\r\n\x1a\n", "d is not in a format that otoscope reads: it looks like a PNG picture."),
        (b"<!doctype html>", "d is not in a format that otoscope reads: it looks like an HTML page."),
        (b"a,b\n1,2\n", "d is not in a format that otoscope reads: it looks like CSV."),
        (
            b"{\"level\":1}\n",
            "d is not in a format that otoscope reads: it looks like JSON, but not of spans: its keys are `level`.",
        ),
        (
            b"{\"data\":[{\"traceID\":\"x\"}]}",
            "d is not in a format that otoscope reads: it looks like Jaeger JSON, which is not read yet: export the trace as OTLP JSON.",
        ),
        (b"{\"resourceSpans\":[]}", "d, read as otlp-json, holds no span: its lists of spans are empty."),
        (
            b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{}]}]}]}",
            "d, read as otlp-json, holds no span: only logs or metrics are inside (1 log records, 0 metrics).",
        ),
        (
            b"{\"resourceSpans\":",
            "d, read as otlp-json, holds no span: what is in it was rejected: d:1: the text ends in the middle at column 18.",
        ),
    ] {
        let outcome = dump(bytes);
        assert_eq!(outcome.error(), error);
        assert!(outcome.spans().is_empty());
    }
    assert_eq!(
        dump(gzip(b"%PDF-1.7")).error(),
        "d is not in a format that otoscope reads: it looks like gzip of a PDF document."
    );
    assert_eq!(dump(gzip(b"")).error(), "d is empty.");
    let forced = outcome(&b"hello\n"[..], "d", format("zipkin-v2"));
    assert!(forced.error().starts_with("d, read as zipkin-v2, holds no span"), "{}", forced.error());
    let directory = std::fs::File::open(std::env::temp_dir()).unwrap();
    assert!(outcome(directory, "tmp", None).error().starts_with("tmp cannot be read: Is a directory"));
}

#[test]
fn every_format_is_found_by_content_alone() {
    for (name, bytes) in small_dumps() {
        let sure: Vec<_> =
            FORMATS.iter().filter(|f| (f.sniff)(&bytes) != Guess::No).map(|f| f.name).collect();
        assert_eq!(sure, [name]);
    }
    let late = format!("{}{}", "some log line\n".repeat(100_000), console_span(1, "a"));
    assert_eq!(dump(late).names(), ["a"]);
    let mut names: Vec<_> = FORMATS.iter().map(|f| f.name).collect();
    names.dedup();
    assert_eq!(names.len(), FORMATS.len());
}

/// A pipe that hands out little at a time, and says when it was asked for more.
struct Pipe<'a> {
    parts: std::vec::IntoIter<&'a [u8]>,
    delivered: &'a std::cell::Cell<usize>,
    seen: Vec<usize>,
    name: &'a str,
}

impl Read for Pipe<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.seen.push(self.delivered.get());
        match self.parts.next() {
            Some(part) => Cursor::new(part).read(into),
            None => {
                // All that came was delivered before waiting for more.
                assert_eq!(self.seen.last(), Some(&2), "{}", self.name);
                Ok(0)
            }
        }
    }
}

#[test]
fn a_pipe_is_read_as_it_comes() {
    for (name, bytes) in small_dumps().into_iter().filter(|(name, _)| *name != "otlp-protobuf") {
        let delivered = std::cell::Cell::new(0);
        let (head, tail) = bytes.split_at(bytes.len() - 30);
        let parts = vec![&head[..4], &head[4..200], &head[200..], tail].into_iter();
        let pipe = Pipe { parts, delivered: &delivered, seen: vec![], name };
        let mut sink = |batch: Batch| {
            delivered.set(delivered.get() + batch.records.len());
            ControlFlow::Continue(())
        };
        read(pipe, "-", None, &mut sink).unwrap();
        assert_eq!(delivered.get(), 2, "{name}");
    }
}

#[test]
fn the_sink_can_break_off() {
    for (_, bytes) in small_dumps() {
        let mut calls = 0;
        let result = read(&bytes[..], "d", None, &mut |_| {
            calls += 1;
            ControlFlow::Break(())
        });
        assert_eq!((calls, result.unwrap().batches), (1, 1));
    }
}

/// Thousands of random changes to small dumps: nothing panics, nothing hangs.
#[test]
fn mutations_are_survived() {
    let mut random = fastrand::Rng::with_seed(7);
    let words: [&[u8]; 12] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\",
        b"\\u",
        b",",
        b"\n",
        b"null",
        b"\xff",
        b"\x80\x80\x80\x80\x01",
    ];
    for (name, bytes) in small_dumps() {
        for round in 0..600 {
            let mut mutant = bytes.clone();
            for _ in 0..random.usize(1..5) {
                let at = random.usize(0..mutant.len());
                match random.u8(0..4) {
                    0 => mutant[at] = random.u8(..),
                    1 => drop(mutant.remove(at)),
                    2 => drop(mutant.splice(at..at, words[random.usize(0..words.len())].iter().copied())),
                    _ => {
                        let to = random.usize(at..mutant.len());
                        drop(mutant.drain(at..to));
                    }
                }
                if mutant.is_empty() {
                    mutant.push(b'{');
                }
            }
            // As what it is, as what it looks like, and as everything that it is not.
            let from = [format(name), None, Some(FORMATS[round % FORMATS.len()])][round % 3];
            let outcome = outcome(&mutant[..], "d", from);
            if let Ok(summary) = outcome.result {
                assert_eq!(summary.spans, outcome.names().len() as u64);
            }
        }
    }
}
