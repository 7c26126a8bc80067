//! Stories of the exchange, in virtual time: each ends quiet.

mod admission;
mod answering;
mod applications;
mod calling;
mod chance;
mod codecs;
mod dialogs;
mod expiring;
mod faxes;
mod interludes;
mod keys;
mod lamps;
mod music;
mod originating;
mod reading;
mod registering;
mod reliable;
mod rooms;
mod secrets;
mod sounds;
mod tapes;
mod traps;
mod trunks;
mod updating;
mod voices;
mod weather;
