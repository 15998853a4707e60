//! The guest's heap: the standard library's allocator, given an arena in the initial memory before it grows any.
//!
//! An instance lives for one episode, and for every `memory.grow` the host changes page protection twice: when the guest
//! grows, and when its slot is cleaned for the next guest. Most episodes fit into the arena and never grow. Rejected:
//! `talc`, which needs less `unsafe` here but made tool calls slower.
//!
//! This is the only `unsafe` of the SDK outside its generated bindings: an allocator cannot be written without.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::memory_grow;
use core::cell::{Cell, UnsafeCell};
use core::ptr::null_mut;

use dlmalloc::{Allocator, Dlmalloc};

#[cfg(target_feature = "atomics")]
compile_error!("this heap is made for one thread");

/// Bytes of a page of linear memory.
const PAGE: usize = 64 << 10;

/// Zeroed data: it adds nothing to the component, and an untouched page of it costs nothing.
#[repr(align(16))]
struct Arena(#[expect(dead_code, reason = "used by address")] [u8; 4 * PAGE]);

static mut ARENA: Arena = Arena([0; 4 * PAGE]);

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

struct Heap(UnsafeCell<Dlmalloc<Source>>);

// SAFETY: a guest has one thread (see `compile_error!` above).
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(Dlmalloc::new_with_allocator(Source { arena_given: Cell::new(false) })));

// SAFETY: dlmalloc keeps this contract under the caller's own promises, which are passed on. No reference into the cell
// outlives a call, and dlmalloc calls nothing that allocates.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { (*self.0.get()).malloc(layout.size(), layout.align()) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { (*self.0.get()).calloc(layout.size(), layout.align()) }
    }

    #[inline]
    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        unsafe { (*self.0.get()).free(start, layout.size(), layout.align()) }
    }

    #[inline]
    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe { (*self.0.get()).realloc(start, layout.size(), layout.align(), size) }
    }
}
