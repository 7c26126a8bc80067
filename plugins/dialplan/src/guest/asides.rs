//! What a guest asks beside its call: the log, the store, the clock, the directory.

use crate::bindings::strowger::dialplan::{clock, directory, log, values};
use crate::words;

use super::Guest;

impl log::Host for Guest {
    fn write(&mut self, level: log::Level, mut line: String) -> wasmtime::Result<()> {
        self.spend(line.len())?;
        self.lines += 1;
        if self.lines > self.shared.config.max_log_lines {
            if self.lines == self.shared.config.max_log_lines + 1 {
                tracing::warn!(call = %self.control.invitation().uid, "the dialplan logs too much; its further lines are dropped");
            }
            return Ok(());
        }
        line.truncate(line.floor_char_boundary(self.shared.config.max_log_line));
        let line = words::in_one_line(&line);
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

impl values::Host for Guest {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<Option<String>, values::ValueError>> {
        let (shared, tenant) = (self.shared.clone(), self.tenant());
        self.kept(name.len(), shared.keeper.value(tenant, &name)).await
    }

    async fn set(&mut self, name: String, value: String) -> wasmtime::Result<Result<(), values::ValueError>> {
        let (shared, tenant) = (self.shared.clone(), self.tenant());
        self.kept(name.len() + value.len(), shared.keeper.keep(tenant, &name, &value)).await
    }

    async fn delete(&mut self, name: String) -> wasmtime::Result<Result<bool, values::ValueError>> {
        let (shared, tenant) = (self.shared.clone(), self.tenant());
        self.kept(name.len(), shared.keeper.forget(tenant, &name)).await
    }
}

impl clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.spend(0)?;
        let since = self.shared.keeper.now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn local(&mut self) -> wasmtime::Result<clock::LocalTime> {
        self.spend(0)?;
        let name = self.shared.keeper.time_zone(self.tenant());
        let zone = jiff::tz::TimeZone::get(&name).unwrap_or(jiff::tz::TimeZone::UTC);
        let now =
            jiff::Timestamp::try_from(self.shared.keeper.now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(zone);
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
        self.spend(0)?;
        Ok(self.shared.keeper.random())
    }
}

impl directory::Host for Guest {
    fn find(&mut self, name_or_extension: String) -> wasmtime::Result<Option<directory::User>> {
        self.spend(name_or_extension.len())?;
        let found = self.shared.keeper.find(self.tenant(), &name_or_extension);
        Ok(found.map(|user| directory::User {
            name: user.name,
            display_name: user.display_name,
            extension: user.extension,
        }))
    }

    async fn find_room(&mut self, name: String) -> wasmtime::Result<Option<directory::Room>> {
        if !crate::rooms::is_name(&name) {
            self.spend(name.len())?;
            return Ok(None);
        }
        let (shared, tenant) = (self.shared.clone(), self.tenant());
        let found = self.kept(name.len(), async { Ok(shared.rooms.find(tenant, &name).await) }).await?;
        Ok(found.ok().flatten().map(|room| directory::Room { name: room.name, title: room.title }))
    }
}
