//! Session descriptions and the one offer/answer machine, sans-IO.
