# shellcheck shell=bash
# Sourced. What a build and its tests need of the system, and how it gets there.

tandem_packages=(g++ cmake ninja-build ccache pkgconf libgtest-dev libgmock-dev libbenchmark-dev
  librapidcheck-dev nlohmann-json3-dev libcli11-dev python3)

# Tests are skipped without them: two stand on the other side of streams, and Doxygen complains of the reference of the API.
test_packages=(socat netcat-openbsd doxygen)

# What the test of the report's page drives, and what its charts are drawn with.
browser_packages=(chromium chromium-driver libjs-chart.js)

# require_packages [package…]: those above and these. Installs what is missing, where it can.
require_packages() {
  if is_debian; then
    _require_debian "${tandem_packages[@]}" "$@"
  else
    _require_elsewhere "$@"
  fi
}

# require_test_packages [package…]: those above, those that tests go without, and these.
require_test_packages() {
  require_packages "$@" && want_packages "${test_packages[@]}"
}

# require_all_packages [package…]: those above, and what else a test is skipped without: a browser, which is large.
require_all_packages() {
  require_test_packages "$@" && want_packages "${browser_packages[@]}"
}

# require_certified_packages [package…]: those above, and what long tests are skipped without: Valgrind, which runs nothing that a
# cross compiler makes.
require_certified_packages() {
  require_all_packages "$@" || return
  [[ " $*" == *" g++-"*-linux-gnu* ]] || want_packages valgrind
}

# want_packages <package…>: installs what is missing, each by itself, where it can; else it is gone without. Nobody is asked for a
# password for that, time and again; one that was given a moment ago will do.
want_packages() {
  local package missing
  is_debian || return 0
  mapfile -t missing < <(_missing "$@")
  ((${#missing[@]})) || return 0
  echo "missing, and tests are skipped without: ${missing[*]}"
  if ! _may_be_root; then
    echo "(gone without; who is root has them by: apt-get install ${missing[*]})"
    return 0
  fi
  _renew_lists
  for package in "${missing[@]}"; do _install "$package" || echo "(gone without: $package)"; done
}

# require_command <command> <package>: of one package, named as on Debian. Installs it where it can.
require_command() {
  if command -v "$1" >/dev/null; then return; fi
  if is_debian; then
    _require_debian "$2"
  else
    echo "missing: $1" >&2
    return 1
  fi
}

is_debian() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

# packages_of_compiler <command, or nothing: the system's>: the Debian packages it needs. clang++-19 is in
# clang-19, g++-13 in g++-13; what clang's sanitizers and its coverage link against is in a package of its own.
packages_of_compiler() {
  local name=${1##*/}
  [[ $name ]] || return 0
  command -v "$1" >/dev/null || echo "${name/#clang++/clang}"
  case $name in
    clang++-*) echo "libclang-rt-${name#clang++-}-dev" ;;
  esac
}

# packages_of_preset <preset>: what it needs beside the compiler.
packages_of_preset() {
  case $1 in
    tidy) echo clang-tidy-19 ;;
    coverage) echo gcovr ;;
    aarch64) _packages_of_target aarch64 aarch64-linux-gnu arm64 ;;
    armhf) _packages_of_target arm arm-linux-gnueabihf armhf ;;
    i386) _packages_of_target i386 i686-linux-gnu i386 ;;
    libcxx) printf '%s\n' clang-19 libc++-19-dev libc++abi-19-dev libclang-rt-19-dev googletest ;;
    riscv64) _emulator riscv64 && printf '%s\n' g++-riscv64-linux-gnu googletest ;;
    s390x) _packages_of_target s390x s390x-linux-gnu s390x ;;
  esac
}

# _packages_of_target <qemu's name> <GNU's name> <Debian's name>: an emulator, a cross compiler, and the target's libraries.
_packages_of_target() {
  _emulator "$1"
  echo "g++-$2"
  printf '%s\n' {libgtest,libgmock,librapidcheck}-dev:"$3" libstdc++6:"$3"
}

# _emulator <qemu's name>: what runs the programs of a target, and what these execute, such as themselves: of that the kernel has to
# be told. From Linux 6.7 on the toolchains' `emulated` does so; before, a package has to, unless one has. Not always: this one has
# qemu-user-static removed, and brings systemd into a container. 32-bit x86 is run by a 64-bit one itself.
binfmt_registry=/proc/sys/fs/binfmt_misc
_emulator() {
  [[ $1 != i386 || $(uname -m) != x86_64 ]] || return 0
  echo qemu-user
  [[ -e $binfmt_registry/qemu-$1 ]] || printf '%s\n' 6.7 "$(uname -r)" | sort -VC || echo qemu-user-binfmt
}

# _missing <package…>: those of them that are not installed.
_missing() {
  local -A have=()
  local package architecture status native
  native=$(dpkg --print-architecture)
  while read -r package architecture status; do
    [[ $status == installed ]] || continue
    have[$package:$architecture]=1
    [[ $architecture != "$native" && $architecture != all ]] || have[$package]=1
  done < <(dpkg-query -W -f='${Package} ${Architecture} ${db:Status-Status}\n' "$@" 2>/dev/null)
  for package in "$@"; do [[ ${have[$package]-} ]] || echo "$package"; done
}

_require_debian() {
  local architecture missing
  mapfile -t missing < <(_missing "$@")
  if ((${#missing[@]} == 0)); then
    echo "nothing is missing"
    return
  fi

  echo "missing: ${missing[*]}"
  if ! _may_be_root && ! _may_ask; then
    echo "Neither root nor sudo here. Have someone who is root run:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    return 1
  fi
  for architecture in $(_foreign "${missing[@]}"); do _as_root dpkg --add-architecture "$architecture"; done
  _renew_lists
  _install "${missing[@]}"
}

# Whether commands can be run as root, without asking anybody; and whether there is somebody to ask.
_may_be_root() { ((EUID == 0)) || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }; }
_may_ask() { command -v sudo >/dev/null && [[ -t 0 ]]; }

# _as_root <command> [argument…]
_as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

_renew_lists() { _as_root apt-get -q update </dev/null || echo "(the package lists could not be renewed)" >&2; }

# _install <package…>
_install() {
  _as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@" </dev/null
}

# _foreign <package…>: the architectures that some of them name.
_foreign() { printf '%s\n' "$@" | sed -n 's/.*://p' | sort -u; }

_require_elsewhere() {
  local command missing=()
  for command in cmake ninja python3; do command -v "$command" >/dev/null || missing+=("$command"); done
  command -v c++ >/dev/null || command -v "${CXX:-g++}" >/dev/null || missing+=("a C++20 compiler")
  if ((${#missing[@]} == 0)); then
    echo "no apt here, but the tools are; libraries that are not found are fetched"
    return
  fi
  cat >&2 <<END
missing: ${missing[*]}
  Fedora    dnf install gcc-c++ cmake ninja-build ccache gtest-devel gmock-devel json-devel cli11-devel
  Arch      pacman -S gcc cmake ninja ccache gtest nlohmann-json cli11
  macOS     brew install cmake ninja ccache googletest nlohmann-json cli11
Libraries that are not found are fetched by CMake when there is a network.
END
  return 1
}
