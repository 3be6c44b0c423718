#!/usr/bin/env bats
# The rules of the house: who includes whom, lint, complete manual pages.

setup() {
    cd "$BATS_TEST_DIRNAME/../.."
    : "${BUILD:=$PWD/build/release}"
}

# A copy of the folders, where something can be planted.
plant() {
    mkdir -p "$BATS_TEST_TMPDIR/tree"
    cp -r base x509 render fetch ldap cache http gateway cli "$BATS_TEST_TMPDIR/tree"
    printf '%s\n' "$2" >> "$BATS_TEST_TMPDIR/tree/$1"
    run sh tests/scripts/layering.sh "$BATS_TEST_TMPDIR/tree"
}

@test "layering holds" {
    sh tests/scripts/layering.sh
}

@test "layering: an arrow to the left is refused" {
    plant base/text.c '#include "gateway/config.h"'
    [ "$status" -eq 1 ]
    [[ "$output" == *'base/text.c:'*'"gateway/config.h": the arrows do not lead there'* ]]
}

@test "layering: folders on one level do not include each other" {
    plant cache/memory.c '#include "ldap/directory.h"'
    [ "$status" -eq 1 ]
    [[ "$output" == *'cache/memory.c:'*'"ldap/directory.h"'* ]]
}

@test "layering: a library's header stays in its folder" {
    plant gateway/lookup.c '# include <ldap.h>'
    [ "$status" -eq 1 ]
    [[ "$output" == *'gateway/lookup.c:'*'<ldap.h> belongs to ldap'* ]]
}

@test "layering: a header that nobody has allowed is refused" {
    plant x509/judge.c '#include <glib.h>'
    [ "$status" -eq 1 ]
    [[ "$output" == *'<glib.h> is not in the table of headers'* ]]
}

@test "layering: an include that is not rooted at the top is refused" {
    plant http/hot.c '#include "hot.h"'
    [ "$status" -eq 1 ]
    [[ "$output" == *'"hot.h" is not rooted at the top'* ]]
}

@test "lint is clean" {
    run sh tests/scripts/lint.sh "$BUILD"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "every setting, option, metric and route stands in a manual page" {
    run sh tests/scripts/check-docs.sh "$BUILD"
    echo "$output"
    [ "$status" -eq 0 ]
}
