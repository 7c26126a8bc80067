//! The smallest dialplan: whatever was dialled rings for half a minute.

use strowger_dialplan::{Call, Error, Order, Target};

fn handle(call: &Call) -> Result<(), Error> {
    let dialled = call.callee().user;
    call.dial(&[Target::Extension(dialled)], Order::AtOnce, 30_000)?;
    Ok(())
}

strowger_dialplan::dialplan!(handle);
