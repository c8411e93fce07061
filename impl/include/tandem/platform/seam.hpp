// The seam between the library and what runs it. Everything through which one thread affects
// another, or time affects a thread, goes through here or through platform/: so the very same
// sources can also be built over a controlled scheduler, which decides at each of these places
// who runs next (DESIGN.md, "The seam").
//
//   seam::atomic<T>        std::atomic<T>
//   seam::hint<T>          the same, of what nobody relies on: statistics
//   seam::clock            the monotonic clock of every deadline
//   seam::cpu_relax()      tells the processor that this is a spin loop: 5 to 40 ns
//   seam::is_alone()      whether this is the only thread there is: then no operation need be
//   atomic.
//                          Only a hint to be faster: false is always right
//   seam::spins(n)         how long a spin lasts, in pauses
//   seam::thread_word(w)   says at its definition that each thread has a thread_local word w
#pragma once
#ifdef TANDEM_SCHEDULED
#include "tandem/platform/seam_scheduled.hpp"
#elif defined(TANDEM_ANNOTATED)
#include "tandem/platform/seam_annotated.hpp"
#else
#include "tandem/platform/seam_native.hpp"
#endif
