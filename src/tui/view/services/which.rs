//! Which traces show something: the filter of the list of traces for a row of the tab of services.

use super::facts::ScopeRow;
use super::outline::Place;
use crate::query::quoted;
use crate::stats::{Operation, PeerIx, ServiceIx};
use crate::tui::view::Cx;

/// `service = "shop"`; nothing for the many that are counted as one.
fn condition(service: ServiceIx, cx: &Cx<'_>) -> Option<String> {
    let service = cx.session.stats.service(service)?;
    let name = format!("service = {}", quoted(service.name.as_deref()?));
    Some(match service.namespace.as_str() {
        "" => name,
        namespace => format!("{name} && resource.service.namespace = {}", quoted(namespace)),
    })
}

/// Those with spans of a service.
pub fn service(service: ServiceIx, cx: &Cx<'_>) -> Option<String> {
    Some(format!("{{ {} }}", condition(service, cx)?))
}

/// Those with the calls of a row of the map.
pub fn calls(place: Place, cx: &Cx<'_>) -> Option<String> {
    match place {
        Place::Entry(of) => service(of, cx),
        Place::Edge(caller, callee) if caller == callee => {
            let of = condition(caller, cx)?;
            Some(format!("{{ {of} }} > {{ {of} && (parent = remote || kind = server || kind = consumer) }}"))
        }
        Place::Edge(caller, callee) => {
            Some(format!("{{ {} }} > {{ {} }}", condition(caller, cx)?, condition(callee, cx)?))
        }
        Place::Peer(caller, peer) => to_peer(caller, peer, cx),
    }
}

/// What a peer is called by occurs in the spans that call it, in whichever attribute.
fn to_peer(caller: ServiceIx, peer: Option<PeerIx>, cx: &Cx<'_>) -> Option<String> {
    let (stats, store) = (&cx.session.stats, &cx.session.store);
    let mut text = format!("{{ {} && (kind = client || kind = producer)", condition(caller, cx)?);
    let peer = peer.and_then(|peer| stats.peer(peer));
    for name in peer.iter().flat_map(|peer| [peer.system, peer.name]).flatten() {
        if let Some(name) = store.text(name) {
            text.push_str(&format!(" && {}", quoted(name)));
        }
    }
    Some(text + " }")
}

/// Those with spans of an operation.
pub fn operation(of: &Operation, cx: &Cx<'_>) -> Option<String> {
    let service = condition(of.service, cx)?;
    let name = cx.session.store.text(of.name?)?;
    let kind = of.kind.to_string().to_lowercase();
    Some(format!("{{ {service} && kind = {kind} && name = {} }}", quoted(name)))
}

/// Those with spans of an instrumentation scope of a service.
pub fn scope(of: ServiceIx, row: &ScopeRow, cx: &Cx<'_>) -> Option<String> {
    let ScopeRow::Scope { key: Some((name, version)), .. } = row else { return None };
    let mut text = format!("{{ {} && scope = {}", condition(of, cx)?, quoted(name));
    if !version.is_empty() {
        text.push_str(&format!(" && instrumentation:version = {}", quoted(version)));
    }
    Some(text + " }")
}
