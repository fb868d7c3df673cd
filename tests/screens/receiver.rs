//! What the receiver counts.

use crate::stage::{NOW_NS, Stage, tab};
use otoscope::model::{Batch, Origin, Rejection};

#[test]
fn a_request_that_is_no_otlp_is_counted_as_a_request() {
    let mut stage = Stage::new((140, 42), &[]);
    for source in ["127.0.0.1:5001", "127.0.0.1:5002"] {
        let mut batch = Batch::empty(source.into(), Origin::HttpJson, NOW_NS);
        batch
            .rejections
            .push(Rejection::of_request("/v1/traces", "not OTLP/JSON: a comma at line 1, column 2"));
        stage.app.traffic.note(&batch);
        stage.session.take(batch);
    }
    stage.act(&[tab("Receiver")]);
    let text = stage.text();
    assert!(text.contains("0  spans rejected"), "{text}");
    let head = text.lines().find(|line| line.contains("content type, encoding")).unwrap();
    let sender = text.lines().find(|line| line.contains("127.0.0.1 ")).unwrap();
    assert!(head.contains("requests     spans rejected refused"), "{head}");
    let counts: Vec<&str> = sender.split_whitespace().filter(|word| word.parse::<u64>().is_ok()).collect();
    assert_eq!(counts[..4], ["2", "0", "0", "2"], "{sender}");
    assert!(!text.lines().next().unwrap().contains("rejected"), "{text}");

    // Of a file without a time in it no time is told.
    let mut batch = Batch::empty("cut.jsonl".into(), Origin::Dump("otlp-json"), 0);
    batch.rejections.push(Rejection::new("cut.jsonl:1", "the text ends in the middle"));
    stage.app.traffic.note(&batch);
    stage.session.take(batch);
    let text = stage.text();
    assert!(text.contains("cut.jsonl ") && text.contains("1  spans rejected"), "{text}");
    assert!(!text.contains("00:00:00"), "{text}");
}
