#!/usr/bin/env bash
# The kit works where it was copied to, by what stands in it: with another golden a case fails, without a program too.
# usage: kit_test.sh <build directory>
set -euo pipefail
build=$1

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cmake --install "$build" --component conformance --strip --prefix "$place/prefix" >/dev/null
kit="$place/another place"
mv "$place/prefix/libexec/tandem-conformance" "$kit"

# A machine of which nothing is known: no variables, no compiler, no Python, another folder.
mkdir "$place/bin"
for tool in sh dirname mktemp mkdir grep sed rm env ls cat sleep true false echo printf; do
  ln -s "$(type -P "$tool")" "$place/bin/$tool" # the file, where bash has one of its own, too
done
run() {
  (cd / && env -i PATH="$place/bin" TMPDIR="$place" TANDEM_TIME_SCALE="${TANDEM_TIME_SCALE-1}" "$kit/run-conformance" "$@")
}
must_end() { # must_end CODE ARGUMENT…
  local code=$1 ended=0
  shift
  run "$@" >"$place/said" 2>&1 || ended=$?
  if [[ $ended != "$code" ]]; then
    cat "$place/said"
    echo "ended with $ended, not with $code: $*"
    exit 1
  fi
}

run --results "$place/results" shlex threading.main-scope.exit
[[ -s $place/results/conformance_shlex.jsonl ]]
grep -qxE '[0-9a-f]{12}(-dirty)?|unknown' "$place/results/commit"
cases=$(cat "$place"/results/conformance_*.jsonl | grep -c '"record":"case"')
printf 'asked shlex threading.main-scope.exit\nended %s\n' "$cases" | cmp - "$place/results/runs"
doctor=$(cat "$place/results/doctor.json") # whether it is JSON is asked by doctor_test.py; here, whether all of it is there
[[ $doctor == '{'*'"capabilities": {'*'"facts": {'*'}'*'}' ]]

# What cannot be run as it was asked for is refused before anything is written.
echo another >"$place/results/commit"
must_end 2 --results "$place/results" shlex
echo another | cmp - "$place/results/commit"
rm "$place/results/commit"
must_end 2 --results "$place/results" shlex
[[ ! -e $place/results/commit ]]
must_end 2 --results
must_end 2 --results "$place/refused" shlex no-such-suite
must_end 2 --results "$place/refused" shlex.no-such.case
mv "$kit/commit" "$place/commit"
must_end 2 --results "$place/refused" shlex
mv "$place/commit" "$kit/commit"
[[ ! -e $place/refused ]]

sed -i 's/"transcript": \[/&"something else",/' "$kit/reference/shlex/quote.golden.json"
must_end 1 shlex
grep -q 'FAIL shlex\.' "$place/said"

rm -r "$kit/programs/threading"
must_end 1 threading.main-scope.exit

rm "$kit/bin/doctor"
printf '#!/bin/sh\necho "{ half of it"\nexit 3\n' >"$kit/bin/doctor"
chmod +x "$kit/bin/doctor"
must_end 1 --results "$place/undiagnosed" shlex.split.quotes
grep -q 'doctor: exit code 3' "$place/said"
[[ -s $place/undiagnosed/conformance_shlex.shlex.split.quotes.jsonl && ! -e $place/undiagnosed/doctor.json ]]
echo "the kit fails where it must"
