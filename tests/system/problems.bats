#!/usr/bin/env bats
# A refusal can be found again: its type is a page that says what it means, and its name stands in the log.

bats_require_minimum_version 1.5.0
load stack

UUID='[0-9a-f]\{8\}-[0-9a-f]\{4\}-4[0-9a-f]\{3\}-[89ab][0-9a-f]\{3\}-[0-9a-f]\{12\}'

setup_file() {
    stack_begin
    slapd_start ldap
    gateway_start gateway limited_config
    gateway_start behind trusting_config
}

teardown_file() {
    stack_end
}

# Who asks from elsewhere may look two up.
limited_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    config_trust
    secret_file token > /dev/null
    echo "http = { token-file = $(config_string "$STACK/token"); open-to = \"all\"; };"
    echo 'limits = { lookups = 2; lookups-burst = 2; };'
}

# This machine is a proxy that it trusts; and its directory is not there.
trusting_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap | sed 's/^        uri .*/        uri = [ "ldap:\/\/127.0.0.1:1" ];/')"
    config_trust
    echo 'http = { trusted-proxies = [ "127.0.0.1" ]; };'
}

# refused STATUS TYPE [GATEWAY]: the last answer is that, says so by a page that there is, and the log has its name.
refused() {
    local id gateway=${3:-gateway} page=$BATS_TEST_TMPDIR/page
    equal status "$1" "$code"
    equal "media type" application/problem+json "$(header content-type)"
    equal "type of $1" "/problems/$2" "$(json type)"
    id=$(header request-id)
    equal "instance" "urn:uuid:$id" "$(json instance)"
    grep -qx "$UUID" <<< "$id" || say_failed "$id is no UUID"
    grep "request refused" "$STACK/$gateway/log" | grep -qF "id=$id status=$1" || say_failed "$id is not in the log"
    curl --silent --fail --output "$page" "$(gateway_url "$gateway")$(json type)"
    cmp "$page" "docs/problems/$2.md"
    equal "title, which is the type's" "$(sed -n '1s/^# \(.*\) ([0-9, ]*)$/\1/p' "$page")" "$(json title)"
}

ask() { # TARGET [OPTION…]
    get "$(gateway_url gateway)$1" "${@:2}"
}

batch() { # BODY [OPTION…]
    ask "/v1/recipients${query:-}" -H 'Content-Type: application/json' --data-binary "$1" "${@:2}"
}

@test "every refusal has its page, a name, and a line in the log with it" {
    local alice mallory other=(-H 'X-Forwarded-For: 192.0.2.1')
    alice=$(first_of rsa)
    mallory=$(first_of revoked)
    ask /v1/recipients/nobody
    refused 400 bad-request
    ask /v1/purge -H 'Content-Type: application/json' -d '{"all": true}'
    refused 401 token-needed
    get "$(gateway_url behind)/metrics" -H 'X-Forwarded-For: 192.0.2.1'
    refused 403 forbidden behind
    ask /v1/nothing
    refused 404 not-found
    ask /healthz -X DELETE
    refused 405 method-not-allowed
    ask /healthz -X BREW
    refused 501 not-implemented
    ask "/certificates/search.cgi?certHash=$(printf '%027d' 0 | tr 0 A)"
    equal "type, and title" '/problems/no-match Nothing fits' "$(json type) $(json title)"
    ask "/v1/recipients/$(encoded "$alice")/certificate" -H 'Accept: image/png'
    refused 406 not-acceptable
    query='?format=p7c' batch "{\"recipients\": [\"$mallory\"]}"
    refused 409 recipients-without-certificate
    batch '{}' -H 'Transfer-Encoding: chunked'
    refused 411 length-required
    ask /v1/purge -H 'Content-Type: application/json' -H 'Expect:' --data-binary "@$BUILD/certlookupd"
    refused 413 too-large
    ask /v1/recipients -d '{}'
    refused 415 not-json
    batch '{}' -H 'Content-Encoding: gzip'
    refused 415 not-json
    equal "what it takes" identity "$(header accept-encoding)"
    ask "/v1/recipients/$(encoded "$alice")?expain=1"
    refused 400 bad-request
    ask "/v1/recipients/$(encoded "$alice")" "${other[@]}"
    equal "the first" 200 "$code"
    ask "/v1/recipients/$(encoded "$alice")" "${other[@]}"
    equal "the second" 200 "$code"
    ask "/v1/recipients/$(encoded "$alice")" "${other[@]}"
    refused 429 client-limit
    get "$(recipient_url "$alice" behind)"
    refused 503 unknown behind
}

@test "the types are listed" {
    local page
    ask /problems/
    equal status 200 "$code"
    equal lines "$(find docs/problems -name '*.md' | wc -l)" "$(wc -l < "$body")"
    for page in docs/problems/*.md; do
        grep -qE "^/problems/$(basename "$page" .md) +$(sed -n '1s/^# //p' "$page" | sed 's/[()]/\\&/g')\$" "$body" ||
            say_failed "$page: $(cat "$body")"
    done
    ask /problems
    refused 404 not-found
}

@test "nobody's name is given to the next one: found and none have none" {
    local i
    for ((i = 0; i < 4; i++)); do
        get "$(recipient_url "$(first_of revoked)")"
        equal status 404 "$code"
        equal type /problems/no-certificate "$(json type)"
        equal "name" '' "$(header request-id)$(json instance)"
        get "$(recipient_url "$(first_of rsa)")/certificate"
        equal status 200 "$code"
        equal "name" '' "$(header request-id)"
    done
    ask /problems/no-certificate
    cmp "$body" docs/problems/no-certificate.md
}

@test "each refusal has a name of its own" {
    local first
    ask /v1/nothing
    first=$(header request-id)
    ask /v1/nothing
    [ "$first" != "$(header request-id)" ]
}

# named SENT GATEWAY: what a refusal is called.
named() {
    get "$(gateway_url "$2")/v1/nothing" -H "X-Request-Id: $1"
    equal status 404 "$code"
    header request-id
}

@test "what a trusted proxy calls a request is taken over, if it is sane" {
    local long=a1234567890123456789012345678901234567890123456789012345678901234 sent
    equal "taken over" Mail-7_f.3 "$(named Mail-7_f.3 behind)"
    named Mail-7_f.3 behind > /dev/null
    equal instance '#Mail-7_f.3' "$(json instance)"
    grep 'request refused' "$STACK/behind/log" | grep -qF 'id=Mail-7_f.3 '
    equal "the longest" "${long:0:64}" "$(named "${long:0:64}" behind)"
    for sent in "${long:0:65}" 'a b' 'a"b' 'ä' '' ' ' 'a,b'; do
        named "$sent" behind | grep -qx "$UUID" || say_failed "\"$sent\" was taken over"
    done
    get "$(gateway_url behind)/v1/nothing" -H 'X-Request-Id: one' -H 'X-Request-Id: two'
    header request-id | grep -qx "$UUID"
    named Mail-7_f.3 gateway | grep -qx "$UUID" || say_failed 'taken over from somebody'
}

@test "who is refused often fills no disk" {
    local before after
    before=$(grep -c 'request refused' "$STACK/gateway/log")
    for ((i = 0; i < 2000; i++)); do
        printf 'url = "%s/v1/nothing"\noutput = /dev/null\n' "$(gateway_url gateway)"
    done > "$BATS_TEST_TMPDIR/often"
    SECONDS=0
    curl --silent -K "$BATS_TEST_TMPDIR/often"
    after=$(grep -c 'request refused' "$STACK/gateway/log")
    [ $((after - before)) -ge 1 ]
    [ $((after - before)) -le $((50 * (SECONDS + 2))) ] || say_failed "$((after - before)) lines in $SECONDS s"
}

@test "every type that the sources name has a page, and every page a type" {
    comm -3 <(grep -ohE 'PROBLEM_TYPE\("[a-z-]+"\)' http/*.[ch] | cut -d'"' -f2 | sort -u) \
        <(find docs/problems -name '*.md' -exec basename {} .md \; | sort) > "$BATS_TEST_TMPDIR/apart"
    equal "types without page, or pages without type" '' "$(cat "$BATS_TEST_TMPDIR/apart")"
    for page in docs/problems/*.md; do
        for part in 'What happened' 'What a client should do' 'What the admin can look at'; do
            grep -A 2 "^## $part\$" "$page" | grep -q '[.]$' || say_failed "$page: $part?"
        done
    done
}
