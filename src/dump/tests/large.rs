//! Records and documents of many megabytes: refused in time, or read in parts.

use super::*;

/// As long as makes a few of them large.
fn long(id: u8, name: &str) -> String {
    let text = "x".repeat(1 << 20);
    otlp_span(id, name).replacen(
        '{',
        &format!(r#"{{"attributes":[{{"key":"k","value":{{"stringValue":"{text}"}}}}],"#),
        1,
    )
}

fn document(resource: &str, spans: &[String], behind: &str) -> String {
    format!(
        r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{resource}"}}}}]}},"scopeSpans":[{{"scope":{{"name":"s"}},"spans":[{}]}}]{behind}}}"#,
        spans.join(",")
    )
}

/// Whatever its lists are nested in, all spans of a document of more than may be held come with their resource.
#[test]
fn a_large_document_is_read_in_parts() {
    let many: Vec<String> = (1..=20).map(|id| long(id, &format!("s{id}"))).collect();
    let few = [otlp_span(30, "few")];
    let whole = format!(
        r#"{{"resourceSpans":[{},{},{}],"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"severityNumber":9}}]}}]}}]}}"#,
        document("a", &few, ""),
        document("service-b", &many, r#","schemaUrl":"https://x""#),
        document("c", &few, "")
    );
    let expected: Vec<String> =
        [vec!["few".into()], (1..=20).map(|id| format!("s{id}")).collect(), vec!["few".into()]].concat();
    for text in [whole.replace("\"resource\"", "\n\"resource\""), format!("[{whole}]\n{whole}")] {
        let twice = text.starts_with('[');
        let outcome = dump(&text);
        assert_eq!(outcome.rejections(), []);
        let expected = if twice { [&expected[..], &expected].concat() } else { expected.clone() };
        assert_eq!(outcome.names(), expected);
        assert!(outcome.batches.len() > 5, "{}", outcome.batches.len());
        assert!(outcome.batches.iter().all(|batch| batch.bytes.len() < 10 << 20));
        assert_eq!(outcome.result.as_ref().unwrap().logs, if twice { 2 } else { 1 });
        let remarks: Vec<_> = outcome.batches.iter().flat_map(|batch| &batch.remarks).collect();
        assert_eq!(remarks, ["left out: `schemaUrl` behind lists too large to be held"]);
        for batch in outcome.batches.iter().filter(|batch| batch.bytes.len() > 1 << 20) {
            assert!(memchr::memmem::find(&batch.bytes, b"service-b").is_some());
        }
    }
    // Cut anywhere: what came before is kept, and the cut is told once.
    for cut in [whole.len() - 300, whole.len() / 2, 17 << 20] {
        let outcome = dump(&whole[..cut]);
        let names = outcome.names();
        assert!(expected.starts_with(&names) && names.len() > 5, "{cut}: {names:?}");
        let rejections = outcome.rejections();
        assert!(rejections.len() <= 1, "{cut}: {rejections:?}");
        // What ends before it turned out to be large is one line, which has columns.
        let place = if cut > 16 << 20 { "d: byte " } else { "d:1" };
        assert!(rejections.iter().all(|(at, _)| at.starts_with(place)), "{rejections:?}");
    }
}

#[test]
fn one_bad_span_in_a_large_document_is_told_with_its_byte() {
    let mut spans: Vec<String> = (1..=20).map(|id| long(id, &format!("s{id}"))).collect();
    spans[3] = spans[3].replace("841af2000000000000000000000000ff", "bad");
    spans[9] = r#"{"name":"broken" "x"}"#.to_owned();
    spans[15] = "{}".to_owned();
    let whole = format!("{{\"resourceSpans\":[{}]}}", document("a", &spans, ""));
    let outcome = dump(&whole);
    assert_eq!(outcome.names().len(), 17);
    let rejections = outcome.rejections();
    let at: Vec<usize> = rejections.iter().map(|(at, _)| at["d: byte ".len()..].parse().unwrap()).collect();
    assert!(whole[at[0]..].starts_with(&spans[3][..40]), "{rejections:?}");
    assert!(whole[at[1]..].starts_with("\"x\"}"), "{rejections:?}");
    assert!(whole[at[2]..].starts_with("{}"), "{rejections:?}");
}

/// A line that never ends is refused where it starts, and the next one is read.
#[test]
fn a_line_that_never_ends_is_left_out() {
    let (a, b) = (otlp(&[otlp_span(1, "a")]), otlp(&[otlp_span(2, "b")]));
    let filler = "x".repeat(66 << 20);
    for long in [format!("{{\"{filler}\":1}}"), otlp(&[otlp_span(3, &filler)])] {
        let outcome = dump(format!("{a}\n{long}\n{b}\n"));
        assert_eq!(outcome.names(), ["a", "b"]);
        let [(position, reason)] = outcome.rejections()[..] else { panic!("{:?}", outcome.rejections()) };
        assert!(["d:2", "d: byte "].iter().any(|at| position.starts_with(at)), "{position}");
        assert_eq!(reason, "a record of more than 64 MiB, left out");
    }
}

#[test]
fn a_large_message_is_read_in_parts() {
    let one = dump(format!("{{\"resourceSpans\":[{}]}}", document("a", &[long(1, "a")], "")));
    let message = one.batches[0].bytes.repeat(20);
    let outcome = dump(&message);
    assert_eq!((outcome.names().len(), outcome.rejections()), (20, vec![]));
    assert!(outcome.batches.len() >= 3, "{}", outcome.batches.len());
    let binary = |bytes: &[u8]| super::outcome(bytes, "d", format("otlp-protobuf"));
    let cut = binary(&message[..message.len() - 9]);
    assert_eq!((cut.names().len(), cut.rejections().len()), (19, 1));
    // Behind what is no field nothing is read, but what came before it was.
    let broken = binary(&[&message[..], &[0xff; 9], &message[..]].concat());
    assert!(broken.names().len() >= 20 && broken.rejections().len() == 1, "{:?}", broken.rejections());
}
