//! Calls outside by three gateways, of which one dies on the way: what they cost, and how many are lost.

use std::time::Duration;

use super::phones::{Flood, Tally};
use super::{GRACE, HOLD, Stage, machine, phones};
use crate::tool::{Outcome, say};

/// The gateways are here.
pub(crate) const GATEWAYS: &str = "127.0.0.4";
/// Somebody in the world.
const NUMBER: &str = "+4930123456";
/// How many calls a second.
pub(crate) const RATE: u32 = 300;

/// What came of it.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) tally: Tally,
    pub(crate) spent: machine::Spent,
    /// How many calls the dead gateway had at the moment when it died: those may be lost.
    pub(crate) on_the_wire: u32,
}

/// Calls for so many seconds; after a third of them one of three gateways is gone without a word.
pub(crate) fn flood(stage: &Stage, seconds: u32) -> Outcome<Lost> {
    let names = ["one", "two", "three"];
    let ports = [phones::free_port(GATEWAYS)?, phones::free_port(GATEWAYS)?, phones::free_port(GATEWAYS)?];
    furnish(stage, &names.map(str::to_owned), &ports)?;
    let flood = Flood { rate: RATE, calls: RATE * seconds, hold: HOLD };
    let mut on_the_wire = 0;
    let measured = stage.while_measured(|phones| {
        let _two = [phones.take_calls(GATEWAYS, ports[0])?, phones.take_calls(GATEWAYS, ports[1])?];
        let mut three = phones.take_calls(GATEWAYS, ports[2])?;
        let callers = phones.call_number(NUMBER, flood)?;
        std::thread::sleep(Duration::from_secs(seconds.into()) / 3);
        on_the_wire = three.dies()?;
        callers.wait(Duration::from_secs(seconds.into()) + GRACE)
    });
    clear(stage)?;
    let (tally, spent) = measured?;
    say(format!("{} done, {} failed, {on_the_wire} were at the gateway that died", tally.done, tally.failed));
    Ok(Lost { tally, spent, on_the_wire })
}

/// A trunk in turns over these gateways, a route, and leave to use it without a limit.
fn furnish(stage: &Stage, names: &[String], ports: &[u16]) -> Outcome {
    let gateways: Vec<String> = names
        .iter()
        .zip(ports)
        .flat_map(|(name, port)| ["-g".to_owned(), format!("{name}={GATEWAYS}:{port}")])
        .collect();
    let mut words = vec!["trunk", "create", "flood", "--choose", "round-robin", "--transport", "udp", "--route"];
    words.extend(gateways.iter().map(String::as_str));
    stage.exchange.operate(&words, "")?;
    let own = ["--tenant", "bench"];
    stage.exchange.operate(&[&["grant", "set", "--allow", "national", "--country", "DE"], &own[..]].concat(), "")?;
    let none =
        ["limit", "set", "--concurrent", "none", "--per-second", "none", "--per-hour", "none", "--minutes", "none"];
    stage.exchange.operate(&[&none, &own[..]].concat(), "")
}

fn clear(stage: &Stage) -> Outcome {
    stage.exchange.operate(&["route", "remove", "flood", "--shared"], "")?;
    stage.exchange.operate(&["trunk", "delete", "flood"], "")
}
