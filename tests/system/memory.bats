#!/usr/bin/env bats
# Memory stays bounded: make soak does the same for 10 million lookups, and without sanitizers.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack

@test "ten times as many addresses as the cache holds: no more memory than the cache's, and a little" {
    run "$BUILD/soak/soak" 8000 1 5
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"0 of 8000 lookups did not find one"* ]]
}

@test "the soak sees growth" {
    run "$BUILD/soak/soak" 8000 16 5
    echo "$output"
    [ "$status" -eq 1 ]
}
