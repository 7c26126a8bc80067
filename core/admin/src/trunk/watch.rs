//! Those who watch trunks, and what is spent.

use std::collections::BTreeMap;
use std::time::SystemTime;

use switch::{GatewayId, Notice, Payer, TrunkId};
use tokio::sync::{broadcast, mpsc};
use tonic::Status;

use crate::desk::Desk;
use crate::limit;
use crate::live::TrunkHappening;
use crate::trunk::spelt;
use crate::v1::trunk_event::Event;
use crate::v1::{GatewayAttempt, GatewayChanged, SpendingNews, Trunk, TrunkEvent};
use crate::violations::failed;
use crate::words::timestamp;

/// How many events wait in one stream; more wait in the exchange's backlog.
pub(super) const STREAM: usize = 64;

/// One who watches.
pub(super) struct Watcher {
    desk: Desk,
    /// Only this trunk.
    only: Option<TrunkId>,
    missed: u64,
    names: Names,
    stream: mpsc::Sender<Result<TrunkEvent, Status>>,
}

/// What things are called. Minted by the store; read anew when something is not known.
#[derive(Default)]
struct Names {
    trunks: BTreeMap<TrunkId, String>,
    gateways: BTreeMap<GatewayId, String>,
}

impl Watcher {
    pub(super) fn new(desk: Desk, only: Option<TrunkId>, stream: mpsc::Sender<Result<TrunkEvent, Status>>) -> Self {
        Self { desk, only, missed: 0, names: Names::default(), stream }
    }

    pub(super) async fn run(mut self, mut news: broadcast::Receiver<TrunkHappening>) {
        let mut closing = self.desk.closing.clone();
        if !self.tell_all().await {
            return;
        }
        loop {
            let heard = tokio::select! {
                () = self.stream.closed() => return,
                _ = closing.wait_for(|closing| *closing) => return,
                heard = news.recv() => heard,
            };
            let stays = match heard {
                Ok(happening) => self.tell(happening).await,
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    self.missed += missed;
                    self.tell_all().await
                }
                Err(broadcast::error::RecvError::Closed) => return,
            };
            if !stays {
                return;
            }
        }
    }

    /// How all the trunks stand now; false when the watcher left.
    async fn tell_all(&mut self) -> bool {
        let all = match self.read().await {
            Ok(all) => all,
            Err(failure) => {
                let _ = self.stream.send(Err(failure)).await;
                return false;
            }
        };
        for (id, trunk) in all {
            let name = trunk.name.clone();
            if self.only.is_none_or(|only| only == id) && !self.send(SystemTime::now(), name, Some(trunk), None).await {
                return false;
            }
        }
        true
    }

    /// All trunks as they are now, and their names noted.
    async fn read(&mut self) -> Result<Vec<(TrunkId, Trunk)>, Status> {
        let trunks = self.desk.store.trunks().list().await.map_err(failed)?;
        let (tenants, views) = self.desk.around_trunks().await?;
        self.names.trunks = trunks.iter().map(|trunk| (trunk.id, trunk.name.clone())).collect();
        let gateways = trunks.iter().flat_map(|trunk| &trunk.gateways);
        self.names.gateways = gateways.map(|gateway| (gateway.id, gateway.name.clone())).collect();
        let spelt = trunks.into_iter().map(|trunk| {
            let view = views.get(&trunk.id);
            (trunk.id, spelt::trunk(trunk, &tenants, view))
        });
        Ok(spelt.collect())
    }

    /// Passes on what is for this watcher; false when it left.
    async fn tell(&mut self, TrunkHappening { at, notice }: TrunkHappening) -> bool {
        let about = trunk_of(&notice);
        if self.only.is_some() && about != self.only {
            return true;
        }
        let unknown = about.is_some_and(|trunk| !self.names.trunks.contains_key(&trunk))
            || gateway_of(&notice).is_some_and(|gateway| !self.names.gateways.contains_key(&gateway));
        // Where it is gone already, its id stands for its name.
        if unknown && let Err(error) = self.read().await {
            tracing::warn!(%error, "the trunks could not be read for one who watches them");
        }
        let trunk = about.map(|trunk| self.trunk(trunk)).unwrap_or_default();
        let Some(event) = self.event(notice).await else { return true };
        self.send(at, trunk, None, Some(event)).await
    }

    /// An event in the spelling of the API; `None` for news that are no trunk's.
    async fn event(&self, notice: Notice) -> Option<Event> {
        Some(match notice {
            Notice::Registration { state, .. } => Event::Registration(spelt::registration(state)),
            Notice::Gateway { gateway, state, .. } => Event::Gateway(GatewayChanged {
                gateway: self.gateway(gateway),
                state: spelt::gateway_state(state).into(),
            }),
            Notice::Attempt { gateway, status, rang_after, .. } => Event::Attempt(GatewayAttempt {
                gateway: self.gateway(gateway),
                status: status.map(u32::from),
                rang_after: rang_after.and_then(|time| time.try_into().ok()),
            }),
            Notice::SpendingNear { payer, limit } => Event::SpendingNear(self.spending(payer, limit).await),
            Notice::SpendingOver { payer, limit } => Event::SpendingOver(self.spending(payer, limit).await),
            Notice::Banned { .. }
            | Notice::Unauthorised { .. }
            | Notice::Overloaded
            | Notice::Malformed { .. }
            | Notice::Flooded { .. } => return None,
        })
    }

    async fn spending(&self, payer: Payer, limit: switch::Limit) -> SpendingNews {
        let limit = limit::limit(limit).into();
        let (store, none) = (&self.desk.store, SpendingNews { limit, ..SpendingNews::default() });
        // Spending is news a few times a day: each is looked up anew.
        match payer {
            Payer::Trunk(trunk) => SpendingNews { trunk: self.trunk(trunk), ..none },
            Payer::Tenant(tenant) => {
                let name = store.tenants().get(tenant).await.map(|tenant| tenant.name);
                SpendingNews { tenant: name.unwrap_or_else(|_| format!("#{}", tenant.0)), ..none }
            }
            Payer::User(user) => {
                let Ok((tenant, name)) = store.user_named(user).await else {
                    return SpendingNews { user: format!("#{}", user.0), ..none };
                };
                let tenant = store.tenants().get(tenant).await.map(|tenant| tenant.name).unwrap_or_default();
                SpendingNews { tenant, user: name, ..none }
            }
        }
    }

    fn trunk(&self, id: TrunkId) -> String {
        self.names.trunks.get(&id).cloned().unwrap_or_else(|| format!("#{}", id.0))
    }

    fn gateway(&self, id: GatewayId) -> String {
        self.names.gateways.get(&id).cloned().unwrap_or_else(|| format!("#{}", id.0))
    }

    async fn send(&mut self, at: SystemTime, trunk: String, now: Option<Trunk>, event: Option<Event>) -> bool {
        let missed = std::mem::take(&mut self.missed);
        let event = TrunkEvent { at: Some(timestamp(at)), missed, trunk, now, event };
        self.stream.send(Ok(event)).await.is_ok()
    }
}

fn trunk_of(notice: &Notice) -> Option<TrunkId> {
    match notice {
        Notice::Registration { trunk, .. } | Notice::Gateway { trunk, .. } | Notice::Attempt { trunk, .. } => {
            Some(*trunk)
        }
        Notice::SpendingNear { payer: Payer::Trunk(trunk), .. }
        | Notice::SpendingOver { payer: Payer::Trunk(trunk), .. } => Some(*trunk),
        _ => None,
    }
}

fn gateway_of(notice: &Notice) -> Option<GatewayId> {
    match notice {
        Notice::Gateway { gateway, .. } | Notice::Attempt { gateway, .. } => Some(*gateway),
        _ => None,
    }
}
