//! What goes into a switch and what comes out.

use sip::{ConnectionId, Flow, Transmit};

use crate::ask::{Answer, Ask};
use crate::command::Command;
use crate::event::Event;
use crate::ids::{CallId, Ticket};
use crate::mailbox::Lamp;
use crate::media::{MediaCommand, MediaEvent};
use crate::record::{Notice, Record};

/// Something that happened outside.
#[derive(Debug)]
pub enum Input<'a> {
    /// A datagram came.
    Datagram {
        /// From where, to which of our sockets.
        flow: Flow,
        /// The whole datagram.
        bytes: &'a [u8],
    },
    /// A whole message came over a stream.
    Frame {
        /// From where, over which connection.
        flow: Flow,
        /// The whole message.
        bytes: &'a [u8],
    },
    /// The peer of a connection has proven by its certificate that it is these domains. Said once, before its first message.
    Vouched(ConnectionId, Vec<String>),
    /// A connection is gone.
    Closed(ConnectionId),
    /// Something could not be sent this way (RFC 3261 §18.4).
    Unsent(Flow),
    /// An answer to a question.
    Answer(Ticket, Answer),
    /// A request of an application or an operator.
    Command(CallId, Command),
    /// News from the media engine.
    Media(MediaEvent),
    /// What waits in a mailbox has changed.
    Lamp(Box<Lamp>),
    /// The time that [`poll_timeout`](crate::Switch::poll_timeout) named has come.
    Timeout,
}

/// Something to be done outside.
#[derive(Debug)]
pub enum Output {
    /// Send these bytes.
    Transmit(Transmit),
    /// Answer this question, with [`Input::Answer`].
    Ask(Ticket, Ask),
    /// Tell those who hold or watch the call.
    Event(CallId, Event),
    /// Tell the media engine.
    Media(MediaCommand),
    /// Keep this.
    Record(Record),
    /// Log and count this.
    Notice(Notice),
}
