//! How orders come to the threads of the engine.

use media::Codec;

use super::House;
use super::phone::Phone;

#[test]
fn calls_take_the_threads_in_turn_whatever_is_opened_beside_them() {
    let mut house = House::of(2);
    let mut places = Vec::new();
    for _ in 0..4 {
        let engine = house.engine.get_mut();
        let toward = Phone::new(Codec::Pcmu).address();
        let caller = engine.open(toward, None).expect("a port").id;
        let callee = engine.open(toward, Some(caller)).expect("a port").id;
        assert_eq!(engine.places.of(callee), engine.places.of(caller), "they are to hear each other");
        places.push(engine.places.of(caller));
    }
    assert!(places == [0, 1, 0, 1] || places == [1, 0, 1, 0], "{places:?}");
}
