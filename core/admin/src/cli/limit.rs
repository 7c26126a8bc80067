//! `strowger limit`.

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::words;
use crate::v1::{GetSpentRequest, Limits, LimitsOf, SetLimitsRequest, SpendingLimit, Spent};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger limit show                                       what the tenant may spend, and what it has spent today
  strowger limit show --user alice
  strowger limit set --cost 20 --minutes 1200
  strowger limit set --user alice --concurrent 2 --per-hour 30
  strowger limit set --trunk berlin --concurrent 30
  strowger limit set --minutes none";

/// What is to be done with limits.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Show what a tenant, a user or a trunk may spend, and what it has spent
    Show {
        #[command(flatten)]
        of: Of,
    },
    /// Change what may be spent, from the next call on; what is not given stays as it is. `none` is no limit of its own
    Set {
        #[command(flatten)]
        of: Of,
        /// Calls at once
        #[arg(long, short, value_name = "CALLS", value_parser = count)]
        concurrent: Option<u32>,
        /// Calls begun in any second
        #[arg(long, value_name = "CALLS", value_parser = count)]
        per_second: Option<u32>,
        /// Calls begun in any hour
        #[arg(long, value_name = "CALLS", value_parser = count)]
        per_hour: Option<u32>,
        /// Charged minutes a day
        #[arg(long, short, value_name = "MINUTES", value_parser = count)]
        minutes: Option<u32>,
        /// Cost a day, as 12.50
        #[arg(long, value_name = "MONEY")]
        cost: Option<String>,
    },
}

/// Whose limits.
#[derive(Debug, clap::Args)]
pub struct Of {
    /// Of this user; of the tenant as a whole when not given
    #[arg(long, short, value_name = "NAME")]
    user: Option<String>,
    /// Of this trunk, whoever calls
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    trunk: Option<String>,
    #[command(flatten)]
    whose: Whose,
}

/// 0 is no limit of its own in the API; at the command line nobody should mean nothing by it and get everything.
fn count(text: &str) -> Result<u32, String> {
    match text {
        "none" => Ok(0),
        "0" => Err("0 would be no limit at all; say `none` for that, or take the grants away".to_owned()),
        number => number.parse().map_err(|_| "a number, or `none`".to_owned()),
    }
}

impl Of {
    /// The tenant, the user and the trunk.
    async fn find(&self, line: &Line) -> Result<(String, String, String), Failure> {
        if let Some(trunk) = &self.trunk {
            return Ok((String::new(), String::new(), trunk.clone()));
        }
        Ok((line.tenant(&self.whose).await?, self.user.clone().unwrap_or_default(), String::new()))
    }
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::Show { of } => {
            let (tenant, user, trunk) = of.find(line).await?;
            let spent = line.limits().get_spent(GetSpentRequest { tenant, user, trunk }).await?.into_inner();
            let rows = |console: &Console| rows(console, &spent);
            console.table(&spent, "nothing is known", &["LIMIT", "MOST", "SPENT"], rows)
        }
        Verb::Set { of, concurrent, per_second, per_hour, minutes, cost } => {
            let (tenant, user, trunk) = of.find(line).await?;
            let cost_per_day = cost.map(|cost| if cost == "none" { String::new() } else { cost });
            let minutes_per_day = minutes;
            let request = SetLimitsRequest {
                tenant,
                user,
                trunk,
                concurrent,
                per_second,
                per_hour,
                minutes_per_day,
                cost_per_day,
            };
            show(console, &line.limits().set(request).await?.into_inner())
        }
    }
}

fn rows(console: &Console, spent: &Spent) -> Vec<Vec<String>> {
    let limits = spent.limits.clone().unwrap_or_default();
    let until = match console.time(spent.day_ends) {
        none if none.is_empty() => none,
        time => format!(", until {time}"),
    };
    let most = |most: Option<u32>| most.map_or_else(|| "none".to_owned(), |most| most.to_string());
    let minutes = spent.seconds.div_ceil(60);
    let row = |limit, most: String, spent: String| vec![words::limit(limit).to_owned(), most, spent];
    vec![
        row(SpendingLimit::Concurrent, most(limits.concurrent), spent.concurrent.to_string()),
        row(SpendingLimit::PerSecond, most(limits.per_second), String::new()),
        row(SpendingLimit::PerHour, most(limits.per_hour), spent.hour.to_string()),
        row(SpendingLimit::Minutes, most(limits.minutes_per_day), format!("{minutes}{until}")),
        row(
            SpendingLimit::Cost,
            limits.cost_per_day.unwrap_or_else(|| "none".to_owned()),
            format!("{}{until}", spent.cost),
        ),
    ]
}

fn show(console: &mut Console, of: &LimitsOf) -> Result<(), Failure> {
    console.card(of, |_| {
        let limits = of.limits.clone().unwrap_or_default();
        let most = |most: Option<u32>| most.map_or_else(|| "none".to_owned(), |most| most.to_string());
        vec![
            ("Tenant", of.tenant.clone()),
            ("User", of.user.clone()),
            ("Trunk", of.trunk.clone()),
            ("Calls at once", most(limits.concurrent)),
            ("Calls a second", most(limits.per_second)),
            ("Calls an hour", most(limits.per_hour)),
            ("Minutes a day", most(limits.minutes_per_day)),
            ("Cost a day", limits.cost_per_day.unwrap_or_else(|| "none".to_owned())),
        ]
    })
}

/// Limits in one line; empty where there are none.
pub(crate) fn line(limits: &Limits) -> String {
    let counted = [
        (limits.concurrent, SpendingLimit::Concurrent),
        (limits.per_second, SpendingLimit::PerSecond),
        (limits.per_hour, SpendingLimit::PerHour),
        (limits.minutes_per_day, SpendingLimit::Minutes),
    ];
    let counted = counted.into_iter().filter_map(|(most, limit)| Some(format!("{} {}", most?, words::limit(limit))));
    let cost = limits.cost_per_day.as_ref().map(|cost| format!("{cost} {}", words::limit(SpendingLimit::Cost)));
    counted.chain(cost).collect::<Vec<_>>().join(", ")
}
