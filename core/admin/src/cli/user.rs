//! `strowger user`.

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::json;
use crate::cli::media::{self, Media};
use crate::cli::password::{Chosen, Source};
use crate::v1::{CreateUserRequest, DeleteUserRequest, GetUserRequest, ListUsersRequest, UpdateUserRequest, User};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger user create alice --extension 1001 --display-name 'Alice A.'     makes a password and shows it once
  pass phone/bob | strowger user create bob --extension 1002 --password-stdin
  strowger user list --json | jq -r '.users[].name'
  strowger user password alice
  strowger user update alice --disable
  strowger user set alice --srtp required --codecs opus,g722,pcmu
  strowger user set alice --language fr";

/// What is to be done with users.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the users of a tenant
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Show one user
    Show {
        /// The user's name
        name: String,
        #[command(flatten)]
        whose: Whose,
    },
    /// Make a user; without a password given, one is made and shown once
    Create(Create),
    /// Change a user; what is not given stays as it is
    #[command(visible_alias = "set")]
    Update(Update),
    /// Give a user a new password; without one given, one is made and shown once
    Password {
        /// The user's name
        name: String,
        #[command(flatten)]
        password: Source,
        #[command(flatten)]
        whose: Whose,
    },
    /// Delete a user; its registrations end
    Delete {
        /// The user's name
        name: String,
        #[command(flatten)]
        whose: Whose,
    },
}

/// A user to be made.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// The name in its address and its credentials: letters, digits, `-`, `_`, `.` or `+`
    pub name: String,
    /// Its short number
    #[arg(long, short, value_name = "DIGITS")]
    pub extension: Option<String>,
    /// The name that called phones show
    #[arg(long, short, value_name = "TEXT")]
    pub display_name: Option<String>,
    #[command(flatten)]
    media: Media,
    #[command(flatten)]
    password: Source,
    #[command(flatten)]
    whose: Whose,
}

/// A user to be changed.
#[derive(Debug, clap::Args)]
pub struct Update {
    /// The user's name
    pub name: String,
    /// Its short number; empty for none
    #[arg(long, short, value_name = "DIGITS")]
    pub extension: Option<String>,
    /// The name that called phones show; empty for none
    #[arg(long, short, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// It may register and call
    #[arg(long, conflicts_with = "disable")]
    pub enable: bool,
    /// It may neither register nor call
    #[arg(long)]
    pub disable: bool,
    #[command(flatten)]
    media: Media,
    #[command(flatten)]
    whose: Whose,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List { whose } => list(line, console, &whose).await,
        Verb::Show { name, whose } => {
            let tenant = line.tenant(&whose).await?;
            let user = line.users().get(GetUserRequest { tenant, name }).await?.into_inner();
            show(console, &user, None)
        }
        Verb::Create(create) => make(line, console, create).await,
        Verb::Update(update) => {
            let tenant = line.tenant(&update.whose).await?;
            let user = line.users().update(update.request(tenant)).await?.into_inner();
            show(console, &user, None)
        }
        Verb::Password { name, password, whose } => {
            let tenant = line.tenant(&whose).await?;
            let chosen = password.choose(console)?;
            let request = UpdateUserRequest { tenant, name, password: Some(chosen.text.clone()), ..Default::default() };
            let user = line.users().update(request).await?.into_inner();
            show(console, &user, Some(&chosen))
        }
        Verb::Delete { name, whose } => {
            let tenant = line.tenant(&whose).await?;
            line.users().delete(DeleteUserRequest { tenant, name: name.clone() }).await?;
            console.say(&format!("user {name} is deleted"), &serde_json::json!({ "deleted": name }))
        }
    }
}

async fn list(line: &Line, console: &mut Console, whose: &Whose) -> Result<(), Failure> {
    let tenant = line.tenant(whose).await?;
    let none = format!("tenant {tenant} has no users; `strowger user create` makes one");
    let answer = line.users().list(ListUsersRequest { tenant }).await?.into_inner();
    console.table(&answer, &none, &["NAME", "EXTENSION", "DISPLAY NAME", "ENABLED", "CREATED"], |console| {
        answer
            .users
            .iter()
            .map(|user| {
                let enabled = if user.enabled { "yes" } else { "no" };
                vec![
                    user.name.clone(),
                    user.extension.clone().unwrap_or_default(),
                    user.display_name.clone().unwrap_or_default(),
                    enabled.to_owned(),
                    console.time(user.created),
                ]
            })
            .collect()
    })
}

async fn make(line: &Line, console: &mut Console, create: Create) -> Result<(), Failure> {
    let tenant = line.tenant(&create.whose).await?;
    let chosen = create.password.choose(console)?;
    let request = CreateUserRequest {
        tenant,
        name: create.name,
        password: chosen.text.clone(),
        display_name: create.display_name,
        extension: create.extension,
        srtp: create.media.srtp().unwrap_or_default(),
        codecs: create.media.codecs().unwrap_or_default().names,
        language: create.media.language().unwrap_or_default(),
    };
    let user = line.users().create(request).await?.into_inner();
    show(console, &user, Some(&chosen))
}

impl Update {
    fn request(self, tenant: String) -> UpdateUserRequest {
        let enabled = match (self.enable, self.disable) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        UpdateUserRequest {
            tenant,
            name: self.name,
            password: None,
            display_name: self.display_name,
            extension: self.extension,
            enabled,
            srtp: self.media.srtp(),
            codecs: self.media.codecs(),
            language: self.media.language(),
        }
    }
}

/// A user, with its password when that was made here: nobody can look it up later.
fn show(console: &mut Console, user: &User, chosen: Option<&Chosen>) -> Result<(), Failure> {
    let made = chosen.filter(|chosen| chosen.made);
    if console.json
        && let Some(made) = made
    {
        let mut value = json::value(user)?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert("password".to_owned(), made.text.clone().into());
        }
        return console.say("", &value);
    }
    console.card(user, |console| {
        vec![
            ("Name", user.name.clone()),
            ("Tenant", user.tenant.clone()),
            ("Extension", user.extension.clone().unwrap_or_default()),
            ("Display name", user.display_name.clone().unwrap_or_default()),
            ("Enabled", if user.enabled { "yes" } else { "no" }.to_owned()),
            ("SRTP", media::srtp(user.srtp())),
            ("Codecs", user.codecs.join(",")),
            ("Language", user.language.clone().unwrap_or_default()),
            ("Created", console.time(user.created)),
            ("Password", made.map(|made| made.text.clone()).unwrap_or_default()),
        ]
    })?;
    if made.is_some() { console.note("The password is kept nowhere: note it now.") } else { Ok(()) }
}
