//! What instruments a command, as far as its words tell: what it has already, and what its language would need.

/// How the apps of a language are instrumented.
struct Way {
    language: &'static str,
    /// Names of programs, without directory and version.
    programs: &'static [&'static str],
    /// What stands in the command, or in a variable, where it is done already.
    mark: &'static str,
    /// How it is done.
    by: &'static str,
    /// What else is missing where that is there and nothing comes.
    then: &'static str,
}

const WAYS: &[Way] = &[
    Way {
        language: "Python",
        programs: &[
            "python",
            "flask",
            "gunicorn",
            "uvicorn",
            "hypercorn",
            "celery",
            "fastapi",
            "django-admin",
            "manage.py",
        ],
        mark: "opentelemetry-instrument",
        by: "`opentelemetry-instrument CMD` does",
        then: "`opentelemetry-bootstrap -a install` adds what instruments the libraries it uses",
    },
    Way {
        language: "Node.js",
        programs: &["node", "npm", "npx", "yarn", "pnpm", "tsx", "nodemon"],
        mark: "auto-instrumentations-node/register",
        by: "`node --require @opentelemetry/auto-instrumentations-node/register` does",
        then: "ES modules need `--experimental-loader=@opentelemetry/instrumentation/hook.mjs` too",
    },
    Way {
        language: "Java",
        programs: &["java", "mvn", "mvnw", "gradle", "gradlew"],
        mark: "opentelemetry-javaagent",
        by: "`-javaagent:opentelemetry-javaagent.jar` (or JAVA_TOOL_OPTIONS with that) does",
        then: "OTEL_JAVAAGENT_DEBUG=true prints what the agent does",
    },
    Way {
        language: ".NET",
        programs: &["dotnet"],
        mark: "otel-dotnet-auto",
        by: "`.AddOtlpExporter()` in its code or `instrument.sh` of otel-dotnet-auto does",
        then: "OTEL_LOG_LEVEL=debug lets it write down what it does",
    },
    Way {
        language: "Go",
        programs: &["go"],
        mark: "",
        by: "a tracer provider with `otlptracehttp.New(ctx)` in its code does",
        then: "",
    },
    Way {
        language: "Rust",
        programs: &["cargo"],
        mark: "",
        by: "a provider with `SpanExporter::builder().with_http().build()` in its code does",
        then: "",
    },
    Way {
        language: "Ruby",
        programs: &["ruby", "bundle", "rails", "puma", "rackup"],
        mark: "",
        by: "`OpenTelemetry::SDK.configure(&:use_all)` in its code does",
        then: "",
    },
];

/// Variables that bring words of a command too.
const BRINGING: [&str; 4] = ["NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "JAVA_OPTS", "CORECLR_PROFILER_PATH"];

/// Reloaders of Python: they start the app again without what `opentelemetry-instrument` has brought. A word that must
/// be there, one that turns the reloader on (none: it is on by itself), the one that keeps it off, and what to do.
const RELOADERS: &[(&str, &[&str], &str, &str)] = &[
    ("flask", &["--debug", "--reload", FLASK_DEBUG], "--no-reload", "add --no-reload"),
    ("runserver", &[], "--noreload", "add --noreload"),
    ("fastapi", &["dev"], "--no-reload", "use `fastapi run`"),
    ("", &["--reload"], "--no-reload", "leave --reload out"),
];
const FLASK_DEBUG: &str = "FLASK_DEBUG";

/// What is known of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instrumented {
    way: Option<usize>,
    done: bool,
    reloader: Option<&'static str>,
}

impl Instrumented {
    /// That of a command with these words and variables.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>, set: &dyn Fn(&str) -> Option<String>) -> Self {
        // A word may be a script of the shell.
        let words: Vec<&str> = words.into_iter().flat_map(str::split_whitespace).collect();
        let brought: Vec<String> = BRINGING.iter().filter_map(|name| set(name)).collect();
        let says = |mark: &str| {
            !mark.is_empty()
                && (words.iter().any(|word| word.contains(mark))
                    || brought.iter().any(|it| it.contains(mark)))
        };
        let marked = WAYS.iter().position(|way| says(way.mark));
        let way = marked.or_else(|| {
            words.iter().find_map(|word| WAYS.iter().position(|way| way.programs.contains(&program(word))))
        });
        let done = marked.is_some();
        let on = |word: &str| {
            let debug =
                || set(FLASK_DEBUG).is_some_and(|it| !matches!(it.as_str(), "" | "0" | "false" | "no"));
            words.contains(&word) || word == FLASK_DEBUG && debug()
        };
        let reloads = |(with, turn_on, off, _): &&(&str, &[&str], &str, _)| {
            (with.is_empty() || words.iter().any(|word| program(word) == *with))
                && (turn_on.is_empty() || turn_on.iter().any(|word| on(word)))
                && !words.contains(off)
        };
        let is_python = done && way.is_some_and(|at| WAYS[at].language == "Python");
        let reloader = RELOADERS.iter().filter(|_| is_python).find(reloads).map(|(.., cure)| *cure);
        Self { way, done, reloader }
    }

    /// Its language, as far as it is known.
    pub fn language(&self) -> Option<&'static str> {
        self.way.map(|at| WAYS[at].language)
    }

    /// Why nothing may have come: a question, or what is known.
    pub fn asks(&self) -> String {
        if let Some(cure) = self.reloader {
            return format!("its reloader starts the app without the instrumentation: {cure}");
        }
        match self.way.map(|at| &WAYS[at]) {
            Some(way) if self.done => format!("`{}` is there; {}", way.mark, way.then),
            Some(way) => format!("is it instrumented? For {}, {} that", way.language, way.by),
            None => "is it instrumented? For Python, `opentelemetry-instrument CMD` does that".to_owned(),
        }
    }
}

/// `/usr/bin/python3.11` is `python`.
fn program(word: &str) -> &str {
    let name = word.rsplit('/').next().unwrap_or(word);
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(command: &str, variable: Option<(&str, &str)>) -> String {
        let set =
            |name: &str| variable.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned());
        Instrumented::of(command.split(' '), &set).asks()
    }

    #[test]
    fn what_a_command_has_is_not_asked_for_and_its_language_is_heeded() {
        for (command, says) in [
            ("./serve", "For Python, `opentelemetry-instrument CMD` does that"),
            ("/usr/bin/python3.11 app.py", "For Python, `opentelemetry-instrument CMD` does that"),
            (
                "opentelemetry-instrument flask run",
                "`opentelemetry-instrument` is there; `opentelemetry-bootstrap",
            ),
            ("node app.js", "For Node.js, `node --require @opentelemetry/"),
            (
                "node --require @opentelemetry/auto-instrumentations-node/register a.js",
                "register` is there; ES",
            ),
            ("java -jar app.jar", "For Java, `-javaagent:"),
            ("dotnet run", "For .NET, `.AddOtlpExporter()`"),
            ("go run .", "For Go, a tracer provider"),
        ] {
            let said = asks(command, None);
            assert!(said.contains(says), "{command}: {said}");
        }
        let said = asks(
            "npm start",
            Some(("NODE_OPTIONS", "-r @opentelemetry/auto-instrumentations-node/register")),
        );
        assert!(said.contains("is there"), "{said}");
    }

    #[test]
    fn a_reloader_is_named_where_there_is_one() {
        let with = |command: &str| format!("opentelemetry-instrument {command}");
        for (command, cure) in [
            ("flask run --debug", Some("add --no-reload")),
            ("flask --debug run --no-reload", None),
            ("python manage.py runserver", Some("add --noreload")),
            ("python manage.py runserver --noreload", None),
            ("uvicorn app:app --reload", Some("leave --reload out")),
            ("fastapi dev app.py", Some("use `fastapi run`")),
            ("flask run", None),
        ] {
            let said = asks(&with(command), None);
            assert_eq!(said.starts_with("its reloader"), cure.is_some(), "{command}: {said}");
            assert!(cure.is_none_or(|cure| said.ends_with(cure)), "{command}: {said}");
        }
        assert!(asks(&with("flask run"), Some(("FLASK_DEBUG", "1"))).contains("reloader"));
        assert!(!asks(&with("flask run"), Some(("FLASK_DEBUG", "0"))).contains("reloader"));
        assert!(!asks("flask run --debug", None).contains("reloader"), "first it must be instrumented");
    }
}
