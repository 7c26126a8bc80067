//! Pairs of sockets between two calls.

use std::time::Duration;

use media::Codec;
use switch::{MediaCommand, MediaEvent, PortId};

use super::House;
use super::phone::Phone;

#[test]
fn what_a_peer_sends_after_its_call_is_not_heard_in_the_next_one_on_the_same_pair() {
    let mut house = House::new();
    let (mut old, mut new) = (Phone::new(Codec::Pcmu), Phone::new(Codec::Pcma));
    let first = house.open(&mut old);
    house.give(MediaCommand::Close { port: first });
    assert!(matches!(house.event(), Some(MediaEvent::Closed { port, .. }) if port == first));
    let rested = house.engine.get_mut().returned.recv_timeout(Duration::from_secs(2)).expect("the pair is given back");
    for _ in 0..50 {
        old.send_raw(&[0x80; 172]);
    }
    let second = PortId(first.0 + 1_000);
    new.far = Some(rested.address);
    house.engine.get_mut().workers[0].reopen(second, rested.number);
    house.give(new.expect(second));
    house.give(MediaCommand::Close { port: second });
    let Some(MediaEvent::Closed { port, stats }) = house.event() else { panic!("not closed") };
    assert_eq!((port, stats.packets_in), (second, 0), "{stats:?}");
    let again = house.engine.get_mut().returned.recv_timeout(Duration::from_secs(2)).expect("and given back again");
    assert_eq!((again.number, again.address), (rested.number, rested.address));
    house.engine.get_mut().workers[0].forget(again.number);
    // Read with the next order.
    let third = house.open(&mut old);
    house.give(MediaCommand::Close { port: third });
    assert!(matches!(house.event(), Some(MediaEvent::Closed { .. })));
    std::net::UdpSocket::bind(again.address).expect("the port is free");
}
