//! `RouteService`: by which trunk calls go to which numbers, and at what price.

mod explain;
mod rates;

use std::collections::BTreeMap;

use store::{Routes, Tenant};
use switch::{Hours, TrunkId};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

pub(crate) use rates::rate;

use crate::desk::{Desk, named};
use crate::live::Change;
use crate::outside::{class, read_classes, read_prefix};
use crate::v1::route_service_server::RouteService;
use crate::v1::{
    CreateRouteRequest, DeleteRatesRequest, DeleteRatesResponse, DeleteRouteRequest, DeleteRouteResponse,
    DownloadRatesRequest, DownloadRatesResponse, ExplainRequest, Explanation, GetRatesRequest, ImportRatesRequest,
    ImportRatesResponse, ListRoutesRequest, ListRoutesResponse, Rates, Route, UpdateRouteRequest,
};
use crate::violations::{Violations, failed};
use crate::words::filled;

#[tonic::async_trait]
impl RouteService for Desk {
    async fn create(&self, request: Request<CreateRouteRequest>) -> Result<Response<Route>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant_if_said(&request.tenant).await?;
        let mut wrong = Violations::default();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
        let right = (1..=64).contains(&request.name.len()) && request.name.chars().all(plain);
        wrong.expect(right, "name", "1 to 64 letters, digits, `-`, `_`, `.` or `+`");
        let prefix = read_prefix(&mut wrong, "prefix", &request.prefix);
        let classes = read_classes(&mut wrong, "classes", &request.classes);
        let priority = read_priority(&mut wrong, request.priority);
        let hours = read_hours(&mut wrong, request.hours);
        wrong.finish()?;
        let new = switch::Route {
            id: 0,
            name: request.name,
            tenant: None,
            prefix: prefix.unwrap_or_default(),
            classes,
            trunk: self.trunk("trunk", &request.trunk).await?.id,
            priority: priority.unwrap_or_default(),
            hours,
            enabled: !request.disabled,
        };
        let made = self.routes_of(tenant.as_ref()).create(&new).await.map_err(failed)?;
        tracing::info!(tenant = tenant.as_ref().map(|tenant| tenant.id.0), route = made.id, "a route was made");
        self.live.changed(Change::Outside).await;
        self.route_spelt(tenant.as_ref(), made).await
    }

    async fn list(&self, request: Request<ListRoutesRequest>) -> Result<Response<ListRoutesResponse>, Status> {
        let ListRoutesRequest { tenant, shared } = request.into_inner();
        let tenant = self.tenant_if_said(&tenant).await?;
        let trunks = self.store.trunks().names().await.map_err(failed)?;
        let mine = self.routes_of(tenant.as_ref()).list().await.map_err(failed)?;
        let name = tenant.as_ref().map(|tenant| tenant.name.as_str());
        let mut routes: Vec<_> = mine.into_iter().map(|route| spelt(name, &trunks, route)).collect();
        if shared && tenant.is_some() {
            let all = self.store.shared_routes().list().await.map_err(failed)?;
            routes.extend(all.into_iter().map(|route| spelt(None, &trunks, route)));
        }
        Ok(Response::new(ListRoutesResponse { routes }))
    }

    async fn update(&self, request: Request<UpdateRouteRequest>) -> Result<Response<Route>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant_if_said(&request.tenant).await?;
        let routes = self.routes_of(tenant.as_ref());
        let mut changed = routes.get(named("name", &request.name, "route")?).await.map_err(failed)?;
        let mut wrong = Violations::default();
        if let Some(prefix) = request.prefix.and_then(|prefix| read_prefix(&mut wrong, "prefix", &prefix)) {
            changed.prefix = prefix;
        }
        if let Some(classes) = request.classes {
            changed.classes = read_classes(&mut wrong, "classes", &classes.classes);
        }
        if let Some(priority) = request.priority.and_then(|priority| read_priority(&mut wrong, priority)) {
            changed.priority = priority;
        }
        if let Some(hours) = request.hours {
            changed.hours = read_hours(&mut wrong, hours);
        }
        wrong.finish()?;
        if let Some(trunk) = request.trunk {
            changed.trunk = self.trunk("trunk", &trunk).await?.id;
        }
        changed.enabled = request.enabled.unwrap_or(changed.enabled);
        let changed = routes.update(&changed).await.map_err(failed)?;
        tracing::info!(tenant = tenant.as_ref().map(|tenant| tenant.id.0), route = changed.id, "a route was changed");
        self.live.changed(Change::Outside).await;
        self.route_spelt(tenant.as_ref(), changed).await
    }

    async fn delete(&self, request: Request<DeleteRouteRequest>) -> Result<Response<DeleteRouteResponse>, Status> {
        let DeleteRouteRequest { tenant, name } = request.into_inner();
        let tenant = self.tenant_if_said(&tenant).await?;
        self.routes_of(tenant.as_ref()).delete(named("name", &name, "route")?).await.map_err(failed)?;
        tracing::info!(tenant = tenant.as_ref().map(|tenant| tenant.id.0), "a route was deleted");
        self.live.changed(Change::Outside).await;
        Ok(Response::new(DeleteRouteResponse {}))
    }

    async fn import_rates(
        &self,
        request: Request<Streaming<ImportRatesRequest>>,
    ) -> Result<Response<ImportRatesResponse>, Status> {
        self.import(request.into_inner()).await.map(Response::new)
    }

    async fn get_rates(&self, request: Request<GetRatesRequest>) -> Result<Response<Rates>, Status> {
        self.rates(request.into_inner()).await.map(Response::new)
    }

    type DownloadRatesStream = ReceiverStream<Result<DownloadRatesResponse, Status>>;

    async fn download_rates(
        &self,
        request: Request<DownloadRatesRequest>,
    ) -> Result<Response<Self::DownloadRatesStream>, Status> {
        self.download(&request.get_ref().trunk).await.map(Response::new)
    }

    async fn delete_rates(
        &self,
        request: Request<DeleteRatesRequest>,
    ) -> Result<Response<DeleteRatesResponse>, Status> {
        let trunk = self.trunk("trunk", &request.get_ref().trunk).await?;
        self.store.rates().delete(trunk.id).await.map_err(failed)?;
        tracing::info!(trunk = trunk.id.0, "the rates of a trunk were deleted");
        self.live.changed(Change::Outside).await;
        Ok(Response::new(DeleteRatesResponse {}))
    }

    async fn explain(&self, request: Request<ExplainRequest>) -> Result<Response<Explanation>, Status> {
        self.explained(request.into_inner()).await.map(Response::new)
    }
}

impl Desk {
    /// The tenant that a request names; none where it names none.
    async fn tenant_if_said(&self, name: &str) -> Result<Option<Tenant>, Status> {
        if name.is_empty() { Ok(None) } else { Ok(Some(self.tenant(name).await?)) }
    }

    fn routes_of(&self, tenant: Option<&Tenant>) -> Routes<'_> {
        match tenant {
            Some(tenant) => self.store.routes(tenant.id),
            None => self.store.shared_routes(),
        }
    }

    async fn route_spelt(&self, tenant: Option<&Tenant>, route: switch::Route) -> Result<Response<Route>, Status> {
        let trunks = self.store.trunks().names().await.map_err(failed)?;
        Ok(Response::new(spelt(tenant.map(|tenant| tenant.name.as_str()), &trunks, route)))
    }
}

fn read_priority(wrong: &mut Violations, priority: u32) -> Option<u16> {
    wrong.read("priority", u16::try_from(priority).map_err(|_| "0 to 65535".to_owned()))
}

/// Empty is always.
fn read_hours(wrong: &mut Violations, text: String) -> Option<Hours> {
    let text = filled(text)?;
    wrong.read("hours", text.parse::<Hours>().map_err(|why| why.to_string()))
}

fn spelt(tenant: Option<&str>, trunks: &BTreeMap<TrunkId, String>, route: switch::Route) -> Route {
    Route {
        id: route.id,
        name: route.name,
        tenant: tenant.map(str::to_owned),
        prefix: route.prefix,
        classes: route.classes.into_iter().map(|known| class(known).into()).collect(),
        trunk: trunks.get(&route.trunk).cloned().unwrap_or_else(|| format!("#{}", route.trunk.0)),
        priority: route.priority.into(),
        hours: route.hours.map(|hours| hours.to_string()),
        enabled: route.enabled,
    }
}
