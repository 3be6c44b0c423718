#!/usr/bin/env bats
# HTTPS: which certificate a gateway shows, what client certificates open, and how both are renewed while it serves.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

setup_file() {
    stack_begin
    pki
    slapd_start ldap
    gateway_start gateway tls_config
}

teardown_file() {
    stack_end
}

# authority NAME; signed AUTHORITY NAME DAYS EXTENSION…: NAME.pem and NAME.key in the folder pki.
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
        -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$STACK/pki/$1.key" -out "$STACK/pki/$1.pem"
    mkdir -p "$STACK/pki/$1.ca" && : > "$STACK/pki/$1.ca/index" && echo 01 > "$STACK/pki/$1.ca/crlnumber"
    printf '[ca]\ndefault_ca=c\n[c]\ndatabase=%s/index\ncrlnumber=%s/crlnumber\ndefault_md=sha256\ndefault_crl_days=7\n' \
        "$STACK/pki/$1.ca" "$STACK/pki/$1.ca" > "$STACK/pki/$1.ca/config"
}

signed() {
    local by=$STACK/pki/$1 at=$STACK/pki/$2 days=$3 common
    common=$(tr -d '+' <<< "$2")
    shift 3
    printf '%s\n' "${@:-extendedKeyUsage=clientAuth}" > "$at.ext"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$common" -keyout "$at.key" -out "$at.csr" &&
        openssl x509 -req -in "$at.csr" -CA "$by.pem" -CAkey "$by.key" -days "$days" -extfile "$at.ext" -out "$at.pem"
}

crl_of() { # AUTHORITY [OPTION…]: written anew
    openssl ca -config "$STACK/pki/$1.ca/config" -cert "$STACK/pki/$1.pem" -keyfile "$STACK/pki/$1.key" -gencrl \
        -out "$STACK/pki/$1.crl" "${@:2}"
}

revoke() { # AUTHORITY NAME
    openssl ca -config "$STACK/pki/$1.ca/config" -cert "$STACK/pki/$1.pem" -keyfile "$STACK/pki/$1.key" \
        -revoke "$STACK/pki/$2.pem" && crl_of "$1"
}

# show NAME: the gateway's files are these from its next reload on.
show() {
    cp "$STACK/pki/$1.pem" "$STACK/certificate.pem.new" && mv "$STACK/certificate.pem.new" "$STACK/certificate.pem"
    install -m 600 "$STACK/pki/$1.key" "$STACK/certificate.key"
}

pki() {
    mkdir -p "$STACK/pki"
    {
        authority servers
        authority clients
        authority strangers
        signed servers server 20 subjectAltName=DNS:localhost,IP:127.0.0.1 extendedKeyUsage=serverAuth
        signed servers renewed 30 subjectAltName=DNS:localhost,IP:127.0.0.1 extendedKeyUsage=serverAuth
        signed clients mx1 20
        signed clients several 20 subjectAltName=DNS:elsewhere.example.org,DNS:MX2.example.org
        signed clients graphs 20
        signed clients former 20
        signed clients unheard 20
        signed clients 'Jane Doe' 20
        signed clients leaver 20
        signed clients expired 20
        signed clients mx1+old -1
        signed clients mx1+server 20 extendedKeyUsage=serverAuth
        signed clients mx1+revoked 20
        signed strangers mx1+stranger 20
        crl_of clients
        revoke clients mx1+revoked
        show server
    } > "$STACK/pki/log" 2>&1 || cat "$STACK/pki/log"
    cat > "$STACK/tokens" << 'TOKENS'
mx1              certificate  lookup          never
mx2.example.org  certificate  lookup,explain  2999-12-31
graphs           certificate  explain         never
leaver           certificate  lookup          never
former           certificate  lookup          2020-01-01
TOKENS
    chmod 600 "$STACK/tokens"
}

tls_config() {
    echo "listen = [ \"127.0.0.1:$2\", \"https://127.0.0.1:0\" ];"
    config_directories "$(config_directory example ldap)"
    config_trust
    echo "http = { open-to = \"$(cat "$STACK/open-to" 2> /dev/null || echo nobody)\"; tokens-file = $(config_string "$STACK/tokens"); };"
    echo "tls = { certificate-file = $(config_string "$STACK/certificate.pem");"
    echo "        key-file = $(config_string "$STACK/certificate.key");"
    echo "        client-ca-file = $(config_string "$STACK/pki/clients.pem");"
    echo "        client-crl-file = $(config_string "$STACK/pki/clients.crl");"
    echo "        clients = \"$(cat "$STACK/clients-word" 2> /dev/null || echo ask)\"; };"
    echo "limits = { lookups = 1; lookups-burst = 5; };"
}

tls_port() {
    grep -o 'address="\?https://127.0.0.1:0"\? port=[0-9]*' "$STACK/gateway/log" | tail -n 1 | sed 's/.*port=//'
}

# by_tls TARGET [OPTION…]: as get, from elsewhere.
by_tls() {
    get "https://localhost:$(tls_port)$1" --cacert "$STACK/pki/servers.pem" -H 'X-Forwarded-For: 192.0.2.1' "${@:2}"
}

# as NAME TARGET: with its certificate.
as() {
    by_tls "$2" --cert "$STACK/pki/$1.pem" --key "$STACK/pki/$1.key" "${@:3}"
}

certificate_path() {
    echo "/v1/recipients/$(first_of rsa)/certificate"
}

reload() {
    local before
    before=$(metric certlookup_reloads_total)
    process_signal gateway HUP
    wait_until 20 metric_reaches certlookup_reloads_total $((before + 1)) gateway
}

# speaks OPTION…: whether a handshake comes to its end.
speaks() {
    openssl s_client -connect "127.0.0.1:$(tls_port)" -servername localhost -CAfile "$STACK/pki/servers.pem" \
        -verify_return_error "$@" < /dev/null > "$BATS_TEST_TMPDIR/said" 2>&1
}

@test "TLS 1.2 and 1.3, with forward secrecy alone, and HTTP/1.1" {
    by_tls /healthz --tlsv1.2 --tls-max 1.2
    equal "TLS 1.2" 200 "$code"
    by_tls /healthz --tlsv1.3
    equal "TLS 1.3" 200 "$code"
    by_tls /healthz --http2 --write-out '%{http_code} %{http_version}'
    equal "who would rather have HTTP/2" "200 1.1" "$code"
    speaks -tls1_2 -cipher 'ECDHE+AESGCM'
    run ! speaks -tls1_1 -cipher 'ALL:@SECLEVEL=0'
    run ! speaks -tls1 -cipher 'ALL:@SECLEVEL=0'
    run ! speaks -tls1_2 -cipher 'AES128-GCM-SHA256:AES256-GCM-SHA384'
    run ! speaks -tls1_2 -cipher 'ECDHE-ECDSA-AES128-SHA'
    run ! curl -sS "https://localhost:$(tls_port)/healthz" --cacert "$STACK/pki/clients.pem"
}

@test "who does not speak TLS there is not answered, and harms nobody" {
    local i
    run ! curl -sS --max-time 10 "http://127.0.0.1:$(tls_port)/healthz"
    for ((i = 0; i < 20; i++)); do
        head -c 3000 /dev/urandom > "/dev/tcp/127.0.0.1/$(tls_port)" || true
    done
    by_tls /healthz
    equal "who does" 200 "$code"
}

# Name, what, status, words of the refusal.
CLIENTS="
mx1          /lookup   200
mx1          /metrics  401  of the client certificate: it is for something else; this needs a token for explain
several      /lookup   200
several      /metrics  200
graphs       /metrics  200
graphs       /lookup   401  of the client certificate: it is for something else; this needs a token for lookup
unheard      /lookup   401  of the client certificate: it has no line among this gateway's tokens
former       /lookup   401  of the client certificate: its line has expired
mx1+old      /lookup   401  of the client certificate: it has expired
mx1+server   /lookup   401  of the client certificate: it is not for clients of TLS
mx1+revoked  /lookup   401  of the client certificate: it has been revoked
mx1+stranger /lookup   401  of the client certificate: it comes from none of the authorities
"

@test "a client certificate opens what its line says" {
    local name target status words
    by_tls "$(certificate_path)"
    equal "none" 401 "$code"
    grep -q '"detail":"this needs a token for lookup"' "$body"
    while read -r name target status words; do
        [ -n "$name" ] || continue
        as "$name" "${target/#\/lookup/$(certificate_path)}"
        equal "$name $target" "$status" "$code"
        [ -z "$words" ] || grep -qF "$words" "$body" || say_failed "$name $target: $(cat "$body")"
    done <<< "$CLIENTS"
}

@test "who shows a certificate has the limits of who has a token" {
    local i
    for ((i = 0; i < 20; i++)); do
        as mx1 "$(certificate_path)"
        equal "mx1" 200 "$code"
    done
}

@test "a line for all that have none of their own" {
    as unheard "$(certificate_path)"
    equal "before" 401 "$code"
    echo '* certificate lookup never' >> "$STACK/tokens"
    reload
    as unheard "$(certificate_path)"
    equal "unheard" 200 "$code"
    as graphs "$(certificate_path)"
    equal "its own line counts" 401 "$code"
    as former "$(certificate_path)"
    equal "and an expired one, too" 401 "$code"
    as mx1+stranger "$(certificate_path)"
    equal "a stranger" 401 "$code"
    as 'Jane Doe' "$(certificate_path)"
    equal "a name that no line can have" 200 "$code"
    sed -i '/^\*/d' "$STACK/tokens"
    reload
}

# held_by NAME: a connection with its certificate: what is written to 6 goes there, and `answers` holds what comes.
held_by() {
    answers=$BATS_TEST_TMPDIR/answers
    mkfifo "$BATS_TEST_TMPDIR/requests"
    openssl s_client -quiet -connect "127.0.0.1:$(tls_port)" -CAfile "$STACK/pki/servers.pem" -cert "$STACK/pki/$1.pem" \
        -key "$STACK/pki/$1.key" < "$BATS_TEST_TMPDIR/requests" > "$answers" 2> "$BATS_TEST_TMPDIR/said" 3>&- &
    exec 6> "$BATS_TEST_TMPDIR/requests"
}

request() { # [TARGET]
    printf 'GET %s HTTP/1.1\r\nHost: a\r\n\r\n' "${1:-$(certificate_path)}"
}

have() { # STATUSES
    [ "$(grep -ao 'HTTP/1.1 [0-9]*' "$answers" | cut -d ' ' -f 2 | paste -sd ' ')" = "$1" ]
}

@test "who is revoked is refused on a connection that is open" {
    held_by leaver
    request >&6
    wait_until 20 have 200
    revoke clients leaver > "$BATS_TEST_TMPDIR/revoked" 2>&1
    reload
    request >&6
    wait_until 20 have '200 401'
    exec 6>&-
    grep -qa 'it has been revoked' "$answers"
}

crls_until() {
    metric certlookup_tls_client_crl_next_update_timestamp_seconds | awk '{ printf "%d", $1 }'
}

next_update() {
    date -d "$(openssl crl -in "$STACK/pki/clients.crl" -noout -nextupdate | cut -d = -f 2)" +%s
}

@test "whoever a list that is out of date would speak of does not count" {
    equal "a good one" "$(next_update)" "$(crls_until)"
    crl_of clients -crl_lastupdate 20260101000000Z -crl_nextupdate 20260102000000Z > "$BATS_TEST_TMPDIR/crl" 2>&1
    reload
    as mx1 "$(certificate_path)"
    equal mx1 401 "$code"
    grep -q "its authority's revocation list is out of date" "$body"
    grep -q 'a revocation list of clients is out of date' "$STACK/gateway/log"
    equal "and is seen" "$(date -d 2026-01-02T00:00:00Z +%s)" "$(crls_until)"
    crl_of clients > "$BATS_TEST_TMPDIR/crl" 2>&1
    reload
    as mx1 "$(certificate_path)"
    equal "and again" 200 "$code"
    equal "the next" "$(next_update)" "$(crls_until)"
}

serial_of() { # NAME
    openssl x509 -in "$STACK/pki/$1.pem" -noout -serial | cut -d = -f 2
}

@test "a certificate is renewed under load, and no request fails" {
    packages_are_there
    local load reported=$BATS_TEST_TMPDIR/reported
    mkfifo "$BATS_TEST_TMPDIR/until"
    node tests/node/tls.js "https://127.0.0.1:$(tls_port)$(certificate_path)" "$STACK/pki/servers.pem" \
        "$STACK/pki/mx1.pem" "$STACK/pki/mx1.key" 12 < "$BATS_TEST_TMPDIR/until" > "$reported" 3>&- &
    load=$!
    exec 7> "$BATS_TEST_TMPDIR/until"
    sleep 1
    for name in renewed server renewed; do
        show "$name"
        reload
        shown() { speaks && openssl x509 -in "$BATS_TEST_TMPDIR/said" -noout -serial | grep -q "$(serial_of "$name")"; }
        wait_until 10 shown
        sleep 1
    done
    exec 7>&-
    wait "$load"
    cat "$reported"
    equal failed 0 "$(sed -n 's/^failed //p' "$reported")"
    [ "$(sed -n 's/^answers //p' "$reported")" -gt 100 ]
    [ "$(sed -n "s/^serial $(serial_of server) //p" "$reported")" -gt 10 ]
    [ "$(sed -n "s/^serial $(serial_of renewed) //p" "$reported")" -gt 10 ]
    equal "when it ends" "$(date -d "$(openssl x509 -in "$STACK/pki/renewed.pem" -noout -enddate | cut -d = -f 2)" +%s)" \
        "$(metric certlookup_tls_not_after_timestamp_seconds | awk '{ printf "%d", $1 }')"
}

@test "a key that does not fit changes nothing, and is named" {
    local failed
    failed=$(metric certlookup_reload_failures_total)
    install -m 600 "$STACK/pki/server.key" "$STACK/certificate.key"
    process_signal gateway HUP
    wait_until 20 metric_reaches certlookup_reload_failures_total $((failed + 1)) gateway
    grep -q 'tls.key-file: it is not the key of the first certificate in certificate-file' "$STACK/gateway/log"
    by_tls /healthz
    equal "still served" 200 "$code"
    show renewed
    reload
}

# dated NAME FROM TO: a certificate like the server's, of these days.
dated() {
    local at=$STACK/pki/$1 ca=$STACK/pki/servers.ca
    {
        cat "$ca/config"
        printf '%s\n' "new_certs_dir=$ca" rand_serial=yes unique_subject=no policy=p '[p]' commonName=supplied
    } > "$at.config"
    signed servers "$1" 1 subjectAltName=DNS:localhost,IP:127.0.0.1 extendedKeyUsage=serverAuth &&
        openssl ca -batch -notext -config "$at.config" -cert "$STACK/pki/servers.pem" -keyfile "$STACK/pki/servers.key" \
            -startdate "$(date -ud "$2" +%Y%m%d000000Z)" -enddate "$(date -ud "$3" +%Y%m%d000000Z)" \
            -extfile "$at.ext" -in "$at.csr" -out "$at.pem"
}

@test "a certificate that no client takes today does not come in the place of one that they take" {
    local failed name from to words
    while read -r name from to words; do
        [ -n "$name" ] || continue
        failed=$(metric certlookup_reload_failures_total)
        dated "$name" "$from" "$to" > "$BATS_TEST_TMPDIR/signed" 2>&1
        show "$name"
        process_signal gateway HUP
        wait_until 20 metric_reaches certlookup_reload_failures_total $((failed + 1)) gateway
        grep -qF "certlookupd.conf: tls.certificate-file: no client takes the certificate, which $words" "$STACK/gateway/log"
        by_tls /healthz
        equal "the one before is shown" 200 "$code"
        run -0 --separate-stderr "$BUILD/certlookupd" -t -c "$STACK/gateway/certlookupd.conf"
        grep -qF "certlookupd.conf: warning: tls.certificate-file: no client takes the certificate, which $words" <<< "$stderr"
    done <<< "
past   -9days -1days has expired: it holds from $(date -ud '-9 days' +%F)T00:00:00Z to $(date -ud '-1 days' +%F)
future 2days  9days  is not valid yet: it holds from $(date -ud '2 days' +%F)T00:00:00Z to $(date -ud '9 days' +%F)"
    show renewed
    reload
    run -0 --separate-stderr "$BUILD/certlookupd" -t -c "$STACK/gateway/certlookupd.conf"
    equal "and of a good one nothing is said" '' "$stderr"
}

@test "required: without one that verifies there is no handshake" {
    local before
    before=$(metric 'certlookup_http_refused_total{door="tls"}')
    echo require > "$STACK/clients-word"
    tls_config gateway "$(server_port gateway)" > "$STACK/gateway/certlookupd.conf"
    reload
    as mx1 "$(certificate_path)"
    equal mx1 200 "$code"
    run ! by_tls /healthz
    for name in mx1+old mx1+server mx1+revoked mx1+stranger; do
        run ! as "$name" /healthz
    done
    as unheard /healthz
    equal "a name without a line gets in" 200 "$code"
    equal refused 4 "$(($(metric 'certlookup_http_refused_total{door="tls"}') - before))"
}

config_again() {
    tls_config gateway "$(server_port gateway)" > "$STACK/gateway/certlookupd.conf"
    reload
}

# Where no token is needed it is all that stands between.
@test "required: who is revoked is refused on a connection that is open, whatever needs no token" {
    echo all > "$STACK/open-to"
    config_again
    held_by unheard
    request /healthz >&6
    wait_until 20 have 200
    request >&6
    wait_until 20 have '200 200'
    revoke clients unheard > "$BATS_TEST_TMPDIR/revoked" 2>&1
    reload
    request /healthz >&6
    wait_until 20 have '200 200 403'
    exec 6>&-
    grep -qa 'wants a client certificate that counts, and of the one that was shown: it has been revoked' "$answers"
}

@test "to take TLS away needs a restart, and until then it goes on" {
    local before
    sed 's/^tls = .*//; /^ *key-file/d; /^ *client/d; s/, "https:[^]]*/ /' "$STACK/gateway/certlookupd.conf" > "$STACK/without"
    before=$(metric certlookup_reloads_total)
    sed 's/mx1.*//; /certificate/d' "$STACK/tokens" > "$STACK/tokens.new" && cp "$STACK/tokens.new" "$STACK/tokens"
    cp "$STACK/without" "$STACK/gateway/certlookupd.conf"
    process_signal gateway HUP
    told() { grep -q 'a listener speaks TLS still, until the restart' "$STACK/gateway/log"; }
    wait_until 20 told
    as mx1 /healthz
    equal "a new connection" 200 "$code"
}
