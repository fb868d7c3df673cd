//! What could not be taken, gathered for a report: the first ones as they are, and all of them by what is wrong.

use crate::model::Rejection;

/// How many rejections are listed, and how many kinds of them are told apart.
const LISTED: usize = 100;

/// Spans and records that could not be taken.
#[derive(Debug, Default)]
pub struct Rejected {
    /// The first hundred.
    pub listed: Vec<Rejection>,
    /// By what is wrong, in the order in which each was first met.
    kinds: Vec<Kind>,
}

/// Rejections of one dump that differ in places and numbers alone.
#[derive(Debug)]
struct Kind {
    shape: String,
    first: Rejection,
    count: u64,
}

impl Rejected {
    /// Takes more of them.
    pub fn extend(&mut self, rejections: &[Rejection]) {
        let room = LISTED - self.listed.len();
        self.listed.extend(rejections.iter().take(room).cloned());
        for rejection in rejections {
            let shape = shape(rejection);
            match self.kinds.iter().position(|kind| kind.shape == shape) {
                Some(at) => self.kinds[at].count += 1,
                None if self.kinds.len() < LISTED => {
                    self.kinds.push(Kind { shape, first: rejection.clone(), count: 1 });
                }
                None => {}
            }
        }
    }

    /// The first of each kind, up to so many, with how many there are.
    pub(super) fn kinds(&self, up_to: usize) -> impl Iterator<Item = (&Rejection, u64)> {
        self.kinds.iter().take(up_to).map(|kind| (&kind.first, kind.count))
    }
}

/// The file and the reason, without what differs from span to span: numbers, and what was quoted.
fn shape(rejection: &Rejection) -> String {
    let file = rejection.position.rsplit_once(':').map_or("", |(file, _)| file);
    let (mut shape, mut quoted) = (format!("{file}\n"), false);
    for c in rejection.reason.chars().take(200) {
        match c {
            '"' => quoted = !quoted,
            _ if quoted || c.is_ascii_digit() => {}
            _ => shape.push(c),
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_numbers_alone_is_one_kind() {
        let mut rejected = Rejected::default();
        let of = |at: &str, reason: &str| Rejection::new(at, reason);
        rejected.extend(&[
            of("a:1", "resourceSpans[0]: traceId is \"x\""),
            of("a:27", "resourceSpans[13]: traceId is \"yy\""),
            of("b:1", "resourceSpans[0]: traceId is \"x\""),
            of("a:28", "a line that is not JSON"),
        ]);
        let kinds: Vec<_> =
            rejected.kinds(9).map(|(first, count)| (first.position.as_str(), count)).collect();
        assert_eq!(kinds, [("a:1", 2), ("b:1", 1), ("a:28", 1)]);
        rejected.extend(&vec![of("a:5", "a line that is not JSON"); 300]);
        assert_eq!((rejected.listed.len(), rejected.kinds(1).count()), (100, 1));
    }
}
