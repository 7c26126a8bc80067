//! A guest's caller at mailboxes.

use switch::{Command, Event, Failure, Label, Reply};

use crate::exchange::{Line, caller_hung_up, guest, keeper, on_one_worker};

/// How the fake voicemail says that somebody came.
fn comes(mailbox: &str, how: &str) -> Command {
    Command::Attach(Label { name: mailbox.to_owned(), version: how.to_owned() })
}

#[test]
fn a_guest_lets_its_caller_leave_messages_and_is_told_what_came_of_it() {
    on_one_worker(async {
        let boxes = [
            ("101", "busy", "Ok(Parted::Done)"),
            ("connected", "no-answer", "Ok(Parted::Connected)"),
            ("full", "offline", "Err(VoicemailError::Full)"),
            ("wrong-pin", "chosen", "Err(VoicemailError::WrongPin)"),
            ("wrong-state", "chosen", "Err(VoicemailError::WrongState)"),
            ("no-resources", "chosen", "Err(VoicemailError::NoResources)"),
            ("102", "chosen", "Err(VoicemailError::NoMailbox)"),
        ];
        let steps: Vec<String> = boxes.iter().map(|(name, reason, _)| format!("leave {name} {reason}")).collect();
        let mut line = Line::dials(&guest("parrot"), &steps.join(";"));
        for (name, reason, _) in boxes {
            line.asks(comes(name, reason), Reply::Done).await;
        }
        line.asks(Command::Detach, Reply::Done).await;
        for (at, (_, _, said)) in boxes.iter().enumerate() {
            assert_eq!(line.kept(at).as_deref(), Some(*said));
        }
    });
}

#[test]
fn a_guest_lets_its_caller_hear_messages_of_his_own_and_others_and_find_somebody_by_name() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("parrot"), "listen own;listen any;listen 101;find-by-name");
        for (name, how) in [("101", "Own"), ("101", "Any"), ("101", r#"Of("101")"#), ("connected", "by name")] {
            line.asks(comes(name, how), Reply::Done).await;
        }
        line.asks(Command::Detach, Reply::Done).await;
        assert_eq!(line.kept(3).as_deref(), Some("Ok(Parted::Connected)"));
    });
}

#[test]
fn a_guest_knows_which_mailboxes_there_are_and_what_waits_in_them() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("parrot"), "find-mailbox bob;find-mailbox 102;count 101;count 102");
        line.asks(Command::Detach, Reply::Done).await;
        assert_eq!(line.kept(0).as_deref(), Some(r#"Some("101")"#));
        assert_eq!(line.kept(1).as_deref(), Some("None"));
        let waiting = "Some(Waiting { new: 2, saved: 3, urgent-new: 1, urgent-saved: 0 })";
        assert_eq!(line.kept(2).as_deref(), Some(waiting));
        assert_eq!(line.kept(3).as_deref(), Some("None"));
    });
}

#[test]
fn a_name_that_is_none_never_reaches_voicemail() {
    on_one_worker(async {
        let long = "9".repeat(65);
        let mut line = Line::dials(&guest("parrot"), &format!("leave;leave {long};listen {long};find-mailbox {long}"));
        line.asks(Command::Detach, Reply::Done).await;
        for step in 0..3 {
            assert_eq!(line.kept(step).as_deref(), Some("Err(VoicemailError::BadValue)"), "step {step}");
        }
        assert_eq!(line.kept(3).as_deref(), Some("None"));
    });
}

#[test]
fn who_hangs_up_while_he_leaves_a_message_is_gone_for_the_guest() {
    on_one_worker(async {
        let mut line = Line::dials(&guest("parrot"), "leave 101;listen own");
        assert_eq!(line.next().await, Some(comes("101", "chosen")));
        line.event(Event::Ended(caller_hung_up())).await;
        let (tenant, ended) = (line.invitation.tenant, line.end().await);
        let said = keeper().kept(tenant, "1");
        assert_eq!((ended, said.as_deref()), (Err(Failure::HungUp), Some("Err(VoicemailError::HungUp(None))")));
    });
}
