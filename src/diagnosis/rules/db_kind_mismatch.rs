//! A database call was recorded, but its span is not CLIENT.

use crate::diagnosis::claim::{Case, Said, count};
use crate::diagnosis::role::Role;
use crate::diagnosis::rule::{On, OnSpan, Watch};
use crate::diagnosis::seen::{Mark, Seen};
use crate::diagnosis::{Rule, Severity};
use crate::model::{Key, KeySet, ParentLocality, SpanKind};

/// The rule.
pub const RULE: Rule = Rule {
    id: "db-kind-mismatch",
    code: "A5",
    severity: Severity::Warning,
    enabled: true,
    summary: "a span describes a database call and its kind is not CLIENT",
    explain: "\
The span names a database system that is reached over a network, and its kind is not CLIENT as semantic conventions
demand.

Why it matters: back ends show a database as a dependency, and its share of the response time, from CLIENT spans. This
one counts as the service's own work.

How it is found: `db.system` or `db.system.name` beside a statement, an operation or a database's name, on a span of
kind INTERNAL or of none.

What looks alike and is fine: engines inside of the process (SQLite, H2, HSQLDB, Derby, DuckDB, RocksDB and others); an
ORM's span around a driver's CLIENT span; a driver's span below one; waiting for a connection of a pool; the spans of a
database server itself.",
    fix: "Upgrade the instrumentation, or start the span with kind CLIENT.",
    code_fixes: &[
        ("rust", "a `tracing` span is INTERNAL unless it has the field `otel.kind`: `#[instrument(fields(otel.kind = \"client\", db.system.name = \"postgresql\"))]`"),
        ("python", "`tracer.start_as_current_span(name, kind=SpanKind.CLIENT)`"),
        ("nodejs", "`tracer.startActiveSpan(name, { kind: SpanKind.CLIENT }, …)`; knex: @opentelemetry/instrumentation-knex 0.36.1 or later"),
        ("java", "`tracer.spanBuilder(name).setSpanKind(SpanKind.CLIENT)`; Couchbase: agent 2.22.0 or later"),
        ("go", "`tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))`"),
        ("dotnet", "`source.StartActivity(name, ActivityKind.Client)`"),
        ("ruby", "`tracer.in_span(name, kind: :client)`"),
        ("php", "`->setSpanKind(SpanKind::KIND_CLIENT)`"),
    ],
    references: &[
        "https://opentelemetry.io/docs/specs/semconv/database/database-spans/#span-kind",
        "open-telemetry/opentelemetry-js-contrib#1839",
        "open-telemetry/opentelemetry-java-instrumentation#14982",
        "open-telemetry/opentelemetry-python#965",
        "hasura/graphql-engine#10868",
        "redis/go-redis#1934",
        "SeaQL/sea-orm#2937",
        "open-telemetry/semantic-conventions#1315",
    ],
    symptom_of: &[],
    on: On::Span(OnSpan { expects: Some(SpanKind::Client),
        watch: Watch::keys(KeySet::of(&[Key::DbSystem])).kinds(&[
            SpanKind::Unspecified,
            SpanKind::Internal,
            SpanKind::Server,
        ]),
        check,
        excused_by: Some(drives),
        say,
    }),
};

/// What is asked of which database.
const CALL: KeySet = KeySet::of(&[Key::DbOld, Key::DbNew]);

fn check(span: &Seen<'_>) -> Option<Mark> {
    // What names a system but neither query, operation nor database may be anything around a call.
    if span.role != Role::DatabaseOut || span.has(Key::EmbeddedDb) || !span.record.keys.any(CALL) {
        return None;
    }
    // A database server that is traced itself says SERVER, and rightly; a call of the process's own does not.
    let wrong = span.kind() != SpanKind::Server || span.locality() == ParentLocality::Local;
    (wrong && !waits_for_a_pool(span)).then(|| span.mark())
}

/// Java's data sources and their like name the database while a connection is fetched from the pool.
fn waits_for_a_pool(span: &Seen<'_>) -> bool {
    let name = span.name();
    name.ends_with("getConnection") || name.ends_with("pool.acquire")
}

/// A driver's CLIENT span below an ORM's.
fn drives(child: &Seen<'_>, parent: &Seen<'_>) -> bool {
    child.kind() == SpanKind::Client && child.has(Key::DbSystem) && child.process == parent.process
}

fn say(case: &Case<'_>) -> Option<Said> {
    let cx = &case.cx;
    // What a driver does inside of its own CLIENT span is not a call.
    let inner = |at| {
        cx.above(at).any(|above| cx.kind(above) == SpanKind::Client && cx.role(above) == Role::DatabaseOut)
    };
    let held: Vec<_> = case.held().map(|(at, _)| at).collect();
    let calls: Vec<_> = held.iter().copied().filter(|at| !inner(*at)).collect();
    if calls.is_empty() && !held.is_empty() {
        return None;
    }
    let n = case.n();
    let (_, first) = case.first()?;
    let verb = if n == 1 { "is" } else { "are" };
    let message =
        format!("{} {verb} {} and should be CLIENT{}", count(n, "database call"), first.kind, case.by());
    let mut said = Said::firm(Severity::Warning, 0.85, message);
    if let Some(at) = calls.first() {
        let system = cx.attribute(*at, &["db.system.name", "db.system"]).unwrap_or_default();
        said = said.because(format!("`{}` names the database system {system}", cx.store.name(*at)));
    }
    let names: Vec<String> = case.names(4).iter().map(|name| format!("`{name}`")).collect();
    if names.len() > 1 {
        said = said.because(format!("names: {}", names.join(", ")));
    }
    Some(said.remedy("upgrade the instrumentation, or start these spans with kind CLIENT"))
}

#[cfg(test)]
mod tests {
    use crate::testkit::found;

    const RULE: &str = "db-kind-mismatch";

    #[test]
    fn fires_for_old_and_new_names() {
        let sketch = "
            GET /a  shop  server  0..30  get=/a
              query  shop  internal  2..9  db.system=postgresql db.statement=SELECT
              query  shop  internal  12..19  db.system.name=postgresql db.query.text=SELECT
              query  shop  unspecified  22..29  db.system=redis db.operation=GET
        ";
        assert_eq!(found(RULE, sketch), ["warning db-kind-mismatch firm ×3"]);
    }

    #[test]
    fn fires_for_a_call_that_says_server() {
        let sketch = "
            GET /a  shop  server  0..30  get=/a
              query  shop  server  2..9  db.system=postgresql db.statement=SELECT local
        ";
        assert_eq!(found(RULE, sketch), ["warning db-kind-mismatch firm ×1"]);
    }

    #[test]
    fn silent_for_clients_and_engines_inside() {
        let sketch = "
            GET /a  shop  server  0..30  get=/a
              query  shop  client  2..9  db.system=postgresql
              query  shop  internal  12..19  db.system=sqlite db.statement=SELECT
              query  shop  internal  12..19  db.system.name=h2database db.query.text=SELECT
        ";
        assert_eq!(found(RULE, sketch), [""; 0]);
    }

    #[test]
    fn silent_for_an_orm_over_a_driver_and_for_parts_of_a_call() {
        let orm = "
            find  shop  internal  2..20  db.system=postgresql db.operation=find
              SELECT  shop  client  3..19  db.system=postgresql
        ";
        assert_eq!(found(RULE, orm), [""; 0]);
        let part = "
            SELECT  shop  client  3..19  db.system=postgresql
              prepare  shop  internal  4..6  db.system=postgresql db.statement=SELECT
        ";
        assert_eq!(found(RULE, part), [""; 0]);
    }

    #[test]
    fn silent_for_pools_and_for_a_database_that_is_traced_itself() {
        let pool = "HikariDataSource.getConnection  shop  internal  2..20  db.system=postgresql db.name=shop";
        assert_eq!(found(RULE, pool), [""; 0]);
        let lock = "acquire row lock  shop  internal  2..20  db.system=postgresql";
        assert_eq!(found(RULE, lock), [""; 0]);
        let server = "
            SELECT  shop  client  0..20  db.system=postgresql
              SELECT  pg  server  2..19  db.system=postgresql db.statement=SELECT remote
        ";
        assert_eq!(found(RULE, server), [""; 0]);
    }
}
