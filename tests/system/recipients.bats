#!/usr/bin/env bats
# Recipients of every kind in a real slapd: status, bytes and reason of each; one test a kind.

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

# The certificates inside a value that is a bundle, in DER, one a file.
unbundle() {
    local number=0 line pem
    openssl cms -verify -noverify -nosigs -inform DER -in "$1" -certsout "$2/inside.pem" -out /dev/null 2> /dev/null ||
        openssl pkcs7 -inform DER -in "$1" -print_certs -out "$2/inside.pem" || return 1
    while IFS= read -r line; do
        case $line in
        *BEGIN*) pem="" number=$((number + 1)) ;;
        esac
        pem+=$line$'\n'
        case $line in
        *END*) openssl x509 -outform DER -out "$2/$number.inside" <<< "$pem" ;;
        esac
    done < "$2/inside.pem"
}

# Whether the file $1 is, octet by octet, what ldapsearch returns for address $2, or stands inside one of its bundles.
is_of_directory() {
    local values=$BATS_TEST_TMPDIR/values value
    rm -rf "$values"
    slapd_values ldap "$2" "$values"
    for value in "$values"/*.user*; do
        ! cmp -s "$1" "$value" || return 0
        unbundle "$value" "$values" 2> /dev/null || true
    done
    for value in "$values"/*.inside; do
        ! cmp -s "$1" "$value" || return 0
    done
    echo "$2: not what the directory has" >&2
    return 1
}

# How many private keys there are for this address: as many as certificates should be usable.
keys_of() {
    find "$PEOPLE/keys" -name "$1.pem" -o -name "$1.[0-9].pem" | wc -l
}

# The key that fits to the certificate in file $1, for address $2.
key_for() {
    local key public
    public=$(openssl x509 -inform DER -in "$1" -noout -pubkey)
    for key in "$PEOPLE/keys/$2".*pem; do
        [ "$(openssl pkey -in "$key" -pubout)" != "$public" ] || echo "$key"
    done
}

# check_found ADDRESS NUMBER: the first few of a kind also get a message.
check_found() {
    local address=$1 best=$BATS_TEST_TMPDIR/best key
    get "$(recipient_url "$address")/certificate"
    equal "$address: status" 200 "$code"
    equal "$address: type" application/pkix-cert "$(header content-type)"
    cp "$body" "$best"
    is_of_directory "$best" "$address"
    if [ "$2" -le 6 ]; then
        key=$(key_for "$best" "$address")
        sealed_for "$best" "$key"
    fi

    get "$(recipient_url "$address")"
    equal "$address: status" 200 "$code"
    equal "$address: outcome" found "$(json outcome)"
    equal "$address: best first" "$(base64 -w 0 "$best")" "$(json certificate | head -n 1)"
    equal "$address: usable" "$(keys_of "$address")" "$(json certificate | wc -l)"
}

check_none() {
    local address=$1 reason=$2 path
    for path in '' /certificate; do
        get "$(recipient_url "$address")$path"
        equal "$address: status" 404 "$code"
        equal "$address: type" application/problem+json "$(header content-type)"
        equal "$address: reason" "$reason" "$(json reason)"
    done
}

check_kind() {
    local kind=$1 outcome reason address count=0
    IFS=$'\t' read -r _ outcome reason _ < <(grep -P "^$kind\t" "$PEOPLE/kinds.tsv")
    while read -r address; do
        count=$((count + 1))
        case $outcome in
        found) check_found "$address" $count ;;
        none) check_none "$address" "$reason" ;;
        esac
    done < <(people_of "$kind")
    [ $count -gt 0 ]
}

# What ?explain=1 says of the values that were refused for the first of this kind: reasons, in order of the alphabet.
refused_of() {
    get "$(recipient_url "$(first_of "$1")")?explain=1"
    # Of the value itself, not of the rules that its explanation names.
    sed 's/.*"refused":\[//' "$body" | grep -o '"reason":"[a-z_]*","reason_text"' |
        sed 's/","reason_text"/"/' > "$body.refused"
    json reason "$body.refused" | sort | tr '\n' ' '
}

@test "rsa: an RSA key, one certificate" {
    check_kind rsa
}

@test "ec-p256: a P-256 key, from an RSA or an EC authority" {
    check_kind ec-p256
}

@test "ec-p384: a P-384 key" {
    check_kind ec-p384
}

@test "ec-p521: a P-521 key" {
    check_kind ec-p521
}

@test "rsa-pss: signed by its authority with RSASSA-PSS" {
    check_kind rsa-pss
}

@test "pair: a signing and an encryption certificate in one attribute" {
    check_kind pair
    equal refused "wrong_key_usage " "$(refused_of pair)"
}

@test "two-good: two different good certificates, RSA and EC" {
    check_kind two-good
}

@test "survivor: one good certificate beside an expired and a revoked one" {
    check_kind survivor
    equal refused "expired revoked " "$(refused_of survivor)"
}

@test "garbage-beside: garbage in userSMIMECertificate, a good userCertificate" {
    check_kind garbage-beside
    equal refused "malformed " "$(refused_of garbage-beside)"
}

@test "garbage-bundle: garbage and a good PKCS#7 in one attribute" {
    check_kind garbage-bundle
    equal refused "malformed " "$(refused_of garbage-bundle)"
}

@test "pkcs7-chain: userSMIMECertificate: PKCS#7 SignedData with its chain" {
    check_kind pkcs7-chain
}

@test "pkcs7-own-issuer: the issuer comes only inside that PKCS#7" {
    check_kind pkcs7-own-issuer
    get "$(recipient_url "$(first_of pkcs7-own-issuer)")/certificate?format=pem"
    equal status 200 "$code"
    grep -qF "$(sed -n 2p "$PEOPLE/others/project-ca.pem")" "$body"
}

@test "pkcs7-streamed: that PKCS#7 in BER with indefinite lengths" {
    check_kind pkcs7-streamed
}

@test "pkcs7-certs-only: a PKCS#7 of certificates without a signature" {
    check_kind pkcs7-certs-only
}

@test "bare: a bare certificate in userSMIMECertificate" {
    check_kind bare
}

@test "both-attributes: different certificates in the two attributes" {
    check_kind both-attributes
}

@test "mixed-case: mail in mixed case, the certificate in another" {
    check_kind mixed-case
    local address
    address=$(first_of mixed-case)
    get "$(recipient_url "${address^^}")"
    equal "in capitals" found "$(json outcome)"
    get "$(recipient_url "${address,,}")"
    equal "in small letters" found "$(json outcome)"
}

@test "idn: a domain outside ASCII: bücher.example" {
    check_kind idn
    get "$(recipient_url lena@BÜCHER.example)"
    equal "in U-labels" found "$(json outcome)"
    equal "in U-labels" "lena@xn--bcher-kva.example" "$(json address)"
}

@test "tagged: a local part with + and the like" {
    check_kind tagged
}

@test "subject-email: the address only in the subject (emailAddress)" {
    check_kind subject-email
}

@test "large-san: two hundred addresses in one certificate, ours the last" {
    check_kind large-san
}

@test "no-usages: neither keyUsage nor extendedKeyUsage" {
    check_kind no-usages
}

@test "any-usage: anyExtendedKeyUsage" {
    check_kind any-usage
}

@test "two-entries: two entries with one address" {
    check_kind two-entries
}

@test "two-addresses: an entry with two addresses and a certificate for each" {
    check_kind two-addresses
    equal refused "address_mismatch " "$(refused_of two-addresses)"
}

@test "expired: only expired certificates: expired" {
    check_kind expired
    equal refused "expired " "$(refused_of expired)"
}

@test "not-yet-valid: valid only from a later day: not_yet_valid" {
    check_kind not-yet-valid
}

@test "revoked: revoked: keyCompromise: revoked" {
    check_kind revoked
    equal refused "revoked " "$(refused_of revoked)"
    equal "CRL reason" keyCompromise "$(json crl_reason)"
}

@test "on-hold: revoked for the time being: certificateHold: revoked" {
    check_kind on-hold
    equal refused "revoked " "$(refused_of on-hold)"
    equal "CRL reason" certificateHold "$(json crl_reason)"
}

@test "wrong-usage: a certificate for signing only: wrong_key_usage" {
    check_kind wrong-usage
}

@test "wrong-extended-usage: for TLS clients and servers only: wrong_extended_key_usage" {
    check_kind wrong-extended-usage
}

@test "other-address: a certificate for another address: address_mismatch" {
    check_kind other-address
}

@test "alias: an alias that the certificate does not name: address_mismatch" {
    check_kind alias
    local address
    address=$(first_of alias)
    get "$(recipient_url "${address#alias.}")"
    equal "its main address" found "$(json outcome)"
}

@test "self-signed: signed by itself: untrusted" {
    check_kind self-signed
}

@test "untrusted: from an authority that nobody trusts: untrusted" {
    check_kind untrusted
}

@test "weak-key: RSA with 1024 bits: weak_key" {
    check_kind weak-key
}

@test "weak-signature: signed with SHA-1: weak_signature" {
    check_kind weak-signature
}

@test "garbage: nothing but garbage: malformed" {
    check_kind garbage
}

@test "trailing-bytes: a certificate and four octets more: malformed" {
    check_kind trailing-bytes
}

@test "chain-expired: good, but its issuer has expired: chain_expired" {
    check_kind chain-expired
}

@test "issuer-revoked: good, but its issuer was revoked: issuer_revoked" {
    check_kind issuer-revoked
}

@test "issuer-usage: from an authority for web servers: bad_chain" {
    check_kind issuer-usage
}

@test "name-constraint: from an authority that may not name this domain: bad_chain" {
    check_kind name-constraint
}

@test "tampered: one bit of the signature changed: bad_chain" {
    check_kind tampered
}

@test "unknown-critical: a critical extension that nobody knows: unknown_critical_extension" {
    check_kind unknown-critical
}

@test "signing-key: an Ed25519 key: not_encryption_capable" {
    check_kind signing-key
}

@test "no-certificate: an entry without a certificate: no_certificate" {
    check_kind no-certificate
}

@test "no-entry: no entry with this address: no_entry" {
    check_kind no-entry
}

@test "every kind that makepeople makes has its test here" {
    local kind
    while IFS=$'\t' read -r kind _; do
        grep -qx "    check_kind $kind" "$BATS_TEST_FILENAME"
    done < "$PEOPLE/kinds.tsv"
}

@test "the gateway's log has no errors" {
    run ! grep -E '^[^ ]+ error ' "$STACK/gateway/log"
}
