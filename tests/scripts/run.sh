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

# company WORD FILES: those of the files that say of themselves that they want a machine for themselves ("alone"), or the
# others ("together").
company() {
    for file in $2; do
        case $file in
        *.bats) grep -qx '# bats file_tags=alone' "$file" && wanted=alone || wanted=together ;;
        *) wanted=together ;;
        esac
        [ "$wanted" != "$1" ] || echo "$file"
    done
}

# prove_files JOBS FILES
prove_files() {
    # shellcheck disable=SC2086  # one word a file: no path here has a space
    [ -z "$2" ] || prove --jobs "$1" --timer --failures --exec 'sh tests/scripts/record.sh' $2 || status=1
}

status=0
for suite; do
    echo "== $suite"
    files=$(files_of "$suite")
    if [ -z "$files" ]; then
        [ -n "${ONLY:-}" ] || echo "not ok 1 - the suite $suite has tests" > "$RESULTS/$suite.tap"
        continue
    fi
    # What measures time or rates, or takes servers away, does not like company.
    prove_files "${JOBS:-2}" "$(company together "$files")"
    prove_files 1 "$(company alone "$files")"
done

found=$(find "$RESULTS" -name 'sanitizer.*' | sort)
for report in $found; do
    echo "== ${report##*/}"
    cat "$report"
    echo "not ok 1 - no sanitizer has anything to report" > "$RESULTS/report.${report##*.}.tap"
done

awk -f tests/scripts/count.awk "$RESULTS"/*.tap || status=1
exit $status
