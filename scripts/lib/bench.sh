# Sourced after steps.sh and packages.sh. Builds the benchmarks, and knows what their peers are called on Debian.

bench_peer_packages=(libtbb-dev libboost-dev libboost-thread-dev libconcurrentqueue-dev
  libatomic-queue-dev libglib2.0-dev libabsl-dev libboost-filesystem-dev libuv1-dev libzmq3-dev
  python3-uvloop)
bench_programs=(bench_queue bench_futures bench_threading bench_subprocess
  bench_multiprocessing bench_process_pool bench_asyncio bench_calibration bench_micro)
source "$tandem_root/scripts/lib/configure.sh"

# use_bench_compiler <compiler, or nothing: the system's>: before any of those below.
use_bench_compiler() {
  bench_compiler=$1
  bench_build=$(build_directory bench "$1")
  mapfile -t bench_compiler_packages < <(packages_of_compiler "$1")
}

# check_arguments <argument of bench/driver>…: before anything is built. Without Python the driver says it later.
check_arguments() { ! command -v python3 >/dev/null || python3 -B "$tandem_root/bench/driver" --check "$@"; }

configure_bench() { configure_preset bench "$bench_compiler"; }

# build_targets <jobs> <target>…
build_targets() {
  local jobs=$1
  shift
  NINJA_STATUS='[%f/%t %es] ' cmake --build "$bench_build" --parallel "$jobs" --target "$@"
}

# The conformance suites of the build.
conformance_targets() {
  cmake --build "$bench_build" --target help | sed -n 's/^\(conformance_[a-z_]*\): phony.*/\1/p' |
    grep -v '^conformance_harness'
}
