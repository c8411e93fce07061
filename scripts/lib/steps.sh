# shellcheck shell=bash
# Sourced. Runs steps one after the other, says how far it is, and sums up at the end.

tandem_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
_step_rows=()

# ninja, for one, takes a ^C for itself, and bash would go on with the next step.
interrupted=
trap 'interrupted=1' INT

# wrong_usage <what is wrong>
wrong_usage() {
  echo "${0##*/}: $*; see --help" >&2
  exit 2
}

# require_value <option> [value]
require_value() { [[ ${2-} && $2 != -* ]] || wrong_usage "$1 needs a value"; }

# require_number <option> [value]
require_number() { [[ ${2-} =~ ^[1-9][0-9]*$ ]] || wrong_usage "$1 needs a number"; }

# step <name> <command> [argument…]: returns what the command returns; ends everything after a ^C.
step() {
  local name=$1 status=0 begin=$SECONDS verdict=ok
  shift
  printf '\n== %s\n' "$name"
  "$@" || { status=$? && verdict="FAILED ($status)"; }
  [[ ! $interrupted ]] || verdict=interrupted
  _step_rows+=("$(printf '%-12s %5d s   %s' "$name" $((SECONDS - begin)) "$verdict")")
  if [[ $interrupted ]]; then
    summary interrupted
    exit 130
  fi
  return "$status"
}

# summary <title>: every step so far.
summary() {
  printf '\n== summary: %s\n' "$1"
  printf '%s\n' "${_step_rows[@]}"
}
