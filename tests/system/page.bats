#!/usr/bin/env bats
# The page for people at "/": what is sent, with curl; and what is seen and done on it, in Debian's chromium.

bats_require_minimum_version 1.5.0
load stack

BROWSER='text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    gateway_start gateway demo_config
    export NODE_PATH=$PWD/build/node/node_modules
}

teardown_file() {
    stack_end
}

setup() {
    page=$(gateway_url gateway)/
}

# plays SCENE…: as tests/node/page.js says; what the page saved is in $BATS_TEST_TMPDIR.
plays() {
    packages_are_there || return
    command -v "${CHROMIUM:-chromium}" > /dev/null || say_failed "chromium is not here: make setup" || return
    node tests/node/page.js "$page" "$BATS_TEST_TMPDIR" "$(cat "$STACK/token")" "$@"
}

@test "a browser gets the page, all others the list of routes" {
    local accept
    for accept in "$BROWSER" text/html 'text/html;q=0.9, text/plain;q=0.1' 'text/plain;q=0.5, text/*'; do
        get "$page" -H "Accept: $accept"
        equal "status for $accept" 200 "$code"
        equal "type for $accept" 'text/html; charset=utf-8' "$(header content-type)"
        equal vary Accept "$(header vary)"
        cmp web/index.html "$body"
    done
    for accept in '*/*' '' text/plain 'text/*' application/json 'text/html;q=0.1, */*' 'text/html;q=0'; do
        get "$page" -H "Accept: $accept"
        equal "status for $accept" 200 "$code"
        equal "type for $accept" 'text/plain; charset=utf-8' "$(header content-type)"
        equal vary Accept "$(header vary)"
        grep -q '^GET  /v1/status ' "$body"
    done
}

@test "each file is sent as it is, and again only when it has changed" {
    local file etag
    for file in web/*; do
        get "${page}page/${file##*/}"
        equal "$file" 200 "$code"
        cmp "$file" "$body"
        equal caching no-cache "$(header cache-control)"
        equal vary '' "$(header vary)"
        etag=$(header etag)
        get "${page}page/${file##*/}" -H "If-None-Match: $etag"
        equal "$file again" 304 "$code"
        equal "length of what it would be" "$(wc -c < "$file")" "$(header content-length)"
        equal tag "$etag" "$(header etag)"
        [ ! -s "$body" ]
        get "${page}page/${file##*/}" -H 'If-None-Match: "other"'
        equal "$file, another" 200 "$code"
        get "${page}page/${file##*/}" -I
        equal length "$(wc -c < "$file")" "$(header content-length)"
    done
    get "$page" -H "Accept: $BROWSER"
    get "$page" -H "Accept: $BROWSER" -H "If-None-Match: $(header etag)"
    equal 'the page again' 304 "$code"
    equal vary Accept "$(header vary)"
    for file in nothing.js page.cs page.css/ ..%2Findex.html %2e%2e/v1; do
        get "${page}page/$file" --path-as-is
        equal "$file" 404 "$code"
    done
}

policies() { # of the last answer: what a browser may do with it
    tr -d '\r' < "$head" | grep -iE '^(content-security-policy|referrer-policy|cross-origin-resource-policy|x-content-type-options):'
}

@test "it takes nothing from elsewhere, tells nobody, and stands in no frame" {
    local path policy word first
    for path in '' page/page.js page/page.css page/icon.svg; do
        get "$page$path" -H "Accept: $BROWSER"
        first=$(policies)
        equal 'how many say what may be done' 4 "$(wc -l <<< "$first")"
        get "$page$path" -H "Accept: $BROWSER" -H "If-None-Match: $(header etag)"
        equal 'again' 304 "$code"
        equal 'the same policies with a 304' "$first" "$(policies)"
        policy=$(header content-security-policy)
        for word in "default-src 'none'" "script-src 'self'" "style-src 'self'" "connect-src 'self'" "base-uri 'none'" \
            "form-action 'none'" "frame-ancestors 'none'" "require-trusted-types-for 'script'"; do
            grep -qF "$word" <<< "$policy" || say_failed "$path: no $word"
        done
        run ! grep -qE 'unsafe|data:|\*' <<< "$policy"
        equal sniffing nosniff "$(header x-content-type-options)"
        equal referrer no-referrer "$(header referrer-policy)"
        equal resource same-origin "$(header cross-origin-resource-policy)"
    done
    # Nothing that the policy would have to make an exception for, and no way around the proxy's path.
    run ! grep -nE '<script>|<style|[ "]style=|[ "]on[a-z]+="|(src|href)="(/|https?:)' web/index.html
    run ! grep -nE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(' web/*.js
    run ! grep -nE "https?://|url\\(" web/page.css
}

@test "found and none, with chain, evidence and reasons; back and forward; refusals; a verdict of no other address" {
    first_of garbage > "$BATS_TEST_TMPDIR/garbage"
    plays found history none refused another again
}

@test "unknown, while the directory is down; asked again when it is back" {
    process_stop ldap
    plays unknown &
    local player=$!
    wait_until 40 test -e "$BATS_TEST_TMPDIR/seen" || true
    slapd_start ldap
    wait $player
}

@test "what it saves are the bytes that the gateway gives" {
    local format
    plays downloads
    for format in der pem p7c vcard; do
        get "$(recipient_url grace@example.org)/certificate?format=$format"
        equal "$format" 200 "$code"
        cmp "$body" "$BATS_TEST_TMPDIR/$format"
    done
    openssl x509 -in "$BATS_TEST_TMPDIR/second.pem" -outform DER | cmp - "$BATS_TEST_TMPDIR/second.cer"
    openssl verify -CAfile "$PEOPLE/anchors/root.pem" -untrusted "$BATS_TEST_TMPDIR/second.pem" "$BATS_TEST_TMPDIR/second.pem"
}

@test "many at once: a verdict for each, and the certificates of all in one" {
    plays batch lists
    get "$(recipient_url bob@example.org)/certificate"
    cmp "$body" "$BATS_TEST_TMPDIR/bob.cer"
    get "${page}v1/recipients?format=p7c&partial=1" -H 'Content-Type: application/json' -d '{"recipients": [
        "alice@example.org", "bob@example.org", "mallory@example.org", "dave@example.org", "nobody", "lena@bücher.example",
        "nemo@example.org"]}'
    equal bundle 200 "$code"
    cmp "$body" "$BATS_TEST_TMPDIR/all.p7c"
}

@test "the status follows the counters, as long as somebody looks" {
    plays status latency
}

@test "below the path of a proxy: without a token less is shown, with one all" {
    plays prefix tokens
    get "$(recipient_url sybil@example.org)/certificate?format=pem"
    cmp "$body" "$BATS_TEST_TMPDIR/proxied.pem"
}

hostile_entry() { # an entry whose names, and those of its certificate, are markup
    local name='<script>pwned=1</script><img src=x onerror="pwned=1">'
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -outform DER \
        -subj "/CN=${name//\//\\/}" -addext subjectAltName=email:hostile@example.org -out "$BATS_TEST_TMPDIR/hostile" 2> /dev/null
    cat << LDIF
dn: uid=hostile,ou=People,$BASE_DN
changetype: add
objectClass: inetOrgPerson
uid: hostile
cn: $name
sn: $name
mail: hostile@example.org
userCertificate;binary:: $(base64 -w 0 "$BATS_TEST_TMPDIR/hostile")
LDIF
}

@test "a page of two versions does not come up, and says so" {
    plays mixed
}

@test "markup in a certificate is text, and the browser would not run it" {
    hostile_entry | slapd_modify ldap
    plays hostile policy
}

@test "keyboard alone" {
    plays keyboard
}

@test "axe-core has nothing to say, light and dark; a narrow phone shows all of it" {
    plays accessible tidy odd
}
