//! Pieces that several views are made of. They know the look, never the store.

pub mod bar;
pub mod branches;
pub mod heads;
pub mod markers;
pub mod order;
pub mod pen;
pub mod sheet;
pub mod window;
