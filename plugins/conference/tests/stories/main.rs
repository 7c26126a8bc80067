//! Callers in rooms, in virtual time: the conference over the real exchange and real mixers.

mod door;
mod house;
mod invited;
mod keys;
mod operators;
mod rooms;
