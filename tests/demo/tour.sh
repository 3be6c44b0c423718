#!/bin/bash
# A narrated tour of a certlookup that runs already, asked from outside as its users would.
#
#     tour.sh ENV FOLDER      ENV: shell variables, as in build/demo/env; FOLDER: for what comes out
#
# ENV says HTTP_URL LDAP_URI BASE_DN ANCHOR and PEOPLE (a folder made by makepeople). Where the command line runs
# elsewhere (in a container), CERTLOOKUP says how, and CLI_LDAP_URI and CLI_PEOPLE say what is where for it; TOKEN_FILE
# opens the gateway's explanations where it is not on this machine. Every step checks what it shows; the first that does
# not hold ends the tour with status 1.
set -u

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/stack.sh"
# shellcheck source=/dev/null
. "$1" || exit 1
mkdir -p "$2" && cd "$2" || exit 1
rm -rf ./*

CERTLOOKUP=${CERTLOOKUP:-certlookup}
CLI_LDAP_URI=${CLI_LDAP_URI:-$LDAP_URI}
CLI_PEOPLE=${CLI_PEOPLE:-$PEOPLE}
token=()
[ -z "${TOKEN_FILE:-}" ] || token=(-H "Authorization: Bearer $(cat "$TOKEN_FILE")")

bold='' dim='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi

number=0
title=

step() {
    number=$((number + 1))
    title=$1
    printf '\n%s%2d  %s%s\n' "$bold" $number "$title" "$plain"
    shift
    [ $# -eq 0 ] || printf '    %s\n' "$@"
    echo
}

command_line() {
    printf '    %s$ %s%s\n' "$dim" "$*" "$plain"
}

shown() {
    sed 's/^/    /'
}

pretty() {
    awk -f "$here/json.awk"
}

excerpt() { # of JSON, the members that a pattern names
    pretty | awk -v pattern="$1" '$0 ~ pattern { print; left = 0; next } !left { print "    …"; left = 1 }' | shown
}

holds() { # holds WORDS COMMAND…
    local words=$1
    shift
    if "$@" > check.log 2>&1; then
        printf '    %s✓%s %s\n' "$green" "$plain" "$words"
        return
    fi
    printf '    %s✗ %s%s\n' "$red" "$words" "$plain"
    sed 's/^/      /' check.log
    printf '\nThe tour ends at step %d (%s): this does not hold: %s\n' $number "$title" "$words" >&2
    exit 1
}

# ask NAME PATH [OPTION…]: shows the request; the answer goes into NAME, its head into NAME.head, its status into NAME.status.
ask() {
    local name=$1 path=$2
    shift 2
    command_line "curl $* '$HTTP_URL$path'" | sed 's/curl  /curl /'
    quietly "$name" "$path" "$@"
}

quietly() {
    local name=$1 path=$2
    shift 2
    curl -sS -g --max-time 30 "${token[@]}" "$@" -o "$name" -D "$name.head" -w '%{http_code}' "$HTTP_URL$path" \
        > "$name.status" 2> "$name.error" || { cat "$name.error" >&2; echo 000 > "$name.status"; }
}

status_is() {
    [ "$(cat "$1.status")" = "$2" ] || { echo "status $(cat "$1.status"), not $2"; cat "$1"; return 1; }
}

head_of() {
    grep -iE "^(HTTP/|$1:)" "$2.head" | tr -d '\r' | shown
}

searches() {
    quietly metrics /metrics
    awk '/^certlookup_ldap_searches_total/ { sum += $2 } END { print sum + 0 }' metrics
}

is_value() { # is_value FILE ADDRESS: octet by octet one of the values that ldapsearch returns
    local value
    rm -rf values
    directory_values "$LDAP_URI" "$2" values
    for value in values/*; do
        ! cmp -s "$1" "$value" || return 0
    done
    echo "not among the values of ldapsearch: $(echo values/*)"
    return 1
}

printf '%scertlookup: which certificate may I encrypt to, for this mail address?%s\n' "$bold" "$plain"
echo
printf '    %s recipients in a directory at %s\n' "$(wc -l < "$PEOPLE/recipients.tsv")" "$LDAP_URI"
printf '    a gateway before it at %s\n' "$HTTP_URL"

step 'Ask over HTTP' 'JSON: every usable certificate, best first, with its chain and where it came from.'
ask alice.json /v1/recipients/alice@example.org
pretty < alice.json | shown
holds 'found' status_is alice.json 200
sed 's/.*"certificates":\[{"certificate":"\([^"]*\)".*/\1/' alice.json | base64 -d > alice.json.der
holds 'the certificate is, octet by octet, the one that ldapsearch returns' is_value alice.json.der alice@example.org

step 'Ask why' 'Sybil has three certificates in one attribute. Two of them never stand in the way of the third.'
ask sybil.json '/v1/recipients/sybil@example.org?explain=1'
excerpt '"(address|outcome|refused|reason|detail|not_after|layer)"' < sybil.json
holds 'one is usable' status_is sybil.json 200
holds 'one is refused: expired' grep -q '"reason":"expired"' sybil.json
holds 'one is refused: revoked' grep -q '"reason":"revoked"' sybil.json

step 'Take the certificate' 'DER, as openssl, gpgsm and every mail library read it.'
ask carol.cer /v1/recipients/carol@example.org/certificate -o carol.cer
head_of 'content-type|content-length' carol.cer
command_line openssl x509 -inform DER -in carol.cer -noout -subject -enddate -ext keyUsage
openssl x509 -inform DER -in carol.cer -noout -subject -enddate -ext keyUsage | shown
holds 'it may be encrypted to: her other certificate is for signing' \
    grep -q 'Key Encipherment' <(openssl x509 -inform DER -in carol.cer -noout -ext keyUsage)
holds 'it is, octet by octet, a value that ldapsearch returns' is_value carol.cer carol@example.org

step 'Take it as PEM' 'With the issuers that are needed to verify it; Peggy has hers in a PKCS#7 (userSMIMECertificate).'
ask peggy.pem '/v1/recipients/peggy@example.org/certificate?format=pem' -o peggy.pem
command_line openssl verify -CAfile "$ANCHOR" -untrusted peggy.pem peggy.pem
openssl verify -CAfile "$ANCHOR" -untrusted peggy.pem peggy.pem 2>&1 | shown
holds 'the chain verifies' openssl verify -CAfile "$ANCHOR" -untrusted peggy.pem peggy.pem

step 'Nobody to encrypt to' 'Mallory had a certificate. The answer says why it is none.'
ask mallory.json /v1/recipients/mallory@example.org/certificate
head_of 'content-type' mallory.json
pretty < mallory.json | shown
holds 'not found' status_is mallory.json 404
holds 'the reason: revoked' grep -q '"reason":"revoked"' mallory.json

many='{"recipients": ["bob@example.org", "mallory@example.org", "nobody@example.org"]}'
step 'Many at once' 'A mailer asks for all recipients of a message: for each a status, and the certificate where there is one.'
command_line "curl -H 'Content-Type: application/json' -d '$many' $HTTP_URL/v1/recipients"
quietly many.json /v1/recipients -H 'Content-Type: application/json' -d "$many"
excerpt '"(address|status|reason)"' < many.json
holds 'one answer for all' status_is many.json 200
holds 'the statuses: ok, revoked, none' \
    [ "$(grep -o '"status":"[a-z]*"' many.json | tr -d '\n')" = '"status":"ok""status":"revoked""status":"none"' ]

ask_directory() { # ask_directory NAME OPTION… ADDRESS: by certlookup itself; to NAME.txt and NAME.error
    local name=$1
    shift
    command_line certlookup -H "$CLI_LDAP_URI" -b "$BASE_DN" -A "$CLI_PEOPLE/anchors" --intermediate \
        "$CLI_PEOPLE/intermediates" --crl "$CLI_PEOPLE/crls" "$@"
    # shellcheck disable=SC2086  # words
    $CERTLOOKUP -H "$CLI_LDAP_URI" -b "$BASE_DN" -A "$CLI_PEOPLE/anchors" --intermediate "$CLI_PEOPLE/intermediates" \
        --crl "$CLI_PEOPLE/crls" "$@" < /dev/null > "$name.txt" 2> "$name.error"
    echo $? > "$name.txt.status"
}

step 'On the command line' 'certlookup asks the directory itself, as ldapsearch would, and says what it thinks of each value.'
ask_directory sybil sybil@example.org
cat sybil.txt sybil.error | shown
holds 'exit status 0: found' status_is sybil.txt 0
holds 'the same verdict' grep -q '(1 usable, 2 refused)' sybil.txt

address=$(awk -F '\t' '$2 == "issuer-revoked" { print $1; exit }' "$PEOPLE/recipients.tsv")
step 'Down to the evidence' 'A certificate that is good in itself. --explain shows its chain, and which CRL speaks of which link.'
ask_directory explained --explain "$address"
sed '/^     policy/,$!d' explained.txt | cat - explained.error | shown
holds 'exit status 1: none' status_is explained.txt 1
holds 'the reason: issuer_revoked' grep -q 'refused: issuer_revoked' explained.txt

step 'Ask again' 'The first question goes to the directory, the second is answered from memory.'
while read -r address; do # one that nobody asked for yet
    quietly first "/v1/recipients/$address" -X HEAD -I
    ! grep -qi '^cache-status:.*fwd=miss' first.head || break
done < <(awk -F '\t' '$2 == "ec-p256" { print $1 }' "$PEOPLE/recipients.tsv" | shuf)
before=$(searches)
command_line "curl -I '$HTTP_URL/v1/recipients/$address'"
head_of cache-status first
ask second "/v1/recipients/$address" -I
head_of 'cache-status|expires|etag' second
holds 'first from the directory' grep -qi '^cache-status:.*fwd=miss' first.head
holds 'then from the cache' grep -qi '^cache-status:.*hit' second.head
holds "no search more than before: certlookup_ldap_searches_total is $before" [ "$(searches)" = "$before" ]

step 'A domain outside ASCII' 'lena@bücher.example is lena@xn--bcher-kva.example in the directory.'
ask lena.json '/v1/recipients/lena@b%C3%BCcher.example/certificate?format=json'
excerpt '"(address|outcome|subject|dn)"' < lena.json
holds 'found' status_is lena.json 200
holds 'the address in the answer is the one that is compared' grep -q '"address":"lena@xn--bcher-kva.example"' lena.json

step 'Send a message' 'To the certificate that comes over HTTP; Bob reads it with his key (P-256).'
echo 'Meet me at the usual place at nine.' > message.txt
ask bob.pem '/v1/recipients/bob@example.org/certificate?format=pem' -o bob.pem
command_line openssl cms -encrypt -aes256 -in message.txt -out message.p7m bob.pem
holds 'encrypted' openssl cms -encrypt -binary -aes256 -in message.txt -out message.p7m bob.pem
head -n 9 message.p7m | shown
command_line openssl cms -decrypt -in message.p7m -inkey "$PEOPLE/keys/bob@example.org.pem"
openssl cms -decrypt -binary -in message.p7m -inkey "$PEOPLE/keys/bob@example.org.pem" -out opened.txt 2> opened.error
shown < opened.txt
holds 'what Bob reads is what was written' cmp message.txt opened.txt

printf '\n%sAll %d steps hold.%s\n' "$bold" $number "$plain"
