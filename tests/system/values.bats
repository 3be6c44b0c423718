#!/usr/bin/env bats
# What userSMIMECertificate may hold besides PKCS#7 and a bare certificate, and what is told of a value.

bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    slapd_start ldap
    gateway_start gateway values_config
    ADDRESS=$(first_of rsa)
    LEAF=$STACK/leaf.der
    export ADDRESS LEAF
    slapd_values ldap "$ADDRESS" "$STACK/values"
    cp "$STACK"/values/1.userCertificate "$LEAF"
}

teardown_file() {
    stack_end
}

values_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    config_trust
    echo 'cache = { ttl = "1s"; negttl = "1s"; ttr = "0"; revalidate = "0"; };'
}

# entry FILE: one more entry with this address, and this value of userSMIMECertificate.
entry() {
    {
        printf 'dn: cn=value,%s\nchangetype: add\nobjectClass: inetOrgPerson\n' "$BASE_DN"
        printf 'cn: value\nsn: value\nmail: second@example.org\nmail: %s\nuserSMIMECertificate:: %s\n' "$ADDRESS" \
            "$(base64 -w 0 "$1")"
    } | slapd_modify ldap
}

teardown() {
    printf 'dn: cn=value,%s\nchangetype: delete\n' "$BASE_DN" | slapd_modify ldap || true
    sleep 1.1 # so that no test finds the answer of the one before
}

u16() {
    local octets
    printf -v octets '\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8))
    # shellcheck disable=SC2059  # the octets are the format
    printf "$octets"
}

# setting TAG FILE: of MAPI's form (MS-OXOABK 2.2.4.36).
setting() {
    u16 "$1"
    u16 $(($(wc -c < "$2") + 4))
    cat "$2"
}

# of_the_entry: what explain tells of that entry's value alone; sets `body`.
of_the_entry() {
    get "$(recipient_url "$ADDRESS")?explain=1"
    sed 's/{"certificate":/\n&/g; s/{"reason":/\n&/g' "$body" | grep -F '"dn":"cn=value,' > "$BATS_TEST_TMPDIR/one"
    body=$BATS_TEST_TMPDIR/one
}

@test "MAPI's form: the certificate in it is usable" {
    local value=$BATS_TEST_TMPDIR/value part=$BATS_TEST_TMPDIR/part
    printf '\1\0\0\0' > "$part"
    { setting 1 "$part" && setting 6 "$part" && setting 32 "$part" && setting 3 "$LEAF"; } > "$value"
    entry "$value"
    of_the_entry
    equal attribute userSMIMECertificate "$(json attribute)"
    equal certificate "$(base64 -w 0 "$LEAF")" "$(grep -o '"certificate":"[^"]*"' "$body" | cut -d '"' -f 4)"
    equal value "$(base64 -w 0 "$value")" "$(grep -o '"value":"[^"]*"' "$body" | cut -d '"' -f 4)"
    equal reason "" "$(json reason)"
}

@test "MAPI's form, cut: malformed, in words, and the good one beside it stays" {
    local value=$BATS_TEST_TMPDIR/value
    setting 3 "$LEAF" | head -c -1 > "$value"
    entry "$value"
    of_the_entry
    equal reason malformed "$(json reason)"
    grep -q "in MAPI's form (MS-OXOABK 2.2.4.36) a setting's length is not that of its data" "$body"
    get "$(recipient_url "$ADDRESS")"
    equal code 200 "$code"
}

@test "SMIMECapabilities of a message that the recipient signed are told; of one that was changed they are not" {
    local value=$BATS_TEST_TMPDIR/value key
    key=$PEOPLE/keys/$ADDRESS.pem
    openssl x509 -inform DER -in "$LEAF" -out "$BATS_TEST_TMPDIR/leaf.pem"
    echo hello | openssl cms -sign -signer "$BATS_TEST_TMPDIR/leaf.pem" -inkey "$key" -outform DER -out "$value"
    entry "$value"
    of_the_entry
    equal source signed_attributes "$(json smime_capabilities_source)"
    grep -q '"smime_capabilities":\["aes256-CBC",' "$body"
    teardown

    # The last octets are those of the signature.
    head -c -1 "$value" > "$value.changed"
    printf '\0' >> "$value.changed"
    cmp -s "$value" "$value.changed" && printf '\1' | dd of="$value.changed" bs=1 seek=$(($(wc -c < "$value") - 1)) \
        conv=notrunc status=none
    entry "$value.changed"
    of_the_entry
    equal reason "" "$(json reason)"
    equal source "" "$(json smime_capabilities_source)"
}

@test "SMIMECapabilities of the certificate itself (RFC 4262) are told by their names" {
    cd "$BATS_TEST_TMPDIR"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out own.pem -days 5 -subj /CN=own \
        -addext subjectAltName=email:own@example.org -addext keyUsage=keyAgreement -addext basicConstraints=CA:FALSE \
        -addext 1.2.840.113549.1.9.15=DER:301a300b060960864801650304012a300b0609608648016503040102 2> /dev/null
    body=$BATS_TEST_TMPDIR/json
    "$BUILD/certlookup" --inspect -A own.pem --revocation off -o json own.pem own@example.org > "$body"
    equal source extension "$(json smime_capabilities_source)"
    grep -q '"smime_capabilities":\["aes256-CBC","aes128-CBC"\]' "$body"
}

@test "an entry's own addresses are told under explain" {
    setting 3 "$LEAF" > "$BATS_TEST_TMPDIR/value"
    entry "$BATS_TEST_TMPDIR/value"
    of_the_entry
    grep -qF "\"mails\":[\"second@example.org\",\"${ADDRESS,,}\"]" "$body"
    get "$(recipient_url "$ADDRESS")"
    run ! grep -q '"mails"' "$body"
}
