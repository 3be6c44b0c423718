#!/usr/bin/env bats
# certlookup -u: asks a gateway, and servers that are none.

bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    gateway_start gateway
}

teardown_file() {
    stack_end
}

teardown() {
    process_is_down canned || process_stop canned
}

# ask [OPTION…] ADDRESS…: sets `status`; leaves the files `out` and `err`. Asks $url, by default the gateway.
ask() {
    out=$BATS_TEST_TMPDIR/out
    err=$BATS_TEST_TMPDIR/err
    status=0
    "$BUILD/certlookup" -u "${url:-$(gateway_url gateway)}" "$@" > "$out" 2> "$err" || status=$?
}

# canned ANSWER…: from now on `url` is a server that gives these, one after the other.
canned() {
    local answer number=0
    process_is_down canned || process_stop canned
    mkdir -p "$STACK/canned"
    rm -f "$STACK/canned"/*.answer
    for answer; do
        number=$((number + 1))
        printf '%b' "$answer" > "$STACK/canned/$number.answer"
    done
    server_start canned canned_launch
    url=http://127.0.0.1:$(server_port canned)
}

canned_launch() {
    process_run "$1" "$BUILD/tools/canned" "$2" "$STACK/$1"/*.answer
}

OK='HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n'
FOUND='{"address":"alice@example.org","outcome":"found","certificates":[{"certificate":"QQ=="}]}'
NONE='{"address":"alice@example.org","outcome":"none","reason":"no_entry"}'

@test "every recipient gets the outcome and the reason of its kind" {
    local address kind outcome reason wanted=$BATS_TEST_TMPDIR/wanted got=$BATS_TEST_TMPDIR/got
    declare -A reasons
    while IFS=$'\t' read -r kind _ reason _; do
        reasons[$kind]=$reason
    done < "$PEOPLE/kinds.tsv"
    while IFS=$'\t' read -r address kind outcome; do
        echo "$address $outcome ${reasons[$kind]}"
    done < "$PEOPLE/recipients.tsv" > "$wanted"

    ask -o json - < <(cut -f 1 "$PEOPLE/recipients.tsv")
    equal status 1 "$status"
    paste -d ' ' <(cut -f 1 "$PEOPLE/recipients.tsv") <(
        sed -E 's/.*"outcome":"found".*/found usable/; s/.*"outcome":"([a-z]*)","reason":"([a-z_]*)".*/\1 \2/' "$out"
    ) > "$got"
    diff "$wanted" "$got"
}

@test "directory and gateway say the same" {
    local address format
    for address in "$(first_of survivor)" "$(first_of garbage-beside)" "$(first_of pkcs7-chain)" "$(first_of expired)" \
        "$(first_of idn)"; do
        for format in text ldif pem der p7c vcard vcard3; do
            ask -o $format "$address"
            cp "$out" "$out.gateway"
            "$BUILD/certlookup" -H "$(slapd_uri ldap)" -b "$BASE_DN" -A "$PEOPLE/anchors" --crl "$PEOPLE/crls" \
                --intermediate "$PEOPLE/intermediates" -o $format "$address" > "$out" 2> "$err" || true
            # The directory's name is the one thing that differs, and where lines break after it.
            diff -a <(sed '/^     source /,/^$/d' "$out") <(sed '/^     source /,/^$/d' "$out.gateway") ||
                { [ $format = ldif ] && diff <(grep -v '^# directory' "$out") <(grep -v '^# directory' "$out.gateway"); }
        done
    done
}

@test "exit status: 0 found, 1 none, 2 unknown" {
    ask "$(first_of rsa)"
    equal found 0 "$status"
    ask "$(first_of expired)"
    equal none 1 "$status"
    grep -q 'none, expired' "$out"
    ask "$(first_of rsa)" nobody@example.org
    equal several 1 "$status"
    url=http://127.0.0.1:1 ask "$(first_of rsa)" nobody@example.org
    equal "nobody there" 2 "$status"
    grep -q 'connect' "$err"
    ask someone@elsewhere.example
    equal "a domain of nobody's" 1 "$status"
    grep -q no_directory "$out"
}

@test "json is the gateway's own, explained or not" {
    ask -o json "$(first_of survivor)"
    run ! grep -q '"refused"' "$out"
    ask -o json --explain "$(first_of survivor)"
    grep -q '"refused":\[{"reason":"' "$out"
    grep -q '"directories":\[{"name":"example"' "$out"
    ask -o json nobody@example.org
    equal "none" '"outcome":"none","reason":"no_entry"' "$(grep -o '"outcome":"none","reason":"no_entry"' "$out")"
}

@test "a gateway that does not explain is asked plainly, with a note" {
    canned 'HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\n\r\n{"title":"Forbidden","status":403}' \
        "$OK$NONE"
    ask alice@example.org
    equal status 1 "$status"
    grep -q '^alice@example.org: none, no_entry$' "$out"
    grep -q 'note: ' "$err"
    canned 'HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\n\r\n{"title":"Forbidden","status":403}'
    ask alice@example.org
    equal "refused altogether" 2 "$status"
    grep -q 'HTTP 403: Forbidden' "$err"
}

@test "only a gateway's own words make it none" {
    local answer
    for answer in \
        'HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<html>404</html>' \
        'HTTP/1.1 404 Not Found\r\n\r\n' \
        'HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n\r\n{"title":"No such page"}' \
        'HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n\r\n{"title":"x","reason":"made_up"}' \
        'HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n\r\nnot json' \
        'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n{"error":"not found"}' \
        'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Welcome</html>' \
        'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Type: text/html\r\n\r\n' \
        'HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html\r\n\r\n' \
        'HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n\r\n{"title":"x","reason":"no_entry"}' \
        'HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n' \
        'SSH-2.0-OpenSSH\r\n' '' \
        "$OK"'<html>' "$OK" "${OK}{}" "${OK}[]" "${OK}null" "$OK"'"x"' "$OK$FOUND$FOUND" \
        "$OK"'{"address":"bob@example.org","outcome":"none","reason":"no_entry"}' \
        "$OK"'{"address":"alice@example.org","outcome":"found","certificates":[]}' \
        "$OK"'{"address":"alice@example.org","outcome":"none"}' \
        "$OK"'{"address":"alice@example.org","outcome":"none","outcome":"found"}' \
        "$OK"'{"address":"alice@example.org","outcome":"found","certificates":[{"certificate":"!"}]}'; do
        canned "$answer"
        for format in text json der; do
            ask -o $format alice@example.org
            equal "$format of $answer" 2 "$status"
            [ ! -s "$out" ]
            equal "complaints about $answer" 1 "$(wc -l < "$err")"
        done
    done
}

@test "outcomes unknown: the gateway's reason" {
    canned 'HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n\r\n{"title":"x","reason":"overloaded"}'
    ask alice@example.org
    equal status 2 "$status"
    grep -q '^alice@example.org: unknown, overloaded$' "$out"
    ask -o pem alice@example.org
    equal status 2 "$status"
    [ ! -s "$out" ]
}

@test "what is too large, too deep or too much is refused" {
    local head=$BATS_TEST_TMPDIR/head
    canned 'x'
    printf '%b' "$OK" > "$head"
    (cat "$head" && head -c 20000000 /dev/zero | tr '\0' ' ' && echo "$NONE") > "$STACK/canned/1.answer"
    ask -o json alice@example.org
    equal "20 MB of blanks" 2 "$status"
    grep -q 'larger than' "$err"
    (cat "$head" && head -c 5000000 /dev/zero | tr '\0' '[') > "$STACK/canned/1.answer"
    ask -o json alice@example.org
    equal "deep" 2 "$status"
    grep -q 'deeper than' "$err"
    (cat "$head" && printf '{"x":[0' && head -c 10000000 /dev/zero | tr '\0' ',') > "$STACK/canned/1.answer"
    ask -o json alice@example.org
    equal "many" 2 "$status"
    grep -q 'parts' "$err"
    (cat "$head" && echo "${NONE%\}}," && printf '"x":"' && head -c 10000000 /dev/zero | tr '\0' x && echo '"}') \
        > "$STACK/canned/1.answer"
    ask alice@example.org
    equal "10 MB that are passed over" 1 "$status"
}

@test "what it says cannot drive a terminal" {
    canned "$OK"'{"address":"alice@example.org","outcome":"none","reason":"expired","refused":[{"reason":"malformed",
        "detail":"\\u001b[2J\\u009b1m\\u202e","value":"QQ==","source":{"directory":"\\u001b]0;x\\u0007","dn":"\\u007f\\n"}}],
        "directories":[{"name":"\\r\\n","result":"answered","error":"\\u0008"}]}'
    for format in text ldif json; do
        ask --explain -o $format alice@example.org
        equal "$format" 1 "$status"
        run ! grep -aP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' "$out"
    done
    canned 'HTTP/1.1 400 \033[2J\r\nContent-Type: application/problem+json\r\n\r\n{"title":"\\u001b[2J\\u0085","detail":"\xff"}' \
        'HTTP/1.1 400 x\r\nContent-Type: application/problem+json\r\n\r\n{"title":"\\u001b[2J\\u0085"}'
    for _ in 1 2; do
        ask alice@example.org
        equal status 2 "$status"
        run ! grep -aP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$err"
    done
    canned 'HTTP/1.1 200 OK\r\nContent-Type: application/pem-certificate-chain\r\n\r\n-----BEGIN CERTIFICATE-----\n\033[2J\n'
    ask -o pem alice@example.org
    equal status 2 "$status"
    [ ! -s "$out" ]
    canned 'HTTP/1.1 200 OK\r\nContent-Type: text/vcard\r\n\r\nBEGIN:VCARD\r\nFN:\033[2J\r\nEND:VCARD\r\n'
    ask -o vcard alice@example.org
    equal status 2 "$status"
    [ ! -s "$out" ]
}

@test "a card is whole, and holds what a name may hold" {
    local name
    for name in 'x' 'x\r\nEND:VCARD\r\nx' '\033[2J\r\nEND:VCARD' '\302\255\r\nEND:VCARD' '\342\200\256\r\nEND:VCARD' '\377\r\nEND:VCARD'; do
        canned "HTTP/1.1 200 OK\r\nContent-Type: text/vcard\r\n\r\nBEGIN:VCARD\r\nFN:$name\r\n"
        ask -o vcard alice@example.org
        equal "$name" 2 "$status"
        [ ! -s "$out" ]
    done
    canned "HTTP/1.1 200 OK\r\nContent-Type: text/vcard\r\n\r\nBEGIN:VCARD\r\nFN:\331\206\342\200\214\331\206\r\nEND:VCARD\r\n"
    ask -o vcard alice@example.org
    equal status 0 "$status"
    equal lines 3 "$(wc -l < "$out")"
}

@test "a web page under the type of a certificate is none" {
    local type
    for type in der:application/pkix-cert pem:application/pem-certificate-chain p7c:application/pkcs7-mime \
        vcard:text/vcard vcard3:text/vcard; do
        canned "HTTP/1.1 200 OK\r\nContent-Type: ${type#*:}\r\n\r\n<html></html>" \
            "HTTP/1.1 200 OK\r\nContent-Type: ${type#*:}\r\n\r\n"
        for _ in 1 2; do
            ask -o "${type%:*}" alice@example.org
            equal "$type" 2 "$status"
            [ ! -s "$out" ]
        done
    done
}

@test "a gateway that says nothing costs the timeout" {
    local before
    canned x
    process_stop canned
    canned_launch() {
        process_run "$1" "$BUILD/tools/canned" "$2" -
    }
    server_start canned canned_launch
    before=$(now_ms)
    ask -l 500ms alice@example.org
    equal status 2 "$status"
    grep -q 'timed out' "$err"
    [ $(($(now_ms) - before)) -lt 5000 ]
}

@test "the token goes to the gateway, and nowhere else" {
    local token=$BATS_TEST_TMPDIR/token
    (umask 077 && echo s3cret-token > "$token")
    ask --token-file "$token" "$(first_of rsa)"
    equal status 0 "$status"
    url=http://127.0.0.1:1 ask --token-file "$token" alice@example.org
    run ! grep s3cret "$err"
    chmod 644 "$token"
    ask --token-file "$token" alice@example.org
    equal "readable by others" 64 "$status"
    (umask 077 && : > "$token.empty")
    ask --token-file "$token.empty" alice@example.org
    equal "empty" 64 "$status"
}

@test "URLs that are none of a gateway" {
    local bad
    for bad in '' gateway ftp://x file:///etc/passwd http 'http://x?y' 'http://x#y'; do
        url=$bad
        status=0
        "$BUILD/certlookup" -u "$bad" alice@example.org > "$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
        equal "$bad" 64 "$status"
    done
    url=$(gateway_url gateway)/
    ask "$(first_of rsa)"
    equal "with a slash at its end" 0 "$status"
    url=$(gateway_url gateway)/elsewhere
    ask "$(first_of rsa)"
    equal "another place" 2 "$status"
}
