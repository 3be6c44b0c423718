#!/usr/bin/env bats
# A certificate for each reason why not (docs/validation.md), and for each face of those that have several: over HTTP and
# on the command line, with equal words.

bats_require_minimum_version 1.5.0
load stack
load cases

setup_file() {
    stack_begin
    cases_make reasons
    cases_slapd ldap
    gateway_start gateway reasons_config
}

teardown_file() {
    stack_end
}

reasons_config() {
    config_listen "$2"
    cases_directory
    cat << CONF
trust = {
    anchors       = [ $(config_string "$CASES/anchors") ];
    intermediates = [ $(config_string "$CASES/intermediates") ];
    crls          = [ $(config_string "$CASES/crls") ];
    revocation    = "require";
    deny          = [ $(sed 's/.*/"&"/' "$CASES/denied" | paste -s -d ,) ];
};
trust-rules = (
    { name = "explicit"; domains = [ "explicit.example" ]; require-explicit-policy = true; }
);
CONF
}

# directly ADDRESS [OPTION…]: certlookup -H, with the gateway's trust; sets `status`, leaves the file `out`.
directly() {
    out=$BATS_TEST_TMPDIR/out
    status=0
    "$BUILD/certlookup" -H "$(slapd_uri ldap)" -b "$BASE_DN" -A "$CASES/anchors" --intermediate "$CASES/intermediates" \
        --crl "$CASES/crls" --revocation require "${@:2}" "$1" > "$out" || status=$?
}

# through ADDRESS [OPTION…]: certlookup -u.
through() {
    out=$BATS_TEST_TMPDIR/out
    status=0
    "$BUILD/certlookup" -u "$(gateway_url gateway)" "${@:2}" "$1" > "$out" || status=$?
}

# Whether the command line alone can be told the policy under which this one is to be judged: lists and rules are a
# gateway's.
is_of_gateway() {
    case $1 in
    denied-* | chain-policy*) return 0 ;;
    *) return 1 ;;
    esac
}

@test "every reason of a value in the manual has a certificate, and no other" {
    local manual
    manual=$(sed -n '/^| reason |/,/^$/p' "$BATS_TEST_DIRNAME/../../docs/validation.md" | cut -d '|' -f 2 |
        grep -oE "[a-z_]+" | grep -vx reason | sort -u)
    equal reasons "$manual" "$(cases_rows | cut -f 2 | grep -v '^usable$' | sort -u)"
}

@test "HTTP: status, reason, and in explain the same reason with its detail" {
    local address want name
    while IFS=$'\t' read -r address want name _; do
        get "$(recipient_url "$address")"
        if [ "$want" = usable ]; then
            equal "$name: status" 200 "$code"
            continue
        fi
        equal "$name: status" 404 "$code"
        equal "$name: reason" "$want" "$(member reason "$body")"
        get "$(recipient_url "$address")?explain=1"
        equal "$name: explain's status" 404 "$code"
        equal "$name: explain's reason" "$want" "$(member reason "$body")"
        values_of refused "$body" > "$body.refused"
        equal "$name: the value's reason" "$want" "$(member reason "$body.refused")"
        [ -n "$(member detail "$body.refused")" ]
    done < <(cases_rows)
}

@test "explain names the rule that was broken, and its clause" {
    local address want name missing=0
    while IFS=$'\t' read -r address want name _; do
        get "$(recipient_url "$address")?explain=1"
        if ! grep -q '"explanation":{' "$body"; then
            echo "$name: no explanation"
            missing=$((missing + 1))
        elif [ "$want" != usable ] && ! grep -qF "\"rules\":[{\"reason\":\"$want\",\"detail\":" "$body" &&
            ! grep -qF ",{\"reason\":\"$want\",\"detail\":" "$body"; then
            echo "$name: no rule with this reason"
            missing=$((missing + 1))
        elif [ "$want" != usable ] && ! has_clause "$want"; then
            echo "$name: no clause"
            missing=$((missing + 1))
        fi
    done < <(cases_rows)
    equal missing 0 $missing
}

# What only this house's policy asks for stands in no RFC.
has_clause() {
    case $1 in
    denied | weak_key | weak_signature | untrusted) return 0 ;;
    esac
    grep -qE "\"reason\":\"$1\",\"detail\":\"([^\"\\\\]|\\\\.)*\",\"clause\":\"[A-Z]" "$body"
}

@test "certlookup -u: the very same values with the very same words" {
    local address name
    while IFS=$'\t' read -r address _ name _; do
        get "$(recipient_url "$address")?explain=1"
        through "$address" -o json --explain
        equal "$name: reason" "$(member reason "$body")" "$(member reason "$out")"
        equal "$name: refused" "$(values_of refused "$body")" "$(values_of refused "$out")"
    done < <(cases_rows)
}

@test "certlookup -H: the very same values with the very same words" {
    local address want name
    while IFS=$'\t' read -r address want name _; do
        ! is_of_gateway "$name" || continue
        get "$(recipient_url "$address")?explain=1"
        directly "$address" -o json --explain
        equal "$name: exit status" "$([ "$want" = usable ] && echo 0 || echo 1)" "$status"
        equal "$name: reason" "$(member reason "$body")" "$(member reason "$out")"
        equal "$name: refused" "$(values_of refused "$body")" "$(values_of refused "$out")"
    done < <(cases_rows)
}

@test "text: -H and -u name the reason and the detail, with equal words" {
    local address want name
    while IFS=$'\t' read -r address want name _; do
        [ "$want" != usable ] || continue
        through "$address" --explain
        equal "$name: status" 1 "$status"
        grep -q "refused: $want\$" "$out" || { echo "$name:"; cat "$out"; return 1; }
        ! is_of_gateway "$name" || continue
        sed '/^ *source /,$d' "$out" > "$out.gateway"
        directly "$address" --explain
        diff "$out.gateway" <(sed '/^ *source /,$d' "$out") || { echo "$name"; return 1; }
    done < <(cases_rows)
}

@test "inspect: the value from a file gets the same reason and detail" {
    local address want name
    while IFS=$'\t' read -r address want name _; do
        ! is_of_gateway "$name" || continue
        get "$(recipient_url "$address")?explain=1"
        out=$BATS_TEST_TMPDIR/out
        "$BUILD/certlookup" -A "$CASES/anchors" --intermediate "$CASES/intermediates" --crl "$CASES/crls" \
            --revocation require -o json --explain --inspect "$CASES/leaves/$name" "$address" > "$out" || true
        values_of refused "$body" > "$body.refused"
        values_of refused "$out" > "$out.refused"
        equal "$name: reason" "$(member reason "$body.refused")" "$(member reason "$out.refused")"
        equal "$name: detail" "$(member detail "$body.refused")" "$(member detail "$out.refused")"
    done < <(cases_rows)
}

@test "the gateway's log has no errors" {
    run ! grep -E '^[^ ]+ error ' "$STACK/gateway/log"
}
