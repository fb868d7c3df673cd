//! What is printed on a terminal beside spans: metrics, colours.

use super::*;

/// What Python's `ConsoleMetricExporter` prints.
const METRICS: &str = r#"{
    "resource_metrics": [
        {
            "resource": {
                "attributes": {
                    "service.name": "shop"
                },
                "schema_url": ""
            },
            "scope_metrics": [
                {
                    "scope": {
                        "name": "m"
                    },
                    "metrics": [
                        {
                            "name": "c",
                            "data": {
                                "data_points": []
                            }
                        }
                    ]
                }
            ]
        }
    ]
}
"#;

#[test]
fn metrics_of_pythons_console_are_counted_and_passed_over() {
    let (a, b) = (console_span(1, "a"), console_span(2, "b"));
    let one_line = |text: &str| text.lines().map(str::trim).collect::<String>() + "\n";
    for text in [
        format!("{a}\n{METRICS}{b}\n"),
        format!("{METRICS}{a}\n{b}\n"),
        format!("{}{}{}", one_line(METRICS), one_line(&a), one_line(&b)),
    ] {
        let read = dump(text);
        let summary = read.result.as_ref().unwrap();
        assert_eq!((summary.format, summary.metrics), ("python-console", 1));
        assert_eq!(read.names(), ["a", "b"]);
        assert!(read.rejections().is_empty());
    }
    // Alone they may be OTLP as well.
    let alone = dump(METRICS);
    assert!(alone.error().contains("only logs or metrics"), "{}", alone.error());
}

#[test]
fn a_pipe_that_starts_with_metrics_waits_for_the_spans() {
    let (metrics, span) = (METRICS.as_bytes(), console_span(1, "a"));
    let read = outcome(metrics.chain(span.as_bytes()), "d", None);
    assert_eq!(read.result.as_ref().unwrap().format, "python-console");
}

#[test]
fn colours_hide_no_format() {
    for (format, bytes) in consoles::small() {
        let text = String::from_utf8(bytes).unwrap();
        let green = |text: &str| text.replace('\'', "\x1b[32m'").replace(": ", "\x1b[39m: \x1b[33m");
        let behind = |prefix: &str, text: &str| -> String {
            text.lines().map(|line| format!("{prefix}{line}\n")).collect()
        };
        for coloured in [green(&text), behind("\x1b[36mweb-1  | \x1b[0m", &green(&text))] {
            let read = dump(&coloured);
            assert_eq!(read.result.as_ref().map(|read| read.format), Ok(format), "{coloured}");
            assert_eq!(read.names(), ["a", "b"], "{coloured}");
        }
    }
}
