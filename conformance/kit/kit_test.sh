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
  ln -s "$(command -v "$tool")" "$place/bin/$tool"
done
run() {
  (cd / && env -i PATH="$place/bin" TMPDIR="$place" TANDEM_TIME_SCALE="${TANDEM_TIME_SCALE-1}" "$kit/run-conformance" "$@")
}
must_fail() {
  if run "$@" >"$place/said"; then
    cat "$place/said"
    echo "passed, and must not have: $*"
    exit 1
  fi
}

run --results "$place/results" shlex threading.main-scope.exit
[[ -s $place/results/conformance_shlex.jsonl ]]
grep -qxE '[0-9a-f]{12}(-dirty)?|.+-g[0-9a-f]{12}(-dirty)?|unknown' "$place/results/commit"
doctor=$(cat "$place/results/doctor.json") # whether it is JSON is asked by doctor_test.py; here, whether all of it is there
[[ $doctor == '{'*'"capabilities": {'*'"facts": {'*'}'*'}' ]]

echo another >"$place/results/commit"
must_fail --results "$place/results" shlex
echo another | cmp - "$place/results/commit"

must_fail no-such-suite
must_fail shlex.no-such.case

sed -i 's/"transcript": \[/&"something else",/' "$kit/reference/shlex/quote.golden.json"
must_fail shlex
grep -q 'FAIL shlex\.' "$place/said"

rm -r "$kit/programs/threading"
must_fail threading.main-scope.exit

ln -sf "$place/bin/false" "$kit/bin/doctor"
must_fail --results "$place/undiagnosed" shlex.split.quotes
[[ -s $place/undiagnosed/conformance_shlex.shlex.split.quotes.jsonl && ! -e $place/undiagnosed/doctor.json ]]
echo "the kit fails where it must"
