//! What dumps are packed in: every container, its members, its cuts, and what is larger than it looks.

use super::*;
use lzma_rust2::{XzOptions, XzWriter};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (i, (name, bytes)) in members.iter().enumerate() {
        let method = [CompressionMethod::Deflated, CompressionMethod::Stored, CompressionMethod::Zstd][i % 3];
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(1)).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Records as the collector's file exporter writes them with `compression: zstd`.
fn framed(records: &[Vec<u8>]) -> Vec<u8> {
    let frame = |record: &Vec<u8>| {
        let packed = zstd::encode_all(&record[..], 3).unwrap();
        [&(packed.len() as u32).to_be_bytes()[..], &packed].concat()
    };
    records.iter().flat_map(frame).collect()
}

#[test]
fn every_container_holds_every_format() {
    for (name, bytes) in small_dumps() {
        let zstd = zstd::encode_all(&bytes[..], 3).unwrap();
        for packed in [
            xz(&bytes),
            [xz(&bytes[..40]), xz(&bytes[40..])].concat(),
            gzip(&bytes),
            zstd,
            zipped(&[("x", &bytes)]),
        ] {
            let outcome = dump(packed);
            assert_eq!(
                (outcome.names(), outcome.rejections()),
                (vec!["a".into(), "b".into()], vec![]),
                "{name}"
            );
        }
    }
}

#[test]
fn zstd_records_of_the_collector() {
    let (a, b) = (otlp(&[otlp_span(1, "a")]), otlp(&[otlp_span(2, "b")]));
    let json = framed(&[a.into(), b.into()]);
    let outcome = dump(&json);
    assert_eq!(
        (outcome.names(), outcome.result.unwrap().format),
        (vec!["a".into(), "b".into()], "otlp-json")
    );
    let binary = framed(&[protobuf(&["a"]), protobuf(&["b"])]);
    assert_eq!(dump(&binary).names(), ["a", "b"]);
    for bytes in [json, binary] {
        for cut in 9..bytes.len() {
            let outcome = dump(&bytes[..cut]);
            assert!(
                ["a", "b"].starts_with(&outcome.names().iter().map(String::as_str).collect::<Vec<_>>()),
                "{cut}"
            );
        }
        assert_eq!(dump(&bytes[..bytes.len() - 1]).names(), ["a"]);
    }
}

#[test]
fn members_of_an_archive_are_dumps_of_their_own() {
    let json = format!("{}\n{{\"level\":1}}\n", otlp(&[otlp_span(1, "a")]));
    let zipkin = format!("[{}]", zipkin_span(2, "b"));
    let members: [(&str, &[u8]); 6] = [
        ("dumps/a.json", json.as_bytes()),
        ("dumps/.hidden", b"x"),
        ("__MACOSX/a.json", b"x"),
        ("readme.txt", b"hello"),
        ("b.bin", &gzip(zipkin.as_bytes())),
        ("c", &protobuf(&["c"])),
    ];
    let outcome = outcome(&zipped(&members)[..], "a.zip", None);
    assert_eq!(outcome.names(), ["a", "b", "c"]);
    assert_eq!(&*outcome.batches[0].source, "a.zip!dumps/a.json");
    let rejections = outcome.rejections();
    assert_eq!(rejections[0].0, "a.zip!dumps/a.json:2");
    assert_eq!(rejections.len(), 1, "{rejections:?}");
    let summary = outcome.result.unwrap();
    assert_eq!((summary.spans, summary.rejected, summary.failed.len()), (3, 1, 1));
    let said = summary.failed[0].to_string();
    assert!(said.starts_with("a.zip!readme.txt is not in a format"), "{said}");
    assert_eq!(dump(zipped(&[])).error(), "d is empty.");
    assert_eq!(
        dump(zipped(&[("x", b"hello")])).error(),
        "d!x is not in a format that otoscope reads: it looks like plain text without spans in it."
    );
    let none = dump(zipped(&[("x", b""), ("y", b"")])).error();
    assert_eq!(none, "d holds no file with a span in it; the first: d!x is empty.");
}

/// What can be read at any place need not be held: the same comes out of it.
#[test]
fn a_file_is_read_like_a_pipe() {
    let json = otlp(&[otlp_span(1, "a")]);
    for bytes in [json.clone().into_bytes(), gzip(json.as_bytes()), zipped(&[("x", json.as_bytes())])] {
        let mut names = Vec::new();
        let read = read_file(Cursor::new(&bytes), "d", None, &mut |batch| {
            names.push(batch.source.to_string());
            ControlFlow::Continue(())
        });
        assert_eq!((read.unwrap(), names.len()), (dump(&bytes).result.unwrap(), 1), "{names:?}");
    }
}

#[test]
fn cut_anywhere_nothing_panics() {
    let json = otlp(&[otlp_span(1, "a")]);
    for whole in [xz(json.as_bytes()), zipped(&[("a.json", json.as_bytes())])] {
        assert_eq!(dump(&whole).names(), ["a"]);
        for cut in 0..whole.len() {
            let outcome = dump(&whole[..cut]);
            assert!(outcome.names().len() <= 1);
        }
    }
    let cut = zipped(&[("a.json", json.as_bytes())]);
    let said = dump(&cut[..cut.len() - 30]).error();
    assert!(said.starts_with("d cannot be read: its zip archive is broken or cut off"), "{said}");
    let mut random = fastrand::Rng::with_seed(11);
    for whole in [xz(json.as_bytes()), zipped(&[("a.json", json.as_bytes())]), framed(&[json.clone().into()])]
    {
        for _ in 0..1_000 {
            let mut mutant = whole.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(6..mutant.len());
                mutant[at] = random.u8(..);
            }
            let _ = dump(mutant);
        }
    }
}

/// A few kilobytes that inflate to hundreds of megabytes: read through a buffer, and left. `tests/bad_input.rs` has those
/// of gzip and zip.
#[test]
fn bombs_stay_small() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    let blank = vec![b' '; 1 << 20];
    encoder.write_all(b"{\"resourceSpans\":[]}\n").unwrap();
    for _ in 0..300 {
        encoder.write_all(&blank).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let said = dump(&bomb).error();
    assert!(said.contains("it inflates to more than 500 times its size"), "{said}");
    let one = [&vec![b'['; 9][..], &blank].concat();
    let frame = framed(&[zstd::encode_all(&one[..], 1).unwrap()]);
    assert!(dump(frame).result.is_err());
    // An xz file that asks for a dictionary of more than is given.
    let mut greedy = XzOptions::with_preset(0);
    greedy.lzma_options.dict_size = 512 << 20;
    let Ok(mut writer) = XzWriter::new(Vec::new(), greedy) else { return };
    writer.write_all(b"x").unwrap();
    let said = dump(writer.finish().unwrap()).error();
    assert!(said.starts_with("d cannot be read: "), "{said}");
}
