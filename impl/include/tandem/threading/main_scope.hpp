// The end of the program, at the end of main() instead of after it.
#pragma once
#include "tandem/core/export.hpp"

namespace tandem::inline v1 {

// A guard for main(). At its end executors finish their work and threads that are no daemons are
// joined; after that no thread can be started and daemons do not come back from waiting.
//
//   int main() {
//     queue::Queue<int> jobs;    // still there while threads are joined
//     tandem::main_scope scope;
//     …
//   }
//
// Without it the same happens after main(), but before the destructors of those statics only that
// were complete before the first thread was started. With it that holds for all statics, and for
// what main() has declared before it.
//
// While it lives, an exception that leaves main() ends the program as Python does: it is printed to
// the log sink, threads are joined, exit(1); SystemExit is exit(code()) without a word but its own
// text. Without it that is std::terminate(). It does so by a terminate handler: one that was set
// before is asked when terminate() is called without an exception or in another thread, and one that
// is set later takes its place. Between the two kinds of terminate() in the main thread, an exception
// that nobody catches and a call while one is being handled, a handler cannot tell.
// Neither copied nor moved.
// Throws   RuntimeError (there is one already).
// Spec     threading.main-scope
class TANDEM_API main_scope {
 public:
  main_scope();
  main_scope(const main_scope&) = delete;
  main_scope& operator=(const main_scope&) = delete;
  ~main_scope();
};

}  // namespace tandem::inline v1
