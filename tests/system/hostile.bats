#!/usr/bin/env bats
# What nobody sends who means well: addresses, framing, and questions that are not for everybody.

bats_require_minimum_version 1.5.0
load stack
load crowd

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    gateway_start gateway brief_config
    echo "0123456789abcdef-token" > "$STACK/token" && chmod 600 "$STACK/token"
    gateway_start open open_config
}

teardown_file() {
    stack_end
}

# Whoever does not come to the point is shown the door soon.
brief_config() {
    gateway_config "$@"
    echo 'http = { idle-timeout = "4s"; };'
}

# Listens to others than this machine, too.
open_config() {
    gateway_config "$@" | sed 's/^listen = .*/listen = [ "0.0.0.0:'"$2"'" ];/'
    echo "http = { open-to = \"all\"; token-file = $(config_string "$STACK/token"); };"
}

# raw OCTETS: sends them (as printf's %b reads them), reads to the end, which must come; sets `code` of the first
# answer, and leaves all that came in the file `body`. Nothing comes between us and the socket.
raw() {
    local status=0 port
    body=$BATS_TEST_TMPDIR/raw
    printf '%b' "$1" > "$body.sent"
    read -r port < "$STACK/gateway/port"
    exec 5<> "/dev/tcp/127.0.0.1/$port"
    cat "$body.sent" >&5 2> /dev/null || true # in one piece, unless it is refused before its end
    timeout 40 cat <&5 > "$body" 2> /dev/null || status=$?
    exec 5>&-
    code=
    read -r _ code _ < "$body" || true
    [ $status -ne 124 ] || say_failed "the connection stays open after $1"
}

# Whatever came is a refusal. (libmicrohttpd 0.9.75 begins some of its own twice.)
only_refused() {
    ! grep -aE '^HTTP/1\.1 [^4]' "$body" || say_failed "something else than a refusal came, too"
}

# No answer at all, to a NUL in the request line: libmicrohttpd 1.0 just hangs up.
hung_up_on_nul() { # PATH
    [[ $1 == *'\0'* && ! -s $body ]]
}

ask_raw() {
    raw "GET $1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
}

repeated() {
    printf "%$2s" '' | sed "s/ /$1/g"
}

# As it stands in the path, for printf's %b: \0 is NUL, \\ a backslash.
hostile_addresses() {
    cat << 'ADDRESSES'
*
*@example.org
*@*
**********@example.org
%2A@example.org
%2a%40example.org
)(uid=*
%29%28uid%3D%2A
*)(uid=*))(|(uid=*
a)(|(mail=*@example.org
*)(objectClass=*)@example.org
%2A%29%28objectClass%3D%2A%29%40example.org
&(mail=*)
%26%28mail%3D%2A%29
|(mail=*)
!(mail=a@example.org)
%28%7C%28mail%3D%2A%29%29
alice@example.org)(userPassword=*
alice%40example.org%29%28userPassword%3D%2A
alice@example.org))%00
(a)@example.org
%28a%29@example.org
a=b~=c>=d<=e@example.org
\\2a@example.org
%5C2a@example.org
%5c%32%61@example.org
%5C@example.org
a%5C29@example.org
%00
a%00b@example.org
alice%00@example.org
alice@example.org%00
alice@example.org%00.evil.example
a\0b@example.org
\0
%0d%0aX-Injected:%20yes@example.org
alice@example.org%0d%0aSet-Cookie:%20a=b
alice%0a@example.org
alice%0d@example.org
a\r\nX-Injected: yes\r\n\r\n@example.org
a\nb@example.org
a\tb@example.org
a%09b@example.org
%1b%5b31m@example.org
%7f@example.org
..
.
../../etc/passwd
..%2f..%2f..%2fetc%2fpasswd
%2e%2e%2f%2e%2e%2fetc%2fpasswd
..%5c..%5cwindows
alice@example.org/../bob@example.org
alice%2F..%2Fbob@example.org
%2F
%2f%2f@example.org
/
//alice@example.org
%252F@example.org
%252A@example.org
%2500@example.org
%ff%fe@example.org
\xff\xfe@example.org
%c0%af@example.org
%c0%aa@example.org
%e0%80%aa@example.org
%ed%a0%80@example.org
%f5%80%80%80@example.org
%c3@example.org
alice@%ff.org
"
%22
%22nobody%22@example.org
%22*%22@example.org
%22a%20b%22@example.org
'%20OR%20'1'='1
'; DROP TABLE recipients; --
alice"@example.org
<alice@example.org>
%3Calice@example.org%3E
<script>alert(1)</script>@example.org
alice@
@example.org
@
%20
 
alice
alice@@example.org
alice@bob@example.org
alice@example..org
alice@.example.org
alice@-example.org
alice@example.org%20
%20alice@example.org
alice..bob@example.org
.alice@example.org
alice@example_org
alice@[127.0.0.1]
alice@[IPv6:::1]
alice@127.0.0.1
alice@localhost
alice@xn--a.example.org
alice@xn--.org
%F0%9F%98%80@example.org
alice@%F0%9F%98%80.org
alice%E2%80%AE@example.org
%E2%80%AEgro.elpmaxe@ecila
alice%E2%80%8B@example.org
alice@exam%E2%80%A4ple.org
alice@example%E3%80%82org%00
alice@example.org%E2%80%A8
%EF%BC%8A@example.org
%D9%85%D8%B1%D8%AD%D8%A8%D8%A7@example.org
%
%4
%zz
%u002a@example.org
alice%@example.org
#
alice@example.org%23
alice#@example.org
alice;x@example.org
alice,bob@example.org
alice@example.org,bob@example.org
alice%2C@example.org
uid=alice,dc=example,dc=org
mailto:alice@example.org
${jndi:ldap://127.0.0.1/a}@example.org
%m@example.org
%25m@example.org
{address}@example.org
ADDRESSES
    echo "$(repeated a 65)@example.org"
    echo "a@$(repeated b 64).example.org"
    echo "a@$(repeated b. 130)org"
    echo "$(repeated a 300)@example.org"
    echo "$(repeated %2A 300)@example.org"
    echo "$(repeated a 3000)@example.org"
    echo "$(repeated a 5000)@example.org"
    repeated '(' 2000
}

@test "hostile addresses: each is 400 or 404, by either route, and says why" {
    local address path count=0
    while IFS= read -r address; do
        for path in '' /certificate '?explain=1'; do
            ask_raw "/v1/recipients/$address$path"
            case $code in
            400 | 404) ;;
            *) hung_up_on_nul "$address" || say_failed "\"$address\"$path: got \"$code\"" ;;
            esac
            only_refused
            ! grep -aiE '^(x-injected|set-cookie)' "$body" || say_failed "\"$address\"$path: wrote a header field"
        done
        count=$((count + 1))
    done < <(hostile_addresses)
    echo "# $count addresses" >&3
    [ $count -ge 30 ]
    equal "5xx" 0 "$(metric 'certlookup_http_responses_total{class="5xx"}')"
    equal "found" 0 "$(metric 'certlookup_outcomes_total{outcome="found"}')"
}

@test "an address that is cut off by a NUL is not the one before it" {
    local address path
    address=$(first_of rsa)
    for path in "$address\\0" "$address\\0.evil.example" "$address\\0/certificate" "$address/certificate\\0" \
        "$address?format=json\\0" "$address%00" "$address%00.evil.example"; do
        ask_raw "/v1/recipients/$path"
        hung_up_on_nul "$path" || equal "$path" 400 "$code"
    done
}

@test "slapd saw nothing but equality with an escaped value" {
    local strict filters=$BATS_TEST_TMPDIR/filters
    # slapd writes what it parsed (RFC 4515 3): what stands for itself, and \XX for all else. "?" where mail, which is
    # ASCII, cannot have the value.
    strict='^\(\??mail=([ !-'"'"'+-[]|]|[\^-~]|[\x80-\xff]|\\[0-9A-Fa-f]{2})+\)$'
    slapd_filters ldap > "$filters"
    echo "# $(wc -l < "$filters") searches, of $(sort -u "$filters" | wc -l) filters" >&3
    [ "$(wc -l < "$filters")" -ge 10 ]
    LC_ALL=C run ! grep -avP "$strict" "$filters"
    # And nothing else that would read or write.
    run ! grep -qE ' (ADD|MOD|DEL|MODRDN|CMP|PASSMOD|EXT oid=[^1]) ' "$STACK/ldap/log"
    # The control of this test: a wildcard that is none, and an asterisk that is one, look different.
    LC_ALL=C run ! grep -qaP "$strict" <<< '(mail=*@example.org)'
    LC_ALL=C run ! grep -qaP "$strict" <<< '(|(mail=a)(uid=b))'
    LC_ALL=C grep -qaP "$strict" <<< '(mail=\2A@example.org)'
}

@test "what was asked cannot write lines of its own into the log" {
    run ! grep -avE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z [a-z]+ ' "$STACK/gateway/log"
    run ! grep -qaP '[\x00-\x08\x0b-\x1f\x7f]' "$STACK/gateway/log"
}

@test "a target beyond all measure is refused, with whatever words there is room for" {
    local size
    for size in 4200 9000; do
        ask_raw "/v1/recipients/a@example.org?x=$(repeated a $size)"
        equal "$size octets: status" 400 "$code"
    done
    for size in 20000 200000; do
        raw "GET /$(repeated a $size) HTTP/1.1\r\nHost: localhost\r\n\r\n"
        case $code in
        400 | 414 | 431 | '') ;; # the kernel may drop the answer, when it closes on what was not read
        *) say_failed "$size octets: $code" ;;
        esac
    done
    get "$(gateway_url gateway)/healthz"
    equal "status" 200 "$code"
}

@test "hostile queries" {
    local query want address
    address=$(first_of rsa)
    while read -r want query; do
        ask_raw "/v1/recipients/$address/certificate?${query/HUNDRED/"$(repeated 'a=1\&' 100)"}"
        equal "$query" "$want" "$code"
    done << 'QUERIES'
200 explain=1
200 explain=0&format=pem
200 format=%70em
200 explain=1&
400 unknown=1&unknown=2
400 format=pem&=1
400 explain=0&explain%20=1
400 explain=%00
400 explain=%ff
400 explain=2
400 explain=
400 explain
400 explain=1&explain=1
400 explain=1&explain=0
400 format=../../etc/passwd
400 format=%00
400 format=
400 format=PEM
400 format=text
400 format=pem&format=pem
400 format=pem&format=der
400 explain=2&format=pem
400 %=1
400 %zz=1
400 a=%f
400 HUNDRED
QUERIES
    ask_raw "/v1/recipients/$address?format=pem"
    equal "a format that this resource does not have" 406 "$code"
}

@test "requests whose length is in doubt: 400, and the connection is closed" {
    local head="POST /v1/recipients/a@example.org HTTP/1.1\r\nHost: localhost\r\n"
    local second="GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    local fields
    while IFS= read -r fields; do
        raw "$head$fields\r\n\r\n0\r\n\r\n$second$second"
        equal "$fields: status" 400 "$code"
        only_refused
    done << 'FIELDS'
Content-Length: 5\r\nContent-Length: 6
Content-Length: 5\r\nContent-Length: 5
Content-Length: 5, 6
Content-Length: 5, 5
Content-Length: 5\r\nTransfer-Encoding: chunked
Transfer-Encoding: chunked\r\nContent-Length: 5
Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked
Transfer-Encoding: chunked, identity
Transfer-Encoding: xchunked
Transfer-Encoding : chunked
Content-Length : 5
Content-Length: +5
Content-Length: -5
Content-Length: 0x5
Content-Length: 5 5
Content-Length:
content-length: 5\r\ntransfer-encoding: CHUNKED
FIELDS
}

@test "hosts in doubt, likewise" {
    local fields
    while IFS= read -r fields; do
        raw "GET /healthz HTTP/1.1\r\n$fields\r\n\r\n"
        equal "$fields: status" 400 "$code"
        only_refused
    done << 'FIELDS'
Accept: */*
Host: a\r\nHost: b
Host: a/b
Host: a b
Host: a,b
FIELDS
}

@test "what is no HTTP at all gets an end" {
    local octets
    for octets in '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n' '\0\0\0\0\r\n\r\n' \
        'GET /healthz HTTP/1.1\r\nHost: a\r\n' 'GET\r\n\r\n' 'GET /\r\n\r\n' 'GET / HTTP/9.9\r\n\r\n' \
        '\r\n\r\n\r\n\r\nnothing\r\n\r\n' \
        '0\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00\r\n\r\n'; do
        raw "$octets"
        case $code in # nothing at all, when the time is up
        400 | 505 | '') ;;
        *) say_failed "$octets: $code" ;;
        esac
    done
    get "$(gateway_url gateway)/healthz"
    equal "status" 200 "$code"
}

# Every way to ask for what is not for everybody; "$@": how. `as`: the status that is due.
refused_for_others() {
    local path
    for path in /metrics "/v1/recipients/nobody@example.org?explain=1" \
        "/v1/recipients/nobody@example.org/certificate?explain=true"; do
        get "$base$path" "$@"
        equal "$path $*: status" "${as:-401}" "$code"
        run ! grep -q certlookup_ "$body"
    done
}

@test "metrics and explain are for this machine: not through a proxy" {
    base=$(gateway_url open)
    refused_for_others -H 'X-Forwarded-For: 127.0.0.1'
    refused_for_others -H 'Forwarded: for=127.0.0.1'
    refused_for_others -H 'X-Real-IP: 127.0.0.1'
    get "$base/metrics"
    equal "status" 200 "$code"
    get "$base/v1/recipients/nobody@example.org?explain=1"
    equal "status" 404 "$code"
    equal "explained" answered "$(json result)"
}

@test "metrics and explain are for this machine: not from elsewhere, but with the token" {
    local address token
    token=$(cat "$STACK/token")
    # Where there is no other interface, a proxy has to do for it.
    for address in $(hostname -I) proxy; do
        case $address in
        proxy) elsewhere=(-H 'X-Forwarded-For: 192.0.2.1') address=127.0.0.1 ;;
        *:*) continue ;;
        *) elsewhere=() ;;
        esac
        base=http://$address:$(server_port open)
        refused_for_others "${elsewhere[@]}"
        refused_for_others "${elsewhere[@]}" -H "Authorization: Bearer ${token}x"
        refused_for_others "${elsewhere[@]}" -H "Authorization: Bearer ${token%n}"
        as=400 refused_for_others "${elsewhere[@]}" -H "Authorization: Bearer "
        refused_for_others "${elsewhere[@]}" -H "Authorization: Basic $token"
        as=400 refused_for_others "${elsewhere[@]}" -H "Authorization: Bearer $token" -H "Authorization: Bearer $token"
        get "$base/metrics" "${elsewhere[@]}" -H "Authorization: Bearer $token"
        equal "status" 200 "$code"
        get "$base/v1/recipients/nobody@example.org" "${elsewhere[@]}"
        equal "status" 404 "$code"
    done
}
