//! `strowger number`.

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::page::{self, Page};
use crate::v1::{
    CreateNumberRequest, DeleteNumberRequest, ListNumbersRequest, ListNumbersResponse, Number, UpdateNumberRequest,
    create_number_request, number, update_number_request,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger number add '+49301234*'                          all that begin so; the dialplan says who is reached
  strowger number add +4930123400-+4930123499 --trunk berlin
  strowger number add +4930123411 --to user:alice
  strowger number move +4930123411 room:600
  strowger number list --tenant acme
  strowger number remove +4930123411";

/// What is to be done with numbers.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the numbers of a tenant, in their order
    List(List),
    /// Add a number, a range or a pattern
    #[command(visible_alias = "create")]
    Add {
        /// +4930123456, +4930123400-+4930123499, '+4930123*' (of any length) or +4930123XX (two more digits)
        numbers: String,
        /// Where it leads: dialplan, user:NAME or room:NAME
        #[arg(long, value_name = "TARGET", default_value = "dialplan")]
        to: String,
        /// Only when it is called over this trunk; over any when not given
        #[arg(long, value_name = "NAME")]
        trunk: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Let numbers lead elsewhere, or count over another trunk
    #[command(visible_aliases = ["update", "set"])]
    Move {
        /// Which, as they were added
        numbers: String,
        /// Where they lead from now on: dialplan, user:NAME or room:NAME
        to: Option<String>,
        /// Only when they are called over this trunk
        #[arg(long, value_name = "NAME")]
        trunk: Option<String>,
        /// Over any trunk
        #[arg(long, conflicts_with = "trunk")]
        any_trunk: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Remove numbers; refused while somebody shows one of them
    #[command(visible_alias = "delete")]
    Remove {
        /// Which, as they were added
        numbers: String,
        #[command(flatten)]
        whose: Whose,
    },
}

/// How much of the list is wanted.
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    whose: Whose,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List(List { page, whose }) => list(line, console, &page, &whose).await,
        Verb::Add { numbers, to, trunk, whose } => {
            use create_number_request::LeadsTo;
            let leads_to = match target(&to)? {
                Target::Dialplan => LeadsTo::Dialplan(true),
                Target::User(name) => LeadsTo::User(name),
                Target::Room(name) => LeadsTo::Room(name),
            };
            let tenant = line.tenant(&whose).await?;
            let (trunk, leads_to) = (trunk.unwrap_or_default(), Some(leads_to));
            let request = CreateNumberRequest { tenant, numbers, trunk, leads_to };
            show(console, &line.numbers().create(request).await?.into_inner())
        }
        Verb::Move { numbers, to, trunk, any_trunk, whose } => {
            use update_number_request::LeadsTo;
            let leads_to = to.as_deref().map(target).transpose()?.map(|target| match target {
                Target::Dialplan => LeadsTo::Dialplan(true),
                Target::User(name) => LeadsTo::User(name),
                Target::Room(name) => LeadsTo::Room(name),
            });
            let tenant = line.tenant(&whose).await?;
            let trunk = if any_trunk { Some(String::new()) } else { trunk };
            let request = UpdateNumberRequest { tenant, numbers, trunk, leads_to };
            show(console, &line.numbers().update(request).await?.into_inner())
        }
        Verb::Remove { numbers, whose } => {
            let tenant = line.tenant(&whose).await?;
            line.numbers().delete(DeleteNumberRequest { tenant, numbers: numbers.clone() }).await?;
            console.say(&format!("{numbers} is removed"), &serde_json::json!({ "deleted": numbers }))
        }
    }
}

async fn list(line: &Line, console: &mut Console, page: &Page, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let none = format!("tenant {tenant} has no numbers; `strowger number add` adds one");
    let turn = async |page_size, page_token| {
        let request = ListNumbersRequest { tenant: tenant.clone(), page_size, page_token };
        let page = line.numbers().list(request).await?.into_inner();
        Ok((page.numbers, page.next_page_token))
    };
    let (numbers, next_page_token) = page.turn(turn).await?;
    let answer = ListNumbersResponse { numbers, next_page_token };
    console.table(&answer, &none, &["NUMBERS", "LEADS TO", "TRUNK"], |_| {
        answer.numbers.iter().map(|one| vec![one.numbers.clone(), leads_to(one), trunk(one)]).collect()
    })?;
    page::note(console, &answer.next_page_token)
}

fn show(console: &mut Console, number: &Number) -> Result<(), Failure> {
    console.card(number, |_| {
        vec![
            ("Numbers", number.numbers.clone()),
            ("Tenant", number.tenant.clone()),
            ("Leads to", leads_to(number)),
            ("Trunk", trunk(number)),
        ]
    })
}

fn trunk(number: &Number) -> String {
    number.trunk.clone().unwrap_or_else(|| "any".to_owned())
}

fn leads_to(number: &Number) -> String {
    match &number.leads_to {
        None => String::new(),
        Some(number::LeadsTo::Dialplan(_)) => "dialplan".to_owned(),
        Some(number::LeadsTo::User(name)) => format!("user:{name}"),
        Some(number::LeadsTo::Room(name)) => format!("room:{name}"),
    }
}

/// Where a number leads, as it is typed.
enum Target {
    Dialplan,
    User(String),
    Room(String),
}

fn target(text: &str) -> Result<Target, Failure> {
    match text.split_once(':') {
        None if text == "dialplan" => Ok(Target::Dialplan),
        Some(("user", name)) => Ok(Target::User(name.to_owned())),
        Some(("room", name)) => Ok(Target::Room(name.to_owned())),
        _ => {
            let why = format!("`{text}` is none of dialplan, user:NAME, room:NAME");
            Err(Failure::Argument { name: "to", why })
        }
    }
}
