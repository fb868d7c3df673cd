//! An entry continues a trace whose caller was not received.

use crate::diagnosis::aggregate::Cx;
use crate::diagnosis::aggregate::lost::{Callers, SAMPLE};
use crate::diagnosis::aggregate::missing::{Agent, Missing, MissingKey};
use crate::diagnosis::claim::{Claim, Said, count};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::rule::On;
use crate::diagnosis::{Rule, Severity};
use crate::model::share;
use std::collections::BTreeMap;

/// The rule.
pub const RULE: Rule = Rule {
    id: "missing-remote-parent",
    code: "C2",
    severity: Severity::Warning,
    enabled: true,
    summary: "requests continue traces whose callers were not received",
    explain: "\
A request names a parent in another process, and that span is not here.

Why it matters: usually not at all: an inspector that watches one service sees no callers. But where the same caller's
spans do arrive at other times, spans are being lost.

How it is found: the parent of an entry is remote by its flags, or may be, and has not come although the process has
long gone on. It is a warning when more than 30 % of at least 50 requests by one user agent miss their callers and the
others have them.

What looks alike and is fine: callers that export elsewhere or not at all: browsers and apps, a mesh or ingress, API
gateways and front ends of a cloud (X-Ray and Cloud Run inject a parent that you cannot receive), callers that are
sampled by themselves.",
    fix: "\
Send the callers' spans to the same place. At a boundary that you do not control, start a new trace with a link to
the caller's (the public-endpoint option of many instrumentations).",
    code_fixes: &[
        ("go", "`otelhttp.NewHandler(handler, name, otelhttp.WithPublicEndpoint())` starts a new trace with a link"),
    ],
    references: &[
        "open-telemetry/semantic-conventions#230",
        "aws-observability/aws-otel-lambda#105",
        "open-telemetry/opentelemetry-lambda#992",
        "encoredev/encore#752",
        "elastic/apm#609",
    ],
    symptom_of: &["fixed-remote-parent", "merged-under-local-span"],
    on: On::Aggregate(look),
};

/// Few requests say little.
const ENTRIES: u64 = 50;
/// Some callers must be here, or nothing says that the others ought to be.
const RECEIVED: f64 = 0.10;

#[derive(Default)]
struct Service<'a> {
    received: u64,
    missing: u64,
    /// Missing and received of the user agent that loses most, as far as it loses.
    loses: Option<(u64, u64)>,
    sample: BTreeMap<MissingKey, &'a Missing>,
}

fn look(cx: &Cx<'_>, out: &mut Vec<Claim>) {
    let mut services: BTreeMap<ServiceIx, Service<'_>> = BTreeMap::new();
    for (service, agent, callers) in cx.gathered.lost.callers() {
        let of = services.entry(service).or_default();
        of.received += callers.received;
        of.missing += callers.missing;
        of.sample.extend(callers.sample.iter().map(|(key, missing)| (*key, missing)));
        if is_losing(agent, callers) && of.loses.is_none_or(|(missing, _)| missing < callers.missing) {
            of.loses = Some((callers.missing, callers.received));
        }
    }
    for (service, of) in services.iter().filter(|(_, of)| of.missing > 0) {
        out.push(claim(cx, *service, of));
    }
}

/// Whether a caller that is received loses some of its spans.
fn is_losing(agent: Agent, callers: &Callers) -> bool {
    let all = (callers.missing + callers.received) as f64;
    agent != 0
        && callers.missing + callers.received >= ENTRIES
        && callers.missing as f64 > 0.30 * all
        && callers.received as f64 >= RECEIVED * all
}

fn claim(cx: &Cx<'_>, service: ServiceIx, of: &Service<'_>) -> Claim {
    let name = cx.processes.service(service);
    // Roots have no caller to miss, and what is called within the process is no request from outside.
    let remote = of.missing + of.received;
    let continues = if of.missing == 1 { "continues a trace" } else { "continue traces" };
    let share = share::percent(of.missing, remote);
    let message = format!(
        "{} of {remote} with a remote parent ({share}) {continues} whose caller was not received",
        count(of.missing, "request")
    );
    let mut said = match of.loses {
        Some((missing, received)) => {
            let all = missing + received;
            Said::firm(Severity::Warning, 0.70, message)
                .because(format!(
                    "of {all} requests by one user agent {received} have their caller and {missing} do not: that caller's spans are being lost"
                ))
                .remedy("look at the caller: its queue, its exporter's errors, a sampler that decides span by span")
        }
        None if of.received == 0 => Said::firm(Severity::Info, 0.50, message)
            .because("no caller of this service was received: they export elsewhere, or nothing"),
        None => Said::firm(Severity::Info, 0.50, message)
            .because(format!("{} have their caller here", count(of.received, "other request"))),
    };
    let platform = of.sample.values().next().map(|missing| platform(cx, missing)).unwrap_or_default();
    if !platform.is_empty() {
        said = said.because(platform);
    }
    if of.loses.is_none() {
        said = said.remedy("nothing, if this is the only service that sends here").remedy(
            "else send the callers' spans here too, or start a new trace with a link at the boundary",
        );
    }
    let spans = of.sample.iter().map(|(key, missing)| (key.1, missing.child));
    // Many requests may name one caller: only past the sample is it not known how many do.
    let callers = if of.sample.len() < SAMPLE { of.sample.len() as u64 } else { of.missing };
    let mut claim = Claim::about(name, said)
        .spans(spans, of.missing)
        .traces_of(of.sample.keys().map(|key| key.1), callers);
    if let Some(missing) = of.sample.values().next() {
        claim.language.clone_from(&cx.processes.get(missing.process).language);
    }
    claim
}

/// What the platform explains.
fn platform(cx: &Cx<'_>, missing: &Missing) -> String {
    let slot = cx.store.slot(missing.at);
    let Some(child) = cx.store.first_child(missing.at, crate::store::View::Recorded) else {
        return String::new();
    };
    if slot.is_held() {
        return String::new();
    }
    let resource = cx.store.resource(cx.store.record(child).resource);
    match resource.text("cloud.platform") {
        lambda if lambda.starts_with("aws_lambda") => {
            "it runs on AWS Lambda, where X-Ray or the API gateway starts the trace and keeps its own spans"
                .to_owned()
        }
        "gcp_cloud_run" => "it runs on Cloud Run, whose front end adds a traceparent of its own".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;
    use std::fmt::Write;

    /// Requests by one user agent; of every ten so many have lost their caller.
    fn requests(n: u32, lost_of_ten: u32, agent: &str) -> String {
        let mut out = String::new();
        for i in 0..n {
            let lost = if i % 10 < lost_of_ten { "lost" } else { "" };
            let at = i * 100;
            let _ = write!(
                out,
                "GET  web  client  {at}..{}  call=http://shop/a {lost} trace={}\n  GET /a  shop  server  {}..{}  get=/a {agent}\n",
                at + 40,
                1 + i,
                at + 10,
                at + 20
            );
        }
        out.push_str("GET /health  shop  server  90000..90002  get=/health trace=250\n");
        out
    }

    #[test]
    fn fires_when_a_caller_that_is_received_loses_spans() {
        let sketch = requests(60, 5, "http.user_agent=python-requests/2.32");
        assert_eq!(found("missing-remote-parent", &sketch), ["warning missing-remote-parent firm ×30"]);
    }

    #[test]
    fn info_when_only_one_service_is_watched() {
        let sketch = requests(60, 10, "http.user_agent=python-requests/2.32");
        assert_eq!(found("missing-remote-parent", &sketch), ["info missing-remote-parent firm ×60"]);
    }

    #[test]
    fn info_when_another_caller_exports_elsewhere() {
        let mut sketch = requests(30, 0, "http.user_agent=python-requests/2.32");
        let browser = requests(60, 10, "http.user_agent=Mozilla/5.0");
        sketch.push_str(&browser.replace("trace=", "trace=1").lines().take(120).fold(
            String::new(),
            |mut all, line| {
                let _ = writeln!(all, "{}", renumbered(line));
                all
            },
        ));
        assert_eq!(found("missing-remote-parent", &sketch), ["info missing-remote-parent firm ×60"]);
    }

    /// The trace number brought into range after a digit was put before it.
    fn renumbered(line: &str) -> String {
        match line.split_once("trace=1") {
            Some((before, number)) => {
                let number: u32 = number.trim().parse().unwrap();
                format!("{before}trace={}", 100 + number)
            }
            None => line.to_owned(),
        }
    }

    #[test]
    fn silent_when_callers_are_here() {
        let sketch = requests(60, 0, "http.user_agent=python-requests/2.32");
        assert_eq!(found("missing-remote-parent", &sketch), [""; 0]);
    }
}
