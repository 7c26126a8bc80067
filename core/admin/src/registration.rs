//! `RegistrationService`: which phones can be reached.

use switch::StoredBinding;
use tonic::{Request, Response, Status};

use crate::desk::Desk;
use crate::v1::registration_service_server::RegistrationService;
use crate::v1::{ListRegistrationsRequest, ListRegistrationsResponse, Registration};
use crate::words::timestamp;

#[tonic::async_trait]
impl RegistrationService for Desk {
    async fn list(
        &self,
        request: Request<ListRegistrationsRequest>,
    ) -> Result<Response<ListRegistrationsResponse>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let mut bindings = self.live.registrations(tenant.id).await;
        bindings.retain(|binding| binding.aor.tenant == tenant.id);
        if !request.user.is_empty() {
            bindings.retain(|binding| binding.aor.user == request.user);
        }
        bindings.sort_by(|a, b| (&a.aor.user, &a.contact).cmp(&(&b.aor.user, &b.contact)));
        let registrations = bindings.into_iter().map(|binding| registration(&tenant.name, binding)).collect();
        Ok(Response::new(ListRegistrationsResponse { registrations }))
    }
}

fn registration(tenant: &str, binding: StoredBinding) -> Registration {
    Registration {
        tenant: tenant.to_owned(),
        user: binding.aor.user,
        contact: binding.contact,
        q: f64::from(binding.q) / 1000.0,
        expires: Some(timestamp(binding.expires)),
        transport: binding.transport,
        remote: binding.remote.to_string(),
        local: binding.local.to_string(),
        user_agent: binding.user_agent,
        instance: binding.instance,
        path: binding.path,
    }
}
