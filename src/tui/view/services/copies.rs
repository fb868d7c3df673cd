//! What can be copied of a row of the tab of services: what it names, bare.

use super::facts::{ScopeRow, name_of, peer_name};
use super::outline::Place;
use crate::stats::{Operation, ServiceIx};
use crate::tui::view::Cx;
use crate::tui::view::copy::choice;
use crate::tui::view::menu::Choice;

/// A service; nothing for the many that are counted as one.
pub fn service(of: ServiceIx, cx: &Cx<'_>) -> Vec<Choice> {
    let name = cx.session.stats.service(of).and_then(|service| service.name.clone());
    name.filter(|name| !name.is_empty()).map(|name| choice("service", name)).into_iter().collect()
}

/// Who calls whom, as `a -> b`, then each of them.
pub fn calls(place: Place, cx: &Cx<'_>) -> Vec<Choice> {
    let stats = &cx.session.stats;
    let call =
        |caller: ServiceIx, called: &str| choice("call", format!("{} -> {called}", name_of(caller, stats)));
    match place {
        Place::Entry(of) => service(of, cx),
        Place::Edge(caller, callee) => {
            let mut choices = vec![call(caller, name_of(callee, stats))];
            choices.extend(service(callee, cx));
            if caller != callee {
                choices.extend(service(caller, cx));
            }
            choices
        }
        Place::Peer(caller, peer) => {
            let name = peer_name(peer.and_then(|peer| stats.peer(peer)), cx);
            let mut choices = vec![call(caller, &name), choice("what is called", name)];
            choices.extend(service(caller, cx));
            choices
        }
    }
}

/// The name of an operation; nothing for the many that are counted as one.
pub fn operation(of: &Operation, cx: &Cx<'_>) -> Option<Choice> {
    let name = cx.session.store.text(of.name?)?;
    Some(choice("operation", name.to_owned()))
}

/// `name version` of a scope, then each of them; of a known issue what is said of it.
pub fn scope(row: &ScopeRow) -> Vec<Choice> {
    match row {
        ScopeRow::Scope { key: Some((name, version)), .. } if version.is_empty() => {
            vec![choice("scope", name.clone())]
        }
        ScopeRow::Scope { key: Some((name, version)), .. } => vec![
            choice("scope and version", format!("{name} {version}")),
            choice("scope", name.clone()),
            choice("version", version.clone()),
        ],
        ScopeRow::Scope { key: None, .. } => Vec::new(),
        ScopeRow::Known(_, words) => vec![choice("this line", words.clone())],
    }
}
