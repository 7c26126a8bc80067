//! The contract of `wit/`, as wasmtime spells it.

#![allow(missing_docs, unreachable_pub, clippy::all, reason = "written by a macro")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "dialplan",
    imports: {
        "strowger:dialplan/call.[method]call.ring": async | trappable,
        "strowger:dialplan/call.[method]call.answer": async | trappable,
        "strowger:dialplan/call.[method]call.reject": async | trappable,
        "strowger:dialplan/call.[method]call.dial": async | trappable,
        "strowger:dialplan/call.[method]call.route": async | trappable,
        "strowger:dialplan/call.[method]call.hangup": async | trappable,
        "strowger:dialplan/call.[method]call.sleep": async | trappable,
        "strowger:dialplan/call.[method]call.await-end": async | trappable,
        "strowger:dialplan/call.[method]call.play": async | trappable,
        "strowger:dialplan/call.[method]call.read-digits": async | trappable,
        "strowger:dialplan/call.[method]call.record": async | trappable,
        "strowger:dialplan/call.[method]call.echo": async | trappable,
        "strowger:dialplan/call.[method]call.music": async | trappable,
        "strowger:dialplan/call.[method]call.hush": async | trappable,
        "strowger:dialplan/call.[method]call.start-recording": async | trappable,
        "strowger:dialplan/call.[method]call.pause-recording": async | trappable,
        "strowger:dialplan/call.[method]call.resume-recording": async | trappable,
        "strowger:dialplan/call.[method]call.stop-recording": async | trappable,
        "strowger:dialplan/values": async | trappable,
        "strowger:dialplan/rooms": async | trappable,
        "strowger:dialplan/voicemail.leave": async | trappable,
        "strowger:dialplan/voicemail.listen": async | trappable,
        "strowger:dialplan/voicemail.find-by-name": async | trappable,
        "strowger:dialplan/numbers.dial": async | trappable,
        "strowger:dialplan/directory.find-room": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: { "strowger:dialplan/call.call": crate::guest::Held },
});
