//! Which way a call would go, and why: what the exchange says of it, by the names of things.

use tonic::Status;

use crate::desk::{Desk, is_text};
use crate::live::ExplainedWay;
use crate::outside::class;
use crate::route::rates::{rate, unready};
use crate::v1;
use crate::v1::{ExplainRequest, Explanation};
use crate::violations::{Violations, failed};

impl Desk {
    pub(super) async fn explained(&self, request: ExplainRequest) -> Result<Explanation, Status> {
        let ExplainRequest { tenant, number, user } = request;
        let tenant = self.tenant(&tenant).await?;
        let mut wrong = Violations::default();
        let dialled = !number.is_empty() && number.len() <= 64 && is_text(&number);
        wrong.expect(dialled, "number", "what is dialled: at most 64 bytes, no control characters");
        wrong.finish()?;
        let user = if user.is_empty() { None } else { Some(self.user_in("user", &tenant, &user).await?.id) };
        let said = self.live.explain(tenant.id, &number, user).await.map_err(unready)?;
        let trunks = self.store.trunks().names().await.map_err(failed)?;
        let way = |way: ExplainedWay| v1::ExplainedWay {
            route: way.route.unwrap_or_default(),
            trunk: trunks.get(&way.trunk).cloned().unwrap_or_else(|| format!("#{}", way.trunk.0)),
            taken: way.taken,
            why: way.why,
            rate: way.rate.map(rate),
            destination: way.destination,
            minute: way.minute.map(|money| money.to_string()),
        };
        Ok(Explanation {
            dialled: number,
            number: said.number.map(|number| number.to_string()),
            class: said.class.map_or(v1::NumberClass::Unspecified, class).into(),
            country: said.country,
            refused: said.refused,
            ways: said.ways.into_iter().map(way).collect(),
        })
    }
}
