//! A dialplan as the exchange knows it: an application.

use switch::{Application, CallControl, Command, Failure, Label, Running};

use crate::host::Program;
use crate::words;

/// What a guest may say of its failure: it stands in the log and in the call's record.
const MAX_WHY: usize = 200;

/// A named version of a dialplan.
#[derive(Debug, Clone)]
pub struct Dialplan {
    label: Label,
    program: Program,
}

impl Dialplan {
    /// Gives a program its name.
    #[must_use]
    pub fn new(name: &str, program: Program) -> Self {
        Self { label: Label { name: name.to_owned(), version: program.hash().to_owned() }, program }
    }
}

impl Application for Dialplan {
    fn label(&self) -> &Label {
        &self.label
    }

    fn run(&self, mut control: CallControl) -> Running<'_> {
        Box::pin(async move {
            if control.is_over() {
                return Err(Failure::HungUp);
            }
            let (mut guest, result) = self.program.run(control).await;
            match result {
                // It ended after its caller hung up: an ordinary end, whatever it said.
                _ if guest.hung_up.is_some() => Err(Failure::HungUp),
                Ok(Ok(())) if guest.parted => Ok(()),
                Ok(Ok(())) => {
                    guest.control.tell(Command::Detach).await?;
                    Ok(())
                }
                Ok(Err(said)) => fail(guest.control, format!("it ended with an error: {said}")).await,
                Err(error) => fail(guest.control, error.to_string()).await,
            }
        })
    }
}

/// The caller is not left alone: the tenant's fallback serves it.
async fn fail(mut control: CallControl, mut why: String) -> Result<(), Failure> {
    why.truncate(why.floor_char_boundary(MAX_WHY));
    let why = words::in_one_line(&why);
    control.tell(Command::Route { failed: Some(why.clone()) }).await?;
    Err(Failure::Broken(why))
}
