//! What keeps the exchange from starting: each is told with its key, its value and the cure.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use tempfile::TempDir;

use crate::harness::binary;

/// Starts the exchange in a folder, where it must fail; what it said.
fn refuses_to_start(folder: &Path, data: &Path, settings: &[(&str, &str)]) -> String {
    let output = binary()
        .arg("run")
        .arg("--data")
        .arg(data)
        .current_dir(folder)
        .env("STROWGER__SIP__LISTEN", "udp:127.0.0.1:0")
        .env("STROWGER__ADMIN__LISTEN", "127.0.0.1:0")
        .env("STROWGER__METRICS__LISTEN", "")
        .envs(settings.iter().copied())
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it must not start: {said}");
    assert!(output.status.code().is_some(), "it must not crash: {:?}", output.status);
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn names(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}

fn folder() -> TempDir {
    TempDir::with_prefix("strowger-starting-").expect("a folder")
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    for words in [["completions", "bash"], ["config", "sample"], ["config", "show"]] {
        let (folder, (reader, writer)) = (folder(), std::io::pipe().expect("a pipe"));
        drop(reader);
        let ended = binary().args(words).current_dir(folder.path()).stdout(writer).output().expect("the binary starts");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.is_empty(), "{words:?}: {said}");
    }
}

#[test]
fn a_busy_udp_port_is_named() {
    let (folder, taken) = (folder(), UdpSocket::bind("127.0.0.1:0").expect("a port"));
    let address = taken.local_addr().expect("its address").to_string();
    let listen = format!("udp:{address}");
    let said = refuses_to_start(folder.path(), &folder.path().join("data"), &[("STROWGER__SIP__LISTEN", &listen)]);
    names(&said, &["sip.listen", &address]);
}

#[test]
fn a_busy_tcp_port_is_named() {
    let (folder, taken) = (folder(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let address = taken.local_addr().expect("its address").to_string();
    let listen = format!("tcp:{address}");
    let said = refuses_to_start(folder.path(), &folder.path().join("data"), &[("STROWGER__SIP__LISTEN", &listen)]);
    names(&said, &["sip.listen", &address]);
}

#[test]
fn a_busy_admin_port_is_named() {
    let (folder, taken) = (folder(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let address = taken.local_addr().expect("its address").to_string();
    let said = refuses_to_start(folder.path(), &folder.path().join("data"), &[("STROWGER__ADMIN__LISTEN", &address)]);
    names(&said, &["admin.listen", &address]);
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let folder = folder();
    // A file where the folder should be: not even root can write into that.
    let data = folder.path().join("taken");
    std::fs::write(&data, "").expect("a file");
    let said = refuses_to_start(folder.path(), &data, &[]);
    names(&said, &["--data", &data.display().to_string()]);
}

#[test]
fn a_broken_database_is_named() {
    let folder = folder();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let file = data.join("strowger.db");
    std::fs::write(&file, "this is no database, and was never one".repeat(100)).expect("a file");
    let said = refuses_to_start(folder.path(), &data, &[]);
    names(&said, &["store.url", &file.display().to_string()]);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_right_one() {
    let folder = folder();
    std::fs::write(folder.path().join("strowger.toml"), "[sip]\nlisten_on = [\"udp:127.0.0.1:0\"]\n").expect("a file");
    let said = refuses_to_start(folder.path(), &folder.path().join("data"), &[]);
    names(&said, &["sip.listen_on", "sip.listen", "strowger.toml"]);
}

#[test]
fn an_unknown_key_in_the_environment_is_named() {
    let folder = folder();
    let said = refuses_to_start(folder.path(), &folder.path().join("data"), &[("STROWGER__MEDIA__PORT", "1-2")]);
    names(&said, &["media.port", "media.ports"]);
}

#[test]
fn a_wrong_value_is_named_with_its_key() {
    let folder = folder();
    let said = refuses_to_start(folder.path(), &folder.path().join("data"), &[("STROWGER__MEDIA__PORTS", "many")]);
    names(&said, &["media.ports", "many"]);
}

#[test]
fn tls_without_a_certificate_is_told_with_its_setting() {
    let folder = folder();
    let data = folder.path().join("data");
    let listen = ("STROWGER__SIP__LISTEN", "tls:127.0.0.1:0");
    names(&refuses_to_start(folder.path(), &data, &[listen]), &["tls.certificate", "sip.listen"]);
    let files = [listen, ("STROWGER__TLS__CERTIFICATE", "none.pem"), ("STROWGER__TLS__KEY", "none.key")];
    names(&refuses_to_start(folder.path(), &data, &files), &["tls.certificate", "none.pem"]);
    let wrong = [listen, ("STROWGER__TLS__VERIFY_CLIENTS", "always")];
    names(&refuses_to_start(folder.path(), &data, &wrong), &["tls.verify_clients", "always", "optional"]);
}

#[test]
fn a_name_server_that_is_no_address_is_named() {
    let folder = folder();
    let settings = &[("STROWGER__DNS__SERVERS", "192.0.2.53,ns.example")];
    names(&refuses_to_start(folder.path(), &folder.path().join("data"), settings), &["dns.servers", "ns.example"]);
}
