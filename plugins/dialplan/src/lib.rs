//! The host for WebAssembly dialplans.
