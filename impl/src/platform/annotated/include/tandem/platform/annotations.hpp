// Before all others in a build for Valgrind: the counts of std::shared_ptr are told of, too, as
// libstdc++ foresees.
#pragma once
#include <valgrind/drd.h>

#define _GLIBCXX_SYNCHRONIZATION_HAPPENS_BEFORE(address) ANNOTATE_HAPPENS_BEFORE(address)
#define _GLIBCXX_SYNCHRONIZATION_HAPPENS_AFTER(address) ANNOTATE_HAPPENS_AFTER(address)
