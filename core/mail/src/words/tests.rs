//! What is written, in three languages.

use std::time::UNIX_EPOCH;

use super::*;
use crate::Error;

/// 2026-01-01 23:30:05 UTC, a Thursday; in Vienna it is Friday already.
const WHEN: u64 = 1_767_310_205;

fn facts() -> Facts {
    Facts {
        caller: Some("Zoë O'Hara".to_owned()),
        number: Some("+43123456".to_owned()),
        mailbox: "1001".to_owned(),
        owner: Some("Alice".to_owned()),
        when: UNIX_EPOCH + Duration::from_secs(WHEN),
        zone: "Europe/Vienna".to_owned(),
        length: Duration::from_millis(61_900),
        count: 3,
        link: Some("https://pbx.example.com/m/7?a=1&b=2".to_owned()),
    }
}

fn written(language: &str, kind: Kind, facts: &Facts) -> Written {
    Words::for_language(&[], language, kind).write(facts)
}

#[test]
fn a_message_is_told_in_three_languages() {
    let english = written("en", Kind::Message, &facts());
    assert_eq!(english.subject, "Voice message from Zoë O'Hara");
    assert!(english.text.contains("Date:   Friday, 2 January 2026\nTime:   00:30\nLength: 1 minute 1 second\n"));
    assert!(english.text.contains("Listen to it: https://pbx.example.com/m/7?a=1&b=2"));

    let german = written("de-AT", Kind::Message, &facts());
    assert_eq!(german.subject, "Sprachnachricht von Zoë O'Hara");
    assert!(
        german.text.contains("Datum:   Freitag, 2. Januar 2026\nUhrzeit: 00:30 Uhr\nLänge:   1 Minute 1 Sekunde\n")
    );

    let first = Facts { zone: "UTC".to_owned(), length: Duration::from_secs(125), ..facts() };
    let french = written("FR-ca", Kind::Message, &first);
    assert_eq!(french.subject, "Message vocal : Zoë O'Hara");
    assert!(french.text.contains("Date :     jeudi 1er janvier 2026\n"), "{}", french.text);
    assert!(french.text.contains("Heure :    23 h 30\nDurée :    2 minutes 5 secondes\n"));
}

#[test]
fn every_built_in_template_can_be_written_and_leaves_no_braces() {
    for kind in Kind::ALL {
        for language in ["en", "de", "fr", "xx"] {
            let words = written(language, kind, &facts());
            let html = words.html.expect("HTML");
            for part in [&words.subject, &words.text, &html] {
                assert!(!part.contains(['{', '}']), "{part}");
                assert!(part.contains("1001") || part.contains("Zoë"), "{part}");
            }
        }
    }
}

#[test]
fn without_a_link_its_line_is_left_out() {
    let words = written("en", Kind::Message, &Facts { link: None, ..facts() });
    assert!(!words.text.contains("Listen") && words.text.contains("in all: 3"), "{}", words.text);
    assert!(!words.html.unwrap().contains("Listen"));
}

#[test]
fn who_is_not_known_is_called_so() {
    let nobody = Facts { caller: None, number: None, owner: None, ..facts() };
    let words = written("de", Kind::Message, &nobody);
    assert_eq!(words.subject, "Sprachnachricht von Unbekannt");
    assert!(words.text.contains("Nummer:  unterdrückt") && words.text.starts_with("Guten Tag 1001,"));
    let unnamed = Facts { caller: Some(" \r\n ".to_owned()), ..facts() };
    assert_eq!(written("en", Kind::Message, &unnamed).subject, "Voice message from +43123456");
}

#[test]
fn a_hostile_name_is_text_in_html_and_one_line_everywhere() {
    let eve = "<img src=x onerror=\"a()\">'&\r\nBcc: all@example.com\r\n\r\nPay here {link}";
    let words = written("en", Kind::Message, &Facts { caller: Some(eve.to_owned()), ..facts() });
    assert!(!words.subject.contains(['\r', '\n']));
    assert!(words.text.contains("Caller: <img src=x onerror=\"a()\">'&  Bcc: all@example.com    Pay here {link}\n"));
    let html = words.html.unwrap();
    assert!(html.contains("<b>&lt;img src=x onerror=&quot;a()&quot;&gt;&#39;&amp;  Bcc: all"), "{html}");
    assert!(!html.contains("<img"));
    assert!(html.contains("<a href=\"https://pbx.example.com/m/7?a=1&amp;b=2\">"));
}

#[test]
fn a_placeholder_that_is_none_is_named() {
    let fault = Template::new("{caller}", "text", Some("a\nb {calller}")).unwrap_err();
    assert_eq!(fault, Error::Placeholder { field: "html", name: "calller".to_owned() });
    let told = fault.to_string();
    assert!(told.starts_with("html: there is no placeholder {calller}; there are {caller} {number}"), "{told}");
    assert_eq!(Template::new(" ", "text", None), Err(Error::Empty("subject")));
    assert_eq!(Template::new("subject", "", None), Err(Error::Empty("text")));
}

#[test]
fn braces_around_anything_else_are_braces() {
    let style = "p { color: red } {} {a b} {{caller}} {caller";
    let words = Words { tongue: Tongue::English, template: Template::new("s", style, None).unwrap() };
    let mut facts = facts();
    facts.caller = Some("X".to_owned());
    assert_eq!(words.write(&facts).text, "p { color: red } {} {a b} {X} {caller");
}

#[test]
fn the_nearest_words_are_chosen_and_a_tenants_own_win() {
    let own = |tag: &str| (tag.to_owned(), Template::new(tag, "text", None).unwrap());
    let subject = |own: &[(String, Template)], language: &str| {
        Words::for_language(own, language, Kind::NearlyFull).write(&facts()).subject
    };
    assert_eq!(subject(&[own("de"), own("de-at")], "de-AT"), "de-at");
    assert_eq!(subject(&[own("de"), own("en")], "de-AT"), "de");
    assert_eq!(subject(&[own("en")], "de-AT"), "Das Postfach 1001 ist fast voll");
    assert_eq!(subject(&[own("en")], "it"), "en");
    assert_eq!(subject(&[own("it")], "it-CH"), "it");
    assert_eq!(subject(&[], "it"), "Mailbox 1001 is nearly full");
}

#[test]
fn a_zone_that_is_none_is_utc() {
    let words = written("en", Kind::Message, &Facts { zone: "Mars/Olympus".to_owned(), ..facts() });
    assert!(words.text.contains("Thursday, 1 January 2026\nTime:   23:30"), "{}", words.text);
}
