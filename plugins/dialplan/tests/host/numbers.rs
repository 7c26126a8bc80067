//! Numbers outside: what a guest knows of them, and its calls to them.

use std::time::Duration;

use switch::{
    Cause, Command, Dial, DialFacts, DialOutcome, EarlyMedia, Limit, Order, Outside, Refusal, Reply, Target, UserId,
};

use crate::exchange::{Line, guest, on_one_worker};

fn dial(number: &str, outside: Outside) -> Command {
    let targets = vec![Target::Number(number.to_owned())];
    Command::Dial(Dial { targets, order: Order::AtOnce, ring_time: Duration::from_secs(5), outside })
}

#[test]
fn a_number_is_understood_for_who_calls() {
    on_one_worker(async {
        let mut line =
            Line::dials(&guest("parrot"), "understand 0030123456;understand 112;understand nothing;understand ");
        line.asks(Command::Detach, Reply::Done).await;
        let told: Vec<String> = (0..4).map(|step| line.kept(step).expect("kept")).collect();
        assert_eq!(
            told,
            [
                "Some(Number { number: \"+30123456\", class: Class::International, permitted: false })",
                "Some(Number { number: \"112\", class: Class::Emergency, permitted: true })",
                "None",
                "None",
            ]
        );
        let mut line = Line::of_user(&guest("parrot"), "understand +30123456", UserId(7));
        line.asks(Command::Detach, Reply::Done).await;
        assert!(line.kept(0).expect("kept").contains("permitted: true"));
    });
}

#[test]
fn a_number_is_called_just_as_the_guest_says_and_it_hears_how_that_came_out() {
    on_one_worker(async {
        let steps = "outside +30123456 5000 by:a,by:b,not:c,show:+49302,private,early:replaced";
        let mut line = Line::dials(&guest("parrot"), steps);
        let outside = Outside {
            trunks: vec!["a".to_owned(), "b".to_owned()],
            without: vec!["c".to_owned()],
            shown: Some("+49302".to_owned()),
            private: true,
            early: Some(EarlyMedia::Replaced),
        };
        line.asks(dial("+30123456", outside), Reply::Dialled(DialOutcome::Failed { status: 503 })).await;
        let facts = DialFacts { status: Some(503), cause: Some(Cause(42)), trunk: Some("b".to_owned()), rang: false };
        line.asks(Command::LastDial, Reply::LastDial(facts)).await;
        line.asks(Command::Detach, Reply::Done).await;
        assert_eq!(
            line.kept(0).expect("kept"),
            "Ok(Outcome { outcome: DialOutcome::Failed(503), status: Some(503), cause: Some(42), trunk: Some(\"b\"), \
             rang: false, spent: None })"
        );
    });
}

#[test]
fn a_limit_that_is_reached_has_its_name() {
    on_one_worker(async {
        for limit in [Limit::Concurrent, Limit::PerSecond, Limit::PerHour, Limit::Minutes, Limit::Cost] {
            let mut line = Line::dials(&guest("parrot"), "outside 112 5000");
            line.asks(dial("112", Outside::default()), Reply::Dialled(DialOutcome::Spent(limit))).await;
            line.asks(Command::LastDial, Reply::LastDial(DialFacts::default())).await;
            line.asks(Command::Detach, Reply::Done).await;
            let told = line.kept(0).expect("kept");
            assert!(told.contains(&format!("spent: Some(\"{}\")", limit.as_str())), "{told}");
            assert!(told.contains("DialOutcome::Forbidden"), "{told}");
        }
    });
}

#[test]
fn what_is_no_number_or_no_name_of_a_trunk_reaches_nobody() {
    on_one_worker(async {
        let long = "1".repeat(65);
        let many = vec!["by:a"; 17].join(",");
        let steps = format!(
            "outside {long} 5000;outside 1\\n2 5000;outside 1 5000 by:;outside 1 5000 by:{long};outside 1 5000 {many};\
             outside 1 5000 show:"
        );
        let mut line = Line::dials(&guest("parrot"), &steps);
        line.asks(Command::Detach, Reply::Done).await;
        for step in 0..6 {
            assert_eq!(line.kept(step).as_deref(), Some("Err(Error::BadValue)"), "{step}");
        }
        let mut line = Line::dials(&guest("parrot"), "outside 1 5000");
        line.asks(dial("1", Outside::default()), Reply::Refused(Refusal::WrongState)).await;
        line.asks(Command::Detach, Reply::Done).await;
        assert_eq!(line.kept(0).as_deref(), Some("Err(Error::WrongState)"));
    });
}
