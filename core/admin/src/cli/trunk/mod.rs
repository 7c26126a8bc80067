//! `strowger trunk`.

mod gateway;
mod settings;
mod view;
mod watch;

use crate::cli::connection::Line;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::v1::{
    CreateRouteRequest, CreateTrunkRequest, DeleteTrunkRequest, GetTrunkRequest, ListTrunksRequest, TrunkSettings,
    UpdateTrunkRequest,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  pass carrier | strowger trunk create berlin -g sip.carrier.example -u 4930123400 --password-stdin --register --route
  strowger trunk create paris -g 198.51.100.7 -g 198.51.100.8 --choose round-robin --probe 15 --route
  strowger trunk create sbc -g sbc.example:5061 --transport tls --from 192.0.2.0/28 --srtp required
  strowger trunk set berlin --numbers national:DE --from-header login --assert preferred
  strowger trunk gateway add paris spare=198.51.100.9 --priority 1
  strowger trunk gateway set paris 198.51.100.7 --rule inactive        no new calls by it
  strowger trunk show berlin                                           registered? which gateways live?
  strowger trunk watch                                                 what happens from now on, until Ctrl-C";

/// What is to be done with trunks.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the trunks, and how they stand
    List {
        /// Only those that this tenant may use: its own and the exchange's
        #[arg(long, short, value_name = "NAME")]
        tenant: Option<String>,
    },
    /// Show one trunk with its gateways, and how they stand
    Show {
        /// The trunk's name
        name: String,
    },
    /// Make a trunk
    #[command(visible_alias = "add")]
    Create(Create),
    /// Change a trunk; what is not given stays as it is
    #[command(visible_alias = "set")]
    Update(Update),
    /// Delete a trunk with its gateways and rates; refused while a number or a route names it
    #[command(visible_alias = "remove")]
    Delete {
        /// The trunk's name
        name: String,
    },
    /// The gateways of a trunk, one at a time
    #[command(subcommand)]
    Gateway(gateway::Verb),
    /// Print how trunks stand and what happens to them and to limits from now on, a line each
    Watch {
        /// Only this trunk
        name: Option<String>,
    },
}

/// A trunk to be made.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Its name: letters, digits, `-`, `_`, `.` or `+`
    pub name: String,
    /// A gateway, as sip.carrier.example, 198.51.100.7:5080 or NAME=[2001:db8::1]; may be given several times
    #[arg(long = "gateway", short, value_name = "HOST")]
    pub gateways: Vec<String>,
    /// Over which transport the gateways are reached; as DNS says when not given
    #[arg(long, value_enum)]
    pub transport: Option<gateway::Over>,
    /// The tenant whose own it is; the exchange's, for every tenant with a route, when not given
    #[arg(long, value_name = "TENANT")]
    pub owner: Option<String>,
    /// Make a route too: all calls outside go by this trunk. What may be called is still to be granted
    #[arg(long)]
    pub route: bool,
    #[command(flatten)]
    settings: settings::Settings,
}

/// A trunk to be changed.
#[derive(Debug, clap::Args)]
pub struct Update {
    /// The trunk's name
    pub name: String,
    #[command(flatten)]
    settings: settings::Settings,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::List { tenant } => {
            let request = ListTrunksRequest { tenant: tenant.unwrap_or_default() };
            let answer = line.trunks().list(request).await?.into_inner();
            let none = "no trunks; `strowger trunk create` makes one";
            console.table(&answer, none, &view::LISTED, |console| {
                answer.trunks.iter().map(|trunk| view::row(console, trunk)).collect()
            })
        }
        Verb::Show { name } => {
            let trunk = line.trunks().get(GetTrunkRequest { name }).await?.into_inner();
            view::show(console, &trunk)
        }
        Verb::Create(create) => create.run(line, console).await,
        Verb::Update(update) => update.run(line, console).await,
        Verb::Delete { name } => {
            line.trunks().delete(DeleteTrunkRequest { name: name.clone() }).await?;
            console.say(&format!("trunk {name} is deleted"), &serde_json::json!({ "deleted": name }))
        }
        Verb::Gateway(verb) => gateway::run(verb, line, console).await,
        Verb::Watch { name } => watch::watch(line, console, name.unwrap_or_default()).await,
    }
}

impl Create {
    async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let mut gateways = Vec::new();
        for (at, text) in self.gateways.iter().enumerate() {
            let mut gateway = gateway::read(text, at)?;
            gateway.transport = self.transport.map(|over| over.word().to_owned());
            gateways.push(gateway);
        }
        let mut settings = self.settings.request(console, &TrunkSettings::default())?;
        if let Some(login) = settings.login.as_mut().filter(|login| login.realm.is_empty() && !login.user.is_empty()) {
            // Most carriers call their realm as their server; another is one `trunk set` away.
            let host = gateways.first().and_then(|gateway| gateway.host.clone());
            login.realm = host.ok_or_else(|| Failure::Argument {
                name: "realm",
                why: "without a gateway to take it from, give --realm".to_owned(),
            })?;
            console.note(&format!(
                "The realm is taken to be {}. If the carrier names another, `trunk show` says so; set it with the \
                 password: trunk set {} --realm REALM --password-stdin",
                login.realm, self.name
            ))?;
        }
        let tenant = self.owner.unwrap_or_default();
        let request =
            CreateTrunkRequest { name: self.name.clone(), tenant: tenant.clone(), settings: Some(settings), gateways };
        let trunk = line.trunks().create(request).await?.into_inner();
        view::show(console, &trunk)?;
        if self.route {
            let route = CreateRouteRequest { tenant, name: self.name.clone(), trunk: self.name, ..Default::default() };
            let made = line.routes().create(route).await?.into_inner();
            console.note(&format!("Route {} sends all calls outside that are granted by this trunk.", made.name))?;
        }
        Ok(())
    }
}

impl Update {
    async fn run(self, line: &Line, console: &mut Console) -> Result<(), Failure> {
        let known = line.trunks().get(GetTrunkRequest { name: self.name.clone() }).await?.into_inner();
        let settings = self.settings.request(console, &known.settings.unwrap_or_default())?;
        let request = UpdateTrunkRequest { name: self.name, settings: Some(settings) };
        let trunk = line.trunks().update(request).await?.into_inner();
        view::show(console, &trunk)
    }
}
