//! The exchange on PostgreSQL: a first start makes what it needs, a second finds it. `cargo xtask test` starts the server.

use std::process::{Child, Command};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::harness::{binary, until};

/// A schema of this test's own on the server that `STROWGER_TEST_POSTGRES` names.
fn url() -> Option<String> {
    let Ok(url) = std::env::var("STROWGER_TEST_POSTGRES") else {
        assert!(std::env::var_os("STROWGER_TEST_PEERS").is_none(), "no PostgreSQL: run `cargo xtask test`");
        return None;
    };
    let schema = format!("exchange_{}", std::process::id());
    let made =
        Command::new("psql").args([&url, "-q", "-c", &format!("CREATE SCHEMA {schema}")]).status().expect("psql");
    assert!(made.success(), "a schema on {url}");
    let joint = if url.contains('?') { '&' } else { '?' };
    Some(format!("{url}{joint}options=-c%20search_path%3D{schema}"))
}

/// Starts the exchange with the demonstration's tenant; its admin address.
fn start(folder: &TempDir, url: &str) -> (Child, String) {
    let ready = folder.path().join("ready.json");
    let _ = std::fs::remove_file(&ready);
    let mut child = binary()
        .args(["run", "--demo", "--ready-file"])
        .arg(&ready)
        .current_dir(folder.path())
        .env("STROWGER__SIP__LISTEN", "udp:127.0.0.1:0")
        .env("STROWGER__ADMIN__LISTEN", "127.0.0.1:0")
        .env("STROWGER__METRICS__LISTEN", "")
        .env("STROWGER__STORE__URL", url)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the binary starts");
    let text = until("the exchange listens", Duration::from_secs(20), || {
        assert!(child.try_wait().expect("a child of ours").is_none(), "it did not start");
        std::fs::read_to_string(&ready).ok()
    });
    let ready: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    (child, ready["admin"].as_str().expect("an admin address").to_owned())
}

fn stop(mut child: Child) {
    kill_process(Pid::from_child(&child), Signal::TERM).expect("SIGTERM");
    assert!(child.wait().expect("its end").success());
}

fn users(folder: &TempDir, admin: &str) -> String {
    let mut command = binary();
    command
        .current_dir(folder.path())
        .arg("--endpoint")
        .arg(format!("http://{admin}"))
        .args(["--json", "user", "list"]);
    let done = command.output().expect("the command line runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn it_starts_on_an_empty_database_and_finds_its_users_again() {
    let Some(url) = url() else { return };
    let folder = TempDir::with_prefix("strowger-postgresql-").expect("a folder");
    let (child, admin) = start(&folder, &url);
    let first = users(&folder, &admin);
    assert!(first.contains("1001") && first.contains("1002"), "{first}");
    stop(child);
    let (child, admin) = start(&folder, &url);
    assert_eq!(users(&folder, &admin), first);
    stop(child);
}
