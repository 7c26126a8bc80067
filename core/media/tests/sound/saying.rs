//! Values said in words, compared with how people say them.

use std::collections::BTreeSet;
use std::time::Duration;

use media::say::{self, Clock, Date, LARGEST, SayError, Value};

use crate::tools::Dice;

/// The pieces without their folder, which is how they read best.
fn said(code: &str, value: Value<'_>) -> String {
    let pieces = say::pieces(&value, say::tongue(code).expect("a language")).expect("pieces");
    let short = |piece: &say::Piece| piece.trim_start_matches("digits/").to_owned();
    pieces.iter().map(short).collect::<Vec<_>>().join(" ")
}

fn numbers(code: &str, expected: &[(i64, &str)]) {
    for (number, words) in expected {
        assert_eq!(said(code, Value::Number(*number)), *words, "{number} in {code}");
    }
}

#[test]
fn english_counts() {
    numbers(
        "en",
        &[
            (0, "0"),
            (-7, "minus 7"),
            (13, "13"),
            (20, "20"),
            (21, "20 1"),
            (99, "90 9"),
            (100, "1 hundred"),
            (101, "1 hundred 1"),
            (1_000, "1 thousand"),
            (12_345, "12 thousand 3 hundred 40 5"),
            (1_000_001, "1 million 1"),
            (2_000_300_000, "2 billion 3 hundred thousand"),
            (1_000_000_000_000, "1 thousand billion"),
        ],
    );
}

#[test]
fn german_counts_units_before_tens() {
    numbers(
        "de",
        &[
            (0, "0"),
            (1, "1"),
            (16, "16"),
            (21, "1-and 20"),
            (30, "30"),
            (77, "7-and 70"),
            (100, "1n hundred"),
            (101, "1n hundred 1"),
            (1_000, "1n thousand"),
            (1_001, "1n thousand 1"),
            (21_021, "1-and 20 thousand 1-and 20"),
            (101_000, "1n hundred 1n thousand"),
            (1_000_000, "1f million"),
            (2_000_001, "2 millions 1"),
            (1_000_000_000, "1f billion"),
            (21_000_000_000, "1-and 20 billions"),
            (1_000_000_000_000, "1f trillion"),
        ],
    );
}

#[test]
fn french_counts_by_twenties() {
    numbers(
        "fr",
        &[
            (1, "1"),
            (17, "17"),
            (21, "20 et 1"),
            (22, "20 2"),
            (61, "60 et 1"),
            (70, "70"),
            (71, "60 et 11"),
            (72, "60 12"),
            (80, "80"),
            (81, "80 1"),
            (90, "90"),
            (91, "80 11"),
            (99, "80 19"),
            (100, "hundred"),
            (101, "hundred 1"),
            (200, "2 hundred"),
            (1_000, "thousand"),
            (1_999, "thousand 9 hundred 80 19"),
            (2_000, "2 thousand"),
            (1_000_000, "1 million"),
            (1_000_000_000_000, "thousand billion"),
        ],
    );
}

#[test]
fn ordinals_end_in_theirs() {
    let expected = [
        ("en", [(1, "h-1"), (20, "h-20"), (21, "20 h-1"), (100, "1 h-hundred"), (112, "1 hundred h-12")]),
        ("de", [(1, "h-1"), (20, "h-20"), (21, "1-and h-20"), (100, "1n h-hundred"), (112, "1n hundred h-12")]),
        ("fr", [(1, "h-1"), (20, "h-20"), (21, "20 et h-1x"), (100, "h-hundred"), (112, "hundred h-12")]),
    ];
    for (code, numbers) in expected {
        for (number, words) in numbers {
            assert_eq!(said(code, Value::Ordinal(number)), words, "{number} in {code}");
        }
    }
}

#[test]
fn a_day_is_said_with_its_weekday_and_its_year() {
    let day = |year, month, day| Value::Date(Date::new(year, month, day).expect("a day"));
    assert_eq!(said("en", day(2026, 11, 21)), "day-6 mon-10 20 h-1 20 20 6");
    assert_eq!(said("en", day(2005, 1, 1)), "day-6 mon-0 h-1 2 thousand 5");
    assert_eq!(said("en", day(1905, 1, 30)), "day-1 mon-0 h-30 19 oh 5");
    assert_eq!(said("en", day(1900, 12, 31)), "day-1 mon-11 30 h-1 19 hundred");
    assert_eq!(said("de", day(2026, 11, 21)), "day-6 1-and h-20 mon-10 2 thousand 6-and 20");
    assert_eq!(said("de", day(1999, 5, 3)), "day-1 h-3 mon-4 19 hundred 9-and 90");
    assert_eq!(said("fr", day(2026, 11, 21)), "day-6 20 et 1 mon-10 2 thousand 20 6");
    assert_eq!(said("fr", day(2026, 5, 1)), "day-5 h-1 mon-4 2 thousand 20 6");
}

#[test]
fn a_time_is_said_as_clocks_are_read() {
    let time = |hour, minute| Value::Time(Clock::new(hour, minute, None).expect("a time"));
    let exact = Value::Time(Clock::new(13, 1, Some(1)).expect("a time"));
    for (value, english, german, french) in [
        (time(0, 0), "12 oclock a-m", "0 oclock", "0 oclock"),
        (time(1, 1), "1 oh 1 a-m", "1n oclock 1", "1f oclock 1f"),
        (time(12, 30), "12 30 p-m", "12 oclock 30", "12 oclock 30"),
        (time(21, 21), "9 20 1 p-m", "1-and 20 oclock 1-and 20", "20 et 1f oclock 20 et 1f"),
        (exact, "1 oh 1 vm-and 1 second p-m", "13 oclock 1 vm-and 1f second", "13 oclock 1f vm-and 1f seconds"),
    ] {
        assert_eq!([said("en", value), said("de", value), said("fr", value)], [english, german, french]);
    }
    let moment = Value::Moment(Date::new(2026, 11, 21).expect("a day"), Clock::new(19, 5, None).expect("a time"));
    assert_eq!(said("en", moment), "day-6 mon-10 20 h-1 20 20 6 at 7 oh 5 p-m");
}

#[test]
fn a_length_is_said_in_what_fits_it() {
    let length = |seconds| Value::Length(Duration::from_secs(seconds));
    for (seconds, english, german, french) in [
        (0, "0 seconds", "0 seconds", "0 seconds"),
        (61, "1 minute 1 second", "1f minute 1f second", "1f minutes 1f seconds"),
        (3_600, "60 minutes", "1f hour", "1f hours"),
        (7_325, "2 hours 2 minutes 5 seconds", "2 hours 2 minutes 5 seconds", "2 hours 2 minutes 5 seconds"),
        (75_600, "20 1 hours", "1-and 20 hours", "20 et 1f hours"),
    ] {
        let all = [said("en", length(seconds)), said("de", length(seconds)), said("fr", length(seconds))];
        assert_eq!(all, [english, german, french], "{seconds}");
    }
    assert_eq!(said("en", Value::Length(Duration::from_millis(1_500))), "2 seconds");
}

#[test]
fn digits_and_letters_are_spelled() {
    assert_eq!(said("en", Value::Digits("+43 (1) 58-0*#")), "letters/plus 4 3 1 5 8 0 star pound");
    assert_eq!(
        said("en", Value::Letters("Jo@x.at_1")),
        "letters/j letters/o letters/at letters/x letters/dot letters/a letters/t letters/ascii95 1"
    );
    assert_eq!(said("de", Value::Letters("Müße")), "letters/m letters/ue letters/ss letters/e");
    assert_eq!(said("fr", Value::Letters("Zoé")), "letters/z letters/o letters/e");
    assert_eq!(said("en", Value::Phonetic("Ä9b")), "phonetic/a_p phonetic/9_p phonetic/b_p");
    assert_eq!(said("en", Value::Letters("日\u{7}")), "");
}

#[test]
fn what_is_too_large_is_refused() {
    let english = say::tongue("en").expect("English");
    assert_eq!(say::pieces(&Value::Number(i64::MIN), english), Err(SayError::Large(1 << 63)));
    assert_eq!(say::pieces(&Value::Ordinal(LARGEST + 1), english), Err(SayError::Large(LARGEST + 1)));
    assert!(say::pieces(&Value::Length(Duration::MAX), english).is_err());
}

/// The pieces that sets of the field have, by language: one name a line.
fn set(code: &str) -> BTreeSet<String> {
    let text = String::from_utf8(crate::tools::file(&format!("{code}.txt"))).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn every_english_piece_is_in_the_core_sounds() {
    let (there, english) = (set("en"), say::tongue("en").expect("English"));
    let mut dice = Dice::seeded(0x5a7);
    let everything: String = (' '..='~').collect();
    let mut values =
        vec![Value::Letters(&everything), Value::Phonetic(&everything), Value::Digits("0123456789*#+abcd")];
    values.extend((0..1_200).map(Value::Ordinal));
    values.extend((0..2_000).map(|_| Value::Number(dice.next() as i64 % 1_000_000_000_000)));
    for _ in 0..2_000 {
        let (year, month) = (1 + dice.below(9_999) as u16, 1 + dice.below(12) as u8);
        let second = (dice.below(2) == 0).then(|| dice.below(60) as u8);
        let clock = Clock::new(dice.below(24) as u8, dice.below(60) as u8, second).expect("a time");
        values.push(Value::Moment(Date::new(year, month, 1 + dice.below(28) as u8).expect("a day"), clock));
        values.push(Value::Length(Duration::from_secs(dice.next() % 1_000_000)));
    }
    for value in &values {
        let missing: Vec<_> = say::pieces(value, english)
            .expect("pieces")
            .into_iter()
            .filter(|piece| !there.contains(&**piece))
            .collect();
        assert_eq!(missing, Vec::<say::Piece>::new(), "{value:?}");
    }
}

#[test]
fn a_set_that_lacks_a_piece_takes_another_or_leaves_it_to_english() {
    let (english, french) = (set("en"), set("fr"));
    let there = |tongue: &'static dyn say::Tongue, piece: &str| match tongue.code() {
        "fr" => french.contains(piece),
        "en" => english.contains(piece),
        _ => false,
    };
    let choose = |tag: &str, value| say::choose(&value, &say::tongues(tag), there).expect("pieces");
    // Canadian French has no feminine one: the masculine will do.
    let said = choose("fr-CA", Value::Length(Duration::from_secs(60)));
    assert_eq!((said.tongue.code(), said.pieces), ("fr", vec!["digits/1".into(), "minutes".into()]));
    // And no milliard: the whole number is English, not a part of it.
    let said = choose("fr", Value::Number(2_000_000_071));
    assert_eq!((said.tongue.code(), said.pieces.len()), ("en", 4));
    let said = choose("de-AT", Value::Number(1));
    assert_eq!(said.tongue.code(), "en");
    assert_eq!(choose("", Value::Number(1)).tongue.code(), "en");
}
