//! `DialplanService`: versions of the component that decides a tenant's calls.

use sha2::{Digest, Sha256};
use store::Version;
use tonic::{Request, Response, Status};

use crate::desk::Desk;
use crate::live::Change;
use crate::v1::dialplan_service_server::DialplanService;
use crate::v1::{
    ActivateDialplanRequest, DeactivateDialplanRequest, DeactivateDialplanResponse, DialplanVersion,
    GetActiveDialplanRequest, ListDialplanVersionsRequest, ListDialplanVersionsResponse, UploadDialplanRequest,
};
use crate::violations::{failed, violation};
use crate::words::timestamp;

/// The largest component. Those of interpreted languages carry their interpreter, some 10 to 40 MiB.
pub(crate) const LARGEST: usize = 64 * 1024 * 1024;

/// How WebAssembly begins: a component, or a core module that the exchange makes one of.
const MAGIC: &[u8] = b"\0asm";

#[tonic::async_trait]
impl DialplanService for Desk {
    async fn upload(&self, request: Request<UploadDialplanRequest>) -> Result<Response<DialplanVersion>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        check_component(&request.component)?;
        self.live.examine(&request.component).await.map_err(|why| violation("component", why))?;
        let hash: String = Sha256::digest(&request.component).iter().map(|byte| format!("{byte:02x}")).collect();
        let dialplans = self.store.dialplans(tenant.id);
        let mut version = dialplans.upload(&request.name, &hash, request.component).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, version = hash, "a dialplan was uploaded");
        if request.activate && !version.active {
            version = self.make_active(version).await?;
        }
        Ok(Response::new(spelt(&tenant.name, version)))
    }

    async fn activate(&self, request: Request<ActivateDialplanRequest>) -> Result<Response<DialplanVersion>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let versions = self.store.dialplans(tenant.id).versions().await.map_err(failed)?;
        let fits = |version: &Version| {
            version.hash == request.hash && (request.name.is_empty() || version.name == request.name)
        };
        let mut found = versions.into_iter().filter(fits);
        let version = found.next().ok_or_else(|| Status::not_found("there is no such version of a dialplan"))?;
        if found.next().is_some() {
            return Err(violation("name", "needed here, as two dialplans have the same component"));
        }
        Ok(Response::new(spelt(&tenant.name, self.make_active(version).await?)))
    }

    async fn deactivate(
        &self,
        request: Request<DeactivateDialplanRequest>,
    ) -> Result<Response<DeactivateDialplanResponse>, Status> {
        let tenant = self.tenant(&request.get_ref().tenant).await?;
        self.store.dialplans(tenant.id).activate(None).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, "the dialplan was deactivated");
        self.live.changed(Change::Dialplan(tenant.id)).await;
        Ok(Response::new(DeactivateDialplanResponse {}))
    }

    async fn list_versions(
        &self,
        request: Request<ListDialplanVersionsRequest>,
    ) -> Result<Response<ListDialplanVersionsResponse>, Status> {
        let tenant = self.tenant(&request.get_ref().tenant).await?;
        let versions = self.store.dialplans(tenant.id).versions().await.map_err(failed)?;
        let versions = versions.into_iter().map(|version| spelt(&tenant.name, version)).collect();
        Ok(Response::new(ListDialplanVersionsResponse { versions }))
    }

    async fn get_active(
        &self,
        request: Request<GetActiveDialplanRequest>,
    ) -> Result<Response<DialplanVersion>, Status> {
        let tenant = self.tenant(&request.get_ref().tenant).await?;
        let active = self.store.dialplans(tenant.id).active().await.map_err(failed)?;
        let active = active.ok_or_else(|| Status::not_found("the tenant has no active dialplan"))?;
        Ok(Response::new(spelt(&tenant.name, active)))
    }
}

impl Desk {
    async fn make_active(&self, version: Version) -> Result<Version, Status> {
        self.store.dialplans(version.tenant).activate(Some(version.id)).await.map_err(failed)?;
        tracing::info!(tenant = version.tenant.0, version = version.hash, "a dialplan was activated");
        self.live.changed(Change::Dialplan(version.tenant)).await;
        Ok(Version { active: true, ..version })
    }
}

/// What can be said without a compiler, in better words than a compiler's.
fn check_component(bytes: &[u8]) -> Result<(), Status> {
    if bytes.is_empty() {
        return Err(violation("component", "the bytes of a WebAssembly component are needed"));
    }
    if bytes.len() > LARGEST {
        return Err(violation("component", format!("at most {} MiB", LARGEST / 1024 / 1024)));
    }
    if !bytes.starts_with(MAGIC) {
        return Err(violation(
            "component",
            "this is no WebAssembly: it must be the binary form of a component or a core module",
        ));
    }
    Ok(())
}

fn spelt(tenant: &str, version: Version) -> DialplanVersion {
    DialplanVersion {
        tenant: tenant.to_owned(),
        name: version.name,
        hash: version.hash,
        uploaded: Some(timestamp(version.created)),
        active: version.active,
    }
}
