//! Routes and rates: which way calls go, and at what price.

use std::time::Duration;

use admin::v1::import_rates_response::Result as Came;
use admin::v1::{
    CreateRouteRequest, DeleteRatesRequest, DeleteRouteRequest, DownloadRatesRequest, ExplainRequest, GetRatesRequest,
    ImportRatesRequest, ListRoutesRequest, NumberClass, NumberClasses, Rate, Route, UpdateRouteRequest,
};
use admin::{Explained, ExplainedWay};
use switch::{Number, TrunkId};
use tokio_stream::StreamExt;
use tonic::{Code, Status};

use crate::carriers;
use crate::house::House;

fn route(tenant: &str, name: &str, trunk: &str) -> CreateRouteRequest {
    CreateRouteRequest {
        tenant: tenant.to_owned(),
        name: name.to_owned(),
        trunk: trunk.to_owned(),
        ..Default::default()
    }
}

fn names(routes: &[Route]) -> Vec<(&str, Option<&str>)> {
    routes.iter().map(|route| (route.name.as_str(), route.tenant.as_deref())).collect()
}

#[tokio::test]
async fn routes_are_made_listed_changed_and_deleted() {
    let (house, acme) = House::with_acme().await;
    house.trunk("berlin", "").await;
    house.trunk("own", "acme").await;
    let before = house.told();
    let mut routes = house.routes().await;
    let request = CreateRouteRequest {
        prefix: "+4930".to_owned(),
        classes: vec![NumberClass::Mobile.into(), NumberClass::National.into(), NumberClass::Mobile.into()],
        priority: 7,
        hours: "mo-fr 08:00-18:00".to_owned(),
        disabled: true,
        ..route("acme", "home", "own")
    };
    let made = routes.create(request.clone()).await.unwrap().into_inner();
    let classes = [NumberClass::National, NumberClass::Mobile];
    assert_eq!((made.prefix.as_str(), made.classes().collect::<Vec<_>>()), ("4930", classes.to_vec()));
    assert_eq!((made.trunk.as_str(), made.priority, made.enabled), ("own", 7, false));
    assert_eq!(made.hours.as_deref(), Some("mo,tu,we,th,fr 08:00-18:00"));
    assert_eq!(routes.create(request).await.unwrap_err().code(), Code::AlreadyExists);
    routes.create(route("", "home", "berlin")).await.unwrap();
    // What is one tenant's serves no other, and not all.
    let refused = routes.create(route("", "all", "own")).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("trunk: "), "{refused}");

    let mut list = async |tenant: &str, shared| {
        let request = ListRoutesRequest { tenant: tenant.to_owned(), shared };
        routes.list(request).await.unwrap().into_inner().routes
    };
    assert_eq!(names(&list("acme", false).await), [("home", Some("acme"))]);
    assert_eq!(names(&list("acme", true).await), [("home", Some("acme")), ("home", None)]);
    assert_eq!(names(&list("", true).await), [("home", None)]);

    let update = UpdateRouteRequest {
        tenant: "acme".to_owned(),
        name: "home".to_owned(),
        classes: Some(NumberClasses::default()),
        trunk: Some("berlin".to_owned()),
        hours: Some(String::new()),
        enabled: Some(true),
        ..Default::default()
    };
    let changed = routes.update(update).await.unwrap().into_inner();
    assert_eq!((changed.trunk.as_str(), changed.hours.as_deref(), changed.enabled), ("berlin", None, true));
    assert_eq!((changed.classes.len(), changed.prefix.as_str(), changed.priority), (0, "4930", 7));
    let gone = |tenant: &str| DeleteRouteRequest { tenant: tenant.to_owned(), name: "home".to_owned() };
    routes.delete(gone("acme")).await.unwrap();
    assert_eq!(routes.delete(gone("acme")).await.unwrap_err().code(), Code::NotFound);
    assert!(house.store.routes(acme).list().await.unwrap().is_empty());
    assert_eq!(house.store.shared_routes().list().await.unwrap().len(), 1, "that of all stays");
    assert_eq!(house.told(), before + 4);
}

async fn import(house: &House, trunk: &str, file: &[u8]) -> Result<Came, Status> {
    let (trunk, name) = (trunk.to_owned(), "rates.csv".to_owned());
    let head = ImportRatesRequest { trunk, file: name, ..Default::default() };
    let pieces = file.chunks(7).map(|data| ImportRatesRequest { data: data.to_vec(), ..Default::default() });
    let mut all: Vec<_> = [head].into_iter().chain(pieces).collect();
    all.last_mut().unwrap().last = true;
    let answer = house.routes().await.import_rates(tokio_stream::iter(all)).await?;
    Ok(answer.into_inner().result.unwrap())
}

const FILE: &[u8] = b"prefix,price\n49,0.0125\n4930,0.01\n";

async fn download(house: &House, trunk: &str) -> Result<Vec<u8>, Status> {
    let request = DownloadRatesRequest { trunk: trunk.to_owned() };
    let mut pieces = house.routes().await.download_rates(request).await?.into_inner();
    let (mut file, mut size) = (Vec::new(), None);
    while let Some(piece) = pieces.message().await? {
        size.get_or_insert(piece.size);
        file.extend(piece.data);
    }
    assert_eq!(size, Some(file.len() as u64));
    Ok(file)
}

#[tokio::test]
async fn rates_are_imported_looked_up_fetched_and_deleted() {
    let house = House::built().await;
    let berlin = house.trunk("berlin", "").await;
    let before = house.told();
    let get = |number: &str| GetRatesRequest { trunk: "berlin".to_owned(), number: number.to_owned() };
    let mut routes = house.routes().await;
    assert_eq!(routes.get_rates(get("")).await.unwrap_err().message(), "there is no such rate table");
    let Came::Imported(sheet) = import(&house, "berlin", FILE).await.unwrap() else { panic!("faults") };
    assert_eq!((sheet.trunk.as_str(), sheet.count, sheet.file.as_str()), ("berlin", 2, "rates.csv"));
    assert_eq!(house.told(), before + 1, "the exchange is told");
    let (kept, bytes) = house.store.rates().get(TrunkId(berlin.id)).await.unwrap();
    assert_eq!((kept.count, bytes.as_slice()), (2, FILE));
    let found = routes.get_rates(get("+4930123456")).await.unwrap().into_inner();
    assert_eq!(found.sheet, Some(sheet));
    let rate = Rate {
        prefix: "4930".to_owned(),
        connect: "0.05".to_owned(),
        per_minute: "0.0125".to_owned(),
        first: 60,
        step: 1,
    };
    assert_eq!(found.rate, Some(rate));
    assert_eq!(routes.get_rates(get("+33123456")).await.unwrap().into_inner().rate, None);
    assert_eq!(routes.get_rates(get("030123456")).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(download(&house, "berlin").await.unwrap(), FILE);
    let delete = || DeleteRatesRequest { trunk: "berlin".to_owned() };
    routes.delete_rates(delete()).await.unwrap();
    assert_eq!(house.told(), before + 2);
    assert_eq!(routes.delete_rates(delete()).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(download(&house, "berlin").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_file_with_faults_replaces_nothing_and_its_lines_are_named() {
    let house = House::built().await;
    house.trunk("berlin", "").await;
    import(&house, "berlin", FILE).await.unwrap();
    let before = house.told();
    let wrong = [b"prefix,price\n49,1\nx,2\n".as_slice(), &b"y\n".repeat(3000)].concat();
    let Came::Faults(faults) = import(&house, "berlin", &wrong).await.unwrap() else { panic!("imported") };
    assert_eq!((faults.count, faults.faults.len()), (3001, 1000), "the first of them, and how many there are");
    let first = &faults.faults[0];
    assert_eq!((first.line, first.column.as_str(), first.why.as_str()), (3, "prefix", "`x,2` begins with no digits"));
    // However long a line is, little comes back of it.
    let long = [b"prefix,price\n".as_slice(), &vec![b'z'; 1 << 20]].concat();
    let Came::Faults(faults) = import(&house, "berlin", &long).await.unwrap() else { panic!("imported") };
    assert!(faults.faults[0].why.len() <= 300);
    assert_eq!(download(&house, "berlin").await.unwrap(), FILE);
    assert_eq!(house.told(), before);
}

#[tokio::test]
async fn an_import_that_breaks_off_replaces_nothing() {
    let house = House::built().await;
    house.trunk("berlin", "").await;
    import(&house, "berlin", FILE).await.unwrap();
    let head = ImportRatesRequest {
        trunk: "berlin".to_owned(),
        file: "half.csv".to_owned(),
        data: b"prefix,price\n1,2\n".to_vec(),
        last: false,
    };
    let mut routes = house.routes().await;
    // To the server a client that goes away looks like one that is done: only the last piece says that it is.
    let refused = routes.import_rates(tokio_stream::once(head.clone())).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("last: "), "{refused}");
    let endless = tokio_stream::once(head).chain(tokio_stream::pending());
    let broken = tokio::time::timeout(Duration::from_millis(200), routes.import_rates(endless)).await;
    assert!(broken.is_err(), "the file is not whole");
    assert_eq!(download(&house, "berlin").await.unwrap(), FILE);
    // Its place is free again.
    for _ in 0..3 {
        import(&house, "berlin", FILE).await.unwrap();
    }
}

#[tokio::test]
async fn what_the_exchange_cannot_do_yet_is_said_to_be_so() {
    let (house, _) = House::with_acme().await;
    house.trunk("berlin", "").await;
    assert_eq!(import(&house, "berlin", b"later").await.unwrap_err().code(), Code::Unavailable);
    import(&house, "berlin", b"title\n0 is no table of this version\n").await.unwrap();
    assert_eq!(download(&house, "berlin").await.unwrap_err().code(), Code::DataLoss);
    let explain =
        ExplainRequest { tenant: "acme".to_owned(), number: "030123".to_owned(), ..ExplainRequest::default() };
    assert_eq!(house.routes().await.explain(explain).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(import(&house, "rome", FILE).await.unwrap_err().code(), Code::NotFound);
    let nothing = house.routes().await.import_rates(tokio_stream::empty()).await.unwrap_err();
    assert_eq!(nothing.code(), Code::InvalidArgument);
}

/// Two ways to a number in Berlin, and one that is not taken.
pub(crate) fn explained(trunk: TrunkId) -> Explained {
    let way = |route: Option<&str>, taken, why: &str, rate| ExplainedWay {
        route: route.map(str::to_owned),
        trunk,
        taken,
        why: why.to_owned(),
        rate,
        destination: if taken { "Germany Berlin".to_owned() } else { String::new() },
        minute: taken.then_some(switch::Money(62_500)),
    };
    Explained {
        number: Some(Number::World("+4930123456".parse().unwrap())),
        class: Some(switch::NumberClass::Local),
        country: "DE".to_owned(),
        refused: None,
        ways: vec![
            way(Some("home"), true, "prefix 4930 is the longest", Some(carriers::rate())),
            way(Some("spare"), true, "no prefix", None),
            way(Some("night"), false, "only mo-fr 20:00-06:00", None),
        ],
    }
}

#[tokio::test]
async fn a_call_is_explained_by_the_names_of_things() {
    let (house, acme) = House::with_acme().await;
    let alice = house.user("acme", "alice", "1001").await;
    let berlin = house.trunk("berlin", "").await;
    *house.exchange.explained.lock().unwrap() = Some(explained(TrunkId(berlin.id)));
    let ask = |user: &str| ExplainRequest {
        tenant: "acme".to_owned(),
        number: "030123456".to_owned(),
        user: user.to_owned(),
    };
    let mut routes = house.routes().await;
    let said = routes.explain(ask("alice")).await.unwrap().into_inner();
    assert_eq!((said.dialled.as_str(), said.number.as_deref()), ("030123456", Some("+4930123456")));
    assert_eq!((said.class(), said.country.as_str(), &said.refused), (NumberClass::Local, "DE", &None));
    let ways: Vec<_> = said.ways.iter().map(|way| (way.route.as_str(), way.trunk.as_str(), way.taken)).collect();
    assert_eq!(ways, [("home", "berlin", true), ("spare", "berlin", true), ("night", "berlin", false)]);
    let first = &said.ways[0];
    assert_eq!(first.rate.as_ref().unwrap().per_minute, "0.0125");
    assert_eq!((first.minute.as_deref(), first.destination.as_str()), (Some("0.0625"), "Germany Berlin"));
    assert_eq!(routes.explain(ask("nobody")).await.unwrap_err().code(), Code::NotFound);
    routes.explain(ask("")).await.unwrap();
    let asked = house.exchange.asked.lock().unwrap().clone();
    assert_eq!(asked, [(acme, "030123456".to_owned(), Some(alice)), (acme, "030123456".to_owned(), None)]);
}
