//! How mailboxes are: read from requests, spelt in answers.

use std::time::Duration;

use store::{MailForm, MailboxSettings};

use crate::v1;
use crate::violations::Violations;
use crate::words::{duration, filled};

const MAIL_FORMS: [(&str, v1::MailForm, MailForm); 4] = [
    ("note", v1::MailForm::Note, MailForm::Note),
    ("wav", v1::MailForm::Wav, MailForm::Wav),
    ("opus", v1::MailForm::Opus, MailForm::Opus),
    ("link", v1::MailForm::Link, MailForm::Link),
];

/// What is asked to be otherwise. An empty text stands for nothing of its own.
pub(super) fn change(wrong: &mut Violations, settings: &mut MailboxSettings, asked: v1::MailboxSettings) {
    for (setting, wish) in [
        (&mut settings.language, asked.language),
        (&mut settings.zone, asked.time_zone),
        (&mut settings.operator, asked.operator),
    ] {
        if let Some(text) = wish {
            *setting = filled(text);
        }
    }
    for (setting, wish) in [
        (&mut settings.asks_at_own_phone, asked.asks_at_own_phone),
        (&mut settings.envelope, asked.envelope),
        (&mut settings.listed, asked.listed),
        (&mut settings.unasked, asked.unasked),
        (&mut settings.delete_after_mail, asked.delete_after_mail),
    ] {
        *setting = wish.unwrap_or(*setting);
    }
    for (field, setting, wish) in [
        ("settings.longest", &mut settings.longest, asked.longest),
        ("settings.shortest", &mut settings.shortest, asked.shortest),
        ("settings.silence", &mut settings.silence, asked.silence),
    ] {
        let Some(wish) = wish else { continue };
        let whole = duration(wish).filter(|time| time.subsec_nanos() == 0);
        if let Some(time) = wrong.read(field, whole.ok_or_else(|| "a time in whole seconds".to_owned())) {
            *setting = time;
        }
    }
    if let Some(emails) = asked.emails {
        settings.emails = emails.addresses;
    }
    if let Some(form) = asked.mail.and_then(|form| wrong.word("settings.mail", form, &MAIL_FORMS)) {
        settings.mail = form;
    }
    settings.max_messages = asked.max_messages.unwrap_or(settings.max_messages);
    settings.max_minutes = asked.max_minutes.unwrap_or(settings.max_minutes);
    if let Some(days) = asked.keep_days {
        settings.keep_days = Some(days).filter(|days| *days > 0);
    }
    check(wrong, settings);
}

/// The store says the same, but one field at a time.
fn check(wrong: &mut Violations, settings: &MailboxSettings) {
    let faults = settings.faults();
    let zone_is_text = !faults.iter().any(|fault| matches!(fault, store::Error::Invalid { field: "time_zone", .. }));
    for fault in faults {
        if let store::Error::Invalid { field, why } = fault {
            wrong.add(&format!("settings.{field}"), why);
        }
    }
    let known = |name: &str| jiff::tz::TimeZone::get(name).is_ok();
    wrong.expect(
        !zone_is_text || settings.zone.as_deref().is_none_or(known),
        "settings.time_zone",
        "no time zone of the IANA database has this name; one is `Europe/Berlin`",
    );
}

pub(super) fn spelt(settings: MailboxSettings) -> v1::MailboxSettings {
    let mail = match settings.mail {
        MailForm::Note => v1::MailForm::Note,
        MailForm::Wav => v1::MailForm::Wav,
        MailForm::Opus => v1::MailForm::Opus,
        MailForm::Link => v1::MailForm::Link,
    };
    let time = |time: Duration| prost_types::Duration::try_from(time).ok();
    v1::MailboxSettings {
        language: settings.language,
        time_zone: settings.zone,
        asks_at_own_phone: Some(settings.asks_at_own_phone),
        longest: time(settings.longest),
        shortest: time(settings.shortest),
        silence: time(settings.silence),
        operator: settings.operator,
        envelope: Some(settings.envelope),
        listed: Some(settings.listed),
        unasked: Some(settings.unasked),
        emails: Some(v1::MailboxEmails { addresses: settings.emails }),
        mail: Some(mail.into()),
        delete_after_mail: Some(settings.delete_after_mail),
        max_messages: Some(settings.max_messages),
        max_minutes: Some(settings.max_minutes),
        keep_days: settings.keep_days,
    }
}
