//! The exchange: legs, calls, registrar and routing, sans-IO.
//!
//! Nothing in this crate awaits, reads a clock or draws a random number: time and bytes are arguments, randomness grows
//! from the seed given at the start. A [`Switch`] takes [`Input`] and gives [`Output`]; between two inputs it is drained:
//!
//! ```text
//! switch.handle(now, input);
//! while let Some(output) = switch.poll() { … }
//! let wake_at = switch.poll_timeout();
//! ```
//!
//! The order of outputs is a promise: what is to be sent stands before the timer that repeats it.
//!
//! The words that all others speak are here too, a file each: [`Command`] and [`Event`] (what an application says to a
//! call and hears from it), [`Play`], [`Read`] and [`Recording`] (what sounds there), [`RoomOrder`] and [`RoomEvent`] (what is said of conferences), [`Ask`] and [`Answer`] (what the exchange must be told), [`MediaCommand`] and [`MediaEvent`]
//! (what it says to the media engine), [`Record`] (what must be kept).

mod application;
mod arrive;
mod ask;
mod audio;
mod bridge;
mod call;
mod charging;
mod command;
mod commands;
mod config;
mod dial;
mod dialing;
mod early;
mod event;
pub mod floods;
pub mod gatekeeper;
mod habits;
mod hold;
mod ids;
mod intake;
mod interlude;
mod io;
mod keys;
pub mod lamps;
mod leg;
mod letter;
mod mailbox;
mod media;
mod member;
mod mint;
mod mixing;
mod number;
mod originate;
mod outside;
mod plan;
mod policy;
mod prack;
mod record;
mod refresh;
pub mod registrar;
mod release;
mod room;
mod sound;
mod sounding;
mod spending;
mod switch;
mod tables;
mod taping;
mod timers;
mod trunk;
mod update;
mod voice;
mod way;
mod wire;

pub use application::{Application, CallControl, Commands, Failure, HungUp, Places, Running};
pub use ask::{
    Account, Admission, Answer, Ask, Asker, Destination, Fallback, Ha1, Hop, Inbound, Location, NoPort, NotAdmitted,
    Outbound, TenantPolicy, Unlocated, Unresolved,
};
pub use audio::{
    AudioError, CallRecording, Digit, Digits, Ended, Keys, Moment, Passage, Play, Played, Read, Record as Recording,
    Recorded, RecordingFormat, RecordingLayout, Sound, Tone, is_recording_name,
};
pub use command::{Command, Dial, Label, Order, Outside, Target};
pub use config::Config;
pub use event::{
    Cause, DialFacts, DialOutcome, Ending, Event, Invitation, Party, PlayEnd, RecordingState, Refusal, Reply, Side,
};
pub use habits::{Country, Music, NoMusic, UnknownCountry};
pub use ids::{Aor, CallId, CallUid, GatewayId, LegId, PortId, TenantId, Ticket, TrunkId, UserId};
pub use interlude::{PlayRefusal, SoundOrder};
pub use io::{Input, Output};
pub use mailbox::{
    Folder, Greeting, Lamp, MailboxError, MessageId, NoLamp, Parted, Reason, Waiting, Whose, is_a_mailboxes,
    is_mailbox_name,
};
pub use media::{MediaCommand, MediaEvent, MediaPort, MediaStats, SoundId, Voice};
pub use number::{E164, NoE164, Number, NumberClass};
pub use originate::Origination;
pub use plan::{
    DialRules, Did, DidNumbers, DidTarget, Grants, Hours, NoDid, NoHours, Route, TenantOutside, UserOutside,
};
pub use policy::{BadOrder, CodecOrder, Language, MediaPolicy};
pub use record::{
    BindingChange, CallDirection, Cdr, Charge, Direction, Disposition, KeptRecording, LegRecord, Notice, Record,
    RecordingEnd, RecordingKind, StoredBinding, StoredSubscription, SubscriptionChange, Via,
};
pub use room::{
    Bearing, JoinError, LONGEST_ROOM_RECORDING, Left, MemberNumber, MemberView, MixerId, NotReached, Role, RoomEvent,
    RoomOrder, RoomRefusal, RoomView, Wish,
};
pub use sdp::{Secrecy, Secured};
pub use sip::Transport;
pub use sound::check::are_playable;
pub use spending::ledger;
pub use spending::{Limit, Money, NoMoney, Payer, Purse, Rate, SpendingLimits, Spent};
pub use switch::Switch;
pub use taping::RecordingOrder;
pub use trunk::{
    Assert, Choice, EarlyMedia, FromForm, Gateway, GatewayRule, GatewayState, GatewayView, HashOver, Identity, KeyForm,
    Login, NumberForm, NumberStyle, PrivacyForm, Probe, Registered, Registration, Reliable, SessionTimer, Site, Source,
    Trunk, TrunkView,
};
