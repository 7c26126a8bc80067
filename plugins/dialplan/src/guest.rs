//! One running guest: what it holds, what it may still spend, and what it asks for.

mod asides;
mod numbers;
mod orders;
mod rooms;
mod voicemail;

use std::sync::Arc;
use std::time::{Duration, Instant};

use switch::{CallControl, Command, HungUp, Reply};
use wasmtime::component::Resource;
use wasmtime::{ResourceLimiter, UpdateDeadline};

use crate::bindings::strowger::dialplan::{audio, call, types as wit, values};
use crate::host::Shared;
use crate::keeper::ValueFault;
use crate::turns::Turn;
use crate::{sound, words};

#[allow(unreachable_pub, reason = "named by the bindings")]
/// What the handle of a call stands for: there is one call, and the guest's state knows it.
#[derive(Debug)]
pub struct Held;

/// A text that a guest passes costs one request more for so many bytes: it was copied.
const BYTES_A_REQUEST: usize = 256;
/// Requests of the store cost more than others.
const STORE_COST: u32 = 100;
/// A store that does not answer holds a guest no longer than this.
const STORE_WAIT: Duration = Duration::from_secs(2);

/// The state of one guest.
pub(crate) struct Guest {
    pub(crate) control: CallControl,
    pub(crate) hung_up: Option<Option<switch::Ending>>,
    /// It has nothing more to say to the call: it rejected it, ended it, or left it to the built-in route.
    pub(crate) parted: bool,
    shared: Arc<Shared>,
    requests: u32,
    lines: u32,
    /// How long it has computed since it last waited for something, and in all.
    at_once: Duration,
    in_all: Duration,
    /// When it last began to compute, or was last charged for it.
    resumed: Instant,
    /// Once it has computed for a tick.
    turn: Option<Turn>,
}

impl Guest {
    pub(crate) fn new(control: CallControl, shared: Arc<Shared>) -> Self {
        Self {
            control,
            hung_up: None,
            parted: false,
            shared,
            requests: 0,
            lines: 0,
            at_once: Duration::ZERO,
            in_all: Duration::ZERO,
            resumed: Instant::now(),
            turn: None,
        }
    }

    /// An epoch has ticked while the guest was computing, or while it waited.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        self.pause();
        if self.at_once > self.shared.config.tick * self.shared.config.ticks_at_once {
            return Err(wasmtime::Error::msg("it computed for too long"));
        }
        self.within_all()?;
        let turn = self.turn.get_or_insert_with(|| self.shared.turns.turn());
        Ok(UpdateDeadline::YieldCustom(1, turn.next()))
    }

    /// The guest does not compute for now. It is charged for what it computed. Once it has met a tick that is the thread's
    /// own time; before, the clock's, which costs less to ask. A tick at most: what is more than that was others' or the host's.
    pub(crate) fn pause(&mut self) {
        let (last, tick) = (self.resumed, self.shared.config.tick);
        self.resumed = Instant::now();
        let own = self.turn.as_ref().and_then(Turn::end);
        let slice = own.unwrap_or_else(|| self.resumed.duration_since(last)).min(tick);
        self.at_once += slice;
        self.in_all += slice;
    }

    /// The guest computes again, after it has waited.
    fn resume(&mut self) {
        self.at_once = Duration::ZERO;
        self.resumed = Instant::now();
        if let Some(turn) = &self.turn {
            turn.resume();
        }
    }

    fn within_all(&self) -> wasmtime::Result<()> {
        if self.in_all > self.shared.config.tick * self.shared.config.ticks_in_all {
            return Err(wasmtime::Error::msg("it computed for too long in all"));
        }
        Ok(())
    }

    /// Every request of a guest passes here, with the length of the texts that it carries.
    fn spend(&mut self, bytes: usize) -> wasmtime::Result<()> {
        let price = u32::try_from(bytes / BYTES_A_REQUEST).unwrap_or(u32::MAX).saturating_add(1);
        self.requests = self.requests.saturating_add(price);
        if self.requests > self.shared.config.max_requests {
            return Err(wasmtime::Error::msg("it asked for too much"));
        }
        Ok(())
    }

    fn tenant(&self) -> switch::TenantId {
        self.control.invitation().tenant
    }

    async fn request(&mut self, command: Command) -> wasmtime::Result<Result<Reply, wit::Error>> {
        self.spend(0)?;
        self.ask(command).await
    }

    /// A request that is paid.
    async fn ask(&mut self, command: Command) -> wasmtime::Result<Result<Reply, wit::Error>> {
        if let Some(ending) = &self.hung_up {
            return Ok(Err(words::hung_up(ending.as_ref())));
        }
        self.pause();
        self.within_all()?;
        let result = self.control.request(command).await;
        self.resume();
        let ending = match result {
            Ok(Reply::Refused(refusal)) => return Ok(Err(words::refusal(refusal))),
            Ok(Reply::Ended(ending)) => Some(ending),
            Ok(reply) => return Ok(Ok(reply)),
            Err(HungUp(ending)) => ending,
        };
        let error = words::hung_up(ending.as_ref());
        self.hung_up = Some(ending);
        Ok(Err(error))
    }

    async fn plain(&mut self, command: Command) -> wasmtime::Result<Result<(), wit::Error>> {
        Ok(self.request(command).await?.map(drop))
    }

    /// A request after which the guest has nothing more to say to the call.
    async fn last(&mut self, command: Command) -> wasmtime::Result<Result<(), wit::Error>> {
        let done = self.plain(command).await?;
        self.parted |= done.is_ok();
        Ok(done)
    }

    /// A request about sound, whose words have so many bytes; `None` when one of them is no word of ours.
    async fn sound(
        &mut self,
        bytes: usize,
        command: Option<Command>,
    ) -> wasmtime::Result<Result<Reply, audio::AudioError>> {
        self.spend(bytes)?;
        let Some(command) = command else { return Ok(Err(audio::AudioError::BadValue)) };
        Ok(match self.ask(command).await? {
            Ok(Reply::Inaudible(fault)) => Err(sound::fault(fault)),
            Ok(reply) => Ok(reply),
            Err(error) => Err(sound::error(error)),
        })
    }

    /// Waits for the store.
    async fn kept<T>(
        &mut self,
        bytes: usize,
        answer: impl Future<Output = Result<T, ValueFault>>,
    ) -> wasmtime::Result<Result<T, values::ValueError>> {
        self.requests = self.requests.saturating_add(STORE_COST);
        self.spend(bytes)?;
        self.pause();
        self.within_all()?;
        let result = tokio::time::timeout(STORE_WAIT, answer).await.unwrap_or(Err(ValueFault::Unavailable));
        self.resume();
        Ok(result.map_err(|fault| match fault {
            ValueFault::TooMuch => values::ValueError::TooMuch,
            ValueFault::Unavailable => values::ValueError::Unavailable,
        }))
    }
}

impl call::Host for Guest {}
impl wit::Host for Guest {}
impl audio::Host for Guest {}

impl call::HostCall for Guest {
    fn id(&mut self, _: Resource<Held>) -> wasmtime::Result<String> {
        self.spend(0)?;
        Ok(self.control.invitation().uid.to_string())
    }

    fn caller(&mut self, _: Resource<Held>) -> wasmtime::Result<wit::Party> {
        self.spend(0)?;
        Ok(words::party(&self.control.invitation().caller))
    }

    fn callee(&mut self, _: Resource<Held>) -> wasmtime::Result<wit::Party> {
        self.spend(0)?;
        Ok(words::party(&self.control.invitation().callee))
    }

    fn header(&mut self, _: Resource<Held>, name: String) -> wasmtime::Result<Option<String>> {
        self.spend(name.len())?;
        let headers = &self.control.invitation().headers;
        Ok(headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, value)| value.clone()))
    }

    fn headers(&mut self, _: Resource<Held>) -> wasmtime::Result<Vec<(String, String)>> {
        self.spend(0)?;
        Ok(self.control.invitation().headers.clone())
    }

    async fn ring(&mut self, _: Resource<Held>) -> wasmtime::Result<Result<(), wit::Error>> {
        self.plain(Command::Ring).await
    }

    async fn answer(&mut self, _: Resource<Held>) -> wasmtime::Result<Result<(), wit::Error>> {
        self.plain(Command::Answer).await
    }

    async fn reject(
        &mut self,
        _: Resource<Held>,
        status: u16,
        reason: Option<String>,
    ) -> wasmtime::Result<Result<(), wit::Error>> {
        if reason.as_ref().is_some_and(|reason| reason.len() > 128 || reason.chars().any(char::is_control)) {
            self.spend(0)?;
            return Ok(Err(wit::Error::BadValue));
        }
        self.last(Command::Reject { status, reason }).await
    }

    async fn dial(
        &mut self,
        _: Resource<Held>,
        targets: Vec<wit::Target>,
        order: wit::Order,
        ring_milliseconds: u32,
    ) -> wasmtime::Result<Result<wit::DialOutcome, wit::Error>> {
        let Some(dial) = words::dial(targets, order, ring_milliseconds) else {
            self.spend(0)?;
            return Ok(Err(wit::Error::BadValue));
        };
        Ok(match self.request(Command::Dial(dial)).await? {
            Ok(Reply::Dialled(outcome)) => Ok(words::outcome(outcome)),
            Ok(_) => Err(wit::Error::WrongState),
            Err(error) => Err(error),
        })
    }

    async fn route(&mut self, _: Resource<Held>) -> wasmtime::Result<Result<(), wit::Error>> {
        self.last(Command::Route { failed: None }).await
    }

    async fn hangup(&mut self, _: Resource<Held>, cause: u8) -> wasmtime::Result<Result<(), wit::Error>> {
        match words::cause(cause) {
            Some(cause) => self.last(Command::Hangup(cause)).await,
            None => {
                self.spend(0)?;
                Ok(Err(wit::Error::BadValue))
            }
        }
    }

    async fn sleep(&mut self, _: Resource<Held>, milliseconds: u32) -> wasmtime::Result<Result<(), wit::Error>> {
        self.plain(Command::Wait(Duration::from_millis(milliseconds.into()))).await
    }

    async fn await_end(&mut self, _: Resource<Held>) -> wasmtime::Result<Result<wit::Ending, wit::Error>> {
        Ok(match self.request(Command::AwaitEnd).await? {
            Ok(_) => Err(wit::Error::WrongState),
            Err(wit::Error::HungUp(Some(ending))) => Ok(ending),
            Err(error) => Err(error),
        })
    }

    async fn play(
        &mut self,
        _: Resource<Held>,
        sounds: Vec<audio::Sound>,
        options: audio::PlayOptions,
    ) -> wasmtime::Result<Result<audio::Played, audio::AudioError>> {
        let bytes = sound::weight(&sounds);
        let reply = self.sound(bytes, sound::play(sounds, options).map(Command::Play)).await?;
        Ok(reply.and_then(|reply| sound::played(&reply)))
    }

    async fn read_digits(
        &mut self,
        _: Resource<Held>,
        prompt: Vec<audio::Sound>,
        options: audio::ReadOptions,
    ) -> wasmtime::Result<Result<audio::Digits, audio::AudioError>> {
        let bytes = sound::weight(&prompt) + sound::weight(&options.again);
        let reply = self.sound(bytes, sound::read(prompt, options).map(Command::Read)).await?;
        Ok(reply.and_then(sound::digits))
    }

    async fn record(
        &mut self,
        _: Resource<Held>,
        options: audio::RecordOptions,
    ) -> wasmtime::Result<Result<audio::Recorded, audio::AudioError>> {
        let bytes = options.name.as_ref().map_or(0, String::len);
        let reply = self.sound(bytes, sound::record(options).map(Command::Record)).await?;
        Ok(reply.and_then(sound::recorded))
    }

    async fn echo(
        &mut self,
        _: Resource<Held>,
        end: String,
        limit_milliseconds: u32,
    ) -> wasmtime::Result<Result<audio::Played, audio::AudioError>> {
        let reply = self.sound(end.len(), sound::echo(&end, limit_milliseconds)).await?;
        Ok(reply.and_then(|reply| sound::played(&reply)))
    }

    async fn music(
        &mut self,
        _: Resource<Held>,
        sounds: Vec<audio::Sound>,
    ) -> wasmtime::Result<Result<(), audio::AudioError>> {
        let bytes = sound::weight(&sounds);
        let music = sound::sounds(sounds).map(|sounds| Command::Music { sounds, listens: false });
        Ok(self.sound(bytes, music).await?.and_then(|reply| sound::done(&reply)))
    }

    async fn hush(&mut self, _: Resource<Held>) -> wasmtime::Result<Result<(), audio::AudioError>> {
        Ok(self.sound(0, Some(Command::Hush)).await?.and_then(|reply| sound::done(&reply)))
    }

    async fn start_recording(
        &mut self,
        _: Resource<Held>,
        options: audio::CallRecording,
    ) -> wasmtime::Result<Result<String, audio::AudioError>> {
        let bytes = options.name.as_ref().map_or(0, String::len);
        let reply = self.sound(bytes, sound::call_recording(options).map(Command::StartRecording)).await?;
        Ok(reply.and_then(sound::recording))
    }

    async fn pause_recording(&mut self, _: Resource<Held>) -> wasmtime::Result<Result<(), audio::AudioError>> {
        Ok(self.sound(0, Some(Command::PauseRecording)).await?.and_then(|reply| sound::done(&reply)))
    }

    async fn resume_recording(&mut self, _: Resource<Held>) -> wasmtime::Result<Result<(), audio::AudioError>> {
        Ok(self.sound(0, Some(Command::ResumeRecording)).await?.and_then(|reply| sound::done(&reply)))
    }

    async fn stop_recording(&mut self, _: Resource<Held>) -> wasmtime::Result<Result<(), audio::AudioError>> {
        Ok(self.sound(0, Some(Command::StopRecording)).await?.and_then(|reply| sound::done(&reply)))
    }

    fn drop(&mut self, _: Resource<Held>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= self.shared.config.max_memory)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 20_000)
    }
}
