//! Cut, mutated, slow, compressed, and no dump at all.

use super::*;

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
fn one_cut_is_one_loss() {
    let lines = format!("{}\n{}\n", otlp(&[otlp_span(1, "a")]), otlp(&[otlp_span(2, "b")]));
    let records = delimited(&[protobuf(&["a"]), protobuf(&["b"])]);
    for whole in [lines.as_bytes(), &records] {
        let outcome = dump(&whole[..whole.len() - 5]);
        assert_eq!((outcome.rejections().len(), outcome.result.as_ref().unwrap().rejected), (1, 1));
    }
    // A file with nothing but a part of a span has said so by then: the error is not another loss.
    let nothing = dump(&lines.as_bytes()[..150]);
    assert_eq!(nothing.rejections().len(), 1);
    assert!(nothing.result.is_err_and(|error| error.is_told()));
    assert!(dump(b"%PDF-1.7").result.is_err_and(|error| !error.is_told()));
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
            b"{\"data\":[{\"traceID\":\"x\",\"spans\":[]}]}",
            "d, read as jaeger, holds no span: its lists of spans are empty.",
        ),
        (b"{\"resourceSpans\":[]}", "d, read as otlp-json, holds no span: its lists of spans are empty."),
        (
            b"{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{}]}]}]}",
            "d, read as otlp-json, holds no span: only logs or metrics are inside (log records: 0, metrics: 1).",
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
    // Rust prints nothing behind a span, so its last one is known to be whole only at the end.
    let at_once = |name: &str| !matches!(name, "otlp-protobuf" | "rust-stdout");
    for (name, bytes) in small_dumps().into_iter().filter(|(name, _)| at_once(name)) {
        let delivered = std::cell::Cell::new(0);
        let (head, tail) = bytes.split_at(bytes.len() - 30);
        let parts = vec![&head[..8], &head[8..200], &head[200..], tail].into_iter();
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
        for round in 0..1_000 {
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
            if let Ok(summary) = &outcome.result {
                assert_eq!(summary.spans, outcome.names().len() as u64);
            }
        }
    }
}

#[test]
fn of_logs_that_are_cut_anywhere_what_came_before_is_kept() {
    let json = |n: u8| {
        format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"severityNumber":9,"timeUnixNano":"{n}"}}]}}]}}]}}"#
        )
    };
    let bytes = |n: u8| dump(json(n)).batches[0].logs.bytes.to_vec();
    let times = |bytes: &[u8]| -> Vec<u64> {
        let outcome = dump(bytes);
        assert!(outcome.names().is_empty(), "log records are no spans");
        outcome.batches.iter().flat_map(|batch| &batch.logs.records).map(|record| record.time_ns).collect()
    };
    for whole in [
        format!("{}\n{}\n{}\n", json(1), json(2), json(3)).into_bytes(),
        delimited(&[bytes(1), bytes(2), bytes(3)]),
        gzip(&delimited(&[bytes(1), bytes(2), bytes(3)])),
    ] {
        assert_eq!(times(&whole), [1, 2, 3]);
        for cut in 0..whole.len() {
            let kept = times(&whole[..cut]);
            assert!([1, 2, 3].starts_with(&kept), "{kept:?} of the first {cut} bytes");
        }
    }
}

#[test]
fn logs_among_spans_in_one_protobuf_file_are_told_apart() {
    let logs = dump(
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":9},{"body":{"stringValue":"x"}}]}]}]}"#,
    );
    let logs = logs.batches[0].logs.bytes.to_vec();
    let outcome = dump(delimited(&[protobuf(&["a"]), logs.clone(), protobuf(&["b"]), logs]));
    assert_eq!(outcome.names(), ["a", "b"]);
    assert_eq!(outcome.rejections(), []);
    let read = outcome.result.unwrap();
    assert_eq!((read.format, read.spans, read.logs, read.batches), ("otlp-protobuf", 2, 4, 4));
}

/// Lists and objects in each other, a hundred thousand of them: no reader follows them down its stack, and none looks at
/// the rest of the line behind each.
#[test]
fn what_is_too_deep_is_no_end() {
    const DEEP: usize = 100_000;
    let nested = |open: &str, close: &str| open.repeat(DEEP) + &close.repeat(DEEP);
    let lists = nested("[", "]");
    let objects = nested("{\"a\":", "}").replace(":}", ":1}");
    let ids = "\"traceID\":\"1\",\"spanID\":\"2\"";
    for text in [
        format!("{{\"hits\":{lists},\"a\":{{{ids}}}}}"),
        format!("{{\"hits\":{objects},\"a\":{{{ids}}}}}"),
        format!("{{\"data\":[{{\"spans\":[{{{ids},\"tags\":{lists}}}]}}]}}"),
        format!("{{\"resourceSpans\":{lists}}}"),
        format!("{{\"resourceSpans\":{objects}}}"),
        format!("{lists}{{\"resourceSpans\":[]}}"),
        format!("[{{\"traceId\":\"1\",\"id\":\"2\",\"timestamp\":1,\"localEndpoint\":{objects}}}]"),
        format!("{{\n    \"name\": \"x\",\n    \"context\": {objects}\n}}\n"),
        format!("{{\"Name\":\"x\",\"SpanContext\":{{\"TraceID\":\"1\"}},\"Attributes\":{lists}}}\n"),
        format!("{{\n  resource: {objects},\n  traceId: 'a',\n timestamp: 1\n}}\n"),
        format!(
            "ResourceSpans #0\nResource attributes:\n     -> a: Map({objects})\nSpan #0\n    Trace ID       : 1\n"
        ),
    ] {
        let outcome = dump(text);
        assert!(outcome.names().iter().all(String::is_empty), "{:?}", outcome.names());
    }
}
