// Python's `import threading`.
#pragma once
#include "tandem/threading/barrier.hpp"
#include "tandem/threading/condition.hpp"
#include "tandem/threading/event.hpp"
#include "tandem/threading/local.hpp"
#include "tandem/threading/lock.hpp"
#include "tandem/threading/main_scope.hpp"
#include "tandem/threading/rlock.hpp"
#include "tandem/threading/semaphore.hpp"
#include "tandem/threading/thread.hpp"
#include "tandem/threading/timer.hpp"
