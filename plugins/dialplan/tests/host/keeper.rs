//! A keeper that knows two users, stands at one moment, and keeps values in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use dialplan::{Found, FoundNumber, FoundRoom, Keeper, OrderFault, Rooms, ValueFault, Voicemail, Wait};
use switch::{
    AudioError, Bearing, CallControl, CallUid, Command, JoinError, Label, Left, MailboxError, MemberNumber, MemberView,
    Number, NumberClass, Parted, Reason, Role, RoomOrder, RoomRefusal, Sound, TenantId, UserId, Waiting, Whose, Wish,
};

/// Saturday, 21 November 2026, 07:30:15 UTC.
pub(crate) const NOW: Duration = Duration::from_secs(1_795_246_215);

#[derive(Debug, Default)]
pub(crate) struct FakeKeeper {
    values: Mutex<BTreeMap<(TenantId, String), String>>,
    orders: Mutex<Vec<(TenantId, String, RoomOrder)>>,
}

impl FakeKeeper {
    pub(crate) fn kept(&self, tenant: TenantId, name: &str) -> Option<String> {
        self.values.lock().expect("not poisoned").get(&(tenant, name.to_owned())).cloned()
    }

    /// What was said to rooms of this tenant.
    pub(crate) fn orders(&self, tenant: TenantId) -> Vec<(String, RoomOrder)> {
        let orders = self.orders.lock().expect("not poisoned");
        let own = orders.iter().filter(|(owner, ..)| *owner == tenant);
        own.map(|(_, room, order)| (room.clone(), order.clone())).collect()
    }

    pub(crate) fn all_of(&self, tenant: TenantId) -> usize {
        self.values.lock().expect("not poisoned").keys().filter(|(owner, _)| *owner == tenant).count()
    }
}

/// A name chooses how the store fails.
fn fault(name: &str) -> Result<(), ValueFault> {
    match name {
        "full" => Err(ValueFault::TooMuch),
        "down" => Err(ValueFault::Unavailable),
        _ => Ok(()),
    }
}

async fn silence(name: &str) {
    if name == "silent" {
        std::future::pending::<()>().await;
    }
}

impl Keeper for FakeKeeper {
    fn find(&self, _: TenantId, wanted: &str) -> Option<Found> {
        let user = |name: &str, extension: &str, display: Option<&str>| Found {
            name: name.to_owned(),
            display_name: display.map(str::to_owned),
            extension: Some(extension.to_owned()),
        };
        let users = [user("alice", "100", None), user("bob", "101", Some("Bob B.")), user("dave", "103", None)];
        users.into_iter().find(|user| user.name == wanted || user.extension.as_deref() == Some(wanted))
    }

    fn number(&self, _: TenantId, user: Option<UserId>, dialled: &str) -> Option<FoundNumber> {
        let number = match dialled {
            "0030123456" | "+30123456" => Number::World("+30123456".parse().ok()?),
            "112" => Number::Short("112".to_owned()),
            _ => return None,
        };
        let class = if dialled == "112" { NumberClass::Emergency } else { NumberClass::International };
        Some(FoundNumber { number, class, permitted: user.is_some() || class == NumberClass::Emergency })
    }

    fn time_zone(&self, _: TenantId) -> String {
        "Europe/Berlin".to_owned()
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + NOW
    }

    fn random(&self) -> u64 {
        42
    }

    fn value<'a>(&'a self, tenant: TenantId, name: &'a str) -> Wait<'a, Result<Option<String>, ValueFault>> {
        Box::pin(async move {
            silence(name).await;
            fault(name)?;
            Ok(self.kept(tenant, name))
        })
    }

    fn keep<'a>(&'a self, tenant: TenantId, name: &'a str, value: &'a str) -> Wait<'a, Result<(), ValueFault>> {
        Box::pin(async move {
            silence(name).await;
            fault(name)?;
            self.values.lock().expect("not poisoned").insert((tenant, name.to_owned()), value.to_owned());
            Ok(())
        })
    }

    fn forget<'a>(&'a self, tenant: TenantId, name: &'a str) -> Wait<'a, Result<bool, ValueFault>> {
        Box::pin(async move {
            silence(name).await;
            fault(name)?;
            Ok(self.values.lock().expect("not poisoned").remove(&(tenant, name.to_owned())).is_some())
        })
    }
}

/// One room is kept; of all others the name chooses how a caller fares there. What the call is told says how he came in.
impl Rooms for FakeKeeper {
    fn find<'a>(&'a self, _: TenantId, name: &'a str) -> Wait<'a, Option<FoundRoom>> {
        let kept = (name == "600").then(|| FoundRoom { name: name.to_owned(), title: Some("Board".to_owned()) });
        Box::pin(async move {
            silence(name).await;
            kept
        })
    }

    fn join<'a>(&'a self, call: &'a mut CallControl, room: &'a str, wish: Wish) -> Wait<'a, Result<Left, JoinError>> {
        Box::pin(async move {
            let version = format!("{} {:?} {} {:?}", wish.ad_hoc, wish.pin, wish.moderator, wish.name);
            call.request(Command::Attach(Label { name: room.to_owned(), version })).await?;
            let refused = match room {
                "600" | "900" => return Ok(Left::Key),
                "kicked" => return Ok(Left::Kicked),
                "ended" => return Ok(Left::Ended),
                "hung-up" => return Ok(Left::HungUp),
                room => refusal(room),
            };
            Err(refused.into())
        })
    }

    /// Alice rules room 600, where Bob is muted.
    fn members<'a>(&'a self, _: TenantId, room: &'a str) -> Wait<'a, Option<Vec<MemberView>>> {
        let member = |number: u32, name: &str, role, bearing| MemberView {
            number: MemberNumber(number),
            call: CallUid([u8::try_from(number).expect("small"); 12]),
            name: name.to_owned(),
            user: None,
            role,
            bearing,
            speaks: number == 1,
            waiting: number == 2,
            since: SystemTime::UNIX_EPOCH,
        };
        let muted = Bearing { muted: true, speaking: -4, ..Bearing::default() };
        let both = || {
            let alice = member(1, "Alice\nA.", Role::Moderator, Bearing { deaf: true, ..Bearing::default() });
            vec![alice, member(2, "bob", Role::Participant, muted)]
        };
        let found = (room == "600").then(both);
        Box::pin(async move {
            silence(room).await;
            found
        })
    }

    fn order<'a>(
        &'a self,
        tenant: TenantId,
        room: &'a str,
        order: RoomOrder,
    ) -> Wait<'a, Result<Option<String>, OrderFault>> {
        Box::pin(async move {
            silence(room).await;
            if room != "600" {
                return Err(refusal(room).into());
            }
            if let RoomOrder::Announce(sounds) = &order
                && sounds.contains(&Sound::Prompt("nope".to_owned()))
            {
                return Err(OrderFault::Inaudible(AudioError::Missing("nope".to_owned())));
            }
            let named = match &order {
                RoomOrder::Record { name, .. } => Some(name.clone().unwrap_or_else(|| "room-600-1".to_owned())),
                _ => None,
            };
            self.orders.lock().expect("not poisoned").push((tenant, room.to_owned(), order));
            Ok(named)
        })
    }
}

/// A room's name chooses what it says.
fn refusal(room: &str) -> RoomRefusal {
    match room {
        "full" => RoomRefusal::Full,
        "locked" => RoomRefusal::Locked,
        "wrong-pin" => RoomRefusal::WrongPin,
        "no-member" => RoomRefusal::NoMember,
        "forbidden" => RoomRefusal::Forbidden,
        "bad-value" => RoomRefusal::BadValue,
        "no-resources" => RoomRefusal::NoResources,
        _ => RoomRefusal::NoRoom,
    }
}

/// Bob has a mailbox; of all others the name chooses how a caller fares there. What the call is told says how he came.
impl Voicemail for FakeKeeper {
    fn find(&self, _: TenantId, name: &str) -> Option<String> {
        ["101", "bob"].contains(&name).then(|| "101".to_owned())
    }

    fn count(&self, _: TenantId, mailbox: &str) -> Option<Waiting> {
        (mailbox == "101").then_some(Waiting { new: 2, saved: 3, urgent_new: 1, urgent_saved: 0 })
    }

    fn leave<'a>(
        &'a self,
        call: &'a mut CallControl,
        mailbox: &'a str,
        reason: Reason,
    ) -> Wait<'a, Result<Parted, MailboxError>> {
        Box::pin(visit(call, mailbox, reason.as_str().to_owned()))
    }

    fn listen<'a>(&'a self, call: &'a mut CallControl, whose: Whose) -> Wait<'a, Result<Parted, MailboxError>> {
        let mailbox = if let Whose::Of(name) = &whose { name.clone() } else { "101".to_owned() };
        Box::pin(async move { visit(call, &mailbox, format!("{whose:?}")).await })
    }

    fn find_by_name<'a>(&'a self, call: &'a mut CallControl) -> Wait<'a, Result<Parted, MailboxError>> {
        Box::pin(visit(call, "connected", "by name".to_owned()))
    }
}

async fn visit(call: &mut CallControl, mailbox: &str, version: String) -> Result<Parted, MailboxError> {
    let told = Command::Attach(Label { name: mailbox.to_owned(), version });
    call.request(told).await.map_err(|_| MailboxError::HungUp)?;
    Err(match mailbox {
        "101" => return Ok(Parted::Done),
        "connected" => return Ok(Parted::Connected),
        "hung-up" => return Ok(Parted::HungUp),
        "full" => MailboxError::Full,
        "wrong-pin" => MailboxError::WrongPin,
        "wrong-state" => MailboxError::WrongState,
        "no-resources" => MailboxError::NoResources,
        _ => MailboxError::NoMailbox,
    })
}
