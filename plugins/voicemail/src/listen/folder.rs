//! The owner goes through the messages of a folder, as they were when he came to it.

use switch::Folder;

use super::Owner;
use super::message::Go;
use crate::keeper::{KeepFault, Message};
use crate::prompts;
use crate::voicemail::VoicemailError;

/// Where he goes from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Menu,
    Folders,
    /// To whom he talks now.
    Connected,
}

/// A message that he can go to.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) message: Message,
    /// He heard something of it.
    pub(super) heard: bool,
    /// Where it lay before it was deleted.
    pub(super) before: Folder,
}

impl Item {
    fn new(message: Message) -> Self {
        // What was deleted at another time goes to what is kept.
        let before = if message.folder == Folder::Deleted { Folder::Saved } else { message.folder };
        Self { message, heard: false, before }
    }
}

impl Owner<'_, '_> {
    pub(super) async fn goes_through(&mut self, folder: Folder) -> Result<Left, VoicemailError> {
        let mut items: Vec<_> = self.messages(folder).await?.into_iter().map(Item::new).collect();
        let of = items.len();
        if of == 0 {
            self.caller.is_told(prompts::counts(&[(0, prompts::folder(folder))])).await?;
            return Ok(Left::Menu);
        }
        let mut at = 0;
        loop {
            let Some(item) = items.get_mut(at) else { return Ok(Left::Menu) };
            let went = self.hears_message(item, (at, of)).await;
            // However he went on, and if he hung up.
            self.settle(item).await;
            match went? {
                Go::Next if at + 1 == of => {
                    self.says(&[prompts::NO_MORE]).await?;
                    return Ok(Left::Menu);
                }
                Go::Next => at += 1,
                // Before the first there is the first.
                Go::Previous => at = at.saturating_sub(1),
                Go::Menu => return Ok(Left::Menu),
                Go::Folders => return Ok(Left::Folders),
                Go::Connected => return Ok(Left::Connected),
            }
        }
    }

    /// What was heard is not new any more.
    pub(super) async fn settle(&mut self, item: &mut Item) {
        if item.heard && item.message.folder == Folder::New {
            // Where it cannot be kept now it is new still, and nothing is lost.
            let _ = self.moves(item, Folder::Saved).await;
        }
    }

    pub(super) async fn moves(&mut self, item: &mut Item, folder: Folder) -> Result<(), KeepFault> {
        if item.message.folder == folder {
            return Ok(());
        }
        self.inner.keeper.move_to(self.tenant, item.message.id, folder).await?;
        item.message.folder = folder;
        Ok(())
    }
}
