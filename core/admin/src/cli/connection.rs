//! The way to the server: where it is, and the token that it wants to see.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::v1::ListTenantsRequest;
use crate::v1::call_service_client::CallServiceClient;
use crate::v1::cdr_service_client::CdrServiceClient;
use crate::v1::dialplan_service_client::DialplanServiceClient;
use crate::v1::gateway_service_client::GatewayServiceClient;
use crate::v1::limit_service_client::LimitServiceClient;
use crate::v1::number_service_client::NumberServiceClient;
use crate::v1::outside_service_client::OutsideServiceClient;
use crate::v1::prompt_service_client::PromptServiceClient;
use crate::v1::recording_service_client::RecordingServiceClient;
use crate::v1::registration_service_client::RegistrationServiceClient;
use crate::v1::room_service_client::RoomServiceClient;
use crate::v1::route_service_client::RouteServiceClient;
use crate::v1::tenant_service_client::TenantServiceClient;
use crate::v1::trunk_service_client::TrunkServiceClient;
use crate::v1::user_service_client::UserServiceClient;
use crate::v1::voicemail_service_client::VoicemailServiceClient;

const CONNECT_TIME: Duration = Duration::from_secs(5);
/// A list of very many users is larger than the 4 MiB that a client takes by default.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// How to reach the server, and how to print what it says.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct Connection {
    /// Where the server listens for operators
    #[arg(
        long,
        global = true,
        env = "STROWGER_ENDPOINT",
        value_name = "URL",
        default_value = "http://127.0.0.1:50051"
    )]
    pub endpoint: String,
    /// The admin token itself; others on this machine can see it in the list of processes, the variable they cannot
    #[arg(long, global = true, env = "STROWGER_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The file with the admin token, as the server wrote it
    #[arg(long, global = true, env = "STROWGER_TOKEN_FILE", value_name = "FILE", default_value = "./data/admin.token")]
    pub token_file: PathBuf,
    /// Print JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
}

/// Whose things: the tenant that a command is about.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Whose {
    /// The tenant; needed only where there are several
    #[arg(long, short, env = "STROWGER_TENANT", value_name = "NAME")]
    pub tenant: Option<String>,
}

impl Connection {
    /// Opens the line to the server.
    pub(crate) async fn open(&self) -> Result<Line, Failure> {
        let token = self.read_token()?;
        let bearer = MetadataValue::try_from(format!("Bearer {token}")).map_err(|_| Failure::BrokenToken)?;
        Ok(Line { wire: InterceptedService::new(self.connect().await?, Bearer(bearer)) })
    }

    /// Says whether the server serves.
    pub(crate) async fn status(&self, console: &mut Console) -> Result<(), Failure> {
        let mut health = HealthClient::new(self.connect().await?);
        let answer = health.check(HealthCheckRequest::default()).await?.into_inner();
        if answer.status() != ServingStatus::Serving {
            return Err(Failure::NotServing);
        }
        console.say(&format!("the server at {} serves", self.endpoint), &serde_json::json!({ "serving": true }))
    }

    async fn connect(&self) -> Result<Channel, Failure> {
        let endpoint =
            Endpoint::from_shared(self.endpoint.clone()).map_err(|_| Failure::Endpoint(self.endpoint.clone()))?;
        // Without scheme and host it would fail later, with less to say.
        if endpoint.uri().scheme_str() != Some("http") || endpoint.uri().host().is_none() {
            return Err(Failure::Endpoint(self.endpoint.clone()));
        }
        endpoint
            .connect_timeout(CONNECT_TIME)
            .connect()
            .await
            .map_err(|error| Failure::Unreachable { endpoint: self.endpoint.clone(), why: innermost(&error) })
    }

    fn read_token(&self) -> Result<String, Failure> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => fs::read_to_string(&self.token_file)
                .map_err(|error| Failure::Token { file: self.token_file.clone(), error })?,
        };
        let token = token.trim();
        if token.is_empty() { Err(Failure::BrokenToken) } else { Ok(token.to_owned()) }
    }
}

/// The last cause of an error: the one that the operator can do something about.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// Shows the token with every request.
#[derive(Debug, Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

type Wire = InterceptedService<Channel, Bearer>;

/// An open line to the server.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    wire: Wire,
}

impl Line {
    pub(crate) fn tenants(&self) -> TenantServiceClient<Wire> {
        TenantServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn users(&self) -> UserServiceClient<Wire> {
        UserServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn registrations(&self) -> RegistrationServiceClient<Wire> {
        RegistrationServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn dialplans(&self) -> DialplanServiceClient<Wire> {
        DialplanServiceClient::new(self.wire.clone())
    }

    pub(crate) fn calls(&self) -> CallServiceClient<Wire> {
        CallServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn recordings(&self) -> RecordingServiceClient<Wire> {
        RecordingServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn cdrs(&self) -> CdrServiceClient<Wire> {
        CdrServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn prompts(&self) -> PromptServiceClient<Wire> {
        PromptServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn rooms(&self) -> RoomServiceClient<Wire> {
        RoomServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn trunks(&self) -> TrunkServiceClient<Wire> {
        TrunkServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn gateways(&self) -> GatewayServiceClient<Wire> {
        GatewayServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn numbers(&self) -> NumberServiceClient<Wire> {
        NumberServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn routes(&self) -> RouteServiceClient<Wire> {
        RouteServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn limits(&self) -> LimitServiceClient<Wire> {
        LimitServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn outside(&self) -> OutsideServiceClient<Wire> {
        OutsideServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    pub(crate) fn voicemail(&self) -> VoicemailServiceClient<Wire> {
        VoicemailServiceClient::new(self.wire.clone()).max_decoding_message_size(LARGEST_ANSWER)
    }

    /// The tenant that is meant: the one named, else the only one there is.
    pub(crate) async fn tenant(&self, whose: &Whose) -> Result<String, Failure> {
        if let Some(name) = &whose.tenant {
            return Ok(name.clone());
        }
        let mut tenants = self.tenants().list(ListTenantsRequest {}).await?.into_inner().tenants;
        let why = match (tenants.pop(), tenants.is_empty()) {
            (Some(only), true) => return Ok(only.name),
            (None, _) => "there is none yet; `strowger tenant create` makes one".to_owned(),
            (Some(last), false) => {
                tenants.push(last);
                let names: Vec<_> = tenants.iter().map(|tenant| tenant.name.as_str()).collect();
                format!("there are several; give --tenant or STROWGER_TENANT, one of: {}", names.join(", "))
            }
        };
        Err(Failure::Argument { name: "tenant", why })
    }
}
