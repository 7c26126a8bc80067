//! World: scripted phones, lossy links, virtual time and an RFC auditor.
