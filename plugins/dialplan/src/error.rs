//! Why a dialplan cannot be loaded or run.

/// Why a dialplan cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a component, nor a module that could become one.
    #[error("not a WebAssembly component or module of the dialplan's world: {0}")]
    NotADialplan(String),
    /// It wants what no dialplan gets.
    #[error("it imports or exports what the world strowger:dialplan@0.1.0 has not: {0}")]
    WrongWorld(String),
    /// Larger than the limit.
    #[error("{size} bytes; at most {limit} are taken")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The engine could not be started.
    #[error("the WebAssembly engine cannot be started: {0}")]
    Engine(String),
    /// It broke while it served a call.
    #[error("{0}")]
    Broken(String),
}
