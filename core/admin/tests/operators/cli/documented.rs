//! What help and documents tell operators to type is understood.

use std::path::Path;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::Cli;

/// The words of a line as a shell takes them apart; nothing is expanded.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The commands of this command line in a text of one line. What stands after three spaces is a remark.
fn commands(line: &str) -> Vec<String> {
    let shell = |at: &str| at.split(" | ").flat_map(|part| part.split("; ")).map(str::to_owned).collect::<Vec<_>>();
    let typed = line.trim().split("   ").next().unwrap_or_default();
    let parts = shell(typed).into_iter();
    parts.filter_map(|part| part.find("strowger ").map(|at| part[at..].trim().to_owned())).collect()
}

/// Why it is not understood, if it is not.
fn fault(command: &str) -> Option<String> {
    match Cli::try_parse_from(words(command)) {
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::DisplayHelp => None,
        Err(error) => Some(format!("{command}\n{error}")),
    }
}

#[test]
fn every_example_of_help_is_understood() {
    let mut tried = 0;
    let mut faults = Vec::new();
    for noun in Cli::command().get_subcommands() {
        let help = noun.get_after_help().map(ToString::to_string).unwrap_or_default();
        for command in help.lines().filter(|line| line.starts_with("  ")).flat_map(commands) {
            tried += 1;
            faults.extend(fault(&command));
        }
    }
    assert!(tried > 60, "{tried}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_mailbox_command_in_the_docs_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut tried = 0;
    let mut faults = Vec::new();
    for file in ["README.md", "docs/voicemail.md", "docs/mail.md"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        for line in text.lines() {
            // Between backticks in prose, or a line of its own in a block.
            let inline = line.split('`').skip(1).step_by(2);
            let block = line.starts_with("strowger ").then_some(line);
            for command in inline.chain(block).flat_map(commands) {
                // The noun alone names it, and is no command.
                if command.starts_with("strowger mailbox ") {
                    tried += 1;
                    faults.extend(fault(&command).map(|why| format!("{file}: {why}")));
                }
            }
        }
    }
    assert!(tried >= 8, "{tried}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
