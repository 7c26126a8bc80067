//! Who does not know the token learns nothing.

use admin::v1::FILE_DESCRIPTOR_SET;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::house::{House, TOKEN};

pub(crate) fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

/// Asks with an empty message.
async fn ask(wire: &Channel, path: &str, authorization: Option<&str>) -> Result<(), Status> {
    let mut request = Request::new(());
    if let Some(value) = authorization {
        request.metadata_mut().insert("authorization", MetadataValue::try_from(value).unwrap());
    }
    let mut grpc = Grpc::new(wire.clone());
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    grpc.unary(request, PathAndQuery::try_from(path).unwrap(), codec).await.map(drop)
}

fn path_of(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

#[tokio::test]
async fn no_rpc_answers_without_the_token() {
    let (house, _) = House::with_acme().await;
    let wire = house.wire().await;
    let mut paths: Vec<_> = methods().iter().map(path_of).collect();
    assert_eq!(paths.len(), 114, "{paths:#?}");
    paths.push("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo".to_owned());
    let wrong = [
        None,
        Some("Bearer wrong".to_owned()),
        Some("Bearer ".to_owned()),
        Some(TOKEN.to_owned()),
        Some(format!("Basic {TOKEN}")),
        Some(format!("Bearer {TOKEN}x")),
        Some(format!("Bearer {}", &TOKEN[1..])),
        Some(format!("Bearer {}", TOKEN.to_uppercase())),
    ];
    for path in &paths {
        for authorization in &wrong {
            let refused = ask(&wire, path, authorization.as_deref()).await.unwrap_err();
            assert_eq!(refused.code(), Code::Unauthenticated, "{path} with {authorization:?}: {refused}");
            assert!(!refused.message().contains(TOKEN));
        }
    }
    assert_eq!(house.exchange.changes.lock().unwrap().len(), 1, "only the tenant that the house was built with");
}

#[tokio::test]
async fn the_schemes_case_does_not_count() {
    let house = House::built().await;
    let wire = house.wire().await;
    ask(&wire, "/strowger.admin.v1.TenantService/List", Some(&format!("bearer {TOKEN}"))).await.unwrap();
}

#[tokio::test]
async fn health_is_told_to_anyone() {
    let house = House::built().await;
    let mut health = HealthClient::new(house.wire().await);
    let mut services: Vec<_> = methods().iter().map(|method| method.parent_service().full_name().to_owned()).collect();
    services.push(String::new());
    for service in services {
        let answer = health.check(HealthCheckRequest { service: service.clone() }).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
}

#[tokio::test]
async fn reflection_tells_those_with_the_token_what_there_is() {
    let house = House::built().await;
    let mut reflection = ServerReflectionClient::new(house.trusted().await);
    let message_request = Some(MessageRequest::ListServices(String::new()));
    let request = ServerReflectionRequest { host: String::new(), message_request };
    let mut answers = reflection.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    for noun in [
        "Tenant",
        "User",
        "Registration",
        "Dialplan",
        "Call",
        "Cdr",
        "Room",
        "Recording",
        "Trunk",
        "Gateway",
        "Number",
        "Route",
        "Limit",
        "Outside",
        "Voicemail",
    ] {
        assert!(names.contains(&format!("strowger.admin.v1.{noun}Service")), "{noun} in {names:?}");
    }
}
