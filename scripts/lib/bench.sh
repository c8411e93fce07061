# Sourced after steps.sh. Builds the benchmarks, and knows what their peers are called on Debian.

bench_peer_packages=(libtbb-dev libboost-dev libboost-thread-dev libconcurrentqueue-dev
  libatomic-queue-dev libglib2.0-dev libabsl-dev libboost-filesystem-dev libuv1-dev libzmq3-dev)
bench_programs=(bench_queue bench_futures bench_threading bench_subprocess
  bench_multiprocessing bench_process_pool bench_asyncio)
bench_build=$tandem_root/build/bench

# check_arguments <argument of bench/driver>…: before anything is built. Without Python the driver says it later.
check_arguments() { ! command -v python3 >/dev/null || python3 -B "$tandem_root/bench/driver" --check "$@"; }

configure_bench() {
  local log=$tandem_root/build/bench.log
  mkdir -p "$tandem_root/build"
  cmake -S "$tandem_root" --preset bench -B "$bench_build" >"$log" 2>&1 || {
    cat "$log"
    return 1
  }
}

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
