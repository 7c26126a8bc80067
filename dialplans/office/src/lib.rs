//! An office: extensions and names ring, everything else is told what it is.
//!
//! | dialled | what happens |
//! |---|---|
//! | an extension or a user's name | it rings for 30 s; who is not reached takes a message, where he has a mailbox; else busy, declined and no answer are told as such |
//! | `*1` and an extension or a name | the same, and the call is recorded: both hear a tone |
//! | one's own number | refused as busy: a phone cannot call itself |
//! | a conference room | joined, by its PIN and its rules |
//! | `*8` and a number | a room of this number is opened, or joined; who opens it is its moderator |
//! | `*43` | echo: the caller hears himself, until `#` or for 5 minutes |
//! | `*44` | a test tone of 1,004 Hz, until any key or for a minute |
//! | `*45` | records up to a minute, plays it back; then 1 keeps it, 2 plays it, 3 records anew |
//! | `*60` | the speaking clock: the time at the tone, five times or until any key |
//! | `*97` | voicemail: one's own messages |
//! | `*98` | those of any mailbox, by its number and its PIN |
//! | `*99` and an extension | a message is left without ringing |
//! | `*96` | somebody is found by the letters of his name, and called |
//! | a number outside, as the tenant dials it | called over its trunks, where that is granted |
//! | anything else | 404, as a phone shows for a wrong number |

mod demos;
mod messages;
mod rooms;

use strowger_dialplan::{Call, CallRecording, Error, Order, Target, debug, directory};

const RING_MILLISECONDS: u32 = 30_000;
/// Outside somebody may have to come from the garden.
const OUTSIDE_MILLISECONDS: u32 = 90_000;

fn handle(call: &Call) -> Result<(), Error> {
    let (caller, dialled) = (call.caller().user, call.callee().user);
    if let Some(demonstration) = demos::behind(&dialled) {
        return demonstration(call);
    }
    if let Some(served) = messages::behind(call, &dialled) {
        return served;
    }
    // A recorded call, by what stands before the number.
    let recorded = dialled.strip_prefix("*1").and_then(directory::find);
    let is_recorded = recorded.is_some();
    let Some(user) = recorded.or_else(|| directory::find(&dialled)) else {
        return match call.number(&dialled).filter(|_| directory::find_room(&dialled).is_none()) {
            Some(number) => call.reject_as(&call.dial_number(&number.number, OUTSIDE_MILLISECONDS)?.outcome),
            None => rooms::join(call, &dialled),
        };
    };
    if user.name == caller {
        return call.reject(486, Some("You are calling yourself"));
    }
    debug(&format!("{caller} calls {}", user.name));
    if is_recorded {
        call.start_recording(&CallRecording::default().with_beep())?;
    }
    let outcome = call.dial(&[Target::User(user.name.clone())], Order::AtOnce, RING_MILLISECONDS)?;
    messages::unless_answered(call, &user.name, &outcome)
}

strowger_dialplan::dialplan!(handle);
