//! Letters to a real SMTP server on loopback, over real lines; only the clock that decides what is due may be set.

mod delivery;
mod letters;
mod outages;
mod queue;
mod recipients;
mod secrecy;
mod smtp;

use std::time::Duration;

use mail::{Config, Login, Observer, Pauses, Post, Security, Server, Stage};
use queue::Shelf;
use smtp::Smtp;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A post that is at work.
struct AtWork {
    bell: mail::Bell,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl AtWork {
    fn begin<O: Observer>(post: Post<Shelf, O>) -> Self {
        let (bell, (stop, stopped)) = (post.bell(), oneshot::channel::<()>());
        let task = tokio::spawn(post.run(async move { drop(stopped.await) }));
        Self { bell, stop: Some(stop), task }
    }

    async fn end(mut self) {
        drop(self.stop.take());
        timeout(PATIENCE, self.task).await.expect("the post stops").expect("the post does not panic");
    }
}

/// Settings for a server, with pauses that a test can wait for.
fn config(host: &str, port: u16, security: Security) -> Config {
    Config {
        server: Some(Server { host: host.to_owned(), port, security, login: None }),
        from: "pbx@example.com".to_owned(),
        timeout: Duration::from_secs(5),
        pauses: Pauses { first: Duration::from_millis(10), longest: Duration::from_millis(40) },
        ..Config::default()
    }
}

fn plain(smtp: &Smtp) -> Config {
    config(&smtp.host, smtp.port, Security::None)
}

/// For a server with a certificate for `localhost`.
fn encrypted(smtp: &Smtp, security: Security) -> Config {
    let authorities = smtp.authorities.as_ref().map(|file| file.path().to_owned());
    Config { authorities, ..config("localhost", smtp.port, security) }
}

fn with_login(mut config: Config, user: &str, password: &str) -> Config {
    let login = Login { user: user.to_owned(), password: password.to_owned() };
    config.server.as_mut().expect("a server").login = Some(login);
    config
}

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Notes(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, what: String) {
        self.0.lock().expect("notes").push(what);
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().expect("notes").clone()
    }

    fn count(&self, what: &str) -> usize {
        self.all().iter().filter(|one| *one == what).count()
    }
}

impl Observer for Notes {
    fn sent(&self, _: Duration) {
        self.note("sent".to_owned());
    }

    fn failed(&self, stage: Stage) {
        self.note(format!("failed {}", stage.as_str()));
    }

    fn given_up(&self, stage: Stage) {
        self.note(format!("given up {}", stage.as_str()));
    }

    fn refused(&self) {
        self.note("refused".to_owned());
    }

    fn server(&self, takes: bool) {
        self.note(format!("server {takes}"));
    }
}
