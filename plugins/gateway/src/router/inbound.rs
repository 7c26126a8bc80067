//! Whom a number reaches that a carrier calls.

use switch::{DidTarget, E164, Inbound, NotAdmitted, Number, Target, TenantId, TrunkId};

use super::{Line, Router, Tenant};
use crate::numbers::{Dialled, Dialling};

impl Router {
    /// Whom a call over a trunk is for: the tenant that owns the number, and where it leads. The names of the called one
    /// are tried in their order.
    ///
    /// # Errors
    ///
    /// Nobody here owns any of the numbers; with the status that this carrier is to be told.
    pub fn inbound(&self, trunk: TrunkId, called: &[String], caller: &str) -> Result<(TenantId, Inbound), NotAdmitted> {
        let line = self.trunks.get(&trunk).ok_or(NotAdmitted(404))?;
        let unknown = NotAdmitted(line.unknown_number);
        if !line.enabled {
            return Err(unknown);
        }
        let owner = line.tenant.and_then(|owner| self.tenants.get(&owner)).map(|owner| &owner.dialling);
        let mut numbers = called.iter().flat_map(|text| line.form.heard(text, owner));
        let found = numbers.find_map(|number| self.owner_of(&number, trunk, line).map(|found| (number, found)));
        let (number, (id, tenant, leads_to)) = found.ok_or(unknown)?;
        let leads_to = match leads_to {
            DidTarget::Dialplan => None,
            DidTarget::User(name) => Some(Target::User(name.clone())),
            DidTarget::Room(name) => Some(Target::Room(name.clone())),
        };
        let caller = shown(line, &tenant.dialling, caller);
        Ok((id, Inbound { trunk, number: Number::World(number), caller, leads_to }))
    }

    /// The tenant that owns a number when it is called over a trunk.
    fn owner_of(&self, number: &E164, trunk: TrunkId, line: &Line) -> Option<(TenantId, &Tenant, &DidTarget)> {
        self.dids.of(number).into_iter().find_map(|did| {
            let here = did.trunk.is_none_or(|bound| bound == trunk) && line.serves(did.tenant);
            let tenant = self.tenants.get(&did.tenant).filter(|_| here)?;
            Some((did.tenant, tenant, &did.leads_to))
        })
    }
}

/// The caller's number as the tenant's phones show it. What is none is not shown: it might read as an extension.
fn shown(line: &Line, dialling: &Dialling, caller: &str) -> String {
    if let Some(number) = line.form.caller(caller, Some(dialling)) {
        return dialling.shown(&Number::World(number));
    }
    match dialling.plain().read(caller) {
        Ok(Dialled::Short(short) | Dialled::Emergency(short)) => dialling.shown(&Number::Short(short)),
        _ => String::new(),
    }
}
