//! Lists of mailboxes to which a message is sent at once.

use tonic::Status;

use crate::desk::{self, Desk};
use crate::live::Change;
use crate::v1::{
    DeleteMailboxListRequest, DeleteMailboxListResponse, ListMailboxListsRequest, ListMailboxListsResponse,
    MailboxList, PutMailboxListRequest,
};
use crate::violations::failed;
use crate::voicemail::named;
use crate::words::given;

impl Desk {
    pub(super) async fn keep_list(&self, request: PutMailboxListRequest) -> Result<MailboxList, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let mailbox = whose(request.mailbox)?;
        self.expect_mailboxes(&tenant, "members", &request.members).await?;
        let list = store::MailboxList {
            mailbox,
            number: request.number,
            title: given(request.title),
            members: request.members,
        };
        self.store.mailbox_lists(tenant.id).put(&list).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, members = list.members.len(), "a list of mailboxes was kept");
        self.live.changed(Change::Mailboxes(tenant.id)).await;
        Ok(spelt(&tenant.name, list))
    }

    pub(super) async fn lists(&self, request: ListMailboxListsRequest) -> Result<ListMailboxListsResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let mailbox = whose(request.mailbox)?;
        let found = self.store.mailbox_lists(tenant.id).of(mailbox.as_deref()).await.map_err(failed)?;
        Ok(ListMailboxListsResponse { lists: found.into_iter().map(|list| spelt(&tenant.name, list)).collect() })
    }

    pub(super) async fn remove_list(
        &self,
        request: DeleteMailboxListRequest,
    ) -> Result<DeleteMailboxListResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let mailbox = whose(request.mailbox)?;
        let number = desk::named("number", &request.number, "list")?;
        self.store.mailbox_lists(tenant.id).delete(mailbox.as_deref(), number).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, "a list of mailboxes was deleted");
        self.live.changed(Change::Mailboxes(tenant.id)).await;
        Ok(DeleteMailboxListResponse {})
    }
}

/// The mailbox that is named, if one is.
fn whose(mailbox: Option<String>) -> Result<Option<String>, Status> {
    let mailbox = given(mailbox);
    if let Some(name) = &mailbox {
        named("mailbox", name)?;
    }
    Ok(mailbox)
}

fn spelt(tenant: &str, list: store::MailboxList) -> MailboxList {
    MailboxList {
        tenant: tenant.to_owned(),
        mailbox: list.mailbox,
        number: list.number,
        title: list.title,
        members: list.members,
    }
}
