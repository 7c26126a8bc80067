//! Conference rooms: those that the tenant keeps, and others for whoever dials `*8` and a number.

use strowger_dialplan::{Call, Error, RoomError, debug, directory, prompt};

/// What opens a room that is kept nowhere.
const AD_HOC: &str = "*8";

/// Lets the caller into the room that he dialled; tells him where it is none.
pub(crate) fn join(call: &Call, dialled: &str) -> Result<(), Error> {
    let joined = match dialled.strip_prefix(AD_HOC).filter(|number| !number.is_empty()) {
        Some(number) => call.join_ad_hoc(number),
        None if directory::find_room(dialled).is_some() => call.join(dialled),
        None => Err(Error::Room(RoomError::NoRoom)),
    };
    match joined {
        Ok(_) => {
            call.play_or_log(&[prompt("vm-goodbye")])?;
            call.hangup(16)
        }
        Err(Error::Room(RoomError::NoRoom) | Error::BadValue) => {
            debug(&format!("{dialled} is nobody here"));
            call.reject(404, None)
        }
        // He was told so, and is answered.
        Err(Error::Room(_)) => call.hangup(16),
        Err(error) => Err(error),
    }
}
