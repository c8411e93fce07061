#!/usr/bin/env bash
# Installs a built tandem in a place of its own, then builds and runs a program that finds it there.
# usage: installed.sh <build directory> <compiler> find_package|pkg-config [deb]
# With deb it is what the Debian package of the library holds.
set -euo pipefail
build=$1 compiler=$2 way=$3 from=${4-}
project=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/project

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if [[ $from == deb ]]; then
  cpack --config "$build/CPackConfig.cmake" -B "$place" -D CPACK_COMPONENTS_ALL=library >/dev/null
  package=$(echo "$place"/*.deb)
  [[ $(dpkg-deb --field "$package" Package) == libtandem-dev ]]
  [[ $(dpkg-deb --field "$package" Version) == 0.1.* ]]
  dpkg-deb --extract "$package" "$place/root"
  mv "$place/root/usr" "$place/prefix"
else
  cmake --install "$build" --prefix "$place/prefix" >/dev/null
fi
library=$(dirname "$(find "$place/prefix" -name tandem.pc)")/..

if [[ $way == find_package ]]; then
  cmake -G Ninja -S "$project" -B "$place/build" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_PREFIX_PATH="$place/prefix" >/dev/null
  cmake --build "$place/build"
  program=$place/build/consumer
else
  export PKG_CONFIG_PATH=$library/pkgconfig
  [[ $(pkg-config --modversion tandem) == 0.1.* ]]
  read -ra flags <<<"$(pkg-config --cflags --libs tandem)"
  program=$place/consumer
  "$compiler" "$project/main.cpp" "${flags[@]}" -o "$program"
fi
LD_LIBRARY_PATH=$library "$program"
