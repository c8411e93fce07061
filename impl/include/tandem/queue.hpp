// Python's module queue.
#pragma once
#include "tandem/queue/exceptions.hpp"
#include "tandem/queue/lifo_queue.hpp"
#include "tandem/queue/priority_queue.hpp"
#include "tandem/queue/queue.hpp"
#include "tandem/queue/simple_queue.hpp"
