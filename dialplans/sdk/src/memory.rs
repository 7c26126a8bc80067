//! Where a guest's memory comes from: first a piece that the module brings along, then whole pages of the host.
//!
//! Most dialplans never need a page. That is worth a twentieth of a call: for each page that a guest asks for, the host
//! has the system change the protection of memory, and again when the next guest takes the place.

use core::alloc::Layout;
use core::mem::MaybeUninit;

use talc::base::Talc;
use talc::base::binning::Binning;
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

/// What a dialplan that plays, asks and dials needs, several times over.
const FIRST: usize = 64 << 10;
const PAGE: usize = 64 << 10;

static mut OWN: [MaybeUninit<u8>; FIRST] = [MaybeUninit::uninit(); FIRST];

#[global_allocator]
static MEMORY: TalcSyncCell<Pages, WasmBinning> = TalcSyncCell::new_wasm(Pages { claimed: false });

#[derive(Debug)]
struct Pages {
    claimed: bool,
}

// SAFETY: it allocates nothing itself, and gives each piece of memory away once.
unsafe impl Source for Pages {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        if !std::mem::replace(&mut talc.source.claimed, true) {
            // SAFETY: nobody else touches it.
            return unsafe { talc.claim((&raw mut OWN).cast(), FIRST) }.map(|_| ()).ok_or(());
        }
        // Room for the piece wherever it must begin, and for what is written beside it.
        let wanted = layout.size().checked_add(layout.align()).and_then(|size| size.checked_add(256)).ok_or(())?;
        let pages = wanted.div_ceil(PAGE);
        let before = core::arch::wasm32::memory_grow::<0>(pages);
        if before == usize::MAX {
            return Err(());
        }
        // SAFETY: these pages are new, and nobody else's.
        unsafe { talc.claim((before * PAGE) as *mut u8, pages * PAGE) }.map(|_| ()).ok_or(())
    }
}
