//! Fax (ITU-T T.38): datagrams that pass between two ports as they are. Nobody hears them, nothing is encrypted: keys that
//! the sound had wait until it comes back, for a key stream must not begin anew (RFC 3711 §9.1).

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use media::{Expectation, Kind, PortKey};

use super::Thread;

impl Thread {
    /// From now on a port takes fax, and no sound.
    pub(super) fn take_fax(&mut self, now: Instant, key: PortKey, remote: SocketAddr, signalling: IpAddr) {
        let (rtcp, mux, clocks, codecs) = (None, false, Vec::new(), Vec::new());
        let expected = Expectation { remote, rtcp, mux, signalling, clocks, fax: true, codecs };
        self.expect(now, key, expected, None);
        if let Some(port) = self.ports.get_mut(key) {
            port.fax = true;
            if let Some(studio) = &mut port.studio {
                studio.hush();
                studio.set_echo(false);
            }
        }
    }

    /// A datagram came to a port that takes fax.
    pub(super) fn pass_fax(&mut self, now: Instant, key: PortKey, kind: Kind, from: SocketAddr, datagram: &[u8]) {
        let Some(kind) = self.relay.admit(now, key, kind, from, datagram) else { return };
        let Some(forward) = self.relay.onward(key, kind, datagram.len()) else { return };
        let Some(out) = self.ports.get(forward.port).filter(|out| out.fax) else { return };
        if out.pair.socket(forward.socket).send_to(datagram, forward.to).is_ok() {
            self.counted.sent += 1;
        }
    }
}
