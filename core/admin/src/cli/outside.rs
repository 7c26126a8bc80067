//! `strowger outside`, and `strowger grant`.

use crate::cli::connection::{Line, Whose};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::words;
use crate::v1::{GetOutsideRequest, Grants, Location, NumberClass, Outside, SetOutsideRequest};

pub(crate) const EXAMPLES: &str = "\
Examples:
  strowger grant set --allow local,national,mobile --country DE --shown +4930123400
  strowger grant set --allow national,international --abroad AT,CH --never 43900
  strowger grant set --user lobby --allow none              emergency numbers alone
  strowger grant set --user lobby --inherit                 as the tenant's again
  strowger outside set --area 30 --line 0 --emergency-trunk berlin
  strowger outside set --at city=Berlin --at street=Chausseestraße --at house=1
  strowger grant show --user alice

`grant` and `outside` are the same: what may be called is a part of the way outside.";

/// The kinds of numbers, as they are typed.
const CLASSES: [NumberClass; 10] = [
    NumberClass::Emergency,
    NumberClass::Internal,
    NumberClass::Local,
    NumberClass::National,
    NumberClass::Mobile,
    NumberClass::TollFree,
    NumberClass::Service,
    NumberClass::International,
    NumberClass::Premium,
    NumberClass::Satellite,
];

/// What is to be done with the way outside.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Show what a tenant or a user may call, how it dials, what is shown and where it is
    Show {
        #[command(flatten)]
        of: Of,
    },
    /// Change it, from the next call on; what is not given stays as it is
    Set(Box<Set>),
}

/// Whose.
#[derive(Debug, clap::Args)]
pub struct Of {
    /// Of this user; of the tenant as a whole when not given
    #[arg(long, short, value_name = "NAME")]
    user: Option<String>,
    #[command(flatten)]
    whose: Whose,
}

/// What is to be otherwise.
#[derive(Debug, clap::Args)]
pub struct Set {
    /// Which kinds of numbers may be called from now on: internal, local, national, mobile, toll-free, service, international, premium, satellite, with commas; `none` for emergency numbers alone
    #[arg(long, short, value_name = "KINDS")]
    allow: Option<String>,
    /// Which countries of international numbers, as AT,CH; `all` for all
    #[arg(long, value_name = "COUNTRIES")]
    abroad: Option<String>,
    /// No number that begins so, the country's code first, as 43900,49900; `none` for no such rule
    #[arg(long, value_name = "PREFIXES")]
    never: Option<String>,
    /// A user may call what his tenant may
    #[arg(long, conflicts_with_all = ["allow", "abroad", "never"], requires = "user")]
    inherit: bool,
    /// The number that is shown, one of the tenant's own; `none` for none, or the tenant's
    #[arg(long, value_name = "NUMBER")]
    shown: Option<String>,
    /// The country whose numbers are dialled, as DE; `none` for none. Of a tenant alone
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// The area whose numbers are dialled without an area code, as 30; `none` for none. Of a tenant alone
    #[arg(long, value_name = "DIGITS")]
    area: Option<String>,
    /// What is dialled to get a line, as 0; `none` for nothing. Of a tenant alone
    #[arg(long, value_name = "DIGITS")]
    line: Option<String>,
    /// The trunk for emergency calls; `none` for none of their own. Of a tenant alone
    #[arg(long, value_name = "TRUNK")]
    emergency_trunk: Option<String>,
    /// Where it is, for emergency calls: country, region, city, postcode, street, house, floor, room or name, as city=Berlin; may be given several times, and what is not given is unknown then
    #[arg(long = "at", value_name = "WHAT=WHERE")]
    at: Vec<String>,
    /// Where it is is not known
    #[arg(long, conflicts_with = "at")]
    no_location: bool,
    #[command(flatten)]
    of: Of,
}

pub(crate) async fn run(verb: Verb, line: &Line, console: &mut Console) -> Result<(), Failure> {
    match verb {
        Verb::Show { of } => {
            let (tenant, user) = of.find(line).await?;
            show(console, &line.outside().get(GetOutsideRequest { tenant, user }).await?.into_inner())
        }
        Verb::Set(set) => {
            let request = set.request(line).await?;
            show(console, &line.outside().set(request).await?.into_inner())
        }
    }
}

impl Of {
    async fn find(&self, line: &Line) -> Result<(String, String), Failure> {
        Ok((line.tenant(&self.whose).await?, self.user.clone().unwrap_or_default()))
    }
}

impl Set {
    async fn request(self, line: &Line) -> Result<SetOutsideRequest, Failure> {
        let (tenant, user) = self.of.find(line).await?;
        let mut grants = None;
        if self.allow.is_some() || self.abroad.is_some() || self.never.is_some() {
            // What is granted is said as a whole: what is not given stays as it is, and a user begins at nothing.
            let request = GetOutsideRequest { tenant: tenant.clone(), user: user.clone() };
            let known = line.outside().get(request).await?.into_inner().grants.unwrap_or_default();
            grants = Some(self.grants(known)?);
        }
        let or_none = |text: Option<String>| text.map(|text| if text == "none" { String::new() } else { text });
        let location = if self.no_location || !self.at.is_empty() { Some(location(&self.at)?) } else { None };
        Ok(SetOutsideRequest {
            tenant,
            user,
            country: or_none(self.country),
            area: or_none(self.area),
            line: or_none(self.line),
            grants,
            inherit_grants: self.inherit,
            shown: or_none(self.shown),
            emergency_trunk: or_none(self.emergency_trunk),
            location,
        })
    }

    fn grants(&self, known: Grants) -> Result<Grants, Failure> {
        let mut grants = known;
        if let Some(kinds) = &self.allow {
            grants.classes = classes("allow", kinds)?.into_iter().map(i32::from).collect();
            // Countries say more of international numbers, and go with them.
            if !grants.classes.contains(&NumberClass::International.into()) {
                grants.countries.clear();
            }
        }
        if let Some(countries) = &self.abroad {
            grants.countries = if countries == "all" { Vec::new() } else { listed(countries) };
        }
        if let Some(prefixes) = &self.never {
            grants.never = if prefixes == "none" { Vec::new() } else { listed(prefixes) };
        }
        Ok(grants)
    }
}

/// Kinds of numbers with commas between them, or `none`.
pub(crate) fn classes(name: &'static str, text: &str) -> Result<Vec<NumberClass>, Failure> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let known = |word: &str| CLASSES.into_iter().find(|class| words::class(*class).eq_ignore_ascii_case(word));
    let read = listed(text).into_iter().map(|word| {
        known(&word).ok_or_else(|| {
            let all: Vec<_> = CLASSES.into_iter().map(words::class).collect();
            Failure::Argument { name, why: format!("`{word}` is none of {}, none", all.join(", ")) }
        })
    });
    read.collect()
}

fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn location(parts: &[String]) -> Result<Location, Failure> {
    let mut location = Location::default();
    for part in parts {
        let (what, text) = part.split_once('=').unwrap_or((part, ""));
        let field = match what {
            "country" => &mut location.country,
            "region" => &mut location.region,
            "city" => &mut location.city,
            "postcode" => &mut location.postcode,
            "street" => &mut location.street,
            "house" => &mut location.house,
            "floor" => &mut location.floor,
            "room" => &mut location.room,
            "name" => &mut location.name,
            _ => {
                let all = "country, region, city, postcode, street, house, floor, room, name";
                let why = format!("`{part}` begins with none of {all} and `=`");
                return Err(Failure::Argument { name: "at", why });
            }
        };
        text.clone_into(field);
    }
    Ok(location)
}

fn show(console: &mut Console, outside: &Outside) -> Result<(), Failure> {
    console.card(outside, |_| {
        let rules = outside.rules.clone().unwrap_or_default();
        let grants = outside.grants.as_ref();
        let may = match grants {
            None => "what the tenant may".to_owned(),
            Some(grants) if grants.classes.is_empty() => "emergency numbers alone".to_owned(),
            Some(grants) => grants.classes().map(words::class).collect::<Vec<_>>().join(","),
        };
        let joined =
            |pick: fn(&Grants) -> &Vec<String>| grants.map(|grants| pick(grants).join(",")).unwrap_or_default();
        vec![
            ("Tenant", outside.tenant.clone()),
            ("User", outside.user.clone()),
            ("May call", may),
            ("Abroad", joined(|grants| &grants.countries)),
            ("Never", joined(|grants| &grants.never)),
            ("Shown", outside.shown.clone().unwrap_or_default()),
            ("Country", rules.country),
            ("Area", rules.area),
            ("Line", rules.line),
            ("Emergency trunk", outside.emergency_trunk.clone().unwrap_or_default()),
            ("Location", outside.location.as_ref().map(place).unwrap_or_default()),
        ]
    })
}

fn place(location: &Location) -> String {
    let Location { country, region, city, postcode, street, house, floor, room, name } = location;
    let street = format!("{street} {house}");
    let city = format!("{postcode} {city}");
    let floor = if floor.is_empty() { String::new() } else { format!("floor {floor}") };
    let room = if room.is_empty() { String::new() } else { format!("room {room}") };
    let parts = [name, street.trim(), &floor, &room, city.trim(), region, country];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
