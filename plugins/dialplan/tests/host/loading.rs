//! What is loaded, from where, and what is refused.

use std::fmt::Write;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use dialplan::{Config, Error, Host, Program};
use sha2::{Digest, Sha256};
use switch::{Command, DialOutcome, Reply};

use crate::exchange::{Line, bytes_of, config, guest, host, host_with, on_one_worker, tmp};

#[test]
fn a_call_ends_on_the_program_that_it_began_with() {
    on_one_worker(async {
        let old = guest("hello");
        let mut running = Line::dials(&old, "101");
        assert!(matches!(running.next().await, Some(Command::Dial(_))));
        let new = guest("office");
        assert_ne!(old.hash(), new.hash());
        // The exchange forgets the old one: the running call has it still.
        drop(old);
        let mut other = Line::dials(&new, "999");
        other.asks(Command::Reject { status: 404, reason: None }, Reply::Done).await;
        running.reply(Reply::Dialled(DialOutcome::Answered { target: "bob".to_owned() })).await;
        running.leaves().await;
    });
}

#[test]
fn a_programs_hash_is_that_of_the_bytes_that_were_loaded() {
    let bytes = bytes_of("hello");
    assert_eq!(guest("hello").hash(), hex(&Sha256::digest(&bytes)));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A folder for artefacts that nothing else uses, and hosts that use it.
struct Folder(PathBuf);

impl Folder {
    fn named(name: &str) -> Self {
        let path = tmp(name);
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn host(&self, max_memory: usize) -> Host {
        host_with(Config { artefacts: Some(self.0.clone()), max_calls: 10, max_memory, ..config() })
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(&self.0)
            .expect("the folder is there")
            .map(|file| file.expect("readable").path())
            .collect();
        files.sort();
        files
    }

    /// The artefact of one guest, among those of hello and office.
    fn file_of(&self, guest: &str) -> PathBuf {
        let hash = hex(&Sha256::digest(bytes_of(guest)));
        let named = |path: &PathBuf| path.to_string_lossy().contains(&hash);
        self.files().into_iter().find(named).expect("it was kept")
    }

    /// Office's machine code under hello's name, with a sum that is right for it: what runs then tells where it came from.
    fn swap(&self) -> PathBuf {
        let (hello, office) = (self.file_of("hello"), self.file_of("office"));
        let code = std::fs::read(office).expect("readable").split_off(32);
        write_with_sum(&hello, &code);
        hello
    }
}

fn write_with_sum(path: &Path, code: &[u8]) {
    let name = path.file_name().expect("a name").as_encoded_bytes();
    let mut bytes = Sha256::new().chain_update(name).chain_update(code).finalize().to_vec();
    bytes.extend_from_slice(code);
    std::fs::write(path, bytes).expect("writable");
}

async fn is_office(program: &Program) -> bool {
    let mut line = Line::dials(program, "999");
    match line.next().await {
        Some(Command::Reject { status: 404, .. }) => true,
        Some(Command::Dial(_)) => false,
        other => panic!("{other:?}"),
    }
}

const MEMORY: usize = 64 << 20;

#[test]
fn what_was_compiled_before_comes_from_disk_and_is_not_compiled_again() {
    on_one_worker(async {
        let folder = Folder::named("from-disk");
        for guest in ["hello", "office"] {
            folder.host(MEMORY).load(&bytes_of(guest)).expect("it loads");
        }
        let modes: Vec<_> = folder.files().iter().map(|file| mode(file)).collect();
        assert_eq!(modes, [0o600, 0o600]);
        assert_eq!(mode(&folder.0), 0o700);
        folder.swap();
        let program = folder.host(MEMORY).load(&bytes_of("hello")).expect("it loads");
        assert!(is_office(&program).await, "what lay on disk runs");
    });
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn an_artefact_that_others_may_have_written_is_not_loaded() {
    on_one_worker(async {
        let folder = Folder::named("foreign");
        let host = folder.host(MEMORY);
        let load = |guest: &str| host.load(&bytes_of(guest)).expect("it loads");
        load("hello");
        load("office");
        let file = folder.swap();
        for writable in [0o620, 0o602, 0o666] {
            std::fs::set_permissions(&file, Permissions::from_mode(writable)).expect("ours");
            assert!(!is_office(&load("hello")).await, "a file of mode {writable:o}");
            assert_eq!(mode(&file), 0o600, "it was written anew");
            folder.swap();
        }
        std::fs::set_permissions(&folder.0, Permissions::from_mode(0o770)).expect("ours");
        assert!(!is_office(&load("hello")).await, "a folder that others write to");
    });
}

#[test]
fn an_artefact_of_another_owner_is_not_loaded() {
    on_one_worker(async {
        let folder = Folder::named("owner");
        let host = folder.host(MEMORY);
        let load = |guest: &str| host.load(&bytes_of(guest)).expect("it loads");
        load("hello");
        load("office");
        let file = folder.swap();
        // Only root may give files away; elsewhere there is nothing to try.
        if std::os::unix::fs::chown(&file, Some(65_534), None).is_ok() {
            assert!(!is_office(&load("hello")).await);
        }
    });
}

#[test]
fn a_tampered_artefact_is_not_loaded() {
    on_one_worker(async {
        let folder = Folder::named("tampered");
        let host = folder.host(MEMORY);
        let load = |guest: &str| host.load(&bytes_of(guest)).expect("it loads");
        load("hello");
        load("office");
        let (hello, office) = (folder.file_of("hello"), folder.file_of("office"));

        std::fs::copy(&office, &hello).expect("writable");
        assert!(!is_office(&load("hello")).await, "a file that was written for another name");

        let whole = std::fs::read(&hello).expect("readable");
        let damages: [fn(&mut Vec<u8>); 4] = [
            |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            },
            |bytes| bytes.truncate(bytes.len() - 1),
            |bytes| bytes.truncate(20),
            Vec::clear,
        ];
        for damage in damages {
            let mut bytes = whole.clone();
            damage(&mut bytes);
            std::fs::write(&hello, bytes).expect("writable");
            assert!(!is_office(&load("hello")).await);
            assert_eq!(std::fs::read(&hello).expect("readable").len(), whole.len(), "it was made anew");
        }

        // The sum is right, but it is nothing that wasmtime made.
        write_with_sum(&hello, b"\x7fELF and so on");
        assert!(!is_office(&load("hello")).await);
    });
}

#[test]
fn what_does_not_change_the_machine_code_does_not_change_its_name() {
    let folder = Folder::named("engines");
    folder.host(MEMORY).load(&bytes_of("hello")).expect("it loads");
    let one = folder.files();
    folder.host(MEMORY / 2).load(&bytes_of("hello")).expect("it loads");
    assert_eq!(folder.files(), one);
}

#[test]
fn a_folder_that_cannot_be_written_costs_a_compilation_and_no_more() {
    on_one_worker(async {
        let host = host_with(Config { artefacts: Some("/dev/null/artefacts".into()), max_calls: 10, ..config() });
        assert!(!is_office(&host.load(&bytes_of("hello")).expect("it loads")).await);
    });
}

fn refused(bytes: &[u8]) -> String {
    let error = host().load(bytes).expect_err("it is refused");
    eprintln!("{error}");
    error.to_string()
}

#[test]
fn what_is_no_dialplan_is_refused_with_the_reason() {
    let said = refused(b"");
    assert!(said.starts_with("not a WebAssembly component or module"), "{said}");
    let said = refused(b"#!/bin/sh\n");
    assert!(said.starts_with("not a WebAssembly component or module"), "{said}");
    assert!(!said.contains('\n'), "one line: {said}");
}

#[test]
fn a_module_that_was_cut_or_damaged_is_refused_without_a_panic() {
    let whole = bytes_of("hello");
    let host = host_with(Config { max_calls: 1, ..config() });
    for end in (8..whole.len()).step_by(97) {
        assert!(host.load(&whole[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn what_a_module_says_of_its_world_is_not_even_read() {
    on_one_worker(async {
        let mut module = bytes_of("hello");
        let at = module.windows(14).position(|bytes| bytes == b"component-type").expect("it is there");
        // Read, these drive the reader of such descriptions into a stack overflow or a panic.
        for place in (at + 14..module.len()).step_by(37) {
            module[place] ^= 0x55;
        }
        // They may reach into sections that follow: then the module is not valid any more.
        if let Ok(program) = host().load(&module) {
            assert!(!is_office(&program).await);
        }
        let component_type = module.windows(14).filter(|bytes| *bytes == b"component-type").count();
        eprintln!("{component_type} descriptions");
    });
}

#[test]
fn a_module_without_the_dialplans_world_is_refused() {
    let module = wat::parse_str(r#"(module (func (export "handle")))"#).expect("good text");
    let said = refused(&module);
    assert!(said.contains("handle"), "{said}");
    let module =
        wat::parse_str(r#"(module (import "env" "malloc" (func (param i32) (result i32))))"#).expect("good text");
    let said = refused(&module);
    assert!(said.contains("malloc") || said.contains("env"), "{said}");
}

#[test]
fn a_component_that_wants_wasi_is_refused_and_told_what_it_wanted() {
    let component = wat::parse_str(
        r#"(component
            (import "wasi:cli/environment@0.2.0" (instance
                (export "get-environment" (func (result (list (tuple string string)))))))
            (core module $m (func (export "handle") (result i32) i32.const 0)))"#,
    )
    .expect("good text");
    let said = refused(&component);
    assert!(said.contains("wasi:cli/environment@0.2.0"), "{said}");
}

#[test]
fn a_component_that_does_not_export_handle_is_refused() {
    let said = refused(&wat::parse_str("(component)").expect("good text"));
    assert!(said.contains("handle"), "{said}");
}

#[test]
fn what_is_too_large_is_not_even_looked_at() {
    let host = host_with(Config { max_component: 1_000, max_calls: 1, ..config() });
    assert!(matches!(host.load(&bytes_of("hello")), Err(Error::TooLarge { limit: 1_000, .. })));
}

#[test]
fn a_component_is_taken_as_a_module_is() {
    on_one_worker(async {
        let module = bytes_of("hello");
        let encoded = wit_component::ComponentEncoder::default().module(&module).expect("a module").encode();
        let component = encoded.expect("it becomes a component");
        let program = host().load(&component).expect("it loads");
        assert!(!is_office(&program).await);
    });
}

/// The contract as it was before it had sound: without the interface, and without the functions that use it.
fn world_before_sound() -> (wit_parser::Resolve, wit_parser::WorldId) {
    let call = include_str!("../../../../wit/call.wit");
    let call: String =
        call.lines().filter(|line| !line.contains("use audio.")).map(|line| format!("{line}\n")).collect();
    let (call, sound) = call.split_once("        // What follows wants").expect("the functions of sound come last");
    assert!(sound.contains("play: func") && !call.contains("play: func"));
    let world = include_str!("../../../../wit/dialplan.wit")
        .replace("    import audio;\n", "")
        .replace("    import rooms;\n", "")
        .replace("    import numbers;\n", "")
        .replace("    import voicemail;\n", "");
    let mut files = wit_parser::SourceMap::default();
    files.push_str("call.wit", format!("{call}    }}\n}}\n"));
    files.push_str("dialplan.wit", world);
    for (name, text) in [
        ("clock.wit", include_str!("../../../../wit/clock.wit")),
        ("directory.wit", include_str!("../../../../wit/directory.wit")),
        ("log.wit", include_str!("../../../../wit/log.wit")),
        ("types.wit", include_str!("../../../../wit/types.wit")),
        ("values.wit", include_str!("../../../../wit/values.wit")),
    ] {
        files.push_str(name, text);
    }
    let mut resolve = wit_parser::Resolve::default();
    let package =
        resolve.push_group(files.parse().map_err(|(_, error)| error).expect("it parses")).expect("it resolves");
    let world = resolve.select_world(&[package], Some("dialplan")).expect("it is there");
    (resolve, world)
}

#[test]
fn a_component_that_was_built_before_there_was_sound_goes_on_running() {
    on_one_worker(async {
        let mut module = wat::parse_str(
            r#"(module
                (import "strowger:dialplan/call@0.1.0" "[method]call.ring" (func $ring (param i32 i32)))
                (import "strowger:dialplan/call@0.1.0" "[resource-drop]call" (func $drop (param i32)))
                (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
                (func (export "handle") (param i32) (result i32)
                    (call $ring (local.get 0) (i32.const 64))
                    (call $drop (local.get 0))
                    (i32.const 8)))"#,
        )
        .expect("good text");
        let (resolve, world) = world_before_sound();
        let text = wit_component::StringEncoding::UTF8;
        wit_component::embed_component_metadata(&mut module, &resolve, world, text, false).expect("it is described");
        let encoded = wit_component::ComponentEncoder::default().module(&module).expect("a module").encode();
        let component = encoded.expect("it becomes a component");
        let mut line = Line::dials(&host().load(&component).expect("it loads"), "101");
        line.asks(Command::Ring, switch::Reply::Done).await;
        line.leaves().await;
    });
}
