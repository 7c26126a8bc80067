//! `TenantService`: who owns domains, users, dialplans and records.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use store::NewTenant;
use switch::Fallback;
use tonic::{Request, Response, Status};

use crate::desk::Desk;
use crate::live::Change;
use crate::media;
use crate::v1::tenant_service_server::TenantService;
use crate::v1::{
    CreateTenantRequest, DeleteTenantRequest, DeleteTenantResponse, GetTenantRequest, ListTenantsRequest,
    ListTenantsResponse, Tenant, UpdateTenantRequest,
};
use crate::violations::{Violations, failed};
use crate::words::{self, timestamp};

const RING_TIME: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);

#[tonic::async_trait]
impl TenantService for Desk {
    async fn create(&self, request: Request<CreateTenantRequest>) -> Result<Response<Tenant>, Status> {
        let made = self.store.tenants().create(new_tenant(request.into_inner())?).await.map_err(failed)?;
        tracing::info!(tenant = made.id.0, "a tenant was made");
        self.live.changed(Change::TenantPut(made.id)).await;
        Ok(Response::new(tenant(made)))
    }

    async fn get(&self, request: Request<GetTenantRequest>) -> Result<Response<Tenant>, Status> {
        let found = self.tenant_in("name", &request.get_ref().name).await?;
        Ok(Response::new(tenant(found)))
    }

    async fn list(&self, _: Request<ListTenantsRequest>) -> Result<Response<ListTenantsResponse>, Status> {
        let tenants = self.store.tenants().list().await.map_err(failed)?;
        Ok(Response::new(ListTenantsResponse { tenants: tenants.into_iter().map(tenant).collect() }))
    }

    async fn update(&self, request: Request<UpdateTenantRequest>) -> Result<Response<Tenant>, Status> {
        let request = request.into_inner();
        let mut changed = self.tenant_in("name", &request.name).await?;
        change(&mut changed, request)?;
        let changed = self.store.tenants().update(&changed).await.map_err(failed)?;
        tracing::info!(tenant = changed.id.0, "a tenant was changed");
        self.live.changed(Change::TenantPut(changed.id)).await;
        Ok(Response::new(tenant(changed)))
    }

    async fn delete(&self, request: Request<DeleteTenantRequest>) -> Result<Response<DeleteTenantResponse>, Status> {
        let gone = self.tenant_in("name", &request.get_ref().name).await?;
        self.store.tenants().delete(gone.id).await.map_err(failed)?;
        tracing::info!(tenant = gone.id.0, "a tenant was deleted");
        self.live.changed(Change::TenantGone(gone.id)).await;
        Ok(Response::new(DeleteTenantResponse {}))
    }
}

fn new_tenant(request: CreateTenantRequest) -> Result<NewTenant, Status> {
    let mut wrong = Violations::default();
    let media = media::read(&mut wrong, request.srtp, &request.codecs, &request.language);
    let mut new = NewTenant::named(&request.name, request.domains);
    new.policy.media = media;
    new.country = read_or_inherit(&mut wrong, "country", &request.country);
    new.music = read_or_inherit(&mut wrong, "music", &request.music);
    if !request.realm.is_empty() {
        // It is shown in quotes in challenges (RFC 3261 §25.1).
        let plain = request.realm.len() <= 128
            && request.realm.chars().all(|c| matches!(c, ' '..='~') && c != '"' && c != '\\');
        wrong.expect(plain, "realm", "at most 128 printable ASCII characters without quotes and backslashes");
        new.realm = Some(request.realm);
    }
    if !request.time_zone.is_empty() {
        check_time_zone(&mut wrong, &request.time_zone);
        new.time_zone = request.time_zone;
    }
    new.policy.max_calls = request.max_calls.and_then(|most| read_max_calls(&mut wrong, most));
    if let Some(time) = request.ring_time.and_then(|time| read_ring_time(&mut wrong, time)) {
        new.policy.ring_time = time;
    }
    if let Some(fallback) = request.fallback_status.and_then(|status| read_fallback(&mut wrong, status)) {
        new.policy.fallback = fallback;
    }
    check_peers(&mut wrong, &request.peers);
    check_hosts(&mut wrong, &request.hosts);
    (new.peers, new.hosts) = (request.peers, request.hosts);
    wrong.finish()?;
    Ok(new)
}

fn change(tenant: &mut store::Tenant, request: UpdateTenantRequest) -> Result<(), Status> {
    let mut wrong = Violations::default();
    let language = request.language.as_deref();
    media::change(&mut wrong, &mut tenant.policy.media, request.srtp, request.codecs.clone(), language);
    if let Some(country) = request.country {
        tenant.country = read_or_inherit(&mut wrong, "country", &country);
    }
    if let Some(music) = request.music {
        tenant.music = read_or_inherit(&mut wrong, "music", &music);
    }
    if let Some(domains) = request.domains {
        tenant.domains = domains.names;
    }
    if let Some(zone) = request.time_zone {
        check_time_zone(&mut wrong, &zone);
        tenant.time_zone = zone;
    }
    if let Some(most) = request.max_calls {
        tenant.policy.max_calls = read_max_calls(&mut wrong, most);
    }
    if let Some(time) = request.ring_time.and_then(|time| read_ring_time(&mut wrong, time)) {
        tenant.policy.ring_time = time;
    }
    if let Some(fallback) = request.fallback_status.and_then(|status| read_fallback(&mut wrong, status)) {
        tenant.policy.fallback = fallback;
    }
    if let Some(peers) = request.peers {
        check_peers(&mut wrong, &peers.names);
        tenant.peers = peers.names;
    }
    if let Some(age) = request.recordings {
        wrong.expect(age.days.is_none_or(|days| days <= 36_500), "recordings.days", "at most 36500; 0 for ever");
        tenant.recording_days = age.days;
    }
    if let Some(hosts) = request.hosts {
        check_hosts(&mut wrong, &hosts.names);
        tenant.hosts = hosts.names;
    }
    wrong.finish()
}

/// Empty is as the exchange has it.
fn read_or_inherit<T>(wrong: &mut Violations, field: &str, text: &str) -> Option<T>
where
    T: FromStr<Err: std::fmt::Display>,
{
    if text.is_empty() {
        return None;
    }
    wrong.read(field, text.parse::<T>().map_err(|why| why.to_string()))
}

fn check_time_zone(wrong: &mut Violations, name: &str) {
    let known = jiff::tz::TimeZone::get(name).is_ok();
    wrong.expect(known, "time_zone", "no time zone of the IANA database has this name; one is `Europe/Berlin`");
}

/// 0 is no limit of its own.
fn read_max_calls(wrong: &mut Violations, most: u32) -> Option<u32> {
    wrong.expect(most <= 1_000_000, "max_calls", "at most 1000000; 0 for no limit of its own");
    (most > 0).then_some(most)
}

fn read_ring_time(wrong: &mut Violations, time: prost_types::Duration) -> Option<Duration> {
    let read = words::duration(time).filter(|time| RING_TIME.contains(time) && time.subsec_nanos() == 0);
    wrong.read("ring_time", read.ok_or_else(|| "1 second to 10 minutes, in whole seconds".to_owned()))
}

/// 0 rings the dialled extension.
fn read_fallback(wrong: &mut Violations, status: u32) -> Option<Fallback> {
    let read = match u16::try_from(status) {
        Ok(0) => Ok(Fallback::Extension),
        Ok(status @ 300..=699) => Ok(Fallback::Reject(status)),
        _ => Err("a SIP status from 300 to 699, or 0 to ring the dialled extension".to_owned()),
    };
    wrong.read("fallback_status", read)
}

fn check_peers(wrong: &mut Violations, peers: &[String]) {
    for (at, peer) in peers.iter().enumerate() {
        let known = peer.parse::<IpAddr>().is_ok() || peer.parse::<IpNet>().is_ok();
        wrong.expect(known, &format!("peers[{at}]"), "an IP address or a network, as 192.0.2.7 or 192.0.2.0/24");
    }
}

fn check_hosts(wrong: &mut Violations, hosts: &[String]) {
    for (at, host) in hosts.iter().enumerate() {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
        let named = (1..=253).contains(&host.len()) && host.chars().all(plain);
        wrong.expect(named, &format!("hosts[{at}]"), "a host name or an IP address");
    }
}

fn tenant(tenant: store::Tenant) -> Tenant {
    Tenant {
        id: tenant.id.0,
        name: tenant.name,
        domains: tenant.domains,
        realm: tenant.realm,
        time_zone: tenant.time_zone,
        max_calls: tenant.policy.max_calls,
        ring_time: prost_types::Duration::try_from(tenant.policy.ring_time).ok(),
        fallback_status: match tenant.policy.fallback {
            Fallback::Extension => None,
            Fallback::Reject(status) => Some(u32::from(status)),
        },
        created: Some(timestamp(tenant.created)),
        peers: tenant.peers,
        hosts: tenant.hosts,
        srtp: media::srtp(&tenant.policy.media).into(),
        codecs: media::codecs(&tenant.policy.media),
        recording_days: tenant.recording_days,
        country: tenant.country.map(|country| country.code().to_owned()),
        language: media::language(&tenant.policy.media),
        music: tenant.music.map(|music| music.to_string()),
    }
}
