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
    ask_all
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

# Everybody is asked about all of them at once; each document stands on a line of its own, in the order of `rows`: plain,
# http, through (certlookup -u), directly (-H), inspect; and text.through, text.directly.
ask_all() {
    local url file address
    mkdir -p "$STACK/answers"
    cd "$STACK/answers"
    { cases_rows | grep -v '@explicit\.' && cases_rows | grep '@explicit\.'; } > rows
    url=$(gateway_url gateway)/v1/recipients/
    cut -f 1 rows | sed "s|.*|url = \"$url&\"|" > plain.conf
    cut -f 1 rows | sed "s|.*|url = \"$url&?explain=1\"|" > http.conf
    for file in plain http; do
        curl -s --max-time 60 -w '\n' -K $file.conf | grep . > $file
    done
    cut -f 1 rows | "$BUILD/certlookup" -u "$(gateway_url gateway)" -o json --explain - > through || true
    cut -f 1 rows | "$BUILD/certlookup" -u "$(gateway_url gateway)" --explain - > text.through || true
    ask_directory -o json > directly
    ask_directory > text.directly
    while IFS=$'\t' read -r address _ name _; do
        with_trust "$address" -o json --explain --inspect "$CASES/leaves/$name" "$address" || true
    done < rows > inspect
}

# with_trust ADDRESS OPTION…: certlookup, under the policy that the gateway has for this address.
with_trust() {
    local explicit=()
    [[ $1 != *@explicit.* ]] || explicit=(--trust require-explicit-policy=true)
    "$BUILD/certlookup" -A "$CASES/anchors" --intermediate "$CASES/intermediates" --crl "$CASES/crls" \
        --revocation require --trust deny="$(paste -s -d , "$CASES/denied")" "${explicit[@]}" "${@:2}"
}

ask_directory() {
    local domain
    for domain in cases explicit; do
        cut -f 1 rows | grep "@$domain\." |
            with_trust "@$domain.example" -H "$(slapd_uri ldap)" -b "$BASE_DN" --explain "$@" - || true
    done
}

# What a file of documents says of the values that were refused, whatever the policy is called.
refused() {
    values_of refused "$STACK/answers/$1" | sed 's/"policy":"explicit"/"policy":"trust"/g'
}

# same FILE FILE: or shows the beginning of what differs.
same() {
    diff "$1" "$2" > "$BATS_TEST_TMPDIR/difference" || {
        echo "$(grep -c '^<' "$BATS_TEST_TMPDIR/difference") differ:"
        cut -c 1-1000 "$BATS_TEST_TMPDIR/difference" | head -n 12
        return 1
    }
}

# Address and verdict of each: plain answers, or what each value's own reason says.
wanted() {
    cut -f 1,2 "$STACK/answers/rows" | tr '\t' ' '
}

@test "every reason of a value in the manual has a certificate, and no other" {
    local manual
    manual=$(sed -n '/^| reason |/,/^$/p' "$BATS_TEST_DIRNAME/../../docs/validation.md" | cut -d '|' -f 2 |
        grep -oE "[a-z_]+" | grep -vx reason | sort -u)
    equal reasons "$manual" "$(cases_rows | cut -f 2 | grep -v '^usable$' | sort -u)"
}

@test "HTTP: each gets its reason" {
    same <(wanted) <(sed -E 's/^\{"address":"([^"]*)".*"outcome":"found".*/\1 usable/
        s/.*"status":404,.*"reason":"([a-z_]*)".*"address":"([^"]*)".*/\2 \1/' "$STACK/answers/plain")
}

@test "explain over HTTP: outcome and value have the same reason, and a detail" {
    same <(wanted) <(sed -E 's/^\{"address":"([^"]*)".*"outcome":"found".*/\1 usable/
        s/^\{"address":"([^"]*)".*"outcome":"none","reason":"([a-z_]*)".*"refused":\[\{"reason":"\2",.*"detail":"[^"].*/\1 \2/' \
        "$STACK/answers/http")
}

@test "explain names the rule that was broken, and its clause" {
    local want name number=0 missing=0 line=$BATS_TEST_TMPDIR/line
    while IFS=$'\t' read -r _ want name _; do
        number=$((number + 1))
        sed -n "${number}p" "$STACK/answers/http" > "$line"
        if ! grep -q '"explanation":{' "$line"; then
            echo "$name: no explanation" && missing=$((missing + 1))
        elif [ "$want" != usable ] && ! has_rule "$want" "$line"; then
            echo "$name: no rule, or no clause" && missing=$((missing + 1))
        fi
    done < "$STACK/answers/rows"
    equal missing 0 $missing
}

# What only this house's policy asks for stands in no RFC.
has_rule() {
    local clause='"clause":"[A-Z]'
    case $1 in
    denied | weak_key | weak_signature | untrusted) clause='' ;;
    esac
    grep -qE "[[,]\{\"reason\":\"$1\",\"detail\":\"([^\"\\\\]|\\\\.)*\"(,$clause|\})" "$2"
}

@test "certlookup -u: the very same values with the very same words" {
    same <(refused http) <(refused through)
}

@test "certlookup -H: the very same values with the very same words" {
    same <(refused http) <(refused directly)
}

@test "inspect: the same verdict with the same words" {
    local file
    for file in http inspect; do
        refused $file | sed -E 's/"source":\{[^}]*\}//g; s/"mails":\[[^]]*\]//g' > "$BATS_TEST_TMPDIR/$file"
    done
    same "$BATS_TEST_TMPDIR/http" "$BATS_TEST_TMPDIR/inspect"
}

@test "text: -u and -H name reason and detail, with equal words" {
    local file
    same <(cut -f 2 "$STACK/answers/rows" | grep -vx usable) <(
        sed -nE 's/^ +[0-9]+\. refused: ([a-z_]*)$/\1/p' "$STACK/answers/text.through")
    for file in through directly; do
        sed '/^     source /,/^$/d; s/policy     explicit/policy     trust/' "$STACK/answers/text.$file" |
            grep -v -e "^ *asked  " -e "^$" > "$BATS_TEST_TMPDIR/$file"
    done
    same "$BATS_TEST_TMPDIR/through" "$BATS_TEST_TMPDIR/directly"
}

# everywhere REASON: its certificates, by each way to ask, one after the other.
everywhere() {
    local row number=0 found=0 address want file
    while IFS=$'\t' read -r address want _; do
        number=$((number + 1))
        [ "$want" = "$1" ] || continue
        found=$((found + 1))
        row=$BATS_TEST_TMPDIR/row
        sed -n "${number}p" "$STACK/answers/plain" > "$row"
        equal "$address: HTTP" "$1" "$(member reason "$row")" || return 1
        for file in http through directly inspect; do
            sed -n "${number}p" "$STACK/answers/$file" > "$row"
            equal "$address: $file" "$1 $1" "$(member reason "$row") $(values_of refused "$row" | grep -oE '"reason":"[a-z_]*"' |
                head -n 1 | cut -d '"' -f 4)" || return 1
        done
    done < "$STACK/answers/rows"
    [ "$found" -ge 1 ]
}

@test "malformed" {
    everywhere malformed
}

@test "not_yet_valid" {
    everywhere not_yet_valid
}

@test "expired" {
    everywhere expired
}

@test "chain_expired" {
    everywhere chain_expired
}

@test "untrusted" {
    everywhere untrusted
}

@test "bad_chain" {
    everywhere bad_chain
}

@test "unknown_critical_extension" {
    everywhere unknown_critical_extension
}

@test "revoked" {
    everywhere revoked
}

@test "issuer_revoked" {
    everywhere issuer_revoked
}

@test "revocation_unknown" {
    everywhere revocation_unknown
}

@test "wrong_key_usage" {
    everywhere wrong_key_usage
}

@test "wrong_extended_key_usage" {
    everywhere wrong_extended_key_usage
}

@test "address_mismatch" {
    everywhere address_mismatch
}

@test "weak_key" {
    everywhere weak_key
}

@test "weak_signature" {
    everywhere weak_signature
}

@test "not_encryption_capable" {
    everywhere not_encryption_capable
}

@test "denied" {
    everywhere denied
}

@test "every reason has its test here" {
    local reason
    while read -r reason; do
        grep -qx "    everywhere $reason" "$BATS_TEST_FILENAME" || { echo "$reason"; return 1; }
    done < <(cut -f 2 "$STACK/answers/rows" | grep -vx usable | sort -u)
}

@test "the gateway's log has no errors" {
    run ! grep -E '^[^ ]+ error ' "$STACK/gateway/log"
}
