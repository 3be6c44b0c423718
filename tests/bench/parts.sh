#!/bin/bash
# What parts of the daemon cost: its directory client against bare libldap, in front of a real slapd; the judge; the
# memory cache and the records. Prints rates and times; compare those of one run.
#
#     parts.sh [build folder]       ENTRIES=200000 SECONDS_EACH=3
set -eu
cd "$(dirname "$0")/../.."
BUILD=$(cd "${1:-build/release}" && pwd)
export BUILD
# shellcheck source=/dev/null
. tests/demo/stack.sh

: "${ENTRIES:=200000}" "${SECONDS_EACH:=3}"
work=$(mktemp -d)
end() {
    stack_close || true
    rm -rf "$work"
}
trap end EXIT

"$BUILD/tools/makepeople" "$BUILD/people"
stack_open "$work/stack" "$BUILD/people"
slapd_start ldap
"$BUILD/bench/bench_directory" "$(slapd_uri ldap)" "$BASE_DN" alice@example.org "$SECONDS_EACH"
"$BUILD/bench/bench_judge" "$BUILD/people" alice@example.org
"$BUILD/bench/bench_cache" "$ENTRIES"
