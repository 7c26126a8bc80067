//! Makes the services and messages of `strowger.admin.v1` from `proto/`, without `protoc`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message;

const PROTO: &str = "../../proto";
const NOUNS: [&str; 17] = [
    "tenant",
    "user",
    "registration",
    "dialplan",
    "call",
    "cdr",
    "room",
    "recording",
    "sound",
    "prompt",
    "trunk",
    "gateway",
    "number",
    "route",
    "limit",
    "outside",
    "voicemail",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTO}");
    let files = NOUNS.map(|noun| format!("strowger/admin/v1/{noun}.proto"));
    // With the comments, so that reflection shows them too.
    let set = protox::compile(files, [Path::new(PROTO)])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("strowger.admin.v1.bin"), set.encode_to_vec())?;
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure().compile_fds_with_config(set, config)?;
    Ok(())
}
