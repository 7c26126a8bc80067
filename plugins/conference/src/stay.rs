//! One caller's way: to the door of a room, through it, and his stay inside.

use std::sync::Arc;
use std::time::Duration;

use switch::{
    CallControl, Command, JoinError, Keys, Left, MemberNumber, Play, Read, Recording, Reply, Role, RoomRefusal,
    TenantId, Wish,
};
use tokio::sync::Notify;

use crate::conference::{Inner, Open};
use crate::plan::{Entry, Plan};
use crate::prompts::{self, prompt};
use crate::room::{Act, Newcomer};

/// How long a spoken name is at most, and the silence that ends it.
const NAME: (Duration, Duration) = (Duration::from_secs(5), Duration::from_millis(1_500));

/// What recordings of names are called, before the call's uid.
pub const SPOKEN: &str = "name";

/// The longest PIN.
const PIN: u8 = 16;

/// The key that ends a PIN and a name.
fn hash() -> Keys {
    Keys::parse("#").unwrap_or(Keys::NONE)
}

pub(crate) async fn join(
    inner: &Arc<Inner>,
    call: &mut CallControl,
    room: &str,
    wish: Wish,
) -> Result<Left, JoinError> {
    let tenant = call.invitation().tenant;
    let kept = inner.plans.plan(tenant, room).await;
    // Who opens a room that is kept nowhere rules it.
    let opener_rules = kept.is_none();
    let plan = match (kept, wish.ad_hoc) {
        (Some(plan), _) => plan,
        (None, true) => Plan::ad_hoc(),
        (None, false) => return Err(RoomRefusal::NoRoom.into()),
    };
    // One that is answered already says so.
    if let Reply::Refused(refusal) = call.request(Command::Answer).await?
        && refusal != switch::Refusal::WrongState
    {
        return Err(RoomRefusal::NoResources.into());
    }
    let mut door = Door { inner, tenant, room, plan, call };
    let role = door.role(&wish).await?;
    door.permits(role).await?;
    let spoken = spoken_name(inner, door.call, &door.plan).await?;
    let Door { plan, call, .. } = door;
    let caller = &call.invitation().caller;
    let name = wish.name.or_else(|| caller.name.clone()).unwrap_or_else(|| caller.user.clone());
    let newcomer = Newcomer {
        call: call.invitation().uid,
        name,
        user: call.invitation().user,
        role,
        spoken: spoken.as_ref().map(|name| name.recording.clone()),
        since: (inner.clock)().1,
    };
    let (open, number, bell) = match inner.enter(tenant, room, plan.clone(), opener_rules, newcomer) {
        Ok(entered) => entered,
        Err(refusal) => {
            // It became full, or locked, while he said his name.
            let mut door = Door { inner, tenant, room, plan, call };
            door.say_refusal(refusal).await?;
            return Err(refusal.into());
        }
    };
    let seat = Seat { inner: inner.clone(), open, number, spoken };
    stay(&seat, &bell, call).await
}

/// A caller before the door of a room.
struct Door<'a> {
    inner: &'a Arc<Inner>,
    tenant: TenantId,
    room: &'a str,
    plan: Plan,
    call: &'a mut CallControl,
}

impl Door<'_> {
    /// What he may do there, by what the dialplan says of him or by his PIN.
    async fn role(&mut self, wish: &Wish) -> Result<Role, JoinError> {
        if wish.moderator {
            return Ok(Role::Moderator);
        }
        if !self.plan.pin && !self.plan.moderator_pin {
            return Ok(Role::Participant);
        }
        if let Some(pin) = &wish.pin {
            return match self.admit(pin).await {
                Some(role) => Ok(role),
                None => self.refuse(RoomRefusal::WrongPin).await,
            };
        }
        for turn in 0..self.inner.config.tries.max(1) {
            let pin = self.ask_pin(turn > 0).await?;
            if let Some(role) = self.admit(&pin).await {
                return Ok(role);
            }
        }
        self.refuse(RoomRefusal::WrongPin).await
    }

    async fn ask_pin(&mut self, again: bool) -> Result<String, JoinError> {
        let mut sounds = if again { vec![prompt(prompts::WRONG_PIN)] } else { Vec::new() };
        sounds.push(prompt(prompts::ASK_PIN));
        let read = Read {
            prompt: sounds,
            language: self.plan.language.clone(),
            min: 0,
            max: PIN,
            end: hash(),
            first: Duration::from_secs(8),
            next: Duration::from_secs(4),
            tries: 1,
            again: Vec::new(),
        };
        match self.call.request(Command::Read(read.clone())).await? {
            Reply::Read(digits) => Ok(digits.digits),
            Reply::Ended(_) => Err(JoinError::HungUp),
            // Without its prompt he may know what is wanted.
            Reply::Inaudible(_) => match self.call.request(Command::Read(Read { prompt: Vec::new(), ..read })).await? {
                Reply::Read(digits) => Ok(digits.digits),
                Reply::Ended(_) => Err(JoinError::HungUp),
                _ => Err(RoomRefusal::NoResources.into()),
            },
            _ => Err(RoomRefusal::NoResources.into()),
        }
    }

    /// Whose PIN this is. An empty one is a participant's where participants need none.
    async fn admit(&self, pin: &str) -> Option<Role> {
        if pin.is_empty() {
            return (!self.plan.pin).then_some(Role::Participant);
        }
        let Some(tried) = self.inner.guard.admit(&self.inner.clock, self.tenant, self.room).await else {
            tracing::info!(tenant = self.tenant.0, "too many wrong PINs for a room: it takes none for a while");
            return None;
        };
        let role = self.inner.plans.admit(self.tenant, self.room, pin).await;
        if role.is_some() {
            tried.right();
        }
        role
    }

    /// Whether the room takes him now, before he says his name.
    async fn permits(&mut self, role: Role) -> Result<(), JoinError> {
        let Some(open) = self.inner.find(self.tenant, self.room) else { return Ok(()) };
        match self.inner.with(&open, |room| room.permits(role)) {
            // It ends: the next one is opened.
            Ok(()) | Err(RoomRefusal::NoRoom) => Ok(()),
            Err(refusal) => self.refuse(refusal).await,
        }
    }

    async fn refuse<T>(&mut self, refusal: RoomRefusal) -> Result<T, JoinError> {
        self.say_refusal(refusal).await?;
        Err(refusal.into())
    }

    async fn say_refusal(&mut self, refusal: RoomRefusal) -> Result<(), JoinError> {
        let name = match refusal {
            RoomRefusal::WrongPin => prompts::TOO_MANY_PINS,
            RoomRefusal::Locked => prompts::LOCKED,
            RoomRefusal::Full => prompts::FULL,
            _ => return play(self.call, prompts::no_way()).await,
        };
        self.play(name).await
    }

    async fn play(&mut self, name: &str) -> Result<(), JoinError> {
        play(self.call, prompts::play(name, self.plan.language.as_deref())).await
    }
}

/// A caller's name, as he says it himself; `None` where none is wanted, or he said none.
pub(crate) async fn spoken_name(
    inner: &Arc<Inner>,
    call: &mut CallControl,
    plan: &Plan,
) -> Result<Option<SpokenName>, JoinError> {
    if plan.entry != Entry::Name {
        return Ok(None);
    }
    play(call, prompts::play(prompts::ASK_NAME, plan.language.as_deref())).await?;
    let recording = format!("{SPOKEN}-{}", call.invitation().uid);
    let name = SpokenName { inner: inner.clone(), tenant: call.invitation().tenant, recording };
    let (limit, silence) = (NAME.0, Some(NAME.1));
    let wanted = Recording { name: Some(name.recording.clone()), limit, silence, end: hash(), beep: true };
    match call.request(Command::Record(wanted)).await? {
        Reply::Recorded(_) => Ok(Some(name)),
        Reply::Ended(_) => Err(JoinError::HungUp),
        _ => Ok(None),
    }
}

/// To its end; what is missing is silence.
async fn play(call: &mut CallControl, play: Play) -> Result<(), JoinError> {
    match call.request(Command::Play(play)).await? {
        Reply::Ended(_) => Err(JoinError::HungUp),
        _ => Ok(()),
    }
}

/// The recording of a caller's name, which is there for as long as he is.
pub(crate) struct SpokenName {
    inner: Arc<Inner>,
    tenant: TenantId,
    pub(crate) recording: String,
}

impl Drop for SpokenName {
    fn drop(&mut self) {
        self.inner.plans.forget_name(self.tenant, &self.recording);
    }
}

/// A place in a room, given back however the stay ends.
pub(crate) struct Seat {
    pub(crate) inner: Arc<Inner>,
    pub(crate) open: Arc<Open>,
    pub(crate) number: MemberNumber,
    pub(crate) spoken: Option<SpokenName>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.inner.gone(&self.open, self.number);
        // The others were told that he has left.
        drop(self.spoken.take());
    }
}

/// From the first command to the last.
pub(crate) async fn stay(seat: &Seat, bell: &Notify, call: &mut CallControl) -> Result<Left, JoinError> {
    // Of a room where he was before.
    call.forget_events();
    loop {
        match seat.inner.with(&seat.open, |room| room.poll(seat.number)) {
            Some(Act::Do(command)) => {
                let joins = matches!(command, Command::Join { .. });
                let Ok(reply) = call.request(command).await else { return Ok(Left::HungUp) };
                seat.inner.with(&seat.open, |room| room.handle_done(seat.number, &reply));
                match reply {
                    Reply::Ended(_) => return Ok(Left::HungUp),
                    // He can be relayed at most.
                    Reply::Inaudible(_) | Reply::Refused(_) if joins => return Err(RoomRefusal::NoResources.into()),
                    _ => {}
                }
            }
            Some(Act::Away(why, farewell)) => {
                let left = match call.request(Command::Leave).await {
                    // He waited, and hears music still.
                    Ok(Reply::Refused(_)) => call.request(Command::Hush).await,
                    other => other,
                };
                if left.is_err() {
                    return Ok(Left::HungUp);
                }
                if let Some(farewell) = farewell {
                    // Whoever hangs up meanwhile has left for the reason that there was.
                    let _ = play(call, farewell).await;
                }
                return Ok(why);
            }
            None => {
                tokio::select! {
                    event = call.next() => match event {
                        Ok(event) => {
                            let now = (seat.inner.clock)().0;
                            seat.inner.with(&seat.open, |room| room.handle_event(now, seat.number, &event));
                        }
                        Err(_) => return Ok(Left::HungUp),
                    },
                    () = bell.notified() => {}
                }
            }
        }
    }
}
