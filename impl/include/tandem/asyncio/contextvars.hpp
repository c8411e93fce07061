// Context variables, which each task has of its own: Python's module contextvars.
#pragma once
#include "tandem/core/context_var.hpp"
