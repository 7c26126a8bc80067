//! The way outside (RFC 3261 §10.2, §16.7, §22; RFC 3263 §4.3; RFC 3323, 3325): carriers that fail, that want to know who we
//! are, and whose calls come in.

mod failing;
mod inbound;
mod proving;
mod registering;
mod spending;

use switch::{Command, Dial, Order, Outside, Target, Trunk};
use testkit::{Phone, World, hop, seconds};

pub(crate) const NUMBER: &str = "+442079460000";

/// An application that dials this number.
pub(crate) fn dials(number: &str, outside: Outside) -> Vec<Command> {
    let targets = vec![Target::Number(number.to_owned())];
    vec![Command::Dial(Dial { targets, order: Order::AtOnce, ring_time: seconds(60), outside }), Command::AwaitEnd]
}

/// Alice, whose calls go out by these trunks, one after the other.
pub(crate) fn alice_by(world: &World, trunks: Vec<Trunk>) -> Phone {
    world.way_to(NUMBER, trunks.iter().map(|trunk| hop(trunk, NUMBER, None)).collect());
    world.trunks(trunks);
    world.application(dials(NUMBER, Outside::default()));
    world.phone("alice")
}
