//! `NumberService`: numbers that tenants own, and where each leads.

use std::collections::BTreeMap;

use store::Tenant;
use switch::{Did, DidNumbers, DidTarget, TrunkId};
use tonic::{Request, Response, Status};

use crate::desk::{Desk, is_text, named};
use crate::live::Change;
use crate::v1::number_service_server::NumberService;
use crate::v1::{
    CreateNumberRequest, DeleteNumberRequest, DeleteNumberResponse, ListNumbersRequest, ListNumbersResponse, Number,
    UpdateNumberRequest, create_number_request, number, update_number_request,
};
use crate::violations::{Violations, failed, violation};
use crate::words::filled;

/// How many numbers a page has where the request does not say, and at most.
const PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 1000;

#[tonic::async_trait]
impl NumberService for Desk {
    async fn create(&self, request: Request<CreateNumberRequest>) -> Result<Response<Number>, Status> {
        use create_number_request::LeadsTo;
        let CreateNumberRequest { tenant, numbers, trunk, leads_to } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        let numbers = read_numbers(&numbers)?;
        let leads_to = match leads_to {
            None => Asked::Dialplan(true),
            Some(LeadsTo::Dialplan(yes)) => Asked::Dialplan(yes),
            Some(LeadsTo::User(name)) => Asked::User(name),
            Some(LeadsTo::Room(name)) => Asked::Room(name),
        };
        let leads_to = self.target(&tenant, leads_to).await?;
        let trunk = self.trunk_if_said("trunk", &trunk).await?;
        let made = self.store.numbers(tenant.id).create(&numbers, trunk, &leads_to).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, number = made.id, "numbers were added");
        self.live.changed(Change::Outside).await;
        self.number_spelt(&tenant, made).await
    }

    async fn list(&self, request: Request<ListNumbersRequest>) -> Result<Response<ListNumbersResponse>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let size = if request.page_size == 0 { PAGE } else { request.page_size };
        let mut wrong = Violations::default();
        wrong.expect(size <= LARGEST_PAGE, "page_size", "1 to 1000, or 0 for 100");
        wrong.expect(is_text(&request.page_token), "page_token", "was not given by an earlier page");
        wrong.finish()?;
        let token = filled(request.page_token);
        let page = self.store.numbers(tenant.id).page(u64::from(size), token.as_deref()).await.map_err(failed)?;
        let trunks = self.store.trunks().names().await.map_err(failed)?;
        let numbers = page.numbers.into_iter().map(|did| spelt(&tenant.name, &trunks, did)).collect();
        Ok(Response::new(ListNumbersResponse { numbers, next_page_token: page.next.unwrap_or_default() }))
    }

    async fn update(&self, request: Request<UpdateNumberRequest>) -> Result<Response<Number>, Status> {
        use update_number_request::LeadsTo;
        let UpdateNumberRequest { tenant, numbers, trunk, leads_to } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        let mut changed = self.store.numbers(tenant.id).get(&read_numbers(&numbers)?).await.map_err(failed)?;
        let asked = leads_to.map(|leads_to| match leads_to {
            LeadsTo::Dialplan(yes) => Asked::Dialplan(yes),
            LeadsTo::User(name) => Asked::User(name),
            LeadsTo::Room(name) => Asked::Room(name),
        });
        if let Some(asked) = asked {
            changed.leads_to = self.target(&tenant, asked).await?;
        }
        if let Some(trunk) = trunk {
            changed.trunk = self.trunk_if_said("trunk", &trunk).await?;
        }
        let changed = self.store.numbers(tenant.id).update(&changed).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, number = changed.id, "numbers lead elsewhere");
        self.live.changed(Change::Outside).await;
        self.number_spelt(&tenant, changed).await
    }

    async fn delete(&self, request: Request<DeleteNumberRequest>) -> Result<Response<DeleteNumberResponse>, Status> {
        let DeleteNumberRequest { tenant, numbers } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        self.store.numbers(tenant.id).delete(&read_numbers(&numbers)?).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, "numbers were removed");
        self.live.changed(Change::Outside).await;
        Ok(Response::new(DeleteNumberResponse {}))
    }
}

/// Where a number is to lead, as it was asked.
enum Asked {
    Dialplan(bool),
    User(String),
    Room(String),
}

impl Desk {
    /// Who is meant: he must be there, or a slip of the pen would be found by the first caller.
    async fn target(&self, tenant: &Tenant, asked: Asked) -> Result<DidTarget, Status> {
        Ok(match asked {
            Asked::Dialplan(true) => DidTarget::Dialplan,
            Asked::Dialplan(false) => return Err(violation("dialplan", "true, or a user or a room in its place")),
            Asked::User(name) => DidTarget::User(self.user_in("user", tenant, &name).await?.name),
            Asked::Room(name) => {
                let rooms = self.store.rooms(tenant.id);
                DidTarget::Room(rooms.get(named("room", &name, "room")?).await.map_err(failed)?.name)
            }
        })
    }

    async fn number_spelt(&self, tenant: &Tenant, did: Did) -> Result<Response<Number>, Status> {
        let trunks = self.store.trunks().names().await.map_err(failed)?;
        Ok(Response::new(spelt(&tenant.name, &trunks, did)))
    }
}

fn read_numbers(text: &str) -> Result<DidNumbers, Status> {
    text.parse().map_err(|why: switch::NoDid| violation("numbers", why.to_string()))
}

fn spelt(tenant: &str, trunks: &BTreeMap<TrunkId, String>, did: Did) -> Number {
    let leads_to = match did.leads_to {
        DidTarget::Dialplan => number::LeadsTo::Dialplan(true),
        DidTarget::User(name) => number::LeadsTo::User(name),
        DidTarget::Room(name) => number::LeadsTo::Room(name),
    };
    Number {
        id: did.id,
        tenant: tenant.to_owned(),
        numbers: did.numbers.to_string(),
        trunk: did.trunk.map(|trunk| trunks.get(&trunk).cloned().unwrap_or_else(|| format!("#{}", trunk.0))),
        leads_to: Some(leads_to),
    }
}
