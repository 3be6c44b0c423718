#!/usr/bin/env bats
# Every format, read by those for whom it is: openssl and gpgsm encrypt with it, an address book's parser reads the cards.

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

# as FORMAT ADDRESS: in the file `body`.
as() {
    get "$(recipient_url "$2")/certificate?format=$1"
    equal "$1 of $2" 200 "$code"
}

key_of() {
    find "$PEOPLE/keys" -name "$1.pem"
}

# reads KEY SEALED
reads() {
    openssl cms -decrypt -binary -inform DER -in "$2" -inkey "$1" -out "$BATS_TEST_TMPDIR/opened"
    cmp "$BATS_TEST_TMPDIR/plain" "$BATS_TEST_TMPDIR/opened"
}

teardown() { # gpgsm starts an agent that would stay
    [ ! -d "$BATS_TEST_TMPDIR/gnupg" ] || gpgconf --homedir "$BATS_TEST_TMPDIR/gnupg" --kill all
}

setup() {
    echo "for your eyes only, $RANDOM" > "$BATS_TEST_TMPDIR/plain"
}

@test "openssl cms encrypts with DER and with PEM as they come" {
    local address sealed=$BATS_TEST_TMPDIR/sealed format
    for address in "$(first_of rsa)" "$(first_of ec-p256)"; do
        for format in der pem; do
            as $format "$address"
            openssl cms -encrypt -binary -aes256 -in "$BATS_TEST_TMPDIR/plain" -outform DER -out "$sealed" "$body"
            reads "$(key_of "$address")" "$sealed"
        done
    done
}

@test "gpgsm imports the bundle and encrypts with it" {
    local address home=$BATS_TEST_TMPDIR/gnupg sealed=$BATS_TEST_TMPDIR/sealed anchor imported
    address=$(first_of rsa)
    mkdir -m 700 "$home"
    as p7c "$address"
    for anchor in "$PEOPLE"/anchors/*; do
        gpgsm --homedir "$home" --batch --quiet --import "$anchor"
        openssl x509 -in "$anchor" -noout -fingerprint -sha1 | sed 's/.*=//; s/$/ S relax/' >> "$home/trustlist.txt"
    done
    gpgsm --homedir "$home" --batch --status-fd 1 --import "$body" > "$BATS_TEST_TMPDIR/said" 2> "$BATS_TEST_TMPDIR/log"
    imported=$(sed -n "s/^\\[GNUPG:\\] IMPORT_RES \\([0-9]*\\) .*/\\1/p" "$BATS_TEST_TMPDIR/said")
    gpgsm --homedir "$home" --batch --disable-crl-checks --disable-dirmngr --recipient "$address" \
        --output "$sealed" --encrypt "$BATS_TEST_TMPDIR/plain" 2> "$BATS_TEST_TMPDIR/log" ||
        { cat "$BATS_TEST_TMPDIR/log"; return 1; }
    equal "leaf and issuer" 2 "$imported"
    reads "$(key_of "$address")" "$sealed"
}

# of_card NAME: the last part of this property's line.
of_card() {
    awk -F '\t' -v name="$1" '$1 == name { print $NF }' "$BATS_TEST_TMPDIR/card"
}

@test "an address book reads the cards: name, address, certificate" {
    packages_are_there
    local address format version key
    for address in "$(first_of rsa)" "$(first_of ec-p256)" "$(first_of idn)" "$(first_of pkcs7-chain)"; do
        as der "$address"
        cp "$body" "$BATS_TEST_TMPDIR/der"
        for format in vcard vcard3; do
            as $format "$address"
            version=4.0
            [ $format = vcard ] || version=3.0
            equal type "text/vcard; charset=utf-8; version=$version" "$(header content-type)"
            [[ "$(header content-disposition)" == 'attachment; filename="'*'.vcf"' ]]
            NODE_PATH=$PWD/build/node/node_modules node tests/node/vcard.js < "$body" > "$BATS_TEST_TMPDIR/card"
            equal version $version "$(of_card version)"
            equal name "$(openssl x509 -inform DER -in "$BATS_TEST_TMPDIR/der" -noout -subject \
                -nameopt sep_multiline,utf8,sname | sed -n 's/^ *CN=//p')" "$(of_card fn)"
            equal address "$(json address <(curl -sSf "$(recipient_url "$address")"))" "$(of_card email)"
            key=$(of_card key)
            [ $format = vcard3 ] || [[ "$key" == 'data:application/pkix-cert;base64,'* ]]
            base64 -d <<< "${key#*,}" | cmp - "$BATS_TEST_TMPDIR/der"
        done
    done
}
