#!/bin/sh
# Runs one file of tests, prints its TAP and keeps it in $RESULTS. Its exit status is the file's.
#
#   record.sh FILE      *.bats, *.story, a fuzz target without a fuzzer, or a cmocka program
set -u

suite=${1%/*}
name=${suite##*/}.${1##*/}
tap=$RESULTS/$name.tap

run() {
    case $1 in
    *.bats) timeout -k 10 "$TEST_TIMEOUT" bats --tap "$1" ;;
    *.story)
        mkdir -p "$RESULTS/$name.stage"
        timeout -k 10 "$TEST_TIMEOUT" "$BUILD/scenario/play" "$RESULTS/$name.stage" "$1"
        ;;
    */replay/fuzz_*) timeout -k 10 "$TEST_TIMEOUT" "$1" tests/fuzz/seeds/"${1##*/fuzz_}"/* ;;
    *) CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 10 "$TEST_TIMEOUT" "$1" ;;
    esac
}

# cmocka prints a plan for each group and numbers each from 1; TAP wants one of each.
{
    run "$1"
    echo "status $?"
} | awk '
    /^status [0-9]+$/ { status = $2; next }
    /^1\.\.[0-9]+/ { planned += substr($0, 4); next }
    /^(not )?ok / { tests++; sub(/ok [0-9]+/, "ok " tests); bad += /^not / && !/# (SKIP|skip)/ }
    { print; fflush() }
    END {
        if (status != 0 && !bad) {
            printf "not ok %d - ends well\n# ended with status %d%s\n", ++tests, status,
                status == 124 ? ": took too long" : ""
        } else if (tests == 0) {
            print "not ok 1 - has tests"
            tests = 1
        }
        print "1.." (planned > tests ? planned : tests)
        exit status
    }
' | tee "$tap"
! grep -q '^not ok' "$tap"
