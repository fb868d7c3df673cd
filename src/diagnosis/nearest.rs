//! Names that are nearly right.

use super::{Level, RULES, Rule};

/// How much of a name may differ.
const DIFFERENT: f64 = 0.5;

/// The known name that is most like this one; nothing where none is.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |known: &str| {
        let whole = strsim::normalized_damerau_levenshtein(name, known);
        // A name that was begun is meant, however long it is.
        if name.len() >= 3 && known.starts_with(name) { whole.max(1.0 - DIFFERENT) } else { whole }
    };
    let all = known.into_iter().map(|known| (likeness(known), known));
    let like = all.filter(|(likeness, _)| *likeness >= 1.0 - DIFFERENT);
    like.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// The rule with this name, or a sentence that names the nearest.
pub fn rule(name: &str) -> Result<&'static Rule, String> {
    super::find(name).ok_or_else(|| match nearest(name, RULES.iter().map(|rule| rule.id)) {
        Some(near) => format!("there is no rule {name}; did you mean {near}?"),
        None => format!("there is no rule {name}; `otoscope rules` lists them"),
    })
}

/// The level with this name, or a sentence that names the nearest.
pub fn level(name: &str) -> Result<Level, String> {
    Level::named(name).ok_or_else(|| match nearest(name, Level::NAMES) {
        Some(near) => format!("there is no level {name}; did you mean {near}?"),
        None => format!("there is no level {name}; write {}", listed(Level::NAMES)),
    })
}

/// `a, b or c`.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_suggested_and_nothing_far() {
        let known = ["merged-under-local-span", "http-entry-not-server", "http-call-not-client"];
        for (name, near) in [
            ("mergd-under-local-span", Some("merged-under-local-span")),
            ("http-entry-not-sever", Some("http-entry-not-server")),
            ("http_call_not_client", Some("http-call-not-client")),
            ("merged", Some("merged-under-local-span")),
            ("me", None),
            ("", None),
            ("nonsense", None),
        ] {
            assert_eq!(nearest(name, known), near, "{name}");
        }
    }

    #[test]
    fn rules_and_levels_are_found_by_name() {
        let rule_named = |name| rule(name).unwrap_err();
        assert_eq!(rule("http-entry-not-server").map(|rule| rule.id), Ok("http-entry-not-server"));
        assert_eq!(
            rule_named("mergd-under-local-span"),
            "there is no rule mergd-under-local-span; did you mean merged-under-local-span?"
        );
        assert_eq!(rule_named("nonsense"), "there is no rule nonsense; `otoscope rules` lists them");
        assert_eq!(level("deny"), Ok(Level::Deny));
        assert_eq!(level("alow").unwrap_err(), "there is no level alow; did you mean allow?");
        assert_eq!(level("off").unwrap_err(), "there is no level off; write allow, info, warn or deny");
    }
}
