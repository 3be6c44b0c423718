#!/bin/sh
# Runs suites of tests against a build and ends with the one line "N passed, N failed".
#
#   run.sh BUILD SUITE…      suites: checks unit seeds scenario system
#
# prove schedules and reports; record.sh keeps what each file said, and count.awk counts it. A suite without tests, a
# program that ends badly and a report of a sanitizer count as failed, and so does a test that was skipped.
# Yours: JOBS (2), TEST_TIMEOUT (600 seconds for each file), ONLY (a word that the file's path must contain).
set -eu

folder=$1 # as it was given: prove shows it
BUILD=$(cd "$folder" && pwd)
shift
export BUILD
RESULTS=$BUILD/results
export RESULTS
export TEST_TIMEOUT="${TEST_TIMEOUT:-600}"
rm -rf "$RESULTS"
mkdir -p "$RESULTS"
: > "$RESULTS/none.tap"

# Daemons under test report here, too; nobody reads their stderr.
reports="log_path=$RESULTS/sanitizer"
export ASAN_OPTIONS="$reports:detect_leaks=1:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="$reports:print_stacktrace=1:halt_on_error=1"
export TSAN_OPTIONS="$reports:second_deadlock_stack=1:suppressions=$PWD/tests/scripts/tsan.supp"
export LSAN_OPTIONS="suppressions=$PWD/tests/scripts/lsan.supp:print_suppressions=0"

files_of() {
    case $1 in
    unit) find tests/unit -name 'test_*.c' | sed "s|^tests/unit/\(.*\)\.c\$|$folder/unit/\1|" ;;
    seeds) find tests/fuzz -name 'fuzz_*.c' | sed "s|^tests/fuzz/\(.*\)\.c\$|$folder/replay/\1|" ;;
    scenario) find tests/scenario -name '*.story' ;;
    checks | system) find "tests/$1" -name '*.bats' ;;
    *) echo "run.sh: no suite $1" >&2 && exit 64 ;;
    esac | grep -F -- "${ONLY:-}" | sort
}

status=0
for suite; do
    echo "== $suite"
    files=$(files_of "$suite")
    if [ -z "$files" ]; then
        [ -n "${ONLY:-}" ] || echo "not ok 1 - the suite $suite has tests" > "$RESULTS/$suite.tap"
        continue
    fi
    # Servers that are killed, and clocks that are waited for, do not like company.
    case $suite in system) jobs=1 ;; *) jobs=${JOBS:-2} ;; esac
    # shellcheck disable=SC2086  # one word a file: no path here has a space
    prove --jobs "$jobs" --timer --failures --exec 'sh tests/scripts/record.sh' $files || status=1
done

found=$(find "$RESULTS" -name 'sanitizer.*' | sort)
for report in $found; do
    echo "== ${report##*/}"
    cat "$report"
    echo "not ok 1 - no sanitizer has anything to report" > "$RESULTS/report.${report##*.}.tap"
done

awk -f tests/scripts/count.awk "$RESULTS"/*.tap || status=1
exit $status
