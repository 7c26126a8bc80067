//! Real carriers: Kamailio that registers and proves us, sipp as gateways in every failure, Asterisk as the far PBX.

mod asterisk;
mod failing;
mod far_pbx;
mod kamailio;
mod many;
mod outside;
mod registered;
mod ringing;
