#!/usr/bin/env bats
# What spares work changes no verdict: every value of whole directories is judged with the short cuts of x509/ and
# without (tests/tools/same_verdicts), also with octets changed, and all that is said of it is the same to the letter.

bats_require_minimum_version 1.5.0
load stack
load cases

setup_file() {
    stack_begin
}

teardown_file() {
    stack_end
}

# same_verdicts MUTANTS FOLDER
same_verdicts() {
    run "$BUILD/tools/same_verdicts" -m "$1" "$2"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "${lines[-1]}" == "different 0" ]]
}

@test "the people" {
    same_verdicts 1 "$PEOPLE"
}

@test "a certificate or more for each reason, and forty times as many broken ones" {
    cases_make reasons
    same_verdicts 40 "$CASES"
}

@test "certificates that vary in everything" {
    cases_make agree
    same_verdicts 1 "$CASES"
}

@test "all that may become of CRLs and OCSP answers" {
    cases_make revocation "http://127.0.0.1:9" 10
    same_verdicts 1 "$CASES"
}

@test "every kind of key" {
    cases_make sealed
    same_verdicts 10 "$CASES"
}

@test "NIST's certificates, each as if it were a recipient's" {
    local nist=${PKITS:-/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data} folder=$STACK/nist file
    mkdir -p "$folder/anchors"
    cp "$nist/certs/TrustAnchorRootCertificate.crt" "$folder/anchors"
    ln -s "$nist/certs" "$folder/intermediates"
    ln -s "$nist/crls" "$folder/crls"
    for file in "$nist"/certs/*.crt; do
        printf 'dn: cn=%s\nuserCertificate:: %s\n\n' "$(basename "$file")" "$(base64 -w 0 < "$file")"
    done > "$folder/directory.ldif"
    same_verdicts 1 "$folder"
}

@test "a folder that is not there is no agreement" {
    run "$BUILD/tools/same_verdicts" "$STACK/nowhere"
    [ "$status" -eq 2 ]
}
