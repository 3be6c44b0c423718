# shellcheck shell=bash
# Sets of certificates that were made to be judged (tests/tools/makecases): a stack that has one. Loaded after stack.

# cases_make SET: into $CASES, fresh.
cases_make() {
    CASES=$STACK/cases
    export CASES
    rm -rf "$CASES"
    "$BUILD/tools/makecases" "$1" "$CASES" "${@:2}"
}

# cases_published SET: into $CASES, for a pkiserver "pki" whose port its certificates name, with slapd "ldap".
cases_published() {
    CASES=$STACK/cases
    export CASES
    CASES=$STACK/empty pkiserver_start pki
    process_stop pki
    "$BUILD/tools/makecases" "$1" "$CASES" "$(pkiserver_url pki)"
    pkiserver_start pki
    cases_slapd ldap
}

# slapd with the entries of the set.
cases_slapd() {
    SLAPD_LDIF=$CASES/directory.ldif slapd_start "$1"
}

# The lines of the set's table, with tabs: address, what is wanted, name, description.
cases_rows() {
    cat "$CASES/cases.tsv"
}

cases_address() { # NAME [DOMAIN]
    awk -F '\t' -v name="$1" -v domain="${2:-}" '$3 == name && index($1, "@" domain) { print $1; exit }' "$CASES/cases.tsv"
}

# The directory of every gateway here.
cases_directory() {
    cat << CONF
directories = (
    {
        name    = "cases";
        uri     = [ "$(slapd_uri ldap)" ];
        base    = "$BASE_DN";
        domains = [ "*" ];
        ca-file = $(config_string "$PEOPLE/tls/ca.pem");
    }
);
CONF
}

# pkiserver NAME: serves what the PKI publishes. Its folder may be filled later.
pkiserver_start() {
    mkdir -p "$CASES/web"
    server_start "$1" pkiserver_launch
}

pkiserver_launch() {
    process_run "$1" "$BUILD/tools/pkiserver" "$CASES/web" "$STACK/$1/requests" "$2"
}

pkiserver_url() {
    echo "http://127.0.0.1:$(server_port "$1")"
}

# pkiserver_requests NAME [WORDS]: how many it got, with WORDS in the line.
pkiserver_requests() {
    grep -cF -- "${2:-}" "$STACK/$1/requests" || true
}

# The values that a document of explain refused, or has, without what differs between gateway and command line: how they
# call the directory. One line for each document in FILE, whose lines are documents.
values_of() { # refused|certificates FILE
    sed -E 's/.*"'"$1"'":\[/[/; s/\],"(refused|directories|partial|outcome|stale|made_at|layer|policy)":.*/]/
        s/"directory":"[^"]*"//g; s/"source":"(cases|ldap[^"]*): /"source":"/g' "$2"
}

# member WORD FILE: the first one of this name; strings as JSON has them.
member() {
    grep -oE "\"$1\":(\"([^\"\\\\]|\\\\.)*\"|[0-9a-z]+)" "$2" | head -n 1 | sed -E 's/^"[^"]*":"?//; s/"$//'
}
