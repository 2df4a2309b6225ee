//! The lock of what is held for some nanoseconds, and by two threads at once almost never.

/// A lock for a few moves in memory. Who finds it taken lets other threads run, and looks again.
///
/// To give it back is a plain store. That of the standard library, behind which a thread can sleep, has to
/// swap and look whether one does, which takes as long as all of what is done under it; and a span is locked
/// ten times in its life. So no code of a program runs under it, and nothing is dropped that may hold what
/// is the program's; other locks that are taken under it are held for as short a time.
pub(crate) type Lock<T> = spin::mutex::SpinMutex<T, spin::Yield>;

/// What is behind a [`Lock`], as long as this lives.
pub(crate) type Locked<'lock, T> = spin::mutex::SpinMutexGuard<'lock, T>;
