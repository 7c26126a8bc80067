//! The host and its guests, between a fake exchange and a fake keeper of knowledge.

mod audible;
mod contract;
mod exchange;
mod guests;
mod hostile;
mod keeper;
mod limits;
mod loading;
mod mailboxes;
mod menus;
mod numbers;
mod rooms;
mod words;
