//! `GatewayService`: the peers of a trunk, one at a time.

use switch::{Gateway, GatewayId, GatewayRule, Site, Trunk};
use tonic::{Request, Response, Status};

use crate::desk::{Desk, named};
use crate::live::Change;
use crate::trunk::{self, RULES};
use crate::v1;
use crate::v1::gateway_service_server::GatewayService;
use crate::v1::{
    AddGatewayRequest, GatewaySettings, RemoveGatewayRequest, RemoveGatewayResponse, SetGatewayRuleRequest,
    UpdateGatewayRequest,
};
use crate::violations::{Violations, failed};
use crate::words::filled;

/// The most gateways of one trunk.
pub(crate) const MOST: usize = 64;

#[tonic::async_trait]
impl GatewayService for Desk {
    async fn add(&self, request: Request<AddGatewayRequest>) -> Result<Response<v1::Gateway>, Status> {
        let AddGatewayRequest { trunk, gateway } = request.into_inner();
        let mut changed = self.trunk("trunk", &trunk).await?;
        let asked = gateway.unwrap_or_default();
        if changed.gateways.iter().any(|gateway| gateway.name == asked.name) {
            return Err(Status::already_exists("there is such a gateway already"));
        }
        let name = asked.name.clone();
        let mut wrong = Violations::default();
        wrong.expect(changed.gateways.len() < MOST, "gateway", "the trunk has 64 gateways already");
        changed.gateways.extend(read(&mut wrong, "gateway.", None, asked));
        wrong.finish()?;
        self.put_gateway(changed, &name).await
    }

    async fn update(&self, request: Request<UpdateGatewayRequest>) -> Result<Response<v1::Gateway>, Status> {
        let UpdateGatewayRequest { trunk, gateway } = request.into_inner();
        let mut changed = self.trunk("trunk", &trunk).await?;
        let asked = gateway.unwrap_or_default();
        let name = named("gateway.name", &asked.name, "gateway")?.to_owned();
        let known = changed.gateways.iter_mut().find(|gateway| gateway.name == name).ok_or_else(no_gateway)?;
        let mut wrong = Violations::default();
        if let Some(read) = read(&mut wrong, "gateway.", Some(known), asked) {
            *known = read;
        }
        wrong.finish()?;
        self.put_gateway(changed, &name).await
    }

    async fn set_rule(&self, request: Request<SetGatewayRuleRequest>) -> Result<Response<v1::Gateway>, Status> {
        let SetGatewayRuleRequest { trunk, name, rule } = request.into_inner();
        let trunk = self.trunk("trunk", &trunk).await?;
        let name = named("name", &name, "gateway")?;
        let mut wrong = Violations::default();
        let rule = wrong.word("rule", rule, &RULES);
        wrong.finish()?;
        let changed = self.store.trunks().rule(trunk.id, name, rule.unwrap_or_default()).await.map_err(failed)?;
        tracing::info!(trunk = changed.id.0, gateway = name, "an operator ruled a gateway");
        self.live.changed(Change::Outside).await;
        self.gateway_spelt(&changed, name).await
    }

    async fn remove(&self, request: Request<RemoveGatewayRequest>) -> Result<Response<RemoveGatewayResponse>, Status> {
        let RemoveGatewayRequest { trunk, name } = request.into_inner();
        let mut changed = self.trunk("trunk", &trunk).await?;
        let name = named("name", &name, "gateway")?;
        let before = changed.gateways.len();
        changed.gateways.retain(|gateway| gateway.name != name);
        if changed.gateways.len() == before {
            return Err(no_gateway());
        }
        if changed.gateways.is_empty() && changed.registration.is_some() {
            return Err(Status::failed_precondition(
                "we register by this gateway, and the trunk has no other; let it not register first",
            ));
        }
        let changed = self.store.trunks().update(&changed).await.map_err(failed)?;
        tracing::info!(trunk = changed.id.0, gateway = name, "a gateway was removed");
        self.live.changed(Change::Outside).await;
        Ok(Response::new(RemoveGatewayResponse {}))
    }
}

impl Desk {
    /// Keeps a trunk of which one gateway changed, and gives that.
    async fn put_gateway(&self, changed: Trunk, name: &str) -> Result<Response<v1::Gateway>, Status> {
        let changed = self.store.trunks().update(&changed).await.map_err(failed)?;
        tracing::info!(trunk = changed.id.0, gateway = name, "a gateway was added or changed");
        self.live.changed(Change::Outside).await;
        self.gateway_spelt(&changed, name).await
    }

    async fn gateway_spelt(&self, trunk: &Trunk, name: &str) -> Result<Response<v1::Gateway>, Status> {
        let gateway = trunk.gateways.iter().find(|gateway| gateway.name == name).ok_or_else(no_gateway)?;
        let views = self.live.trunks().await;
        let mut views = views.iter().filter(|view| view.id == trunk.id).flat_map(|view| &view.gateways);
        let view = views.find(|view| view.id == gateway.id);
        Ok(Response::new(trunk::gateway_spelt(&trunk.name, gateway, view)))
    }
}

/// What is asked for, in place of what is known; its fields are those within this one, whose name ends with a point.
pub(crate) fn read(
    wrong: &mut Violations,
    within: &str,
    known: Option<&Gateway>,
    asked: GatewaySettings,
) -> Option<Gateway> {
    let field = |name: &str| format!("{within}{name}");
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    let named = (1..=64).contains(&asked.name.len()) && asked.name.chars().all(plain);
    wrong.expect(named, &field("name"), "1 to 64 letters, digits, `-`, `_`, `.` or `+`");
    let host = asked.host.or_else(|| known.map(|known| known.site.host.clone())).unwrap_or_default();
    wrong.expect(trunk::is_host(&host), &field("host"), "a host name, or an IP address without brackets");
    let mut site = known.map_or(Site { host: String::new(), port: None, transport: None }, |known| known.site.clone());
    site.host = host.to_ascii_lowercase();
    if let Some(number) = asked.port {
        site.port = trunk::port(wrong, &field("port"), number);
    }
    if let Some(text) = asked.transport {
        site.transport = filled(text).and_then(|text| trunk::transport(wrong, &field("transport"), &text));
    }
    let small = |wrong: &mut Violations, name: &str, number: Option<u32>, least: u16, usual: u16| {
        let Some(number) = number else { return Some(usual) };
        let read = u16::try_from(number).ok().filter(|number| *number >= least);
        wrong.read(&field(name), read.ok_or_else(|| format!("{least} to 65535")))
    };
    let priority = small(wrong, "priority", asked.priority, 0, known.map_or(0, |known| known.priority));
    let weight = small(wrong, "weight", asked.weight, 1, known.map_or(1, |known| known.weight));
    let rule = match asked.rule {
        Some(rule) => wrong.word(&field("rule"), rule, &RULES),
        None => Some(known.map_or(GatewayRule::Auto, |known| known.rule)),
    };
    let max_calls = match asked.max_calls {
        Some(most) => {
            wrong.expect(most <= 1_000_000, &field("max_calls"), "at most 1000000; 0 for no limit of its own");
            Some(most).filter(|most| *most > 0)
        }
        None => known.and_then(|known| known.max_calls),
    };
    let id = known.map_or(GatewayId(0), |known| known.id);
    Some(Gateway { id, name: asked.name, site, priority: priority?, weight: weight?, rule: rule?, max_calls })
}

fn no_gateway() -> Status {
    Status::not_found("the trunk has no such gateway")
}
