//! The message-waiting lamp (RFC 3842): who is told of what, and when.

mod hostile;
mod restarting;
mod streams;
mod subscribing;
mod telling;
mod unasked;

use testkit::{Phone, Watching, World};

/// A phone of alice's that subscribed to her mailbox.
fn watched(seed: u64) -> (World, Phone, Watching) {
    let world = World::seeded(seed);
    world.mailbox("1001", "alice");
    let alice = world.phone("alice");
    let watching = alice.subscribes_to("1001");
    assert_eq!((watching.status(), watching.told().len()), (Some(200), 1), "{}", world.ladder());
    (world, alice, watching)
}

/// How often this line stands in the ladder.
fn count(world: &World, line: &str) -> usize {
    world.ladder().lines().filter(|row| row.contains(line)).count()
}
