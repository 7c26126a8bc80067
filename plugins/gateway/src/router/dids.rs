//! Which tenant a number belongs to, and where it leads.

use switch::{Did, DidNumbers, E164};

/// The numbers of all tenants, to be looked up by number: a tree of intervals, so nothing is looked through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dids {
    /// In the order of their ids.
    all: Vec<Did>,
    /// By their first numbers. The middle one is the root, those before it and those behind it are trees of the same kind.
    spans: Vec<Span>,
    /// For each span the greatest last number in the tree of which it is the root.
    reach: Vec<u64>,
}

/// Numbers of one length, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Lower ones count before higher ones.
    rank: Rank,
    /// Which of all.
    pub(crate) did: usize,
}

/// How exactly a number is meant: an exact one, before ranges, the shorter the better, before prefixes, the longer the
/// better.
type Rank = (u8, u64);

/// A number as an integer that tells numbers of different lengths apart, and those of one length in their order.
fn key(digits: &str) -> Option<u64> {
    let length = u64::try_from(digits.len()).ok().filter(|length| (1..=15).contains(length))?;
    Some(length * 10_u64.pow(15) + digits.parse::<u64>().ok()?)
}

/// The spans of numbers that are meant: one, but one for each length behind a prefix.
pub(crate) fn spans(numbers: &DidNumbers, did: usize) -> Vec<Span> {
    let span = |first, last, rank| Span { first, last, rank, did };
    match numbers {
        DidNumbers::One(number) => key(number.digits()).map(|key| span(key, key, (0, 0))).into_iter().collect(),
        DidNumbers::Range(first, last) => {
            let ends = key(first.digits()).zip(key(last.digits())).filter(|(first, last)| first <= last);
            ends.map(|(first, last)| span(first, last, (1, last - first))).into_iter().collect()
        }
        DidNumbers::Prefix { digits, least, most } => {
            let rank = (2, 15_u64.saturating_sub(digits.len() as u64));
            let of_length = |behind: u8| {
                let filled = |digit: &str| key(&format!("{digits}{}", digit.repeat(usize::from(behind))));
                Some(span(filled("0")?, filled("9")?, rank))
            };
            (*least..=(*most).min(15)).filter_map(of_length).collect()
        }
    }
}

impl Dids {
    pub(crate) fn new(mut all: Vec<Did>) -> Self {
        all.sort_by_key(|did| did.id);
        let mut spans: Vec<Span> = all.iter().enumerate().flat_map(|(at, did)| spans(&did.numbers, at)).collect();
        spans.sort_by_key(|span| (span.first, span.last));
        let mut reach = vec![0; spans.len()];
        fill(&spans, &mut reach);
        Self { all, spans, reach }
    }

    /// All that mean a number, those that mean it the most exactly first, then by id.
    pub(crate) fn of(&self, number: &E164) -> Vec<&Did> {
        self.ranked(number).into_iter().map(|(_, did)| did).collect()
    }

    fn ranked(&self, number: &E164) -> Vec<(Rank, &Did)> {
        let mut found = Vec::new();
        if let Some(key) = key(number.digits()) {
            collect(&self.spans, &self.reach, key, &mut found);
        }
        found.sort_by_key(|span| (span.rank, span.did));
        found.into_iter().filter_map(|span| Some((span.rank, self.all.get(span.did)?))).collect()
    }

    /// Whether a tenant owns a number: of those that mean it the most exactly, one is its.
    pub(crate) fn owns(&self, tenant: switch::TenantId, number: &E164) -> bool {
        let found = self.ranked(number);
        let best = found.first().map(|(rank, _)| *rank);
        found.iter().any(|(rank, did)| Some(*rank) == best && did.tenant == tenant)
    }
}

/// The greatest last number of a tree, and of all trees in it.
fn fill(spans: &[Span], reach: &mut [u64]) -> u64 {
    let middle = spans.len() / 2;
    let (Some((before, [root, after @ ..])), Some((reach_before, [of_root, reach_after @ ..]))) =
        (spans.split_at_checked(middle), reach.split_at_mut_checked(middle))
    else {
        return 0;
    };
    *of_root = root.last.max(fill(before, reach_before)).max(fill(after, reach_after));
    *of_root
}

/// The spans of a tree that a number is in.
fn collect<'a>(spans: &'a [Span], reach: &[u64], key: u64, found: &mut Vec<&'a Span>) {
    let middle = spans.len() / 2;
    let (Some((before, [root, after @ ..])), Some((reach_before, [of_root, reach_after @ ..]))) =
        (spans.split_at_checked(middle), reach.split_at_checked(middle))
    else {
        return;
    };
    if *of_root < key {
        return;
    }
    collect(before, reach_before, key, found);
    if root.first <= key {
        if key <= root.last {
            found.push(root);
        }
        collect(after, reach_after, key, found);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use switch::{DidTarget, TenantId};

    use super::*;

    fn did(id: i64, numbers: &str) -> Did {
        let numbers = numbers.parse().expect(numbers);
        Did { id, tenant: TenantId(id), numbers, trunk: None, leads_to: DidTarget::Dialplan }
    }

    fn found(dids: &Dids, number: &str) -> Vec<i64> {
        dids.of(&number.parse().expect(number)).into_iter().map(|did| did.id).collect()
    }

    #[test]
    fn an_exact_number_counts_before_ranges_and_those_before_the_longest_prefix() {
        let dids = Dids::new(vec![
            did(1, "+4930*"),
            did(2, "+49301*"),
            did(3, "+4930100-+4930199"),
            did(4, "+4930120-+4930129"),
            did(5, "+4930123"),
            did(6, "+4930123"),
            did(7, "+49302XX"),
        ]);
        for (number, ids) in [
            ("+4930123", &[5, 6, 4, 3, 2, 1][..]),
            ("+4930124", &[4, 3, 2, 1]),
            ("+4930134", &[3, 2, 1]),
            ("+49301234", &[2, 1]),
            ("+4930", &[1]),
            ("+4930200", &[7, 1]),
            ("+493020", &[1]),
            ("+49302001", &[1]),
            ("+493", &[]),
            ("+4431", &[]),
            ("+493012345678901", &[2, 1]),
        ] {
            assert_eq!(found(&dids, number), ids, "{number}");
        }
        assert!(dids.owns(TenantId(5), &"+4930123".parse().expect("a number")));
        assert!(dids.owns(TenantId(6), &"+4930123".parse().expect("a number")));
        assert!(!dids.owns(TenantId(4), &"+4930123".parse().expect("a number")), "it is another's");
    }

    fn any_did() -> impl Strategy<Value = String> {
        prop_oneof![
            "[+][12]{2,5}",
            "[+][12]{1,4}[*]",
            "[+][12]{1,3}X{1,3}",
            ("[12]{4}", "[12]{4}").prop_map(|(a, b)| format!("+{}-+{}", a.clone().min(b.clone()), a.max(b))),
        ]
    }

    proptest! {
        #[test]
        fn whatever_means_a_number_is_found_and_nothing_else(
            texts in proptest::collection::vec(any_did(), 0..40),
            number in "[12]{2,6}",
        ) {
            let dids = Dids::new(texts.iter().zip(1..).map(|(text, id)| did(id, text)).collect());
            let mut of = found(&dids, &format!("+{number}"));
            of.sort_unstable();
            let means = |text: &str| match text.parse().expect("numbers") {
                DidNumbers::One(one) => one.digits() == number,
                DidNumbers::Range(first, last) => {
                    first.digits().len() == number.len() && (first.digits()..=last.digits()).contains(&number.as_str())
                }
                DidNumbers::Prefix { digits, least, most } => number.strip_prefix(digits.as_str())
                    .is_some_and(|rest| (usize::from(least)..=usize::from(most)).contains(&rest.len())),
            };
            let wanted: Vec<i64> = texts.iter().zip(1..).filter(|(text, _)| means(text)).map(|(_, id)| id).collect();
            prop_assert_eq!(of, wanted);
        }
    }
}
