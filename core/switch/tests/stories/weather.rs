//! Bad links: whatever is lost, doubled or late, every call has one end, one CDR, and gives its ports back.

use testkit::{Weather, World, millis, minutes, seconds};

#[test]
fn calls_survive_a_foul_link() {
    for seed in 0..40 {
        let world = World::seeded(1000 + seed);
        let (alice, bob) = (world.phone("alice"), world.phone("bob"));
        world.weather(Weather::FOUL);
        let call = alice.dial(&bob);
        world.run_for(seconds(20));
        call.hang_up();
        world.run_for(seconds(40));
        world.weather(Weather::FAIR);
        call.hang_up();
        world.assert_quiet();
        assert_eq!(world.cdrs().len(), 1, "seed {}", 1000 + seed);
    }
}

#[test]
fn a_link_that_dies_in_any_moment_leaves_nothing_behind() {
    let dead = Weather { loss: 100, twice: 0, late: millis(0) };
    for moment in (0..60).map(|step| step * 5) {
        let world = World::seeded(2000 + moment);
        let (alice, bob) = (world.phone("alice"), world.phone("bob").that_answers_after(millis(100)));
        let call = alice.dial(&bob);
        world.run_for(millis(moment));
        world.weather(dead);
        world.run_for(minutes(10));
        world.silence();
        call.hang_up();
        world.run_for(minutes(10));
        world.weather(Weather::FAIR);
        assert!(world.cdrs().len() <= 1, "moment {moment}");
        world.run_for(minutes(5));
        world.assert_idle();
    }
}
