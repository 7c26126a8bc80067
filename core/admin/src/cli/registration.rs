//! `strowger registration`.

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::v1::{GetUserRequest, ListRegistrationsRequest, Registration};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger registration list
  strowger registration show alice
  strowger registration list --tenant acme --json";

/// What is to be done with registrations.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the phones of a tenant that can be reached
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Show the phones of one user with all that is known of them
    Show {
        /// The user's name
        user: String,
        #[command(flatten)]
        whose: Whose,
    },
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List { whose } => {
            let tenant = line.tenant(&whose).await?;
            let answer = line.registrations().list(ListRegistrationsRequest { tenant, user: String::new() }).await?;
            let answer = answer.into_inner();
            let header = ["USER", "CONTACT", "FROM", "TRANSPORT", "EXPIRES", "PHONE"];
            console.table(&answer, "no phone is registered", &header, |console| {
                answer.registrations.iter().map(|registration| row(console, registration)).collect()
            })
        }
        Verb::Show { user, whose } => {
            let tenant = line.tenant(&whose).await?;
            let none = format!("no phone is registered for {user}");
            let request = ListRegistrationsRequest { tenant: tenant.clone(), user: user.clone() };
            let answer = line.registrations().list(request).await?.into_inner();
            if answer.registrations.is_empty() {
                // A name that nobody has would look like a phone that is off.
                line.users().get(GetUserRequest { tenant, name: user }).await?;
            }
            let header = ["CONTACT", "Q", "FROM", "TO", "TRANSPORT", "EXPIRES", "PHONE", "INSTANCE", "PATH"];
            console.table(&answer, &none, &header, |console| {
                answer.registrations.iter().map(|registration| whole(console, registration)).collect()
            })
        }
    }
}

fn row(console: &Console, registration: &Registration) -> Vec<String> {
    vec![
        registration.user.clone(),
        registration.contact.clone(),
        registration.remote.clone(),
        registration.transport.clone(),
        console.time(registration.expires),
        registration.user_agent.clone().unwrap_or_default(),
    ]
}

fn whole(console: &Console, registration: &Registration) -> Vec<String> {
    vec![
        registration.contact.clone(),
        format!("{}", registration.q),
        registration.remote.clone(),
        registration.local.clone(),
        registration.transport.clone(),
        console.time(registration.expires),
        registration.user_agent.clone().unwrap_or_default(),
        registration.instance.clone().unwrap_or_default(),
        registration.path.join(" "),
    ]
}
