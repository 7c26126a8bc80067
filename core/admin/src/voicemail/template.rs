//! Templates of mail: what may stand in braces.

use store::MailTemplate;

use crate::violations::Violations;

/// What stands for something else in a template. The crate `mail` fills it in; this one may not depend on it.
const PLACEHOLDERS: [&str; 9] = ["caller", "number", "mailbox", "owner", "date", "time", "length", "count", "link"];

/// Nobody can fill in what is not known; it would be sent as it stands.
pub(super) fn check(wrong: &mut Violations, template: &MailTemplate) {
    let parts =
        [("subject", Some(&template.subject)), ("text", Some(&template.text)), ("html", template.html.as_ref())];
    for (field, part) in parts {
        if let Some(name) = part.and_then(|part| names(part).find(|name| !PLACEHOLDERS.contains(name))) {
            let known = PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ");
            wrong.add(field, format!("there is no placeholder {{{name}}}; there are {known}"));
        }
    }
}

/// The words in braces. Any other brace is itself: style sheets have theirs.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|piece| piece.split_once('}')).map(|(name, _)| name).filter(|name| is_word(name))
}

fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'-' || sign == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        names(text).collect()
    }

    #[test]
    fn words_in_braces_are_placeholders_and_other_braces_are_themselves() {
        assert_eq!(found("{caller} rang {{count}} times on {Date}"), ["caller", "count", "Date"]);
        assert_eq!(found("a { color: red } p{margin:0} {} {ä} {1} {caller"), [] as [&str; 0]);
        assert_eq!(found("}{{{{owner}}"), ["owner"]);
    }

    #[test]
    fn every_part_is_looked_through_and_names_its_first_unknown_word() {
        let template = |subject: &str, text: &str, html: Option<&str>| MailTemplate {
            language: "en".to_owned(),
            kind: store::LetterKind::Message,
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: html.map(str::to_owned),
        };
        let all = PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(" ");
        let mut wrong = Violations::default();
        check(&mut wrong, &template(&all, &all, Some(&all)));
        wrong.finish().unwrap();
        let mut wrong = Violations::default();
        check(&mut wrong, &template("{callee}", "{caller} {Caller}", Some("<p>{time}{zone}{callee}</p>")));
        let told = wrong.finish().unwrap_err();
        for said in ["subject: there is no placeholder {callee}", "text: there is no placeholder {Caller}", "{zone}"] {
            assert!(told.message().contains(said), "{said}: {told}");
        }
    }
}
