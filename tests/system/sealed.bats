#!/usr/bin/env bats
# What the gateway hands out is there to encrypt to: a message to it is read with its key, for each kind of key and each
# attribute, and where this OpenSSL cannot, the gateway says so.

bats_require_minimum_version 1.5.0
load stack
load cases

setup_file() {
    stack_begin
    cases_make sealed
    cases_slapd ldap
    gateway_start gateway sealed_config
}

teardown_file() {
    stack_end
}

sealed_config() {
    config_listen "$2"
    cases_directory
    cat << CONF
trust = {
    anchors       = [ $(config_string "$CASES/anchors") ];
    intermediates = [ $(config_string "$CASES/intermediates") ];
    revocation    = "off";
};
CONF
}

# Of each attribute: the best certificate, by HTTP and by the command line, and a message to it.
reads() {
    local form name
    for form in certificate bundle bare; do
        name=$1-$form
        get "$(recipient_url "$name@sealed.example")/certificate"
        equal "$name: status" 200 "$code"
        cp "$body" "$BATS_TEST_TMPDIR/best"
        sealed_for "$BATS_TEST_TMPDIR/best" "$CASES/keys/$name.pem" || { echo "$name cannot be read"; return 1; }
        "$BUILD/certlookup" -H "$(slapd_uri ldap)" -b "$BASE_DN" -A "$CASES/anchors" --revocation off \
            --intermediate "$CASES/intermediates" -o der "$name@sealed.example" | cmp - "$BATS_TEST_TMPDIR/best"
    done
}

@test "RSA" {
    reads rsa
}

@test "RSA, in a certificate that was signed with RSASSA-PSS" {
    reads pss
    openssl x509 -inform DER -in "$BATS_TEST_TMPDIR/best" -noout -text | grep -q 'Signature Algorithm: rsassaPss'
}

@test "P-256" {
    reads p256
}

@test "P-384" {
    reads p384
}

@test "P-521" {
    reads p521
}

@test "brainpoolP256r1" {
    reads brainpool
}

@test "X25519, where this OpenSSL can; else it is refused as what it is" {
    if sealed_for "$CASES/leaves/x25519-certificate" "$CASES/keys/x25519-certificate.pem" 2> /dev/null; then
        reads x25519
    else
        get "$(recipient_url x25519-certificate@sealed.example)"
        equal status 404 "$code"
        equal reason not_encryption_capable "$(json reason)"
    fi
}
