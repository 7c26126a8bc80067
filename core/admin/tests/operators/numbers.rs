//! Numbers of tenants: added, listed, moved, removed.

use admin::v1::{
    CreateNumberRequest, CreateRoomRequest, DeleteNumberRequest, ListNumbersRequest, Number, UpdateNumberRequest,
    create_number_request, number, update_number_request,
};
use tonic::{Code, Response, Status};

use crate::house::House;

pub(crate) fn create(tenant: &str, numbers: &str) -> CreateNumberRequest {
    CreateNumberRequest { tenant: tenant.to_owned(), numbers: numbers.to_owned(), ..Default::default() }
}

async fn add(house: &House, tenant: &str, numbers: &str) -> Result<Number, Status> {
    house.numbers().await.create(create(tenant, numbers)).await.map(Response::into_inner)
}

#[tokio::test]
async fn numbers_are_added_moved_listed_and_removed() {
    use create_number_request::LeadsTo as New;
    use update_number_request::LeadsTo as Moved;
    let (house, _) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    let room = CreateRoomRequest { tenant: "acme".to_owned(), name: "600".to_owned(), ..Default::default() };
    house.rooms().await.create(room).await.unwrap();
    house.trunk("berlin", "").await;
    let before = house.told();
    let mut numbers = house.numbers().await;
    let made = add(&house, "acme", "+4930123*").await.unwrap();
    assert_eq!((made.tenant.as_str(), made.numbers.as_str(), made.trunk.clone()), ("acme", "+4930123*", None));
    assert_eq!(made.leads_to, Some(number::LeadsTo::Dialplan(true)), "where nobody says else");
    let mut request = create("acme", "+4930123400-+4930123499");
    (request.trunk, request.leads_to) = ("berlin".to_owned(), Some(New::User("alice".to_owned())));
    let range = numbers.create(request).await.unwrap().into_inner();
    assert_eq!(range.trunk.as_deref(), Some("berlin"));
    assert_eq!(range.leads_to, Some(number::LeadsTo::User("alice".to_owned())));

    let update = |trunk: Option<&str>, leads_to| UpdateNumberRequest {
        tenant: "acme".to_owned(),
        numbers: range.numbers.clone(),
        trunk: trunk.map(str::to_owned),
        leads_to,
    };
    let room = Some(Moved::Room("600".to_owned()));
    let moved = numbers.update(update(None, room)).await.unwrap().into_inner();
    let leads_to = Some(number::LeadsTo::Room("600".to_owned()));
    assert_eq!((moved.id, &moved.leads_to, moved.trunk.as_deref()), (range.id, &leads_to, Some("berlin")));
    let moved = numbers.update(update(Some(""), None)).await.unwrap().into_inner();
    assert_eq!((&moved.leads_to, &moved.trunk), (&leads_to, &None), "what was absent stays");
    assert_eq!(house.told(), before + 4);

    let (mut seen, mut page_token) = (Vec::new(), String::new());
    for number in 10..15 {
        add(&house, "acme", &format!("+4940{number}")).await.unwrap();
    }
    loop {
        let request = ListNumbersRequest { tenant: "acme".to_owned(), page_size: 3, page_token };
        let page = numbers.list(request).await.unwrap().into_inner();
        seen.extend(page.numbers.into_iter().map(|number| number.numbers));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let wanted = ["+4930123*", "+4930123400-+4930123499", "+494010", "+494011", "+494012", "+494013", "+494014"];
    assert_eq!(seen, wanted);
    let gone = |numbers: &str| DeleteNumberRequest { tenant: "acme".to_owned(), numbers: numbers.to_owned() };
    numbers.delete(gone("+494010")).await.unwrap();
    let refused = numbers.delete(gone("+494010")).await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (Code::NotFound, "there is no such number"));
}

#[tokio::test]
async fn a_number_that_somebody_has_is_not_given_twice_and_nothing_of_the_other_is_told() {
    let (house, _) = House::with_acme().await;
    house.tenant("umbrella").await;
    add(&house, "acme", "+4930123456").await.unwrap();
    let before = house.told();
    let refused = add(&house, "umbrella", "+4930*").await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(refused.message(), "of +4930* another tenant owns some already");
    assert_eq!(add(&house, "acme", "+4930123456").await.unwrap_err().message(), "there is such a number already");
    assert_eq!(house.told(), before);
}

#[tokio::test]
async fn who_is_not_there_is_reached_by_no_number() {
    use create_number_request::LeadsTo;
    let (house, _) = House::with_acme().await;
    house.tenant("umbrella").await;
    house.user("umbrella", "wesker", "1001").await;
    house.trunk("theirs", "umbrella").await;
    let mut numbers = house.numbers().await;
    let to = |leads_to, trunk: &str| CreateNumberRequest {
        leads_to: Some(leads_to),
        trunk: trunk.to_owned(),
        ..create("acme", "+4930123456")
    };
    for (leads_to, trunk, code, said) in [
        (LeadsTo::User("wesker".to_owned()), "", Code::NotFound, "no such user"),
        (LeadsTo::Room("600".to_owned()), "", Code::NotFound, "no such room"),
        (LeadsTo::Dialplan(true), "rome", Code::NotFound, "no such trunk"),
        (LeadsTo::Dialplan(true), "theirs", Code::NotFound, "no such trunk"),
        (LeadsTo::Dialplan(false), "", Code::InvalidArgument, "dialplan: true"),
        (LeadsTo::User(String::new()), "", Code::InvalidArgument, "user: the name"),
    ] {
        let refused = numbers.create(to(leads_to, trunk)).await.unwrap_err();
        assert!(refused.code() == code && refused.message().contains(said), "{said}: {refused}");
    }
    assert!(house.store.outside_snapshot().await.unwrap().dids.is_empty());
}
