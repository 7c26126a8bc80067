//! `OutsideService`: what tenants and users may call, how they dial, which number they show and where they are.

use std::collections::BTreeSet;

use switch::{E164, NumberClass, TenantOutside, UserOutside};
use tonic::{Request, Response, Status};

use crate::desk::Desk;
use crate::live::Change;
use crate::trunk;
use crate::v1;
use crate::v1::outside_service_server::OutsideService;
use crate::v1::{DialRules, GetOutsideRequest, Grants, Location, Outside, SetOutsideRequest};
use crate::violations::{Violations, failed};
use crate::words::filled;

pub(crate) const CLASSES: [(&str, v1::NumberClass, NumberClass); 10] = [
    ("emergency", v1::NumberClass::Emergency, NumberClass::Emergency),
    ("internal", v1::NumberClass::Internal, NumberClass::Internal),
    ("local", v1::NumberClass::Local, NumberClass::Local),
    ("national", v1::NumberClass::National, NumberClass::National),
    ("mobile", v1::NumberClass::Mobile, NumberClass::Mobile),
    ("toll-free", v1::NumberClass::TollFree, NumberClass::TollFree),
    ("service", v1::NumberClass::Service, NumberClass::Service),
    ("international", v1::NumberClass::International, NumberClass::International),
    ("premium", v1::NumberClass::Premium, NumberClass::Premium),
    ("satellite", v1::NumberClass::Satellite, NumberClass::Satellite),
];
const COUNTRIES: usize = 300;
const NEVER: usize = 1000;
/// What only a tenant has.
const TENANTS_ALONE: &str = "is said of the tenant alone";

#[tonic::async_trait]
impl OutsideService for Desk {
    async fn get(&self, request: Request<GetOutsideRequest>) -> Result<Response<Outside>, Status> {
        let GetOutsideRequest { tenant, user } = request.into_inner();
        let tenant = self.tenant(&tenant).await?;
        let of_tenant = self.store.outside(tenant.id).get().await.map_err(failed)?;
        if user.is_empty() {
            return self.tenant_outside(&tenant.name, of_tenant).await;
        }
        let user = self.user_in("user", &tenant, &user).await?;
        let of_user = self.store.outside(tenant.id).of_user(user.id).await.map_err(failed)?;
        Ok(Response::new(user_spelt(&tenant.name, user.name, &of_tenant, of_user)))
    }

    async fn set(&self, request: Request<SetOutsideRequest>) -> Result<Response<Outside>, Status> {
        let mut request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let emergency = request.emergency_trunk.take();
        let (mut wrong, outside) = (Violations::default(), self.store.outside(tenant.id));
        let of_tenant = outside.get().await.map_err(failed)?;
        if request.user.is_empty() {
            let mut changed = of_tenant;
            change_tenant(&mut wrong, &mut changed, request);
            wrong.finish()?;
            if let Some(name) = emergency {
                changed.emergency = self.trunk_if_said("emergency_trunk", &name).await?;
            }
            let changed = outside.set(&changed).await.map_err(failed)?;
            tracing::info!(tenant = tenant.id.0, "an operator changed what a tenant may do outside");
            self.live.changed(Change::Outside).await;
            return self.tenant_outside(&tenant.name, changed).await;
        }
        let user = self.user_in("user", &tenant, &request.user).await?;
        let mut changed = outside.of_user(user.id).await.map_err(failed)?;
        wrong.expect(emergency.is_none(), "emergency_trunk", TENANTS_ALONE);
        change_user(&mut wrong, &mut changed, request);
        wrong.finish()?;
        let changed = outside.set_of_user(user.id, &changed).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, user = user.id.0, "an operator changed what a user may do outside");
        self.live.changed(Change::Outside).await;
        Ok(Response::new(user_spelt(&tenant.name, user.name, &of_tenant, changed)))
    }
}

impl Desk {
    async fn tenant_outside(&self, tenant: &str, outside: TenantOutside) -> Result<Response<Outside>, Status> {
        let emergency_trunk = match outside.emergency {
            None => None,
            Some(trunk) => Some(self.store.trunks().get(trunk).await.map_err(failed)?.name),
        };
        let whole = Outside {
            tenant: tenant.to_owned(),
            user: String::new(),
            rules: Some(rules(&outside)),
            grants: Some(grants(&outside.grants)),
            shown: outside.shown.map(|number| number.to_string()),
            emergency_trunk,
            location: outside.location.map(location),
        };
        Ok(Response::new(whole))
    }
}

fn change_tenant(wrong: &mut Violations, outside: &mut TenantOutside, asked: SetOutsideRequest) {
    let digits = |text: &str, most: usize| text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    let rules = &mut outside.rules;
    match asked.country.as_deref() {
        None => {}
        Some("") => rules.country = String::new(),
        Some(code) => rules.country = trunk::country(wrong, "country", code).unwrap_or_default(),
    }
    if let Some(area) = asked.area {
        wrong.expect(digits(&area, 8), "area", "at most 8 digits, as 30");
        rules.area = area;
    }
    if let Some(line) = asked.line {
        wrong.expect(digits(&line, 4), "line", "at most 4 digits, as 0");
        rules.line = line;
    }
    wrong.expect(!asked.inherit_grants, "inherit_grants", "is said of users alone");
    if let Some(asked) = asked.grants {
        outside.grants = read_grants(wrong, &asked);
    }
    if let Some(shown) = asked.shown {
        outside.shown = read_shown(wrong, shown);
    }
    if let Some(asked) = asked.location {
        outside.location = read_location(wrong, asked);
    }
}

fn change_user(wrong: &mut Violations, outside: &mut UserOutside, asked: SetOutsideRequest) {
    for (field, said) in [("country", asked.country), ("area", asked.area), ("line", asked.line)] {
        wrong.expect(said.is_none(), field, TENANTS_ALONE);
    }
    wrong.expect(!(asked.inherit_grants && asked.grants.is_some()), "inherit_grants", "not together with grants");
    if asked.inherit_grants {
        outside.grants = None;
    }
    if let Some(asked) = asked.grants {
        outside.grants = Some(read_grants(wrong, &asked));
    }
    if let Some(shown) = asked.shown {
        outside.shown = read_shown(wrong, shown);
    }
    if let Some(asked) = asked.location {
        outside.location = read_location(wrong, asked);
    }
}

fn read_grants(wrong: &mut Violations, asked: &Grants) -> switch::Grants {
    wrong.expect(asked.countries.len() <= COUNTRIES, "grants.countries", "at most 300");
    wrong.expect(asked.never.len() <= NEVER, "grants.never", "at most 1000");
    let classes = read_classes(wrong, "grants.classes", &asked.classes);
    let mut countries = BTreeSet::new();
    for (at, code) in asked.countries.iter().take(COUNTRIES).enumerate() {
        countries.extend(trunk::country(wrong, &format!("grants.countries[{at}]"), code));
    }
    // Without INTERNATIONAL they would grant nothing, and look as if they did.
    let abroad = countries.is_empty() || classes.contains(&NumberClass::International);
    wrong.expect(abroad, "grants.countries", "only together with INTERNATIONAL");
    let mut never = BTreeSet::new();
    for (at, text) in asked.never.iter().take(NEVER).enumerate() {
        never.extend(read_prefix(wrong, &format!("grants.never[{at}]"), text).filter(|digits| !digits.is_empty()));
    }
    switch::Grants { classes, countries, never }
}

/// Kinds of numbers, each once.
pub(crate) fn read_classes(wrong: &mut Violations, field: &str, asked: &[i32]) -> BTreeSet<NumberClass> {
    let mut classes = BTreeSet::new();
    wrong.expect(asked.len() <= 100, field, "each kind once");
    for (at, number) in asked.iter().take(100).enumerate() {
        classes.extend(wrong.word(&format!("{field}[{at}]"), *number, &CLASSES));
    }
    classes
}

/// The first digits of numbers, with `+` or without.
pub(crate) fn read_prefix(wrong: &mut Violations, field: &str, text: &str) -> Option<String> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let right = digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    wrong.expect(right, field, "at most 15 digits, the first not 0: a country's code comes first");
    right.then(|| digits.to_owned())
}

/// Empty is none.
fn read_shown(wrong: &mut Violations, text: String) -> Option<E164> {
    let text = filled(text)?;
    wrong.read("shown", text.parse::<E164>().map_err(|why| why.to_string()))
}

fn read_location(wrong: &mut Violations, asked: Location) -> Option<switch::Location> {
    let Location { country, region, city, postcode, street, house, floor, room, name } = asked;
    let country = match country.as_str() {
        "" => String::new(),
        code => trunk::country(wrong, "location.country", code).unwrap_or_default(),
    };
    for (field, text) in [
        ("location.region", &region),
        ("location.city", &city),
        ("location.postcode", &postcode),
        ("location.street", &street),
        ("location.house", &house),
        ("location.floor", &floor),
        ("location.room", &room),
        ("location.name", &name),
    ] {
        let plain = text.len() <= 128 && !text.chars().any(char::is_control);
        wrong.expect(plain, field, "at most 128 bytes, no control characters");
    }
    let read = switch::Location { country, region, city, postcode, street, house, floor, room, name };
    Some(read).filter(|location| *location != switch::Location::default())
}

fn user_spelt(tenant: &str, user: String, of_tenant: &TenantOutside, of_user: UserOutside) -> Outside {
    Outside {
        tenant: tenant.to_owned(),
        user,
        rules: Some(rules(of_tenant)),
        grants: of_user.grants.as_ref().map(grants),
        shown: of_user.shown.map(|number| number.to_string()),
        emergency_trunk: None,
        location: of_user.location.map(location),
    }
}

fn rules(outside: &TenantOutside) -> DialRules {
    let switch::DialRules { country, area, line } = outside.rules.clone();
    DialRules { country, area, line }
}

fn grants(grants: &switch::Grants) -> Grants {
    Grants {
        classes: grants.classes.iter().map(|known| class(*known).into()).collect(),
        countries: grants.countries.iter().cloned().collect(),
        never: grants.never.iter().cloned().collect(),
    }
}

/// A kind of number in the spelling of the API.
pub(crate) fn class(class: NumberClass) -> v1::NumberClass {
    match class {
        NumberClass::Emergency => v1::NumberClass::Emergency,
        NumberClass::Internal => v1::NumberClass::Internal,
        NumberClass::Local => v1::NumberClass::Local,
        NumberClass::National => v1::NumberClass::National,
        NumberClass::Mobile => v1::NumberClass::Mobile,
        NumberClass::TollFree => v1::NumberClass::TollFree,
        NumberClass::Service => v1::NumberClass::Service,
        NumberClass::International => v1::NumberClass::International,
        NumberClass::Premium => v1::NumberClass::Premium,
        NumberClass::Satellite => v1::NumberClass::Satellite,
    }
}

fn location(location: switch::Location) -> Location {
    let switch::Location { country, region, city, postcode, street, house, floor, room, name } = location;
    Location { country, region, city, postcode, street, house, floor, room, name }
}
