//! Many calls by three gateways, of which one dies on the way: none is lost but those that it had.

use std::collections::BTreeMap;
use std::time::Duration;

use switch::Choice;

use super::failing::tried;
use super::outside::{Outside, WORLD, gateway, trunk};
use crate::harness::{MANY_PORTS, Plan};
use crate::lane::Lane;
use crate::sipp::Sipp;

const CALLS: u32 = 150;
const RATE: u32 = 30;

#[test]
fn of_many_calls_by_three_gateways_none_is_lost_but_those_that_the_dying_one_had() {
    let lane = Lane::take();
    let ports = [lane.ports(2), lane.ports(2), lane.ports(2)];
    let names = ["one", "two", "three"];
    let mut acme = trunk("acme", names.iter().zip(ports).map(|(name, port)| gateway(name, port)));
    (acme.choice, acme.patience) = (Choice::RoundRobin, Duration::from_secs(1));
    let plan = Plan { settings: MANY_PORTS, ring_time: Some(Duration::from_secs(3)), ..Plan::default() };
    let exchange = Outside::by([acme]).start(lane, plan, None);
    let takes = |name, port| Sipp::plays(&exchange, "answer").by(name).at(port).times(CALLS, RATE).start();
    let (_one, _two, three) = (takes("one", ports[0]), takes("two", ports[1]), takes("three", ports[2]));
    let callers = Sipp::plays(&exchange, "call").to(WORLD).times(CALLS, RATE).start();
    std::thread::sleep(Duration::from_secs(2));
    drop(three);
    callers.finishes();

    let cdrs = exchange.cdrs(CALLS as usize);
    let mut by: BTreeMap<&str, u32> = BTreeMap::new();
    let mut passed_over = 0;
    for cdr in &cdrs {
        let attempts = tried(cdr);
        let (gateway, _) = *attempts.last().expect("every call was tried");
        if cdr.disposition == "answered" {
            *by.entry(gateway).or_default() += 1;
            passed_over += u32::from(attempts.len() > 1);
        } else {
            // It rang there, and was not answered any more: nobody is rung twice.
            assert!(gateway == "three" && cdr.ringing.is_some(), "{cdr:?}");
        }
    }
    let lost = CALLS - by.values().sum::<u32>();
    assert!(lost <= 5, "{lost} are lost: it rings for a tenth of a second at ten calls a second");
    assert!((1..=25).contains(&passed_over), "for a second its share was called in vain: {passed_over}");
    assert!(by["one"] >= 50 && by["two"] >= 50 && by["three"] >= 10, "{by:?}");
}
