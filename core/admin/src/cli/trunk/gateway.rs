//! `strowger trunk gateway`.

use crate::cli::connection::Line;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::trunk::view;
use crate::v1::{
    AddGatewayRequest, Gateway, GatewayRule, GatewaySettings, RemoveGatewayRequest, SetGatewayRuleRequest,
    UpdateGatewayRequest,
};

/// What is to be done with the gateways of a trunk.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Add a gateway after those that are there
    Add {
        /// The trunk's name
        trunk: String,
        /// Where it is, as sip.carrier.example, 198.51.100.7:5080 or NAME=[2001:db8::1]
        host: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change a gateway; what is not given stays as it is
    #[command(visible_alias = "update")]
    Set {
        /// The trunk's name
        trunk: String,
        /// The gateway's name
        name: String,
        /// Where it is, as sip.carrier.example or 198.51.100.7:5080
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Remove a gateway; calls that are up go on
    #[command(visible_alias = "delete")]
    Remove {
        /// The trunk's name
        trunk: String,
        /// The gateway's name
        name: String,
    },
}

/// How a gateway is used.
#[derive(Debug, clap::Args)]
pub struct Settings {
    /// Over which transport it is reached; `dns` as DNS says
    #[arg(long, value_enum)]
    transport: Option<Over>,
    /// Lower ones are tried first [default: 0]
    #[arg(long, short)]
    priority: Option<u32>,
    /// Its share among those of the same priority [default: 1]
    #[arg(long, short)]
    weight: Option<u32>,
    /// Used while it lives, in any case, or for no new calls [default: auto]
    #[arg(long, short)]
    rule: Option<Rule>,
    /// How many calls it takes at once; 0 for no limit of its own
    #[arg(long, value_name = "CALLS")]
    max_calls: Option<u32>,
}

/// Over which transport a gateway is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Over {
    /// As DNS says
    Dns,
    /// UDP
    Udp,
    /// TCP
    Tcp,
    /// TLS
    Tls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Rule {
    /// It is used while it lives
    Auto,
    /// It is used whether it seems to live or not
    Active,
    /// It gets no new calls; those that are up go on
    Inactive,
}

pub(super) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::Add { trunk, host, settings } => {
            let gateway = settings.on(read(&host, 0)?);
            let request = AddGatewayRequest { trunk, gateway: Some(gateway) };
            show(console, &line.gateways().add(request).await?.into_inner())
        }
        Verb::Set { trunk, name, host, settings } => {
            let asked = match &host {
                Some(host) => GatewaySettings { name, ..read(host, 0)? },
                None => GatewaySettings { name, ..GatewaySettings::default() },
            };
            // By itself it is said without touching what another operator changes meanwhile.
            if let (Some(rule), true) = (settings.rule, host.is_none() && settings.is_rule_alone()) {
                let request = SetGatewayRuleRequest { trunk, name: asked.name, rule: rule.word().into() };
                return show(console, &line.gateways().set_rule(request).await?.into_inner());
            }
            let request = UpdateGatewayRequest { trunk, gateway: Some(settings.on(asked)) };
            show(console, &line.gateways().update(request).await?.into_inner())
        }
        Verb::Remove { trunk, name } => {
            let request = RemoveGatewayRequest { trunk: trunk.clone(), name: name.clone() };
            line.gateways().remove(request).await?;
            let json = serde_json::json!({ "deleted": name, "trunk": trunk });
            console.say(&format!("gateway {name} of trunk {trunk} is removed"), &json)
        }
    }
}

fn show(console: &mut Console, gateway: &Gateway) -> Result<(), Failure> {
    console.card(gateway, |console| {
        let mut card = vec![("Trunk", gateway.trunk.clone())];
        let names = ["Name", "Host", "Port", "Transport", "Priority", "Weight", "Rule", "Max calls"];
        let live = ["State", "Calls", "Round trip", "Addresses"];
        card.extend(names.into_iter().chain(live).zip(view::gateway(console, gateway)));
        card
    })
}

impl Settings {
    fn on(&self, asked: GatewaySettings) -> GatewaySettings {
        GatewaySettings {
            transport: self.transport.map(|over| over.word().to_owned()),
            priority: self.priority,
            weight: self.weight,
            rule: self.rule.map(|rule| rule.word().into()),
            max_calls: self.max_calls,
            ..asked
        }
    }

    fn is_rule_alone(&self) -> bool {
        self.transport.is_none() && self.priority.is_none() && self.weight.is_none() && self.max_calls.is_none()
    }
}

impl Over {
    /// Its name in the API; empty where DNS says it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Dns => "",
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

impl Rule {
    fn word(self) -> GatewayRule {
        match self {
            Self::Auto => GatewayRule::Auto,
            Self::Active => GatewayRule::Active,
            Self::Inactive => GatewayRule::Inactive,
        }
    }
}

/// A gateway by where it is: `[NAME=]HOST[:PORT]`. Its name is its host, or where that is an address of IPv6 its place.
pub(super) fn read(text: &str, place: usize) -> Result<GatewaySettings, Failure> {
    let wrong = || Failure::Argument {
        name: "gateway",
        why: format!("`{text}` is no HOST, HOST:PORT or NAME=HOST; an address of IPv6 stands in brackets"),
    };
    let (name, site) = match text.split_once('=') {
        Some((name, site)) => (Some(name), site),
        None => (None, text),
    };
    let (host, rest) = match site.strip_prefix('[') {
        Some(site) => site.split_once(']').ok_or_else(wrong)?,
        None => site.split_at(site.find(':').unwrap_or(site.len())),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?,
        None if rest.is_empty() => 0,
        None => return Err(wrong()),
    };
    if host.is_empty() {
        return Err(wrong());
    }
    let own = if host.contains(':') { format!("gw{}", place + 1) } else { host.to_owned() };
    Ok(GatewaySettings {
        name: name.map_or(own, str::to_owned),
        host: Some(host.to_owned()),
        port: Some(port),
        ..GatewaySettings::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_read_as_people_write_it() {
        for (text, name, host, port) in [
            ("sip.carrier.example", "sip.carrier.example", "sip.carrier.example", 0),
            ("198.51.100.7:5080", "198.51.100.7", "198.51.100.7", 5080),
            ("one=sip.example:5061", "one", "sip.example", 5061),
            ("[2001:db8::1]", "gw3", "2001:db8::1", 0),
            ("six=[2001:db8::1]:5061", "six", "2001:db8::1", 5061),
        ] {
            let read = read(text, 2).unwrap();
            assert_eq!((read.name.as_str(), read.host.as_deref(), read.port), (name, Some(host), Some(port)), "{text}");
        }
        for wrong in ["", "one=", ":5060", "a:b", "a:0", "a:65536x", "[2001:db8::1", "[::1]x", "2001:db8::1"] {
            assert!(matches!(read(wrong, 0), Err(Failure::Argument { name: "gateway", .. })), "{wrong}");
        }
    }
}
