//! Small pieces of memory: a list of free ones for every size, and a slab that new ones are cut from.
//!
//! A tool call is some hundred short texts and lists that come and go. To take a piece from its list and put it back is a load
//! and a store each; a general allocator looks for a fit, splits and joins. Pieces are never joined: an instance lives for one
//! episode, and what a size has had it will need again.
//!
//! Besides the guest's heap this is the SDK's only `unsafe` outside its generated bindings.

use core::ptr::null_mut;

/// The largest size that is small, in bytes.
pub const MOST: usize = 512;
/// Sizes differ by it, and it is the alignment of every piece.
pub const STEP: usize = 16;
const SIZES: usize = MOST / STEP;
/// Bytes of a slab.
const SLAB: usize = 4096;

/// What is free. A piece that is free begins with the address of the next one of its size.
pub struct Small {
    free: [*mut u8; SIZES],
    /// The part of the slab that was never given.
    start: *mut u8,
    end: *mut u8,
}

impl Default for Small {
    fn default() -> Self {
        Self::new()
    }
}

impl Small {
    pub const fn new() -> Self {
        Self { free: [null_mut(); SIZES], start: null_mut(), end: null_mut() }
    }

    /// Whether a piece of `size` bytes, at addresses divisible by `align`, is small.
    #[inline]
    pub const fn is(size: usize, align: usize) -> bool {
        size <= MOST && align <= STEP
    }

    /// A piece of at least `size` bytes, a small number of them; null where there is no memory. `slab` gives new memory: so many
    /// bytes, aligned to `STEP`.
    ///
    /// # Safety
    /// What `slab` gives must be valid for writing, and nobody else's for good.
    #[inline]
    pub unsafe fn take(&mut self, size: usize, slab: impl FnOnce(usize) -> *mut u8) -> *mut u8 {
        let number = number(size);
        let first = self.free[number];
        if !first.is_null() {
            // SAFETY: a free piece begins with an address, or null (`give`).
            self.free[number] = unsafe { first.cast::<*mut u8>().read() };
            return first;
        }
        let length = (number + 1) * STEP;
        if (self.end as usize) - (self.start as usize) < length {
            let fresh = slab(SLAB);
            if fresh.is_null() {
                return null_mut();
            }
            self.start = fresh;
            // SAFETY: the slab is so long.
            self.end = unsafe { fresh.add(SLAB) };
        }
        let piece = self.start;
        // SAFETY: there is room for the piece.
        self.start = unsafe { piece.add(length) };
        piece
    }

    /// Gives a piece back.
    ///
    /// # Safety
    /// `piece` came from `take` with the same size, and nobody uses it any more.
    #[inline]
    pub unsafe fn give(&mut self, piece: *mut u8, size: usize) {
        let number = number(size);
        // SAFETY: every piece has room for an address, and is aligned for one.
        unsafe { piece.cast::<*mut u8>().write(self.free[number]) };
        self.free[number] = piece;
    }

    /// Whether a piece of one size can serve as one of another as it is.
    #[inline]
    pub const fn same(size: usize, other: usize) -> bool {
        number(size) == number(other)
    }
}

/// The number of a size among the sizes.
#[inline]
const fn number(size: usize) -> usize {
    if size == 0 { 0 } else { (size - 1) / STEP }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    /// Pieces of random sizes come and go; each keeps what was written into it, whatever happens to the others.
    #[test]
    fn pieces_do_not_overlap() {
        let mut slabs: Vec<Vec<u128>> = Vec::new();
        let mut small = Small::new();
        let mut rng = Rng::new(0, "small", &[]);
        let mut live: Vec<(*mut u8, usize, u8)> = Vec::new();
        for round in 0..20_000u32 {
            if live.len() > 300 || (rng.next_u64() % 2 == 0 && !live.is_empty()) {
                let (piece, size, mark) = live.swap_remove((rng.next_u64() % live.len() as u64) as usize);
                // SAFETY: the piece is live and so long.
                let bytes = unsafe { std::slice::from_raw_parts(piece, size) };
                assert!(bytes.iter().all(|byte| *byte == mark), "a piece of {size} was written over");
                // SAFETY: it came from `take` with this size.
                unsafe { small.give(piece, size) };
                continue;
            }
            let (size, mark) = ((rng.next_u64() % (MOST as u64 + 1)) as usize, round as u8);
            // SAFETY: a slab is given once.
            let piece = unsafe {
                small.take(size, |bytes| {
                    slabs.push(vec![0; bytes / 16]);
                    slabs.last_mut().map_or(null_mut(), |slab| slab.as_mut_ptr().cast())
                })
            };
            assert!(!piece.is_null() && (piece as usize).is_multiple_of(STEP));
            // SAFETY: the piece is ours and so long.
            unsafe { piece.write_bytes(mark, size) };
            live.push((piece, size, mark));
        }
        assert!(slabs.len() < 100, "what was given back is given again: {} slabs", slabs.len());
    }

    #[test]
    fn without_memory_there_is_none() {
        // SAFETY: nothing is given.
        assert!(unsafe { Small::new().take(16, |_| null_mut()) }.is_null());
    }
}
