//! Who wants to be told of a lamp, as the switch wants them back at its next start.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter};
use switch::{StoredSubscription, SubscriptionChange, TenantId};

use crate::entity::{micros, subscription, time};
use crate::error::Error;

/// All subscriptions.
#[derive(Debug)]
pub struct Subscriptions<'a> {
    pub(crate) db: &'a DatabaseConnection,
}

impl Subscriptions<'_> {
    /// All that are kept, ended ones too. One that cannot be read is left out: its phone will subscribe again.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<StoredSubscription>, Error> {
        Ok(subscription::Entity::find().all(self.db).await?.into_iter().filter_map(subscription_of).collect())
    }
}

pub(crate) async fn apply(db: &impl ConnectionTrait, change: SubscriptionChange) -> Result<(), Error> {
    match change {
        SubscriptionChange::Put(stored) => put(db, *stored).await,
        SubscriptionChange::Removed { tenant, call_id, local_tag } => {
            subscription::Entity::delete_many()
                .filter(subscription::Column::CallId.eq(call_id))
                .filter(subscription::Column::LocalTag.eq(local_tag))
                .filter(subscription::Column::TenantId.eq(tenant.0))
                .exec(db)
                .await?;
            Ok(())
        }
    }
}

async fn put(db: &impl ConnectionTrait, stored: StoredSubscription) -> Result<(), Error> {
    use subscription::Column;
    let row = subscription::ActiveModel {
        call_id: Set(stored.call_id),
        local_tag: Set(stored.local_tag),
        tenant_id: Set(stored.tenant.0),
        user_name: Set(stored.user),
        mailbox: Set(stored.mailbox),
        event_id: Set(stored.event_id),
        remote_tag: Set(stored.remote_tag),
        local_uri: Set(stored.local_uri),
        remote_uri: Set(stored.remote_uri),
        target: Set(stored.target),
        route: Set(stored.route.join("\n")),
        remote_cseq: Set(i64::from(stored.remote_cseq)),
        expires: Set(micros(stored.expires)),
        transport: Set(stored.transport),
        local: Set(stored.local.to_string()),
        remote: Set(stored.remote.to_string()),
    };
    let rest = [
        Column::Mailbox,
        Column::EventId,
        Column::RemoteTag,
        Column::LocalUri,
        Column::RemoteUri,
        Column::Target,
        Column::Route,
        Column::RemoteCseq,
        Column::Expires,
        Column::Transport,
        Column::Local,
        Column::Remote,
    ];
    let conflict = OnConflict::columns([Column::CallId, Column::LocalTag]).update_columns(rest).to_owned();
    subscription::Entity::insert(row).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

fn subscription_of(row: subscription::Model) -> Option<StoredSubscription> {
    Some(StoredSubscription {
        tenant: TenantId(row.tenant_id),
        user: row.user_name,
        mailbox: row.mailbox,
        event_id: row.event_id,
        call_id: row.call_id,
        local_tag: row.local_tag,
        remote_tag: row.remote_tag,
        local_uri: row.local_uri,
        remote_uri: row.remote_uri,
        target: row.target,
        route: row.route.split('\n').filter(|route| !route.is_empty()).map(str::to_owned).collect(),
        remote_cseq: u32::try_from(row.remote_cseq).ok()?,
        expires: time(row.expires),
        transport: row.transport,
        local: row.local.parse().ok()?,
        remote: row.remote.parse().ok()?,
    })
}
