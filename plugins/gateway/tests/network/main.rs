//! What the public network is to a tenant: its numbers, who may call which of them, by which trunk, and at what price.

mod numbers;
mod shown;
