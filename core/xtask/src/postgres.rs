//! A PostgreSQL of our own for as long as the tests run: a fresh cluster in a temporary folder, on a free port of
//! loopback, with a password made for it.
//!
//! A shell watches over it at the other end of a pipe. When the pipe closes, because the tests are over or because this
//! program was killed in whatever way, it stops the cluster and removes the folder.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::debian;
use crate::tool::{self, Outcome, Told, fail, say};

/// `$1` is the folder of PostgreSQL's programs, `$2` the port; the password is the first line of the input.
const WATCH: &str = r#"
set -eu
umask 077
trap '' HUP INT TERM
read -r password
PATH=$1:$PATH
folder=$(mktemp -d /tmp/strowger-postgres.XXXXXX)
finish() {
    pg_ctl -D "$folder/cluster" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
printf '%s\n' "$password" >password
{
    initdb -D cluster -U strowger --auth=scram-sha-256 --pwfile=password --encoding=UTF8 --locale=C.UTF-8 --no-sync &&
    pg_ctl -D cluster -l log -w -t 60 -o "-p $2 -c listen_addresses=127.0.0.1 -c unix_socket_directories='' \
        -c fsync=off -c max_connections=200" start &&
    PGPASSWORD=$password psql -h 127.0.0.1 -p "$2" -U strowger -d postgres -q -c 'CREATE DATABASE strowger'
} >out 2>&1 </dev/null || {
    cat out log >&2 2>/dev/null || true
    exit 1
}
echo ready
# Until the other end of the pipe is gone.
cat >/dev/null
"#;

/// A cluster that runs.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Where it is, with role and password.
    pub(crate) url: String,
    watch: Child,
    /// Open as long as the cluster is wanted.
    pipe: Option<ChildStdin>,
}

/// Where PostgreSQL's own programs are, the newest version's: Debian does not put them on the search path.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max();
    match newest {
        Some((_, folder)) => Some(folder),
        None => tool::find("initdb").and_then(|path| path.parent().map(PathBuf::from)),
    }
}

impl Cluster {
    /// Starts one. A second try takes another port, should somebody have taken the first one meanwhile.
    pub(crate) fn start() -> Outcome<Self> {
        let Some(programs) = programs() else { return fail("there is no initdb in /usr/lib/postgresql/*/bin") };
        say("starting a PostgreSQL for the tests");
        Self::start_once(&programs).or_else(|_| Self::start_once(&programs))
    }

    fn start_once(programs: &PathBuf) -> Outcome<Self> {
        let port = free_port()?;
        let password = password()?;
        let mut watch = if debian::is_root() {
            // PostgreSQL refuses to be root's.
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        watch.args(["-c", WATCH, "sh"]).arg(programs).arg(port.to_string());
        watch.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        // Ctrl-C is for the tests; the watch ends after them.
        watch.process_group(0);
        let mut watch = watch.spawn().told(|| "cannot start a shell as user postgres".to_owned())?;
        let (Some(mut pipe), Some(said)) = (watch.stdin.take(), watch.stdout.take()) else {
            return fail("the shell has no pipes");
        };
        writeln!(pipe, "{password}").told(|| "the shell is gone".to_owned())?;
        let mut line = String::new();
        let read = BufReader::new(said).read_line(&mut line);
        let url = format!("postgres://strowger:{password}@127.0.0.1:{port}/strowger");
        let cluster = Self { url, watch, pipe: Some(pipe) };
        if read.is_ok() && line.trim() == "ready" { Ok(cluster) } else { fail("PostgreSQL did not start") }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.pipe.take();
        let _ = self.watch.wait();
    }
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).told(|| "no free port on 127.0.0.1".to_owned())?;
    Ok(listener.local_addr().told(|| "no free port on 127.0.0.1".to_owned())?.port())
}

fn password() -> Outcome<String> {
    let mut bytes = [0_u8; 16];
    let random = "/dev/urandom";
    fs::File::open(random).and_then(|mut file| file.read_exact(&mut bytes)).told(|| format!("cannot read {random}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
