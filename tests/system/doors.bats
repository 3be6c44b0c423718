#!/usr/bin/env bats
# Who may ask what: a gateway that others than this machine reach gives certificates to who has a token for it.

bats_require_minimum_version 1.5.0
load stack
load crowd

setup_file() {
    stack_begin
    slapd_start ldap
    new_token mail
    new_token graphs explain
    new_token boss admin,lookup 2999-12-31
    new_token former lookup,explain,admin
    sed -i 's/ never$/ 2020-01-01/' "$STACK/token.former" # as it was made, long ago
    new_token late
    line_of mail graphs boss former > "$STACK/tokens"
    chmod 600 "$STACK/tokens"
    gateway_start gateway guarded_config
}

teardown_file() {
    stack_end
}

# new_token NAME [SCOPES [UNTIL]]: made as an admin makes one.
new_token() {
    "$BUILD/certlookupd" --new-token "$@" > "$STACK/token.$1"
}

token_of() {
    sed -n 's/^token: //p' "$STACK/token.$1"
}

line_of() { # NAME…
    local name
    for name; do sed -n 's/^line:  //p' "$STACK/token.$name"; done
}

guarded_config() {
    config_listen "$2" | sed 's/127\.0\.0\.1/0.0.0.0/'
    config_directories "$(config_directory example ldap)"
    config_trust
    echo "http = { tokens-file = $(config_string "$STACK/tokens"); };"
}

# from_elsewhere TARGET [OPTION…]: through a proxy, as it were.
from_elsewhere() {
    get "$(gateway_url gateway)$1" -H 'X-Forwarded-For: 192.0.2.1' "${@:2}"
}

with() { # NAME
    echo "Authorization: Bearer $(token_of "$1")"
}

certificate_path() {
    echo "/v1/recipients/$(first_of rsa)/certificate"
}

# status_for NAME: of a lookup with its token.
status_for() {
    from_elsewhere "$(certificate_path)" -H "$(with "$1")"
    echo "$code"
}

@test "a lookup needs a token for lookup that has not expired" {
    from_elsewhere "$(certificate_path)"
    equal "without" 401 "$code"
    equal "how" 'Bearer realm="certlookup", scope="lookup"' "$(header www-authenticate)"
    equal "mail" 200 "$(status_for mail)"
    equal "boss" 200 "$(status_for boss)"
    from_elsewhere "$(certificate_path)" -H "$(with graphs)"
    equal "graphs" 403 "$code"
    grep -q 'the token is for something else; this needs a token for lookup' "$body"
    from_elsewhere "$(certificate_path)" -H "$(with former)"
    equal "former" 401 "$code"
    grep -q 'the token has expired' "$body"
    equal "how" 'Bearer realm="certlookup", error="invalid_token", scope="lookup"' "$(header www-authenticate)"
    from_elsewhere "$(certificate_path)" -H "Authorization: Bearer $(line_of mail | awk '{ print $2 }')"
    equal "its digest" 401 "$code"
    from_elsewhere /v1/recipients -H 'Content-Type: application/json' --data-raw "{\"recipients\":[\"$(first_of rsa)\"]}"
    equal "a batch" 401 "$code"
    from_elsewhere /readyz
    equal "/readyz" 200 "$code"
}

@test "from this machine a lookup needs none" {
    get "$(gateway_url gateway)$(certificate_path)"
    equal status 200 "$code"
}

@test "metrics and purges have tokens of their own" {
    from_elsewhere /metrics -H "$(with mail)"
    equal "mail" 403 "$code"
    from_elsewhere /metrics -H "$(with graphs)"
    equal "graphs" 200 "$code"
    grep -q '^certlookup_http_refused_total{door="lookup"} [1-9]' "$body"
    from_elsewhere /v1/purge -H "$(with mail)" -H 'Content-Type: application/json' --data-raw '{"all":true}'
    equal "mail" 403 "$code"
    from_elsewhere /v1/purge -H "$(with boss)" -H 'Content-Type: application/json' --data-raw '{"all":true}'
    equal "boss" 200 "$code"
}

reload() {
    local before
    before=$(metric certlookup_reloads_total "$(gateway_url gateway)")
    process_signal gateway HUP
    wait_until 20 metric_reaches certlookup_reloads_total $((before + 1)) gateway
}

@test "SIGHUP: who has left is refused, on a connection that is open too, and who is new may ask" {
    local answers=$BATS_TEST_TMPDIR/answers
    equal "late" 401 "$(status_for late)"
    # One connection, over which mail asks before and after.
    request() {
        printf 'GET %s HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n%s\r\n\r\n' "$(certificate_path)" "$(with mail)"
    }
    exec 6<> "/dev/tcp/127.0.0.1/$(server_port gateway)"
    cat <&6 > "$answers" &
    request >&6
    statuses() { grep -ao 'HTTP/1.1 [0-9]*' "$answers" | cut -d ' ' -f 2 | paste -sd ' '; }
    has() { [ "$(statuses | wc -w)" = "$1" ]; }
    wait_until 10 has 1
    line_of graphs boss late > "$STACK/tokens"
    reload
    request >&6
    wait_until 10 has 2
    exec 6>&-
    kill %1 2> /dev/null || true
    equal "before and after" "200 401" "$(statuses)"
    equal "mail" 401 "$(status_for mail)"
    equal "late" 200 "$(status_for late)"
}

@test "a file of tokens that is wrong is refused at a reload, and those before stay" {
    echo "late $(line_of mail | awk '{ print $2 }') lookup tomorrow" > "$STACK/tokens"
    process_signal gateway HUP
    logged() { grep -q 'http.tokens-file: line 1: late: a token ends with a day, as 2027-06-30, or never' "$STACK/gateway/log"; }
    wait_until 20 logged
    equal "late" 200 "$(status_for late)"
    line_of late > "$STACK/tokens"
    reload
}

# refuses CONFIG-LINES WORDS: -t says so.
refuses() {
    local status=0
    { guarded_config x 0 | grep -v '^http'; echo "$1"; } > "$BATS_TEST_TMPDIR/conf"
    "$BUILD/certlookupd" -t -c "$BATS_TEST_TMPDIR/conf" > "$BATS_TEST_TMPDIR/said" 2>&1 || status=$?
    [ "$status" -ne 0 ]
    grep -qF -- "$2" "$BATS_TEST_TMPDIR/said" || say_failed "not \"$2\": $(cat "$BATS_TEST_TMPDIR/said")"
}

@test "a gateway that nobody could ask, or everybody unasked, does not start" {
    refuses '' 'listen[0]: others than this machine may reach it: give them tokens by http.tokens-file, or say http.open-to = "all"'
    refuses 'http = { open-to = "nobody"; };' 'http.open-to: without http.tokens-file nobody may look anybody up'
    refuses 'http = { open-to = "everybody"; };' 'http.open-to'
    echo 'mail secret lookup never' > "$BATS_TEST_TMPDIR/tokens" && chmod 600 "$BATS_TEST_TMPDIR/tokens"
    refuses "http = { tokens-file = $(config_string "$BATS_TEST_TMPDIR/tokens"); };" \
        "http.tokens-file: line 1: mail: behind the name stands the token's SHA-256, 64 hexadecimal digits"
    chmod 644 "$BATS_TEST_TMPDIR/tokens"
    refuses "http = { tokens-file = $(config_string "$BATS_TEST_TMPDIR/tokens"); };" 'http.tokens-file'
    refuses "http = { tokens-file = $(config_string "$BATS_TEST_TMPDIR/nowhere"); };" 'http.tokens-file'
}

@test "certlookup brings its token" {
    local out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
    token_of late > "$BATS_TEST_TMPDIR/token" && chmod 600 "$BATS_TEST_TMPDIR/token"
    "$BUILD/certlookup" -u "$(gateway_url gateway)" --token-file "$BATS_TEST_TMPDIR/token" "$(first_of rsa)" > "$out" 2> "$err"
    grep -q "$(first_of rsa)" "$out"
}

@test "--new-token refuses what would be no line" {
    run -64 "$BUILD/certlookupd" --new-token a/b
    run -64 "$BUILD/certlookupd" --new-token a lookups
    run -64 "$BUILD/certlookupd" --new-token a lookup,lookup
    run -64 "$BUILD/certlookupd" --new-token a lookup 2027-02-29
    run -64 "$BUILD/certlookupd" --new-token a lookup "$(date -ud yesterday +%F)"
    [[ $output == *'that day is over, and the token would open nothing'* ]]
    run -0 "$BUILD/certlookupd" --new-token a lookup "$(date -u +%F)"
    run -64 "$BUILD/certlookupd" --new-token a lookup never more
    run -64 "$BUILD/certlookupd" --new-token
    run -0 "$BUILD/certlookupd" --new-token a
    [ "$("$BUILD/certlookupd" --new-token a | head -n 1)" != "${lines[0]}" ]
    equal "its digest" "$(printf %s "$(sed -n 's/^token: //p' <<< "$output")" | sha256sum | cut -d ' ' -f 1)" \
        "$(sed -n 's/^line:  a \([0-9a-f]*\) lookup never$/\1/p' <<< "$output")"
}
