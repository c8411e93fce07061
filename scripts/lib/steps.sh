# shellcheck shell=bash
# Sourced. Runs steps one after the other, says how far it is, and sums up at the end.

tandem_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
_step_rows=()

# step <name> <command> [argument…]: returns what the command returns.
step() {
  local name=$1 status=0 begin=$SECONDS verdict=ok
  shift
  printf '\n== %s\n' "$name"
  "$@" || { status=$? && verdict="FAILED ($status)"; }
  _step_rows+=("$(printf '%-12s %5d s   %s' "$name" $((SECONDS - begin)) "$verdict")")
  return "$status"
}

# summary <title>: every step so far.
summary() {
  printf '\n== summary: %s\n' "$1"
  printf '%s\n' "${_step_rows[@]}"
}
