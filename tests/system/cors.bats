#!/usr/bin/env bats
# http.cors-origins: which pages of other origins may read the answers; and that nobody is let in by that.

bats_require_minimum_version 1.5.0
load stack

MAIL=https://webmail.example.org
BOOK=http://book.example:8080
STRANGER=https://stranger.example
EXPOSED='ETag, Retry-After, Request-Id, Content-Disposition, Recipients-Left-Out, WWW-Authenticate'

setup_file() {
    stack_begin
    slapd_start ldap
    echo "\"$MAIL\", \"$BOOK\"" > "$STACK/origins"
    secret_file token > /dev/null
    gateway_start gateway pages_config
    gateway_start guarded guarded_config
}

teardown_file() {
    stack_end
}

pages_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    config_trust
    echo "http = { token-file = $(config_string "$STACK/token"); cors-origins = [ $(cat "$STACK/origins") ]; };"
}

# Others than this machine reach it; and a client that counts as elsewhere may ask for two recipients a minute.
guarded_config() {
    pages_config "$1" "$2" | sed '/^listen/s/127\.0\.0\.1/0.0.0.0/'
    echo 'limits = { lookups = 2; lookups-burst = 2; token-lookups = 2; token-lookups-burst = 2; };'
}

from_page() { # ORIGIN URL [OPTION…]
    get "$2" -H "Origin: $1" "${@:3}"
    ! grep -i '^access-control-allow-credentials' "$head" || say_failed 'credentials are allowed'
}

# may_read ALLOWED: whether the last answer lets a page read it; ALLOWED empty: no page.
may_read() {
    equal "allowed origin, with $code" "$1" "$(header Access-Control-Allow-Origin)"
    equal "exposed, with $code" "${1:+$EXPOSED}" "$(header Access-Control-Expose-Headers)"
    grep -qi '^vary:.*origin' "$head" || say_failed "no Vary: Origin: $(cat "$head")"
}

certificate_url() {
    echo "$(recipient_url "$(first_of rsa)" "$@")/certificate"
}

# Each with status, then the options of curl. All of the first gateway, where a page needs no token to look up.
answers() {
    local url
    url=$(gateway_url gateway)
    cat << LIST
200 $(certificate_url)
200 $(recipient_url "$(first_of rsa)")
404 $(recipient_url nobody@example.com)/certificate
404 $(recipient_url nobody@unknown.example)
400 $(recipient_url nobody)
400 $(certificate_url)?format=x
404 $url/nothing
405 $url/healthz -X DELETE
200 $url/healthz
200 $url/openapi.json
200 $url/
200 $url/page/page.js
401 $url/metrics
401 $url/v1/purge -H Content-Type:application/json -d {"all":true}
200 $url/v1/recipients -H Content-Type:application/json -d {"recipients":["$(first_of rsa)"]}
200 $url/v1/recipients?format=p7c -H Content-Type:application/json -d {"recipients":["$(first_of rsa)"]}
409 $url/v1/recipients?format=p7c -H Content-Type:application/json -d {"recipients":["nobody@example.com"]}
415 $url/v1/recipients -d x
200 $url/certificates/search.cgi?email=$(first_of rsa)
404 $url/certificates/search.cgi?email=nobody@example.com
LIST
}

@test "a page may read every answer, refusals too, if its origin is listed" {
    local status words
    answers > "$BATS_TEST_TMPDIR/answers"
    while read -r status words; do
        # shellcheck disable=SC2086  # these are several words
        for origin in "$MAIL" "$BOOK"; do
            from_page "$origin" $words
            equal "$words" "$status" "$code"
            may_read "$origin"
        done
        # shellcheck disable=SC2086
        from_page "$STRANGER" $words
        equal "$words" "$status" "$code"
        may_read ''
    done < "$BATS_TEST_TMPDIR/answers"
    for origin in null "${MAIL%g}" https:// "$MAIL." "$MAIL:443" "$MAIL/" "HTTPS${MAIL#https}" http://webmail.example.org "$MAIL,$BOOK"; do
        from_page "$origin" "$(certificate_url)"
        equal "$origin" 200 "$code"
        may_read ''
    done
    from_page "$MAIL" "$(certificate_url)" -H "Origin: $MAIL"
    may_read ''
}

@test "what a browser asks before, without a token, of any route" {
    local path methods
    while read -r path methods; do
        for name in gateway guarded; do
            from_page "$MAIL" "$(gateway_url $name)$path" -X OPTIONS -H 'Access-Control-Request-Method: GET' \
                -H 'Access-Control-Request-Headers: authorization'
            equal "$path" 204 "$code"
            may_read "$MAIL"
            equal allow "$methods" "$(header Allow)"
            equal methods "$methods" "$(header Access-Control-Allow-Methods)"
            equal fields 'Authorization, Content-Type, Accept, If-None-Match, X-Request-Id' \
                "$(header Access-Control-Allow-Headers)"
            equal age 600 "$(header Access-Control-Max-Age)"
            equal vary $'Access-Control-Request-Method\nOrigin' "$(header Vary)"
        done
        from_page "$STRANGER" "$(gateway_url gateway)$path" -X OPTIONS -H 'Access-Control-Request-Method: GET'
        equal "$path, of another" 204 "$code"
        equal allow "$methods" "$(header Allow)"
        may_read ''
        ! grep -i '^access-control' "$head" || say_failed 'a stranger is told something'
    done << LIST
/v1/recipients/a@example.com GET, HEAD, OPTIONS
/v1/recipients/a@example.com/certificate GET, HEAD, OPTIONS
/v1/recipients POST, OPTIONS
/v1/purge POST, OPTIONS
/metrics GET, HEAD, OPTIONS
/ GET, HEAD, OPTIONS
LIST
    from_page "$MAIL" "$(gateway_url gateway)/" -X OPTIONS
    equal 'no preflight' '' "$(header Access-Control-Allow-Methods)"
    may_read "$MAIL"
}

@test "what is ready-made carries nobody's origin, whoever asked before" {
    local url etag
    for url in "$(certificate_url)" "$(certificate_url)?format=pem" "$(recipient_url nobody@example.com)"; do
        for i in 1 2 3 4 5 6; do
            get "$url"
            may_read ''
            etag=$(header ETag)
            from_page "$MAIL" "$url"
            may_read "$MAIL"
            get "$url"
            may_read ''
            from_page "$BOOK" "$url" --head
            may_read "$BOOK"
            from_page "$STRANGER" "$url"
            may_read ''
            [ -n "$etag" ] || continue
            from_page "$MAIL" "$url" -H "If-None-Match: $etag"
            equal "known, $i" 304 "$code"
            may_read "$MAIL"
            get "$url" -H "If-None-Match: $etag"
            equal "known, $i" 304 "$code"
            may_read ''
            from_page "$BOOK" "$url" -H "If-None-Match: $etag"
            equal "known, $i" 304 "$code"
            may_read "$BOOK"
        done
    done
}

@test "the same for what serves again with another body" {
    local address
    for address in $(people_of rsa | head -n 12); do
        from_page "$MAIL" "$(recipient_url "$address")/certificate"
        may_read "$MAIL"
    done
    for address in $(people_of rsa | head -n 24); do
        get "$(recipient_url "$address")/certificate"
        equal "$address" 200 "$code"
        may_read ''
    done
}

@test "a page from elsewhere is not this machine; ours is" {
    local own target
    own=$(gateway_url guarded)
    for target in "$own/metrics" "$own/v1/status" "$(recipient_url "$(first_of rsa)" guarded)?explain=1"; do
        get "$target"
        equal "$target" 200 "$code"
        from_page "$own" "$target"
        equal "$target, ours" 200 "$code"
        for origin in "$MAIL" "$STRANGER" null "https${own#http}" "http://127.0.0.1"; do
            from_page "$origin" "$target"
            equal "$target, $origin" 401 "$code"
        done
    done
    from_page "$MAIL" "$(certificate_url guarded)"
    equal 'a lookup' 401 "$code"
    may_read "$MAIL"
    grep -qi '^www-authenticate: bearer' "$head" || say_failed 'no challenge'
}

@test "with a token it may ask, and is told when that is too much" {
    local token
    token="Authorization: Bearer $(cat "$STACK/token")"
    from_page "$MAIL" "$(gateway_url guarded)/metrics" -H "$token"
    equal metrics 200 "$code"
    for i in 1 2; do
        from_page "$MAIL" "$(certificate_url guarded)" -H "$token"
        equal "lookup $i" 200 "$code"
        may_read "$MAIL"
    done
    from_page "$MAIL" "$(certificate_url guarded)" -H "$token"
    equal 'one too many' 429 "$code"
    [ -n "$(header Retry-After)" ]
    may_read "$MAIL"
}

# reloaded LIST: the first gateway has it now.
reloaded() {
    echo "$1" > "$STACK/origins"
    pages_config gateway "$(server_port gateway)" > "$STACK/gateway/certlookupd.conf"
    process_signal gateway HUP
}

reads() { # ORIGIN ALLOWED
    from_page "$1" "$(certificate_url)"
    [ "$(header Access-Control-Allow-Origin)" = "$2" ]
}

@test "a reload changes it: all, one, none" {
    reloaded '"*"'
    wait_until 10 reads "$STRANGER" '*'
    for origin in "$MAIL" null; do
        from_page "$origin" "$(certificate_url)"
        may_read '*'
        from_page "$origin" "$(gateway_url gateway)/metrics"
        equal metrics 401 "$code"
        may_read '*'
    done
    reloaded "\"$BOOK\""
    wait_until 10 reads "$MAIL" ''
    reads "$BOOK" "$BOOK"
    for i in 1 2 3; do
        get "$(certificate_url)"
        may_read ''
    done
    reloaded ''
    wait_until 10 reads "$BOOK" ''
    for i in 1 2 3; do
        get "$(certificate_url)"
        equal "what is ready-made" Accept "$(header Vary)"
        from_page "$BOOK" "$(certificate_url)"
        equal "and for a page" Accept "$(header Vary)"
        from_page "$MAIL" "$(gateway_url gateway)/" -X OPTIONS -H 'Access-Control-Request-Method: GET'
        ! grep -i '^access-control\|^vary' "$head" || say_failed 'something is said of origins'
    done
}

@test "what is no origin is refused, with its line" {
    local said
    echo "\"$MAIL/\"" > "$STACK/origins"
    pages_config gateway 1 > "$STACK/wrong.conf"
    ! said=$("$BUILD/certlookupd" -t -c "$STACK/wrong.conf" 2>&1) || say_failed 'nothing is said'
    grep -q 'http.cors-origins\[0\].*an origin has no path' <<< "$said" || say_failed "$said"
}
