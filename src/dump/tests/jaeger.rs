//! Jaeger JSON in every shape. By Jaeger's documented API model: its servers are not among the sources of captures.

use super::*;

#[test]
fn jaeger_in_every_shape() {
    let (a, b, c) = (jaeger_span(1, "a"), jaeger_span(2, "b"), jaeger_span(3, "c"));
    let one = jaeger_trace(&[a.clone(), b.clone(), c.clone()]);
    let (first, second) = (jaeger_trace(std::slice::from_ref(&a)), jaeger_trace(&[b.clone(), c.clone()]));
    let inline = |span: &str| span.replace(r#""processID":"p1""#, r#""process":{"serviceName":"shop"}"#);
    let hit = |span: &str| format!(r#"{{"_index":"jaeger-span","_source":{}}}"#, inline(span));
    for text in [
        jaeger(std::slice::from_ref(&one)),
        jaeger(&[first.clone(), second.clone()]),
        pretty(&jaeger(&[first.clone(), second.clone()])),
        format!("{}\n{}\n", jaeger(std::slice::from_ref(&first)), jaeger(std::slice::from_ref(&second))),
        one.clone(),
        format!("[{first},{second}]"),
        format!("{first}\n{second}\n"),
        format!(r#"{{"total":0,"data":[{first},{second}]}}"#),
        format!("\u{feff}{{ \"data\" :\n[ {one} ] }}"),
        [&a, &b, &c].map(|span| inline(span)).join("\n"),
        format!(r#"{{"took":1,"hits":{{"total":3,"hits":[{},{},{}]}}}}"#, hit(&a), hit(&b), hit(&c)),
    ] {
        let outcome = dump(&text);
        assert_eq!(outcome.names(), ["a", "b", "c"], "{text}");
        assert_eq!(outcome.rejections(), [], "{text}");
        assert_eq!(outcome.batches[0].origin, Origin::Dump("jaeger"));
        let batch = &outcome.batches[0];
        let (message, schema) = batch.resources[batch.records[0].resource as usize];
        let resource = decode::resource(message.of(&batch.bytes), schema.of(&batch.bytes));
        assert_eq!(resource.service_name(), "shop", "{text}");
    }
}

#[test]
fn one_bad_record_among_good_ones() {
    let (a, b) = (jaeger_span(1, "a"), jaeger_span(2, "b"));
    for (text, rejection) in [
        (
            jaeger(&[jaeger_trace(&[
                a.clone(),
                "\n{\"traceID\":\"1\",\"spanID\":\"zz\"}".into(),
                b.clone(),
            ])]),
            ("d:2", "spanID is not up to 16 hex digits: \"zz\""),
        ),
        (
            jaeger(&[jaeger_trace(&[a.clone(), "\n{\"traceID\":\"1\",,}".into(), b.clone()])]),
            ("d:2", "not JSON: a key without quotes in its line 1, column 16"),
        ),
        (
            jaeger(&[jaeger_trace(&[a.clone(), "\n{\"traceID\":\"1\",\"spanID\":\"2\"}".into(), b.clone()])]),
            ("d:2", "startTime is missing"),
        ),
        (
            jaeger(&[jaeger_trace(&[
                a.clone(),
                "\n{\"traceID\":\"1\",\"spanID\":\"2\",\"startTime\":0}".into(),
                b.clone(),
            ])]),
            ("d:2", "startTime is missing"),
        ),
        (
            jaeger(&[
                jaeger_trace(std::slice::from_ref(&a)),
                "\n{\"x\":1}\n".into(),
                jaeger_trace(std::slice::from_ref(&b)),
            ]),
            ("d:2", "an object without `spans`; its keys are `x`"),
        ),
        (
            format!(
                "{}\n<html>\n{}",
                jaeger_trace(std::slice::from_ref(&a)),
                jaeger_trace(std::slice::from_ref(&b))
            ),
            ("d:2", "text that is not JSON, left out to the line's end"),
        ),
        (
            format!(
                "{}\n{}",
                &jaeger_trace(&[a.clone(), jaeger_span(3, "c")])[..250],
                jaeger_trace(std::slice::from_ref(&b))
            ),
            ("d:1", "the trace is cut off here; the span before it was kept"),
        ),
        (
            jaeger(&[jaeger_trace(&[a.clone(), b.clone()])])
                .replace("\"errors\":null", "\"errors\":[{\"code\":404,\"msg\":\"trace not found\"}]"),
            ("d:1", "Jaeger could not answer in full: [{code: 404, msg: trace not found}]"),
        ),
    ] {
        let outcome = dump(&text);
        assert_eq!(
            (outcome.names(), outcome.rejections()),
            (vec!["a".into(), "b".into()], vec![rejection]),
            "{text}"
        );
    }
}

#[test]
fn many_spans_are_cut_into_batches() {
    let spans: Vec<_> = (0..2_500).map(|i| jaeger_span((i % 200) as u8 + 1, "x")).collect();
    let sizes: Vec<_> =
        dump(jaeger(&[jaeger_trace(&spans)])).batches.iter().map(|b| b.records.len()).collect();
    assert_eq!(sizes, [1_024, 1_024, 452]);
}
