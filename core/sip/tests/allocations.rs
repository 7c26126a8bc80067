//! How often the heap is asked for memory on the way of an INVITE.
#![allow(unsafe_code, reason = "an allocator that counts cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use sip::{Limits, Name, parse, validate};

#[path = "everyday.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod everyday;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(what: impl FnOnce()) -> usize {
    let before = COUNT.get();
    what();
    COUNT.get() - before
}

#[test]
fn an_invite_is_read_with_at_most_two_allocations() {
    let bytes = everyday::message("invite");
    let allocations = count(|| {
        let message = parse(&bytes, &Limits::default()).unwrap();
        validate(&message).unwrap();
        black_box((message.uri().unwrap().user(), message.from().unwrap().tag(), message.to().unwrap().tag()));
        black_box((message.from().unwrap().display(), message.call_id().unwrap(), message.cseq().unwrap()));
        black_box((message.via().unwrap().branch(), message.max_forwards().unwrap(), message.content_type()));
        black_box((message.contacts().count(), message.routes().count(), message.tokens(Name::Supported).count()));
    });
    assert!(allocations <= 2, "{allocations}");
}

#[test]
fn credentials_are_read_without_any() {
    let bytes = everyday::message("register");
    let message = parse(&bytes, &Limits::default()).unwrap();
    let allocations = count(|| {
        let credentials = message.credentials(Name::Authorization).next().unwrap();
        black_box((&credentials.username, credentials.nc));
    });
    assert_eq!(allocations, 0);
}
