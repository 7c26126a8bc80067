//! `strowger tenant`.

use crate::cli::connection::Line;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::media::{self, Media};
use crate::v1::{
    Age, CreateTenantRequest, DeleteTenantRequest, GetTenantRequest, ListTenantsRequest, Names, Tenant,
    UpdateTenantRequest,
};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger tenant list
  strowger tenant create acme --domain sip.acme.example --time-zone Europe/Berlin
  strowger tenant update acme --max-calls 50 --ring-time 25
  strowger tenant update acme --domain sip.acme.example --domain 192.0.2.10
  strowger tenant set acme --srtp optional --codecs g722,pcma,pcmu
  strowger tenant set acme --country de --language de --music jazz
  strowger tenant delete acme --yes";

/// What is to be done with tenants.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List all tenants
    List,
    /// Show one tenant
    Show {
        /// The tenant's name
        name: String,
    },
    /// Make a tenant
    Create(Create),
    /// Change a tenant; what is not given stays as it is
    #[command(visible_alias = "set")]
    Update(Update),
    /// Delete a tenant with its users, registrations, dialplans, rooms, numbers, routes, own trunks, and recordings with their files; its call records stay
    Delete {
        /// The tenant's name
        name: String,
        /// Yes, with all that is its own
        #[arg(long)]
        yes: bool,
    },
}

/// A tenant to be made.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// Its name: letters, digits, `-`, `_`, `.` or `+`
    pub name: String,
    /// A SIP domain that leads to it; may be given several times
    #[arg(long = "domain", short, value_name = "HOST")]
    pub domains: Vec<String>,
    /// The digest realm of its users, for ever; the first domain when not given
    #[arg(long, value_name = "TEXT")]
    pub realm: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

/// A tenant to be changed.
#[derive(Debug, clap::Args)]
pub struct Update {
    /// The tenant's name
    pub name: String,
    /// All its SIP domains from now on; may be given several times
    #[arg(long = "domain", short, value_name = "HOST")]
    pub domains: Vec<String>,
    /// It has no peers from now on
    #[arg(long, conflicts_with = "peers")]
    pub no_peers: bool,
    /// How many days recordings of its calls and rooms are kept; 0 for ever, `inherit` as everybody's
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub recording_days: Option<Days>,
    /// Its dialplans may dial no hosts from now on
    #[arg(long, conflicts_with = "hosts")]
    pub no_hosts: bool,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Args)]
struct Settings {
    /// Its time zone by the name of the IANA database [default: UTC]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// How many calls it may have at once; 0 for no limit of its own
    #[arg(long, value_name = "CALLS")]
    max_calls: Option<u32>,
    /// How long the built-in route rings [default: 30]
    #[arg(long, value_name = "SECONDS")]
    ring_time: Option<u32>,
    /// The SIP status for callers whose dialplan failed; 0 to ring the dialled extension
    #[arg(long, value_name = "STATUS")]
    fallback_status: Option<u32>,
    /// A peer whose requests are not challenged: an address or network; may be given several times
    #[arg(long = "peer", value_name = "ADDRESS")]
    peers: Vec<String>,
    /// A host that its dialplans may dial by URI; may be given several times
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// The country whose tones its callers hear, as us or de; `inherit` for the exchange's
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// What is heard by who is held or waits: the prompt moh/NAME; `inherit` for moh/default
    #[arg(long, value_name = "NAME")]
    music: Option<String>,
    #[command(flatten)]
    media: Media,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    let mut tenants = line.tenants();
    match verb {
        Verb::List => list(line, console).await,
        Verb::Show { name } => show(console, &tenants.get(GetTenantRequest { name }).await?.into_inner()),
        Verb::Create(create) => show(console, &tenants.create(create.request()).await?.into_inner()),
        Verb::Update(update) => show(console, &tenants.update(update.request()).await?.into_inner()),
        Verb::Delete { name, yes } => {
            if !yes {
                const WHY: &str = "this deletes all that is its own too: users, registrations, dialplans, rooms and \
                                   recordings with their files; add --yes";
                return Err(Failure::Argument { name: "delete", why: WHY.to_owned() });
            }
            tenants.delete(DeleteTenantRequest { name: name.clone() }).await?;
            console.say(&format!("tenant {name} is deleted"), &serde_json::json!({ "deleted": name }))
        }
    }
}

impl Create {
    fn request(self) -> CreateTenantRequest {
        CreateTenantRequest {
            name: self.name,
            domains: self.domains,
            realm: self.realm.unwrap_or_default(),
            time_zone: self.settings.time_zone.unwrap_or_default(),
            max_calls: self.settings.max_calls,
            ring_time: self.settings.ring_time.map(seconds),
            fallback_status: self.settings.fallback_status,
            srtp: self.settings.media.srtp().unwrap_or_default(),
            codecs: self.settings.media.codecs().unwrap_or_default().names,
            country: media::or_inherit(self.settings.country.as_ref()).unwrap_or_default(),
            language: self.settings.media.language().unwrap_or_default(),
            music: media::or_inherit(self.settings.music.as_ref()).unwrap_or_default(),
            peers: self.settings.peers,
            hosts: self.settings.hosts,
        }
    }
}

impl Update {
    fn request(self) -> UpdateTenantRequest {
        let given = |names: Vec<String>, none: bool| (none || !names.is_empty()).then_some(Names { names });
        UpdateTenantRequest {
            name: self.name,
            domains: given(self.domains, false),
            time_zone: self.settings.time_zone,
            max_calls: self.settings.max_calls,
            ring_time: self.settings.ring_time.map(seconds),
            fallback_status: self.settings.fallback_status,
            srtp: self.settings.media.srtp(),
            codecs: self.settings.media.codecs(),
            country: media::or_inherit(self.settings.country.as_ref()),
            language: self.settings.media.language(),
            music: media::or_inherit(self.settings.music.as_ref()),
            peers: given(self.settings.peers, self.no_peers),
            hosts: given(self.settings.hosts, self.no_hosts),
            recordings: self.recording_days.map(|days| Age { days }),
        }
    }
}

/// A tenant's own days, or none.
pub(super) type Days = Option<u32>;

fn days(text: &str) -> Result<Days, String> {
    match text {
        "inherit" => Ok(None),
        days => days.parse().map(Some).map_err(|_| "a number of days, or `inherit`".to_owned()),
    }
}

fn kept(days: Option<u32>) -> String {
    match days {
        None => String::new(),
        Some(0) => "kept for ever".to_owned(),
        Some(days) => format!("kept for {days} days"),
    }
}

fn seconds(seconds: u32) -> prost_types::Duration {
    prost_types::Duration { seconds: i64::from(seconds), nanos: 0 }
}

async fn list(line: &Line, console: &mut Console) -> Result<(), Failure> {
    let answer = line.tenants().list(ListTenantsRequest {}).await?.into_inner();
    let header = ["NAME", "DOMAINS", "TIME ZONE", "MAX CALLS", "RING", "FALLBACK"];
    console.table(&answer, "no tenants; `strowger tenant create` makes one", &header, |_| {
        answer
            .tenants
            .iter()
            .map(|tenant| {
                let domains = tenant.domains.join(" ");
                vec![
                    tenant.name.clone(),
                    domains,
                    tenant.time_zone.clone(),
                    max_calls(tenant),
                    ring(tenant),
                    fallback(tenant),
                ]
            })
            .collect()
    })
}

fn show(console: &mut Console, tenant: &Tenant) -> Result<(), Failure> {
    console.card(tenant, |console| {
        vec![
            ("Name", tenant.name.clone()),
            ("Domains", tenant.domains.join(" ")),
            ("Realm", tenant.realm.clone()),
            ("Time zone", tenant.time_zone.clone()),
            ("Max calls", max_calls(tenant)),
            ("Ring time", ring(tenant)),
            ("Fallback", fallback(tenant)),
            ("Peers", tenant.peers.join(" ")),
            ("Hosts", tenant.hosts.join(" ")),
            ("SRTP", media::srtp(tenant.srtp())),
            ("Codecs", tenant.codecs.join(",")),
            ("Country", tenant.country.clone().unwrap_or_default()),
            ("Language", tenant.language.clone().unwrap_or_default()),
            ("Music", tenant.music.clone().unwrap_or_default()),
            ("Recordings", kept(tenant.recording_days)),
            ("Created", console.time(tenant.created)),
        ]
    })
}

fn max_calls(tenant: &Tenant) -> String {
    tenant.max_calls.map_or_else(|| "no limit".to_owned(), |most| most.to_string())
}

fn ring(tenant: &Tenant) -> String {
    tenant.ring_time.map(|time| format!("{} s", time.seconds)).unwrap_or_default()
}

fn fallback(tenant: &Tenant) -> String {
    tenant.fallback_status.map_or_else(|| "extension".to_owned(), |status| format!("reject {status}"))
}
