//! Carriers from the command line: in three commands, and then changed, explained and watched.

use admin::TrunkHappening;
use admin::v1::UploadDialplanRequest;
use clap::Parser;
use switch::{
    Choice, DidTarget, GatewayId, GatewayRule, Ha1, HashOver, Limit, Money, Notice, NumberClass, NumberStyle, Payer,
    Registered, Spent, TrunkId,
};

use super::{Cli, at_terminal, masked, typed};
use crate::house::{House, TOKEN, at, call_uid, cdr, component};
use crate::routes::explained;
use crate::services::charged;

/// With words that have spaces in them.
fn said(printed: &str, label: &str) -> String {
    let line =
        printed.lines().find_map(|line| line.strip_prefix(label)).unwrap_or_else(|| panic!("{label}: {printed}"));
    line.trim().to_owned()
}

#[tokio::test]
async fn a_carrier_is_set_up_in_three_commands() {
    let (house, acme) = House::with_acme().await;
    let connection = ["--endpoint", &house.endpoint, "--token", TOKEN];
    let create = "trunk create berlin -g sip.carrier.example -u 4930123400 --password-stdin --register --route";
    let printed = at_terminal(&connection, create, "correct horse\n", false).await;
    let notes = printed.notes.clone();
    let printed = printed.fine();
    assert!(!printed.contains("horse") && !notes.contains("horse"));
    assert_eq!(said(&printed, "Credentials"), "4930123400 at sip.carrier.example");
    assert_eq!(said(&printed, "Registers"), "4930123400 in the gateway's host, for 1:00:00");
    assert!(notes.contains("trunk set berlin --realm") && notes.contains("Route berlin sends all calls"), "{notes}");
    typed(&house, "number add +493012340*").await.fine();
    let granted = "grant set --allow local,national,mobile --country DE --shown +4930123400";
    let printed = typed(&house, granted).await.fine();
    assert_eq!(said(&printed, "May call"), "local,national,mobile");

    let all = house.store.outside_snapshot().await.unwrap();
    let trunk = &all.trunks[0];
    let login = trunk.login.clone().unwrap();
    assert!(login.ha1 == Ha1::of("4930123400", "sip.carrier.example", "correct horse"));
    assert_eq!(trunk.registration.as_ref().unwrap().user, "4930123400");
    assert_eq!((trunk.gateways[0].name.as_str(), trunk.gateways[0].site.port), ("sip.carrier.example", None));
    assert_eq!((all.routes[0].tenant, all.routes[0].trunk, all.routes[0].enabled), (None, trunk.id, true));
    assert_eq!(all.dids[0].leads_to, DidTarget::Dialplan);
    let outside = &all.tenants[&acme];
    assert_eq!((outside.rules.country.as_str(), outside.shown.as_ref().unwrap().digits()), ("DE", "4930123400"));
    assert_eq!(outside.grants.classes, [NumberClass::Local, NumberClass::National, NumberClass::Mobile].into());
}

#[tokio::test]
async fn a_trunk_by_address_has_all_that_can_be_said_of_one() {
    let (house, acme) = House::with_acme().await;
    let create = "trunk create sbc -g one=sbc.example:5061 -g [2001:db8::1] --transport tls --owner acme \
                  --from 192.0.2.0/28 --from 198.51.100.7,port=5061,transport=tls,certificate=sbc.example \
                  --choose hash --hash-over X-Account --probe 15 --probe-down 3 --probe-up 2 --probe-alive 200,404 \
                  --patience 2.5 --numbers national:de --number-prefix 777 --from-header login \
                  --assert remote-party --privacy withheld --diversion no --trusted --foreign yes \
                  --unknown-number 603 --keys info --early replaced --reliable required --timer 0 \
                  --timer-least 120 --fax no --srtp required --codecs pcma,g729 --language de --enabled no";
    let printed = typed(&house, create).await.fine();
    insta::assert_snapshot!("trunk_create", printed);
    let kept = house.store.trunks().by_name("sbc").await.unwrap();
    assert_eq!((kept.tenant, kept.enabled, kept.fax), (Some(acme), false, false));
    assert_eq!(kept.choice, Choice::Hash(HashOver::Header("X-Account".to_owned())));
    assert_eq!((kept.gateways[1].name.as_str(), kept.gateways[1].site.host.as_str()), ("gw2", "2001:db8::1"));
    assert_eq!(kept.sources[1].certificate.as_deref(), Some("sbc.example"));
    assert_eq!((kept.timer.expires, kept.timer.least.as_secs()), (None, 120));

    // What is not given stays, also within what is taken as a whole.
    let set = "trunk set sbc --probe-up 4 --hash-over callee --timer 600 --number-prefix 9 --enabled --register 4930";
    typed(&house, set).await.fine();
    let changed = house.store.trunks().by_name("sbc").await.unwrap();
    let probe = changed.probe.clone().unwrap();
    assert_eq!((probe.interval.as_secs(), probe.down, probe.up, probe.alive), (15, 3, 4, vec![200, 404]));
    assert_eq!(changed.choice, Choice::Hash(HashOver::Callee));
    assert_eq!((changed.timer.expires.unwrap().as_secs(), changed.timer.least.as_secs()), (600, 120));
    let style = NumberStyle::National { country: "DE".to_owned() };
    assert_eq!((changed.numbers.style, changed.numbers.prefix.as_str()), (style, "9"));
    assert_eq!((changed.identity, changed.enabled), (kept.identity, true));
    assert_eq!((changed.registration.unwrap().user.as_str(), changed.sources.len()), ("4930", 2));
    typed(&house, "trunk update sbc --no-from --no-register --probe 0 --choose weight --codecs inherit").await.fine();
    let changed = house.store.trunks().by_name("sbc").await.unwrap();
    assert_eq!((changed.registration, changed.probe, changed.sources.len()), (None, None, 0));
    assert_eq!((changed.choice, changed.media.codecs), (Choice::Weight, None));
}

#[tokio::test]
async fn what_is_missing_for_a_trunk_is_said_with_the_cure() {
    let house = House::built().await;
    for (words, cure) in [
        ("trunk create x -g sip.example -u 4930", "--password-stdin"),
        ("trunk create x -g sip.example --register", "--register USER"),
        ("trunk create x -g sip.example --register-expires 60", "--register too"),
        ("trunk create x -g sip.example --probe-down 3", "--probe too"),
        ("trunk create x -g sip.example --hash-over caller", "--choose hash"),
        ("trunk create x -g sip.example --numbers backwards", "national:DE"),
        ("trunk create x -g sip.example --probe --probe-alive 200,ok", "200,404"),
        ("trunk create x -g 2001:db8::1", "in brackets"),
        ("trunk create x --from 192.0.2.1,colour=red", "port=, transport= or certificate="),
    ] {
        let (code, why) = typed(&house, words).await.failure();
        assert!(code == 2 && why.contains(cure), "{words}: {why}");
    }
    assert!(house.store.trunks().list().await.unwrap().is_empty());
    // A password is nothing for the list of processes.
    let refused = Cli::try_parse_from(["strowger", "trunk", "create", "x", "--password", "horse"]).unwrap_err();
    assert!(refused.to_string().contains("--password-stdin"), "{refused}");
    let (_, why) = at_terminal(
        &["--endpoint", &house.endpoint, "--token", TOKEN],
        "trunk create x -u 4930 --password-stdin",
        "horse\n",
        false,
    )
    .await
    .failure();
    assert!(why.contains("--realm"), "{why}");
}

#[tokio::test]
async fn a_new_password_goes_where_the_old_one_was() {
    let house = House::built().await;
    house.trunk("berlin", "").await;
    let connection = ["--endpoint", &house.endpoint, "--token", TOKEN];
    at_terminal(&connection, "trunk set berlin --password-stdin", "battery\n", false).await.fine();
    let kept = house.store.trunks().by_name("berlin").await.unwrap().login.unwrap();
    assert!(kept.ha1 == Ha1::of("4930123", "carrier.example", "battery"));
    let (code, why) = typed(&house, "trunk set berlin --realm other.example").await.failure();
    assert!(code == 2 && why.contains("needs the password too"), "{why}");
    let (code, why) = at_terminal(&connection, "trunk set berlin --password-stdin", "", false).await.failure();
    assert!(code == 2 && why.contains("the input had none"), "{why}");
    typed(&house, "trunk set berlin --user= --no-register").await.fine();
    assert_eq!(house.store.trunks().by_name("berlin").await.unwrap().login, None);
}

/// A house with everything of the way outside.
async fn furnished() -> House {
    let (house, acme) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    let berlin = house.trunk("berlin", "").await;
    house.trunk("own", "acme").await;
    house.stands(&berlin);
    for words in [
        "number add +4930123*",
        "number add +4930123411 --to user:alice --trunk berlin",
        "route add home --trunk own --prefix +4930 --class local,national --priority 2",
        "route add all --trunk berlin --shared --disable",
        "grant set --allow local,international --abroad AT,CH --never 43900 --country DE --area 30 --line 0",
        "outside set --shown +4930123400 --emergency-trunk berlin --at city=Berlin --at street=Allee --at house=1",
        "grant set --user alice --allow none",
    ] {
        typed(&house, words).await.fine();
    }
    *house.exchange.explained.lock().unwrap() = Some(explained(TrunkId(berlin.id)));
    let spent = Spent {
        payer: Payer::Tenant(acme),
        concurrent: 2,
        hour: 17,
        seconds: 3661,
        cost: Money(1_250_000),
        day_ends: at(60),
    };
    house.exchange.spent.lock().unwrap().push(spent);
    let mut out = cdr(9, acme, "alice", "030123456");
    out.charge = Some(charged(berlin.id));
    out.legs[1].gateway = Some(switch::Via { trunk: "berlin".to_owned(), gateway: Some("one".to_owned()) });
    house.keeps(vec![out]).await;
    let upload = UploadDialplanRequest {
        tenant: "acme".to_owned(),
        name: "office".to_owned(),
        component: component(b"one"),
        activate: true,
    };
    house.dialplans().await.upload(upload).await.unwrap();
    house
}

#[tokio::test]
async fn what_there_is_outside_is_shown_for_people() {
    let house = furnished().await;
    for (name, words) in [
        ("trunk_list_table", "trunk list".to_owned()),
        ("trunk_show", "trunk show berlin".to_owned()),
        ("number_list_table", "number list".to_owned()),
        ("route_list_table", "route list".to_owned()),
        ("outside_show", "outside show".to_owned()),
        ("grant_show_user", "grant show -u alice".to_owned()),
        ("limit_show", "limit show".to_owned()),
        ("route_explain", "route explain acme 030123456 --user alice".to_owned()),
        ("cdr_list_trunk", "cdr list --trunk berlin".to_owned()),
        ("cdr_show_charge", format!("cdr show {}", call_uid(9))),
    ] {
        let printed = typed(&house, &words).await.fine();
        insta::assert_snapshot!(name, masked(&printed));
    }
}

#[tokio::test]
async fn what_there_is_outside_is_json_for_scripts() {
    let house = furnished().await;
    let read = async |words: &str| -> serde_json::Value {
        serde_json::from_str(&typed(&house, &format!("{words} --json")).await.fine()).unwrap()
    };
    let trunks = read("trunk list").await;
    assert_eq!(trunks["trunks"][0]["gateways"][1]["live"]["state"], "GATEWAY_STATE_INACTIVE");
    assert!(trunks.to_string().contains("\"login\"") && !trunks.to_string().contains("password"), "{trunks}");
    assert_eq!(read("number list").await["numbers"][1]["user"], "alice");
    assert_eq!(read("route list").await["routes"][1]["trunk"], "berlin");
    assert_eq!(read("outside show").await["grants"]["classes"][1], "NUMBER_CLASS_INTERNATIONAL");
    assert_eq!(read("limit show").await["limits"]["perHour"], 120);
    assert_eq!(read("route explain acme 030123456").await["ways"][0]["rate"]["perMinute"], "0.0125");
    assert_eq!(read(&format!("cdr show {}", call_uid(9))).await["charge"]["cost"], "0.063542");
    let moved = read("number move +4930123411 dialplan --any-trunk").await;
    assert_eq!((&moved["dialplan"], moved.get("trunk")), (&true.into(), None));
    assert_eq!(read("number remove +4930123411").await["deleted"], "+4930123411");
    assert_eq!(read("route remove all --shared").await["deleted"], "all");
    assert_eq!(read("trunk gateway remove berlin two").await["trunk"], "berlin");
}

#[tokio::test]
async fn a_list_of_nothing_outside_says_so_with_what_makes_something() {
    let (house, _) = House::with_acme().await;
    for (words, cure) in [
        ("trunk list", "strowger trunk create"),
        ("number list", "strowger number add"),
        ("route list", "strowger route add"),
    ] {
        let printed = typed(&house, words).await;
        assert!(printed.notes.contains(cure), "{words}: {}", printed.notes);
        assert_eq!(printed.fine(), "");
    }
    assert!(typed(&house, "outside show").await.fine().contains("emergency numbers alone"));
}

#[tokio::test]
async fn gateways_are_added_changed_and_removed() {
    let house = House::built().await;
    house.trunk("berlin", "").await;
    let printed =
        typed(&house, "trunk gateway add berlin spare=198.51.100.9:5080 -p 1 -w 5 --max-calls 30").await.fine();
    assert_eq!((said(&printed, "Name"), said(&printed, "Port")), ("spare".to_owned(), "5080".to_owned()));
    let kept = async || house.store.trunks().by_name("berlin").await.unwrap().gateways;
    assert_eq!((kept().await[2].priority, kept().await[2].weight), (1, 5));
    typed(&house, "trunk gateway set berlin spare --rule inactive").await.fine();
    assert_eq!(kept().await[2].rule, GatewayRule::Inactive);
    typed(&house, "trunk gateway set berlin spare --host sip.example --transport tcp -r auto").await.fine();
    let spare = kept().await[2].clone();
    assert_eq!((spare.site.to_string().as_str(), spare.rule), ("sip.example;transport=tcp", GatewayRule::Auto));
    assert_eq!((spare.priority, spare.max_calls), (1, Some(30)), "what is not given stays");
    typed(&house, "trunk gateway set berlin spare --transport dns --max-calls 0").await.fine();
    assert_eq!((kept().await[2].site.transport, kept().await[2].max_calls), (None, None));
    let printed = typed(&house, "trunk gateway remove berlin spare").await.fine();
    assert_eq!(printed, "gateway spare of trunk berlin is removed\n");
    let (code, why) = typed(&house, "trunk gateway set berlin spare --rule auto").await.failure();
    assert!(code == 3 && why.contains("no such gateway"), "{why}");
    assert_eq!(typed(&house, "trunk delete berlin").await.fine(), "trunk berlin is deleted\n");
}

#[tokio::test]
async fn limits_and_grants_are_set_and_taken_back() {
    let (house, acme) = House::with_acme().await;
    let alice = house.user("acme", "alice", "1001").await;
    house.trunk("berlin", "").await;
    let printed = typed(&house, "limit set -c 3 --per-second none -m 1200 --cost 12.5").await.fine();
    assert_eq!((said(&printed, "Calls at once"), said(&printed, "Cost a day")), ("3".to_owned(), "12.50".to_owned()));
    let limits = house.store.outside(acme).get().await.unwrap().limits;
    assert_eq!((limits.per_second, limits.per_hour, limits.minutes_per_day), (None, Some(120), Some(1200)));
    typed(&house, "limit set -u alice --per-hour 30").await.fine();
    typed(&house, "limit set --trunk berlin --concurrent 30 --cost 0").await.fine();
    assert_eq!(house.store.outside(acme).of_user(alice).await.unwrap().limits.per_hour, Some(30));
    let berlin = house.store.trunks().by_name("berlin").await.unwrap();
    assert_eq!((berlin.limits.concurrent, berlin.limits.cost_per_day), (Some(30), Some(Money(0))));
    assert!(typed(&house, "trunk show berlin").await.fine().contains("30 calls at once, 0.00 cost a day"));
    typed(&house, "limit set --cost none").await.fine();
    assert_eq!(house.store.outside(acme).get().await.unwrap().limits.cost_per_day, None);
    // Nobody should mean nothing and get everything.
    let why = Cli::try_parse_from(["strowger", "limit", "set", "-c", "0"]).unwrap_err().to_string();
    assert!(why.contains("say `none` for that"), "{why}");

    typed(&house, "grant set --allow national,international --abroad AT --never 43900").await.fine();
    typed(&house, "grant set --never none").await.fine();
    let grants = house.store.outside(acme).get().await.unwrap().grants;
    assert_eq!((grants.classes.len(), grants.countries.len(), grants.never.len()), (2, 1, 0), "the rest stays");
    typed(&house, "grant set --allow national").await.fine();
    assert!(house.store.outside(acme).get().await.unwrap().grants.countries.is_empty(), "no way abroad, no countries");
    typed(&house, "grant set -u alice --allow national").await.fine();
    typed(&house, "grant set -u alice --inherit").await.fine();
    assert_eq!(house.store.outside(acme).of_user(alice).await.unwrap().grants, None);
    let (code, why) = typed(&house, "grant set --allow everything").await.failure();
    assert!(code == 2 && why.contains("`everything` is none of emergency, internal, local"), "{why}");
    let (code, why) = typed(&house, "outside set --at planet=Mars").await.failure();
    assert!(code == 2 && why.contains("country, region, city"), "{why}");
    typed(&house, "outside set --at city=Berlin").await.fine();
    typed(&house, "outside set --no-location").await.fine();
    assert_eq!(house.store.outside(acme).get().await.unwrap().location, None);
}

#[tokio::test]
async fn rates_are_imported_with_progress_looked_up_and_fetched_again() {
    let folder = std::env::temp_dir().join(format!("strowger-rates-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let house = House::built_on(&format!("sqlite://{}?mode=rwc", folder.join("house.db").display())).await;
    house.trunk("berlin", "").await;
    let (file, back, wrong) = (folder.join("march.csv"), folder.join("back.csv"), folder.join("wrong.csv"));
    let text = ["prefix,price\n".to_owned(), "4930,0.0125\n".repeat(200_000)].concat();
    std::fs::write(&file, &text).unwrap();
    std::fs::write(&wrong, ["prefix,price\n49,1\n", &"x\n".repeat(30)].concat()).unwrap();
    let connection = ["--endpoint", &house.endpoint, "--token", TOKEN];
    let words = format!("route import-rates {} --trunk berlin", file.display());
    let printed = at_terminal(&connection, &words, "", true).await;
    assert!(printed.notes.contains("2.4 MB of 2.4 MB (100 %)"), "{}", printed.notes);
    assert!(printed.notes.matches('\r').count() > 3, "it tells on the way: {}", printed.notes);
    let printed = printed.fine();
    assert_eq!((said(&printed, "Rates"), said(&printed, "File")), ("200000".to_owned(), "march.csv".to_owned()));
    let silent = typed(&house, &words).await;
    assert_eq!(silent.notes, "", "no progress for scripts");

    let printed = typed(&house, "route rates berlin +4930123456").await.fine();
    assert_eq!(said(&printed, "Price"), "0.0125/min, 0.05 at the answer, 60/1 s");
    assert!(typed(&house, "route rates berlin +33123").await.fine().contains("not known"));
    let export = format!("route export-rates berlin --output {}", back.display());
    assert!(typed(&house, &export).await.fine().contains("2.4 MB"));
    assert!(std::fs::read_to_string(&back).unwrap() == text);
    assert!(typed(&house, "route export-rates berlin -o -").await.fine() == text);

    let words = format!("route import-rates {} --trunk berlin", wrong.display());
    let (code, why) = typed(&house, &words).await.failure();
    assert!(code == 2 && why.contains("nothing was imported; 30 lines are wrong"), "{why}");
    assert!(why.contains("\n  line 3, prefix: `x` begins with no digits") && why.contains("and 10 more"), "{why}");
    assert!(typed(&house, "route export-rates berlin -o -").await.fine() == text, "the old ones stay");
    let (code, why) = typed(&house, "route import-rates /nowhere/rates.csv --trunk berlin").await.failure();
    assert!(code == 1 && why.contains("/nowhere/rates.csv"), "{why}");
    // A folder opens as a file does, and fails at the first byte: the old rates must not be replaced by none.
    let (_, why) = typed(&house, &format!("route import-rates {} --trunk berlin", folder.display())).await.failure();
    assert!(why.contains("directory"), "{why}");
    assert!(typed(&house, "route export-rates berlin -o -").await.fine() == text);
    let (code, _) = typed(&house, &format!("route import-rates {} --trunk rome", file.display())).await.failure();
    assert_eq!(code, 3);
    typed(&house, "route remove-rates berlin").await.fine();
    assert_eq!(typed(&house, "route rates berlin").await.failure().0, 3);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn what_cannot_be_called_is_explained_too() {
    let (house, _) = House::with_acme().await;
    let (code, why) = typed(&house, "route explain acme 030").await.failure();
    assert!(code == 4 && why.contains("not ready for calls outside"), "{why}");
    let refused = Some("premium numbers are not granted".to_owned());
    *house.exchange.explained.lock().unwrap() = Some(admin::Explained { refused, ..Default::default() });
    let printed = typed(&house, "route explain acme 0900123").await.fine();
    assert_eq!(said(&printed, "May be called"), "no: premium numbers are not granted");
    *house.exchange.explained.lock().unwrap() = Some(admin::Explained::default());
    let printed = typed(&house, "route explain acme 1001").await.fine();
    assert_eq!(said(&printed, "Number"), "none outside");
    assert_eq!(said(&printed, "May be called"), "no: no route leads there");
}

#[tokio::test]
async fn what_happens_to_trunks_is_a_line_each() {
    let (mut house, acme) = House::with_acme().await;
    let alice = house.user("acme", "alice", "1001").await;
    let berlin = house.trunk("berlin", "").await;
    house.stands(&berlin);
    let endpoint = house.endpoint.clone();
    let connection = ["--endpoint", &endpoint, "--token", TOKEN];
    let (trunk, gateway) = (TrunkId(berlin.id), GatewayId(berlin.gateways[1].id));
    let exchange = house.exchange.clone();
    let happens = async {
        while exchange.trunk_news.receiver_count() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let failed = Registered::Failed { status: 403, why: "the password is wrong".to_owned(), again: at(90) };
        for (second, notice) in (1..).zip([
            Notice::Registration { trunk, state: failed },
            Notice::Gateway { trunk, gateway, state: switch::GatewayState::Probing },
            Notice::Attempt { trunk, gateway, status: Some(503), rang_after: None },
            Notice::Attempt {
                trunk,
                gateway,
                status: Some(200),
                rang_after: Some(std::time::Duration::from_millis(1250)),
            },
            Notice::SpendingNear { payer: Payer::Tenant(acme), limit: Limit::Minutes },
            Notice::SpendingOver { payer: Payer::User(alice), limit: Limit::Cost },
            Notice::SpendingOver { payer: Payer::Trunk(trunk), limit: Limit::Concurrent },
        ]) {
            exchange.trunk_news.send(TrunkHappening { at: at(second), notice }).unwrap();
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        house.closes().await.unwrap();
    };
    let words = at_terminal(&connection, "trunk watch", "", false);
    let json = at_terminal(&connection, "trunk watch berlin --json", "", false);
    let (words, json, ()) = tokio::join!(words, json, happens);
    assert!(words.notes.contains("ended the watch"));
    let words = words.fine();
    let (first, rest) = words.split_once('\n').unwrap();
    let now = "berlin  now: registration until 2026-03-01 13:00:00, gateways alive 1 of 2, 6 calls";
    assert!(first.ends_with(now), "{first}");
    insta::assert_snapshot!("trunk_watch", rest);
    let json = json.fine();
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6, "of the trunk alone: {json}");
    assert_eq!((&lines[3]["attempt"]["status"], &lines[5]["spendingOver"]["trunk"]), (&503.into(), &"berlin".into()));
}

/// A line as a shell takes it apart, without what follows two spaces or a pipe.
fn split(line: &str) -> Vec<String> {
    let line = line.split("   ").next().unwrap_or_default();
    let line = line.split_once(" | jq").map_or(line, |(command, _)| command);
    let line = line.split_once("| strowger").map_or(line.to_owned(), |(_, command)| format!("strowger{command}"));
    let (mut words, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_of_the_chapter_and_of_the_help_can_be_typed() {
    let mut lines: Vec<String> = include_str!("../../../../../docs/trunks.md").lines().map(str::to_owned).collect();
    for noun in ["trunk", "number", "route", "outside", "limit", "cdr"] {
        let help = Cli::try_parse_from(["strowger", noun, "--help"]).unwrap_err().to_string();
        lines.extend(help.lines().map(|line| line.trim().to_owned()));
    }
    let commands = lines.iter().filter(|line| line.starts_with("strowger ") || line.contains("| strowger "));
    let mut typed = 0;
    for command in commands.filter(|line| !line.contains("--help")) {
        if let Err(wrong) = Cli::try_parse_from(split(command)) {
            panic!("{command}: {wrong}");
        }
        typed += 1;
    }
    assert!(typed > 70, "{typed}");
}
