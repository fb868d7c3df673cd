//! Keys of the tab of the receiver.

use super::moving::MOVING;
use super::shared::BACK;
use super::{Context, Place, everywhere};

pub(super) const RECEIVER: Place =
    Place { context: Context::Receiver, name: "receiver", own: &[&[BACK], MOVING], common: everywhere::ALL };
