//! What a guest asks of numbers outside, and the calls to them.

use std::time::Duration;

use switch::{Command, Dial, DialOutcome, EarlyMedia, NumberClass, Order, Outside, Reply, Target};
use wasmtime::component::Resource;

use super::{Guest, Held};
use crate::bindings::strowger::dialplan::{numbers, types as wit};
use crate::words;

/// The longest text that can be a number: no dial string is longer.
const MAX_NUMBER: usize = 64;
/// How many trunks may be named, and how long their names are.
const MAX_TRUNKS: usize = 16;
const MAX_NAME: usize = 64;

impl numbers::Host for Guest {
    fn read(&mut self, _: Resource<Held>, dialled: String) -> wasmtime::Result<Option<numbers::Number>> {
        self.spend(dialled.len())?;
        if !is_text(&dialled, MAX_NUMBER) {
            return Ok(None);
        }
        let user = self.control.invitation().user;
        let found = self.shared.keeper.number(self.tenant(), user, &dialled);
        Ok(found.map(|found| numbers::Number {
            number: found.number.to_string(),
            class: class(found.class),
            permitted: found.permitted,
        }))
    }

    async fn dial(
        &mut self,
        _: Resource<Held>,
        number: String,
        ring_milliseconds: u32,
        way: numbers::Way,
    ) -> wasmtime::Result<Result<numbers::Outcome, wit::Error>> {
        let names = || way.trunks.iter().chain(&way.without).chain(&way.shown);
        self.spend(number.len() + names().map(String::len).sum::<usize>())?;
        let right = is_text(&number, MAX_NUMBER)
            && names().all(|name| is_text(name, MAX_NAME))
            && way.trunks.len().max(way.without.len()) <= MAX_TRUNKS;
        if !right {
            return Ok(Err(wit::Error::BadValue));
        }
        let outside = Outside {
            trunks: way.trunks,
            without: way.without,
            shown: way.shown,
            private: way.private,
            early: way.early.map(|early| match early {
                numbers::EarlyMedia::Passed => EarlyMedia::Passed,
                numbers::EarlyMedia::Replaced => EarlyMedia::Replaced,
            }),
        };
        let dial = Dial {
            targets: vec![Target::Number(number)],
            order: Order::AtOnce,
            ring_time: Duration::from_millis(ring_milliseconds.into()),
            outside,
        };
        let outcome = match self.ask(Command::Dial(dial)).await? {
            Ok(Reply::Dialled(outcome)) => outcome,
            Ok(_) => return Ok(Err(wit::Error::WrongState)),
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(self.in_detail(outcome).await?))
    }
}

impl Guest {
    /// What the best answer said. Where the call has ended meanwhile, there is nothing more to know.
    async fn in_detail(&mut self, outcome: DialOutcome) -> wasmtime::Result<numbers::Outcome> {
        let facts = match self.ask(Command::LastDial).await? {
            Ok(Reply::LastDial(facts)) => facts,
            _ => switch::DialFacts::default(),
        };
        let spent = if let DialOutcome::Spent(limit) = &outcome { Some(limit.as_str().to_owned()) } else { None };
        Ok(numbers::Outcome {
            outcome: words::outcome(outcome),
            status: facts.status,
            cause: facts.cause.map(|cause| cause.0),
            trunk: facts.trunk,
            rang: facts.rang,
            spent,
        })
    }
}

fn is_text(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.len() <= longest && !text.chars().any(char::is_control)
}

fn class(class: NumberClass) -> numbers::Class {
    match class {
        NumberClass::Emergency => numbers::Class::Emergency,
        NumberClass::Internal => numbers::Class::Internal,
        NumberClass::Local => numbers::Class::Local,
        NumberClass::National => numbers::Class::National,
        NumberClass::Mobile => numbers::Class::Mobile,
        NumberClass::TollFree => numbers::Class::TollFree,
        NumberClass::Service => numbers::Class::Service,
        NumberClass::International => numbers::Class::International,
        NumberClass::Premium => numbers::Class::Premium,
        NumberClass::Satellite => numbers::Class::Satellite,
    }
}
