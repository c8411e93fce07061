// Python's module contextvars.
#pragma once
#include "tandem/core/context_var.hpp"
