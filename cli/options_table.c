#include "cli/options_table.h"

#include <stdlib.h>

#include "base/text.h"
#include "fetch/fetcher.h"

#define LONGEST_WAIT_S 3600

static int set_uri(struct options *options, char *argument, struct error *error)
{
    free(options->uri_text);
    options->uri_count = 0;
    options->uri_text = strdup(argument);
    if (options->uri_text == NULL) {
        return error_set(error, "out of memory");
    }
    char *rest = options->uri_text;
    for (char *uri; (uri = strsep(&rest, " ,")) != NULL;) {
        if (*uri == '\0') {
            continue;
        }
        if (options->uri_count == MAX_URIS) {
            return error_set(error, "more than %d", MAX_URIS);
        }
        options->uris[options->uri_count++] = uri;
    }
    return options->uri_count > 0 ? 0 : error_set(error, "is empty");
}

static int set_base(struct options *options, char *argument, struct error *error)
{
    (void)error;
    options->base = argument;
    return 0;
}

/* Simple authentication is all there is: the option is taken because the hands of ldapsearch users type it. */
static int set_simple(struct options *options, char *argument, struct error *error)
{
    (void)options, (void)argument, (void)error;
    return 0;
}

static int set_bind_dn(struct options *options, char *argument, struct error *error)
{
    (void)error;
    options->bind_dn = argument;
    return 0;
}

static int set_password(struct options *options, char *argument, struct error *error)
{
    buffer_clear(&options->password);
    buffer_append_string(&options->password, argument);
    memset(argument, '*', strlen(argument)); /* ps shows it to everybody */
    options->password_from = PASSWORD_ARGUMENT;
    return options->password.failed ? error_set(error, "longer than %d bytes", OPTIONS_SECRET_MAX) : 0;
}

static int set_password_prompt(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->password_from = PASSWORD_PROMPT;
    return 0;
}

static int set_password_file(struct options *options, char *argument, struct error *error)
{
    (void)error;
    options->password_file = argument;
    options->password_from = PASSWORD_FILE;
    return 0;
}

static int set_start_tls(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->start_tls = true;
    return 0;
}

static int set_ca_file(struct options *options, char *argument, struct error *error)
{
    (void)error;
    options->ca_file = argument;
    return 0;
}

static int set_word(const char *const *words, int count, const char *argument, int *chosen, struct error *error)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(words[i], argument) == 0) {
            *chosen = i;
            return 0;
        }
    }
    struct buffer list;
    buffer_init(&list, 256);
    for (int i = 0; i < count; i++) {
        buffer_append_format(&list, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
    }
    error_set(error, "\"%s\" is not %s", argument, buffer_string(&list));
    buffer_free(&list);
    return -1;
}

static int set_scope(struct options *options, char *argument, struct error *error)
{
    static const char *const words[] = {"base", "one", "sub"}; /* in the order of LDAP_SCOPE_* */
    return set_word(words, 3, argument, &options->scope, error);
}

static int set_filter(struct options *options, char *argument, struct error *error)
{
    (void)error;
    options->filter = argument;
    return 0;
}

static int set_size_limit(struct options *options, char *argument, struct error *error)
{
    int64_t number = 0;
    if (text_parse_number(argument, &number, error) != 0) {
        return -1;
    }
    if (number < 1 || number > MAX_ENTRIES) {
        return error_set(error, "must be from 1 to %d", MAX_ENTRIES);
    }
    options->max_entries = number;
    return 0;
}

/* ldapsearch counts in seconds; a unit may be said. */
static int set_timeout(struct options *options, char *argument, struct error *error)
{
    int64_t number = 0;
    if (text_parse_number(argument, &number, NULL) == 0) {
        number = number <= LONGEST_WAIT_S ? number * 1000 : INT64_MAX;
    } else if (text_parse_duration(argument, &number, NULL) != 0) {
        return error_set(error, "\"%s\" is neither seconds nor a duration such as 500ms or 1m", argument);
    }
    if (number < 1 || number > LONGEST_WAIT_S * 1000) {
        return error_set(error, "must be more than nothing and at most an hour");
    }
    options->timeout_ms = number;
    return 0;
}

static int add_anchor(struct options *options, char *argument, struct error *error)
{
    return trust_list_add(&options->trust.anchors, argument, error);
}

static int add_intermediate(struct options *options, char *argument, struct error *error)
{
    return trust_list_add(&options->trust.intermediates, argument, error);
}

static int add_crl(struct options *options, char *argument, struct error *error)
{
    return trust_list_add(&options->trust.crls, argument, error);
}

static int set_revocation(struct options *options, char *argument, struct error *error)
{
    static const char *const words[] = {"off", "prefer", "require"}; /* in the order of enum revocation_mode */
    return set_word(words, 3, argument, &options->trust.revocation, error);
}

static int set_trust(struct options *options, char *argument, struct error *error)
{
    return trust_set(&options->trust, argument, error);
}

static int set_fetch(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->fetch.crls = true;
    return 0;
}

static int set_ocsp(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->fetch.ocsp = true;
    return 0;
}

static int add_issuer_host(struct options *options, char *argument, struct error *error)
{
    return fetch_host_is_allowed(argument, error) ? trust_list_add(&options->fetch.issuer_hosts, argument, error) : -1;
}

static int add_network(struct options *options, char *argument, struct error *error)
{
    struct fetch_options *fetch = &options->fetch;

    if (fetch->network_count == OPTIONS_NETWORKS_MAX) {
        return error_set(error, "given more than %d times", OPTIONS_NETWORKS_MAX);
    }
    return network_parse(argument, &fetch->networks[fetch->network_count++], error);
}

static int set_gateway(struct options *options, char *argument, struct error *error)
{
    (void)error;
    options->gateway = argument;
    return 0;
}

static int set_token_file(struct options *options, char *argument, struct error *error)
{
    (void)error;
    options->token_file = argument;
    return 0;
}

static int set_purge(struct options *options, char *argument, struct error *error)
{
    if (options->purges) {
        return error_set(error, "given twice");
    }
    options->purges = true;
    return drop_parse_any(argument, &options->purge, error);
}

static int set_output(struct options *options, char *argument, struct error *error)
{
    const char *words[FORMAT_COUNT];
    int format = 0;

    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        words[i] = render_formats[i].name;
    }
    if (set_word(words, FORMAT_COUNT, argument, &format, error) != 0) {
        return -1;
    }
    options->format = (enum format)format;
    return 0;
}

static int set_ldif(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->format = FORMAT_LDIF;
    return 0;
}

static int set_inspect(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->inspect = true;
    return 0;
}

static int set_explain(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->explain = true;
    return 0;
}

static int set_anchors_only(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->anchors_only = true;
    return 0;
}

static int set_verbose(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->verbose = true;
    return 0;
}

static int set_help(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->help = true;
    return 0;
}

static int set_version(struct options *options, char *argument, struct error *error)
{
    (void)argument, (void)error;
    options->version = true;
    return 0;
}

const struct option_info option_table[] = {
    {"Ask a directory", 'H', "uri", "URI", FOR_DIRECTORY, "ldap://, ldaps:// or ldapi://; several in order", set_uri},
    {NULL, 'b', "base", "DN", FOR_DIRECTORY, "where to search (the server's naming contexts)", set_base},
    {NULL, 's', "scope", "SCOPE", FOR_DIRECTORY, "base, one or sub (sub)", set_scope},
    {NULL, 'f', "filter", "FILTER", FOR_DIRECTORY, "%m address, %u local part, %d domain ((mail=%m))", set_filter},
    {NULL, 'x', "simple", NULL, FOR_DIRECTORY, "simple authentication: the only one, so the default", set_simple},
    {NULL, 'D', "bind-dn", "DN", FOR_DIRECTORY, "bind as (anonymous)", set_bind_dn},
    {NULL, 'w', "password", "PASSWORD", FOR_DIRECTORY, "for the bind; better -W or -y", set_password},
    {NULL, 'W', "ask-password", NULL, FOR_DIRECTORY, "prompt for it", set_password_prompt},
    {NULL, 'y', "password-file", "FILE", FOR_DIRECTORY, "read it from a file that is yours alone", set_password_file},
    {NULL, 'Z', "starttls", NULL, FOR_DIRECTORY, "StartTLS; never goes on without (-ZZ is the same)", set_start_tls},
    {NULL, 'z', "size-limit", "N", FOR_DIRECTORY, "entries at most (64)", set_size_limit},
    {"Trust", 'A', "anchor", "PATH", FOR_JUDGING,
     "trust anchors, file or folder; several times\n($CERTLOOKUP_ANCHORS, or the system's)", add_anchor},
    {NULL, 0, "intermediate", "PATH", FOR_JUDGING, "more issuers to build chains with", add_intermediate},
    {NULL, 0, "crl", "PATH", FOR_JUDGING, "revocation lists: file, folder or URL", add_crl},
    {NULL, 0, "revocation", "MODE", FOR_JUDGING, "off, prefer or require (prefer)", set_revocation},
    {NULL, 0, "trust", "NAME=VALUE", FOR_JUDGING,
     "any setting of trust in certlookupd.conf(5):\nmin-rsa-bits=3072, curves=P-256,P-384 ...", set_trust},
    {"Fetch what certificates point to", 0, "fetch", NULL, FOR_JUDGING, "CRLs, by http, https and ldap", set_fetch},
    {NULL, 0, "ocsp", NULL, FOR_JUDGING, "OCSP answers, which tells whom you ask for", set_ocsp},
    {NULL, 0, "aia", "HOST", FOR_JUDGING, "missing issuers, from this host (*.domain, *)", add_issuer_host},
    {NULL, 0, "allow-network", "CIDR", FOR_JUDGING, "may be reached besides the public internet", add_network},
    {"Ask a gateway", 'u', "gateway", "URL", FOR_GATEWAY, "http:// or https://, host and port", set_gateway},
    {NULL, 0, "token-file", "FILE", FOR_GATEWAY, "token that opens lookups, explanations, --purge", set_token_file},
    {NULL, 0, "purge", "WHAT", FOR_GATEWAY, "drop what it keeps of an address, a domain, or all", set_purge},
    {"Look into files", 0, "inspect", NULL, FOR_FILES, "judge the certificates in FILE... [for ADDRESS]", set_inspect},
    {NULL, 0, "anchors", NULL, FOR_ALL, "show what anchor files and folders hold", set_anchors_only},
    {"All", 0, "ca-file", "FILE", FOR_ALL, "who vouches for the server's TLS (the system's)", set_ca_file},
    {NULL, 'l', "timeout", "SECONDS", FOR_ALL, "wait for one address at most (10); 500ms, 1m", set_timeout},
    {NULL, 'o', "output", "FORMAT", FOR_ALL, "text json ldif pem der p7c vcard vcard3 (text)", set_output},
    {NULL, 'L', "ldif", NULL, FOR_ALL, "the same as -o ldif (-LL, -LLL too)", set_ldif},
    {NULL, 0, "explain", NULL, FOR_ALL, "how each verdict came about, rule by rule", set_explain},
    {NULL, 'v', "verbose", NULL, FOR_ALL, "log to standard error", set_verbose},
    {NULL, 'h', "help", NULL, FOR_ALL, "this", set_help},
    {NULL, 'V', "version", NULL, FOR_ALL, "the version", set_version},
};
const size_t option_count = sizeof(option_table) / sizeof(option_table[0]);
