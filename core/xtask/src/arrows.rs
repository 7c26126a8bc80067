//! Who may depend on whom. No arrow goes up, siblings do not see each other, and a heavy crate has one home.

use crate::place::Place;
use crate::tool::{self, Outcome, fail};

/// Our own crates, and which of the others each may depend on. A crate of `plugins/` may depend on `switch` alone.
const ARROWS: &[(&str, &[&str])] = &[
    ("sip", &[]),
    ("sdp", &[]),
    ("mail", &[]),
    ("media", &[]),
    ("switch", &["media", "sdp", "sip"]),
    ("store", &["switch"]),
    ("admin", &["store", "switch"]),
    ("testkit", &["media", "sdp", "sip", "switch"]),
    ("xtask", &[]),
];

/// `server` joins everything but these.
const NOT_THE_SERVERS: &[&str] = &["testkit", "xtask"];

/// Crates whose name is, or begins with, one of these (then `-`) are named by one crate of ours, in tests too.
const HOMES: &[(&str, &str)] =
    &[("wasmtime", "dialplan"), ("sea-orm", "store"), ("tonic", "admin"), ("lettre", "mail")];

/// Checks what cargo says of the manifests, for all features and all targets.
pub(crate) fn arrows(place: &Place) -> Outcome {
    let built = direct(&tree(place, "normal,build")?);
    let tested = direct(&tree(place, "normal,build,dev")?);
    let faults = faults(&built, &tested);
    if faults.is_empty() { Ok(()) } else { fail(faults.join("\nxtask: ")) }
}

fn tree(place: &Place, edges: &str) -> Outcome<String> {
    let mut tree = place.cargo();
    tree.args(["tree", "--locked", "--workspace", "--all-features", "--target", "all", "--no-dedupe"]);
    tool::read(tree.args(["--depth", "1", "--prefix", "depth", "--edges", edges]))
}

/// A crate of ours and what it depends on directly.
#[derive(Debug, PartialEq, Eq)]
struct Crate {
    name: String,
    plugin: bool,
    needs: Vec<String>,
}

/// Reads `cargo tree --depth 1 --prefix depth`: `0` begins a crate of ours, `1` what it depends on.
fn direct(tree: &str) -> Vec<Crate> {
    let mut crates: Vec<Crate> = Vec::new();
    for line in tree.lines() {
        let Some((depth, rest)) = line.split_at_checked(1) else { continue };
        let name = rest.split(' ').next().unwrap_or_default().to_owned();
        match (depth, crates.last_mut()) {
            ("0", _) => crates.push(Crate { name, plugin: rest.contains("/plugins/"), needs: Vec::new() }),
            ("1", Some(last)) => last.needs.push(name),
            _ => {}
        }
    }
    crates
}

fn faults(built: &[Crate], tested: &[Crate]) -> Vec<String> {
    let ours: Vec<&str> = built.iter().map(|one| one.name.as_str()).collect();
    let mut faults = Vec::new();
    for one in built {
        let Some(may) = may_need(one) else {
            faults.push(format!("core/xtask/src/arrows.rs does not say what `{}` may depend on", one.name));
            continue;
        };
        for need in one.needs.iter().filter(|need| ours.contains(&need.as_str()) && !may(need)) {
            faults.push(format!("`{}` must not depend on `{need}`", one.name));
        }
    }
    for one in tested {
        for need in &one.needs {
            let home = HOMES.iter().find(|(heavy, _)| {
                need.strip_prefix(heavy).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            });
            if let Some((_, home)) = home.filter(|(_, home)| *home != one.name) {
                faults.push(format!("`{}` must not depend on `{need}`: only `{home}` does", one.name));
            }
        }
        if one.name == "xtask" && !one.needs.is_empty() {
            faults.push(format!("`xtask` depends on no crate, so not on {}", one.needs.join(", ")));
        }
    }
    faults
}

/// Which crates of ours one may depend on; `None` for a crate that nothing is said of.
fn may_need(one: &Crate) -> Option<impl Fn(&str) -> bool> {
    let (row, server) = match one.name.as_str() {
        "server" => (NOT_THE_SERVERS, true),
        _ if one.plugin => (&["switch"][..], false),
        name => (ARROWS.iter().find(|(own, _)| *own == name)?.1, false),
    };
    // The server's row says what it may not.
    Some(move |need: &str| row.contains(&need) != server)
}

#[cfg(test)]
mod tests {
    use super::{direct, faults};

    const TREE: &str = "0admin v0.1.0 (/r/core/admin)\n1store v0.1.0 (/r/core/store)\n1tonic v0.14.9\n\n\
                        0dialplan v0.1.0 (/r/plugins/dialplan)\n1switch v0.1.0 (/r/core/switch)\n1wasmtime v48.0.8\n\n\
                        0server v0.1.0 (/r/core/server)\n1admin v0.1.0 (/r/core/admin)\n\n\
                        0store v0.1.0 (/r/core/store)\n1sea-orm-migration v2.0.0\n\n\
                        0switch v0.1.0 (/r/core/switch)\n";

    fn found(tree: &str) -> Vec<String> {
        let crates = direct(tree);
        faults(&crates, &crates)
    }

    #[test]
    fn the_arrows_that_are_drawn_pass() {
        assert_eq!(found(TREE), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_goes_up_or_sideways_is_found() {
        let up = TREE.replace("0switch v0.1.0 (/r/core/switch)\n", "0switch v0.1.0 (/r)\n1store v0.1.0 (/r)\n");
        assert_eq!(found(&up), ["`switch` must not depend on `store`"]);
        let sideways = TREE.replace("1switch v0.1.0 (/r/core/switch)\n", "1store v0.1.0 (/r/core/store)\n");
        assert_eq!(found(&sideways), ["`dialplan` must not depend on `store`"]);
    }

    #[test]
    fn a_heavy_crate_away_from_home_is_found() {
        let away = TREE.replace("0server v0.1.0 (/r/core/server)\n", "0server v0.1.0 (/r)\n1tonic-health v0.14.0\n");
        assert_eq!(found(&away), ["`server` must not depend on `tonic-health`: only `admin` does"]);
    }

    #[test]
    fn a_crate_that_nothing_is_said_of_is_found() {
        let more = format!("{TREE}\n0gossip v0.1.0 (/r/core/gossip)\n");
        assert_eq!(found(&more), ["core/xtask/src/arrows.rs does not say what `gossip` may depend on"]);
    }
}
