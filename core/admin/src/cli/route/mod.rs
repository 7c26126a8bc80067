//! `strowger route`.

mod explain;
mod rates;

use std::path::PathBuf;

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::{outside, words};
use crate::v1::{CreateRouteRequest, DeleteRouteRequest, ListRoutesRequest, NumberClasses, Route, UpdateRouteRequest};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger route add home --trunk berlin                    all calls outside of this tenant
  strowger route add abroad --trunk cheap --class international --priority 1
  strowger route add night --trunk paris --prefix 33 --hours 'mo-fr 20:00-06:00' --shared
  strowger route list
  strowger route import-rates rates.csv --trunk berlin
  strowger route rates berlin +4930123456
  strowger route explain acme 030123456 --user alice        which, why, and at what price";

/// What is to be done with routes.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the routes of a tenant, then those of all tenants
    List {
        /// Only those of all tenants
        #[arg(long, conflicts_with = "tenant")]
        shared: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Make a route
    #[command(visible_alias = "create")]
    Add {
        #[command(flatten)]
        which: Which,
        /// By this trunk
        #[arg(long, value_name = "NAME")]
        trunk: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change a route; what is not given stays as it is
    #[command(visible_alias = "set")]
    Update {
        #[command(flatten)]
        which: Which,
        /// By this trunk
        #[arg(long, value_name = "NAME")]
        trunk: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Delete a route; calls that are up go on
    #[command(visible_alias = "delete")]
    Remove {
        #[command(flatten)]
        which: Which,
    },
    /// Replace all rates of a trunk by those of a CSV file
    ImportRates {
        /// Its first line names the columns: prefix, per_minute, and where there are any connect, first, step, name
        file: PathBuf,
        /// The trunk's name
        #[arg(long, value_name = "NAME")]
        trunk: String,
    },
    /// Show what is known of a trunk's rates, and the one for a number
    Rates {
        /// The trunk's name
        trunk: String,
        /// As +4930123456
        number: Option<String>,
    },
    /// Write a trunk's rates to a CSV file
    ExportRates {
        /// The trunk's name
        trunk: String,
        /// Where to; `-` for the output. Not given: TRUNK.csv in this folder
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Replace a file that is there already
        #[arg(long, short)]
        force: bool,
    },
    /// Delete the rates of a trunk: what its calls cost is not known then
    RemoveRates {
        /// The trunk's name
        trunk: String,
    },
    /// Say which way a call would go, why, and at what price; nobody is called
    Explain {
        /// The tenant
        tenant: String,
        /// What is dialled: +4930123456, or as the tenant's people dial
        number: String,
        /// The user that calls
        #[arg(long, short, value_name = "NAME")]
        user: Option<String>,
    },
}

/// A route.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The route's name
    name: String,
    /// One of all tenants
    #[arg(long, conflicts_with = "tenant")]
    shared: bool,
    #[command(flatten)]
    whose: Whose,
}

/// For which numbers and when.
#[derive(Debug, clap::Args)]
pub struct Settings {
    /// To numbers that begin so, the country's code first; empty for all
    #[arg(long, short, value_name = "DIGITS")]
    prefix: Option<String>,
    /// To these kinds of numbers, as national,mobile; `all` for all
    #[arg(long = "class", short, value_name = "KINDS")]
    classes: Option<String>,
    /// Among those of equal prefix lower ones come first [default: 0]
    #[arg(long, value_name = "NUMBER")]
    priority: Option<u32>,
    /// Only at these times of the tenant's day, as 'mo-fr 08:00-18:00'; empty for always
    #[arg(long, value_name = "TIMES")]
    hours: Option<String>,
    /// It is used
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// It is not used
    #[arg(long)]
    disable: bool,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List { shared, whose } => list(line, console, shared, &whose).await,
        Verb::Add { which, trunk, settings } => {
            let (tenant, name) = which.find(line).await?;
            let classes = settings.classes()?.unwrap_or_default().classes;
            let request = CreateRouteRequest {
                tenant,
                name,
                prefix: settings.prefix.unwrap_or_default(),
                classes,
                trunk,
                priority: settings.priority.unwrap_or_default(),
                hours: settings.hours.unwrap_or_default(),
                disabled: settings.disable,
            };
            show(console, &line.routes().create(request).await?.into_inner())
        }
        Verb::Update { which, trunk, settings } => {
            let (tenant, name) = which.find(line).await?;
            let (classes, enabled) = (settings.classes()?, settings.enabled());
            let Settings { prefix, priority, hours, .. } = settings;
            let request = UpdateRouteRequest { tenant, name, prefix, classes, trunk, priority, hours, enabled };
            show(console, &line.routes().update(request).await?.into_inner())
        }
        Verb::Remove { which } => {
            let (tenant, name) = which.find(line).await?;
            line.routes().delete(DeleteRouteRequest { tenant, name: name.clone() }).await?;
            console.say(&format!("route {name} is deleted"), &serde_json::json!({ "deleted": name }))
        }
        Verb::ImportRates { file, trunk } => rates::import(line, console, file, trunk).await,
        Verb::Rates { trunk, number } => rates::show(line, console, trunk, number).await,
        Verb::ExportRates { trunk, output, force } => rates::export(line, console, trunk, output, force).await,
        Verb::RemoveRates { trunk } => rates::remove(line, console, trunk).await,
        Verb::Explain { tenant, number, user } => explain::explain(line, console, tenant, number, user).await,
    }
}

impl Which {
    /// The tenant, none for a route of all, and the name.
    async fn find(self, line: &Line) -> Result<(String, String), Failure> {
        let tenant = if self.shared { String::new() } else { line.tenant(&self.whose).await? };
        Ok((tenant, self.name))
    }
}

impl Settings {
    fn classes(&self) -> Result<Option<NumberClasses>, Failure> {
        let read = match self.classes.as_deref() {
            None => return Ok(None),
            Some("" | "all") => Vec::new(),
            Some(text) => outside::classes("class", text)?,
        };
        Ok(Some(NumberClasses { classes: read.into_iter().map(i32::from).collect() }))
    }

    fn enabled(&self) -> Option<bool> {
        match (self.enable, self.disable) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    }
}

async fn list(line: &Line, console: &mut Console, shared: bool, whose: &Whose) -> Result<(), Failure> {
    let tenant = if shared { String::new() } else { line.tenant(whose).await? };
    let answer = line.routes().list(ListRoutesRequest { tenant, shared: true }).await?.into_inner();
    let header = ["NAME", "OF", "PREFIX", "KINDS", "TRUNK", "PRIORITY", "HOURS", "ENABLED"];
    console.table(&answer, "no routes; `strowger route add` makes one", &header, |_| {
        answer.routes.iter().map(|route| fields(route).map(|(_, value)| value).to_vec()).collect()
    })
}

fn show(console: &mut Console, route: &Route) -> Result<(), Failure> {
    console.card(route, |_| fields(route).to_vec())
}

fn fields(route: &Route) -> [(&'static str, String); 8] {
    let kinds: Vec<_> = route.classes().map(words::class).collect();
    let all = |text: String| if text.is_empty() { "all".to_owned() } else { text };
    [
        ("Name", route.name.clone()),
        ("Of", route.tenant.clone().unwrap_or_else(|| "all tenants".to_owned())),
        ("Prefix", all(route.prefix.clone())),
        ("Kinds", all(kinds.join(","))),
        ("Trunk", route.trunk.clone()),
        ("Priority", route.priority.to_string()),
        ("Hours", route.hours.clone().unwrap_or_else(|| "always".to_owned())),
        ("Enabled", if route.enabled { "yes" } else { "no" }.to_owned()),
    ]
}
