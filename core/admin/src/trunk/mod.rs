//! `TrunkService`: agreements with carriers, as they are kept and as they stand.

mod read;
mod spelt;
mod watch;
mod words;

use std::collections::BTreeMap;

use switch::{TenantId, TrunkId, TrunkView};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

pub(crate) use read::{country, is_host, port, transport};
pub(crate) use spelt::gateway as gateway_spelt;
pub(crate) use words::RULES;

use crate::desk::{Desk, named};
use crate::gateway;
use crate::live::Change;
use crate::v1::trunk_service_server::TrunkService;
use crate::v1::{
    CreateTrunkRequest, DeleteTrunkRequest, DeleteTrunkResponse, GetTrunkRequest, ListTrunksRequest,
    ListTrunksResponse, Trunk, TrunkEvent, UpdateTrunkRequest, WatchTrunksRequest,
};
use crate::violations::{Violations, failed};

#[tonic::async_trait]
impl TrunkService for Desk {
    async fn create(&self, request: Request<CreateTrunkRequest>) -> Result<Response<Trunk>, Status> {
        let request = request.into_inner();
        let owner = if request.tenant.is_empty() { None } else { Some(self.tenant(&request.tenant).await?.id) };
        let mut wrong = Violations::default();
        let mut new = switch::Trunk { tenant: owner, ..switch::Trunk::named(TrunkId(0), &request.name) };
        read::change(&mut wrong, &mut new, request.settings.unwrap_or_default());
        wrong.expect(request.gateways.len() <= gateway::MOST, "gateways", "at most 64");
        for (at, asked) in request.gateways.into_iter().take(gateway::MOST).enumerate() {
            new.gateways.extend(gateway::read(&mut wrong, &format!("gateways[{at}]."), None, asked));
        }
        expect_servers(&mut wrong, &new);
        wrong.finish()?;
        let made = self.store.trunks().create(&new).await.map_err(failed)?;
        tracing::info!(trunk = made.id.0, "a trunk was made");
        self.live.changed(Change::Outside).await;
        self.trunk_spelt(made).await
    }

    async fn get(&self, request: Request<GetTrunkRequest>) -> Result<Response<Trunk>, Status> {
        let found = self.trunk("name", &request.get_ref().name).await?;
        self.trunk_spelt(found).await
    }

    async fn list(&self, request: Request<ListTrunksRequest>) -> Result<Response<ListTrunksResponse>, Status> {
        let name = &request.get_ref().tenant;
        let only = if name.is_empty() { None } else { Some(self.tenant(name).await?.id) };
        let usable = |trunk: &switch::Trunk| only.is_none() || trunk.tenant.is_none() || trunk.tenant == only;
        let (tenants, views) = self.around_trunks().await?;
        let trunks = self.store.trunks().list().await.map_err(failed)?.into_iter().filter(usable);
        let trunks = trunks.map(|trunk| {
            let view = views.get(&trunk.id);
            spelt::trunk(trunk, &tenants, view)
        });
        Ok(Response::new(ListTrunksResponse { trunks: trunks.collect() }))
    }

    async fn update(&self, request: Request<UpdateTrunkRequest>) -> Result<Response<Trunk>, Status> {
        let UpdateTrunkRequest { name, settings } = request.into_inner();
        let mut changed = self.trunk("name", &name).await?;
        let mut wrong = Violations::default();
        read::change(&mut wrong, &mut changed, settings.unwrap_or_default());
        expect_servers(&mut wrong, &changed);
        wrong.finish()?;
        let changed = self.store.trunks().update(&changed).await.map_err(failed)?;
        tracing::info!(trunk = changed.id.0, "a trunk was changed");
        self.live.changed(Change::Outside).await;
        self.trunk_spelt(changed).await
    }

    async fn delete(&self, request: Request<DeleteTrunkRequest>) -> Result<Response<DeleteTrunkResponse>, Status> {
        let gone = self.trunk("name", &request.get_ref().name).await?;
        self.store.trunks().delete(gone.id).await.map_err(failed)?;
        tracing::info!(trunk = gone.id.0, "a trunk was deleted");
        self.live.changed(Change::Outside).await;
        Ok(Response::new(DeleteTrunkResponse {}))
    }

    type WatchStream = ReceiverStream<Result<TrunkEvent, Status>>;

    async fn watch(&self, request: Request<WatchTrunksRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let name = request.into_inner().trunk;
        let only = if name.is_empty() { None } else { Some(self.trunk("trunk", &name).await?.id) };
        let (sender, stream) = mpsc::channel(watch::STREAM);
        // From before it is asked how the trunks stand, so that nothing falls between.
        let news = self.live.watch_trunks();
        tokio::spawn(watch::Watcher::new(self.clone(), only, sender).run(news));
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

impl Desk {
    /// The trunk that a request names in this field.
    pub(crate) async fn trunk(&self, field: &str, name: &str) -> Result<switch::Trunk, Status> {
        self.store.trunks().by_name(named(field, name, "trunk")?).await.map_err(failed)
    }

    /// A trunk that this tenant may use, or nobody's own: the request names it in this field, or none.
    pub(crate) async fn trunk_if_said(&self, field: &str, name: &str) -> Result<Option<TrunkId>, Status> {
        if name.is_empty() { Ok(None) } else { Ok(Some(self.trunk(field, name).await?.id)) }
    }

    async fn trunk_spelt(&self, trunk: switch::Trunk) -> Result<Response<Trunk>, Status> {
        let (tenants, views) = self.around_trunks().await?;
        let view = views.get(&trunk.id);
        Ok(Response::new(spelt::trunk(trunk, &tenants, view)))
    }

    /// The names of tenants, and how the trunks stand.
    async fn around_trunks(&self) -> Result<(BTreeMap<TenantId, String>, BTreeMap<TrunkId, TrunkView>), Status> {
        let tenants = self.store.tenants().names().await.map_err(failed)?;
        let views = self.live.trunks().await.into_iter().map(|view| (view.id, view)).collect();
        Ok((tenants, views))
    }
}

/// Who is to register needs somebody to register with.
fn expect_servers(wrong: &mut Violations, trunk: &switch::Trunk) {
    let registers = trunk.registration.is_some() && trunk.gateways.is_empty();
    wrong.expect(!registers, "settings.registering", "needs a gateway: that is the server");
}
