//! RTP and RTCP: relay, latching and counters, sans-IO.
