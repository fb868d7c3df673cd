//! The pages of the results: one file a subject, each a function from what was run to Markdown.

mod baselines;
mod by_name;
mod live;
mod merging;
mod mutants;
mod rules;
mod summary;

use crate::conditions::CONDITIONS;
use crate::live::DELIVERIES;
use crate::results::Results;
use otoscope::model::time::date_time;

/// The whole document, and its summary.
pub(crate) fn document(results: &Results<'_>) -> (String, String) {
    let summary = summary::page(results);
    let pages = [
        head(results),
        summary.clone(),
        rules::page(results),
        merging::page(results),
        live::page(results),
        baselines::page(results),
        by_name::page(results),
        mutants::page(results.captures),
        END.to_owned(),
    ];
    (pages.join("\n"), summary)
}

fn head(results: &Results<'_>) -> String {
    let captures = results.captures;
    let broken = captures.iter().filter(|capture| !capture.healthy).count();
    let spans: u64 = captures.iter().map(|capture| capture.spans).sum();
    let times = captures.iter().flat_map(|capture| &capture.batches).map(|batch| batch.arrived_ns);
    let date = |ns: Option<u64>| date_time(ns.unwrap_or(0))[..10].to_owned();
    let (first, last) = (date(times.clone().min()), date(times.max()));
    let recorded = if first == last { format!("on {first}") } else { format!("from {first} to {last}") };
    let mut out = format!(
        "# Evaluation\n\n\
         Written by `cargo run --release --example evaluate`; the same captures give the same bytes. otoscope {}, on the {} labelled\n\
         captures of `tests/captures`: {} healthy, {broken} broken, {spans} spans, recorded {recorded} from real SDKs by the scripts of\n\
         `tools/record`, whose README says what each is. `cargo run --release --example evaluate -- DIR` scores other captures with\n\
         labels of this form, and prints.\n\n\
         A *headline* is a warning or an error that no other finding explains. It is *false* where the label lists no such fault;\n\
         hints are listed and not scored. n is small everywhere: intervals are Wilson's at 95 %.\n\n\
         Every capture is read under these conditions:\n\n",
        env!("CARGO_PKG_VERSION"),
        captures.len(),
        captures.len() - broken,
    );
    for condition in CONDITIONS {
        let times =
            if condition.times == 1 { String::new() } else { format!(" ({} times)", condition.times) };
        out += &format!("- *{}*{times}: {}\n", condition.name, condition.says);
    }
    out += "\nand comes in live, the time being told once a second, in these ways:\n\n";
    for delivery in DELIVERIES {
        out += &format!("- *{}*: {}\n", delivery.name, delivery.says);
    }
    out
}

/// What the numbers do not show.
const END: &str = "\
## What these numbers do not show

- **How it does in the field.** The captures were recorded by those who wrote the rules, from small programs with one fault
  each; a fault that nobody thought of is in none of them. Healthy programs are more varied than these.
- **Rare mistakes.** With n healthy captures and no false headline, up to about 4 in n + 4 may still be false (the upper end of
  the interval). How common each fault is in the field is not known, so precision there is only given for assumed shares.
- **Languages and systems without a capture**: Java, .NET, Go, PHP, Ruby, browsers, serverless, sidecars, delays by people. Thresholds
  were set with the healthy captures in view, so silence on them is no surprise.
- **What mutants prove.** They share the assumptions of the rules: they show that the mechanics work, and guard against
  regressions. They are not counted above.
";
