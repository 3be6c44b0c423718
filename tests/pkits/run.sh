#!/usr/bin/env bash
# NIST's Public Key Interoperability Test Suite (PKITS), through everything: a real slapd with NIST's certificates and
# CRLs, the gateway, and what its explain says of each path.
#
#   run.sh BUILD [FOLDER]     FOLDER (BUILD/pkits) keeps what was asked and answered
#
# tests/data/pkits-expected.csv has what NIST expects, row by row; a row with inputs of its own (RFC 5280 6.1.1) is asked
# for at a domain with a rule of its own in trust-rules. Issuers and CRLs come from the directory alone. A row agrees when
# the path's verdict is "valid" exactly where NIST says so; whether one could encrypt to the leaf is another question.
# tests/data/pkits-disagreements.tsv explains the rows that are known to disagree; they count as disagreeing.
# The last line is "N of 249 rows agree". Status 0: at least 247 do, and the others are explained.
set -eu

BUILD=$(cd "$1" && pwd)
folder=${2:-$BUILD/pkits}
here=$(cd "$(dirname "$0")" && pwd)
data=$here/../data
export BUILD
# shellcheck source=/dev/null
. "$here/../demo/stack.sh"

ROWS=249
LEAST=247
SUFFIX='o=Test Certificates 2011,c=US'

nist=
for nist in "${PKITS:-}" /usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data; do
    [ ! -e "$nist/pkits.ldif" ] || break
done
[ -e "$nist/pkits.ldif" ] || { echo "pkits: NIST's data is not here (python3-cryptography-vectors): make setup" >&2; exit 1; }

words() { # with commas, as strings of libconfig
    printf '"%s"' "${1//,/'", "'}"
}

boolean() {
    [ "$1" = 1 ] && echo true || echo false
}

rules() { # a rule for each domain
    local domain oids explicit mapping any between=
    while IFS='|' read -r domain oids explicit mapping any; do
        printf '%s    {\n        name = "%s";\n        domains = [ "%s" ];\n' "$between" "${domain%%.*}" "$domain"
        [ -z "$oids" ] || printf '        policy-oids = [ %s ];\n' "$(words "$oids")"
        printf '        require-explicit-policy = %s;\n        inhibit-policy-mapping = %s;\n' \
            "$(boolean "$explicit")" "$(boolean "$mapping")"
        printf '        inhibit-any-policy = %s;\n    }' "$(boolean "$any")"
        between=$',\n'
    done < <(cut -f 6- "$STACK/rows.tsv" | tr '\t' '|' | sort -u)
}

# A leaf of NIST's names no address, or another one; where the path is valid, its entry vouches for it.
pkits_config() {
    config_listen "$2"
    cat << CONF
directories = (
    {
        name    = "nist";
        uri     = [ "$(slapd_uri nist)" ];
        base    = "$SUFFIX";
        domains = [ "*.pkits.test" ];
        timeout = "10s";
        ca-file = $(config_string "$PEOPLE/tls/ca.pem");
    }
);
trust = {
    anchors     = [ $(config_string "$nist/certs/TrustAnchorRootCertificate.crt") ];
    revocation  = "require";
    addressless = "directory";
    aliases     = "directory";
    allow-sha1  = true;
};
trust-rules = (
$(rules)
);
fetch = { crls = false; };
lookup = { deadline = "20s"; };
CONF
}

start() {
    "$BUILD/tools/makepeople" "$BUILD/people"
    mkdir -p "$folder"
    stack_open "$folder" "$BUILD/people"
    stack_close || true # of a run that was broken off
    rm -rf "$folder"
    stack_open "$folder" "$BUILD/people"
    trap stack_close EXIT
    awk -f "$here/rows.awk" "$data/pkits-expected.csv" > "$STACK/rows.tsv"
    awk -v data="$nist" -f "$here/ldif.awk" "$nist/pkits.ldif" "$STACK/rows.tsv" > "$STACK/nist.ldif"
    # NIST's entries keep to no schema, and are none of the worse for it: -s.
    BASE_DN=$SUFFIX BIND_DN="cn=admin,$SUFFIX" SLAPD_LDIF=$STACK/nist.ldif SLAPADD_OPTIONS=-s slapd_start nist
    gateway_start gateway pkits_config
}

# One curl asks for all of them, one after the other, into answers/ROW.
ask_all() {
    local row address
    mkdir "$STACK/answers"
    while IFS=$'\t' read -r row address _; do
        printf 'url = "%s/v1/recipients/%s?explain=1"\noutput = "%s"\n' "$(gateway_url gateway)" "$address" \
            "$STACK/answers/$row"
    done < "$STACK/rows.tsv" > "$STACK/questions"
    curl --silent --show-error --max-time 60 --config "$STACK/questions"
}

# verdict ROW: sets `verdict`, and `detail` as JSON has it.
verdict() {
    local found
    found=$(grep -oE '"path":\{"verdict":"[a-z_]+"(,"detail":"([^"\]|\\.)*")?' "$STACK/answers/$1" | head -n 1) || true
    verdict=$(sed -E 's/.*"verdict":"([a-z_]+)".*/\1/' <<< "$found")
    detail=$(sed -nE 's/.*"detail":"(.*)"$/\1/p' <<< "$found")
}

explained() {
    awk -F '\t' -v row="$1" '$1 == row { print $2 }' "$data/pkits-disagreements.tsv"
}

compare() {
    local row expected title why
    while IFS=$'\t' read -r row _ expected _ title _; do
        verdict "$row"
        seen=$((seen + 1))
        if [ -n "$verdict" ] && { [ "$verdict" = valid ] && echo valid || echo invalid; } | grep -qx "$expected"; then
            agree=$((agree + 1))
            continue
        fi
        why=$(explained "$row")
        [ -n "$why" ] || strange=$((strange + 1))
        printf '%s "%s": NIST says %s, we say %s%s\n    %s\n' "$row" "$title" "$expected" "${verdict:-nothing}" \
            "${detail:+: $detail}" "${why:-NOT EXPLAINED}"
    done < "$STACK/rows.tsv"
}

seen=0 agree=0 strange=0
start
ask_all
compare
echo "$agree of $seen rows agree"
[ "$seen" -eq $ROWS ] && [ "$agree" -ge $LEAST ] && [ "$strange" -eq 0 ]
