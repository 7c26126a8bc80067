//! Registrations, as the registrar wants them back at its next start.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter};
use switch::{Aor, BindingChange, StoredBinding, TenantId};

use crate::entity::{binding, micros, time};
use crate::error::Error;

/// All bindings.
#[derive(Debug)]
pub struct Bindings<'a> {
    pub(crate) db: &'a DatabaseConnection,
}

impl Bindings<'_> {
    /// All that are kept, ended ones too. One that cannot be read is left out: its phone will register again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<StoredBinding>, Error> {
        Ok(binding::Entity::find().all(self.db).await?.into_iter().filter_map(binding_of).collect())
    }
}

pub(crate) async fn apply(db: &impl ConnectionTrait, change: BindingChange) -> Result<(), Error> {
    match change {
        BindingChange::Put(stored) => put(db, stored).await,
        BindingChange::Removed { aor, contact } => {
            binding::Entity::delete_many()
                .filter(binding::Column::TenantId.eq(aor.tenant.0))
                .filter(binding::Column::UserName.eq(aor.user))
                .filter(binding::Column::Contact.eq(contact))
                .exec(db)
                .await?;
            Ok(())
        }
    }
}

async fn put(db: &impl ConnectionTrait, stored: StoredBinding) -> Result<(), Error> {
    use binding::Column;
    let row = binding::ActiveModel {
        tenant_id: Set(stored.aor.tenant.0),
        user_name: Set(stored.aor.user),
        contact: Set(stored.contact),
        q: Set(i32::from(stored.q)),
        call_id: Set(stored.call_id),
        cseq: Set(i64::from(stored.cseq)),
        expires: Set(micros(stored.expires)),
        transport: Set(stored.transport),
        local: Set(stored.local.to_string()),
        remote: Set(stored.remote.to_string()),
        path: Set(stored.path.join("\n")),
        instance: Set(stored.instance),
        reg_id: Set(stored.reg_id.map(i64::from)),
        user_agent: Set(stored.user_agent),
    };
    let key = [Column::TenantId, Column::UserName, Column::Contact];
    let rest = [
        Column::Q,
        Column::CallId,
        Column::Cseq,
        Column::Expires,
        Column::Transport,
        Column::Local,
        Column::Remote,
        Column::Path,
        Column::Instance,
        Column::RegId,
        Column::UserAgent,
    ];
    let conflict = OnConflict::columns(key).update_columns(rest).to_owned();
    binding::Entity::insert(row).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

fn binding_of(row: binding::Model) -> Option<StoredBinding> {
    Some(StoredBinding {
        aor: Aor { tenant: TenantId(row.tenant_id), user: row.user_name },
        contact: row.contact,
        q: u16::try_from(row.q).ok()?,
        call_id: row.call_id,
        cseq: u32::try_from(row.cseq).ok()?,
        expires: time(row.expires),
        transport: row.transport,
        local: row.local.parse().ok()?,
        remote: row.remote.parse().ok()?,
        path: row.path.split('\n').filter(|path| !path.is_empty()).map(str::to_owned).collect(),
        instance: row.instance,
        reg_id: row.reg_id.and_then(|id| u32::try_from(id).ok()),
        user_agent: row.user_agent,
    })
}
