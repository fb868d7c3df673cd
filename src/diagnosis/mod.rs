//! What is wrong: verdicts on the instrumentation, span by span as they arrive.
//!
//! Each arriving span is looked at once, together with those that waited for it; the work per span grows neither with
//! its trace nor with the store. Reads [`store`](crate::store), never changes it: which edges are cut is handed to the
//! owner ([`Diagnosis::take_cuts`]). Time comes in with the data.
//!
//! | file | what it knows |
//! |---|---|
//! | `engine` | the moments: a batch arrived, a second passed, nothing more will come |
//! | `absence` | why a parent that spans name is not here |
//! | `answers` | what views and reports ask |
//! | `rule` | what a rule is, when it looks, and the table of all |
//! | `seen` | a span as rules see it |
//! | `marks`, `tally` | rules on spans and pairs at work: what they marked, by service and scope |
//! | `aggregate/` | what is gathered for rules that look at many spans |
//! | `template` | names with what varies taken out |
//! | `claim` | what a rule says |
//! | `look` | looking around a marked span when it is time to speak |
//! | `role` | what a span describes, whatever its kind says |
//! | `process` | who shares memory with whom, and how far each has come |
//! | `unmerge` | which edges to cut |
//! | `merging` | entries find their places, groups form and dissolve |
//! | `group` | entries that hang from one culprit |
//! | `alone` | wrong kinds that no merge explains |
//! | `evidence` | how sure |
//! | `verdict` | what is said of a group |
//! | `cause` | groups of one root cause, and the finding of all of them |
//! | `list` | the list of findings, symptoms folded under what explains them |
//! | `known_issues/` | which release explains it |
//! | `rules/` | one file a rule: its words |
//! | `baseline` | what is new, still there and gone since an earlier look |
//! | `since` | the same while spans still come: what has shown itself since, and what would have had to |
//! | `policy`, `suppression` | what the user wants said, and what they accept |
//! | `nearest` | names that are nearly right |
//! | `subject` | what a finding is about, by names that outlive a run |

mod absence;
mod aggregate;
mod alone;
mod answers;
mod baseline;
mod cause;
mod claim;
mod engine;
mod evidence;
mod finding;
mod group;
pub mod known_issues;
mod list;
mod look;
mod marks;
mod merging;
pub mod nearest;
mod policy;
mod process;
mod role;
mod rule;
pub mod rules;
mod seen;
mod since;
mod subject;
mod suppression;
mod tally;
mod template;
mod units;
mod unmerge;
mod verdict;

pub use absence::Absence;
pub use baseline::{Baseline, Comparison, Key, Known};
pub use engine::{CutChange, Diagnosis};
pub use finding::{
    Certainty, Culprit, CulpritClass, Finding, KnownIssueMatch, MAX_SPAN_IDS, MAX_TRACE_IDS, Severity, State,
    about,
};
pub use policy::{Judged, Level, Policy, Suppressed};
pub use rule::{RULES, Rule, find};
pub use since::{Missing, Sent, Since, Standing, Taken};
pub use subject::Subject;
pub use suppression::{Pattern, Suppression};
pub use units::{Request, requests_of};
