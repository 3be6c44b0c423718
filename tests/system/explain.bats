#!/usr/bin/env bats
# Explanations: the same record over HTTP, from the command line that asks a directory, through a gateway, and of files.

bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    gateway_start gateway
    ask_all
}

teardown_file() {
    stack_end
}

trust() {
    printf '%s\n' -A "$PEOPLE/anchors" --intermediate "$PEOPLE/intermediates" --crl "$PEOPLE/crls"
}

# The document of each recipient, a line each, in the order of the table: over HTTP, directly, and of the entry as LDIF.
ask_all() {
    local -a trust
    mapfile -t trust < <(trust)
    mkdir -p "$STACK/answers"
    while IFS=$'\t' read -r address _; do
        printf 'url = "%s?explain=1"\n' "$(recipient_url "$address")"
    done < "$PEOPLE/recipients.tsv" > "$STACK/answers/urls"
    curl --silent --max-time 60 --write-out '\n' --config "$STACK/answers/urls" > "$STACK/answers/http"
    cut -f 1 "$PEOPLE/recipients.tsv" |
        "$BUILD/certlookup" -H "$(slapd_uri ldap)" -b "$BASE_DN" "${trust[@]}" -o json --explain - \
            > "$STACK/answers/directly" || true
}

# What a document says of values: all of "certificates" and of "refused", but where a file's values came from.
values() {
    sed -E 's/.*("certificates":\[.*\]),"partial":.*("refused":\[.*\]),"directories":.*/\1 \2/
        s/"directory":"[^"]*"//g'
}

# Two files of them, without the DNs, of which some can be written in several ways.
same_but_dns() {
    diff <(values < "$1" | sed 's/"dn":"[^"]*"//g') <(values < "$2" | sed 's/"dn":"[^"]*"//g')
}

@test "every recipient is explained" {
    equal answers "$(wc -l < "$PEOPLE/recipients.tsv")" "$(wc -l < "$STACK/answers/http")"
    [ "$(grep -c '"explanation":{"policy":"trust"' "$STACK/answers/http")" -ge 300 ]
}

@test "HTTP and the command line agree to the letter on every verdict and how it came about" {
    diff <(values < "$STACK/answers/http") <(values < "$STACK/answers/directly")
}

@test "so does --inspect of the entries, for one recipient of each kind" {
    local -a trust
    local kind address number
    mapfile -t trust < <(trust)
    while IFS=$'\t' read -r kind _; do
        address=$(first_of "$kind")
        number=$(cut -f 1 "$PEOPLE/recipients.tsv" | grep -nxF "$address" | cut -d : -f 1)
        sed -n "${number}p" "$STACK/answers/http" > "$BATS_TEST_TMPDIR/http"
        # Only what one entry says in its own words is in the file: addresses that stand there encoded, or in two entries,
        # are another test's.
        awk -v mail="mail: $address" 'BEGIN { RS = ""; ORS = "\n\n" } index($0 "\n", mail "\n")' \
            "$PEOPLE/directory.ldif" > "$BATS_TEST_TMPDIR/entry.ldif"
        [ -s "$BATS_TEST_TMPDIR/entry.ldif" ] || continue
        "$BUILD/certlookup" --inspect "${trust[@]}" -o json --explain "$BATS_TEST_TMPDIR/entry.ldif" "$address" \
            > "$BATS_TEST_TMPDIR/inspected" || true
        same_but_dns "$BATS_TEST_TMPDIR/http" "$BATS_TEST_TMPDIR/inspected" || {
            echo "$kind: $address"
            return 1
        }
        echo "$kind" >> "$BATS_TEST_TMPDIR/kinds"
    done < "$PEOPLE/kinds.tsv"
    [ "$(wc -l < "$BATS_TEST_TMPDIR/kinds")" -ge 30 ]
}

@test "through a gateway the text is the same as from the directory itself" {
    local -a trust
    local address
    address=$(first_of survivor)
    mapfile -t trust < <(trust)
    NO_COLOR=1 "$BUILD/certlookup" -H "$(slapd_uri ldap)" -b "$BASE_DN" "${trust[@]}" --explain "$address" |
        sed 's/^\(     source     \)[^ ]*: /\1/; /^     asked /,$d' > "$BATS_TEST_TMPDIR/directly"
    NO_COLOR=1 "$BUILD/certlookup" -u "$(gateway_url gateway)" --explain "$address" |
        sed 's/^\(     source     \)[^ ]*: /\1/; /^     asked /,$d' > "$BATS_TEST_TMPDIR/through"
    # The name of the directory may break lines elsewhere.
    diff <(tr -d ' \n' < "$BATS_TEST_TMPDIR/directly") <(tr -d ' \n' < "$BATS_TEST_TMPDIR/through")
    grep -q '^     place      the only usable one$' "$BATS_TEST_TMPDIR/through"
    grep -q '^     chains     1\. valid$' "$BATS_TEST_TMPDIR/through"
    grep -q '^                   CRL about .*: good, number' "$BATS_TEST_TMPDIR/through"
    grep -q '^     path       expired' "$BATS_TEST_TMPDIR/through"
}

@test "an explanation is made for who asks: what is in memory has none, before and after" {
    local address
    address=$(first_of survivor)
    get "$(recipient_url "$address")"
    run ! grep explanation "${body:?}"
    get "$(recipient_url "$address")?explain=1"
    equal layer memory "$(json layer)"
    equal control no-store "$(header Cache-Control)"
    grep -q '"explanation":' "$body"
    get "$(recipient_url "$address")"
    run ! grep explanation "${body:?}"
    equal hit 'certlookup; hit' "$(header Cache-Status)"
}

@test "why the first of several stands there" {
    get "$(recipient_url "$(first_of two-good)")?explain=1"
    grep -q '"place":"first of [2-9] usable: before the next because ' "$body"
    grep -q '"place":"2 of [2-9] usable: after the one before it because ' "$body"
}
