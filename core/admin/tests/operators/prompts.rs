//! Prompts of tenants: uploaded piece by piece, listed, fetched, deleted, and never another tenant's.

use admin::v1::{
    DeletePromptRequest, DownloadPromptRequest, ListPromptsRequest, Prompt, PromptOwner, UploadPromptRequest,
};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::cli::typed;
use crate::house::House;

const FILE: &[u8] = b"RIFF and what follows it, in pieces";

async fn upload(house: &House, tenant: &str, language: &str, name: &str, file: &[u8]) -> Result<Prompt, Status> {
    let (tenant, name, language) = (tenant.to_owned(), name.to_owned(), language.to_owned());
    let head = UploadPromptRequest { tenant, name, language, ..Default::default() };
    let pieces = file.chunks(7).map(|data| UploadPromptRequest { data: data.to_vec(), ..Default::default() });
    let last = UploadPromptRequest { last: true, ..Default::default() };
    let all: Vec<_> = [head].into_iter().chain(pieces).chain([last]).collect();
    house.prompts().await.upload(tokio_stream::iter(all)).await.map(tonic::Response::into_inner)
}

fn field(refused: &Status) -> String {
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    refused.get_details_bad_request().expect("details").field_violations.remove(0).field
}

async fn list(house: &House, tenant: &str) -> Vec<String> {
    let request = ListPromptsRequest { tenant: tenant.to_owned(), ..Default::default() };
    let page = house.prompts().await.list(request).await.unwrap().into_inner();
    page.prompts.into_iter().map(|prompt| prompt.name).collect()
}

#[tokio::test]
async fn a_prompt_is_uploaded_listed_fetched_and_deleted() {
    let (house, _) = House::with_acme().await;
    let kept = upload(&house, "acme", "en", "greetings/monday", FILE).await.unwrap();
    assert_eq!((kept.name.as_str(), kept.owner(), kept.bytes), ("greetings/monday", PromptOwner::Tenant, 35));
    assert_eq!((kept.length.unwrap().seconds, kept.ending.as_str(), kept.fault), (65, "wav", None));
    assert_eq!(list(&house, "acme").await, ["greetings/monday"]);
    let (tenant, name, language) = ("acme".to_owned(), "greetings/monday".to_owned(), "en".to_owned());
    let ask = DownloadPromptRequest { tenant: tenant.clone(), name: name.clone(), language: language.clone() };
    let mut stream = house.prompts().await.download(ask.clone()).await.unwrap().into_inner();
    let mut pieces = Vec::new();
    while let Some(piece) = stream.message().await.unwrap() {
        pieces.push(piece);
    }
    assert_eq!((pieces[0].size, pieces[0].ending.as_str(), pieces[1].size), (35, "wav", 0));
    assert_eq!(pieces.into_iter().flat_map(|piece| piece.data).collect::<Vec<_>>(), FILE);
    let delete = DeletePromptRequest { tenant, name, language };
    house.prompts().await.delete(delete.clone()).await.unwrap();
    assert_eq!(house.prompts().await.delete(delete).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(house.prompts().await.download(ask).await.unwrap_err().code(), Code::NotFound);
    assert!(list(&house, "acme").await.is_empty());
}

#[tokio::test]
async fn what_is_no_prompt_is_refused_with_the_reason() {
    let (house, _) = House::with_acme().await;
    let refused = upload(&house, "acme", "en", "welcome", b"no sound").await.unwrap_err();
    assert!(refused.message().contains("of no known kind"), "{refused}");
    assert_eq!(field(&refused), "data");
    assert_eq!(field(&upload(&house, "acme", "en", "welcome", b"").await.unwrap_err()), "data");
    let large = [FILE, &vec![0; 64 << 20]].concat();
    let pieces = large.chunks(1 << 20).map(|data| UploadPromptRequest {
        tenant: "acme".to_owned(),
        name: "welcome".to_owned(),
        language: "en".to_owned(),
        data: data.to_vec(),
        last: false,
    });
    let refused = house.prompts().await.upload(tokio_stream::iter(pieces.collect::<Vec<_>>())).await.unwrap_err();
    assert!(refused.message().contains("more than 64 MiB"), "{refused}");
    for (language, name, wrong) in [
        ("en", "", "name"),
        ("en", "../../../etc/passwd", "name"),
        ("en", "nul\0", "name"),
        ("", "welcome", "language"),
        ("../en", "welcome", "language"),
    ] {
        assert_eq!(
            field(&upload(&house, "acme", language, name, FILE).await.unwrap_err()),
            wrong,
            "{language} {name:?}"
        );
    }
    let torn = UploadPromptRequest {
        tenant: "acme".to_owned(),
        name: "welcome".to_owned(),
        language: "en".to_owned(),
        data: FILE.to_vec(),
        last: false,
    };
    let refused = house.prompts().await.upload(tokio_stream::iter([torn])).await.unwrap_err();
    assert_eq!((field(&refused).as_str(), refused.message().contains("last piece")), ("last", true), "{refused}");
    let full = upload(&house, "acme", "en", "full", FILE).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted);
    assert_eq!(upload(&house, "none", "en", "welcome", FILE).await.unwrap_err().code(), Code::NotFound);
    let nothing: Vec<UploadPromptRequest> = Vec::new();
    let refused = house.prompts().await.upload(tokio_stream::iter(nothing)).await.unwrap_err();
    assert_eq!(field(&refused), "tenant");
    assert!(house.exchange.prompts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn prompts_of_one_tenant_are_not_reached_through_another() {
    let (house, _) = House::with_acme().await;
    house.tenant("umbrella").await;
    upload(&house, "acme", "en", "welcome", FILE).await.unwrap();
    assert!(list(&house, "umbrella").await.is_empty());
    let (tenant, name, language) = ("umbrella".to_owned(), "welcome".to_owned(), "en".to_owned());
    let ask = DownloadPromptRequest { tenant: tenant.clone(), name: name.clone(), language: language.clone() };
    assert_eq!(house.prompts().await.download(ask).await.unwrap_err().code(), Code::NotFound);
    let delete = DeletePromptRequest { tenant, name, language };
    assert_eq!(house.prompts().await.delete(delete).await.unwrap_err().code(), Code::NotFound);
    upload(&house, "umbrella", "en", "welcome", b"RIFF of another").await.unwrap();
    let files: Vec<_> = house.exchange.prompts.lock().unwrap().values().cloned().collect();
    assert_eq!(files, [FILE.to_vec(), b"RIFF of another".to_vec()]);
}

#[tokio::test]
async fn an_operator_adds_lists_fetches_and_removes_prompts() {
    let (house, _) = House::with_acme().await;
    let file = std::env::temp_dir().join(format!("strowger-prompt-{}.wav", std::process::id()));
    std::fs::write(&file, FILE).unwrap();
    let shown = file.display();
    let added = typed(&house, &format!("prompt add moh/default {shown}")).await.fine();
    assert!(added.contains("moh/default") && added.contains("1:05") && added.contains("tenant"), "{added}");
    let torn = typed(&house, &format!("prompt add torn {shown} --language de")).await;
    assert!(torn.notes.contains("damaged") && torn.notes.contains("2 pieces are lost"), "{}", torn.notes);
    let listed = typed(&house, "prompt list").await.fine();
    assert!(listed.starts_with("NAME") && listed.lines().count() == 3, "{listed}");
    let page = typed(&house, "prompt list -n 1 --json").await.fine();
    let json: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!(
        (json["prompts"][0]["owner"].as_str(), json["nextPageToken"].as_str().is_some()),
        (Some("PROMPT_OWNER_TENANT"), true)
    );
    assert_eq!(typed(&house, "prompt list --prefix moh/ --own").await.fine().lines().count(), 2);
    assert_eq!(typed(&house, "prompt get moh/default -o -").await.fine().as_bytes(), FILE);
    assert_eq!(typed(&house, "prompt remove moh/default").await.fine(), "prompt moh/default (en) is deleted\n");
    assert_eq!(typed(&house, "prompt get moh/default").await.failure().0, 3);
    std::fs::write(&file, b"no sound").unwrap();
    let (code, why) = typed(&house, &format!("prompt add welcome {shown}")).await.failure();
    assert!(code == 2 && why.contains("of no known kind"), "{code}: {why}");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(typed(&house, &format!("prompt add welcome {shown}")).await.failure().0, 1);
}
