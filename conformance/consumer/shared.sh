#!/usr/bin/env bash
# Builds tandem as a shared library, checks what it shows to the outside, and uses it installed.
# usage: shared.sh <source directory> <build directory> <compiler> [compiler launcher]
set -euo pipefail
source=$1 build=$2 compiler=$3 launcher=${4-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Not optimised: what is shown does not depend on it.
cmake -G Ninja -S "$source" -B "$build" -DTANDEM_DEV=OFF -DBUILD_SHARED_LIBS=ON \
  -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher" >/dev/null
cmake --build "$build" --parallel 2

# Strong symbols are ours and meant for users; weak ones are templates of the standard library.
symbols=$(nm --dynamic --demangle --defined-only "$(find "$build" -name libtandem.so)")
if grep -E ' [TDBR] ' <<<"$symbols" | grep -vE '\btandem::v1::'; then
  echo "shown by the shared library, but not ours" && exit 1
fi
if grep -E '^[^(<]*\btandem::v1::platform::' <<<"$symbols"; then  # the name itself
  echo "shown by the shared library, but nobody's business" && exit 1
fi

"$here/installed.sh" "$build" "$compiler" find_package
"$here/installed.sh" "$build" "$compiler" pkg-config
