#!/usr/bin/env bats
# NIST's PKITS through slapd and gateway: tests/pkits/run.sh, which make pkits runs, too.

bats_require_minimum_version 1.5.0
load stack

@test "NIST PKITS: the paths of at least 247 of 249 rows get NIST's verdict, and the others are explained" {
    run bash "$BATS_TEST_DIRNAME/../pkits/run.sh" "$BUILD" "$BUILD/system/pkits"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "${lines[-1]}" =~ ^24[789]\ of\ 249\ rows\ agree$ ]]
}

@test "PKITS: each of the 224 tests is there, in 249 rows" {
    equal tests 224 "$(tail -n +2 "$BATS_TEST_DIRNAME/../data/pkits-expected.csv" | cut -d , -f 1 | sort -u | wc -l)"
    equal rows 249 "$(awk -f "$BATS_TEST_DIRNAME/../pkits/rows.awk" "$BATS_TEST_DIRNAME/../data/pkits-expected.csv" | wc -l)"
}
