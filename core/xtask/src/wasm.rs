//! A Rust compiler that has a standard library for `wasm32-unknown-unknown`.
//!
//! 1. The toolchain in use, where the target is installed (`rustup target add wasm32-unknown-unknown`).
//! 2. Else one that this module made before, kept in `~/.cache/strowger-wasm`.
//! 3. Else it makes one, on Debian: the compiler of Debian's package `rustc-web` with the library's source of
//!    `rust-web-src`, which belong together. Nothing is installed: the packages are unpacked in the cache, and the
//!    library is built there once (about 140 MB to fetch and a minute and a half of one core).

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::debian::{self, Need};
use crate::tool::{self, Outcome, Told, fail, say};

/// What guests are compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// How often a download is tried.
const TRIES: u32 = 4;

/// What cargo must be told in its environment to build for wasm; nothing where the toolchain can do it.
pub(crate) fn environment() -> Outcome<Vec<(&'static str, OsString)>> {
    let usual = std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
    if has_library(&usual) {
        return Ok(Vec::new());
    }
    let cache = cache()?;
    fs::create_dir_all(&cache).told(|| format!("cannot make {}", cache.display()))?;
    // Whoever comes second waits for what the first one makes.
    let lock = cache.join("lock");
    let lock = File::create(&lock).told(|| format!("cannot make {}", lock.display()))?;
    lock.lock().told(|| format!("cannot lock {}", cache.display()))?;
    let made = cache.join("toolchain");
    if !has_library(&compiler_in(&made)) {
        make(&cache, &made)?;
    }
    Ok(vec![("RUSTC", compiler_in(&made).into()), ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker()?.into())])
}

fn cache() -> Outcome<PathBuf> {
    let base = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
        (Some(cache), _) if Path::new(&cache).is_absolute() => PathBuf::from(cache),
        (_, Some(home)) => Path::new(&home).join(".cache"),
        _ => return fail("neither XDG_CACHE_HOME nor HOME says where a compiler could be kept"),
    };
    Ok(base.join("strowger-wasm"))
}

fn compiler_in(made: &Path) -> PathBuf {
    made.join("bin/rustc")
}

/// Where a compiler keeps its libraries for wasm, whether they are there or not.
fn library_folder(compiler: &Path) -> Option<PathBuf> {
    let mut print = Command::new(compiler);
    print.args(["--print", "target-libdir", "--target", TARGET]).stderr(Stdio::null());
    let output = print.output().ok().filter(|output| output.status.success())?;
    Some(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

fn has_library(compiler: &Path) -> bool {
    let Some(folder) = library_folder(compiler) else { return false };
    let Ok(mut entries) = fs::read_dir(folder) else { return false };
    entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
}

/// Makes the compiler beside its place and moves it there when it is whole. It finds itself by its own path.
fn make(cache: &Path, made: &Path) -> Outcome {
    say(format!("this toolchain cannot compile for {TARGET}: making one that can, once, in {}", cache.display()));
    say(format!("(where rustup reaches its server, `rustup target add {TARGET}` is quicker)"));
    if tool::find("apt-get").is_none() || tool::find("dpkg-deb").is_none() {
        return fail(format!("there is no other way than by Debian's packages: run `rustup target add {TARGET}`"));
    }
    let work = cache.join("making");
    for old in [&work, &made.to_owned()] {
        if old.exists() {
            fs::remove_dir_all(old).told(|| format!("cannot remove {}", old.display()))?;
        }
    }
    let packages = work.join("packages");
    let seed = work.join("seed");
    for folder in [&packages, &work.join("bin"), &seed.join("src")] {
        fs::create_dir_all(folder).told(|| format!("cannot make {}", folder.display()))?;
    }
    fetch(&packages)?;
    unpack(&packages, &work)?;
    build_library(&work, &seed)?;
    for done in [&packages, &seed, &work.join(SOURCE)] {
        fs::remove_dir_all(done).told(|| format!("cannot remove {}", done.display()))?;
    }
    fs::rename(&work, made).told(|| format!("cannot move {} into place", work.display()))?;
    if has_library(&compiler_in(made)) { Ok(()) } else { fail("the compiler for wasm was made but does not work") }
}

/// Downloads the packages: the compiler, those of its libraries that this machine lacks, and the source.
fn fetch(packages: &Path) -> Outcome {
    if debian::candidate("rust-web-src").is_none() || debian::candidate("rustc-web").is_none() {
        debian::update()?;
    }
    let mut trial = 1;
    loop {
        let Some(version) = debian::candidate("rustc-web") else {
            return fail(format!(
                "this Debian has no package rustc-web (Debian 12 and later have it): run `rustup target add {TARGET}`"
            ));
        };
        let mut names = with_libraries("rustc-web")?;
        names.push("rust-web-src".to_owned());
        say(format!("fetching rustc {version}: {}", names.join(" ")));
        let mut download = Command::new("apt-get");
        download.current_dir(packages).args(["download", "-q", "-o", "Acquire::Retries=3"]);
        if debian::is_root() {
            // Apt's own user may not write into the cache of root's.
            download.args(["-o", "APT::Sandbox::User=root"]);
        }
        match tool::run_quietly(download.args(&names)) {
            Ok(()) => return Ok(()),
            Err(fault) if trial == TRIES => return Err(fault),
            Err(_) => say("that failed: trying again with fresh lists"),
        }
        trial += 1;
        std::thread::sleep(Duration::from_secs(5));
        debian::update()?;
    }
}

/// A package and the libraries that it needs, without those that are installed.
fn with_libraries(package: &str) -> Outcome<Vec<String>> {
    let mut found = vec![package.to_owned()];
    let mut next = 0;
    while let Some(name) = found.get(next).cloned() {
        next += 1;
        for needed in debian::depends(&name)? {
            if needed.starts_with("lib") && !found.contains(&needed) && !debian::is_installed(&needed) {
                found.push(needed);
            }
        }
    }
    Ok(found)
}

/// Where `cargo -Zbuild-std` looks for the library's source, under the compiler's root.
const SOURCE: &str = "root/usr/lib/rustlib/src";

fn unpack(packages: &Path, work: &Path) -> Outcome {
    say("unpacking");
    let root = work.join("root");
    let source = work.join(SOURCE).join("rust");
    for package in crate::place::files(packages, "deb")? {
        let is_source = package.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rust-web-src_"));
        if !is_source {
            tool::run_quietly(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&root))?;
            continue;
        }
        fs::create_dir_all(&source).told(|| format!("cannot make {}", source.display()))?;
        let mut stream = Command::new("dpkg-deb");
        stream.arg("--fsys-tarfile").arg(&package).stdout(Stdio::piped());
        let mut stream = stream.spawn().told(|| "cannot start dpkg-deb".to_owned())?;
        let Some(bytes) = stream.stdout.take() else { return fail("dpkg-deb has no output") };
        let mut tar = Command::new("tar");
        tar.arg("-xC").arg(&source).args(["--strip-components=4", "--wildcards", "./usr/src/rustc-*/library/*"]);
        tool::run_quietly(tar.stdin(bytes))?;
        let ended = stream.wait().told(|| "dpkg-deb is lost".to_owned())?;
        if !ended.success() {
            return fail(format!("cannot unpack {}", package.display()));
        }
    }
    let Some(driver) = find_below(&root.join("usr/lib"), "librustc_driver-") else {
        return fail("Debian's package has no compiler in it where it is expected");
    };
    let folder = driver.parent().unwrap_or(&root).strip_prefix(work).unwrap_or(&root).display().to_string();
    let compiler = compiler_in(work);
    let script = format!(
        "#!/bin/sh\nhere=${{0%/*}}/..\nLD_LIBRARY_PATH=$here/{folder} exec \"$here/root/usr/bin/rustc\" \"$@\"\n"
    );
    fs::write(&compiler, script).told(|| format!("cannot write {}", compiler.display()))?;
    fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755)).told(|| "cannot make it executable".to_owned())
}

/// The first file below a folder whose name begins so.
fn find_below(folder: &Path, start: &str) -> Option<PathBuf> {
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(path);
            } else if entry.file_name().to_string_lossy().starts_with(start) {
                return Some(path);
            }
        }
    }
    None
}

/// Builds the standard library by way of an empty crate, and puts it where the compiler looks for it.
fn build_library(work: &Path, seed: &Path) -> Outcome {
    say(format!("building the standard library for {TARGET}"));
    let manifest = "[package]\nname = \"seed\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
                    [profile.release]\npanic = \"abort\"\n\n[workspace]\n";
    let write = |name: &str, text: &str| {
        File::create(seed.join(name))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .told(|| format!("cannot write {name}"))
    };
    write("Cargo.toml", manifest)?;
    write("src/lib.rs", "")?;
    let compiler = compiler_in(work);
    let vendored = work.join(SOURCE).join("rust/library/vendor");
    let mut build = tool::cargo(seed);
    build
        .args(["build", "--quiet", "--release", "-Zbuild-std=std,panic_abort", "--target", TARGET])
        // The few crates that the library needs come with its source, in the versions that it was locked to.
        .args(["--config", "source.crates-io.replace-with = \"vendored\"", "--config"])
        .arg(format!("source.vendored.directory = \"{}\"", vendored.display()))
        .env("RUSTC", &compiler)
        // Debian's compiler is a release: it and cargo must be told that -Z is meant.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", seed.join("target"))
        // Guests are linked with LTO, which wants bitcode in the library too.
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-Cembed-bitcode=yes");
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
        build.env_remove(flags);
    }
    tool::run_quietly(&mut build)?;
    let Some(library) = library_folder(&compiler) else { return fail("the compiler for wasm does not run") };
    fs::create_dir_all(&library).told(|| format!("cannot make {}", library.display()))?;
    for file in crate::place::files(&seed.join("target").join(TARGET).join("release/deps"), "rlib")
        .or_else(|_| fail("the standard library was not built"))?
    {
        let Some(name) = file.file_name() else { continue };
        if !name.to_string_lossy().starts_with("libseed") {
            fs::copy(&file, library.join(name)).told(|| format!("cannot copy {}", file.display()))?;
        }
    }
    Ok(())
}

/// Debian's compiler has no linker for wasm with it: rustup's, or LLD's.
fn linker() -> Outcome<PathBuf> {
    let sysroot = tool::read(Command::new("rustc").args(["--print", "sysroot"])).unwrap_or_default();
    let version = tool::read(Command::new("rustc").arg("-vV")).unwrap_or_default();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let bundled = Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("bin/rust-lld");
    if bundled.is_file() {
        return Ok(bundled);
    }
    debian::ensure(&[Need::program("wasm-ld", "lld")])?;
    tool::find("wasm-ld").map_or_else(|| fail("there is no wasm-ld"), Ok)
}
