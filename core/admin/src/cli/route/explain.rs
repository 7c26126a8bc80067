//! `strowger route explain`.

use crate::cli::connection::Line;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::words;
use crate::v1::{ExplainRequest, ExplainedWay, Explanation};

pub(super) async fn explain(
    line: &Line,
    console: &mut Console,
    tenant: String,
    number: String,
    user: Option<String>,
) -> Result<(), Failure> {
    let request = ExplainRequest { tenant, number, user: user.unwrap_or_default() };
    let said = line.routes().explain(request).await?.into_inner();
    console.card(&said, |_| card(&said))?;
    if console.json || said.ways.is_empty() {
        return Ok(());
    }
    console.say("", &serde_json::Value::Null)?;
    let mut place = 0;
    let rows: Vec<_> = said.ways.iter().map(|way| row(way, &mut place)).collect();
    console.rows(&["TRIED", "ROUTE", "TRUNK", "A MINUTE", "PRICE", "DESTINATION", "WHY"], &rows)
}

fn card(said: &Explanation) -> Vec<(&'static str, String)> {
    let may = match (&said.refused, said.ways.iter().any(|way| way.taken)) {
        (Some(why), _) => format!("no: {why}"),
        (None, true) => "yes".to_owned(),
        (None, false) => "no: no route leads there".to_owned(),
    };
    vec![
        ("Dialled", said.dialled.clone()),
        ("Number", said.number.clone().unwrap_or_else(|| "none outside".to_owned())),
        ("Kind", words::class(said.class()).to_owned()),
        ("Country", said.country.clone()),
        ("May be called", may),
    ]
}

fn row(way: &ExplainedWay, place: &mut usize) -> Vec<String> {
    let tried = if way.taken {
        *place += 1;
        place.to_string()
    } else {
        "-".to_owned()
    };
    vec![
        tried,
        if way.route.is_empty() { "(emergency)".to_owned() } else { way.route.clone() },
        way.trunk.clone(),
        way.minute.clone().unwrap_or_default(),
        words::price(way.rate.as_ref()),
        way.destination.clone(),
        way.why.clone(),
    ]
}
