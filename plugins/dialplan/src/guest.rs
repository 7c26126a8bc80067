//! One running guest: what it holds, what it may still spend, and what it asks for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use switch::{CallControl, Command, HungUp, Reply};
use wasmtime::component::Resource;
use wasmtime::{ResourceLimiter, UpdateDeadline};

use crate::bindings::strowger::dialplan::{call, clock, directory, log, types as wit, values};
use crate::config::Config;
use crate::keeper::{Keeper, ValueFault};
use crate::words;

#[allow(unreachable_pub, reason = "named by the bindings")]
/// What the handle of a call stands for: there is one call, and the guest's state knows it.
#[derive(Debug)]
pub struct Held;

/// The state of one guest.
pub(crate) struct Guest {
    pub(crate) control: CallControl,
    pub(crate) hung_up: Option<Option<switch::Ending>>,
    /// It left the call to the built-in route.
    pub(crate) routed: bool,
    keeper: Arc<dyn Keeper>,
    config: Arc<Config>,
    requests: u32,
    lines: u32,
    ticks_at_once: u32,
    ticks_in_all: u32,
    /// When the guest last began to compute.
    resumed: Instant,
}

impl Guest {
    pub(crate) fn new(control: CallControl, keeper: Arc<dyn Keeper>, config: Arc<Config>) -> Self {
        Self {
            control,
            hung_up: None,
            routed: false,
            keeper,
            config,
            requests: 0,
            lines: 0,
            ticks_at_once: 0,
            ticks_in_all: 0,
            resumed: Instant::now(),
        }
    }

    /// An epoch has ticked while the guest was computing, or while it waited.
    pub(crate) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        if self.resumed.elapsed() >= self.config.tick {
            self.ticks_at_once += 1;
            self.ticks_in_all += 1;
        }
        if self.ticks_at_once > self.config.ticks_at_once || self.ticks_in_all > self.config.ticks_in_all {
            return Err(wasmtime::Error::msg("it computed for too long"));
        }
        // tokio's own yield: with wasmtime's, nothing else runs on this worker for the guest's whole life.
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
    }

    /// Every request of a guest passes here.
    fn spend(&mut self) -> wasmtime::Result<()> {
        self.requests += 1;
        if self.requests > self.config.max_requests {
            return Err(wasmtime::Error::msg("it asked for too much"));
        }
        Ok(())
    }

    /// The guest computes again, after it has waited.
    fn resume(&mut self) {
        self.ticks_at_once = 0;
        self.resumed = Instant::now();
    }

    async fn request(&mut self, command: Command) -> wasmtime::Result<Result<Reply, wit::Error>> {
        self.spend()?;
        let result = self.control.request(command).await;
        self.resume();
        Ok(match result {
            Ok(Reply::Refused(refusal)) => Err(words::refusal(refusal)),
            Ok(reply) => Ok(reply),
            Err(HungUp(ending)) => {
                self.hung_up = Some(ending.clone());
                Err(wit::Error::HungUp(ending.as_ref().map(words::ending)))
            }
        })
    }

    async fn plain(&mut self, command: Command) -> wasmtime::Result<Result<(), wit::Error>> {
        Ok(self.request(command).await?.map(drop))
    }
}

impl call::Host for Guest {}
impl wit::Host for Guest {}

impl call::HostCall for Guest {
    fn id(&mut self, _: Resource<Held>) -> wasmtime::Result<String> {
        self.spend()?;
        Ok(self.control.invitation().uid.to_string())
    }

    fn caller(&mut self, _: Resource<Held>) -> wasmtime::Result<wit::Party> {
        self.spend()?;
        Ok(words::party(&self.control.invitation().caller))
    }

    fn callee(&mut self, _: Resource<Held>) -> wasmtime::Result<wit::Party> {
        self.spend()?;
        Ok(words::party(&self.control.invitation().callee))
    }

    fn header(&mut self, _: Resource<Held>, name: String) -> wasmtime::Result<Option<String>> {
        self.spend()?;
        let headers = &self.control.invitation().headers;
        Ok(headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, value)| value.clone()))
    }

    fn headers(&mut self, _: Resource<Held>) -> wasmtime::Result<Vec<(String, String)>> {
        self.spend()?;
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
            return Ok(Err(wit::Error::BadValue));
        }
        self.plain(Command::Reject { status, reason }).await
    }

    async fn dial(
        &mut self,
        _: Resource<Held>,
        targets: Vec<wit::Target>,
        order: wit::Order,
        ring_milliseconds: u32,
    ) -> wasmtime::Result<Result<wit::DialOutcome, wit::Error>> {
        let reply = self.request(Command::Dial(words::dial(targets, order, ring_milliseconds))).await?;
        Ok(match reply {
            Ok(Reply::Dialled(outcome)) => Ok(words::outcome(outcome)),
            Ok(_) => Err(wit::Error::WrongState),
            Err(error) => Err(error),
        })
    }

    async fn route(&mut self, _: Resource<Held>) -> wasmtime::Result<Result<(), wit::Error>> {
        let done = self.plain(Command::Route { failed: None }).await?;
        self.routed |= done.is_ok();
        Ok(done)
    }

    async fn hangup(&mut self, _: Resource<Held>, cause: u8) -> wasmtime::Result<Result<(), wit::Error>> {
        match words::cause(cause) {
            Some(cause) => self.plain(Command::Hangup(cause)).await,
            None => Ok(Err(wit::Error::BadValue)),
        }
    }

    async fn sleep(&mut self, _: Resource<Held>, milliseconds: u32) -> wasmtime::Result<Result<(), wit::Error>> {
        self.plain(Command::Wait(Duration::from_millis(milliseconds.into()))).await
    }

    async fn await_end(&mut self, _: Resource<Held>) -> wasmtime::Result<Result<wit::Ending, wit::Error>> {
        Ok(match self.request(Command::AwaitEnd).await? {
            Ok(Reply::Ended(ending)) => Ok(words::ending(&ending)),
            Ok(_) => Err(wit::Error::WrongState),
            Err(wit::Error::HungUp(Some(ending))) => Ok(ending),
            Err(error) => Err(error),
        })
    }

    fn drop(&mut self, _: Resource<Held>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl log::Host for Guest {
    fn write(&mut self, level: log::Level, line: String) -> wasmtime::Result<()> {
        self.spend()?;
        self.lines += 1;
        if self.lines > self.config.max_log_lines {
            if self.lines == self.config.max_log_lines + 1 {
                tracing::warn!(call = %self.control.invitation().uid, "the dialplan logs too much; its further lines are dropped");
            }
            return Ok(());
        }
        let mut line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let end = line.floor_char_boundary(self.config.max_log_line);
        line.truncate(end);
        let call = self.control.invitation().uid;
        match level {
            log::Level::Debug => tracing::debug!(%call, "{line}"),
            log::Level::Info => tracing::info!(%call, "{line}"),
            log::Level::Warn => tracing::warn!(%call, "{line}"),
            log::Level::Error => tracing::error!(%call, "{line}"),
        }
        Ok(())
    }
}

fn fault(fault: ValueFault) -> values::ValueError {
    match fault {
        ValueFault::TooMuch => values::ValueError::TooMuch,
        ValueFault::Unavailable => values::ValueError::Unavailable,
    }
}

/// Requests of the store cost more than others.
const STORE_COST: u32 = 100;

impl values::Host for Guest {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<Option<String>, values::ValueError>> {
        self.requests += STORE_COST;
        self.spend()?;
        let tenant = self.control.invitation().tenant;
        let result = self.keeper.clone().value(tenant, &name).await;
        self.resume();
        Ok(result.map_err(fault))
    }

    async fn set(&mut self, name: String, value: String) -> wasmtime::Result<Result<(), values::ValueError>> {
        self.requests += STORE_COST;
        self.spend()?;
        let tenant = self.control.invitation().tenant;
        let result = self.keeper.clone().keep(tenant, &name, &value).await;
        self.resume();
        Ok(result.map_err(fault))
    }

    async fn delete(&mut self, name: String) -> wasmtime::Result<Result<bool, values::ValueError>> {
        self.requests += STORE_COST;
        self.spend()?;
        let tenant = self.control.invitation().tenant;
        let result = self.keeper.clone().forget(tenant, &name).await;
        self.resume();
        Ok(result.map_err(fault))
    }
}

impl clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.spend()?;
        let since = self.keeper.now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn local(&mut self) -> wasmtime::Result<clock::LocalTime> {
        self.spend()?;
        let name = self.keeper.time_zone(self.control.invitation().tenant);
        let zone = jiff::tz::TimeZone::get(&name).unwrap_or(jiff::tz::TimeZone::UTC);
        let now = jiff::Timestamp::try_from(self.keeper.now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(zone);
        Ok(clock::LocalTime {
            year: now.year(),
            month: now.month().unsigned_abs(),
            day: now.day().unsigned_abs(),
            weekday: now.weekday().to_monday_one_offset().unsigned_abs(),
            hour: now.hour().unsigned_abs(),
            minute: now.minute().unsigned_abs(),
            second: now.second().unsigned_abs(),
            offset: now.offset().seconds(),
            zone: name,
        })
    }

    fn random(&mut self) -> wasmtime::Result<u64> {
        self.spend()?;
        Ok(self.keeper.random())
    }
}

impl directory::Host for Guest {
    fn find(&mut self, name_or_extension: String) -> wasmtime::Result<Option<directory::User>> {
        self.spend()?;
        let found = self.keeper.find(self.control.invitation().tenant, &name_or_extension);
        Ok(found.map(|user| directory::User {
            name: user.name,
            display_name: user.display_name,
            extension: user.extension,
        }))
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= self.config.max_memory)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 20_000)
    }
}
