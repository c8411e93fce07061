# shellcheck shell=bash
# Sourced after steps.sh and packages.sh. A build directory: where it is, what it needs, and how it is configured.

# build_directory <preset> [compiler]: another compiler has one of its own.
build_directory() {
  local compiler=${2-}
  echo "$tandem_root/build/$1${compiler:+-${compiler##*/}}"
}

# configure_preset <preset> [compiler]: quietly. The log stands beside the build directory.
configure_preset() {
  local build options=()
  build=$(build_directory "$@")
  [[ ! ${2-} ]] || options+=("-DCMAKE_CXX_COMPILER=$(command -v "$2")")
  mkdir -p "$tandem_root/build"
  cmake -S "$tandem_root" --preset "$1" -B "$build" "${options[@]}" >"$build.log" 2>&1 || {
    cat "$build.log"
    return 1
  }
  grep -E '^-- (The CXX compiler|Build files)' "$build.log"
}
