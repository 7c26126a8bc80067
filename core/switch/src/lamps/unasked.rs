//! NOTIFYs to phones that did not subscribe: their user's lamp is theirs. Each is alone, without a dialog.

use std::collections::BTreeMap;

use sip::{Flow, Method, Name, Status, UriBuf, Writer};
use slotmap::SlotMap;

use super::PACKAGE;
use super::summary::{KIND, summary};
use crate::ids::Aor;
use crate::letter::Escaped;
use crate::mailbox::{Lamp, Waiting};
use crate::registrar::Binding;
use crate::switch::Switch;
use crate::wire::{Errand, Wire};

slotmap::new_key_type! {
    /// A phone that is being told without having asked. Minted by [`Unasked`].
    pub(crate) struct UnaskedKey;
}

/// Who is told of what: the user, the contact and the mailbox.
type Who = (Aor, String, String);

/// All that are being told now, each once: what changes meanwhile comes after the answer.
#[derive(Debug, Default)]
pub(super) struct Unasked {
    under_way: SlotMap<UnaskedKey, (Who, Option<Waiting>)>,
    /// The same by who it is.
    phones: BTreeMap<Who, UnaskedKey>,
}

impl Unasked {
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// This is to be told to this phone: now, or after what it is being told.
    fn begin(&mut self, who: Who, waiting: Waiting) -> Option<UnaskedKey> {
        if let Some((_, newer)) = self.phones.get(&who).and_then(|key| self.under_way.get_mut(*key)) {
            *newer = Some(waiting);
            return None;
        }
        let key = self.under_way.insert((who.clone(), None));
        self.phones.insert(who, key);
        Some(key)
    }

    /// It is told, or cannot be. Gives what is newer.
    fn end(&mut self, key: UnaskedKey) -> Option<(Who, Option<Waiting>)> {
        let (who, newer) = self.under_way.remove(key)?;
        self.phones.remove(&who);
        Some((who, newer))
    }
}

impl Switch {
    /// The phones of a user are told of his lamp: those that did not subscribe to it. `contact` means one of them.
    pub(super) fn tell_unasked(&mut self, lamp: &Lamp, user: &str, contact: Option<&str>) {
        let aor = Aor { tenant: lamp.tenant, user: user.to_owned() };
        self.tell_contacts(&aor, &lamp.mailbox, lamp.waiting, contact);
    }

    fn tell_contacts(&mut self, aor: &Aor, mailbox: &str, waiting: Waiting, contact: Option<&str>) {
        let meant = |binding: &&Binding| contact.is_none_or(|contact| binding.contact.as_str() == contact);
        let bindings = self.registrar.lookup(self.wire.now, aor).into_iter().filter(meant);
        let bindings = bindings.filter(|binding| !self.lamps.hears(aor, mailbox, binding));
        let to = |binding: &Binding| (binding.contact.clone(), binding.path.clone(), binding.flow);
        let phones: Vec<_> = bindings.map(to).collect();
        for (uri, path, seen) in phones {
            let who = (aor.clone(), uri.as_str().to_owned(), mailbox.to_owned());
            let Some(key) = self.lamps.unasked.begin(who, waiting) else { continue };
            // As an INVITE would go there.
            let flow = self.wire.toward(&uri.as_uri(), &seen);
            let bytes = notify(&mut self.wire, aor, (&uri, &path, flow), mailbox, waiting);
            if !self.wire.errand(flow, bytes, Errand::Unasked(key)) {
                self.lamps.unasked.end(key);
            }
        }
    }

    /// The phone has answered (or has not): what changed meanwhile it is told now, if it is still there.
    pub(crate) fn unasked_answered(&mut self, key: UnaskedKey, status: Status) {
        if status.is_provisional() {
            return;
        }
        let Some(((aor, contact, mailbox), Some(newer))) = self.lamps.unasked.end(key) else { return };
        if status.is_success() {
            self.tell_contacts(&aor, &mailbox, newer, Some(&contact));
        }
    }
}

/// A NOTIFY of nobody's subscription: what others send as such, and phones take, says that there is none (`terminated`).
fn notify(
    wire: &mut Wire,
    aor: &Aor,
    (uri, path, flow): (&UriBuf, &[String], Flow),
    mailbox: &str,
    waiting: Waiting,
) -> Vec<u8> {
    let (via, tag, call_id) = (wire.via(&flow), wire.mint.tag(), wire.mint.call_id());
    let own = wire.shown(&flow);
    let (account, user) = (Escaped(mailbox), Escaped(&aor.user));
    let mut writer = Writer::request(Method::Notify, uri.as_str());
    writer.header(Name::Via, via);
    for route in path {
        writer.header(Name::Route, route);
    }
    writer
        .header(Name::MaxForwards, 70)
        .header(Name::From, format_args!("<sip:{account}@{own}>;tag={tag}"))
        .header(Name::To, format_args!("<sip:{user}@{own}>"))
        .header(Name::CallId, call_id)
        .header(Name::CSeq, "1 NOTIFY")
        .header(Name::Contact, wire.contact(&flow, &account.to_string(), uri.as_uri().is_sips()))
        .header(Name::Event, PACKAGE)
        .header(Name::SubscriptionState, "terminated")
        .header(Name::UserAgent, &wire.config.agent);
    writer.body(KIND, summary(mailbox, own, waiting).as_bytes())
}
