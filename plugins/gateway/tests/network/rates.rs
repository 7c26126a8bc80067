//! Rates: what a file must say, what is told of one that does not, and which rate counts for a number.

use std::collections::BTreeMap;
use std::io::{self, Read};

use gateway::{BadRates, RateTable, Wrong};
use proptest::prelude::*;
use switch::Money;

fn table(text: &str) -> RateTable {
    RateTable::from_csv(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults}"))
}

/// What is told of a file, a line for each fault.
fn faults(text: &str) -> Vec<String> {
    RateTable::from_csv(text.as_bytes()).expect_err("faults").to_string().lines().map(str::to_owned).collect()
}

#[test]
fn the_longest_prefix_counts() {
    let rates = table("prefix,per_minute\n4,0.01\n49,0.02\n4930,0.03\n49301,0.04\n493012,0.05\n1,0.06\n");
    for (number, prefix) in [
        ("4930123456", Some("493012")),
        ("493019", Some("49301")),
        ("4930", Some("4930")),
        ("493", Some("49")),
        ("49999999999", Some("49")),
        ("48", Some("4")),
        ("4", Some("4")),
        ("12125551234", Some("1")),
        ("33142685300", None),
        ("", None),
        ("+49", None),
        ("0", None),
        ("999999999999999999999", None),
    ] {
        assert_eq!(rates.find(number).map(|rate| rate.prefix).as_deref(), prefix, "{number}");
    }
    assert_eq!((rates.len(), rates.is_empty(), RateTable::default().find("49")), (6, false, None));
}

#[test]
fn columns_stand_in_any_order_and_those_that_are_missing_have_their_usual_values() {
    let rates = table(
        "\u{feff}Name, step ,FIRST,connect,per_minute,prefix\n\"Berlin, city\",6,30,0.1,0.0125,+4930\n,,,,1, 49 \n",
    );
    let (rate, name) = rates.find_named("4930123456").expect("a rate");
    assert_eq!((rate.prefix.as_str(), rate.connect, rate.per_minute), ("4930", Money(100_000), Money(12_500)));
    assert_eq!((rate.first, rate.step, name), (30, 6, "Berlin, city"));
    let (rate, name) = rates.find_named("4989").expect("a rate");
    assert_eq!((rate.connect, rate.per_minute, rate.first, rate.step, name), (Money::ZERO, Money(1_000_000), 1, 1, ""));
    assert_eq!(rates.iter().map(|(rate, _)| rate.prefix).collect::<Vec<_>>(), ["49", "4930"]);
    assert!(table("prefix,per_minute\r\n").is_empty(), "a carrier without rates");
}

#[test]
fn all_that_is_wrong_is_told_by_line_and_column_with_its_cure() {
    let told = faults(
        "prefix,per_minute,connect,first,step,name\n\
         49,0.01,0,60,60,Germany\n\
         4x,0.01,0,60,60,\n\
         33,\"0,02\",-1,1.5,0,France\n\
         34,0.01,0,60\n\
         49,0.02,0,60,60,again\n\
         ,0.02,0,60,90000,\n\
         1234567890123456,,0,60,60,\n",
    );
    assert_eq!(
        told,
        [
            "line 3: prefix: \"4x\": a prefix is 1 to 15 digits with the country's code first, as 4930",
            "line 4: per_minute: \"0,02\": an amount is digits with at most six after a point, as 0.0125",
            "line 4: connect: \"-1\": an amount is digits with at most six after a point, as 0.0125",
            "line 4: first: \"1.5\": write whole seconds, at most 86400",
            "line 4: step: \"0\": a step is at least one second: write 1",
            "line 5: 4 values in a line of 6 columns: write every value, and quotes around one with a comma",
            "line 6: prefix: \"49\": line 2 has the same prefix: remove one of the two",
            "line 7: prefix: a prefix is 1 to 15 digits with the country's code first, as 4930",
            "line 7: step: \"90000\": write whole seconds, at most 86400",
            "line 8: prefix: \"1234567890123456\": a prefix is 1 to 15 digits with the country's code first, as 4930",
            "line 8: per_minute: an amount is digits with at most six after a point, as 0.0125",
        ]
    );
}

#[test]
fn the_first_line_must_name_columns_that_there_are() {
    for (text, told) in [
        ("", "line 1: the file is empty: its first line names the columns, as prefix,per_minute"),
        (
            "prefix;per_minute\n49;0.01\n",
            "line 1: \"prefix;per_minute\": columns are separated by commas: replace every `;`",
        ),
        (
            "prefix\tper_minute\n",
            "line 1: \"prefix\\tper_minute\": columns are separated by commas: replace every `\t`",
        ),
        ("prefix,name\n49,Germany\n", "line 1: per_minute: the first line does not name this column: add it"),
        ("prefix,per_minute,prefix\n", "line 1: prefix: this column is there twice: remove one"),
        (
            "prefix,per_minute,per_minut\n",
            "line 1: \"per_minut\": no such column: did you mean per_minute? \
             There are prefix, per_minute, connect, first, step, name",
        ),
        (
            "prefix,per_minute,Ω\n",
            "line 1: \"Ω\": no such column: there are prefix, per_minute, connect, first, step, name",
        ),
    ] {
        assert_eq!(faults(text), [told], "{text:?}");
    }
    // A file without a first line of names: its first rate is taken for one.
    assert_eq!(faults("49,0.01\n33,0.02\n").len(), 4);
}

#[test]
fn of_a_thousand_faults_a_hundred_are_told_and_the_rest_is_counted() {
    let mut text = String::from("prefix,per_minute\n49,0.01\n");
    (0..1000).for_each(|_| text.push_str("x,0.01\n"));
    text.push_str("49,0.02\n");
    let faults = RateTable::from_csv(text.as_bytes()).expect_err("faults");
    assert_eq!((faults.shown.len(), faults.more), (100, 901));
    assert!(faults.shown.iter().map(|fault| fault.line).eq(3..103), "the first of them, in their order");
    assert!(faults.to_string().ends_with("\nand 901 more"));
}

#[test]
fn a_prefix_that_is_there_again_names_the_line_that_has_it_first() {
    let faults = RateTable::from_csv(&b"prefix,per_minute\n1,1\n2,1\n1,2\n+1,1\n"[..]).expect_err("faults");
    let told: Vec<_> = faults.shown.iter().map(|fault| (fault.line, fault.wrong.clone())).collect();
    assert_eq!(told, [(4, Wrong::Twice(2)), (5, Wrong::Twice(2))]);
}

#[test]
fn a_line_in_quotes_that_runs_over_several_is_counted_from_its_beginning() {
    let told = faults("prefix,per_minute,name\n49,1,\"a\nb\nc\"\nx,1,\n");
    assert_eq!(told, ["line 5: prefix: \"x\": a prefix is 1 to 15 digits with the country's code first, as 4930"]);
}

#[test]
fn a_file_that_is_no_text_or_breaks_off_is_told_so() {
    let faults = RateTable::from_csv(&b"prefix,per_minute,name\n49,1,\xff\xfe\n"[..]).expect_err("faults");
    assert_eq!(faults.shown.first().map(|fault| (fault.line, &fault.wrong)), Some((2, &Wrong::NoText)));
    struct Torn(bool);
    impl Read for Torn {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(io::Error::other("the line went dead"));
            }
            (&b"prefix,per_minute\n49,1\n"[..]).read(to)
        }
    }
    let faults = RateTable::from_csv(Torn(false)).expect_err("faults");
    assert!(matches!(faults.shown.as_slice(), [one] if matches!(one.wrong, Wrong::Broken(_))), "{faults}");
}

#[test]
fn names_are_no_longer_than_a_line() {
    let (fits, long) = ("ü".repeat(80), "ü".repeat(81));
    assert_eq!(table(&format!("prefix,per_minute,name\n49,1,{fits}\n")).find_named("49").expect("a rate").1, fits);
    assert_eq!(faults(&format!("prefix,per_minute,name\n49,1,{long}\n")).len(), 1);
}

#[test]
fn what_is_kept_is_read_again_and_nothing_else() {
    let rates = table(
        "prefix,per_minute,connect,first,step,name\n49,0.01,0,60,60,Germany\n4930,0.02,0.5,1,1,\n1,9,0,0,1,USA\n",
    );
    let bytes = rates.to_bytes();
    assert_eq!(RateTable::from_bytes(&bytes).as_ref(), Ok(&rates));
    assert_eq!(RateTable::from_bytes(&RateTable::default().to_bytes()), Ok(RateTable::default()));
    assert_eq!(RateTable::from_bytes(b""), Err(BadRates::NotRates));
    assert_eq!(RateTable::from_bytes(b"rate\x01"), Err(BadRates::NotRates));
    assert_eq!(RateTable::from_bytes(b"RATE"), Err(BadRates::Damaged(4)));
    assert_eq!(RateTable::from_bytes(b"RATE\x02\0\0\0"), Err(BadRates::Version(2)));
    for end in 0..bytes.len() {
        assert!(RateTable::from_bytes(bytes.get(..end).unwrap_or_default()).is_err(), "cut off at {end}");
    }
    assert!(RateTable::from_bytes(&[bytes.as_slice(), b"\0"].concat()).is_err(), "more than there was");
    // It says that there are as many rates as bytes: believed as far as there are bytes.
    assert!(RateTable::from_bytes(b"RATE\x01\0\0\xff\xff\x03").is_err());
}

fn any_rates() -> impl Strategy<Value = BTreeMap<String, (u32, u8)>> {
    proptest::collection::btree_map("[0-9]{1,6}|[1-4]{1,3}|[0-9]{15}", (0_u32..2_000_000, 0_u8..4), 0..60)
}

fn csv(rates: &BTreeMap<String, (u32, u8)>) -> String {
    let lines = rates.iter().map(|(prefix, (price, name))| {
        format!("{prefix},{},{}\n", Money(i64::from(*price)), ["", "a", "b", "long name"][usize::from(*name)])
    });
    ["prefix,per_minute,name\n".to_owned()].into_iter().chain(lines).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 20_000 }))]

    #[test]
    fn no_rate_but_that_of_the_longest_prefix_is_found(
        rates in any_rates(),
        numbers in proptest::collection::vec("[0-9]{1,8}|[1-4]{1,6}|[0-9]{15,18}", 1..20),
    ) {
        let table = table(&csv(&rates));
        let again = RateTable::from_bytes(&table.to_bytes());
        prop_assert_eq!(again.as_ref(), Ok(&table));
        for number in numbers.iter().chain(rates.keys()) {
            let longest = rates.iter().filter(|(prefix, _)| number.starts_with(*prefix)).max_by_key(|(prefix, _)| prefix.len());
            let found = table.find(number).map(|rate| (rate.prefix, rate.per_minute));
            prop_assert_eq!(found, longest.map(|(prefix, (price, _))| (prefix.clone(), Money(i64::from(*price)))));
        }
    }

    #[test]
    fn no_file_is_too_strange(text in "(prefix,per_minute(,name)?\n)?([0-9x+,\"\n; .ü]{0,80})") {
        let _ = RateTable::from_csv(text.as_bytes()).map_err(|faults| faults.to_string());
    }

    #[test]
    fn no_bytes_are_too_strange(rates in any_rates(), at in any::<proptest::sample::Index>(), with in any::<u8>()) {
        let mut bytes = table(&csv(&rates)).to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = with;
        if let Ok(table) = RateTable::from_bytes(&bytes) {
            // What is read is a whole table, if not the one that was written.
            prop_assert_eq!(table.iter().count(), table.len());
            prop_assert_eq!(RateTable::from_bytes(&table.to_bytes()), Ok(table));
        }
    }
}
