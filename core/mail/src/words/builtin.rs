//! The words of the exchange.

use crate::words::say::Tongue;
use crate::words::{Kind, Template};

/// Subject, text and HTML.
type Source = (&'static str, &'static str, &'static str);

pub(super) fn template(tongue: Tongue, kind: Kind) -> Template {
    let (subject, text, html) = source(tongue, kind);
    // A test writes each of them.
    Template::new(subject, text, Some(html)).expect("the exchange's own templates have no faults")
}

const fn source(tongue: Tongue, kind: Kind) -> Source {
    match (tongue, kind) {
        (Tongue::English, Kind::Message) => ENGLISH_MESSAGE,
        (Tongue::English, Kind::NearlyFull) => ENGLISH_NEARLY_FULL,
        (Tongue::German, Kind::Message) => GERMAN_MESSAGE,
        (Tongue::German, Kind::NearlyFull) => GERMAN_NEARLY_FULL,
        (Tongue::French, Kind::Message) => FRENCH_MESSAGE,
        (Tongue::French, Kind::NearlyFull) => FRENCH_NEARLY_FULL,
    }
}

const ENGLISH_MESSAGE: Source = (
    "Voice message from {caller}",
    "Hello {owner},

there is a new message in mailbox {mailbox}.

Caller: {caller}
Number: {number}
Date:   {date}
Time:   {time}
Length: {length}

New messages in all: {count}
Listen to it: {link}
",
    r#"<!DOCTYPE html>
<html lang="en"><body>
<p>Hello {owner},</p>
<p>there is a new message in mailbox <b>{mailbox}</b>.</p>
<table cellpadding="3">
<tr><td>Caller</td><td><b>{caller}</b></td></tr>
<tr><td>Number</td><td>{number}</td></tr>
<tr><td>Date</td><td>{date}</td></tr>
<tr><td>Time</td><td>{time}</td></tr>
<tr><td>Length</td><td>{length}</td></tr>
</table>
<p>New messages in all: {count}</p>
<p><a href="{link}">Listen to it</a></p>
</body></html>
"#,
);

const ENGLISH_NEARLY_FULL: Source = (
    "Mailbox {mailbox} is nearly full",
    "Hello {owner},

mailbox {mailbox} is nearly full. Messages in it: {count}

When it is full, callers cannot leave messages. Please delete those that you do not need.

Your mailbox: {link}
",
    r#"<!DOCTYPE html>
<html lang="en"><body>
<p>Hello {owner},</p>
<p>mailbox <b>{mailbox}</b> is nearly full. Messages in it: {count}</p>
<p>When it is full, callers cannot leave messages. Please delete those that you do not need.</p>
<p><a href="{link}">Your mailbox</a></p>
</body></html>
"#,
);

const GERMAN_MESSAGE: Source = (
    "Sprachnachricht von {caller}",
    "Guten Tag {owner},

im Postfach {mailbox} ist eine neue Nachricht.

Anrufer: {caller}
Nummer:  {number}
Datum:   {date}
Uhrzeit: {time}
Länge:   {length}

Neue Nachrichten insgesamt: {count}
Anhören: {link}
",
    r#"<!DOCTYPE html>
<html lang="de"><body>
<p>Guten Tag {owner},</p>
<p>im Postfach <b>{mailbox}</b> ist eine neue Nachricht.</p>
<table cellpadding="3">
<tr><td>Anrufer</td><td><b>{caller}</b></td></tr>
<tr><td>Nummer</td><td>{number}</td></tr>
<tr><td>Datum</td><td>{date}</td></tr>
<tr><td>Uhrzeit</td><td>{time}</td></tr>
<tr><td>Länge</td><td>{length}</td></tr>
</table>
<p>Neue Nachrichten insgesamt: {count}</p>
<p><a href="{link}">Anhören</a></p>
</body></html>
"#,
);

const GERMAN_NEARLY_FULL: Source = (
    "Das Postfach {mailbox} ist fast voll",
    "Guten Tag {owner},

das Postfach {mailbox} ist fast voll. Nachrichten darin: {count}

Ist es voll, können Anrufer keine Nachrichten hinterlassen. Bitte löschen Sie, was Sie nicht mehr brauchen.

Ihr Postfach: {link}
",
    r#"<!DOCTYPE html>
<html lang="de"><body>
<p>Guten Tag {owner},</p>
<p>das Postfach <b>{mailbox}</b> ist fast voll. Nachrichten darin: {count}</p>
<p>Ist es voll, können Anrufer keine Nachrichten hinterlassen. Bitte löschen Sie, was Sie nicht mehr brauchen.</p>
<p><a href="{link}">Ihr Postfach</a></p>
</body></html>
"#,
);

const FRENCH_MESSAGE: Source = (
    "Message vocal : {caller}",
    "Bonjour {owner},

il y a un nouveau message dans la boîte vocale {mailbox}.

Appelant : {caller}
Numéro :   {number}
Date :     {date}
Heure :    {time}
Durée :    {length}

Nouveaux messages en tout : {count}
L'écouter : {link}
",
    r#"<!DOCTYPE html>
<html lang="fr"><body>
<p>Bonjour {owner},</p>
<p>il y a un nouveau message dans la boîte vocale <b>{mailbox}</b>.</p>
<table cellpadding="3">
<tr><td>Appelant</td><td><b>{caller}</b></td></tr>
<tr><td>Numéro</td><td>{number}</td></tr>
<tr><td>Date</td><td>{date}</td></tr>
<tr><td>Heure</td><td>{time}</td></tr>
<tr><td>Durée</td><td>{length}</td></tr>
</table>
<p>Nouveaux messages en tout : {count}</p>
<p><a href="{link}">L'écouter</a></p>
</body></html>
"#,
);

const FRENCH_NEARLY_FULL: Source = (
    "La boîte vocale {mailbox} est presque pleine",
    "Bonjour {owner},

la boîte vocale {mailbox} est presque pleine. Messages : {count}

Une fois pleine, elle ne prend plus de messages. Veuillez supprimer ceux dont vous n'avez plus besoin.

Votre boîte vocale : {link}
",
    r#"<!DOCTYPE html>
<html lang="fr"><body>
<p>Bonjour {owner},</p>
<p>la boîte vocale <b>{mailbox}</b> est presque pleine. Messages : {count}</p>
<p>Une fois pleine, elle ne prend plus de messages. Veuillez supprimer ceux dont vous n'avez plus besoin.</p>
<p><a href="{link}">Votre boîte vocale</a></p>
</body></html>
"#,
);
