//! The layer: finds the transaction that a message belongs to, and lets it act.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use slotmap::SlotMap;

use super::client::{self, Cancel, Client, Heard};
use super::queue::{Due, Queue};
use super::server::{Server, State};
use super::{ClientKey, Config, ServerKey, key};
use crate::message::Message;
use crate::method::Method;
use crate::status::Status;
use crate::transport::{ConnectionId, Flow, Transmit};

/// All transactions. `U` is what the user of a client transaction wants to find again with its answers.
#[derive(Debug)]
pub struct Layer<U> {
    config: Config,
    clients: SlotMap<ClientKey, Client<U>>,
    servers: SlotMap<ServerKey, Server>,
    /// Client transactions by the method and branch that we sent.
    by_branch: HashMap<Arc<str>, ClientKey>,
    /// Server transactions by what §17.2.3 matches.
    by_request: HashMap<Arc<str>, ServerKey>,
    /// Server transactions outside of dialogs by what §8.2.2.2 compares.
    by_origin: HashMap<u64, ServerKey>,
    queue: Queue,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event<U>>,
    /// The key of the message in hand: most are looked up and not kept.
    key: String,
}

/// What became of a request that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming {
    /// A copy, or an ACK for a refusal: nothing is left to do.
    Absorbed,
    /// A new request: answer it with [`Layer::respond`].
    New(ServerKey),
    /// A CANCEL: answer it, and the INVITE it is for, where there is one (§9.2).
    Cancel {
        /// The CANCEL's own transaction.
        cancel: ServerKey,
        /// The INVITE's.
        invite: Option<ServerKey>,
    },
    /// An ACK for a 2xx: it belongs to a dialog.
    Ack,
    /// The same request came before by another way (§8.2.2.2): answer 482.
    Merged(ServerKey),
    /// No room: answer 503 without a transaction.
    Full,
}

/// What the layer has to say of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<U> {
    /// No final answer came (timers B, F, or after CANCEL): as if it were 408 (§8.1.3.1).
    TimedOut(ClientKey, U),
    /// The request could not be sent: as if it were 503 (§8.1.3.1).
    Failed(ClientKey, U),
    /// The ACK to a refusal came.
    Acked(ServerKey),
    /// No ACK to a refusal came (timer H).
    AckMissing(ServerKey),
}

/// There is no room for another transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no room for another transaction")]
pub struct Full;

impl<U: Copy> Layer<U> {
    /// An empty layer.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            clients: SlotMap::with_key(),
            servers: SlotMap::with_key(),
            by_branch: HashMap::new(),
            by_request: HashMap::new(),
            by_origin: HashMap::new(),
            queue: Queue::default(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            key: String::new(),
        }
    }

    /// How many transactions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a request that was parsed and validated.
    pub fn handle_request(&mut self, now: Instant, request: &Message<'_>, flow: Flow) -> Incoming {
        let Some(method) = request.method() else { return Incoming::Absorbed };
        if key::server_key(&mut self.key, request, method).is_none() {
            return Incoming::Absorbed;
        }
        if let Some(key) = self.by_request.get(&*self.key).copied() {
            return self.handle_again(now, key, method);
        }
        if method == Method::Ack {
            return Incoming::Ack;
        }
        let merge = key::merge_key(request, method);
        let merged = merge.is_some_and(|merge| self.by_origin.contains_key(&merge)) && method != Method::Cancel;
        if self.len() >= self.config.max {
            return Incoming::Full;
        }
        let merge = merge.filter(|_| !merged && method != Method::Cancel);
        let invite = method == Method::Invite;
        let index: Arc<str> = self.key.as_str().into();
        let key = self.servers.insert(Server::new(invite, flow, request.head_alone(), index.clone(), merge));
        if let Some(server) = self.servers.get_mut(key) {
            server.begin(key, now, &self.config, &mut self.queue);
        }
        self.by_request.insert(index, key);
        if let Some(merge) = merge {
            self.by_origin.insert(merge, key);
        }
        match method {
            Method::Cancel => {
                // §9.2: matched as if it were the INVITE.
                let invite = key::server_key(&mut self.key, request, Method::Invite)
                    .and_then(|()| self.by_request.get(&*self.key).copied());
                Incoming::Cancel { cancel: key, invite }
            }
            _ if merged => Incoming::Merged(key),
            _ => Incoming::New(key),
        }
    }

    /// A copy of a request, or the ACK of an INVITE.
    fn handle_again(&mut self, now: Instant, key: ServerKey, method: Method<'_>) -> Incoming {
        let Some(server) = self.servers.get_mut(key) else { return Incoming::Absorbed };
        if method == Method::Ack {
            if server.state == State::Accepted {
                return Incoming::Ack;
            }
            if server.ack(key, now, &self.config, &mut self.queue) {
                self.events.push_back(Event::Acked(key));
            }
        } else if server.again() {
            self.transmits.push_back(Transmit { flow: server.flow, bytes: server.bytes.clone() });
        }
        Incoming::Absorbed
    }

    /// Answers a request. Sent on the flow that the request came by (§18.2.2). After a final answer it does nothing.
    /// What RFC 4320 forbids to say to anything but INVITE is not sent: 408 ends the transaction in silence, and of
    /// provisional answers only the layer's own 100 goes out.
    pub fn respond(&mut self, now: Instant, key: ServerKey, status: Status, bytes: Vec<u8>) {
        let Some(server) = self.servers.get_mut(key) else { return };
        if server.respond(key, status, bytes, now, &self.config, &mut self.queue) {
            // What is kept for copies of the request has no room to spare.
            let kept = if server.state == State::Accepted { Vec::new() } else { server.bytes.clone() };
            let bytes = std::mem::replace(&mut server.bytes, kept);
            self.transmits.push_back(Transmit { flow: server.flow, bytes });
        }
    }

    /// Answers a request and forgets it (§8.2.7): what costs a stranger nothing shall cost us nothing, and be said once.
    /// A copy of the request is new again.
    pub fn respond_stateless(&mut self, key: ServerKey, bytes: Vec<u8>) {
        if let Some(server) = self.remove_server(key) {
            self.transmits.push_back(Transmit { flow: server.flow, bytes });
        }
    }

    /// Sends a request of ours, whole, with a Via of our own. Never an ACK.
    ///
    /// # Errors
    /// [`Full`] when there is no room, or the bytes are no request with a branch of its own.
    pub fn request(&mut self, now: Instant, flow: Flow, bytes: Vec<u8>, user: U) -> Result<ClientKey, Full> {
        if self.len() >= self.config.max {
            return Err(Full);
        }
        self.send_request(now, flow, bytes, Some(user)).ok_or(Full)
    }

    fn send_request(&mut self, now: Instant, flow: Flow, bytes: Vec<u8>, user: Option<U>) -> Option<ClientKey> {
        let message = crate::parse(&bytes, &crate::Limits::default()).ok()?;
        key::client_key(&mut self.key, &message)?;
        let invite = message.method()? == Method::Invite;
        if self.by_branch.contains_key(&*self.key) {
            return None;
        }
        let index: Arc<str> = self.key.as_str().into();
        self.transmits.push_back(Transmit { flow, bytes: bytes.clone() });
        let key = self.clients.insert(Client::new(flow, bytes, invite, user, index.clone(), &self.config));
        if let Some(client) = self.clients.get_mut(key) {
            client.begin(key, now, &self.config, &mut self.queue);
        }
        self.by_branch.insert(index, key);
        Some(key)
    }

    /// Takes a response. `None` when it is not valid (§8.1.3.3, §18.3), a stray, or a copy that nobody needs; copies of a
    /// 2xx to INVITE do go up.
    pub fn handle_response(&mut self, now: Instant, response: &Message<'_>) -> Option<(ClientKey, U)> {
        let status = response.status()?;
        key::client_key(&mut self.key, response)?;
        let key = *self.by_branch.get(&*self.key)?;
        crate::validate(response).ok()?;
        let client = self.clients.get_mut(key)?;
        let heard = client.handle(key, response, status, now, &self.config, &mut self.queue);
        if client.invite && client.state == client::State::Completed && status.0 >= 300 {
            // §17.1.1.3: to the same address as the INVITE.
            self.transmits.push_back(Transmit { flow: client.flow, bytes: client.bytes.clone() });
        }
        let user = client.user;
        let wanted = matches!(client.cancel, Cancel::Wanted(_)) && client.state == client::State::Proceeding;
        if wanted {
            self.send_cancel(now, key);
        }
        (heard == Heard::Up).then_some(())?;
        user.map(|user| (key, user))
    }

    /// Gives up an INVITE (§9.1): CANCEL goes out once a 1xx is there, never after a final answer.
    pub fn cancel(&mut self, now: Instant, key: ClientKey, reason: Option<&str>) {
        let Some(client) = self.clients.get_mut(key) else { return };
        if !client.invite || !client.is_open() || client.cancel != Cancel::Unwanted {
            return;
        }
        client.cancel = Cancel::Wanted(reason.map(str::to_owned));
        if client.state == client::State::Proceeding {
            self.send_cancel(now, key);
        }
    }

    fn send_cancel(&mut self, now: Instant, key: ClientKey) {
        let Some(client) = self.clients.get_mut(key) else { return };
        let Cancel::Wanted(reason) = std::mem::replace(&mut client.cancel, Cancel::Sent) else { return };
        let (flow, bytes) = (client.flow, client::cancel(&client.bytes, reason.as_deref()));
        client.limit(key, now + self.config.long(), &mut self.queue);
        self.send_request(now, flow, bytes, None);
    }

    /// Sends outside of any transaction: an ACK for a 2xx, a 2xx again, a stateless answer.
    pub fn send(&mut self, flow: Flow, bytes: Vec<u8>) {
        self.transmits.push_back(Transmit { flow, bytes });
    }

    /// Nothing can be sent this way: requests that wait for an answer fail (§18.4).
    pub fn handle_flow_failed(&mut self, flow: &Flow) {
        self.fail(|client| client.flow == *flow);
    }

    /// A connection is gone, and what waits for an answer on it fails.
    pub fn handle_connection_closed(&mut self, connection: ConnectionId) {
        self.fail(|client| client.flow.connection == Some(connection));
    }

    fn fail(&mut self, hit: impl Fn(&Client<U>) -> bool) {
        let keys: Vec<ClientKey> =
            self.clients.iter().filter(|(_, client)| client.is_open() && hit(client)).map(|(key, _)| key).collect();
        for key in keys {
            if let Some(user) = self.remove_client(key).and_then(|client| client.user) {
                self.events.push_back(Event::Failed(key, user));
            }
        }
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) named has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(due) = self.queue.pop(now) {
            match due {
                Due::Repeat(key) => {
                    let Some(client) = self.clients.get_mut(key) else { continue };
                    // The order of outputs is a promise: what is sent stands before the timer that repeats it.
                    let transmit = Transmit { flow: client.flow, bytes: client.bytes.clone() };
                    if client.repeat(key, now, &self.config, &mut self.queue) {
                        self.transmits.push_back(transmit);
                    }
                }
                Due::End(key) => {
                    let Some(client) = self.remove_client(key) else { continue };
                    if let (true, Some(user)) = (client.is_open(), client.user) {
                        self.events.push_back(Event::TimedOut(key, user));
                    }
                }
                Due::Answer(key) => {
                    let Some(server) = self.servers.get_mut(key) else { continue };
                    if server.answer(key, now, &self.config, &mut self.queue) {
                        self.transmits.push_back(Transmit { flow: server.flow, bytes: server.bytes.clone() });
                    }
                }
                Due::Forget(key) => {
                    let Some(server) = self.remove_server(key) else { continue };
                    if server.invite && server.state == State::Completed {
                        self.events.push_back(Event::AckMissing(key));
                    }
                }
            }
        }
    }

    fn remove_client(&mut self, key: ClientKey) -> Option<Client<U>> {
        let mut client = self.clients.remove(key)?;
        client.disarm(&mut self.queue);
        self.by_branch.remove(&client.index);
        Some(client)
    }

    fn remove_server(&mut self, key: ServerKey) -> Option<Server> {
        let mut server = self.servers.remove(key)?;
        server.disarm(&mut self.queue);
        self.by_request.remove(&server.index);
        if let Some(merge) = server.merge {
            self.by_origin.remove(&merge);
        }
        Some(server)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.queue.next()
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that the layer has to say.
    pub fn poll_event(&mut self) -> Option<Event<U>> {
        self.events.pop_front()
    }
}
