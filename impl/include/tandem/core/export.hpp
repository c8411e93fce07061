// What the shared library shows. Everything else is hidden.
#pragma once

#if defined(__GNUC__)
#define TANDEM_API __attribute__((visibility("default")))
#else
#define TANDEM_API
#endif
