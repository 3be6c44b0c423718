#!/usr/bin/env bats
# A certificate store by HTTP (RFC 4387): each attribute as openssl has it, in every spelling of clients; several results;
# and what is no search.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    slapd_start ldap
    "$BUILD/certlookupd" --new-token mail > "$STACK/token.mail"
    sed -n 's/^line:  //p' "$STACK/token.mail" > "$STACK/tokens"
    chmod 600 "$STACK/tokens"
    gateway_start gateway search_config
}

teardown_file() {
    process_signal ldap CONT || true # which a test may have left stopped
    stack_end
}

search_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap 'timeout = "1s";')"
    config_trust
    cat << CONF
http = { tokens-file = $(config_string "$STACK/tokens"); };
limits = { none = 6; none-burst = 3; lookups = 60; lookups-burst = 40; };
CONF
}

# search QUERY [OPTION…]: as get does; QUERY as it goes over the wire.
search() {
    get "$(gateway_url "${GATEWAY:-gateway}")${STORE-/certificates}/search.cgi?$1" "${@:2}"
}

is() { # STATUS
    equal "status of $(head -c 300 "$body" | tr -d '\0')" "$1" "$code"
}

# der ADDRESS FILE: the best certificate, by the other interface, which also has it in memory then.
der() {
    get "$(recipient_url "$1")/certificate"
    is 200
    cp "$body" "$2"
}

base64_of() { # of the SHA-1 of what comes in
    openssl dgst -sha1 -binary | base64 | tr -d '=\n'
}

# element FILE N: the Nth element of the certificate's TBSCertificate, as it stands there: 2 serial number, 4 issuer,
# 6 subject.
element() {
    openssl asn1parse -inform DER -in "$1" | sed -n 's/^ *\([0-9]*\):d=2 *hl= *\([0-9]*\) *l= *\([0-9]*\).*/\1 \2 \3/p' |
        sed -n "$2p" | { read -r at head length && tail -c +$((at + 1)) "$1" | head -c $((head + length)); }
}

octet() {
    # shellcheck disable=SC2059 # it is one
    printf "\\x$(printf %02x "$1")"
}

issuer_and_serial() {
    local size
    size=$({ element "$1" 4 && element "$1" 2; } | wc -c)
    octet $((0x30))
    [ "$size" -lt 128 ] || octet $((0x81))
    octet "$size"
    element "$1" 4
    element "$1" 2
}

key_identifier() {
    local hex
    hex=$(openssl x509 -inform DER -in "$1" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :')
    # shellcheck disable=SC2059,SC2001
    printf "$(sed 's/../\\x&/g' <<< "$hex")"
}

# hash_of ATTRIBUTE FILE: 27 characters.
hash_of() {
    case $1 in
    certHash) base64_of < "$2" ;;
    iHash) element "$2" 4 | base64_of ;;
    iAndSHash) issuer_and_serial "$2" | base64_of ;;
    sHash) element "$2" 6 | base64_of ;;
    sKIDHash) key_identifier "$2" | base64_of ;;
    esac
}

common_name() { # FILE
    openssl x509 -inform DER -in "$1" -noout -subject -nameopt multiline,utf8,-esc_msb | sed -n 's/^ *commonName *= //p'
}

# parts: the parts of the multipart body, in files part.1, part.2, … beside it; says how many.
parts() {
    rm -f "$BATS_TEST_TMPDIR"/part.*
    node -e '
        const fs = require("fs"), [body, type, out, each] = process.argv.slice(1);
        const boundary = /^multipart\/mixed; boundary=([A-Za-z0-9-]{1,70})$/.exec(type)[1];
        let left = Buffer.concat([Buffer.from("\r\n"), fs.readFileSync(body)]), count = 0;
        const line = Buffer.from("\r\n--" + boundary), head = Buffer.from("\r\nContent-Type: " + each + "\r\n\r\n");
        if (left.indexOf(line) !== 0) throw "something stands before the first part";
        left = left.subarray(line.length);
        while (!left.equals(Buffer.from("--\r\n"))) {
            if (!left.subarray(0, head.length).equals(head)) throw "a part begins otherwise";
            const end = left.indexOf(line);
            if (end < 0) throw "the last part does not end";
            fs.writeFileSync(out + "/part." + ++count, left.subarray(head.length, end));
            left = left.subarray(end + line.length);
        }
        console.log(count);' "$body" "$(header content-type)" "$BATS_TEST_TMPDIR" application/pkix-cert
}

# holds FILE: the answer is this certificate, or it is among several.
holds() {
    local part
    is 200
    if [ "$(header content-type)" = application/pkix-cert ]; then
        cmp "$body" "$1"
        return
    fi
    parts > /dev/null
    for part in "$BATS_TEST_TMPDIR"/part.*; do
        openssl x509 -inform DER -in "$part" -noout -subject > /dev/null
        ! cmp -s "$part" "$1" || return 0
    done
    say_failed "it is none of them"
}

@test "each hash finds the certificate, in every spelling: %2B, a raw +, with = and without" {
    local file=$BATS_TEST_TMPDIR/der address attribute hash form plus=0
    for address in "$(first_of rsa)" "$(first_of ec-p256)" $(people_of rsa | sed -n 2,4p); do
        der "$address" "$file"
        for attribute in certHash iHash iAndSHash sHash sKIDHash; do
            hash=$(hash_of $attribute "$file")
            equal "length of $attribute" 27 ${#hash}
            [[ $hash != *+* ]] || plus=$((plus + 1))
            for form in "$(encoded "$hash")" "$(encoded "$hash=")" "$hash" "$hash=" "${hash//+/%20}"; do
                search "$attribute=$form"
                holds "$file" || say_failed "$attribute=$form of $address"
            done
            [ $attribute = iHash ] || equal "one, as it is" application/pkix-cert "$(header content-type)"
        done
    done
    echo "# $plus hashes with a +" >&3
    [ "$plus" -ge 1 ] # each has about one chance in three
}

@test "uri and email: all usable certificates of an address, best first; mailto: or not, in any case" {
    local address file=$BATS_TEST_TMPDIR/der query part
    address=$(first_of rsa)
    der "$address" "$file"
    for query in "uri=$address" "email=$address" "uri=mailto:$address" "email=MAILTO:$(encoded "$address")" \
        "uri=${address^^}"; do
        search "$query"
        is 200
        cmp "$body" "$file"
        equal type application/pkix-cert "$(header content-type)"
        equal length "$(wc -c < "$file")" "$(header content-length)"
        equal cache no-cache "$(header cache-control)"
        equal coding '' "$(header content-encoding)$(header transfer-encoding)"
    done
    address=$(first_of two-good)
    der "$address" "$file"
    search "email=$address"
    is 200
    equal length "$(wc -c < "$body")" "$(header content-length)"
    equal coding '' "$(header content-encoding)$(header transfer-encoding)"
    equal parts 2 "$(parts)"
    cmp "$BATS_TEST_TMPDIR/part.1" "$file"
    for part in 1 2; do
        openssl x509 -inform DER -in "$BATS_TEST_TMPDIR/part.$part" -noout -checkend 0
        openssl x509 -inform DER -in "$BATS_TEST_TMPDIR/part.$part" -noout -email | grep -qFx "$address"
    done
    run ! cmp -s "$BATS_TEST_TMPDIR/part.1" "$BATS_TEST_TMPDIR/part.2"
    # By hash they are two.
    for part in 1 2; do
        search "certHash=$(encoded "$(hash_of certHash "$BATS_TEST_TMPDIR/part.$part")")"
        cp "$body" "$BATS_TEST_TMPDIR/again.$part"
        is 200
    done
    search "email=$address"
    parts > /dev/null
    cmp "$BATS_TEST_TMPDIR/part.1" "$BATS_TEST_TMPDIR/again.1"
    cmp "$BATS_TEST_TMPDIR/part.2" "$BATS_TEST_TMPDIR/again.2"
}

@test "a part can be encrypted to" {
    local address
    address=$(first_of two-good)
    search "email=$address"
    parts > /dev/null
    sealed_for "$BATS_TEST_TMPDIR/part.1" "$(find "$PEOPLE/keys" -name "$address*.pem" | sort | tail -n 1)" ||
        sealed_for "$BATS_TEST_TMPDIR/part.1" "$(find "$PEOPLE/keys" -name "$address*.pem" | sort | head -n 1)"
}

@test "issuers of whom there is are found, the anchor too; by iHash those whom they certify" {
    local file=$BATS_TEST_TMPDIR/der issuer=$BATS_TEST_TMPDIR/issuer attribute name
    der "$(first_of rsa)" "$file"
    for name in issuing-ca root; do
        openssl x509 -in "$(find "$PEOPLE/intermediates" "$PEOPLE/anchors" -name "$name.*")" -outform DER -out "$issuer"
        for attribute in certHash sHash sKIDHash; do
            search "$attribute=$(encoded "$(hash_of $attribute "$issuer")")"
            is 200
            cmp "$body" "$issuer" # once, whoever has it in his chain
        done
    done
    equal "the issuer's" "$(element "$file" 4 | base64_of)" \
        "$(openssl x509 -in "$PEOPLE"/intermediates/issuing-ca.* -outform DER -out "$issuer" && hash_of sHash "$issuer")"
    search "iHash=$(encoded "$(hash_of iHash "$file")")"
    holds "$file"
    [ "$(parts)" -ge 2 ]
    [ "$(parts)" -le 16 ]
}

@test "no more than 16 come, though more match" {
    local address file=$BATS_TEST_TMPDIR/der
    for address in $(people_of rsa | head -n 30); do
        der "$address" "$file"
    done
    search "iHash=$(encoded "$(hash_of iHash "$file")")"
    is 200
    [ "$(parts)" -ge 8 ] # where they stand in a table of hashes is chance
    [ "$(parts)" -le 16 ]
    holds "$file"
}

@test "a name is asked of the directories, in any case; none of it is a wildcard" {
    local address file=$BATS_TEST_TMPDIR/der name
    address=$(first_of pair)
    GATEWAY=named
    gateway_start named search_config # which has looked nobody up
    search "name=Carol%20Clark"
    is 200
    cp "$body" "$file"
    openssl x509 -inform DER -in "$file" -noout -email | grep -qFx "$address"
    equal name "Carol Clark" "$(common_name "$file")"
    for name in carol+clark CAROL%20%20CLARK '%20Carol+Clark%20'; do
        search "name=$name"
        is 200
        cmp "$body" "$file"
    done
    slapd_filters ldap | grep -qF '(cn=carol clark)' # as slapd writes it down
    for name in '*' 'Carol*' '%2A' 'Carol%20Clark)(mail=*' '%5C2a' 'Nobody%20Ever'; do
        search "name=$name" -H "Authorization: Bearer $(sed -n 's/^token: //p' "$STACK/token.mail")"
        is 404
        equal type application/problem+json "$(header content-type)"
    done
    slapd_filters ldap | grep -qF '(cn=\2A)'
    run ! grep -qF '(cn=*)' <(slapd_filters ldap)
    # Who has been looked up is found though no directory can be asked.
    process_signal ldap STOP
    search "name=Carol%20Clark"
    process_signal ldap CONT
    is 200
    cmp "$body" "$file"
    process_stop named
}

# asked_at_once URL COUNT: so many requests that wait at the same time; prints each status and the digest of what came.
asked_at_once() {
    local i
    for ((i = 0; i < $2; i++)); do
        {
            curl -s -o "$BATS_TEST_TMPDIR/at-once.$i" -w '%{http_code} ' "$1"
            sha256sum < "$BATS_TEST_TMPDIR/at-once.$i"
        } > "$BATS_TEST_TMPDIR/said.$i" &
    done
    "${@:3}"
    wait
    cat "$BATS_TEST_TMPDIR"/said.*
}

let_go_on() { # once all of them wait
    all_wait() {
        [ "$(metric certlookup_waiting_requests "$(gateway_url crowd)")" -eq 24 ]
    }
    wait_until 10 all_wait
    process_signal ldap CONT
}

@test "who asks for the same name at the same time shares one search, and gets the same" {
    local file=$BATS_TEST_TMPDIR/der said searches
    gateway_start crowd crowd_config
    export GATEWAY=crowd
    search "name=Carol%20Clark"
    is 200
    cp "$body" "$file"
    searches=$(slapd_searches ldap '(cn=carol clark)') # as slapd writes it down
    process_signal ldap STOP
    said=$(asked_at_once "$(gateway_url crowd)/certificates/search.cgi?name=CAROL+clark" 24 let_go_on)
    equal "what all got" "24 200 $(sha256sum < "$file")" "$(sort <<< "$said" | uniq -c | sed 's/^ *//')"
    equal "searches for it" $((searches + 1)) "$(slapd_searches ldap '(cn=carol clark)')"
    process_stop crowd
}

crowd_config() { # whom a stopped directory does not keep from an answer
    search_config "$@" | sed 's/timeout = "1s"/timeout = "20s"/'
    echo 'lookup = { deadline = "20s"; };'
}

@test "of too many addresses in one entry nobody is told that there is none" {
    {
        printf 'dn: uid=crowded,ou=people,%s\nchangetype: add\nobjectClass: inetOrgPerson\n' "$BASE_DN"
        printf 'cn: Crowded Entry\nsn: Entry\n'
        printf 'mail: crowded%s@example.org\n' 1 2 3 4 5 6 7 8
    } | slapd_modify ldap
    search "name=Crowded%20Entry"
    is 404
    printf 'dn: uid=crowded,ou=people,%s\nchangetype: modify\nadd: mail\nmail: crowded9@example.org\n' "$BASE_DN" |
        slapd_modify ldap
    search "name=Crowded%20Entry"
    is 503
    equal reason directory_limit "$(json reason)"
    [ "$(metric 'certlookup_limit_reached_total{limit="values"}')" -ge 1 ]
}

@test "revoked, expired, unknown people give nothing by any attribute; and are 404" {
    local kind address attribute
    for kind in revoked expired wrong-usage; do
        address=$(first_of $kind)
        search "email=$address"
        is 404
        equal type application/problem+json "$(header content-type)"
        equal reason "$(awk -F '\t' -v kind=$kind '$1 == kind { print $3 }' "$PEOPLE/kinds.tsv")" "$(json reason)"
        rm -rf "$BATS_TEST_TMPDIR/values"
        slapd_values ldap "$address" "$BATS_TEST_TMPDIR/values"
        for attribute in certHash iAndSHash sHash; do
            search "$attribute=$(encoded "$(hash_of $attribute "$BATS_TEST_TMPDIR/values/1.userCertificate")")"
            is 404
        done
    done
    search "email=nobody@example.org"
    is 404
    equal reason no_entry "$(json reason)"
    search "certHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA"
    is 404
    search "name=Mallory%20Marsh"
    is 404
}

@test "whom nobody looked up is not found by hash" {
    local file=$BATS_TEST_TMPDIR/der
    der "$(first_of rsa)" "$file"
    gateway_start empty search_config
    GATEWAY=empty search "certHash=$(encoded "$(hash_of certHash "$file")")"
    is 404
    GATEWAY=empty search "email=$(first_of rsa)"
    is 200
    GATEWAY=empty search "certHash=$(encoded "$(hash_of certHash "$file")")"
    is 200
    cmp "$body" "$file"
    process_stop empty
}

@test "unknown extras are ignored, wherever they stand" {
    local address file=$BATS_TEST_TMPDIR/der
    address=$(first_of rsa)
    der "$address" "$file"
    for query in "x=1&email=$address" "email=$address&format=pem&x" "delta&email=$address&Email=other&EMAIL=x" \
        "email=$address&certhash=$(hash_of certHash "$file")"; do
        search "$query"
        is 200
        cmp "$body" "$file"
    done
}

@test "what is no search is refused: 400" {
    local query hash=AAAAAAAAAAAAAAAAAAAAAAAAAAA
    while IFS= read -r query; do
        search "$query"
        equal "$query" 400 "$code"
        equal type application/problem+json "$(header content-type)"
    done << QUERIES

x=1
certhash=$hash
email
email=
email=nobody
uri=https://example.org/
uri=mailto:
email=a@example.org&email=a@example.org
email=a@example.org&uri=a@example.org
certHash=$hash&certHash=$hash
certHash=$hash&sHash=$hash
certHash=
certHash=A
certHash=${hash%A}
certHash=${hash}A
certHash=$hash==
certHash=$hash=A
certHash==$hash
certHash=${hash%A}B
certHash=${hash%AA}-A
certHash=${hash%AA}_A
certHash=${hash%AA}*A
certHash=${hash%AA}=A
certHash=${hash%AA}%0AA
certHash=${hash%AA}%00A
certHash=${hash%AA}%C3%A4
certHash=$hash%00
certHash=${hash%AA}%
certHash=$(printf 'A%.0s' {1..3000})
iHash=da39a3ee5e6b4b0d3255bfef95601890afd80709
name=
name=%20
name=a%00b
name=%ff
name=$(printf 'a%.0s' {1..257})
QUERIES
}

@test "HEAD, OPTIONS, ETag and If-None-Match" {
    local query etag
    for query in "email=$(first_of rsa)" "email=$(first_of two-good)"; do
        search "$query"
        is 200
        etag=$(header etag)
        [[ $etag == '"'*'"' ]]
        length=$(header content-length)
        search "$query" --head
        is 200
        equal tag "$etag" "$(header etag)"
        equal length "$length" "$(header content-length)"
        search "$query" -H "If-None-Match: $etag"
        is 304
        equal "length of what it would be" "$length" "$(header content-length)"
        equal tag "$etag" "$(header etag)"
        equal body '' "$(cat "$body")"
        search "$query" -H 'If-None-Match: "another"'
        is 200
    done
    search "email=a@example.org" -X POST -H 'Content-Length: 0'
    is 405
    search '' -X OPTIONS
    is 204
}

@test "/search.cgi is a store of certificates, or of CRLs where the host says so" {
    local address file=$BATS_TEST_TMPDIR/der hash host
    address=$(first_of rsa)
    der "$address" "$file"
    hash=$(hash_of iHash "$file")
    for host in certificates.example.org localhost CERTIFICATES.example.org:80; do
        STORE='' search "email=$address" -H "Host: $host"
        is 200
        cmp "$body" "$file"
    done
    for host in crls.example.org CRLs.example.org:8080; do
        STORE='' search "iHash=$(encoded "$hash")" -H "Host: $host"
        is 200
        equal type application/pkix-crl "$(header content-type)"
        STORE='' search "email=$address" -H "Host: $host"
        is 400
    done
}

@test "CRLs that were verified, by iHash and sKIDHash" {
    local name issuer=$BATS_TEST_TMPDIR/issuer crl=$BATS_TEST_TMPDIR/crl query
    for name in issuing-ca issuing-ca-ec root; do
        openssl x509 -in "$(find "$PEOPLE/intermediates" "$PEOPLE/anchors" -name "$name.*")" -outform DER -out "$issuer"
        openssl crl -in "$PEOPLE/crls/$name.crl" -outform DER -out "$crl" 2> /dev/null ||
            openssl crl -inform DER -in "$PEOPLE/crls/$name.crl" -outform DER -out "$crl"
        for query in "iHash=$(encoded "$(hash_of sHash "$issuer")")" "sKIDHash=$(hash_of sKIDHash "$issuer")="; do
            STORE=/crls search "$query"
            is 200
            cmp "$body" "$crl"
            equal type application/pkix-crl "$(header content-type)"
            equal cache no-cache "$(header cache-control)"
            openssl crl -inform DER -in "$body" -noout -issuer > /dev/null
            STORE=/crls search "$query" -H "If-None-Match: $(header etag)"
            is 304
        done
    done
    STORE=/crls search "iHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA"
    is 404
    for query in certHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA email=a@example.org '' iHash=A; do
        STORE=/crls search "$query"
        is 400
    done
}

@test "who may ask, and how much: CRLs everybody, certificates as everywhere" {
    local token proxied=(-H 'X-Forwarded-For: 192.0.2.1') i address
    token=(-H "Authorization: Bearer $(sed -n 's/^token: //p' "$STACK/token.mail")")
    address=$(first_of rsa)
    gateway_start open open_config
    export GATEWAY=open
    for i in 1 2 3; do # those that may be in vain
        search "email=nobody$i@example.org" "${proxied[@]}"
        is 404
    done
    for i in "email=nobody4@example.org" "email=$address" "certHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA" "name=Nobody"; do
        search "$i" "${proxied[@]}"
        is 429
        [ "$(header retry-after)" -ge 1 ]
    done
    search "email=$address" "${proxied[@]}" "${token[@]}"
    is 200
    search "iHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA" "${proxied[@]}" "${token[@]}"
    is 403 # whose certificates are in memory is for who may see metrics
    process_stop open
    gateway_start closed closed_config
    GATEWAY=closed
    search "email=$address"
    is 401
    search "email=$address" "${token[@]}"
    is 200
    STORE='' search "email=$address"
    is 401
    STORE='' search "email=$address" -H 'Host: crls.example.org'
    is 400
    STORE=/crls search "iHash=AAAAAAAAAAAAAAAAAAAAAAAAAAA"
    is 404
    process_stop closed
}

open_config() {
    search_config "$@" | sed 's/^http = {/& open-to = "all"; trusted-proxies = [ "127.0.0.1" ];/'
}

closed_config() {
    search_config "$@" | sed 's/^http = {/& open-to = "nobody";/'
}

@test "while the directory is away nobody is told that there is none" {
    local query
    gateway_start away search_config
    process_signal ldap STOP
    for query in "email=$(first_of rsa)" "name=Alice%20Archer"; do
        GATEWAY=away search "$query"
        equal "$query" 50 "${code%?}"
        [ "$(header retry-after)" -ge 1 ]
        equal type application/problem+json "$(header content-type)"
    done
    process_signal ldap CONT
    process_stop away
}

redis_config() {
    search_config "$@"
    config_redis redis
}

redis_has_some() {
    [ "$(redis_ask redis DBSIZE)" -gt 0 ]
}

@test "what Redis had is found by hash as well" {
    local file=$BATS_TEST_TMPDIR/der address name
    address=$(first_of ec-p384)
    redis_start redis
    for name in one two; do
        gateway_start $name redis_config
        export GATEWAY=$name
        search "email=$address"
        is 200
        cp "$body" "$file"
        search "certHash=$(encoded "$(hash_of certHash "$file")")"
        is 200
        cmp "$body" "$file"
        [ $name = two ] || wait_until 10 redis_has_some
    done
    equal "lookups that Redis answered" 1 "$(metric 'certlookup_lookups_total{layer="redis"}' "$(gateway_url two)")"
    process_stop one
    process_stop two
}

@test "what was purged is not found by hash" {
    local file=$BATS_TEST_TMPDIR/der hash
    gateway_start purged purged_config
    export GATEWAY=purged
    search "email=$(first_of rsa)"
    is 200
    cp "$body" "$file"
    hash=$(encoded "$(hash_of certHash "$file")")
    search "certHash=$hash"
    is 200
    get "$(gateway_url purged)/v1/purge" -H "Authorization: Bearer $(cat "$STACK/admin")" \
        -H 'Content-Type: application/json' --data '{"all": true}'
    is 200
    search "certHash=$hash"
    is 404
    process_stop purged
}

purged_config() {
    openssl rand -hex 24 > "$STACK/admin"
    chmod 600 "$STACK/admin"
    search_config "$@" | sed "s|^http = {|& token-file = $(config_string "$STACK/admin");|"
}
