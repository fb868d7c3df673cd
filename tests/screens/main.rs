//! Whole screens, from keys in to cells out, as text files with styles: a module a view.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod compare;
mod findings;
mod golden;
mod icicle;
mod keys;
mod logs;
mod made;
mod manners;
mod matrix;
mod menus;
mod merged;
mod mouse;
mod output;
mod receiver;
mod save;
mod search;
mod services;
mod span;
mod stage;
mod steady;
mod traces;
mod waterfall;
