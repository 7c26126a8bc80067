//! Letters: composed from templates, sent by SMTP.
//!
//! ```text
//! let config = Config { server: Some(Server { host, port, security, login }), from, ..Config::default() };
//! let post = Post::new(config, queue, observer)?;  every fault of the settings is told here, before a letter is sent
//! let bell = post.bell();                          rung whenever a letter was queued
//! tokio::spawn(post.run(stopped));                 empties the queue until it is told to stop
//!
//! let words = Words::for_language(own, "de-AT", Kind::Message);   the tenant's words, or those of the exchange
//! let written = words.write(&facts);                              subject, text and HTML
//! ```
//!
//! The only crate that knows lettre. It keeps nothing: what is to be sent stands in a [`Queue`], which the server has over its
//! database. A letter leaves the queue when a server has taken it, or when it is given up; whatever happens between is a
//! delay. After a crash a letter may be sent twice, never not at all; its Message-ID is the same both times.

mod clean;
mod config;
mod delivery;
mod error;
mod letter;
mod line;
mod post;
mod queue;
mod retry;
mod words;

pub use config::{Config, Login, Pauses, Security, Server};
pub use delivery::Stage;
pub use error::Error;
pub use letter::{Address, Attachment, Letter};
pub use post::{Bell, Post};
pub use queue::{Clock, Due, Observer, Queue, SystemClock};
pub use words::{Facts, Kind, Placeholder, Template, Words, Written};
