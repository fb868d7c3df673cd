//! Texts that begin within a span.

use super::*;

/// Two spans of every format that prints them over several lines.
fn texts() -> Vec<(&'static str, String)> {
    let small = consoles::small()
        .into_iter()
        .chain([("python-console", format!("{}\n{}\n", console_span(1, "a"), console_span(2, "b")).into())]);
    let texts = small.map(|(format, bytes)| (format, String::from_utf8(bytes).unwrap()));
    texts.filter(|(format, text)| *format != "java-logging" && text.lines().count() > 8).collect()
}

/// The line, counted from 1, after which a text still has enough of its first span to tell that there was one.
fn cut_at(text: &str) -> usize {
    let marks = [
        "\"trace_id\"",
        "traceId: '",
        "\"SpanID\":\"000000000000000",
        "Activity.TraceId",
        "\tTraceId",
        "Trace ID",
    ];
    1 + text.lines().position(|line| marks.iter().any(|mark| line.contains(mark))).unwrap()
}

fn tail(text: &str, lines: usize) -> String {
    text.split_inclusive('\n').skip(lines).collect()
}

#[test]
fn a_span_whose_beginning_is_cut_off_is_counted_once() {
    for (format, text) in texts() {
        let cut = tail(&text, cut_at(&text));
        for prefix in ["", "web-1  | "] {
            let cut: String = cut.lines().map(|line| format!("{prefix}{line}\n")).collect();
            let read = dump(&cut);
            assert_eq!(read.result.as_ref().map(|read| read.format), Ok(format), "{cut}");
            assert_eq!(read.names(), ["b"], "{format}: {cut}");
            let rejections = read.rejections();
            assert!(rejections.len() == 1 && rejections[0].1.contains("cut off"), "{format}: {rejections:?}");
        }
        // The whole text loses nothing.
        assert!(dump(&text).rejections().is_empty(), "{format}");
    }
}

#[test]
fn a_text_with_nothing_but_the_rest_of_a_span_is_of_its_format() {
    for (format, text) in texts() {
        let cut = tail(&text, cut_at(&text));
        let rest: String =
            cut.split_inclusive('\n').take_while(|line| *line != "y\n" && *line != "{\n").collect();
        let error = dump(&rest).error();
        let says = format!("read as {format}, holds no span: what is in it was rejected: d:");
        assert!(error.contains(&says) && error.contains("cut off"), "{error}\n{rest}");
    }
}

#[test]
fn other_text_that_begins_anywhere_is_no_span() {
    let span = console_span(1, "a");
    for text in [
        "    \"status\": {\n        \"code\": 3\n    },\n    \"events\": []\n}\n",
        "    \"body\": \"x\",\n    \"severity_number\": 9,\n    \"resource\": {\n        \"attributes\": {}\n    }\n}\n",
        "  instrumentationScope: { name: 's' },\n  timestamp: 1,\n  traceId: 'aa',\n  attributes: {}\n}\n",
        "{\n    \"kind\": \"SpanKind.SERVER\",\n    \"parent_id\": null,\n    \"start_time\": \"x\"\n}\n",
    ] {
        let read = dump(format!("{text}{span}\n"));
        assert_eq!((read.names(), read.rejections()), (vec!["a".to_owned()], vec![]), "{text}");
    }
}

#[test]
fn a_context_alone_is_no_span() {
    let context = "ctx {\n  traceId: '841af2000000000000000000000000ff',\n  spanId: '0000000000000001',\n  traceFlags: 1\n}\n";
    let (_, node) = texts().into_iter().find(|(format, _)| *format == "node-console").unwrap();
    assert!(dump(format!("{context}{node}")).rejections().is_empty());
}
