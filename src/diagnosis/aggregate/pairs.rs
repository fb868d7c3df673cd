//! Calls laid beside requests from nowhere: which of them are two sides of one.

use super::Cx;
use super::hops::{Call, Edge, EdgeKey, Root, What};
use super::pool::{Pool, SampleKey};
use crate::diagnosis::process::ServiceIx;
use crate::diagnosis::unmerge::EPSILON_REMOTE_NS;
use crate::model::hash32;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Fewer pairs than this may be chance.
const PAIRS: usize = 5;
/// Which share of an edge's unanswered calls must have a pair.
const SHARE: f64 = 0.80;
/// The same where the host says nothing.
const PAIRS_WITHOUT_HOST: usize = 20;
const SHARE_WITHOUT_HOST: f64 = 0.95;
/// How many requests around a call's start are looked at.
const LOOKED_AT: usize = 64;

/// A call and the request that is its other side.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) call: (&'a SampleKey, &'a Call),
    pub(crate) root: (&'a SampleKey, &'a Root),
}

/// Requests from nowhere by what was asked, in order of start.
type ByWhat<'a> = HashMap<What, Vec<(&'a SampleKey, &'a Root)>>;

/// The same by service.
type Roots<'a> = BTreeMap<ServiceIx, ByWhat<'a>>;

/// The hops that are broken, as far as the samples tell.
pub(crate) fn broken<'a>(cx: &Cx<'a>) -> Vec<Hop<'a>> {
    let hops = &cx.gathered.hops;
    let open = |edge: &Edge| edge.calls.kept.values().filter(|call| !call.settled).count() >= PAIRS;
    let edges: Vec<(&EdgeKey, &Edge)> = hops.edges().filter(|(_, edge)| open(edge)).collect();
    if edges.is_empty() {
        return Vec::new();
    }
    let calls = edges.iter().flat_map(|(_, edge)| edge.calls.kept.values());
    let asked: HashSet<What> = calls.filter(|call| !call.settled).map(|call| call.what).collect();
    let roots = roots_of(cx, &asked);
    let best = |(key, edge): (&'a EdgeKey, &'a Edge)| {
        let to = |(callee, by_what): (&ServiceIx, &ByWhat<'a>)| {
            let pool = hops.roots().find(|(service, _)| service == callee)?.1;
            Hop::of(cx, key, edge, *callee, pool, by_what)
        };
        roots.iter().filter_map(to).max_by_key(|hop| hop.pairs.len())
    };
    edges.into_iter().filter_map(best).collect()
}

fn roots_of<'a>(cx: &Cx<'a>, asked: &HashSet<What>) -> Roots<'a> {
    let mut out: Roots<'a> = BTreeMap::new();
    for (service, pool) in cx.gathered.hops.roots() {
        let mut by_what: ByWhat<'_> = HashMap::new();
        for (key, root) in pool.kept.iter().filter(|(_, root)| asked.contains(&root.what)) {
            by_what.entry(root.what).or_default().push((key, root));
        }
        for roots in by_what.values_mut() {
            roots.sort_by_key(|(key, _)| (key.1, key.3));
        }
        if !by_what.is_empty() {
            out.insert(service, by_what);
        }
    }
    out
}

/// A hop that is broken, as far as the samples tell.
pub(crate) struct Hop<'a> {
    pub(crate) edge: &'a EdgeKey,
    pub(crate) callee: ServiceIx,
    pub(crate) pairs: Vec<Pair<'a>>,
    /// Unanswered calls that have a counterpart if the hop is broken.
    pub(crate) calls: usize,
    /// What ties the host that was called to the callee; nothing where only time and path do.
    pub(crate) tie: Option<&'static str>,
}

impl<'a> Hop<'a> {
    fn of(
        cx: &Cx<'a>,
        key: &'a EdgeKey,
        edge: &'a Edge,
        callee: ServiceIx,
        pool: &Pool<Root>,
        by_what: &ByWhat<'a>,
    ) -> Option<Self> {
        let unanswered = edge.calls.kept.iter().filter(|(key, call)| !call.settled && pool.covers(key));
        let mut calls: Vec<(&SampleKey, &Call)> = unanswered.collect();
        calls.sort_by_key(|(key, _)| (key.1, key.3));
        let mut taken = HashSet::new();
        let mut pairs = Vec::new();
        for call in &calls {
            let Some(roots) = by_what.get(&call.1.what) else { continue };
            if let Some(root) = nearest(*call, roots, &taken) {
                taken.insert(root.0);
                pairs.push(Pair { call: *call, root });
            }
        }
        let share = pairs.len() as f64 / calls.len().max(1) as f64;
        if pairs.len() < PAIRS || share < SHARE {
            return None;
        }
        let known: Vec<ServiceIx> = behind(cx, key);
        let tie = tie(cx, key, callee, &known, &pairs);
        // Several may share a host and a port, one after the other or on machines of their own: what one answered only
        // speaks against those that do not say themselves that they serve it.
        if tie.is_none() && !known.is_empty() {
            return None;
        }
        if tie.is_none() {
            let of_kind = by_what.values().flatten().filter(|(key, _)| edge.calls.covers(key)).count();
            let fits = pairs.len() >= PAIRS_WITHOUT_HOST
                && share >= SHARE_WITHOUT_HOST
                && pairs.len() as f64 >= SHARE_WITHOUT_HOST * of_kind as f64;
            if !fits {
                return None;
            }
        }
        Some(Self { edge: key, callee, pairs, calls: calls.len(), tie })
    }
}

/// The request whose start is nearest, of those that lie inside of a call and are no other's.
fn nearest<'a>(
    call: (&SampleKey, &Call),
    roots: &[(&'a SampleKey, &'a Root)],
    taken: &HashSet<&SampleKey>,
) -> Option<(&'a SampleKey, &'a Root)> {
    let (start_ns, end_ns) = (call.0.1, call.1.end_ns);
    let from = roots.partition_point(|(key, _)| key.1 + EPSILON_REMOTE_NS < start_ns);
    let fits = |(key, root): &&(&'a SampleKey, &'a Root)| {
        root.end_ns <= end_ns + EPSILON_REMOTE_NS && root.process != call.1.process && !taken.contains(key)
    };
    let inside = roots[from..].iter().take_while(|(key, _)| key.1 <= end_ns).take(LOOKED_AT);
    inside.filter(fits).min_by_key(|(key, _)| key.1.abs_diff(start_ns)).copied()
}

/// The services that answered calls to this host, whoever called.
fn behind(cx: &Cx<'_>, key: &EdgeKey) -> Vec<ServiceIx> {
    let same = cx.gathered.hops.edges().filter(|(other, _)| (other.host, other.port) == (key.host, key.port));
    same.flat_map(|(_, edge)| edge.behind.iter().copied()).collect()
}

fn tie(
    cx: &Cx<'_>,
    key: &EdgeKey,
    callee: ServiceIx,
    known: &[ServiceIx],
    pairs: &[Pair<'_>],
) -> Option<&'static str> {
    if known.contains(&callee) {
        return Some("other calls to this host do continue in that service");
    }
    let same_host = |pair: &&Pair<'_>| {
        let root = pair.root.1;
        let ports_known = root.port != 0 && key.port != 0;
        let here = ["localhost", "127.0.0.1", "::1", "[::1]", "0.0.0.0"].map(|host| hash32(host.as_bytes()));
        root.host != 0
            && root.host == key.host
            && if ports_known { root.port == key.port } else { !here.contains(&key.host) }
    };
    if pairs.iter().filter(same_host).count() * 2 >= pairs.len() {
        return Some("the host and port that were called are those that it serves");
    }
    if key.host == hash32(cx.processes.service(callee).as_bytes()) {
        return Some("the host that was called has its name");
    }
    None
}
