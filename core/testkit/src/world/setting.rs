//! How a world is: its weather, its tenant, what fails in it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use switch::{Application, CodecOrder, Command, Fallback, Secrecy};

use super::World;
use crate::network::Weather;

impl World {
    /// From now on the link is like this.
    pub fn weather(&self, weather: Weather) {
        self.0.borrow_mut().network.weather = weather;
    }

    /// What the tenant's application says to every call from now on, one command after each reply.
    pub fn application(&self, script: Vec<Command>) {
        self.0.borrow_mut().around.script = script;
    }

    /// Every call is given to this application from now on.
    pub fn serve(&self, application: Arc<dyn Application>) {
        self.0.borrow_mut().tasks.serve(application);
    }

    /// The tenant's application never says anything.
    pub fn application_that_never_decides(&self) {
        self.0.borrow_mut().around.never_decides = true;
    }

    /// What happens when the application fails.
    pub fn fallback(&self, fallback: Fallback) {
        self.0.borrow_mut().around.policy.fallback = fallback;
    }

    /// Requests from this address are a trusted peer's.
    pub fn trust(&self, ip: IpAddr) {
        self.0.borrow_mut().around.peers.insert(ip);
    }

    /// The tenant may dial URIs of this host.
    pub fn permit_host(&self, host: &str) {
        self.0.borrow_mut().around.hosts.insert(host.to_owned());
    }

    /// The media engine has no port left.
    pub fn out_of_ports(&self) {
        self.0.borrow_mut().around.no_ports = true;
    }

    /// From now on a prompt, a number or a recording lasts so long.
    pub fn sounds_last(&self, length: Duration) {
        self.0.borrow_mut().around.engine.length = length;
    }

    /// There is no such prompt or recording.
    pub fn lacks(&self, name: &str) {
        self.0.borrow_mut().around.engine.missing.insert(name.to_owned());
    }

    /// Nothing can be recorded from now on.
    pub fn disk_is_full(&self) {
        self.0.borrow_mut().around.engine.disk_full = true;
    }

    /// All phones are silent from now on.
    pub fn nobody_speaks(&self) {
        self.0.borrow_mut().around.engine.nobody_speaks = true;
    }

    /// The exchange encrypts the media of this user so much, and not as everybody's.
    pub fn secrecy_of(&self, user: &str, secrecy: Secrecy) {
        self.0.borrow_mut().around.media.entry(user.to_owned()).or_default().secrecy = Some(secrecy);
    }

    /// This user is spoken to in this language, and not in its tenant's.
    pub fn language_of(&self, user: &str, language: &str) {
        let language = switch::Language::parse(language).ok();
        self.0.borrow_mut().around.media.entry(user.to_owned()).or_default().language = language;
    }

    /// The tenant's callers are spoken to in this language.
    pub fn language(&self, language: &str) {
        self.0.borrow_mut().around.policy.media.language = switch::Language::parse(language).ok();
    }

    /// These are the codecs that this user may use.
    pub fn codecs_of(&self, user: &str, codecs: CodecOrder) {
        self.0.borrow_mut().around.media.entry(user.to_owned()).or_default().codecs = Some(codecs);
    }
}
