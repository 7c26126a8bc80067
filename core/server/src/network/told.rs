//! The network in the words of operators: why a call would go where it would, and rates as files.

use std::fmt::Write;
use std::time::SystemTime;

use admin::{Explained, ExplainedWay, NotRates, RateFault, ReadRates};
use gateway::{By, Considered, Explanation, Fate, Faults, RateTable, Refusal, Router, Verdict};
use switch::{TenantId, UserId};

/// Which way a call of this tenant to what is dialled would go.
pub(crate) fn explain(router: &Router, tenant: TenantId, dialled: &str, user: Option<UserId>) -> Option<Explained> {
    router.explain(tenant, dialled, user, SystemTime::now()).map(told)
}

fn told(explanation: Explanation) -> Explained {
    let Explanation { read, verdict, routes, .. } = explanation;
    let reading = match read {
        Ok(reading) => reading,
        Err(unread) => return Explained { refused: Some(unread.to_string()), ..Explained::default() },
    };
    let refused = match verdict {
        Some(Verdict::Refused(why)) => Some(refusal(&why)),
        Some(Verdict::Emergency | Verdict::Granted) | None => None,
    };
    Explained {
        number: Some(reading.number),
        class: Some(reading.class),
        country: reading.country,
        refused,
        ways: routes.into_iter().map(explained).collect(),
    }
}

fn explained(route: Considered) -> ExplainedWay {
    ExplainedWay {
        taken: matches!(route.fate, Fate::Used(_)),
        why: why(&route),
        route: route.route.map(|route| route.name),
        trunk: route.trunk,
        rate: route.rate,
        destination: route.destination,
        minute: route.minute,
    }
}

fn why(route: &Considered) -> String {
    match route.fate {
        Fate::Used(1) if route.route.is_none() => "the tenant's trunk for emergency calls".to_owned(),
        Fate::Used(place) => {
            let by = route.route.as_ref().map(|route| {
                let prefix =
                    if route.prefix.is_empty() { "all numbers".to_owned() } else { format!("+{}", route.prefix) };
                format!(": {prefix}, priority {}", route.priority)
            });
            format!("tried as number {place}{}", by.unwrap_or_default())
        }
        Fate::Again => "a better route leads over the same trunk".to_owned(),
        Fate::OtherNumbers => "it leads to other numbers".to_owned(),
        Fate::OtherClasses => "it is for other kinds of numbers".to_owned(),
        Fate::OtherHours => "it is not its time".to_owned(),
        Fate::Disabled => "it is switched off".to_owned(),
        Fate::TrunkDisabled => "its trunk is switched off".to_owned(),
        Fate::ForeignTrunk => "its trunk is none that the tenant may use".to_owned(),
        Fate::EmergencyTrunk => "emergency calls go over a trunk of their own".to_owned(),
    }
}

fn refusal(why: &Refusal) -> String {
    let whose = |by: By| match by {
        By::Tenant => "the tenant",
        By::User => "the user",
    };
    match why {
        Refusal::UnknownUser => "the tenant has no such user".to_owned(),
        Refusal::Class(by, class) => format!("{} is granted no {} numbers", whose(*by), class.as_str()),
        Refusal::Country(by, country) if country.is_empty() => {
            format!("{} is granted some countries alone, and nobody knows of which this is", whose(*by))
        }
        Refusal::Country(by, country) => format!("{} is granted no numbers of {country}", whose(*by)),
        Refusal::Never(by, digits) => format!("{} may call no number that begins with +{digits}", whose(*by)),
    }
}

/// Reads a file of rates. Takes its time.
pub(crate) fn read_rates(csv: &[u8]) -> Result<ReadRates, NotRates> {
    match RateTable::from_csv(csv) {
        Ok(table) => Ok(ReadRates { table: table.to_bytes(), count: u64::try_from(table.len()).unwrap_or(u64::MAX) }),
        Err(faults) => Err(faults_of(faults)),
    }
}

fn faults_of(faults: Faults) -> NotRates {
    let count = u64::try_from(faults.shown.len() + faults.more).unwrap_or(u64::MAX);
    let fault = |fault: gateway::Fault| {
        let value = if fault.value.is_empty() { String::new() } else { format!("{:?}: ", fault.value) };
        RateFault { line: fault.line, column: fault.column, why: format!("{value}{}", fault.wrong) }
    };
    NotRates::Faults { first: faults.shown.into_iter().map(fault).collect(), count }
}

/// Writes a table as a file that can be read again; `None` where it is none. Takes its time.
pub(crate) fn write_rates(table: &[u8]) -> Option<Vec<u8>> {
    let table = RateTable::from_bytes(table).ok()?;
    let mut text = String::from("prefix,connect,per_minute,first,step,name\n");
    for (rate, name) in table.iter() {
        let name = format!("\"{}\"", name.replace('"', "\"\""));
        let _ =
            writeln!(text, "{},{},{},{},{},{name}", rate.prefix, rate.connect, rate.per_minute, rate.first, rate.step);
    }
    Some(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let csv = "prefix,per_minute,connect,first,step,name\n49,0.01,0.05,60,1,\"Germany, \"\"all\"\"\"\n4930,0.008,0,1,1,Berlin\n";
        let read = read_rates(csv.as_bytes()).expect("rates");
        assert_eq!(read.count, 2);
        let written = write_rates(&read.table).expect("a file");
        assert_eq!(read_rates(&written).expect("rates").table, read.table, "{}", String::from_utf8_lossy(&written));
        assert_eq!(write_rates(b"nonsense"), None);
    }

    #[test]
    fn what_is_wrong_is_told_by_line_and_column() {
        let Err(NotRates::Faults { first, count }) = read_rates(b"prefix,per_minute\n49,x\nabc,0.01\n") else {
            panic!("it is wrong")
        };
        assert_eq!(count, 2);
        let places: Vec<_> = first.iter().map(|fault| (fault.line, fault.column.as_str())).collect();
        assert_eq!(places, [(2, "per_minute"), (3, "prefix")]);
        assert!(first[0].why.contains("0.0125"), "{}", first[0].why);
    }
}
