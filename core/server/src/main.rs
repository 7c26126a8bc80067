//! The binary strowger.
fn main() {}
