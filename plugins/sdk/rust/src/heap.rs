//! The guest's heap: lists of small pieces (`small`) over the standard library's allocator, which is given an arena in the
//! initial memory before it grows any.
//!
//! An instance lives for one episode, and for every `memory.grow` the host changes page protection twice: when the guest
//! grows, and when its slot is cleaned for the next guest. Most episodes fit into the arena and never grow. Rejected:
//! `talc`, which needs less `unsafe` here but made tool calls slower.
//!
//! With `small` this is the only `unsafe` of the SDK outside its generated bindings: an allocator cannot be written without.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::memory_grow;
use core::cell::{Cell, UnsafeCell};
use core::ptr::null_mut;

use dlmalloc::{Allocator, Dlmalloc};

use crate::small::{STEP, Small};

#[cfg(target_feature = "atomics")]
compile_error!("this heap is made for one thread");

/// Bytes of a page of linear memory.
const PAGE: usize = 64 << 10;

/// Zeroed data: it adds nothing to the component, and an untouched page of it costs nothing.
#[repr(align(16))]
struct Arena(#[expect(dead_code, reason = "used by address")] [u8; 8 * PAGE]);

static mut ARENA: Arena = Arena([0; 8 * PAGE]);

/// Where the heap takes memory from, and never gives it back.
struct Source {
    arena_given: Cell<bool>,
}

// SAFETY: every span is zeroed, at least as long as asked for, and given once: `ARENA` is named here only, and grown
// pages belong to who grew them.
unsafe impl Allocator for Source {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        if size <= size_of::<Arena>() && !self.arena_given.replace(true) {
            return ((&raw mut ARENA).cast(), size_of::<Arena>(), 0);
        }
        let pages = size.div_ceil(PAGE);
        match memory_grow::<0>(pages) {
            usize::MAX => (null_mut(), 0, 0),
            // A span may not end where the addresses do: its end would be zero.
            before if (before * PAGE).wrapping_add(pages * PAGE) == 0 => {
                ((before * PAGE) as *mut u8, pages * PAGE - 16, 0)
            }
            before => ((before * PAGE) as *mut u8, pages * PAGE, 0),
        }
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}

struct Heap(UnsafeCell<State>);

struct State {
    small: Small,
    large: Dlmalloc<Source>,
    /// Whether what is given back is wiped first.
    wiping: bool,
}

/// Runs `reset`, and leaves nothing in memory of what it gave back: the host copies to every episode of a task what its
/// `reset` has changed, and zeros are no change.
pub fn wiped<R>(reset: impl FnOnce() -> R) -> R {
    // SAFETY: one thread, and no reference into the cell outlives a call (below).
    unsafe { (*HEAP.0.get()).wiping = true };
    let done = reset();
    unsafe { (*HEAP.0.get()).wiping = false };
    done
}

// SAFETY: a guest has one thread (see `compile_error!` above).
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(State {
    small: Small::new(),
    large: Dlmalloc::new_with_allocator(Source { arena_given: Cell::new(false) }),
    wiping: false,
}));

// SAFETY: `Small` and dlmalloc keep this contract under the caller's own promises, which are passed on: a piece goes back to
// where its size came from. No reference into the cell outlives a call, and neither calls anything that allocates.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let State { small, large, .. } = unsafe { &mut *self.0.get() };
        match Small::is(layout.size(), layout.align()) {
            true => unsafe { small.take(layout.size(), |bytes| large.malloc(bytes, STEP)) },
            false => unsafe { large.malloc(layout.size(), layout.align()) },
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !Small::is(layout.size(), layout.align()) {
            return unsafe { (*self.0.get()).large.calloc(layout.size(), layout.align()) };
        }
        let piece = unsafe { self.alloc(layout) };
        if !piece.is_null() {
            unsafe { piece.write_bytes(0, layout.size()) };
        }
        piece
    }

    #[inline]
    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        let State { small, large, wiping } = unsafe { &mut *self.0.get() };
        if *wiping {
            unsafe { start.write_bytes(0, layout.size()) };
        }
        match Small::is(layout.size(), layout.align()) {
            true => unsafe { small.give(start, layout.size()) },
            false => unsafe { large.free(start, layout.size(), layout.align()) },
        }
    }

    #[inline]
    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match (Small::is(layout.size(), layout.align()), Small::is(size, layout.align())) {
            (true, true) if Small::same(layout.size(), size) => start,
            (false, false) if !unsafe { (*self.0.get()).wiping } => unsafe {
                (*self.0.get()).large.realloc(start, layout.size(), layout.align(), size)
            },
            _ => {
                let Ok(wanted) = Layout::from_size_align(size, layout.align()) else { return null_mut() };
                let piece = unsafe { self.alloc(wanted) };
                if !piece.is_null() {
                    unsafe { piece.copy_from_nonoverlapping(start, size.min(layout.size())) };
                    unsafe { self.dealloc(start, layout) };
                }
                piece
            }
        }
    }
}
