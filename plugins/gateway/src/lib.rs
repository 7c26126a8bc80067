//! The public network, as far as it can be known without asking anybody: what people mean by what they dial, who may call
//! it, over which trunks, at what price; and whom a number reaches that a carrier calls.
//!
//! ```text
//! let complaints = check(&setup);                        // what is wrong in what the store has
//! let router = Router::new(setup);                       // a value: swapped as a whole when something changes
//! router.outbound(tenant, "030 123456", &asker, wall)    // Ask::Resolve: trunks, numbers as carriers want them, prices
//! router.is_emergency(tenant, "112")                     // Ask::Admission, of one's own phones
//! router.inbound(trunk, &called, caller)                 // Ask::Admission, over a trunk: whose number it is
//! router.explain(tenant, "030 123456", None, wall)       // for operators: which, why, and at what price
//! RateTable::from_csv(file)                              // a carrier's prices, or all that is wrong with them
//! ```
//!
//! Nothing here waits, reads a clock or a file, or draws a random number; every question is answered in microseconds.
//! What may be spent is not known here: that is counted where calls are.

mod carrier;
mod numbers;
mod rates;
mod router;
mod shown;

pub use carrier::Form;
pub use numbers::emergency::all as emergency_numbers;
pub use numbers::{Dialled, Dialling, Kind, Unread};
pub use rates::{BadRates, Fault, Faults, RateTable, Wrong};
pub use router::{
    By, Complaint, Considered, Explanation, Fate, Flaw, Reading, Refusal, Router, Setup, TenantSetup, UserSetup,
    Verdict, check,
};
