//! Who may call what: the tenant's grants, and within them the user's.

use switch::{Grants, NumberClass};

use crate::numbers::Kind;

/// Why a number may be called, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is an emergency number: nobody is asked.
    Emergency,
    /// It is granted.
    Granted,
    /// It is not.
    Refused(Refusal),
}

/// Who refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The tenant, to all of its users.
    Tenant,
    /// The user's own grants.
    User,
}

/// Why a number may not be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The tenant has no such user.
    UnknownUser,
    /// This kind of number is not granted.
    Class(By, NumberClass),
    /// Numbers abroad are, but not those of this country; empty where nobody knows which country it is.
    Country(By, String),
    /// It begins with digits that are never called.
    Never(By, String),
}

/// Whether a number may be called. Nothing is granted by default; what the tenant may not, none of its users may.
pub(crate) fn weigh(kind: &Kind, digits: &str, tenant: &Grants, user: Option<&Grants>) -> Verdict {
    if kind.class == NumberClass::Emergency {
        return Verdict::Emergency;
    }
    let both = [(By::Tenant, Some(tenant)), (By::User, user)];
    let refused = both.into_iter().find_map(|(by, grants)| refusal(by, kind, digits, grants?));
    refused.map_or(Verdict::Granted, Verdict::Refused)
}

fn refusal(by: By, kind: &Kind, digits: &str, grants: &Grants) -> Option<Refusal> {
    if !grants.classes.contains(&kind.class) {
        return Some(Refusal::Class(by, kind.class));
    }
    let anywhere = kind.class != NumberClass::International || grants.countries.is_empty();
    if !anywhere && !grants.countries.contains(&kind.country) {
        return Some(Refusal::Country(by, kind.country.clone()));
    }
    // An empty prefix would be all numbers, and is a mistake: it forbids them.
    grants.never.iter().find(|never| digits.starts_with(never.as_str())).map(|never| Refusal::Never(by, never.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(classes: &[NumberClass], countries: &[&str], never: &[&str]) -> Grants {
        let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Grants { classes: classes.iter().copied().collect(), countries: set(countries), never: set(never) }
    }

    #[test]
    fn each_class_is_granted_by_tenant_and_user_both_and_emergency_by_nobody() {
        let (none, everything) = (grants(&[], &[], &[]), grants(&NumberClass::ALL, &[], &[]));
        for class in NumberClass::ALL {
            let kind = Kind { class, country: "FR".into() };
            let only = grants(&[class], &[], &[]);
            let others: Vec<_> = NumberClass::ALL.into_iter().filter(|other| *other != class).collect();
            let others = grants(&others, &[], &[]);
            for (tenant, user, granted, by) in [
                (&none, None, false, By::Tenant),
                (&only, None, true, By::Tenant),
                (&others, None, false, By::Tenant),
                (&only, Some(&only), true, By::Tenant),
                (&only, Some(&none), false, By::User),
                (&only, Some(&others), false, By::User),
                (&none, Some(&only), false, By::Tenant),
                (&others, Some(&everything), false, By::Tenant),
                (&everything, Some(&only), true, By::Tenant),
                (&everything, Some(&others), false, By::User),
                (&everything, Some(&everything), true, By::Tenant),
            ] {
                let wanted = match (class, granted) {
                    (NumberClass::Emergency, _) => Verdict::Emergency,
                    (_, true) => Verdict::Granted,
                    (_, false) => Verdict::Refused(Refusal::Class(by, class)),
                };
                assert_eq!(weigh(&kind, "33142685300", tenant, user), wanted, "{class:?} {tenant:?} {user:?}");
            }
        }
    }

    #[test]
    fn countries_narrow_what_is_abroad_and_nothing_else() {
        let abroad = |country: &str| Kind { class: NumberClass::International, country: country.into() };
        let classes = [NumberClass::International, NumberClass::National, NumberClass::Premium];
        let (all, french) = (grants(&classes, &[], &[]), grants(&classes, &["FR", "BE"], &[]));
        let british = grants(&classes, &["GB", "FR"], &[]);
        let refused = |by, country: &str| Verdict::Refused(Refusal::Country(by, country.into()));
        for (kind, tenant, user, wanted) in [
            (abroad("FR"), &french, None, Verdict::Granted),
            (abroad("GB"), &french, None, refused(By::Tenant, "GB")),
            (abroad("GB"), &all, None, Verdict::Granted),
            (abroad(""), &all, None, Verdict::Granted),
            (abroad(""), &french, None, refused(By::Tenant, "")),
            (abroad("FR"), &french, Some(&british), Verdict::Granted),
            (abroad("BE"), &french, Some(&british), refused(By::User, "BE")),
            (abroad("GB"), &french, Some(&british), refused(By::Tenant, "GB")),
            (abroad("GB"), &french, Some(&all), refused(By::Tenant, "GB")),
            (Kind { class: NumberClass::National, country: "DE".into() }, &french, None, Verdict::Granted),
            (Kind { class: NumberClass::Premium, country: "GB".into() }, &french, None, Verdict::Granted),
        ] {
            assert_eq!(weigh(&kind, "1", tenant, user), wanted, "{kind:?} {tenant:?} {user:?}");
        }
    }

    #[test]
    fn digits_that_are_never_called_are_not_whoever_says_so() {
        let kind = Kind { class: NumberClass::International, country: "SO".into() };
        let all = grants(&NumberClass::ALL, &[], &[]);
        let never = grants(&NumberClass::ALL, &[], &["252", "2469"]);
        let refused = |by| Verdict::Refused(Refusal::Never(by, "252".into()));
        assert_eq!(weigh(&kind, "25261234567", &never, None), refused(By::Tenant));
        assert_eq!(weigh(&kind, "25261234567", &all, Some(&never)), refused(By::User));
        assert_eq!(weigh(&kind, "2546123456", &never, Some(&never)), Verdict::Granted);
        let emergency = Kind { class: NumberClass::Emergency, country: "SO".into() };
        assert_eq!(weigh(&emergency, "252888", &never, None), Verdict::Emergency);
    }
}
