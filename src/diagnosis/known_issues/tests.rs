use super::*;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::RULES;
use crate::session::{Clock, Session};
use crate::testkit::{Bench, by_end};
use std::collections::BTreeSet;

#[test]
fn every_row_can_be_trusted() {
    let table = table::read(table::SHIPPED, &|_| Ok(())).unwrap();
    let mut unknown: BTreeSet<&str> = BTreeSet::new();
    for issue in &table {
        let id = &issue.id;
        assert!(!issue.summary.is_empty() && !issue.verified.is_empty(), "{id}");
        assert!(!issue.refs.is_empty() && !issue.remedy.is_empty(), "{id}");
        assert!(!issue.requires.is_empty(), "{id} must not fire without a symptom");
        unknown
            .extend(issue.requires.iter().map(String::as_str).filter(|id| RULES.iter().all(|r| r.id != *id)));
        // Without a scope or a range of SDK versions, any service of the language would be accused.
        let told =
            !issue.scopes.is_empty() || !issue.names.is_empty() || issue.certainty == Certainty::Perhaps;
        assert!(told || issue.sdk.from.is_some() && issue.sdk.before.is_some(), "{id}");
        if issue.verified == "I" {
            let careful = [
                "reported",
                "Reported",
                "open when",
                "Open when",
                "no release",
                "not verified",
                "unless",
                "No release",
            ];
            assert!(careful.iter().any(|word| issue.summary.contains(word)), "{id} says more than is known");
        }
    }
    assert_eq!(unknown, BTreeSet::new(), "rules that the table names and nobody has written");
    let numbers: BTreeSet<&str> =
        table.iter().map(|row| row.id.trim_end_matches(char::is_lowercase)).collect();
    let expected: BTreeSet<String> = (1..=35).map(|n| format!("G{n}")).collect();
    assert_eq!(numbers, expected.iter().map(String::as_str).collect());
}

/// What is said of a finding: id and certainty.
fn told(
    rule: &str,
    [language, sdk]: [&str; 2],
    by: &[By<'_>],
    scopes: &[(&str, &str)],
) -> Option<(&'static str, Certainty)> {
    let suspect = Suspect {
        rule,
        by,
        sdks: &|fits| fits(language, sdk),
        scopes: &|fits| scopes.iter().any(|(name, version)| fits(name, version)),
    };
    find(shipped(), &suspect).map(|known| (known.issue.id.as_str(), known.certainty))
}

fn culprit<'a>(scope: &'a str, version: &'a str, name: &'a str) -> By<'a> {
    By::Culprit { scope, version, name }
}

#[test]
fn the_click_issue_and_its_half_fix() {
    let flask = [("opentelemetry.instrumentation.flask", "0.50b0")];
    let said = |by: By<'_>| told("merged-under-local-span", ["python", ""], &[by], &flask);
    let id = |by: By<'_>| said(by).map(|(id, _)| id);
    let click = "opentelemetry.instrumentation.click";
    assert_eq!(said(culprit(click, "0.50b0", "run")), Some(("G1", Certainty::Certain)));
    assert_eq!(id(culprit(click, "0.50b0", "serve.py")), Some("G2"), "the upgrade would not help");
    assert_eq!(said(culprit(click, "0.65b0", "serve.py")), Some(("G2", Certainty::Certain)));
    assert_eq!(id(culprit(click, "0.49b2", "run")), None);
    assert_eq!(id(culprit("", "0.50b0", "run")), Some("G1"), "console output");
    assert_eq!(id(culprit("my.scope", "0.50b0", "run")), None);
    let open = |version, auto, like_it| said(By::Open { version, auto, like_it });
    assert_eq!(open("0.50b0", false, true), Some(("G1", Certainty::Likely)));
    assert_eq!(open("0.50b0", true, false), None, "not what requests under click look like");
    assert_eq!(open("0.51b0", false, true), None, "not likely enough to name");
    assert_eq!(open("0.65b0", true, true), Some(("G2", Certainty::Perhaps)));
    let django = [("opentelemetry.instrumentation.django", "0.66b1")];
    let open = [By::Open { version: "0.66b1", auto: true, like_it: true }];
    let told_of = |scopes| told("merged-under-local-span", ["python", ""], &open, scopes);
    assert_eq!(told_of(&django), None, "Django's commands are not click's");
    assert_eq!(told_of(&[("", "")]), None, "nothing is known of the service");
    let console = |version| {
        let open = [By::Open { version, auto: true, like_it: true }];
        told("merged-under-local-span", ["python", ""], &open, &[("", "")])
    };
    assert_eq!(
        console("0.50b0"),
        Some(("G1", Certainty::Likely)),
        "console output of a server that still runs"
    );
    assert_eq!((console("0.51b0"), console("")), (None, None));
}

#[test]
fn what_must_be_there_too_is_looked_for() {
    let fastify = [culprit("@fastify/otel", "0.20.0", "")];
    let with = |scopes: &[(&str, &str)]| told("nested-server-spans", ["nodejs", "2.8.0"], &fastify, scopes);
    let http = ("@opentelemetry/instrumentation-http", "0.219.0");
    assert_eq!(with(&[("@fastify/otel", "0.20.0"), http]), Some(("G29", Certainty::Certain)));
    assert_eq!(with(&[("@fastify/otel", "0.20.0")]), None);
    let fixed = [culprit("@fastify/otel", "0.21.1", "")];
    assert_eq!(told("nested-server-spans", ["nodejs", "2.8.0"], &fixed, &[http]), None);
}

#[test]
fn languages_and_rules_must_fit() {
    let knex = [culprit("@opentelemetry/instrumentation-knex", "0.36.0", "")];
    let said = |rule, language| told(rule, [language, ""], &knex, &[]).map(|(id, _)| id);
    assert_eq!(said("db-kind-mismatch", "nodejs"), Some("G13"));
    assert_eq!(said("db-kind-mismatch", "python"), None);
    assert_eq!(said("unknown-service", "nodejs"), None, "no symptom of it");
}

#[test]
fn versions_of_java_instrumentations_end_in_alpha() {
    let ktor = |version: &str| {
        let by = [culprit("io.opentelemetry.ktor-3.0", version, "")];
        told("request-inherits-finished-request", ["java", "1.60.0"], &by, &[]).map(|(id, _)| id)
    };
    assert_eq!(ktor("2.27.0-alpha"), Some("G9"));
    assert_eq!(ktor("2.28.0-alpha"), None, "the release with the fix");
}

#[test]
fn a_possibility_may_be_anywhere_in_the_service_and_yields_to_what_is_sure() {
    let rule = "request-inherits-finished-request";
    let agent = [("io.opentelemetry.kafka-clients-0.11", "2.12.0-alpha")];
    let tomcat = culprit("io.opentelemetry.tomcat-10.0", "2.12.0-alpha", "");
    assert_eq!(told(rule, ["java", ""], &[tomcat], &agent), Some(("G18", Certainty::Perhaps)));
    let aws = culprit("io.opentelemetry.aws-sdk-2.2", "2.12.0-alpha", "");
    assert_eq!(told(rule, ["java", ""], &[tomcat, aws], &agent), Some(("G20", Certainty::Certain)));
    assert_eq!(
        told("ever-growing-trace", ["dotnet", ""], &[], &[("Quartz", "4.0.1")]),
        Some(("G25", Certainty::Perhaps)),
        "the finding names no scope"
    );
}

#[test]
fn the_scope_of_requests_is_not_that_of_their_culprit() {
    let by = [
        culprit("shop", "", "startup"),
        By::Entries { scope: "@opentelemetry/instrumentation-aws-sdk", version: "0.37.0" },
    ];
    let said = told("merged-under-local-span", ["nodejs", ""], &by, &[]);
    assert_eq!(said, Some(("G17", Certainty::Likely)), "its row is about the requests themselves");
    let click = [
        culprit("shop", "", "x"),
        By::Entries { scope: "opentelemetry.instrumentation.click", version: "0.50b0" },
    ];
    let flask = [("opentelemetry.instrumentation.flask", "0.50b0")];
    assert_eq!(told("merged-under-local-span", ["python", ""], &click, &flask), None);
}

#[test]
fn names_may_be_those_of_work_that_goes_on() {
    let stream = |name| {
        let by = [culprit("@opentelemetry/instrumentation-grpc", "0.200.0", name)];
        told("background-loop-inherits-request", ["nodejs", ""], &by, &[]).map(|(id, _)| id)
    };
    assert_eq!(stream("grpc.flagd.evaluation.v2.Service/EventStream"), Some("G34"));
    assert_eq!(stream("grpc.shop.Cart/Get"), None);
}

/// The first finding of a sketch in which `@` stands for what each span's line ends in.
fn first(diagnosis: Diagnosis, sketch: &str, ending: &str) -> crate::diagnosis::Finding {
    let mut bench = Bench(Session::with(1 << 30, Clock::Wall, diagnosis));
    bench.take(by_end(&sketch.replace('@', ending))).finish();
    bench.0.diagnosis.findings()[0].clone()
}

const BACKWARDS: &str = "GET /a  shop  server  20..5  http.request.method=GET url.path=/a @";

#[test]
fn what_other_rules_find_is_explained_too() {
    let node = |sdk: &str| {
        let of = format!("resource.telemetry.sdk.language=nodejs resource.telemetry.sdk.version={sdk}");
        first(Diagnosis::default(), BACKWARDS, &of)
    };
    let finding = node("1.7.0");
    assert_eq!(finding.rule.id, "negative-duration");
    assert_eq!(
        finding.known_issue.map(|known| (known.id, known.certainty)),
        Some(("G12".to_owned(), Certainty::Certain))
    );
    assert!(finding.remedy[0].starts_with("upgrade @opentelemetry/sdk-trace-base"), "{:?}", finding.remedy);
    assert!(finding.remedy.len() > 1, "the rule's own advice follows");
    assert!(finding.evidence.last().unwrap().contains("known issue G12"), "{:?}", finding.evidence);
    assert_eq!(node("1.8.0").known_issue, None);
}

const LATE: &str = "
    POST /up  api  server  0..100  get=/up @
      GET /a  api  server  600..610  get=/a @
";

#[test]
fn a_keep_alive_leak_is_uvicorns_only_under_asgi() {
    let python = "resource.telemetry.sdk.language=python scope=opentelemetry.instrumentation";
    let fastapi = first(Diagnosis::default(), LATE, &format!("{python}.fastapi.thing"));
    assert_eq!(fastapi.known_issue, None, "another scope's name");
    let fastapi = first(Diagnosis::default(), LATE, &format!("{python}.fastapi"));
    assert_eq!(fastapi.known_issue.unwrap().id, "G4");
    assert!(fastapi.remedy[0].contains("--reset-contextvars"), "{:?}", fastapi.remedy);
    let flask = first(Diagnosis::default(), LATE, &format!("{python}.flask"));
    assert_eq!((flask.rule.id, flask.known_issue), (fastapi.rule.id, None));
    assert!(!flask.remedy.iter().any(|line| line.contains("uvicorn")), "{:?}", flask.remedy);
}

#[test]
fn a_possibility_is_told_last_and_weighs_nothing() {
    let dotnet = |sdk: &str| {
        let of = format!(
            "resource.telemetry.sdk.language=dotnet resource.telemetry.sdk.version={sdk} scope=Microsoft.AspNetCore"
        );
        first(Diagnosis::default(), LATE, &of)
    };
    let (old, fixed) = (dotnet("1.9.0"), dotnet("1.15.1"));
    assert_eq!(old.known_issue.as_ref().map(|known| known.certainty), Some(Certainty::Perhaps));
    assert!(
        old.remedy.last().unwrap().starts_with("if the service calls Tracer.StartSpan"),
        "{:?}",
        old.remedy
    );
    assert_eq!(fixed.known_issue, None);
    assert_eq!(old.confidence.to_bits(), fixed.confidence.to_bits());
    assert_eq!(old.remedy[..old.remedy.len() - 1], fixed.remedy);
}

#[test]
fn rows_of_the_user_come_first_and_replace_those_of_the_same_id() {
    let own = |id: &str| {
        let text = format!(
            "[[issue]]
id = \"{id}\"
requires = [\"negative-duration\"]
language = \"nodejs\"
sdk_from = \"1.7.0\"
summary = \"Our build has it.\"
remedy = \"take build 7\"
refs = \"https://example.com/wiki\"
verified = \"R\""
        );
        Diagnosis::default().with_known_issues(parse(&text).unwrap())
    };
    let node =
        |sdk: &str| format!("resource.telemetry.sdk.language=nodejs resource.telemetry.sdk.version={sdk}");
    for id in ["ACME-1", "G12"] {
        let finding = first(own(id), BACKWARDS, &node("1.7.0"));
        assert_eq!(finding.known_issue.map(|known| known.id).as_deref(), Some(id));
        assert_eq!(finding.remedy[0], "take build 7");
    }
    let ids = |diagnosis: Diagnosis| diagnosis.known_issues.iter().filter(|row| row.id == "G12").count();
    assert_eq!((ids(own("ACME-1")), ids(own("G12"))), (1, 1));
}

#[test]
fn a_number_stands_for_all_its_letters() {
    let ids = |id: &str| named(shipped(), id).into_iter().map(|row| row.id.as_str()).collect::<Vec<_>>();
    assert_eq!(ids("g1"), ["G1"]);
    assert_eq!(ids("G16"), ["G16a", "G16b"]);
    assert_eq!(ids("G16b"), ["G16b"]);
    assert_eq!(ids("G99"), [""; 0]);
}
