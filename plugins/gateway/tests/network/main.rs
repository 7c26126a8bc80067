//! What the public network is to a tenant: its numbers, who may call which of them, by which trunk, and at what price.

mod callers;
mod complaints;
mod emergency;
mod explained;
mod granted;
mod inbound;
mod isolation;
mod made;
mod numbers;
mod rates;
mod routed;
mod shown;
