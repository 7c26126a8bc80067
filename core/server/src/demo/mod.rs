//! The demonstration: a tenant with two users, and a call between two built-in phones.

mod call;
mod phone;
mod tone;

use std::path::PathBuf;

use anyhow::{Context, Result};
use store::{MailboxSettings, NewMailbox, NewRoom, NewTenant, NewUser, Pins, RoomSettings, Store, Tenant};
use switch::{Ha1, MediaPolicy};

pub(crate) use call::demo_call;

const NAME: &str = "demo";
const USERS: [(&str, &str); 2] = [("1001", "Almon"), ("1002", "Emma")];
/// A conference room, for whoever dials it.
pub(crate) const ROOM: &str = "600";

/// A user and the password that was generated for it.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// Makes the demonstration's tenant, where there is no tenant yet. Gives the passwords, this once.
pub(crate) async fn make(store: &Store) -> Result<Option<(Tenant, Vec<Login>)>> {
    if !store.tenants().list().await?.is_empty() {
        return Ok(None);
    }
    let domains = ["127.0.0.1", "[::1]", "localhost"].map(str::to_owned).to_vec();
    let mut new = NewTenant::named(NAME, domains);
    new.realm = Some("strowger".to_owned());
    let tenant = store.tenants().create(new).await.context("making the demonstration's tenant")?;
    let mut logins = Vec::new();
    for (user, display_name) in USERS {
        let password = password()?;
        let ha1 = Ha1::of(user, &tenant.realm, &password);
        let new = NewUser {
            name: user.to_owned(),
            display_name: Some(display_name.to_owned()),
            extension: Some(user.to_owned()),
            ha1,
            media: MediaPolicy::default(),
        };
        let owner = store.users(tenant.id).create(new).await.context("making the demonstration's users")?;
        // Without a PIN: it is open at its owner's phones, and nowhere else.
        let settings = MailboxSettings { unasked: true, ..MailboxSettings::default() };
        let mailbox = NewMailbox { name: user.to_owned(), owner: Some(owner.id), settings, ..NewMailbox::default() };
        store.mailboxes(tenant.id).create(mailbox).await.context("making the demonstration's mailboxes")?;
        logins.push(Login { user: user.to_owned(), password });
    }
    let room = NewRoom { name: ROOM.to_owned(), pins: Pins::default(), settings: RoomSettings::default() };
    store.rooms(tenant.id).create(room).await.context("making the demonstration's conference room")?;
    match guest("office") {
        Some(file) => {
            let component = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            let hash = sha256(&component);
            let version = store
                .dialplans(tenant.id)
                .upload("office", &hash, component)
                .await
                .context("keeping the office dialplan")?;
            store.dialplans(tenant.id).activate(Some(version.id)).await.context("activating the office dialplan")?;
        }
        None => {
            tracing::warn!("the office dialplan is not built (`cargo xtask guests`): the built-in route serves calls");
        }
    }
    Ok(Some((tenant, logins)))
}

/// Where a guest lies: in the folder that STROWGER_GUESTS names, beside the program, or where packages put it.
pub(crate) fn guest(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("STROWGER_GUESTS").map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let folder = program.as_deref().and_then(std::path::Path::parent);
    let beside = folder.map(|folder| folder.join("guests"));
    let above = folder.and_then(std::path::Path::parent).map(|target| target.join("guests"));
    let installed = Some(PathBuf::from("/usr/share/strowger/guests"));
    [named, beside, above, installed]
        .into_iter()
        .flatten()
        .map(|folder| folder.join(format!("{name}.wasm")))
        .find(|file| file.is_file())
}

/// 80 random bits in letters and digits that are not mistaken for each other.
fn password() -> Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567892";
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
