#!/usr/bin/env bats
# limits.domains: of whom a client without a token may ask. Of others it is told what is said of a domain that nobody
# knows.

bats_require_minimum_version 1.5.0
load stack

ELSEWHERE='X-Forwarded-For: 192.0.2.1'

setup_file() {
    stack_begin
    slapd_start ldap
    slapd_start partner
    echo '"example.com", "*.example.com"' > "$STACK/domains"
    gateway_start gateway closed_config
}

teardown_file() {
    stack_end
}

closed_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap),
$(config_directory partner partner | sed 's/domains = .*/domains = [ "*.example.net" ];/')"
    config_trust
    secret_file token > /dev/null
    echo "http = { token-file = $(config_string "$STACK/token"); open-to = \"all\"; };"
    echo "limits = { domains = [ $(cat "$STACK/domains") ]; };"
}

from_elsewhere() { # TARGET [OPTION…]
    get "$(gateway_url gateway)$1" -H "$ELSEWHERE" "${@:2}"
}

# said_of ADDRESS [SUFFIX]: head and body, without what differs in any two answers, and without the address.
said_of() {
    from_elsewhere "/v1/recipients/$(encoded "$1")${2:-}"
    sed '/^Date: /Id; /^Expires: /Id; /^Content-Length: /Id' "$head"
    sed "s/$1/ADDRESS/g; s/[0-9-]*T[0-9:]*Z/TIME/g" "$body"
}

@test "whoever may not be asked for is told of as somebody of an unknown domain, known or not, in memory or not" {
    local alice suffix
    alice=$(first_of rsa)
    for i in 1 2 3; do # once in the directory, then in memory, then ready-made
        for suffix in '' /certificate '/certificate?format=pem'; do
            equal "$suffix, $i" "$(said_of somebody@unknown.example "$suffix")" "$(said_of "$alice" "$suffix")"
            from_elsewhere "/v1/recipients/$(encoded "$alice")$suffix"
            equal status 404 "$code"
            equal reason no_entry "$(json reason)"
            get "$(recipient_url "$alice")$suffix"
            equal "from here" 200 "$code"
        done
    done
    searches=$(slapd_searches ldap "(mail=$(first_of revoked))")
    from_elsewhere "/v1/recipients/$(encoded "$(first_of revoked)")"
    equal reason no_entry "$(json reason)"
    equal "searches for it" "$searches" "$(slapd_searches ldap "(mail=$(first_of revoked))")"
}

@test "who has a token may ask for all" {
    from_elsewhere "/v1/recipients/$(encoded "$(first_of rsa)")" -H "Authorization: Bearer $(cat "$STACK/token")"
    equal status 200 "$code"
    from_elsewhere "/v1/recipients/$(encoded "$(first_of rsa)")" -H "Authorization: Bearer wrong-wrong-wrong-wrong"
    equal "a token that is none" 404 "$code"
}

@test "those who may be asked for are, and those below where it says so" {
    from_elsewhere /v1/recipients/nobody@example.com
    equal reason no_entry "$(json reason)"
    from_elsewhere /v1/recipients/nobody@Example.COM
    equal "in capitals" no_entry "$(json reason)"
}

batch() { # [OPTION…]
    get "$(gateway_url gateway)/v1/recipients" -H 'Content-Type: application/json' \
        -d "{\"recipients\": [\"$(first_of rsa)\", \"nobody@example.com\", \"x@unknown.example\"]}" "$@"
}

@test "in a batch each recipient by itself" {
    for i in 1 2 3; do
        batch
        equal "from here, $i" 'ok none none' "$(json status | tr '\n' ' ' | sed 's/ $//')"
        batch -H "$ELSEWHERE"
        equal "from elsewhere, $i" 'none none none' "$(json status | tr '\n' ' ' | sed 's/ $//')"
        equal "why, $i" 'no_entry no_entry no_entry' "$(json reason | tr '\n' ' ' | sed 's/ $//')"
    done
}

@test "a search passes over them" {
    local by_hash
    get "$(recipient_url "$(first_of rsa)")/certificate"
    by_hash=$(openssl dgst -sha1 -binary "$body" | base64 | tr -d '=' | sed 's/+/%2B/g; s/\//%2F/g')
    by_hash="/certificates/search.cgi?certHash=$by_hash"
    get "$(gateway_url gateway)$by_hash"
    equal "by hash, from here" 200 "$code"
    from_elsewhere "$by_hash"
    equal "by hash, from elsewhere" 404 "$code"
    get "$(gateway_url gateway)/certificates/search.cgi?email=$(first_of rsa)"
    equal "by address, from here" 200 "$code"
    from_elsewhere "/certificates/search.cgi?email=$(first_of rsa)"
    equal "by address, from elsewhere" 404 "$code"
    equal reason no_entry "$(json reason)"
}

@test "a search by name asks directories that may have somebody open, and for who has a token all" {
    from_elsewhere "/certificates/search.cgi?name=Carol+Clark"
    equal "from elsewhere" 404 "$code"
    equal "searches in the open directory" 1 "$(slapd_searches ldap '(cn=carol clark)')"
    equal "searches in the closed one" 0 "$(slapd_searches partner '(cn=carol clark)')"
    from_elsewhere "/certificates/search.cgi?name=Carol+Clark" -H "Authorization: Bearer $(cat "$STACK/token")"
    equal "with a token" 200 "$code"
    equal "searches in the closed one, with a token" 1 "$(slapd_searches partner '(cn=carol clark)')"
}

@test "a reload opens it" {
    echo '"*"' > "$STACK/domains"
    closed_config gateway "$(server_port gateway)" > "$STACK/gateway/certlookupd.conf"
    process_signal gateway HUP
    opened() {
        from_elsewhere "/v1/recipients/$(encoded "$(first_of rsa)")"
        [ "$code" -eq 200 ]
    }
    wait_until 10 opened
}

@test "what is no domain is refused, with its line" {
    local said
    echo '"example..org"' > "$STACK/domains"
    closed_config gateway 1 > "$STACK/wrong.conf"
    ! said=$("$BUILD/certlookupd" -t -c "$STACK/wrong.conf" 2>&1) || say_failed 'nothing is said'
    grep -q 'limits.domains.*neither a domain' <<< "$said" || say_failed "$said"
}
