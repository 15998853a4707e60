//! How many threads some work may use.

/// Runs `work` with `threads` threads for everything in this crate that it calls: sampling, and learners that it makes.
/// Thread counts reach no result; with several arms side by side, each with its share of the cores, none waits for another.
pub fn confined<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build().expect("the system gives threads");
    pool.install(work)
}

/// Threads that work of this crate uses here.
pub fn available() -> usize {
    rayon::current_num_threads()
}
