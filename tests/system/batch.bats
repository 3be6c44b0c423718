#!/usr/bin/env bats
# POST /v1/recipients: everybody in one answer, each with a verdict; and what is no such question.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

DEADLINE_MS=3000
# Half a second to judge what came by then, and the machine.
TOLERANCE_MS=1500

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    hangs_start hangs silent
    gateway_start gateway batch_config
}

teardown_file() {
    process_signal ldap CONT || true # which a test may have left stopped
    stack_end
}

# A directory that hangs beside one that answers, and few lookups for batches.
batch_config() {
    config_listen "$2"
    cat << CONF
directories = (
    {
        name    = "hangs";
        uri     = [ "ldap://127.0.0.1:$(server_port hangs)" ];
        base    = "$BASE_DN";
        domains = [ "hangs.example" ];
        timeout = "2s";
        tls     = "none";
        connect-timeout = "2s";
    },
$(config_directory example ldap)
);
CONF
    config_trust
    config_redis redis
    echo "lookup = { deadline = \"${DEADLINE_MS}ms\"; };"
    echo 'http = { waiting = 300; batch = 400; idle-timeout = "4s"; };'
}

# batch_of < ADDRESSES: as a body, in the file `request`.
batch_of() {
    request=$BATS_TEST_TMPDIR/request
    awk 'BEGIN { printf "{\"recipients\":[" }
        { gsub(/[\\"]/, "\\\\&"); printf "%s\"%s\"", (NR > 1 ? "," : ""), $0 }
        END { printf "]}" }' > "$request"
}

# post FILE [OPTION…]: as get does. TYPE is what it claims to be.
post() {
    get "$(gateway_url gateway)/v1/recipients" -H "Content-Type: ${TYPE:-application/json}" --data-binary "@$1" "${@:2}"
}

# One line for each recipient of the answer: address, status, reason.
verdicts() {
    { sed 's/},{/}\n{/g' "$body" && echo; } | while IFS= read -r line; do
        printf '%s\n' "$line" > "$BATS_TEST_TMPDIR/one"
        printf '%s %s %s\n' "$(json address "$BATS_TEST_TMPDIR/one")" "$(json status "$BATS_TEST_TMPDIR/one")" \
            "$(json reason "$BATS_TEST_TMPDIR/one")"
    done
}

# The word for a reason, as docs/http.md has it in its table of "statuses of a recipient".
status_of_reason() {
    case $1 in
    usable) echo ok ;;
    no_directory | no_entry | no_certificate | malformed) echo none ;;
    expired | not_yet_valid | chain_expired) echo expired ;;
    revoked | issuer_revoked) echo revoked ;;
    wrong_key_usage | wrong_extended_key_usage | not_encryption_capable) echo no_encryption_usage ;;
    address_mismatch) echo address_mismatch ;;
    untrusted | bad_chain | weak_key | weak_signature | denied | unknown_critical_extension | revocation_unknown)
        echo untrusted
        ;;
    *) echo unknown ;;
    esac
}

@test "a recipient of every kind gets its status, in order, uncached and cached" {
    local address kind reason
    declare -A reasons
    while IFS=$'\t' read -r kind _ reason _; do
        reasons[$kind]=$reason
    done < "$PEOPLE/kinds.tsv"
    while IFS=$'\t' read -r address kind _; do
        reason=${reasons[$kind]}
        printf '%s %s %s\n' "${address,,}" "$(status_of_reason "$reason")" "${reason#usable}"
    done < <(awk -F '\t' '!seen[$2]++' "$PEOPLE/recipients.tsv") > "$BATS_TEST_TMPDIR/wanted"
    batch_of < <(cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/wanted")
    for _ in 1 2 3; do
        post "$request"
        equal "status of the whole" 200 "$code"
        equal "type" application/json "$(header content-type)"
        equal "for whom" no-store "$(header cache-control)"
        verdicts > "$BATS_TEST_TMPDIR/got"
        diff "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
    done
    [ "$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/got" | sort -u | wc -l)" -ge 5 ] # or little was shown
}

@test "the certificate is the one that a single request gets, and a message is sealed for it" {
    local address
    address=$(first_of rsa)
    get "$(recipient_url "$address")/certificate"
    cp "$body" "$BATS_TEST_TMPDIR/single"
    batch_of <<< "$address"
    post "$request"
    json certificate | base64 -d > "$BATS_TEST_TMPDIR/batch"
    cmp "$BATS_TEST_TMPDIR/single" "$BATS_TEST_TMPDIR/batch"
    equal "fingerprint" "$(sha256sum < "$BATS_TEST_TMPDIR/single" | cut -d ' ' -f 1)" "$(json fingerprint_sha256)"
    sealed_for "$BATS_TEST_TMPDIR/batch" "$(find "$PEOPLE/keys" -name "$address.pem")"
}

@test "all certificates in one bundle: what openssl seals with them each of these reads, and nobody else" {
    local address index=0
    local -a to
    { people_of rsa | head -n 3 && people_of ec-p256 | sed -n 80,81p; } > "$BATS_TEST_TMPDIR/them"
    batch_of < <(cat "$BATS_TEST_TMPDIR/them" "$BATS_TEST_TMPDIR/them")
    get "$(gateway_url gateway)/v1/recipients?format=p7c" -H 'Content-Type: application/json' --data-binary "@$request"
    equal "status" 200 "$code"
    equal "type" 'application/pkcs7-mime; smime-type=certs-only' "$(header content-type)"
    equal "name" 'attachment; filename="recipients.p7c"' "$(header content-disposition)"
    openssl pkcs7 -inform DER -in "$body" -print_certs | csplit -sz -f "$BATS_TEST_TMPDIR/to-" - '/^subject/' '{*}'
    to=("$BATS_TEST_TMPDIR"/to-*)
    equal "certificates" 5 "${#to[@]}"
    echo "for five pairs of eyes" > "$BATS_TEST_TMPDIR/plain"
    openssl cms -encrypt -binary -aes256 -in "$BATS_TEST_TMPDIR/plain" -outform DER -out "$BATS_TEST_TMPDIR/sealed" "${to[@]}"
    while read -r address; do
        get "$(recipient_url "$address")/certificate?format=pem"
        openssl x509 -in "$body" -out "$BATS_TEST_TMPDIR/own.pem"
        openssl cms -decrypt -binary -inform DER -in "$BATS_TEST_TMPDIR/sealed" -recip "$BATS_TEST_TMPDIR/own.pem" \
            -inkey "$(find "$PEOPLE/keys" -name "$address.pem")" -out "$BATS_TEST_TMPDIR/opened"
        cmp "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/opened"
        rm "$BATS_TEST_TMPDIR/opened"
        index=$((index + 1))
    done < "$BATS_TEST_TMPDIR/them"
    equal "who read it" 5 "$index"
    equal "for whom it is" 5 "$(openssl cms -cmsout -print -noout -inform DER -in "$BATS_TEST_TMPDIR/sealed" |
        grep -cE 'd\.(ktri|kari):')"
}

@test "a bundle is whole or not there, unless partial=1" {
    local one expired
    one=$(first_of rsa)
    expired=$(first_of expired)
    batch_of << LIST
$expired
$one
nobody@example.org
LIST
    for query in '' '&partial=0'; do
        get "$(gateway_url gateway)/v1/recipients?format=p7c$query" -H 'Content-Type: application/json' \
            --data-binary "@$request"
        equal "status" 409 "$code"
        equal "type" application/problem+json "$(header content-type)"
        equal "who" "$expired nobody@example.org" "$(json address | paste -sd ' ')"
        equal "why" "expired none 409" "$(json status | paste -sd ' ')"
    done
    get "$(gateway_url gateway)/v1/recipients?format=p7c&partial=1" -H 'Content-Type: application/json' \
        --data-binary "@$request"
    equal "status" 200 "$code"
    equal "left out" 2 "$(header recipients-left-out)"
    get "$(recipient_url "$one")/certificate"
    cp "$body" "$BATS_TEST_TMPDIR/single"
    get "$(gateway_url gateway)/v1/recipients?format=p7c&partial=1" -H 'Content-Type: application/json' \
        --data-binary "@$request"
    openssl pkcs7 -inform DER -in "$body" -print_certs | openssl x509 -outform DER | cmp - "$BATS_TEST_TMPDIR/single"
}

@test "order and duplicates are kept, an address is asked once, what is no address stands where it stood" {
    local one two searches
    one=$(people_of ec-p256 | sed -n 71p)
    two=$(people_of ec-p256 | sed -n 72p)
    searches=$(slapd_searches ldap "(mail=$one)")
    batch_of << LIST
$one
nobody
$two
${one^^}
nobody@example.org
$one

a"b\\@example.org
a@elsewhere.example
LIST
    post "$request"
    verdicts > "$BATS_TEST_TMPDIR/got"
    cat > "$BATS_TEST_TMPDIR/wanted" << LIST
$one ok 
nobody invalid_address 
$two ok 
$one ok 
nobody@example.org none no_entry
$one ok 
 invalid_address 
 invalid_address 
a@elsewhere.example none no_directory
LIST
    # The last but one has escapes, which the shell's reader of JSON does not know.
    diff "$BATS_TEST_TMPDIR/wanted" <(sed 's/^a\\.* invalid/ invalid/' "$BATS_TEST_TMPDIR/got")
    grep -qF '"address":"a\"b\\@example.org","status":"invalid_address"' "$body"
    equal "searches" $((searches + 1)) "$(slapd_searches ldap "(mail=$one)")"
}

@test "100 who are not cached are asked for at once, in one place among those who wait" {
    local took
    batch_of < <(for i in $(seq 100); do echo "batch.$i@example.org"; done)
    process_signal ldap STOP
    (post "$request" && verdicts > "$BATS_TEST_TMPDIR/got" && echo "$code" > "$BATS_TEST_TMPDIR/code") &
    wait_until 10 metric_is certlookup_flights 100
    equal "who waits" 1 "$(metric certlookup_waiting_requests)"
    get "$(recipient_url "$(first_of rsa)")/certificate" # a hit is untouched
    equal "status" 200 "$code"
    process_signal ldap CONT
    wait
    equal "status" 200 "$(cat "$BATS_TEST_TMPDIR/code")"
    equal "recipients" 100 "$(grep -c ' none no_entry' "$BATS_TEST_TMPDIR/got")"
    equal "who waits" 0 "$(metric certlookup_waiting_requests)"

    batch_of < <(for i in $(seq 100); do echo "again.$i@example.org"; done)
    started=$(now_ms)
    post "$request"
    took=$(($(now_ms) - started))
    echo "# 100 that nobody knows, from slapd: $took ms" >&3
    equal "recipients" 100 "$(verdicts | grep -c ' none no_entry')"
}

@test "a directory that hangs holds nobody back beyond the deadline, however many it is asked for" {
    local started took known
    process_stop gateway # so that the directory is not known to be down
    gateway_start gateway
    known=$(first_of rsa)
    batch_of < <(echo "$known" && printf 'a.%d@hangs.example\n' $(seq 50) && echo "b.$RANDOM@example.org")
    started=$(now_ms)
    post "$request"
    took=$(($(now_ms) - started))
    equal "status" 200 "$code"
    equal "found" "$known ok " "$(verdicts | head -n 1)"
    equal "cannot tell" 50 "$(verdicts | grep -c '@hangs.example unknown ')"
    equal "none" 1 "$(verdicts | grep -c '@example.org none no_entry')"
    echo "# it took $took ms" >&3
    [ $took -ge 1000 ] # or nobody was waited for
    [ $took -le $((DEADLINE_MS + TOLERANCE_MS)) ]
    [ "$(json retry_after_s | head -n 1)" -ge 1 ]
    get "$(gateway_url gateway)/v1/recipients?format=p7c&partial=1" -H 'Content-Type: application/json' \
        --data-binary "@$request" # a bundle leaves nobody out of whom it cannot tell
    equal "status" 503 "$code"
    [ "$(header retry-after)" -ge 1 ]
    equal "who is not in it" 51 "$(json address | wc -l)"
}

@test "more lookups than batches may start: these are told so, single requests go on" {
    local limited
    process_stop gateway # so that the directory is not known to be down
    gateway_start gateway
    batch_of < <(for i in $(seq 300); do echo "c.$i@hangs.example"; done)
    limited=$(metric 'certlookup_limit_reached_total{limit="batch_lookups"}')
    (post "$request" && verdicts > "$BATS_TEST_TMPDIR/got") &
    wait_until 10 metric_is certlookup_flights 150
    get "$(recipient_url "$(people_of ec-p256 | sed -n 73p)")/certificate"
    equal "status" 200 "$code"
    wait
    equal "limit" 150 "$(grep -c ' limit overloaded$' "$BATS_TEST_TMPDIR/got")"
    equal "unknown" 150 "$(grep -c ' unknown ' "$BATS_TEST_TMPDIR/got")"
    equal "counted" $((limited + 150)) "$(metric 'certlookup_limit_reached_total{limit="batch_lookups"}')"
}

refused() { # STATUS WORD BODY [OPTION…]
    printf '%b' "$3" > "$BATS_TEST_TMPDIR/bad"
    post "$BATS_TEST_TMPDIR/bad" "${@:4}"
    equal "status of $3" "$1" "$code"
    equal "type of $3" application/problem+json "$(header content-type)"
    grep -q -- "$2" "$body" || say_failed "$3: $(cat "$body")"
}

@test "bodies that are no batch are refused in words, and others go on" {
    refused 400 "the body is empty" ''
    refused 400 "not JSON" '{'
    refused 400 "not a JSON object" '["alice@example.org"]'
    refused 400 alone '{"recipients":["alice@example.org"],"format":"p7c"}'
    refused 400 "not JSON" '{"recipients":["a@example.org"],"recipients":["b@example.org"]}'
    refused 400 "not JSON" '{"recipients\\u0000":["a@example.org"]}'
    refused 400 "not JSON" '{"recipients":["a\0@example.org"]}'
    refused 400 "not JSON" '{"recipients":["\xff@example.org"]}'
    refused 400 "not JSON" '{"recipients":[1e999]}'
    refused 400 "number 1 is not a string" '{"recipients":[1]}'
    refused 400 "number 2 is not a string" '{"recipients":["a@example.org",["b@example.org"]]}'
    refused 400 deeper "{\"recipients\":$(printf '[%.0s' $(seq 100000))"
    refused 413 http.batch "{\"recipients\":[\"a\"$(printf ',"a"%.0s' $(seq 400))]}"
    TYPE=text/plain refused 415 application/json '{"recipients":[]}'
    TYPE=application/x-www-form-urlencoded refused 415 application/json '{"recipients":[]}'
    refused 411 Content-Length '{"recipients":[]}' -H 'Transfer-Encoding: chunked'
    head -c 10485760 /dev/zero > "$BATS_TEST_TMPDIR/large"
    post "$BATS_TEST_TMPDIR/large"
    equal "status of 10 MB" 413 "$code"
    get "$(gateway_url gateway)/v1/recipients"
    equal "GET" 405 "$code"
    equal "what works" "POST, OPTIONS" "$(header allow)"
    get "$(gateway_url gateway)/v1/recipients" --head
    equal "HEAD" 405 "$code"
    batch_of < <(first_of rsa)
    post "$request"
    equal "a good one" ok "$(json status)"
}

@test "bodies that do not come to their end are left to the idle timeout, and hold next to nothing" {
    local number open port before after
    local -a connections
    read -r port < "$STACK/gateway/port"
    before=$(metric process_resident_memory_bytes)
    for number in $(seq 40); do
        exec {open}<> "/dev/tcp/127.0.0.1/$port"
        connections[number]=$open
        printf '%s\r\n' 'POST /v1/recipients HTTP/1.1' 'Host: a' 'Content-Type: application/json' \
            'Content-Length: 2000000' '' '{"recipients":[' >&"$open"
    done
    batch_of < <(first_of rsa)
    post "$request"
    equal "beside them" ok "$(json status)"
    after=$(metric process_resident_memory_bytes)
    echo "# 40 bodies of 2 MB that were begun: $(((after - before) / 1024)) KiB more" >&3
    [ $((after - before)) -le 8000000 ] # a tenth of what they say that they are
    for open in "${connections[@]}"; do
        timeout 20 cat <&"$open" > "$BATS_TEST_TMPDIR/rest" || say_failed "a connection stays open"
        exec {open}>&-
        [ ! -s "$BATS_TEST_TMPDIR/rest" ] || say_failed "an answer to half a question: $(cat "$BATS_TEST_TMPDIR/rest")"
    done
}
