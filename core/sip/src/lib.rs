//! SIP messages, URIs, transactions, dialogs and digest, sans-IO.
