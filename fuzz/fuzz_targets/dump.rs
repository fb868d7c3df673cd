//! Any bytes, as a dump of every format: nothing panics, nothing hangs, and what is counted is what came.

#![no_main]

use libfuzzer_sys::fuzz_target;
use otoscope::dump::{FORMATS, read};
use otoscope::otlp::decode;
use std::ops::ControlFlow;

fuzz_target!(|data: &[u8]| {
    // The first byte says as what the rest is read; most of them, as what it looks like.
    let Some((first, bytes)) = data.split_first() else { return };
    let from = FORMATS.get(usize::from(*first)).copied();
    let (mut spans, mut rejected, mut batches) = (0, 0, 0);
    let read = read(bytes, "d", from, &mut |batch| {
        (spans, rejected, batches) =
            (spans + batch.records.len() as u64, rejected + batch.rejections.len() as u64, batches + 1);
        for record in &batch.records {
            decode::span(&batch.bytes[record.offset as usize..][..record.len as usize]);
        }
        ControlFlow::Continue(())
    });
    if let Ok(read) = read {
        assert_eq!((read.spans, read.rejected, read.batches), (spans, rejected, batches));
    }
});
