//! The server's end: the services behind their guard, until told to end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use store::Store;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::server::NamedService;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::pb::health_server::{Health, HealthServer};

use crate::auth::{Guard, TokenHash};
use crate::desk::Desk;
use crate::dialplan::LARGEST;
use crate::live::Live;
use crate::v1;
use crate::v1::call_service_server::CallServiceServer;
use crate::v1::cdr_service_server::CdrServiceServer;
use crate::v1::dialplan_service_server::DialplanServiceServer;
use crate::v1::gateway_service_server::GatewayServiceServer;
use crate::v1::limit_service_server::LimitServiceServer;
use crate::v1::number_service_server::NumberServiceServer;
use crate::v1::outside_service_server::OutsideServiceServer;
use crate::v1::prompt_service_server::PromptServiceServer;
use crate::v1::recording_service_server::RecordingServiceServer;
use crate::v1::registration_service_server::RegistrationServiceServer;
use crate::v1::room_service_server::RoomServiceServer;
use crate::v1::route_service_server::RouteServiceServer;
use crate::v1::tenant_service_server::TenantServiceServer;
use crate::v1::trunk_service_server::TrunkServiceServer;
use crate::v1::user_service_server::UserServiceServer;
use crate::v1::voicemail_service_server::VoicemailServiceServer;
use crate::voicemail;

/// How long requests that are under way may take once the server ends.
const GRACE: Duration = Duration::from_secs(5);
/// How often an idle peer is asked whether it is still there, and for how long it may stay silent.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// Requests under way on one connection; a watcher is one.
const STREAMS: u32 = 128;

/// Why the services ended otherwise than told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The listener failed.
    #[error("the admin listener failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptions for reflection cannot be read: the build is broken.
    #[error("the description of the admin services is broken: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves operators on `listener` until `shutdown` completes; what is under way then has a few seconds to end. Whoever
/// does not know the token that `token` is the hash of hears of the server's health and no more.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    store: Store,
    live: Arc<dyn Live>,
    token: TokenHash,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let (close, closing) = watch::channel(false);
    let desk = Desk { store, live, closing: closing.clone(), uploads: voicemail::places() };
    let guard = Guard(token);
    let dialplans = DialplanServiceServer::new(desk.clone()).max_decoding_message_size(LARGEST + 64 * 1024);
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let serving = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE.0))
        .http2_keepalive_timeout(Some(KEEPALIVE.1))
        .max_concurrent_streams(STREAMS)
        .add_service(health().await)
        .add_service(InterceptedService::new(reflection, guard))
        .add_service(InterceptedService::new(TenantServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(UserServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(RegistrationServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(dialplans, guard))
        .add_service(InterceptedService::new(CallServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(CdrServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(RecordingServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(PromptServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(TrunkServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(GatewayServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(NumberServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(RouteServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(LimitServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(OutsideServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(RoomServiceServer::new(desk.clone()), guard))
        .add_service(InterceptedService::new(VoicemailServiceServer::new(desk), guard))
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), async move {
            shutdown.await;
            let _ = close.send(true);
            // Held until the server is gone, so that `closing` never reads as closed before.
            std::mem::drop(close);
        });
    tokio::select! {
        served = serving => served?,
        () = overdue(closing) => tracing::warn!("operators' requests were cut off at the end"),
    }
    Ok(())
}

/// Tells whoever asks, token or not, which services serve.
async fn health() -> HealthServer<impl Health> {
    let (reporter, health) = tonic_health::server::health_reporter();
    report::<TenantServiceServer<Desk>>(&reporter).await;
    report::<UserServiceServer<Desk>>(&reporter).await;
    report::<RegistrationServiceServer<Desk>>(&reporter).await;
    report::<DialplanServiceServer<Desk>>(&reporter).await;
    report::<CallServiceServer<Desk>>(&reporter).await;
    report::<CdrServiceServer<Desk>>(&reporter).await;
    report::<RoomServiceServer<Desk>>(&reporter).await;
    report::<RecordingServiceServer<Desk>>(&reporter).await;
    report::<PromptServiceServer<Desk>>(&reporter).await;
    report::<TrunkServiceServer<Desk>>(&reporter).await;
    report::<GatewayServiceServer<Desk>>(&reporter).await;
    report::<NumberServiceServer<Desk>>(&reporter).await;
    report::<RouteServiceServer<Desk>>(&reporter).await;
    report::<LimitServiceServer<Desk>>(&reporter).await;
    report::<OutsideServiceServer<Desk>>(&reporter).await;
    report::<VoicemailServiceServer<Desk>>(&reporter).await;
    health
}

async fn report<S: NamedService>(reporter: &tonic_health::server::HealthReporter) {
    reporter.set_serving::<S>().await;
}

async fn overdue(mut closing: watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
    tokio::time::sleep(GRACE).await;
}
