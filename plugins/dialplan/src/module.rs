//! A core module becomes a component of our world, so that a guest needs no tool but its compiler.
//!
//! Compilers put a description of the world into the module. It is not read: who uploads a module may write there what he
//! likes, and a few wrong bytes drive its reader into a stack overflow, which no process survives. The description is ours;
//! a module that was made for another world names what ours has not, and is refused.

use std::sync::OnceLock;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, SourceMap, WorldId};

use crate::words;

const WIT: [(&str, &str); 11] = [
    ("dialplan.wit", include_str!("../../../wit/dialplan.wit")),
    ("audio.wit", include_str!("../../../wit/audio.wit")),
    ("call.wit", include_str!("../../../wit/call.wit")),
    ("clock.wit", include_str!("../../../wit/clock.wit")),
    ("directory.wit", include_str!("../../../wit/directory.wit")),
    ("log.wit", include_str!("../../../wit/log.wit")),
    ("numbers.wit", include_str!("../../../wit/numbers.wit")),
    ("rooms.wit", include_str!("../../../wit/rooms.wit")),
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("values.wit", include_str!("../../../wit/values.wit")),
    ("voicemail.wit", include_str!("../../../wit/voicemail.wit")),
];

/// Makes a component of a valid core module.
pub(crate) fn component_of(module: &[u8]) -> Result<Vec<u8>, String> {
    let mut described = without_descriptions(module).ok_or("its sections cannot be told apart")?;
    let world = WORLD.get_or_init(world).as_ref().map_err(Clone::clone)?;
    let encode = || {
        embed_component_metadata(&mut described, &world.0, world.1, StringEncoding::UTF8, false)?;
        ComponentEncoder::default().validate(true).module(&described)?.encode()
    };
    // The encoder was made for the output of compilers, and what was uploaded may be anything.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(encode)) {
        Ok(encoded) => encoded.map_err(|error| words::in_one_line(&format!("{error:#}"))),
        Err(_) => Err("it cannot be made a component".to_owned()),
    }
}

static WORLD: OnceLock<Result<(Resolve, WorldId), String>> = OnceLock::new();

fn world() -> Result<(Resolve, WorldId), String> {
    let mut files = SourceMap::default();
    for (name, text) in WIT {
        files.push_str(name, text);
    }
    let mut resolve = Resolve::default();
    let told = |error: &dyn std::fmt::Display| format!("our own world: {error}");
    let package = files.parse().map_err(|(_, error)| told(&error))?;
    let package = resolve.push_group(package).map_err(|error| told(&error))?;
    let world = resolve.select_world(&[package], Some("dialplan")).map_err(|error| told(&error))?;
    Ok((resolve, world))
}

/// The module without its custom sections, but for the names of its functions, which traps are told with.
fn without_descriptions(module: &[u8]) -> Option<Vec<u8>> {
    // Magic and version (WebAssembly core specification §5.5.16), then sections: an id, a length, contents (§5.5.2).
    let (head, mut rest) = module.split_at_checked(8)?;
    let mut kept = head.to_vec();
    while let Some((id, after)) = rest.split_first() {
        let (length, contents) = number(after)?;
        let (contents, after) = contents.split_at_checked(length)?;
        // A custom section begins with its name (§5.5.3).
        let custom = *id == 0;
        let names = || number(contents).is_some_and(|(length, text)| text.get(..length) == Some(b"name"));
        if !custom || names() {
            kept.extend_from_slice(rest.get(..rest.len() - after.len())?);
        }
        rest = after;
    }
    Some(kept)
}

/// An unsigned number of 32 bits in LEB128 (§5.2.2), and what follows it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(number).ok()?, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_custom_sections_only_names_are_kept() {
        let module = wat::parse_str(
            r#"(module $m (@custom "component-type:x" "\ff\ff") (func $f (export "handle")) (@custom "y" ""))"#,
        )
        .expect("good text");
        let kept = without_descriptions(&module).expect("it is valid");
        let has = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(has(&module, b"component-type:x") && !has(&kept, b"component-type:x"));
        assert!(has(&kept, b"name") && has(&kept, b"handle"));
        assert!(without_descriptions(&module[..module.len() - 1]).is_none());
    }

    #[test]
    fn our_own_world_is_made_of_every_file_of_the_contract() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let files = std::fs::read_dir(folder).expect("the contract").flatten();
        let mut files: Vec<String> = files.filter_map(|file| file.file_name().into_string().ok()).collect();
        let mut known: Vec<&str> = WIT.iter().map(|(name, _)| *name).collect();
        files.sort();
        known.sort_unstable();
        assert_eq!(known, files);
        world().map(drop).expect("it is whole");
    }

    #[test]
    fn numbers_are_read_to_their_end_and_no_further() {
        assert_eq!(number(&[0xe5, 0x8e, 0x26, 7]), Some((624_485, &[7][..])));
        assert_eq!(number(&[0x80]), None);
        assert_eq!(number(&[0x80; 6]), None);
        assert_eq!(number(&[]), None);
    }
}
