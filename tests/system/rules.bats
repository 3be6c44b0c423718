#!/usr/bin/env bats
# trust-rules: other anchors, lists and switches for some recipients and some directories, and a reload that changes them.

bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    slapd_start ldap
    echo "# no rule" > "$STACK/rules"
    gateway_start gateway rules_config
    alice=$(people_of rsa | grep '@example.org$' | head -n 1)
    curved=$(people_of ec-p256 | grep '@example.org$' | head -n 1)
    export alice curved
}

teardown_file() {
    stack_end
}

rules_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    config_trust
    cat "$STACK/rules"
}

# rules TEXT…: a new configuration with these rules, reloaded.
rules() {
    local before
    printf '%s\n' "$@" > "$STACK/rules"
    before=$(metric certlookup_reloads_total "$(gateway_url gateway)")
    rules_config gateway "$(server_port gateway)" > "$STACK/gateway/certlookupd.conf"
    process_signal gateway HUP
    wait_until 20 is_reloaded "$((before + 1))"
}

is_reloaded() {
    [ "$(metric certlookup_reloads_total "$(gateway_url gateway)")" -ge "$1" ]
}

# verdict ADDRESS CODE [REASON]
verdict() {
    get "$(recipient_url "$1")"
    equal "code for $1" "$2" "$code"
    [ -z "${3:-}" ] || equal "reason for $1" "$3" "$(json reason | head -n 1)"
}

# fingerprint_of ADDRESS: of what the gateway gives for it, colons included.
fingerprint_of() {
    get "$(recipient_url "$1")/certificate"
    equal "code" 200 "$code"
    openssl x509 -inform DER -in "$body" -noout -fingerprint -sha256 | sed 's/.*=//'
}

@test "deny and allow, for the domain of the rule and no other" {
    rules "# no rule"
    verdict "$alice" 200
    local print
    print=$(fingerprint_of "$alice")
    rules "trust-rules = ( { name = \"r\"; domains = [ \"example.org\" ]; deny = [ \"$print\" ]; } );"
    verdict "$alice" 404 denied
    rules "trust-rules = ( { name = \"r\"; domains = [ \"*.example.org\", \"example.com\" ]; deny = [ \"$print\" ]; } );"
    verdict "$alice" 200
    rules "trust-rules = ( { name = \"r\"; domains = [ \"*\" ]; allow = [ \"$print\" ]; } );"
    verdict "$alice" 200
    verdict "$curved" 404 denied
}

@test "the first rule that fits wins" {
    rules 'trust-rules = ( { name = "exempt"; domains = [ "example.org" ]; directories = [ "example" ]; },' \
        '{ name = "strict"; domains = [ "*" ]; require-explicit-policy = true; policy-oids = [ "1.2.3.4" ]; } );'
    verdict "$alice" 200
    rules 'trust-rules = ( { name = "strict"; domains = [ "*" ]; require-explicit-policy = true; },' \
        '{ name = "exempt"; domains = [ "example.org" ]; directories = [ "example" ]; } );'
    verdict "$alice" 404 bad_chain
}

@test "curves and hashes" {
    rules 'trust-rules = ( { name = "r"; directories = [ "example" ]; curves = [ "P-521" ]; } );'
    verdict "$alice" 200
    verdict "$curved" 404 weak_key
    rules 'trust-rules = ( { name = "r"; directories = [ "example" ]; signature-hashes = [ "sha512" ]; } );'
    verdict "$alice" 404 weak_signature
}

@test "an alias is address_mismatch unless the directory may vouch for it" {
    local alias
    alias=$(first_of alias)
    rules "# no rule"
    verdict "$alice" 200
    verdict "$alias" 404 address_mismatch
    rules "trust-rules = ( { name = \"r\"; domains = [ \"${alias#*@}\" ]; aliases = \"directory\"; } );"
    verdict "$alias" 200
    grep -q '"detail":"the certificate names another mail address of the same entry"' "$body"
}

@test "anchors of a rule are trusted for it alone, and certlookupd -t lists them under its name" {
    local other=$BATS_TEST_TMPDIR/other.pem
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -out "$other" \
        -subj '/CN=Another anchor' -days 30 2> /dev/null
    rules "trust-rules = ( { name = \"other\"; domains = [ \"example.org\" ]; anchors = [ $(config_string "$other") ]; } );"
    verdict "$alice" 404 untrusted
    run --separate-stderr "$BUILD/certlookupd" -t -c "$STACK/gateway/certlookupd.conf"
    [ "$status" -eq 0 ]
    local below
    below=$(sed -n '/^trust-rules\[0\] other$/,$p' <<< "$output")
    [ "$(grep -c '^anchor ' <<< "$below")" -eq 1 ]
    grep -q '^anchor CN=Another anchor$' <<< "$below"
    grep -qi "expires .*sha256 $(openssl x509 -in "$other" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g')" <<< "$below"
    [ "$(grep -c '^anchor ' <<< "${output%%trust-rules*}")" -ge 1 ]
    run ! grep -q EXPIRED <<< "$output"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$other.key" -subj '/CN=Former anchor' 2> /dev/null |
        openssl x509 -req -signkey "$other.key" -days -1 -extfile <(echo basicConstraints=critical,CA:TRUE) -out "$other" 2> /dev/null
    run -0 --separate-stderr "$BUILD/certlookupd" -t -c "$STACK/gateway/certlookupd.conf"
    grep -A 1 '^anchor CN=Former anchor$' <<< "$output" | grep -q '^       EXPIRED 20.*  sha256 ' || say_failed "$output"
}

@test "certlookupd -t names rule, file and cause" {
    local conf=$BATS_TEST_TMPDIR/conf bad=$BATS_TEST_TMPDIR/bad.pem
    echo nonsense > "$bad"
    echo "trust-rules = ( { name = \"other\"; domains = [ \"*\" ]; anchors = [ $(config_string "$bad") ]; } );" > "$STACK/rules"
    rules_config gateway 8080 > "$conf"
    run --separate-stderr "$BUILD/certlookupd" -t -c "$conf"
    [ "$status" -eq 1 ]
    [[ $stderr == "$conf: trust-rules[0] (other): anchors: $bad: "* ]]
}
