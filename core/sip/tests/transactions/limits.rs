//! How many transactions there may be.

use super::*;

#[test]
fn a_full_layer_takes_nothing_new_and_goes_on_with_what_it_has() {
    let mut line = Line::with(Transport::Udp, Config { max: 2, ..Config::default() });
    let invite = line.arrive("INVITE");
    line.request("OPTIONS");
    assert_eq!(line.come(&request("INVITE", "z9hG4bKmore")), Incoming::Full);
    let flow = line.flow;
    assert_eq!(line.layer.request(line.now, flow, request("BYE", "z9hG4bKmore"), USER), Err(Full));
    // Copies, ACKs and answers belong to what is there.
    assert_eq!(line.come(&request("INVITE", "z9hG4bKtheirs")), Incoming::Absorbed);
    assert_eq!(line.come(&request("ACK", "z9hG4bKany")), Incoming::Ack);
    line.respond(invite, 486, "INVITE");
    assert_eq!(line.sent(), ["486"]);
    assert!(line.response(200, "OPTIONS"));
    line.until(LONG);
    line.events();
    line.assert_quiet();
    line.arrive("INVITE");
}

#[test]
fn a_flood_leaves_nothing_behind() {
    let mut line = Line::with(Transport::Udp, Config { max: 1000, ..Config::default() });
    for n in 0..5000 {
        let bytes = String::from_utf8(request("OPTIONS", &format!("z9hG4bK{n}"))).unwrap();
        match line.come(bytes.replace("314159", &n.to_string()).as_bytes()) {
            Incoming::New(key) => line.respond(key, 404, "OPTIONS"),
            Incoming::Full => assert!(n >= 1000),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(line.layer.len(), 1000);
    line.until(LONG);
    line.assert_quiet();
}
